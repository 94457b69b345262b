//! Every phrase in every language: it fits, it says its values, and no language speaks another's words by accident.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::message::{BODY_MAX, LABEL_MAX, ROW_DESCRIPTION_MAX, ROW_TITLE_MAX};
use crate::domain::money::Currency;
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
const STATES: [PurchaseState; 15] = [
    PurchaseState::Forwarded,
    PurchaseState::InDoubt,
    PurchaseState::Declined,
    PurchaseState::Accepted,
    PurchaseState::AwaitingPayment,
    PurchaseState::Paid,
    PurchaseState::Preparing,
    PurchaseState::Shipped,
    PurchaseState::Delivered,
    PurchaseState::Cancelled,
    PurchaseState::Expired,
    PurchaseState::PaymentFailed,
    PurchaseState::Refunded,
    PurchaseState::ChargedBack,
    PurchaseState::NeedsReview,
];

/// One sample of each phrase, and the name of each: the `match` refuses to compile when one is missing here.
macro_rules! phrases {
    ($($name:ident $({ $($field:ident: $value:expr),* })?;)*) => {
        fn one_of_each() -> Vec<Phrase<'static>> {
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
    Greeting { shop: SHOP };
    NothingOnSale { shop: SHOP };
    OptionsOpener;
    ProductsOpener;
    CategoriesSection;
    ProductsSection;
    MoreSection;
    LinesSection;
    OtherProductsRow;
    ProductCount { count: 7 };
    CartLabel;
    CartSummary { units: 7, total: MONEY };
    PersonLabel;
    PurchasesRow;
    NextRow;
    MenuLabel;
    KeepShoppingLabel;
    NativeCatalogRow;
    NativeCatalogBody { shop: SHOP };
    CategoryBody { title: TITLE, count: 7 };
    ShareBody { shop: SHOP };
    SoldOut;
    InCart { quantity: 7 };
    AddLabel;
    ProductGone;
    CannotAddSoldOut { title: TITLE };
    Added { title: TITLE, quantity: 7 };
    QuantitySet { title: TITLE, quantity: 7 };
    Removed { title: TITLE };
    Emptied;
    CartFull { max: 7 };
    LineFull { title: TITLE, max: 7 };
    NoRoom;
    CartTitle;
    CartLine { title: TITLE, quantity: 7, unit_price: MONEY, line_total: MORE_MONEY };
    Total { total: MONEY };
    MoreLines { count: 7 };
    CartEmpty;
    CheckoutLabel;
    ChangeRow { title: TITLE };
    RemoveRow { title: TITLE };
    RemoveLabel;
    EmptyLabel;
    ChooseQuantity { title: TITLE, quantity: 7 };
    QuantitiesSection;
    UnitsRow { quantity: 7 };
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
    OnlyLeft { title: TITLE, available: 7 };
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

/// One of each, the singular where languages have one, and every state.
fn samples() -> Vec<Phrase<'static>> {
    let mut all = one_of_each();
    all.extend([
        Phrase::ProductCount { count: 1 },
        Phrase::CartSummary {
            units: 1,
            total: MONEY,
        },
        Phrase::CategoryBody {
            title: TITLE,
            count: 1,
        },
        Phrase::MoreLines { count: 1 },
        Phrase::UnitsRow { quantity: 1 },
        Phrase::OnlyLeft {
            title: TITLE,
            available: 1,
        },
    ]);
    all.extend(STATES.map(|state| Phrase::StateName { state }));
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
            "StateName" => ROW_DESCRIPTION_MAX - "R$ 1.000.000.000,00, ".len(),
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
        for phrase in one_of_each() {
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
        ("StateName", "pt-BR es"), // cancelado, reembolsado
        ("Subtotal", "pt-BR en es id"),
        ("Total", "pt-BR en es id"),
        ("UnitsRow", "pt-BR es"), // 7 unidades
    ];
    assert_eq!(shared, allowed.map(|(name, tags)| (name, tags.to_owned())).into());
}

#[test]
fn one_is_not_many() {
    let text = |locale, phrase| say(locale, phrase);
    assert_eq!(text(Locale::PtBr, Phrase::UnitsRow { quantity: 1 }), "1 unidade");
    assert_eq!(
        text(Locale::En, Phrase::MoreLines { count: 1 }),
        "… and 1 more item"
    );
    assert_eq!(
        text(Locale::En, Phrase::MoreLines { count: 2 }),
        "… and 2 more items"
    );
    assert_eq!(
        text(
            Locale::Es,
            Phrase::OnlyLeft {
                title: "Té",
                available: 1
            }
        ),
        "• Té: queda solo 1 unidad"
    );
    assert_eq!(
        text(
            Locale::Es,
            Phrase::OnlyLeft {
                title: "Té",
                available: 2
            }
        ),
        "• Té: quedan solo 2 unidades"
    );
    assert_eq!(text(Locale::Id, Phrase::ProductCount { count: 1 }), "1 produk");
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

#[test]
fn money_is_written_as_people_write_it() {
    for (amount, code, [pt_br, en, es, id]) in [
        (
            "1234567.9",
            "BRL",
            [
                "R$ 1.234.567,90",
                "R$1,234,567.90",
                "R$ 1.234.567,90",
                "R$ 1.234.567,90",
            ],
        ),
        ("0.05", "BRL", ["R$ 0,05", "R$0.05", "R$ 0,05", "R$ 0,05"]),
        (
            "999",
            "USD",
            ["US$ 999,00", "US$999.00", "US$ 999,00", "US$ 999,00"],
        ),
        ("12.5", "EUR", ["€ 12,50", "€12.50", "€ 12,50", "€ 12,50"]),
        (
            "11000",
            "IDR",
            ["Rp 11.000", "Rp11,000", "Rp 11.000", "Rp 11.000"],
        ),
        (
            "11000.5",
            "IDR",
            ["Rp 11.000,50", "Rp11,000.50", "Rp 11.000,50", "Rp 11.000,50"],
        ),
        (
            "1000",
            "JPY",
            ["JPY 1.000", "JPY 1,000", "JPY 1.000", "JPY 1.000"],
        ),
        (
            "1000.125",
            "KWD",
            ["KWD 1.000,125", "KWD 1,000.125", "KWD 1.000,125", "KWD 1.000,125"],
        ),
    ] {
        let amount = Money::parse(amount, Currency::parse(code).unwrap()).unwrap();
        for (locale, expected) in [
            (Locale::PtBr, pt_br),
            (Locale::En, en),
            (Locale::Es, es),
            (Locale::Id, id),
        ] {
            assert_eq!(money(locale, &amount), expected);
        }
    }
}
