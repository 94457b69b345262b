//! Dead letters at the console: masked, dry-run, replayed and discarded.

use reqwest::Method;
use sacola::domain::device::Device;
use sacola::domain::event::{Event, Occurrence};
use sacola::domain::ids::{HomeId, MerchantId, PurchaseId};
use sacola::store::DeadLetter;
use serde_json::{Value, json};

use super::{Desk, FOREIGN, READER, SEES, Visit, home_of};
use crate::support::program::API_KEY;

/// Parks a letter, as if what this customer wrote had failed.
async fn parks(desk: &Desk, home: &str, text: &str) -> String {
    let occurrence = Occurrence {
        id: format!("in:planted-{text}"),
        at_ms: desk.now_ms(),
        purchase_id: PurchaseId::new("00"),
        event: Event::Said {
            text: text.to_owned(),
            about: None,
            device: Device::Android,
        },
    };
    let letter = DeadLetter {
        id: format!("{home}.{text}"),
        reason: "panic".to_owned(),
        detail: "planted for 5511987654321".to_owned(),
        merchant: Some(MerchantId::new("demo")),
        home: Some(HomeId::new(home)),
        at_ms: desk.now_ms(),
        source: "event".to_owned(),
        body: serde_json::to_string(&occurrence).unwrap(),
    };
    let store = desk.app.state.engine.store();
    assert!(store.park(&letter, 10).await.unwrap());
    letter.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_shown_dry_run_and_replayed() {
    let desk = Desk::opens().await;
    let ana = desk.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    ana.waits_for("menu", 1).await;
    let visit = desk.signs_in(API_KEY).await;
    let home = home_of(&visit.finds_one(&format!("customer={}", ana.user_id)).await);
    let id = parks(&desk, &home, "ajuda").await;

    let listed = visit.gets("/dead-letters?reason=panic").await.good();
    assert_eq!(listed["dead_letters"][0]["id"], id);
    assert_eq!(listed["dead_letters"][0]["detail"], "planted for •••4321");
    // By the merchant API only those who may read bodies read what a detail quotes of them.
    for (key, told) in [
        (READER, "planted for •••4321"),
        (API_KEY, "planted for 5511987654321"),
    ] {
        for path in ["?reason=panic".to_owned(), format!("/{id}")] {
            let url = format!("http://{}/v1/dead-letters{path}", desk.app.public);
            let answer = desk.outside.http.get(url).bearer_auth(key).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            let letter = answer.pointer("/dead_letters/0").unwrap_or(&answer);
            assert_eq!(letter["detail"], told);
        }
    }
    assert_eq!(
        visit.gets("/dead-letters/groups").await.good()["groups"][0]["count"],
        1
    );
    assert_eq!(visit.gets("/overview").await.good()["dead_letters"], 1);
    let shown = visit.gets(&format!("/dead-letters/{id}")).await.good();
    let body = shown["body"].as_str().unwrap();
    assert!(
        body.contains("[5 characters]") && !body.contains("\"ajuda\""),
        "{body}"
    );
    assert!(!shown["what_to_do"].as_str().unwrap().is_empty());
    let seer = desk.signs_in(SEES).await;
    let whole = seer.gets(&format!("/dead-letters/{id}")).await.good();
    assert!(whole["body"].as_str().unwrap().contains("\"ajuda\""));

    let path = format!("/dead-letters/{id}/replay");
    let dry = visit
        .does(Method::POST, &path, Some(json!({ "dry_run": true })))
        .await;
    assert_eq!(dry.status, 200);
    let dry = dry.good();
    assert_eq!(
        (&dry["outcome"], &dry["events"][0]["effects"]),
        (&json!("taken"), &json!(["send:help"]))
    );
    assert_eq!(ana.kinds().await, ["menu"], "nothing was done");
    let taken = visit.does(Method::POST, &path, None).await;
    assert_eq!(taken.status, 202);
    assert_eq!(taken.good()["outcome"], "taken");
    ana.waits_for("help", 1).await;
    let gone = visit.gets(&format!("/dead-letters/{id}")).await;
    assert_eq!(gone.refused(), (404, "not_found"));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_are_replayed_at_a_rate_and_one_is_discarded() {
    let desk = Desk::opens().await;
    let ana = desk.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    ana.waits_for("menu", 1).await;
    let visit = desk.signs_in(API_KEY).await;
    let home = home_of(&visit.finds_one(&format!("customer={}", ana.user_id)).await);
    for text in ["ajuda", "sacola", "pedidos"] {
        parks(&desk, &home, text).await;
    }
    let discarded = format!("/dead-letters/{home}.sacola");
    assert_eq!(visit.does(Method::DELETE, &discarded, None).await.status, 204);
    let body = json!({ "reason": "panic", "dry_run": true, "limit": 10, "rate_per_s": 50 });
    let dry = visit
        .does(Method::POST, "/dead-letters/replay", Some(body))
        .await
        .good();
    assert_eq!(
        (&dry["dry_run"], &dry["counts"]["taken"]),
        (&json!(true), &json!(2))
    );
    let body = json!({ "dry_run": false, "rate_per_s": 50 });
    let taken = visit
        .does(Method::POST, "/dead-letters/replay", Some(body))
        .await
        .good();
    assert_eq!(taken["counts"]["taken"], 2, "{taken}");
    ana.waits_for("help", 1).await;
    let left = visit.gets("/dead-letters").await.good();
    assert_eq!(left["dead_letters"], json!([]));
    desk.outside.stop().await;
}

/// Everything that the console tells of all letters: lists, groups, bodies and dry runs.
async fn all_told(visit: &Visit<'_>) -> String {
    let listed = visit.gets("/dead-letters").await.good();
    let mut told = vec![
        listed.clone(),
        visit.gets("/dead-letters/groups").await.good(),
        visit
            .does(
                Method::POST,
                "/dead-letters/replay",
                Some(json!({ "dry_run": true, "rate_per_s": 50 })),
            )
            .await
            .good(),
    ];
    for letter in listed["dead_letters"].as_array().unwrap() {
        let path = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
        told.push(visit.gets(&path).await.good());
        let dry = visit
            .does(
                Method::POST,
                &format!("{path}/replay"),
                Some(json!({ "dry_run": true })),
            )
            .await;
        told.push(dry.body);
    }
    serde_json::to_string(&told).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_webhook_holds_a_masked_key_sees_none_of_it() {
    let desk = Desk::opens().await;
    let words = "Beatriz Fontoura";
    let message = json!({
        "from": "5511976543210", "id": "wamid.HBgNNTUxMTk3NjU0MzIxMA==", "timestamp": words, "type": "novelty",
        "novelty": { "shout": words, "msisdn": 5_511_976_543_210_i64, "fone": "+55 11 97654-3210", "cpf": "123.456.789-09",
            "see": format!("https://a.example and {words}"), "lat": -23.5617, "born": "1990-12-31", "id": words, words: 1 },
        "contacts": [{ "org": { "company": words }, "name": { "suffix": "Fontoura" } }],
    });
    let value = json!({ "metadata": { "phone_number_id": "999999999999999" }, "messages": [message],
        "contacts": [{ "profile": { "name": words, "username": "beatriz.fontoura" }, "wa_id": "5511976543210" }] });
    let account = "whatsapp_business_account";
    for body in [
        json!({ "object": account, "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }] }),
        json!({ "object": account, "entry": words }),
        json!({ "object": format!("{words} 5511976543210"), "entry": [] }),
        json!({ "who": words, "fone": "+55 11 97654-3210" }),
        json!(format!("junk of {words}")),
    ] {
        desk.outside
            .post("/emulator/webhooks/raw", json!({ "body": body }))
            .await;
    }
    let told = all_told(&desk.signs_in(API_KEY).await).await;
    assert!(
        told.contains("whatsapp_business_account") && told.contains("999999999999999"),
        "{told}"
    );
    for gone in [
        "Beatriz",
        "ontoura",
        "97654",
        "456.789",
        "23.56",
        "1990-12-31",
        "wamid.",
    ] {
        assert!(!told.contains(gone), "{gone} is in {told}");
    }
    let whole = all_told(&desk.signs_in(SEES).await).await;
    assert!(
        whole.contains("Beatriz") && whole.contains("97654-3210"),
        "{whole}"
    );
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_replays_and_discards_nothing() {
    let desk = Desk::opens().await;
    let ana = desk.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    ana.waits_for("menu", 1).await;
    let reader = desk.signs_in(READER).await;
    let home = home_of(&reader.finds_one(&format!("customer={}", ana.user_id)).await);
    let id = parks(&desk, &home, "ajuda").await;
    for (method, path) in [
        (Method::POST, format!("/dead-letters/{id}/replay")),
        (Method::POST, "/dead-letters/replay".to_owned()),
        (Method::DELETE, format!("/dead-letters/{id}")),
    ] {
        let told = reader.does(method, &path, Some(json!({ "dry_run": true }))).await;
        assert_eq!(told.refused(), (403, "forbidden_scope"), "{path}");
    }
    reader.gets(&format!("/dead-letters/{id}")).await.good();
    let foreign = desk.signs_in(FOREIGN).await;
    let told = foreign.gets(&format!("/dead-letters/{id}")).await;
    assert_eq!(told.refused(), (404, "not_found"));
    assert_eq!(
        foreign.gets("/dead-letters").await.good()["dead_letters"],
        json!([])
    );
    desk.outside.stop().await;
}
