//! Texts, and messages drawn with them, under any Unicode input: nothing is over a limit, nothing of ours is lost, nothing
//! of a merchant's is markup.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sacola::domain::conversation::Conversation;
use sacola::domain::decide::{Outcome, decide};
use sacola::domain::device::Device;
use sacola::domain::effect::{Effect, QuoteFor};
use sacola::domain::event::{Event, Occurrence, QuoteAnswer};
use sacola::domain::facts::{Fact, Facts, Shop, WebClients};
use sacola::domain::ids::{HomeId, MerchantId, NumberId, PurchaseId, RetailerId};
use sacola::domain::message::{Content, Message};
use sacola::domain::money::Currency;
use sacola::domain::product::Product;
use sacola::domain::purchase::Quote;
use sacola::domain::replies::{self, Locale};
use sacola::domain::text::{Fitted, parts, plain};
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use crate::support::shop::{brl, product};
use crate::support::world::NOON_MS;

/// What is likely to break a text.
const SPICE: [&str; 26] = [
    "*",
    "_",
    "~",
    "`",
    "```",
    "> ",
    "- ",
    "1. ",
    "\n",
    "\r\n",
    " ",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{fe0f}",
    "\u{301}",
    "é",
    "👨‍👩‍👧‍👦",
    "🇧🇷",
    "1️⃣",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "palavra",
    "12",
    "…",
];

fn texts(pieces: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(SPICE.to_vec()).prop_map(ToOwned::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..pieces).prop_map(|pieces| pieces.concat())
}

fn is_cut_well<const MAX: usize>(text: &str) -> Result<(), TestCaseError> {
    let cut = Fitted::<MAX>::cut(text);
    prop_assert!((1..=MAX).contains(&cut.chars().count()), "{:?}", cut);
    let whole = text.trim();
    if &*cut == whole || &*cut == "–" {
        return Ok(());
    }
    let Some(kept) = cut.strip_suffix('…') else {
        return Err(TestCaseError::fail(format!(
            "{cut:?} does not say that it is cut"
        )));
    };
    prop_assert!(whole.starts_with(kept), "{:?} of {:?}", kept, whole);
    let ends_between = whole.grapheme_indices(true).any(|(at, _)| at == kept.len());
    prop_assert!(ends_between, "{:?} of {:?} ends inside a grapheme", kept, whole);
    let stored = json!(cut);
    prop_assert_eq!(
        serde_json::from_value::<Fitted<MAX>>(stored).ok(),
        Some(cut.clone())
    );
    let longer = json!(format!("{}x", "y".repeat(MAX)));
    prop_assert!(serde_json::from_value::<Fitted<MAX>>(longer).is_err());
    Ok(())
}

fn letters(text: &str) -> String {
    let blank = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];
    text.chars()
        .filter(|c| c.is_alphanumeric() && !blank.contains(c))
        .collect()
}

fn id(index: usize) -> RetailerId {
    RetailerId::new(format!("p{index}"))
}

/// A customer's cart with one line a title, and the facts that agree with it.
fn stage(shop: &str, titles: &[String], locale: Locale) -> (Conversation, Facts) {
    let mut conversation = Conversation::new(HomeId::new("0a00000000000000000001"), NumberId::new("1"));
    let mut products = BTreeMap::new();
    for (n, title) in titles.iter().enumerate() {
        let short: String = title.chars().take(300).collect();
        let product = product(
            &format!("p{n}"),
            &format!("Item{n:03} {short}"),
            "Tudo",
            &format!("{n}.90"),
        );
        let cart = conversation.cart_mut(Device::Android);
        cart.add(&id(n), product.offer(), u8::try_from(n % 99 + 1).unwrap())
            .unwrap();
        let fact = Fact {
            version: 1,
            product: Some(product),
        };
        products.insert(id(n), fact);
    }
    let facts = Facts {
        now_ms: NOON_MS,
        shop: Shop {
            merchant: MerchantId::new("cafe"),
            name: shop.to_owned(),
            currency: Currency::BRL,
            locale,
            catalog_id: None,
            web_clients: WebClients::OwnCart,
            order_details: false,
        },
        looked_for: products.keys().cloned().collect(),
        products,
        outline: None,
        state_bytes: 0,
    };
    (conversation, facts)
}

fn happens(conversation: &mut Conversation, facts: &Facts, event: Event) -> Vec<Effect> {
    let occurrence = Occurrence {
        id: "x".to_owned(),
        at_ms: NOON_MS,
        purchase_id: PurchaseId::new("00x"),
        event,
    };
    match decide(conversation, &occurrence, facts) {
        Outcome::Decided(decided) => {
            *conversation = decided.conversation;
            decided.effects
        }
        Outcome::Needs(keys) => panic!("all facts are there, yet it needs {keys:?}"),
    }
}

fn says(conversation: &mut Conversation, facts: &Facts, text: &str) -> Vec<Effect> {
    let event = Event::Said {
        about: None,
        text: text.to_owned(),
        device: Device::Android,
    };
    happens(conversation, facts, event)
}

fn messages(effects: &[Effect]) -> Vec<&Message> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(message) => Some(&**message),
        Effect::Quote { .. } | Effect::Forward(_) => None,
    });
    sent.collect()
}

fn fits(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.chars().count())
}

fn is_within_limits(content: &Content) -> bool {
    match content {
        Content::Text { body } => fits(body, 4096),
        Content::Buttons { body, choices, .. } => {
            let labels = choices.iter().all(|choice| fits(&choice.label, 20));
            fits(body, 1024) && labels && (1..=3).contains(&choices.len())
        }
        Content::List {
            body,
            opener,
            sections,
        } => {
            let rows: Vec<_> = sections.iter().flat_map(|section| &section.rows).collect();
            let texts = rows.iter().all(|row| {
                fits(&row.title, 24) && row.description.as_ref().is_none_or(|text| fits(text, 72))
            });
            let titles = sections.iter().all(|section| fits(&section.title, 24));
            fits(body, 4096) && fits(opener, 20) && texts && titles && (1..=10).contains(&rows.len())
        }
        Content::Link { body, label, .. } => fits(body, 1024) && fits(label, 20),
        Content::OrderDetails(details) => fits(&details.body, 1024),
        Content::NativeProduct { .. } | Content::NativeProducts { .. } | Content::NativeCatalog { .. } => {
            true
        }
    }
}

/// Within limits, every line told, the total beside the buttons, which only the last message has.
fn tells_all(effects: &[Effect], lines: usize, total: Option<&str>) -> Result<(), TestCaseError> {
    let messages = messages(effects);
    let bodies: Vec<&str> = messages
        .iter()
        .filter_map(|message| message.content.body())
        .collect();
    for message in &messages {
        prop_assert!(is_within_limits(&message.content), "{:?}", message);
    }
    let (Some((last, early)), Some(end)) = (messages.split_last(), bodies.last()) else {
        return Err(TestCaseError::fail("nothing was said"));
    };
    prop_assert!(
        !matches!(last.content, Content::Text { .. }),
        "the last message has buttons"
    );
    for message in early {
        prop_assert!(matches!(message.content, Content::Text { .. }), "{:?}", message);
        prop_assert_eq!(
            message.supersedes(),
            None,
            "a part is not removed by what ends it"
        );
    }
    let told = bodies.join("\n");
    for n in 0..lines {
        prop_assert!(
            told.contains(&format!("Item{n:03}")),
            "line {} is missing in {}",
            n,
            told
        );
    }
    if let Some(total) = total {
        prop_assert!(end.contains(total), "{} lacks {}", end, total);
    }
    Ok(())
}

fn quoted(quote_for: QuoteFor, facts: &Facts, quote: Quote) -> Event {
    let products: BTreeMap<RetailerId, Option<Product>> = facts
        .products
        .iter()
        .map(|(id, fact)| (id.clone(), fact.product.clone()))
        .collect();
    let answer = QuoteAnswer::Priced {
        products,
        quote: Some(quote),
    };
    Event::Quoted { quote_for, answer }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_constructor_yields_a_text_that_is_over_its_limit_or_cut_inside_a_grapheme(text in texts(60)) {
        is_cut_well::<1>(&text)?;
        is_cut_well::<20>(&text)?;
        is_cut_well::<24>(&text)?;
        is_cut_well::<72>(&text)?;
        let whole = Fitted::<20>::whole(&text);
        prop_assert!(whole.is_none_or(|whole| fits(&whole, 20) && *whole == *text.trim()));
    }

    #[test]
    fn a_text_that_is_split_loses_nothing(text in texts(200)) {
        let parts = parts::<30>(&text);
        prop_assert!(parts.iter().all(|part| fits(part, 30)), "{:?}", parts);
        let joined: String = parts.iter().map(ToString::to_string).collect();
        prop_assert_eq!(letters(&joined), letters(&text));
    }

    #[test]
    fn a_merchants_words_are_never_active_markup(text in texts(40)) {
        let shown = plain(&text);
        prop_assert_eq!(plain(&shown), shown.clone(), "of {:?}", text);
        let banned = |c: char| c.is_control() || "*~`\u{200b}\u{feff}\u{2028}\u{2029}".contains(c)
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!shown.contains(banned), "{:?}", shown);
        for (at, _) in shown.match_indices('_') {
            let (before, after) = (shown[..at].chars().last(), shown[at + 1..].chars().next());
            let inside = before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
            prop_assert!(inside, "{:?}", shown);
        }
        let number = shown.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_item = number.len() < shown.len() && number.starts_with(". ");
        prop_assert!(!is_item && !shown.starts_with("> ") && !shown.starts_with("- "), "{:?}", shown);
        prop_assert_eq!(letters(&shown), letters(&text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_cart_is_told_whole_in_every_language(shop in texts(30), titles in prop::collection::vec(texts(60), 1..=100)) {
        for locale in Locale::ALL {
            let (mut conversation, facts) = stage(&shop, &titles, locale);
            let (to_cart, to_checkout) = match locale {
                Locale::PtBr => ("sacola", "finalizar"),
                Locale::En => ("cart", "checkout"),
                Locale::Es => ("carrito", "pagar"),
                Locale::Id => ("keranjang", "bayar"),
            };
            let total = conversation.cart(Device::Android).total(Currency::BRL).unwrap();
            let total = replies::money(locale, &total);
            let cart = says(&mut conversation, &facts, to_cart);
            tells_all(&cart, titles.len(), Some(&total))?;

            let asked = says(&mut conversation, &facts, to_checkout);
            let Some(Effect::Quote { quote_for, lines }) = asked.first().cloned() else { panic!("{asked:?}") };
            let quote = Quote::of_lines(lines, Currency::BRL, NOON_MS + 600_000).unwrap();
            let summary = happens(&mut conversation, &facts, quoted(quote_for, &facts, quote));
            tells_all(&summary, titles.len(), Some(&total))?;

            let mut dearer = facts;
            for product in dearer.products.values_mut().filter_map(|fact| fact.product.as_mut()) {
                product.price = product.price.plus(&brl("1.00")).unwrap();
            }
            let notice = says(&mut conversation, &dearer, to_checkout);
            tells_all(&notice, titles.len(), None)?;
        }
    }
}
