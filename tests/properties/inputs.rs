//! Money and parsers under arbitrary input.

use proptest::prelude::*;
use sacola::domain::ids::HomeId;
use sacola::domain::money::{Currency, Money};
use sacola::domain::text::fit;
use sacola::whatsapp::buttons::Keyring;
use sacola::whatsapp::{inbound, message_id};

use super::bodies::bodies;

#[test]
fn every_documented_shape_is_understood() {
    for body in bodies() {
        let updates = inbound::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(updates.len(), 1, "{body}");
        assert!(
            !matches!(updates[0], inbound::Update::Poison { .. }),
            "{body}: {updates:?}"
        );
    }
}

#[test]
fn the_price_of_a_native_order_is_the_text_that_was_sent() {
    let body = bodies()[5].to_string();
    let updates = inbound::parse(body.as_bytes()).unwrap();
    let inbound::Update::Message(message) = &updates[0] else {
        panic!("{updates:?}")
    };
    let inbound::Body::Order { items, .. } = &message.body else {
        panic!("{message:?}")
    };
    assert_eq!(items[0].item_price, "7.99");
    assert_eq!(
        (items[1].item_price.as_str(), items[1].currency.as_str()),
        ("11000", "IDR")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_mutation_of_a_body_is_parsed_or_refused_and_never_panics(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let bodies = bodies();
        let mut bytes = bodies[which.index(bodies.len())].to_string().into_bytes();
        for (at, byte) in edits {
            let index = at.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        drop(inbound::parse(&bytes));
    }

    #[test]
    fn any_bytes_are_no_message_id_that_harms(text in "\\PC{0,80}", raw in prop::collection::vec(any::<u8>(), 0..80)) {
        use base64::Engine;
        drop(message_id::decode(&text));
        let id = format!("wamid.{}", base64::engine::general_purpose::STANDARD.encode(&raw));
        drop(message_id::decode(&id));
    }

    #[test]
    fn no_text_passes_as_a_button(text in "(s1\\.)?[a-z_]{0,12}\\.?\\PC{0,60}") {
        let keys = Keyring::new(vec![("k1".to_owned(), b"secret".to_vec())], 30);
        prop_assert!(keys.verify(&text, &HomeId::new("0a00000000000000000001"), 0).is_none());
    }

    #[test]
    fn money_survives_its_text_and_sums_are_exact(units in 0..10_000_000_000_i64, other in 0..10_000_000_000_i64, n in 1..=99_u8) {
        for (code, digits) in [("BRL", 2_u32), ("JPY", 0), ("KWD", 3)] {
            let currency = Currency::parse(code).unwrap();
            let text = |minor: i64| {
                let scale = 10_i64.pow(digits);
                if digits == 0 { minor.to_string() } else {
                    format!("{}.{:0width$}", minor / scale, minor % scale, width = digits as usize)
                }
            };
            let money = Money::parse(&text(units), currency).unwrap();
            prop_assert_eq!(money.amount_text(), text(units));
            prop_assert_eq!(money.plus(&Money::parse(&text(other), currency).unwrap()).unwrap().amount_text(), text(units + other));
            prop_assert_eq!(money.times(n).unwrap().amount_text(), text(units * i64::from(n)));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }
    }

    #[test]
    fn money_never_takes_more_digits_than_the_currency_has(whole in 0..1_000_000_u32, fraction in "[0-9]{3,8}") {
        let text = format!("{whole}.{fraction}");
        let parsed = Money::parse(&text, Currency::BRL);
        let exact = fraction.bytes().skip(2).all(|digit| digit == b'0');
        prop_assert_eq!(parsed.is_ok(), exact, "{}", text);
    }

    #[test]
    fn a_fitted_text_fits(text in "\\PC{0,80}", max in 1..40_usize) {
        prop_assert!(fit(&text, max).chars().count() <= max);
    }
}
