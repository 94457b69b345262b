//! Who may see which letters, and how they are paged and grouped.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use sacola::store::DeadLetter;

use super::{Desk, READER, WRITER, letter};

/// One of the key's merchant, one of another, one of nobody.
async fn three_letters() -> (Desk, [DeadLetter; 3]) {
    let desk = Desk::opens().await;
    let letters = [
        letter("panic", Some("demo"), 1),
        letter("panic", Some("another"), 2),
        letter("poison", None, 3),
    ];
    for one in &letters {
        assert!(desk.store.park(one, 1).await.unwrap());
    }
    (desk, letters)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_key_lists_its_own_letters_without_their_bodies() {
    let (desk, [own, others, nobodys]) = three_letters().await;
    let ids = |page: &Value| -> Vec<String> {
        let letters = page["dead_letters"].as_array().unwrap();
        letters
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, page) = desk.asks(Method::GET, "", READER, None).await;
    assert_eq!(ids(&page), std::slice::from_ref(&own.id));
    assert!(!page.to_string().contains(&own.body), "no list has bodies");
    assert_eq!(ids(&desk.gets("").await).len(), 3);
    assert_eq!(
        ids(&desk.gets("?reason=poison").await),
        std::slice::from_ref(&nobodys.id)
    );
    let first = desk.gets("?limit=1").await;
    let next = first["next_cursor"].as_str().unwrap();
    assert!(desk.store.remove_dead_letter(&own.id).await.unwrap());
    let second = desk.gets(&format!("?limit=1&cursor={next}")).await;
    assert_eq!(
        ids(&second),
        std::slice::from_ref(&others.id),
        "the letter of the cursor is gone"
    );
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_count_what_a_key_may_see_and_say_what_to_do() {
    let (desk, _) = three_letters().await;
    let groups = |answer: &Value| -> BTreeMap<String, i64> {
        let groups = answer["groups"].as_array().unwrap();
        let count = |one: &Value| {
            (
                one["reason"].as_str().unwrap().to_owned(),
                one["count"].as_i64().unwrap(),
            )
        };
        groups.iter().map(count).collect()
    };
    let all = desk.gets("/groups").await;
    assert_eq!(
        groups(&all),
        BTreeMap::from([("panic".to_owned(), 2), ("poison".to_owned(), 1)])
    );
    assert!(
        all["groups"][0]["what_to_do"]
            .as_str()
            .unwrap()
            .contains("Replay after the mend")
    );
    let (_, all) = desk.asks(Method::GET, "/groups", READER, None).await;
    assert_eq!(groups(&all), BTreeMap::from([("panic".to_owned(), 1)]));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_shown_to_whoever_may_replay_and_nobody_reaches_the_letters_of_others() {
    let (desk, [own, others, nobodys]) = three_letters().await;
    let path = format!("/{}", own.id);
    let (status, shown) = desk.asks(Method::GET, &path, READER, None).await;
    assert_eq!((status, shown.get("body")), (200, None));
    let (_, shown) = desk.asks(Method::GET, &path, WRITER, None).await;
    assert_eq!(shown["body"], own.body);
    for id in [&others.id, &nobodys.id] {
        for (method, path) in [
            (Method::GET, format!("/{id}")),
            (Method::DELETE, format!("/{id}")),
            (Method::POST, format!("/{id}/replay")),
        ] {
            let (status, answer) = desk.asks(method.clone(), &path, WRITER, None).await;
            assert_eq!(status, 404, "{method} {path}: {answer}");
        }
    }
    for (method, path) in [
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/replay")),
        (Method::POST, "/replay".to_owned()),
    ] {
        let (status, answer) = desk.asks(method, &path, READER, Some(json!({}))).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("forbidden_scope")));
    }
    let (status, answer) = desk
        .asks(Method::POST, "/replay", WRITER, Some(json!({ "per_second": 51 })))
        .await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("invalid_request")));
    desk.outside.stop().await;
}
