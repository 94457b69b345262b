//! Every phrase in every language: it fits, it says its values, and no language speaks another's words by accident.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::button::Action;
use crate::domain::cart::{LINES_MAX, QUANTITY_MAX};
use crate::domain::device::Device;
use crate::domain::message::{BODY_MAX, LABEL_MAX, ROW_DESCRIPTION_MAX, ROW_TITLE_MAX, Row, Target};
use crate::domain::money::{Currency, Money};
use crate::domain::purchase::PurchaseState;

const SHOP: &str = "Ateliê";
const TITLE: &str = "Café Bom";
const OLD: &str = "Antigo";
const NEW: &str = "Novíssimo";
const MONEY: &str = "R$ 4,50";
const MORE_MONEY: &str = "R$ 31,50";
const LABEL: &str = "K4XQ";
const URL: &str = "https://shop.example/t";
const TEXT: &str = "Chuva";
const VALUES: [&str; 10] = [SHOP, TITLE, OLD, NEW, MONEY, MORE_MONEY, LABEL, URL, TEXT, "7"];
const STATE: PurchaseState = PurchaseState::Paid;

/// All states: the `match` refuses to compile when one is missing here.
macro_rules! states {
    ($($name:ident)*) => {
        const STATES: &[PurchaseState] = &[$(PurchaseState::$name),*];
        const _: fn(PurchaseState) = |state| match state {
            $(PurchaseState::$name)|* => {}
        };
    };
}

states! {
    Forwarded InDoubt Declined Accepted AwaitingPayment Paid Preparing Shipped Delivered Cancelled Expired
    PaymentFailed Refunded ChargedBack NeedsReview
}

/// One sample of each phrase with a number in it, and the name of each. Both come from one list, and the `match` refuses to
/// compile when a phrase is missing there: none can be forgotten.
macro_rules! phrases {
    (|$n:ident| $($name:ident $({ $($field:ident: $value:expr),* })?;)*) => {
        fn one_of_each($n: u8) -> Vec<Phrase<'static>> {
            vec![$(Phrase::$name $({ $($field: $value),* })?),*]
        }

        fn name_of(phrase: Phrase<'_>) -> &'static str {
            match phrase {
                $(Phrase::$name { .. } => stringify!($name),)*
            }
        }
    };
}

phrases! {
    |n|
    Greeting { shop: SHOP };
    NothingOnSale { shop: SHOP };
    OptionsOpener;
    ProductsOpener;
    CategoriesSection;
    ProductsSection;
    MoreSection;
    LinesSection;
    OtherProductsRow;
    ProductCount { count: n.into() };
    CartLabel;
    CartSummary { units: n.into(), total: MONEY };
    PersonLabel;
    PurchasesRow;
    NextRow;
    MenuLabel;
    KeepShoppingLabel;
    NativeCatalogRow;
    NativeCatalogBody { shop: SHOP };
    CategoryBody { title: TITLE, count: n.into() };
    ShareBody { shop: SHOP };
    SoldOut;
    InCart { quantity: n };
    AddLabel;
    ProductGone;
    CannotAddSoldOut { title: TITLE };
    Added { title: TITLE, quantity: n };
    QuantitySet { title: TITLE, quantity: n };
    Removed { title: TITLE };
    Emptied;
    CartFull { max: n.into() };
    LineFull { title: TITLE, max: n };
    NoRoom;
    CartTitle;
    CartLine { title: TITLE, quantity: n, unit_price: MONEY, line_total: MORE_MONEY };
    Total { total: MONEY };
    MoreLines { count: n.into() };
    CartEmpty;
    CheckoutLabel;
    ChangeRow { title: TITLE };
    RemoveRow { title: TITLE };
    RemoveLabel;
    EmptyLabel;
    ChooseQuantity { title: TITLE, quantity: n };
    QuantitiesSection;
    UnitsRow { quantity: n };
    StaleButton;
    RefusedButton;
    OtherDevice;
    CopyCartLabel;
    CartCopied;
    UsePhone;
    ChangesTitle;
    PriceChange { title: TITLE, old: MONEY, new: MORE_MONEY };
    TitleChange { old: OLD, new: NEW };
    OptionsChange { title: TITLE, old: OLD, new: NEW };
    SoldOutChange { title: TITLE };
    BackInStock { title: TITLE };
    GoneChange { title: TITLE };
    OnlyLeft { title: TITLE, available: n.into() };
    AcceptToGoOn;
    AcceptLabel;
    SummaryTitle;
    Subtotal { amount: MONEY };
    Discount { amount: MONEY };
    Shipping { amount: MONEY };
    Tax { amount: MONEY };
    ConfirmHint;
    ConfirmLabel;
    QuoteFailed;
    QuoteWrong;
    RetryLabel;
    OrderDiffers;
    OrderUnreadable;
    OrderQuantity { title: TITLE };
    OrderNothingLeft;
    DropOrderLabel;
    OrderDropped;
    TooManyOpen;
    PayByPix { label: LABEL, total: MONEY };
    PayByCode { label: LABEL, total: MONEY };
    PayNow { label: LABEL, total: MONEY };
    PayLabel;
    Accepted { label: LABEL, total: MONEY };
    Declined;
    InDoubt { label: LABEL };
    NeedsReview { label: LABEL };
    Paid { label: LABEL, total: MONEY };
    State { label: LABEL, state: STATE };
    StateName { state: STATE };
    Reason { text: TEXT };
    Tracking { url: URL };
    PurchasesBody;
    NoPurchases;
    PurchaseLabel;
    PersonCalled;
    PersonComing;
    ResumeLabel;
    Help { shop: SHOP };
}

/// The number in all samples; no other value has this digit.
const MANY: u8 = 7;

/// One of each with many, one of each with one, and every state.
fn samples() -> Vec<Phrase<'static>> {
    let mut all = one_of_each(MANY);
    all.extend(one_of_each(1));
    all.extend(STATES.iter().map(|state| Phrase::StateName { state: *state }));
    all.extend(STATES.iter().map(|state| Phrase::State {
        label: LABEL,
        state: *state,
    }));
    all
}

fn everywhere() -> impl Iterator<Item = (Locale, Phrase<'static>, String)> {
    Locale::ALL.into_iter().flat_map(|locale| {
        samples()
            .into_iter()
            .map(move |phrase| (locale, phrase, say(locale, phrase)))
    })
}

#[test]
fn every_text_fits_where_it_is_shown() {
    for (locale, phrase, text) in everywhere() {
        let name = name_of(phrase);
        let max = match name {
            name if name.ends_with("Label") || name.ends_with("Opener") => LABEL_MAX,
            name if name.ends_with("Row") || name.ends_with("Section") => ROW_TITLE_MAX,
            "ProductCount" | "CartSummary" => ROW_DESCRIPTION_MAX,
            "StateName" => ROW_DESCRIPTION_MAX - longest_money(locale).chars().count() - ", ".len(),
            _ => BODY_MAX,
        };
        let length = text.chars().count();
        assert!(
            (1..=max).contains(&length),
            "{} {name}: {text:?} has {length} of {max}",
            locale.tag()
        );
        assert_eq!(text.trim(), text, "{} {name}", locale.tag());
    }
}

#[test]
fn every_text_says_its_values_and_keeps_the_markup() {
    for (locale, phrase, text) in everywhere() {
        let (asked, place) = (
            format!("{phrase:?}"),
            format!("{} {}", locale.tag(), name_of(phrase)),
        );
        for value in VALUES.into_iter().filter(|value| asked.contains(value)) {
            assert!(text.contains(value), "{place}: {text:?} lacks {value}");
        }
        let model = say(Locale::PtBr, phrase);
        for mark in ["*", "•", "…", "−", "\n"] {
            assert_eq!(
                text.matches(mark).count(),
                model.matches(mark).count(),
                "{place}: {mark:?} in {text:?}"
            );
        }
    }
    for locale in Locale::ALL {
        let opener = format!("“{}”", say(locale, Phrase::OptionsOpener));
        assert!(
            say(locale, Phrase::Greeting { shop: SHOP }).contains(&opener),
            "{}",
            locale.tag()
        );
    }
}

#[test]
fn no_two_buttons_of_a_language_look_the_same() {
    for locale in Locale::ALL {
        let mut seen = BTreeSet::new();
        for phrase in one_of_each(MANY) {
            let text = say(locale, phrase);
            if name_of(phrase).ends_with("Label") || name_of(phrase).ends_with("Row") {
                assert!(
                    seen.insert(text.clone()),
                    "{}: {text:?} stands for two things",
                    locale.tag()
                );
            }
        }
    }
}

#[test]
fn languages_share_only_the_texts_that_are_the_same_in_both() {
    let mut shared = BTreeSet::new();
    for phrase in samples() {
        let mut speakers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for locale in Locale::ALL {
            speakers
                .entry(say(locale, phrase))
                .or_default()
                .push(locale.tag());
        }
        let groups = speakers.into_values().filter(|tags| tags.len() > 1);
        shared.extend(groups.map(|tags| (name_of(phrase), tags.join(" "))));
    }
    let allowed = [
        ("CartLine", "pt-BR en es id"),
        ("CartSummary", "pt-BR en"), // 1 item
        ("CheckoutLabel", "en id"),
        ("CheckoutLabel", "pt-BR es"),
        ("ConfirmLabel", "pt-BR es"),
        ("MenuLabel", "pt-BR en id"),
        ("PurchaseLabel", "pt-BR es"),
        ("State", "pt-BR es"), // cancelado, reembolsado
        ("StateName", "pt-BR es"),
        ("Subtotal", "pt-BR en es id"),
        ("Total", "pt-BR en es id"),
        ("UnitsRow", "pt-BR es"), // 7 unidades
    ];
    assert_eq!(shared, allowed.map(|(name, tags)| (name, tags.to_owned())).into());
}

/// Phrases whose noun is not counted by their number: a limit of ours, far above one, and a question for any number.
const UNCOUNTED: [&str; 3] = ["CartFull", "LineFull", "ChooseQuantity"];

#[test]
fn one_is_not_many_and_indonesian_has_no_plural() {
    let nouns: [(Locale, &[&str], &[&str]); 4] = [
        (
            Locale::PtBr,
            &["produto", "item", "unidade", "resta"],
            &["produtos", "itens", "unidades", "restam"],
        ),
        (
            Locale::En,
            &["product", "item", "unit"],
            &["products", "items", "units"],
        ),
        (
            Locale::Es,
            &["producto", "artículo", "unidad", "queda"],
            &["productos", "artículos", "unidades", "quedan"],
        ),
        (Locale::Id, &["produk", "barang", "pcs"], &[]),
    ];
    for (locale, singular, plural) in nouns {
        for (one, many) in one_of_each(1).into_iter().zip(one_of_each(MANY)) {
            let (one_text, many_text) = (say(locale, one), say(locale, many));
            if one_text == many_text || UNCOUNTED.contains(&name_of(one)) {
                continue;
            }
            let has = |text: &str, words: &[&str]| {
                text.split(|c: char| !c.is_alphabetic())
                    .any(|word| words.contains(&word))
            };
            let place = format!("{} {}", locale.tag(), name_of(one));
            assert!(!has(&one_text, plural), "{place}: {one_text:?}");
            assert!(
                locale == Locale::Id || !has(&many_text, singular),
                "{place}: {many_text:?}"
            );
            assert!(many_text.contains('7') && !one_text.contains('7'), "{place}");
            assert!(one_text.contains('1'), "{place}: {one_text:?}");
        }
    }
}

#[test]
fn counts_are_said_as_people_say_them() {
    let title = "Té";
    for (phrase, expected) in [
        (
            Phrase::UnitsRow { quantity: 1 },
            ["1 unidade", "1 unit", "1 unidad", "1 pcs"],
        ),
        (
            Phrase::OnlyLeft { title, available: 1 },
            [
                "• Té: resta só 1 unidade",
                "• Té: only 1 left",
                "• Té: queda solo 1 unidad",
                "• Té: tinggal 1 pcs",
            ],
        ),
        (
            Phrase::OnlyLeft { title, available: 2 },
            [
                "• Té: restam só 2 unidades",
                "• Té: only 2 left",
                "• Té: quedan solo 2 unidades",
                "• Té: tinggal 2 pcs",
            ],
        ),
        (
            Phrase::ProductCount { count: 0 },
            ["0 produtos", "0 products", "0 productos", "0 produk"],
        ),
    ] {
        for (locale, text) in Locale::ALL.into_iter().zip(expected) {
            assert_eq!(say(locale, phrase), text);
        }
    }
}

#[test]
fn a_tag_names_its_locale_everywhere() {
    for locale in Locale::ALL {
        assert_eq!(Locale::parse(locale.tag()), Some(locale));
        assert_eq!(serde_json::to_value(locale).unwrap(), locale.tag());
    }
    for tag in ["", "pt", "PT-BR", "en-US", "fr"] {
        assert_eq!(Locale::parse(tag), None, "{tag:?}");
    }
}

/// The longest that an amount can be written, within a character or two.
fn longest_money(locale: Locale) -> String {
    let four_decimals = Currency::parse("CLF").unwrap();
    let amount = Money::parse("1000000000000000", four_decimals).unwrap();
    money(locale, &amount)
}

#[test]
fn rows_hold_the_longest_values() {
    for locale in Locale::ALL {
        let total = longest_money(locale);
        let units = u32::try_from(LINES_MAX * usize::from(QUANTITY_MAX)).unwrap();
        for about in [
            say(locale, Phrase::CartSummary { units, total: &total }),
            say(locale, Phrase::ProductCount { count: usize::MAX }),
            format!("{QUANTITY_MAX} × {total}"),
        ] {
            assert!(about.chars().count() <= ROW_DESCRIPTION_MAX, "{about}");
        }
        let quantity = QUANTITY_MAX;
        assert!(say(locale, Phrase::UnitsRow { quantity }).chars().count() <= ROW_TITLE_MAX);
        let title = "Café especial torrado na hora em grãos do Sul de Minas 500 g";
        for phrase in [Phrase::ChangeRow { title }, Phrase::RemoveRow { title }] {
            let target = Target {
                action: Action::Menu,
                device: Device::Android,
                revision: 0,
            };
            let row = Row::new(target, &say(locale, phrase), None);
            assert!(row.title.chars().count() <= ROW_TITLE_MAX, "{}", row.title);
            assert!(row.title.contains(": Café"), "{}", row.title);
            assert!(row.description.unwrap().contains("500 g"));
        }
    }
}

/// Bold that opens and closes around something on each line, and nothing else that WhatsApp reads as markup.
fn is_well_marked(text: &str) -> bool {
    text.lines().all(|line| {
        let parts: Vec<&str> = line.split('*').collect();
        let is_list = ["> ", "- ", "* ", "1. "]
            .iter()
            .any(|mark| line.starts_with(mark));
        parts.len() % 2 == 1
            && parts
                .iter()
                .skip(1)
                .step_by(2)
                .all(|bold| !bold.is_empty() && bold.trim() == *bold)
            && !line.contains(['~', '`'])
            && !is_list
    })
}

#[test]
fn the_markup_of_every_text_is_balanced() {
    for (locale, phrase, text) in everywhere() {
        assert!(
            is_well_marked(&text),
            "{} {}: {text:?}",
            locale.tag(),
            name_of(phrase)
        );
        assert!(!text.contains('_'), "{text:?}");
    }
}

#[test]
fn values_of_others_bring_no_markup_into_a_sentence() {
    let hostile = "*Loja* da\n> ~`Ana`~ _x_\u{202e}\u{200b}";
    let (shop, label, text, old, new) = (hostile, hostile, hostile, hostile, hostile);
    let (title, total, state) = (TITLE, MONEY, STATE);
    for locale in Locale::ALL {
        for phrase in [
            Phrase::Greeting { shop },
            Phrase::NothingOnSale { shop },
            Phrase::NativeCatalogBody { shop },
            Phrase::ShareBody { shop },
            Phrase::Help { shop },
            Phrase::PayByPix { label, total },
            Phrase::PayByCode { label, total },
            Phrase::PayNow { label, total },
            Phrase::Accepted { label, total },
            Phrase::Paid { label, total },
            Phrase::State { label, state },
            Phrase::InDoubt { label },
            Phrase::NeedsReview { label },
            Phrase::Reason { text },
            Phrase::OptionsChange { title, old, new },
        ] {
            let text = say(locale, phrase);
            assert!(is_well_marked(&text), "{text:?}");
            assert!(text.contains("Loja da > Ana x"), "{text:?}");
            assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
        }
    }
    assert_eq!(neutral("PED_2026_001"), "PED_2026_001");
    assert_eq!(neutral("_so_"), "so");
    assert_eq!(neutral("👩\u{200d}🍳 Chef"), "👩\u{200d}🍳 Chef");
    assert_eq!(neutral(" *\u{feff}* "), "–");
}

proptest! {
    #[test]
    fn a_neutral_value_is_one_line_without_markup_and_stays_so(
        letters in proptest::collection::vec(
            prop_oneof![any::<char>(), select("*_~`>\n\r a1\u{200b}\u{202e}\u{2067}".chars().collect::<Vec<_>>())],
            0..30,
        ),
    ) {
        let value: String = letters.into_iter().collect();
        let clean = neutral(&value);
        prop_assert!(!clean.is_empty());
        let marked = clean.contains(['*', '~', '`', '\n', '\r', '\u{202e}', '\u{2067}']);
        prop_assert!(!marked, "{clean}");
        prop_assert!(is_well_marked(&format!("*{clean}*")), "{:?}", clean);
        prop_assert_eq!(neutral(&clean), clean);
    }
}
