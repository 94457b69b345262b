//! Looking: conversations found and shown, lanes with their lag, price updates, the first screen.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, FOREIGN, OWN, READER, SEES, betrays, escaped, home_of};
use crate::support::program::{NUMBER, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_found_by_customer_purchase_and_message() {
    let desk = Desk::opens().await;
    let (ana, purchase) = desk.sells("Ana").await;
    let visit = desk.signs_in(READER).await;
    let wa_id = desk.wa_id(&ana).await;
    let by_user = visit.finds_one(&format!("customer={}", ana.user_id)).await;
    let home = home_of(&by_user);
    assert_eq!(by_user["number"], NUMBER);
    assert_eq!(
        (&by_user["mode"], &by_user["purchases"]),
        (&json!("bot"), &json!(1))
    );
    for query in [
        format!("customer={wa_id}"),
        format!("customer={}&number={NUMBER}", escaped(&format!("+{wa_id}"))),
        format!("customer={home}"),
        format!("purchase={purchase}"),
    ] {
        assert_eq!(home_of(&visit.finds_one(&query).await), home, "{query}");
    }
    let messages = ana.messages().await;
    let wamid = messages[0]["message_id"].as_str().unwrap();
    let sent = visit.finds_one(&format!("message={}", escaped(wamid))).await;
    assert_eq!(
        (home_of(&sent), &sent["message"]["is"]),
        (home.clone(), &json!("sent"))
    );
    let effect = sent["message"]["effect_id"].as_str().unwrap();
    assert!(effect.starts_with(&home));
    assert_eq!(
        home_of(&visit.finds_one(&format!("message={effect}")).await),
        home
    );

    // the inner part alone leads nowhere, and that is told
    let inner = sacola::whatsapp::message_id::decode(wamid).inner;
    let told = visit
        .gets(&format!("/conversations?message={}", escaped(&inner)))
        .await
        .good();
    assert_eq!(told["found"], json!([]));
    assert_eq!(told["not_searched"].as_array().unwrap().len(), 2, "{told}");
    let with_customer = format!("message={}&customer={}", escaped(&inner), ana.user_id);
    assert_eq!(visit.finds_one(&with_customer).await["message"]["is"], "sent");
    let nobody = visit.gets("/conversations?customer=BR.0").await.good();
    assert_eq!(nobody["found"], json!([]));
    let nothing = visit.gets("/conversations").await;
    assert_eq!(nothing.refused(), (400, "invalid_request"));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_masked_unless_the_key_may_see_them() {
    let desk = Desk::opens().await;
    let (ana, _) = desk.sells("Ana Souza").await;
    let wa_id = desk.wa_id(&ana).await;
    let reader = desk.signs_in(READER).await;
    let home = home_of(&reader.finds_one(&format!("customer={}", ana.user_id)).await);
    let path = format!("/conversations/{home}");
    let masked = reader.gets(&path).await.good();
    let journal = reader.gets(&format!("{path}/journal")).await.good();
    for text in [masked.to_string(), journal.to_string()] {
        assert!(!text.contains("Souza") && !text.contains(&ana.user_id), "{text}");
        assert!(!betrays(&text, &wa_id), "{text}");
    }
    let customer = &masked["customer"];
    assert_eq!(customer["name"], "A•••");
    let last: String = wa_id.chars().skip(wa_id.len() - 4).collect();
    assert!(customer["wa_id"].as_str().unwrap().ends_with(&last));
    let link = masked["purchases"][0]["payment_url"].as_str().unwrap();
    assert!(link.starts_with("[link to 127.0.0.1"), "{link}");
    assert_eq!(masked["purchases"][0]["state"], "awaiting_payment");
    assert!(masked["revision"].as_u64().unwrap() > 3);
    assert!(masked["now_ms"].as_i64().unwrap() <= desk.now_ms());
    let timeline = masked["timeline"].as_array().unwrap();
    for entry in timeline {
        let effect = entry["effect_id"].as_str().unwrap_or_default();
        assert_eq!(
            entry["direction"] == "out",
            effect.starts_with(&format!("{home}.")),
            "{entry}"
        );
    }
    let linked = timeline
        .iter()
        .find(|entry| entry["what"] == "payment_link")
        .unwrap();
    assert_eq!(linked["purchase_id"], masked["purchases"][0]["purchase_id"]);
    assert_eq!(masked["lanes"].as_array().unwrap().len(), 2);
    let entries = journal["entries"].as_array().unwrap();
    assert_eq!(entries[0]["event"], "said");
    assert!(entries.iter().all(|entry| entry.get("content").is_none()));
    assert!(
        entries
            .iter()
            .all(|entry| !entry["state_digest"].as_str().unwrap().is_empty())
    );

    let seer = desk.signs_in(SEES).await;
    let whole = seer.gets(&path).await.good();
    assert_eq!(whole["customer"]["wa_id"], wa_id);
    assert_eq!(whole["customer"]["name"], "Ana Souza");
    assert!(
        whole["purchases"][0]["payment_url"]
            .as_str()
            .unwrap()
            .starts_with("http")
    );
    let journal = seer.gets(&format!("{path}/journal")).await.good();
    assert!(journal["entries"][0]["content"].to_string().contains("oi"));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_key_sees_its_own_conversations_only() {
    let desk = Desk::opens().await;
    let (ana, purchase) = desk.sells("Ana").await;
    let own = desk.signs_in(OWN).await;
    let home = home_of(&own.finds_one(&format!("customer={}", ana.user_id)).await);
    own.gets(&format!("/conversations/{home}")).await.good();

    let foreign = desk.signs_in(FOREIGN).await;
    let overview = foreign.gets("/overview").await.good();
    assert_eq!(overview["numbers"][0]["merchant"], "other");
    assert_eq!(overview["numbers"].as_array().unwrap().len(), 1);
    assert_eq!(overview["merchants"].as_array().unwrap().len(), 1);
    assert_eq!(overview["lanes"]["total"], Value::Null);
    for query in [
        format!("customer={}", ana.user_id),
        format!("customer={home}"),
        format!("purchase={purchase}"),
        format!("message={home}.1.0"),
    ] {
        let told = foreign.gets(&format!("/conversations?{query}")).await.good();
        assert_eq!(told["found"], json!([]), "{query}");
    }
    for path in [
        format!("/conversations/{home}"),
        format!("/conversations/{home}/journal"),
    ] {
        assert_eq!(foreign.gets(&path).await.refused(), (404, "not_found"));
    }
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screen_tells_how_everything_is() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(READER).await;
    let read = eventually(|| async {
        let told = visit.gets("/overview").await.good();
        let mut merchants = told["merchants"].as_array().unwrap().iter();
        let is_read = merchants.find(|one| one["id"] == "demo")?["catalog"]["mirrored_at_ms"].is_i64();
        is_read.then_some(told)
    });
    let told = read.await.expect("the catalog was read");
    assert_eq!((&told["ready"], &told["reasons"]), (&json!(true), &json!([])));
    assert_eq!(
        (&told["store"]["kind"], &told["store"]["level"]),
        (&json!("embedded"), &json!("power_loss"))
    );
    assert_eq!(
        (&told["dead_letters"], &told["lanes"]["total"]),
        (&json!(0), &json!(0))
    );
    let numbers = told["numbers"].as_array().unwrap();
    let number = numbers
        .iter()
        .find(|one| one["phone_number_id"] == NUMBER)
        .unwrap();
    assert_eq!(
        (&number["state"], &number["messages_per_second"]),
        (&json!("ok"), &json!(80))
    );
    assert_eq!(
        (&number["budget"]["capacity"], &number["budget"]["available"]),
        (&json!(80), &json!(80))
    );
    let merchants = told["merchants"].as_array().unwrap();
    let merchant = merchants.iter().find(|one| one["id"] == "demo").unwrap();
    assert_eq!(
        (&merchant["state"], &merchant["connector"]),
        (&json!("ok"), &json!("standard"))
    );
    assert!(merchant["catalog"]["products"].as_u64().unwrap() > 0);
    assert!(told["now_ms"].as_i64().unwrap() <= desk.now_ms());
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_shows_at_the_number_and_in_the_lag_of_its_lanes() {
    let desk = Desk::opens().await;
    let fault = json!({ "action": "error", "code": 190, "times": 100 });
    desk.outside
        .post("/emulator/faults", json!({ "send": [fault] }))
        .await;
    let ana = desk.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    let visit = desk.signs_in(READER).await;
    let stopped = eventually(|| async {
        let told = visit.gets("/overview").await.good();
        let numbers = told["numbers"].as_array().unwrap().clone();
        numbers.into_iter().find(|number| number["state"] == "stopped")
    });
    let number = stopped.await.expect("the number is stopped");
    assert_eq!(
        (&number["phone_number_id"], &number["code"]),
        (&json!(NUMBER), &json!(190))
    );
    assert!(!number["mend"].as_str().unwrap().is_empty());

    desk.clock.advance_ms(20_000);
    let waiting = eventually(|| async {
        let told = visit.gets("/lanes").await.good();
        assert_eq!(told["totals"]["total"], 1, "{told}");
        let lane = told["lanes"][0].clone();
        let looks_later = lane["due_ms"].as_i64()? > desk.now_ms();
        (lane["leased"] == false && looks_later).then_some(lane)
    });
    let lane = waiting
        .await
        .expect("nobody holds the lane, and it looks again later");
    let home = home_of(&lane);
    assert_eq!(
        (&lane["kind"], &lane["number"]),
        (&json!("provider"), &json!(NUMBER))
    );
    assert_eq!(lane["head"]["word"], "send:menu");
    assert!(lane["waits_ms"].as_i64().unwrap() >= 20_000, "{lane}");
    assert_eq!(lane["late_ms"], 0);
    let shown = visit.gets(&format!("/conversations/{home}")).await.good();
    let items = &shown["lanes"][0]["items"];
    assert_eq!(
        (&items[0]["effect_id"], &items[0]["word"]),
        (&lane["head"]["effect_id"], &json!("send:menu"))
    );
    let foreign = desk.signs_in(FOREIGN).await;
    assert_eq!(foreign.gets("/lanes").await.good()["lanes"], json!([]));
    let bad = visit.gets("/lanes?cursor=nonsense").await;
    assert_eq!(bad.refused(), (400, "invalid_request"));

    desk.outside
        .http
        .delete(format!("{}/emulator/faults", desk.outside.emulator.base_url()))
        .send()
        .await
        .unwrap();
    desk.clock.advance_ms(61_000);
    ana.waits_for("menu", 1).await;
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_update_is_listed_with_its_progress() {
    let desk = Desk::opens().await;
    let ana = desk.outside.phone("Ana").await;
    ana.fills_a_cart().await;
    let visit = desk.signs_in(READER).await;
    let home = home_of(&visit.finds_one(&format!("customer={}", ana.user_id)).await);
    let shown = visit.gets(&format!("/conversations/{home}")).await.good();
    let product = shown["carts"][0]["lines"][0]["retailer_id"].as_str().unwrap();
    let price = json!({ "price": "77.70" });
    desk.outside
        .put(&format!("/shop/products/{product}"), price)
        .await;
    let done = eventually(|| async {
        let told = visit.gets("/price-updates").await.good();
        let updates = told["price_updates"].as_array().unwrap().clone();
        updates
            .into_iter()
            .find(|one| one["state"] == "done" && one["notified"] == 1)
    });
    let update = done.await.expect("the cart was told");
    assert_eq!(
        (&update["retailer_id"], &update["merchant"]),
        (&json!(product), &json!("demo"))
    );
    assert_eq!(
        (&update["carts_found"], &update["failed"]),
        (&json!(1), &json!(0))
    );
    assert!(update["started_at_ms"].as_i64().unwrap() <= desk.now_ms());
    let foreign = desk.signs_in(FOREIGN).await;
    assert_eq!(
        foreign.gets("/price-updates").await.good()["price_updates"],
        json!([])
    );
    let wrong = visit.does(Method::POST, "/price-updates", None).await;
    assert_eq!(wrong.status, 405);
    desk.outside.stop().await;
}
