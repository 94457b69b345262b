//! What merchants may send, read and refused.

use serde_json::json;

use super::*;

const NOW_MS: i64 = 1_795_000_000_000;

fn brl() -> Currency {
    Currency::parse("BRL").unwrap()
}

/// A product like any other, with these fields on top.
fn read(over: &Value) -> Product {
    let mut value = json!({ "retailer_id": "coffee", "title": "Café",
        "price": { "amount": "1.00", "currency": "BRL" }, "availability": "in_stock" });
    let fields = value.as_object_mut().unwrap();
    fields.extend(over.as_object().unwrap().clone());
    product(value, brl()).unwrap()
}

fn refused(objections: Vec<Objection>) -> Problem {
    Problem::Declined(DeclineReason::Refused, objections)
}

#[test]
fn an_answer_without_products_is_not_an_empty_catalog() {
    assert!(page(br#"{"products":[]}"#, brl()).unwrap().products.is_empty());
    for body in ["{}", r#"{"message":"maintenance"}"#, r#"{"products":null}"#, ""] {
        assert!(page(body.as_bytes(), brl()).is_err(), "{body}");
    }
}

#[test]
fn titles_and_categories_without_a_letter_or_digit_are_replaced() {
    for empty in ["***", "_ ~ `", "—"] {
        let read = read(&json!({ "title": empty, "category": empty }));
        assert_eq!(read.title, "coffee", "{empty}");
        assert_eq!(read.category, None, "{empty}");
    }
    let read = read(&json!({ "title": "*Café* 2", "category": "咖啡" }));
    assert_eq!(
        (read.title.as_str(), read.category.as_deref()),
        ("*Café* 2", Some("咖啡"))
    );
}

#[test]
fn long_texts_are_cut() {
    let long = "a".repeat(5_000);
    let read = read(&json!({ "title": long, "description": long, "options": { "size": long } }));
    let chars = |text: Option<&str>| text.map(|text| text.chars().count());
    assert_eq!(chars(Some(&read.title)), Some(TITLE_MAX));
    assert_eq!(chars(read.description.as_deref()), Some(DESCRIPTION_MAX));
    assert_eq!(chars(read.options.as_deref()), Some(OPTIONS_MAX));
}

#[test]
fn only_absolute_web_addresses_are_kept() {
    for bad in [
        "/images/1.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "",
        "//x.example/1",
    ] {
        let read = read(&json!({ "image_url": bad, "url": bad }));
        assert_eq!((read.image_url, read.url), (None, None), "{bad}");
    }
    let good = "https://x.example/1.png?a=b";
    assert_eq!(
        read(&json!({ "image_url": good })).image_url.as_deref(),
        Some(good)
    );
}

#[test]
fn a_quote_that_ends_at_once_is_offered_for_a_minute() {
    assert_eq!(usable_end_ms(NOW_MS - 1, NOW_MS), NOW_MS + QUOTE_GRACE_MS);
    assert_eq!(usable_end_ms(NOW_MS + 29_999, NOW_MS), NOW_MS + QUOTE_GRACE_MS);
    assert_eq!(usable_end_ms(NOW_MS + 30_000, NOW_MS), NOW_MS + 30_000);
}

#[test]
fn a_purchase_without_a_number_is_unreadable() {
    let with = |id: &str| {
        let body = json!({ "merchant_order_id": id, "total": { "amount": "1.00", "currency": "BRL" } });
        merchant_purchase(body.to_string().as_bytes())
    };
    assert!(with("CP-1").is_ok());
    assert!(with("").is_err() && with(" ").is_err());
}

#[test]
fn a_refusal_proves_something_only_in_the_shops_own_words() {
    for body in ["", "<html>Conflict</html>", "[]", "null", r#""no""#] {
        assert!(problem(409, body.as_bytes()).is_err(), "{body}");
        assert!(problem(422, body.as_bytes()).is_err(), "{body}");
    }
    for body in ["{}", r#"{"code":"locked"}"#, r#"{"code":7}"#] {
        assert!(problem(409, body.as_bytes()).is_err(), "{body}");
        assert_eq!(problem(422, body.as_bytes()), Ok(refused(Vec::new())), "{body}");
    }
    assert_eq!(
        problem(409, br#"{"code":"in_progress","lines":7}"#),
        Ok(Problem::InProgress)
    );
    assert_eq!(
        problem(422, br#"{"code":"idempotency_conflict"}"#),
        Ok(Problem::KeyReused)
    );
}

#[test]
fn an_objection_that_cannot_be_read_does_not_harm_the_others() {
    let body = json!({ "code": "out_of_stock", "lines": [
        { "retailer_id": 7 },
        "coffee",
        { "retailer_id": "coffee", "available": -2, "unit_price": { "amount": 3.5, "currency": "BRL" } },
        { "retailer_id": "tea", "available": 1, "unit_price": { "amount": "3.50", "currency": "BRL" } },
    ] });
    let line = |id: &str, available, unit_price| Objection {
        retailer_id: RetailerId::new(id),
        unit_price,
        available: Some(available),
    };
    let price = Money::parse("3.50", brl()).unwrap();
    let expected = vec![line("coffee", 0, None), line("tea", 1, Some(price))];
    assert_eq!(
        problem(409, body.to_string().as_bytes()),
        Ok(Problem::Declined(DeclineReason::OutOfStock, expected))
    );
}

#[test]
fn an_id_that_no_catalog_can_have_is_refused() {
    let read = |id: &str| {
        let value = json!({ "retailer_id": id, "title": "Café",
            "price": { "amount": "1.00", "currency": "BRL" }, "availability": "in_stock" });
        product(value, brl())
    };
    let longest = "é".repeat(RETAILER_ID_MAX / 2);
    for id in ["a", "a/b", "%2F", "café 1", "😀", longest.as_str()] {
        assert_eq!(read(id).unwrap().retailer_id.as_str(), id);
    }
    let too_long = "z".repeat(10_000);
    for id in ["", " ", "\0", "a\nb", "a\u{85}", "\u{fffd}", too_long.as_str()] {
        let problem = read(id).unwrap_err();
        assert!(problem.contains("retailer_id must have"), "{problem}");
        assert!(problem.len() < 400, "{}", problem.len());
    }
}
