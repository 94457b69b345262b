//! One story per language: what a customer reads from the first word to the payment link, and which words change it.

use sacola::domain::device::Device;
use sacola::domain::message::Kind;
use sacola::domain::replies::{Locale, Phrase, say};

use crate::support::chat::Seen;
use crate::support::shop::brl;
use crate::support::world::{Settings, World, ana, phone};

const SHOP: &str = "Café da Praça";

async fn world_in(locale: Locale) -> World {
    World::with(Settings {
        locale,
        ..Settings::default()
    })
    .await
}

/// Words of a customer who writes in one language, and what the amounts of the story look like in it.
struct Words {
    locale: Locale,
    greeting: &'static str,
    menu: &'static str,
    cart: &'static str,
    checkout: &'static str,
    help: &'static str,
    person: &'static str,
    unit_price: &'static str,
}

const WORDS: [Words; 4] = [
    Words {
        locale: Locale::PtBr,
        greeting: "Oi!",
        menu: "quero ver o cardápio",
        cart: "sacola",
        checkout: "finalizar",
        help: "ajuda",
        person: "atendente",
        unit_price: "R$ 1.234,56",
    },
    Words {
        locale: Locale::En,
        greeting: "Hi",
        menu: "I want to see the menu",
        cart: "cart",
        checkout: "checkout",
        help: "help",
        person: "agent",
        unit_price: "R$1,234.56",
    },
    Words {
        locale: Locale::Es,
        greeting: "¡Hola!",
        menu: "quiero ver el menú",
        cart: "carrito",
        checkout: "pagar",
        help: "ayuda",
        person: "agente",
        unit_price: "R$ 1.234,56",
    },
    Words {
        locale: Locale::Id,
        greeting: "Halo",
        menu: "saya mau lihat menu",
        cart: "keranjang",
        checkout: "bayar",
        help: "bantuan",
        person: "petugas",
        unit_price: "R$ 1.234,56",
    },
];

fn has_label(seen: &Seen, locale: Locale, label: Phrase<'_>) -> bool {
    let wanted = say(locale, label);
    seen.buttons().iter().any(|(_, title)| *title == wanted)
}

fn is_menu_in(seen: &Seen, locale: Locale) -> bool {
    seen.kind == Kind::Menu
        && seen.body() == say(locale, Phrase::Greeting { shop: SHOP })
        && has_label(seen, locale, Phrase::PersonLabel)
}

/// The story: look around, fill a cart, pay, ask; all of it in one language.
async fn buys_in_own_words(world: &mut World, words: &Words) {
    let locale = words.locale;
    world
        .product_changes("coffee", |coffee| {
            coffee.price = brl("1234.56");
        })
        .await;
    let greeted = world.says(&ana(), words.greeting).await;
    assert!(
        is_menu_in(&greeted, locale),
        "{}: {}",
        locale.tag(),
        greeted.body()
    );
    let menu = world.says(&ana(), words.menu).await;
    assert!(is_menu_in(&menu, locale), "{}: {}", locale.tag(), menu.body());
    let added = world.adds(&ana(), "coffee").await;
    assert!(added.body().contains(words.unit_price), "{}", added.body());
    assert!(has_label(&added, locale, Phrase::CheckoutLabel));
    let cart = world.says(&ana(), words.cart).await;
    assert_eq!(cart.kind, Kind::Cart);
    assert!(
        cart.body().starts_with(&say(locale, Phrase::CartTitle)),
        "{}",
        cart.body()
    );
    let total = say(
        locale,
        Phrase::Total {
            total: words.unit_price,
        },
    );
    assert!(cart.body().contains(&total), "{}", cart.body());
    let summary = world.says(&ana(), words.checkout).await;
    assert_eq!(summary.kind, Kind::Summary, "{}", summary.body());
    assert!(summary.body().contains(&say(locale, Phrase::ConfirmHint)));
    assert!(has_label(&summary, locale, Phrase::ConfirmLabel));
    let link = world.taps(&ana(), &summary.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink);
    assert!(link.body().contains(&total), "{}", link.body());
    let help = world.says(&ana(), words.help).await;
    assert_eq!(help.body(), say(locale, Phrase::Help { shop: SHOP }));
    let person = world.says(&ana(), words.person).await;
    assert_eq!(person.body(), say(locale, Phrase::PersonCalled));
}

#[tokio::test]
async fn a_number_speaks_its_language_to_who_speaks_it_too() {
    for words in &WORDS {
        let mut world = world_in(words.locale).await;
        buys_in_own_words(&mut world, words).await;
        assert_eq!(
            world.conversation(&ana()).await.locale,
            None,
            "nothing was changed, the number's language holds"
        );
    }
}

#[tokio::test]
async fn a_customers_own_words_change_the_language_and_it_stays() {
    for words in &WORDS {
        let other = match words.locale {
            Locale::PtBr => Locale::En,
            Locale::En | Locale::Es | Locale::Id => Locale::PtBr,
        };
        let mut world = world_in(other).await;
        buys_in_own_words(&mut world, words).await;
        assert_eq!(world.conversation(&ana()).await.locale, Some(words.locale));
    }
}

#[tokio::test]
async fn a_language_can_be_asked_for_by_name_and_the_menu_confirms_it() {
    let mut world = World::new().await;
    for (text, locale) in [
        ("english", Locale::En),
        ("in Spanish, please", Locale::Es),
        ("bahasa indonesia", Locale::Id),
        ("em inglês", Locale::En),
        ("Português", Locale::PtBr),
    ] {
        let menu = world.says(&ana(), text).await;
        assert!(is_menu_in(&menu, locale), "{text}: {}", menu.body());
        let again = world.says(&ana(), "menu").await;
        assert!(is_menu_in(&again, locale), "{text}: {}", again.body());
    }
}

#[tokio::test]
async fn words_that_several_languages_share_change_nothing() {
    let mut world = World::new().await;
    for text in ["menu", "checkout", "agent", "pagar", "???", "👍"] {
        world.says(&ana(), text).await;
    }
    assert_eq!(world.conversation(&ana()).await.locale, None);
}

#[tokio::test]
async fn a_language_is_the_customers_and_not_the_devices_or_the_shops() {
    let mut world = World::new().await;
    world.says(&ana(), "english").await;
    let on_the_web = world.says(&phone("BR.1001", Device::Web), "menu").await;
    assert!(is_menu_in(&on_the_web, Locale::En), "{}", on_the_web.body());
    let bruno = phone("BR.2002", Device::Android);
    let menu = world.says(&bruno, "menu").await;
    assert!(is_menu_in(&menu, Locale::PtBr), "{}", menu.body());
}

#[tokio::test]
async fn what_is_not_understood_is_answered_in_the_language_that_it_was_written_in() {
    let mut world = World::new().await;
    let help = world.says(&ana(), "I need three blue shirts, please").await;
    assert_eq!(help.kind, Kind::Help);
    assert_eq!(help.body(), say(Locale::En, Phrase::Help { shop: SHOP }));
}

#[tokio::test]
async fn a_sentence_to_a_person_does_not_call_the_shop_back() {
    let mut world = World::new().await;
    world.says(&ana(), "atendente").await;
    let coming = world.says(&ana(), "oi, quero ver o cardápio, por favor").await;
    assert_eq!(coming.body(), say(Locale::PtBr, Phrase::PersonComing));
    let menu = world.says(&ana(), "menu").await;
    assert_eq!(menu.kind, Kind::Menu);
}
