//! Paying by Pix inside the chat (rule R9): only where the number may show it, only what still holds, and never a way less.

use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;
use serde_json::{Value, json};

use crate::support::chat::Mishap;
use crate::support::shop::brl;
use crate::support::world::{NOON_MS, Settings, World, ana};

const HOUR_MS: i64 = 3_600_000;

async fn world(order_details: bool, link: bool) -> World {
    let settings = Settings {
        order_details,
        ..Settings::default()
    };
    let mut world = World::with(settings).await;
    world.shop.gives_pix(link, NOON_MS + HOUR_MS);
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "filter").await;
    world
}

fn parameters(json: &Value) -> &Value {
    &json["interactive"]["action"]["parameters"]
}

#[tokio::test]
async fn r9_a_pix_code_goes_by_order_details_where_the_number_may_send_it() {
    let mut world = world(true, true).await;
    world.shop.quotes_with_shipping("5.00");
    let seen = world.buys(&ana()).await;

    assert_eq!(seen.kind, Kind::Pix);
    assert_eq!(seen.json["interactive"]["type"], "order_details");
    let told = parameters(&seen.json);
    assert_eq!(told["total_amount"], json!({"value": 2950, "offset": 100}));
    assert_eq!(told["order"]["subtotal"], json!({"value": 2450, "offset": 100}));
    assert_eq!(told["order"]["tax"], json!({"value": 0, "offset": 100}));
    assert_eq!(told["order"]["shipping"], json!({"value": 500, "offset": 100}));
    assert_eq!(told["order"]["items"][0]["amount"]["value"], 1000);
    assert_eq!(told["order"]["items"][0]["quantity"], 2);
    let ends_s = ((NOON_MS + HOUR_MS) / 1000).to_string();
    assert_eq!(told["order"]["expiration"]["timestamp"], ends_s);
    assert_eq!(told["payment_settings"][0]["type"], "pix_dynamic_code");
    assert_eq!(
        told["payment_settings"][0]["pix_dynamic_code"]["key_type"],
        "PHONE"
    );
    let link = &told["payment_settings"][1]["payment_link"]["uri"];
    assert!(link.as_str().unwrap().starts_with("https://pay.example.com/"));

    let id = world.shop.purchases()[0].purchase_id.clone();
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("29.50")))
        .await;
    assert_eq!(world.screen(&ana()).await.last().unwrap().kind, Kind::Paid);
}

#[tokio::test]
async fn r9_each_message_with_amounts_has_a_reference_of_its_own() {
    let mut world = world(true, true).await;
    let first = world.buys(&ana()).await;
    let again = world.says(&ana(), "pedido").await;
    let again = if again.kind == Kind::Pix {
        again
    } else {
        world.taps(&ana(), &again.button("purchase")).await
    };

    assert_eq!(again.kind, Kind::Pix, "{}", again.body());
    let reference = |json: &Value| parameters(json)["reference_id"].as_str().unwrap().to_owned();
    assert_ne!(reference(&first.json), reference(&again.json));
    assert!(reference(&first.json).len() <= 60);
}

#[tokio::test]
async fn r9_where_the_number_may_not_the_link_pays_and_without_a_link_the_code_goes_alone() {
    let mut linked = world(false, true).await;
    assert_eq!(linked.buys(&ana()).await.kind, Kind::PaymentLink);

    let mut bare = world(false, false).await;
    let code = bare.buys(&ana()).await;
    assert_eq!(code.kind, Kind::Pix);
    assert!(
        code.body().starts_with("000201"),
        "the code and nothing else: {}",
        code.body()
    );
    let screen = bare.screen(&ana()).await;
    let before = &screen[screen.len() - 2];
    assert!(before.body().contains("R$ 24,50"), "{}", before.body());
}

#[tokio::test]
async fn r9_a_code_that_has_ended_is_offered_no_more() {
    let mut world = world(true, true).await;
    world.buys(&ana()).await;
    world.passes(2 * HOUR_MS).await;
    let again = world.says(&ana(), "pedido").await;
    let again = if again.has("purchase") {
        world.taps(&ana(), &again.button("purchase")).await
    } else {
        again
    };

    assert_eq!(again.kind, Kind::PaymentLink, "{}", again.body());
}

#[tokio::test]
async fn r9_when_the_provider_refuses_the_amounts_the_link_goes_instead() {
    let mut world = world(true, true).await;
    let summary = world.says(&ana(), "finalizar").await;
    world.chat.will_meet([Mishap::Refused(134_011)]);
    let seen = world.taps(&ana(), &summary.button("confirm")).await;

    assert_eq!(seen.kind, Kind::PaymentLink, "{}", seen.body());
    assert_eq!(world.shop.purchases().len(), 1);
}
