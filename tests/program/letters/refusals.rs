//! Letters that no replay takes, because it would do something twice; and that they hold nobody up.

use sacola::domain::conversation::Customer;
use sacola::domain::device::Device;
use sacola::domain::effect::Effect;
use sacola::domain::ids::{HomeId, MerchantId, NumberId, PurchaseId, RetailerId};
use sacola::domain::money::Currency;
use sacola::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Quote, Source};
use sacola::engine::PurchaseRecord;
use sacola::engine::items::LaneBody;
use sacola::store::DeadLetter;
use serde_json::json;

use super::{Desk, letter, now_ms, outcomes, pairs, said};
use crate::support::program::NUMBER;
use crate::support::shop::brl;

fn purchase(n: i64, state: PurchaseState) -> Purchase {
    let line = PurchaseLine {
        retailer_id: RetailerId::new("coffee"),
        title: "Café".to_owned(),
        quantity: 1,
        unit_price: brl("10.00"),
    };
    Purchase {
        purchase_id: PurchaseId::new(format!("{n:034}")),
        state,
        device: Device::Android,
        source: Source::Buttons,
        quote: Quote::of_lines(vec![line], Currency::BRL, i64::MAX).unwrap(),
        note: None,
        merchant_order_id: None,
        payment_url: None,
        pix: None,
        payable_until_ms: None,
        details_refused: false,
        tracking_url: None,
        review: None,
        at_ms: now_ms(),
    }
}

/// A letter of a purchase that is in that state today.
async fn plants_purchase(desk: &Desk, home: &HomeId, n: i64, reason: &str, now: PurchaseState) -> String {
    let record = PurchaseRecord {
        home: home.clone(),
        number: NumberId::new(NUMBER),
        merchant: MerchantId::new("demo"),
        purchase: purchase(n, now),
    };
    let id = record.purchase.purchase_id.clone();
    let encoded = serde_json::to_string(&record).unwrap();
    desk.store.put_purchase(&id, &encoded).await.unwrap();
    let body = LaneBody {
        format: 1,
        effect: Effect::Forward(Box::new(purchase(n, PurchaseState::Forwarded))),
        number: record.number,
        merchant: record.merchant,
        customer: Customer::default(),
        locale: "pt-BR".to_owned(),
        at_ms: now_ms(),
        root: None,
    };
    let letter = DeadLetter {
        id: format!("{home}.1.{n}.{reason}"),
        home: Some(home.clone()),
        source: "effect".to_owned(),
        body: serde_json::to_string(&body).unwrap(),
        ..letter(reason, Some("demo"), n)
    };
    assert!(desk.store.park(&letter, 1).await.unwrap());
    letter.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_has_its_answer_is_not_replayed_and_later_letters_are() {
    let desk = Desk::opens().await;
    let (ana, home) = desk.customer("Ana").await;
    let declined = plants_purchase(&desk, &home, 1, "rejected", PurchaseState::Declined).await;
    let reviewed = plants_purchase(&desk, &home, 2, "rejected", PurchaseState::NeedsReview).await;
    let delivered = plants_purchase(&desk, &home, 3, "exhausted", PurchaseState::Delivered).await;
    let later = desk.plants(&home, 4, said("ajuda")).await;
    let expected = pairs(&[
        (&declined, "not_replayable"),
        (&reviewed, "not_replayable"),
        (&delivered, "not_replayable"),
        (&later, "taken"),
    ]);
    for is_dry in [true, false] {
        let answer = desk.replays(json!({ "dry_run": is_dry, "per_second": 50 })).await;
        assert_eq!(outcomes(&answer), expected, "{is_dry}: {answer}");
        let why = |n: usize| answer["letters"][n]["problem"].as_str().unwrap().to_owned();
        assert!(why(0).contains("told no"), "{}", why(0));
        assert!(why(2).contains("is delivered"), "{}", why(2));
    }
    ana.waits_for("help", 1).await;
    assert_eq!(
        ana.kinds().await,
        ["menu", "help"],
        "nothing is told of purchases"
    );
    let left: Vec<String> = desk.letters().await.into_iter().map(|letter| letter.id).collect();
    assert_eq!(left, [declined, reviewed, delivered]);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_outlived_its_marks_is_not_taken_anew() {
    let desk = Desk::opens().await;
    let item = json!({ "from": "5511999990000", "id": "wamid.sibling",
        "timestamp": (now_ms() / 1_000).to_string(), "type": "text", "text": { "body": "oi" } });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages", "value": { "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1", "phone_number_id": NUMBER }, "messages": [item] } }] }] });
    let aged = |id: &str, days: i64| DeadLetter {
        id: id.to_owned(),
        at_ms: now_ms() - days * 24 * 60 * 60 * 1000,
        source: "webhook".to_owned(),
        body: body.to_string(),
        ..letter("unknown_number", None, 0)
    };
    let (old, young) = (aged("dl-old", 9), aged("dl-young", 7));
    for one in [&old, &young] {
        desk.store.park(one, 1_000).await.unwrap();
    }
    let expected = pairs(&[(&old.id, "not_replayable"), (&young.id, "taken")]);
    for is_dry in [true, false] {
        let answer = desk.replays(json!({ "dry_run": is_dry })).await;
        assert_eq!(outcomes(&answer), expected, "{is_dry}: {answer}");
        let why = answer["letters"][0]["problem"].as_str().unwrap();
        assert!(why.contains("8 days"), "{why}");
    }
    assert_eq!(desk.letters().await, [old]);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reaches_what_lies_behind_hundreds_of_letters_that_nobody_can_replay() {
    let desk = Desk::opens().await;
    let (_, home) = desk.customer("Ana").await;
    for n in 0..220 {
        let gone = HomeId::new(format!("{n:022x}"));
        desk.plants(&gone, n, said("oi")).await;
    }
    let last = desk.plants(&home, 220, said("ajuda")).await;
    let answer = desk.replays(json!({ "dry_run": true, "limit": 1_000 })).await;
    assert_eq!(answer["counts"]["not_replayable"], 220, "{answer}");
    assert_eq!(outcomes(&answer).last(), pairs(&[(&last, "taken")]).last());
    assert_eq!((answer.get("ended"), answer.get("next_cursor")), (None, None));
    desk.outside.stop().await;
}
