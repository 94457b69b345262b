//! The words that customers use, in all languages, in lower case and without accents, and which languages they tell.
//! It refuses grammar: a word is here or it is not.

use super::Wish;
use crate::domain::replies::Locale::{self, En, Es, Id, PtBr};

/// What a word does in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// It names what is wished.
    Topic(Wish),
    /// It greets: the menu, when nothing else is wished.
    Greeting,
    /// It names a language.
    Language(Locale),
    /// It only makes a sentence of the others.
    Filler,
}

/// Words of one sense and of the same languages.
#[derive(Debug)]
pub(super) struct Entry {
    /// What they do.
    pub(super) sense: Sense,
    /// Languages whose words they are: they speak for each of these.
    pub(super) of: &'static [Locale],
    /// Languages in which they are said too: they do not speak against these.
    pub(super) also: &'static [Locale],
    words: &'static [&'static str],
}

/// Longest phrase, in words.
const PHRASE_MAX: usize = 3;

/// The longest phrase at the beginning of `words`, and how many of them it takes.
pub(super) fn first_of(words: &[&str]) -> Option<(&'static Entry, usize)> {
    (1..=PHRASE_MAX).rev().find_map(|taken| {
        let phrase = words.get(..taken)?.join(" ");
        find(&phrase).map(|entry| (entry, taken))
    })
}

fn find(phrase: &str) -> Option<&'static Entry> {
    let with = |is_it: &dyn Fn(&str) -> bool| {
        ENTRIES
            .iter()
            .find(|entry| entry.words.iter().any(|word| is_it(word)))
    };
    let exact = with(&|word| word == phrase);
    if exact.is_some() || !is_stretched(phrase) {
        return exact;
    }
    let short = squeeze(phrase);
    with(&|word| squeeze(word) == short)
}

/// `oiii`, `olaa`: three of a letter, or a doubled vowel at the end.
fn is_stretched(phrase: &str) -> bool {
    let letters: Vec<char> = phrase.chars().collect();
    let triple = letters
        .windows(3)
        .any(|three| matches!(three, [a, b, c] if a == b && b == c));
    triple || matches!(letters.as_slice(), [.., a, b] if a == b && "aeiouy".contains(*a))
}

/// Each run of a letter as one.
fn squeeze(phrase: &str) -> String {
    let mut letters: Vec<char> = phrase.chars().collect();
    letters.dedup();
    letters.into_iter().collect()
}

const fn entry(
    sense: Sense,
    of: &'static [Locale],
    also: &'static [Locale],
    words: &'static [&'static str],
) -> Entry {
    Entry {
        sense,
        of,
        also,
        words,
    }
}

const MENU: Sense = Sense::Topic(Wish::Menu);
const CART: Sense = Sense::Topic(Wish::Cart);
const CHECKOUT: Sense = Sense::Topic(Wish::Checkout);
const HELP: Sense = Sense::Topic(Wish::Help);
const PERSON: Sense = Sense::Topic(Wish::Person);
const PURCHASES: Sense = Sense::Topic(Wish::Purchases);
const CATALOG: Sense = Sense::Topic(Wish::Catalog);

#[rustfmt::skip]
const ENTRIES: &[Entry] = &[
    entry(MENU, &[], &Locale::ALL, &["menu", "start"]),
    entry(MENU, &[PtBr], &[], &[
        "cardapio", "produtos", "fazer pedido", "fazer um pedido", "fazer uma compra", "quero comprar",
        "queria comprar", "gostaria de comprar",
    ]),
    entry(MENU, &[PtBr, Es], &[], &["inicio", "categorias", "pedir"]),
    entry(MENU, &[En], &[PtBr, Es, Id], &["shop", "shopping"]),
    entry(MENU, &[En], &[], &[
        "products", "categories", "to order", "place an order", "make an order",
        "to buy",
    ]),
    entry(MENU, &[Es], &[], &[
        "productos", "hacer pedido", "hacer un pedido", "hacer una compra", "ordenar", "quiero comprar",
        "quisiera comprar",
    ]),
    entry(MENU, &[Id], &[], &[
        "produk", "kategori", "belanja", "mau pesan", "ingin pesan", "bisa pesan", "mau order",
        "mau beli", "ingin beli",
    ]),
    entry(CART, &[PtBr], &[], &["carrinho", "sacola"]),
    entry(CART, &[En], &[Id], &["cart", "basket"]),
    entry(CART, &[Es], &[], &["carrito"]),
    entry(CART, &[Id], &[], &["keranjang"]),
    entry(CHECKOUT, &[PtBr, Es], &[], &[
        "finalizar", "finalizar compra", "finalizar pedido", "comprar", "pagar",
    ]),
    entry(CHECKOUT, &[PtBr], &[], &["fechar pedido", "fechar o pedido", "fechar compra", "fechar a compra"]),
    entry(CHECKOUT, &[En], &[PtBr, Es, Id], &["checkout"]),
    entry(CHECKOUT, &[En], &[], &["check out", "buy", "pay"]),
    entry(CHECKOUT, &[Es], &[], &["comprar ya"]),
    entry(CHECKOUT, &[Id], &[], &["bayar", "pembayaran"]),
    entry(HELP, &[PtBr], &[], &["ajuda", "ajudar"]),
    entry(HELP, &[En], &[], &["help"]),
    entry(HELP, &[Es], &[], &["ayuda", "ayudar", "ayudame"]),
    entry(HELP, &[Id], &[], &["bantuan", "bantu"]),
    entry(PERSON, &[PtBr], &[], &["atendente", "pessoa", "alguem", "suporte"]),
    entry(PERSON, &[PtBr, Es], &[], &["humano", "vendedor", "vendedora"]),
    entry(PERSON, &[En], &[PtBr, Es, Id], &["agent"]),
    entry(PERSON, &[En], &[], &["human", "person", "someone", "representative", "support"]),
    entry(PERSON, &[Es], &[PtBr], &["agente"]),
    entry(PERSON, &[Es], &[], &["persona", "alguien", "asesor", "soporte"]),
    entry(PERSON, &[Id], &[], &["petugas", "orang"]),
    entry(PERSON, &[Id], &[PtBr, Es, En], &["admin", "cs"]),
    entry(PURCHASES, &[PtBr, Es], &[], &["pedido", "pedidos", "compras"]),
    entry(PURCHASES, &[En], &[Id], &["order", "orders"]),
    entry(PURCHASES, &[En], &[], &["purchases"]),
    entry(PURCHASES, &[Id], &[], &["pesanan"]),
    entry(CATALOG, &[PtBr, Es], &[], &["catalogo"]),
    entry(CATALOG, &[En], &[Id], &["catalog", "catalogue"]),
    entry(CATALOG, &[Id], &[], &["katalog"]),

    entry(Sense::Greeting, &[PtBr], &[Id], &["oi"]),
    entry(Sense::Greeting, &[PtBr], &[Es], &["ola"]),
    entry(Sense::Greeting, &[PtBr], &[], &[
        "oie", "opa", "bom dia", "boa tarde", "boa noite", "tudo bem", "tudo bom",
    ]),
    entry(Sense::Greeting, &[En], &[Id], &["hi", "hello"]),
    entry(Sense::Greeting, &[En], &[PtBr, Es, Id], &["hey"]),
    entry(Sense::Greeting, &[En], &[], &["good morning", "good afternoon", "good evening"]),
    entry(Sense::Greeting, &[Es], &[PtBr], &["buenas"]),
    entry(Sense::Greeting, &[Es], &[], &[
        "hola", "buen dia", "buenos dias", "buenas tardes", "buenas noches",
    ]),
    entry(Sense::Greeting, &[Id], &[], &[
        "halo", "hai", "hallo", "selamat pagi", "selamat siang", "selamat sore", "selamat malam",
        "permisi",
    ]),

    entry(Sense::Language(PtBr), &[], &Locale::ALL, &[
        "portugues", "portuguese", "portugis", "bahasa portugis", "pt br", "ptbr",
    ]),
    entry(Sense::Language(En), &[], &Locale::ALL, &["english", "ingles", "inggris", "bahasa inggris"]),
    entry(Sense::Language(Es), &[], &Locale::ALL, &[
        "espanol", "espanhol", "spanish", "castellano", "castelhano", "spanyol", "bahasa spanyol",
    ]),
    entry(Sense::Language(Id), &[], &Locale::ALL, &[
        "bahasa indonesia", "bahasa", "indonesia", "indonesian", "indonesio",
    ]),

    entry(Sense::Filler, &[PtBr, Es, En], &[], &["a", "me"]),
    entry(Sense::Filler, &[PtBr, En], &[], &["do", "as"]),
    entry(Sense::Filler, &[PtBr, Es], &[], &[
        "ver", "queria", "de", "para", "por", "favor", "que", "esta", "aqui", "abre", "abrir", "manda",
        "mostrar", "compra",
    ]),
    entry(Sense::Filler, &[PtBr], &[], &[
        "quero", "gostaria", "eu", "meu", "minha", "meus", "minhas", "o", "os", "ao", "um", "uma", "da",
        "dos", "das", "em", "na", "no meu", "pra", "voce", "voces", "vc", "vcs", "pode", "podem", "posso",
        "poderia", "mostra", "mostre", "mande", "enviar", "envia", "preciso", "falar", "fala", "falam",
        "com", "e", "qual", "cade", "onde", "tem", "agora", "obrigado", "obrigada", "pf", "pfv",
        "gentileza",
    ]),
    entry(Sense::Filler, &[Es], &[PtBr], &["la"]),
    entry(Sense::Filler, &[Es], &[], &[
        "quiero", "quisiera", "yo", "mi", "mis", "el", "los", "las", "un", "una", "al", "del", "en", "y",
        "con", "puedo", "puede", "puedes", "podria", "mostrarme", "muestrame", "muestra", "muestreme",
        "mostrame", "ensename", "dame", "enviame", "mandame", "necesito", "hablar", "habla", "hablas",
        "cual", "es", "donde", "ahora", "gracias", "porfa", "porfavor", "gustaria",
    ]),
    entry(Sense::Filler, &[En], &[], &[
        "i", "want", "would", "like", "to", "see", "show", "the", "an", "my", "all", "please", "pls",
        "can", "could", "you", "view", "open", "need", "speak", "talk", "with", "for", "is", "what", "s",
        "d", "and", "now", "where", "let", "thanks", "thank", "give", "have", "look", "at", "in", "there",
    ]),
    entry(Sense::Filler, &[], &[Es, Id], &["ya"]),
    entry(Sense::Filler, &[Id], &[], &[
        "saya", "aku", "mau", "ingin", "lihat", "liat", "buka", "tolong", "dong", "kak", "min", "mohon",
        "bisa", "boleh", "dan", "ke", "di", "yang", "minta", "tampilkan", "tunjukkan", "dengan", "untuk",
        "dalam", "pakai", "ini", "itu", "isi", "cek", "sekarang", "bicara", "hubungi", "mana", "ada",
        "makasih", "terima kasih",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_once_plain_and_no_longer_than_a_phrase_may_be() {
        let mut seen = std::collections::BTreeSet::new();
        for word in ENTRIES.iter().flat_map(|entry| entry.words) {
            assert!(seen.insert(*word), "{word} has two meanings");
            assert_eq!(super::super::plain(word), *word);
            assert!((1..=PHRASE_MAX).contains(&word.split(' ').count()), "{word}");
            let words: Vec<&str> = word.split(' ').collect();
            assert_eq!(
                first_of(&words).map(|(_, taken)| taken),
                Some(words.len()),
                "{word}"
            );
        }
    }

    #[test]
    fn a_word_speaks_for_a_language_once() {
        for entry in ENTRIES {
            assert!(
                entry.also.iter().all(|locale| !entry.of.contains(locale)),
                "{entry:?}"
            );
            assert!(!entry.of.is_empty() || !entry.also.is_empty(), "{entry:?}");
        }
    }

    #[test]
    fn only_stretched_words_are_squeezed() {
        for (text, is_known) in [
            ("oiii", true),
            ("olaa", true),
            ("heyy", true),
            ("helloooo", true),
            ("menuuu", true),
            ("boom diaaa", true),
            ("carrt", false),
            ("se", false),
            ("buffy", false),
        ] {
            assert_eq!(find(text).is_some(), is_known, "{text}");
        }
    }
}
