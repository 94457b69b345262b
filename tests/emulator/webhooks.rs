//! How webhooks reach a bot: signed, in one piece or many, twice, late, in another order, again and again, and at last no more.

use std::collections::BTreeSet;

use futures::future::join_all;
use sacola::clock::{Clock, MovableClock};
use sacola::whatsapp::inbound::{self, Update};
use serde_json::json;

use super::receiver::{Hook, Stage};
use crate::support::program::eventually;

const DAY_S: i64 = 24 * 3_600;
/// A webhook that is held back leaves by itself after so long.
const HELD_MS: i64 = 1_500;

fn words(hook: &Hook) -> Vec<String> {
    let messages = hook.items("messages");
    messages
        .iter()
        .map(|message| message["text"]["body"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_updates_come_in_one_signed_webhook_of_several_entries() {
    let stage = Stage::start().await;
    let people = [stage.person("Ana").await, stage.person("Bia").await];
    stage
        .faults(json!({ "batch": 300, "batch_wait_ms": 20_000 }))
        .await;

    let texts = (0..300).map(|number| {
        let person = &people[number % 2];
        async move { person.text(&format!("olá {number} ☕")).await }
    });
    assert!(join_all(texts).await.into_iter().all(|status| status == 200));

    let hooks = stage.waits_for(1).await;
    assert_eq!(hooks.len(), 1);
    assert!(hooks[0].signed && hooks[0].text.is_ascii());
    assert_eq!(hooks[0].body["entry"].as_array().unwrap().len(), 3);
    let said: BTreeSet<String> = words(&hooks[0]).into_iter().collect();
    assert_eq!(said.len(), 300);
    let updates = inbound::parse(hooks[0].text.as_bytes()).unwrap();
    assert_eq!(updates.len(), 300);
    for update in &updates {
        let Update::Message(message) = update else {
            panic!("{update:?}")
        };
        assert!(message.customer.name.is_some(), "joined with its contact");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_number_of_webhooks_is_collected_into_one() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    stage
        .faults(json!({ "webhooks": [{ "times": 3, "action": "batch" }], "batch_wait_ms": 60_000 }))
        .await;

    let statuses = [
        ana.text("um").await,
        ana.text("dois").await,
        ana.text("três").await,
    ];

    assert_eq!(statuses, [0, 0, 200]);
    let hooks = stage.waits_for(1).await;
    assert_eq!(words(&hooks[0]), ["um", "dois", "três"]);
    assert_eq!(ana.text("quatro").await, 200);
    assert_eq!(stage.hooks().len(), 2);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_the_same_bytes_once_more() {
    let stage = Stage::start().await;
    let (ana, bia) = (stage.person("Ana").await, stage.person("Bia").await);
    stage
        .faults(json!({ "webhooks": [{ "action": "duplicate", "to": ana.id }] }))
        .await;

    bia.text("uma vez").await;
    ana.text("duas vezes").await;
    stage.waits_for(3).await;
    ana.text("uma vez").await;

    let hooks = stage.waits_for(4).await;
    assert_eq!(hooks.len(), 4);
    assert_eq!(hooks[1].text, hooks[2].text);
    assert!(hooks.iter().all(|hook| hook.signed));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_held_back_arrives_after_the_next_one() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let clock = MovableClock::fixed();
    let mut came = 0;
    // On a machine that stands still the first leaves by itself: that proves nothing, and two others are looked at.
    let hooks = loop {
        let before_ms = clock.now_ms();
        stage
            .faults(json!({ "webhooks": [{ "action": "reorder" }] }))
            .await;
        assert_eq!(ana.text("primeiro").await, 0, "held back");
        assert_eq!(ana.text("segundo").await, 200);
        let is_in_time = clock.now_ms() - before_ms < HELD_MS;

        let hooks = stage.waits_for(came + 2).await.split_off(came);
        if is_in_time {
            break hooks;
        }
        came += hooks.len();
    };

    assert_eq!(words(&hooks[0]), ["segundo"]);
    assert_eq!(words(&hooks[1]), ["primeiro"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_nobody_overtakes_leaves_by_itself() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    stage.faults(json!({ "reorder_webhooks": true })).await;

    assert_eq!(ana.text("sozinho").await, 0);
    stage.advances(10).await;

    assert_eq!(words(&stage.waits_for(1).await[0]), ["sozinho"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_on_the_way_is_repeated_as_time_passes() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    stage
        .faults(json!({ "webhooks": [{ "times": 3, "action": "drop" }] }))
        .await;

    assert_eq!(ana.text("oi").await, 0);
    let came = eventually(|| async {
        stage.advances(60).await;
        (!stage.hooks().is_empty()).then_some(())
    });
    assert!(came.await.is_some());

    let taken = eventually(|| async { (stage.count("webhooks_delivered").await == 1).then_some(()) });
    assert!(taken.await.is_some());
    assert_eq!(stage.count("webhooks_failed").await, 3);
    assert_eq!(words(&stage.hooks()[0]), ["oi"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_200_ends_the_repetition_and_after_seven_days_it_ends_without() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    stage.answers(201);
    assert_eq!(ana.text("oi").await, 201);
    stage.advances(1).await;
    stage.waits_for(2).await;
    stage.advances(8 * DAY_S).await;
    let given_up = eventually(|| async { (stage.count("webhooks_given_up").await == 1).then_some(()) });
    assert!(given_up.await.is_some());
    let attempts = stage.hooks().len();

    stage.answers(200);
    stage.advances(DAY_S).await;
    assert_eq!(ana.text("ainda aí?").await, 200);

    let hooks = stage.hooks();
    assert_eq!(hooks.len(), attempts + 1, "nothing of the first one came again");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_webhook_waits_for_the_clock_of_the_world() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let late = json!({ "action": "delay_ms", "ms": 3_600_000 });
    stage.faults(json!({ "webhooks": [late] })).await;

    assert_eq!(ana.text("devagar").await, 0);
    assert!(stage.hooks().is_empty());
    stage.advances(3_601).await;

    assert_eq!(words(&stage.waits_for(1).await[0]), ["devagar"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_faults_are_refused_with_the_right_ones() {
    let stage = Stage::start().await;
    let cases = [
        (json!({ "webhooks": [{ "action": "explode" }] }), "reorder"),
        (json!({ "send": [{ "action": "explode" }] }), "drop_after_accept"),
        (json!({ "webhook": [] }), "webhooks"),
        (json!({ "batch": 1_001 }), "1000"),
    ];
    for (faults, named) in cases {
        let (status, problem) = stage.tries("/emulator/faults", faults).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{problem}");
    }

    let waiting = stage
        .faults(
            json!({ "webhooks": [{ "action": "drop", "to": "ph1" }], "batch": 10, "reorder_webhooks": true }),
        )
        .await;
    assert_eq!(
        waiting["webhooks"],
        json!([{ "times": 1, "to": "ph1", "action": "drop" }])
    );
    assert_eq!(
        (&waiting["batch"], &waiting["reorder_webhooks"]),
        (&json!(10), &json!(true))
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_carry_price_callback_data_and_ids_and_the_conversation_only_when_asked() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let id = ana.gets("um").await;
    let statuses = stage.waits_for_items("statuses", 2).await;
    let read = stage.outside.post(&ana.path("read"), json!({})).await;
    assert_eq!(read["read"], 1);
    let read = stage.waits_for_items("statuses", 3).await.remove(2);

    for (status, word) in statuses.iter().zip(["sent", "delivered"]) {
        assert_eq!((&status["id"], &status["status"]), (&json!(id), &json!(word)));
        assert_eq!(status["pricing"]["category"], "service");
        assert_eq!(status["biz_opaque_callback_data"], "s1.help.e1");
        assert_eq!(status["recipient_id"], json!(ana.wa_id));
        assert_eq!(status["recipient_user_id"], json!(ana.user_id));
        assert!(status.get("conversation").is_none());
    }
    assert_eq!(read["status"], "read");
    assert!(read.get("pricing").is_none(), "the price was told before");

    stage.faults(json!({ "conversation": true })).await;
    ana.gets("dois").await;
    let statuses = stage.waits_for_items("statuses", 5).await;
    assert!(statuses[3]["conversation"]["expiration_timestamp"].is_string());
    assert!(statuses[4]["conversation"].get("expiration_timestamp").is_none());
    assert_eq!(
        statuses[3]["conversation"]["id"],
        statuses[4]["conversation"]["id"]
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_byte_by_byte_what_came_before() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let said = ana.does("text", json!({ "body": "oi" })).await;
    let again = json!({ "message_id": said["message_id"] });

    let replayed = stage.outside.post(&ana.path("replay"), again).await;

    assert_eq!(replayed["webhook_status"], 200);
    let hooks = stage.hooks();
    assert_eq!(hooks.len(), 2);
    assert_eq!(hooks[0].text, hooks[1].text);
    stage.stop().await;
}
