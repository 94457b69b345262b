//! Numbers and merchants that come and go while the program runs.

use serde_json::json;

use super::{ANA, BIA, Caller, House, NEVER_S, SECOND, STOPPED, without_number};
use crate::kills::vault::token;
use crate::support::program::{NUMBER, eventually};

const CAIO: Caller = Caller {
    number: SECOND,
    wa_id: "5511900000003",
};
/// Callers of one moment, with a number that sends one message a second.
const MANY: [Caller; 5] = [
    of_first("5511900000011"),
    of_first("5511900000012"),
    of_first("5511900000013"),
    of_first("5511900000014"),
    of_first("5511900000015"),
];

const fn of_first(wa_id: &'static str) -> Caller {
    Caller {
        number: NUMBER,
        wa_id,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_and_its_merchant_that_are_added_answer_at_once_and_what_came_before_is_replayed() {
    let mut house = House::opens(NEVER_S).await;
    assert_eq!(house.says(&CAIO, "ajuda").await, 200, "kept");
    assert_eq!(house.letters().await.len(), 1);

    let shop = format!("{}/shop", house.stand.outside.base_url());
    let (access, secret) = (
        house.stand.vault().source("access_token"),
        house.stand.vault().source("merchant_secret_1"),
    );
    let second = format!(
        r#"[[number]]
phone_number_id = "{SECOND}"
waba_id = "102290129340398"
access_token = {access}
merchant = "second"
[[merchant]]
id = "second"
name = "Padaria da Praça"
connector = "standard"
base_url = "{shop}"
currency = "BRL"
secrets = [{secret}]
[outgoing]"#
    );
    house.applies(|text| text.replace("[outgoing]", &second)).await;
    let items =
        json!([{ "product_retailer_id": "coffee", "quantity": 2, "item_price": 13, "currency": "BRL" }]);
    let order =
        json!({ "type": "order", "order": { "catalog_id": "1", "text": "", "product_items": items } });
    assert_eq!(house.stand.post.once(0, &CAIO.webhook(&order)).await, 200);
    house.hears(&CAIO, &["summary"]).await;
    house.replays_the_only_letter().await;
    house.hears(&CAIO, &["summary", "help"]).await;
    let messages = house.stand.outside.messages_to(CAIO.wa_id);
    assert!(
        messages.iter().all(|message| message.from == SECOND),
        "{messages:?}"
    );

    // The first number is as it was.
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    assert_eq!(house.stand.outside.messages_to(ANA.wa_id)[0].from, NUMBER);
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_removed_keeps_what_waits_and_goes_on_when_it_is_back() {
    let mut house = House::opens(NEVER_S).await;
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    house.stand.outside.takes_tokens(&[token(2)]);
    for words in ["oi", "pedidos"] {
        assert_eq!(house.says(&ANA, words).await, 200);
    }
    let stopped = eventually(|| async { (house.metric(STOPPED).await == "1").then_some(()) });
    assert!(stopped.await.is_some());

    house.applies(|text| without_number(&text)).await;
    assert_eq!(house.says(&ANA, "sacola").await, 200, "kept");
    let letters = house.letters().await;
    assert!(
        letters.len() == 1 && letters[0].1 == "unknown_number",
        "{letters:?}"
    );

    house.live.tokens = vec![2];
    house.applies(|text| text).await;
    house.hears(&ANA, &["help", "menu", "purchase_state"]).await;
    house.replays_the_only_letter().await;
    house
        .hears(&ANA, &["help", "menu", "purchase_state", "cart"])
        .await;
    assert_eq!(house.says(&BIA, "oi").await, 200);
    house.hears(&BIA, &["menu"]).await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_number_was_about_to_send_when_it_was_removed_waits_for_it() {
    let mut house = House::opens(NEVER_S).await;
    house
        .applies(|text| text.replace("messages_per_second = 1000", "messages_per_second = 1"))
        .await;
    for caller in &MANY {
        assert_eq!(house.says(caller, "ajuda").await, 200);
    }
    house.applies(|text| without_number(&text)).await;
    // The turns of some come meanwhile, and nothing is given up.
    house.stand.waits(2_500).await;
    house.has_no_letters().await;
    house.applies(|text| text).await;
    for caller in &MANY {
        house.hears(caller, &["help"]).await;
    }
    house.has_no_letters().await;
    house.closes().await;
}
