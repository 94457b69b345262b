//! The Graph side as a bot meets it: versions, tokens, messages, pace, media.

use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};

use super::bot::{TOKEN, delete, get, in_chat, message, post, sent, upload, url, writer};
use crate::support::program::{NUMBER, Outside};

#[tokio::test(flavor = "multi_thread")]
async fn living_and_ended_versions_are_served_and_others_do_not_exist() {
    let outside = Outside::start();
    let ask = async |path: &str| sent(outside.http.get(url(&outside, path)).bearer_auth(TOKEN)).await;

    for (path, version) in [
        (format!("/v26.0/{NUMBER}"), "v26.0"),
        (format!("/v23.0/{NUMBER}"), "v23.0"),
        (format!("/v17.0/{NUMBER}"), "v21.0"),
        (format!("/{NUMBER}"), "v21.0"),
    ] {
        let answer = ask(&path).await;
        assert_eq!(answer.http, 200, "{path}");
        assert_eq!(answer.body["id"], NUMBER);
        assert_eq!(answer.headers["facebook-api-version"], version, "{path}");
    }
    for path in [
        format!("/v27.0/{NUMBER}"),
        format!("/v99.0/{NUMBER}/messages"),
        "/v26.0".to_owned(),
    ] {
        let answer = ask(&path).await;
        assert_eq!((answer.http, answer.code()), (400, 2500), "{path}");
    }
    let answer = ask(&format!("/v26.0/{NUMBER}/no_such_edge")).await;
    assert_eq!((answer.http, answer.code()), (400, 2500));
    let answer = ask("/v26.0/123456789").await;
    assert_eq!((answer.http, answer.code()), (400, 33));
    let answer = ask(&format!("/v26.0/{NUMBER}/messages")).await;
    assert_eq!((answer.http, answer.code()), (400, 100));
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_may_be_in_the_header_the_query_or_the_body() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let messages = url(&outside, &format!("/v26.0/{NUMBER}/messages"));
    let text = json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "a"}});
    let mut with_token = text.clone();
    with_token["access_token"] = json!(TOKEN);

    let by_query = outside
        .http
        .post(format!("{messages}?access_token=a%20token"))
        .json(&text);
    assert_eq!(sent(by_query).await.http, 200);
    let by_json = outside.http.post(&messages).json(&with_token);
    assert_eq!(sent(by_json).await.http, 200);
    let form = format!(
        "access_token=a+token&messaging_product=whatsapp&to={to}&type=text&text=%7B%22body%22%3A%22a%22%7D"
    );
    let by_form = outside
        .http
        .post(&messages)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    assert_eq!(sent(by_form).await.http, 200);

    let none = sent(outside.http.post(&messages).json(&text)).await;
    assert_eq!((none.http, none.code()), (401, 190));
    assert!(
        none.headers["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("invalid_token")
    );
    let wrong = sent(
        outside
            .http
            .post(&messages)
            .bearer_auth("another")
            .json(&with_token),
    )
    .await;
    assert_eq!((wrong.http, wrong.code()), (401, 190));
    assert_eq!(
        wrong.body["error"]["fbtrace_id"],
        wrong.headers["x-fb-trace-id"].to_str().unwrap()
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_the_person_as_they_were_addressed() {
    let outside = Outside::start();
    let (phone, wa_id, user_id) = writer(&outside).await;
    let path = format!("{NUMBER}/messages");
    let body = |address: Value| {
        let mut body = json!({"messaging_product": "whatsapp", "type": "text", "text": {"body": "a"}});
        body.as_object_mut()
            .unwrap()
            .extend(address.as_object().unwrap().clone());
        body
    };

    let plus = format!("+{wa_id}");
    let by_phone = post(&outside, &path, body(json!({"to": plus}))).await;
    assert_eq!(
        by_phone.body["contacts"][0],
        json!({"input": plus, "wa_id": wa_id})
    );
    let by_user = post(&outside, &path, body(json!({"recipient": user_id}))).await;
    assert_eq!(
        by_user.body["contacts"][0],
        json!({"input": user_id, "user_id": user_id})
    );
    let by_both = post(&outside, &path, body(json!({"to": wa_id, "recipient": "BR.1"}))).await;
    assert_eq!(
        by_both.body["contacts"][0],
        json!({"input": wa_id, "wa_id": wa_id})
    );
    assert!(by_both.body["messages"][0].get("message_status").is_none());

    let template = json!({"name": "anything", "language": {"code": "pt_BR"}});
    let answer = message(&outside, &wa_id, "template", template).await;
    assert_eq!(answer.body["messages"][0]["message_status"], "accepted");
    let group = post(
        &outside,
        &path,
        body(json!({"to": "123", "recipient_type": "group"})),
    )
    .await;
    assert_eq!(group.http, 400);
    assert_eq!(in_chat(&outside, &phone).await.len(), 5);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_receipt_is_for_a_message_that_came_and_may_say_that_one_types() {
    let outside = Outside::start();
    let (phone, _, _) = writer(&outside).await;
    let path = format!("{NUMBER}/messages");
    let came = in_chat(&outside, &phone).await[0]["message_id"].clone();

    let receipt = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": came, "typing_indicator": {"type": "text"},
    });
    let answer = post(&outside, &path, receipt.clone()).await;
    assert_eq!((answer.http, &answer.body), (200, &json!({"success": true})));

    let mut unknown = receipt.clone();
    unknown["message_id"] = json!("wamid.nothing");
    let answer = post(&outside, &path, unknown).await;
    assert_eq!((answer.http, answer.code()), (400, 131_009));
    let mut strange = receipt.clone();
    strange["typing_indicator"]["type"] = json!("audio");
    assert_eq!(post(&outside, &path, strange).await.code(), 100);

    outside
        .post("/emulator/clock", json!({"advance_s": 31 * 24 * 3600}))
        .await;
    let late = post(&outside, &path, receipt).await;
    assert_eq!(late.code(), 131_009);
    assert!(late.details().contains("30 days"), "{}", late.body);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_pace_refuses_the_forty_sixth_message_to_one_person() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let (_, other, _) = writer(&outside).await;
    outside.post("/emulator/strict", json!({"pair_rate": true})).await;
    let clock = MovableClock::fixed();
    let began_ms = clock.now_ms();

    for number in 1..=45 {
        let answer = message(&outside, &to, "text", json!({"body": "a"})).await;
        assert_eq!(answer.http, 200, "message {number}");
    }
    // The world's clock runs on while the loop does: each six seconds let one more out.
    let mut more = 0;
    let refused = loop {
        let answer = message(&outside, &to, "text", json!({"body": "a"})).await;
        if answer.http != 200 {
            break answer;
        }
        more += 1;
        let took_ms = clock.now_ms() - began_ms;
        assert!(more * 6_000 <= took_ms, "{more} more after {took_ms} ms");
    };
    assert_eq!(refused.code(), 131_056);
    assert_eq!(
        message(&outside, &other, "text", json!({"body": "a"})).await.http,
        200
    );
    outside.post("/emulator/clock", json!({"advance_s": 12})).await;
    assert_eq!(
        message(&outside, &to, "text", json!({"body": "a"})).await.http,
        200
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_throughput_refuses_what_is_over_the_second() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let strict = json!({"throughput": true, "messages_per_second": 1});
    let strict = outside.post("/emulator/strict", strict).await;
    assert_eq!(strict["messages_per_second"], 1);
    outside.post("/emulator/clock", json!({"advance_s": 60})).await;
    let clock = MovableClock::fixed();
    let began_ms = clock.now_ms();

    assert_eq!(
        message(&outside, &to, "text", json!({"body": "a"})).await.http,
        200
    );
    // The world's clock runs on while the loop does: each second lets one more out.
    let mut more = 0;
    let refused = loop {
        let answer = message(&outside, &to, "text", json!({"body": "a"})).await;
        if answer.http != 200 {
            break answer;
        }
        more += 1;
        let took_ms = clock.now_ms() - began_ms;
        assert!(more * 1_000 <= took_ms, "{more} more after {took_ms} ms");
    };
    assert_eq!(refused.code(), 130_429);
    let facts = get(&outside, &format!("{NUMBER}?fields=throughput")).await;
    assert_eq!(facts.body["throughput"]["level"], "STANDARD");
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn media_is_uploaded_looked_up_fetched_and_deleted() {
    let outside = Outside::start();
    let picture = vec![7_u8; 4 * 1024 * 1024 + 512 * 1024];

    let uploaded = upload(&outside, "image/jpeg", &picture).await;
    assert_eq!(uploaded.http, 200, "{}", uploaded.body);
    let id = uploaded.body["id"].as_str().unwrap().to_owned();
    let facts = get(&outside, &format!("{id}?phone_number_id={NUMBER}"))
        .await
        .body;
    assert_eq!(facts["mime_type"], "image/jpeg");
    assert_eq!(facts["file_size"], picture.len());
    assert_eq!(facts["sha256"].as_str().unwrap().len(), 64);

    let address = facts["url"].as_str().unwrap();
    assert_eq!(sent(outside.http.get(address)).await.http, 401);
    let fetched = outside.http.get(address).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/jpeg");
    assert_eq!(fetched.bytes().await.unwrap().len(), picture.len());
    outside.post("/emulator/clock", json!({"advance_s": 301})).await;
    assert_eq!(sent(outside.http.get(address).bearer_auth(TOKEN)).await.http, 404);

    assert_eq!(
        delete(&outside, &id, json!({})).await.body,
        json!({"success": true})
    );
    assert_eq!(get(&outside, &id).await.code(), 33);
    let again = upload(&outside, "image/png", b"small").await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    outside
        .post("/emulator/clock", json!({"advance_s": 31 * 24 * 3600}))
        .await;
    assert_eq!(get(&outside, &again).await.code(), 33);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_back_to_where_the_caller_came_from() {
    let outside = Outside::start();
    let uploaded = upload(&outside, "image/png", b"small").await.body;
    let id = uploaded["id"].as_str().unwrap();
    let link = async |host: &'static str| {
        let request = outside
            .http
            .get(url(&outside, &format!("/v26.0/{id}")))
            .bearer_auth(TOKEN);
        let facts = sent(request.header("host", host)).await.body;
        facts["url"].as_str().unwrap_or_default().to_owned()
    };

    let near = link("bots.test:8090").await;
    assert!(
        near.starts_with("http://bots.test:8090/emulator/media/"),
        "{near}"
    );
    let metas = link("graph.facebook.com").await;
    assert!(
        metas.starts_with("https://graph.facebook.com/emulator/media/"),
        "{metas}"
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_media_id_may_come_as_a_number() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let uploaded = upload(&outside, "image/png", b"small").await.body;
    let id: u64 = uploaded["id"].as_str().unwrap().parse().unwrap();
    assert!(id < 1 << 53, "exact in JavaScript too: {id}");
    assert_eq!(id.to_string(), uploaded["id"].as_str().unwrap());

    let taken = message(&outside, &to, "image", json!({"id": id})).await;

    assert_eq!(taken.http, 200, "{}", taken.body);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn media_of_a_strange_type_or_size_is_refused() {
    let outside = Outside::start();

    let strange = upload(&outside, "image/gif", b"GIF89a").await;
    assert_eq!((strange.http, strange.code()), (400, 100));
    let big = upload(&outside, "image/png", &vec![0_u8; 5 * 1024 * 1024 + 1]).await;
    assert_eq!((big.http, big.code()), (400, 131_053));
    let sound = upload(&outside, "audio/ogg; codecs=opus", &vec![0_u8; 15 * 1024 * 1024]).await;
    assert_eq!(sound.http, 200, "{}", sound.body);
    let nothing = post(
        &outside,
        &format!("{NUMBER}/media"),
        json!({"messaging_product": "whatsapp"}),
    )
    .await;
    assert_eq!((nothing.http, nothing.code()), (400, 100));
    outside.stop().await;
}
