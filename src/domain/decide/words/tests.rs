//! What is understood, what is not, and which words change the language.

use super::*;
use crate::domain::replies::Locale::{En, Es, Id, PtBr};

#[test]
fn the_promised_words_are_understood_without_case_or_accents() {
    for (words, wish) in [
        ("menu Cardápio OI hi menú hola halo", Wish::Menu),
        ("carrinho SACOLA cart carrito keranjang", Wish::Cart),
        ("finalizar checkout Pagar. bayar", Wish::Checkout),
        ("ajuda help ayuda bantuan ? ???", Wish::Help),
        ("atendente agent agente petugas", Wish::Person),
        ("pedidos orders pesanan", Wish::Purchases),
        ("catálogo catalog katalog", Wish::Catalog),
    ] {
        for word in words.split(' ') {
            assert_eq!(understand(word), wish, "{word:?}");
        }
    }
}

#[test]
fn signs_stretched_letters_and_invisible_characters_do_not_matter() {
    for text in [
        "  OI!! ",
        "oiii",
        "Oii 😊",
        "Olá!!",
        "olaaaa",
        "¡Hola!",
        "HOLAAA",
        "haloo",
        "heyyy",
        "Menu\u{301}",
        "me\u{200b}nu",
        "\u{202e}menu",
        "menu🍔🍔",
        "*menu*",
        "oi, tudo bem?",
        "Oi!! Bom dia",
    ] {
        assert_eq!(understand(text), Wish::Menu, "{text:?}");
    }
    assert_eq!(understand("Atendente 🙏"), Wish::Person);
}

#[test]
fn a_short_sentence_of_known_words_is_a_wish() {
    for (text, wish) in [
        ("quero ver o cardápio", Wish::Menu),
        ("Oi, quero ver o cardápio, por favor!", Wish::Menu),
        ("I want to see the menu", Wish::Menu),
        ("I'd like to see the menu please", Wish::Menu),
        ("quiero ver el menú", Wish::Menu),
        ("saya mau lihat menu", Wish::Menu),
        ("quero fazer um pedido", Wish::Menu),
        ("I want to order", Wish::Menu),
        ("kak, mau pesan", Wish::Menu),
        ("minha sacola", Wish::Cart),
        ("show me my cart", Wish::Cart),
        ("muéstrame el carrito", Wish::Cart),
        ("lihat isi keranjang", Wish::Cart),
        ("quiero pagar mi carrito", Wish::Checkout),
        ("fechar o pedido", Wish::Checkout),
        ("finalizar meu pedido", Wish::Checkout),
        ("saya mau bayar sekarang", Wish::Checkout),
        ("onde está meu pedido?", Wish::Purchases),
        ("where is my order", Wish::Purchases),
        ("mis pedidos", Wish::Purchases),
        ("pesanan saya", Wish::Purchases),
        ("falar com atendente", Wish::Person),
        ("I need to speak with a human", Wish::Person),
        ("quiero hablar con una persona", Wish::Person),
        ("mau bicara dengan petugas", Wish::Person),
    ] {
        assert_eq!(understand(text), wish, "{text:?}");
    }
}

#[test]
fn one_unknown_word_makes_a_text_unclear() {
    for text in [
        "",
        "👍",
        "quero um bolo",
        "quanto custa a sacola?",
        "não quero ver o cardápio",
        "I don't want the menu",
        "no quiero pagar",
        "jangan bayar",
        "já paguei!",
        "meu pedido chegou errado",
        "vocês aceitam cartão para pagar?",
        "bolo para uma pessoa",
        "curso de inglês",
        "quero",
        "ok",
        "1",
    ] {
        assert_eq!(understand(text), Wish::Unclear, "{text:?}");
    }
    let long = format!("menu {}", "menu ".repeat(SENTENCE_WORDS));
    assert_eq!(understand(&long), Wish::Unclear);
    let hidden = format!("menu{}não", " ".repeat(CHARS_READ));
    assert_eq!(
        understand(&hidden),
        Wish::Unclear,
        "what is not read is not understood"
    );
}

#[test]
fn a_language_is_asked_for_by_its_name_in_any_language() {
    for (text, locale) in [
        ("english", En),
        ("Inglês!", En),
        ("in English please", En),
        ("menu em inglês", En),
        ("do you speak English?", En),
        ("bahasa Inggris", En),
        ("español", Es),
        ("em espanhol", Es),
        ("en español, por favor", Es),
        ("Spanish", Es),
        ("bahasa indonesia", Id),
        ("Bahasa", Id),
        ("indonesian", Id),
        ("português", PtBr),
        ("Portuguese", PtBr),
        ("¿hablas portugués?", PtBr),
    ] {
        let reading = read(text);
        assert_eq!(
            (reading.wish, reading.named),
            (Wish::Menu, Some(locale)),
            "{text:?}"
        );
        for present in Locale::ALL {
            let expected = Some(locale).filter(|named| *named != present);
            assert_eq!(reading.another_language(present), expected, "{text:?}");
        }
    }
    assert_eq!(understand("my cart in spanish"), Wish::Cart);
    assert_eq!(read("curso de inglês").another_language(PtBr), None);
}

#[test]
fn words_of_one_language_change_to_it_and_words_of_several_change_nothing() {
    for (text, present, expected) in [
        ("hi", PtBr, Some(En)),
        ("hello!", Es, Some(En)),
        ("cart", PtBr, Some(En)),
        ("hola", PtBr, Some(Es)),
        ("menú", PtBr, Some(Es)),
        ("carrito", En, Some(Es)),
        ("keranjang", PtBr, Some(Id)),
        ("halo", En, Some(Id)),
        ("oi", En, Some(PtBr)),
        ("cardápio", Id, Some(PtBr)),
        ("quiero ver el menú", PtBr, Some(Es)),
        ("I want to see the menu", Id, Some(En)),
        ("saya mau lihat menu", En, Some(Id)),
        ("quero ver o menu", Es, Some(PtBr)),
        ("I need three blue shirts, please", PtBr, Some(En)),
        ("menu", PtBr, None),
        ("menu", Id, None),
        ("hi", Id, None),
        ("oi", Id, None),
        ("ola", Es, None),
        ("checkout", PtBr, None),
        ("checkout", Id, None),
        ("agent", PtBr, None),
        ("agente", PtBr, None),
        ("finalizar", En, None),
        ("pagar", PtBr, None),
        ("pagar", Es, None),
        ("pedidos", En, None),
        ("?", En, None),
        ("👍", En, None),
        ("", En, None),
        ("iPhone case please", PtBr, None),
        ("quero uma capa to go", PtBr, None),
        ("oi, quero ver o menu", PtBr, None),
    ] {
        assert_eq!(
            read(text).another_language(present),
            expected,
            "{text:?} in {}",
            present.tag()
        );
    }
}
