//! What ends by itself ends when it was asked to, and what is left on disk can be written anew.

use std::path::Path;
use std::sync::Arc;

use sacola::store::redis::{self as redis_store, Options};
use sacola::store::{
    Commit, DeliveryStatus, History, LaneKind, Retention, Settlement, StatusTarget, Store, embedded,
};

use super::erase::{all_found, erased, erasure};
use super::harness::{NOW, begin, change, commit, commit_head, home, load, settle, with_plain};
use crate::support::model_store::ModelStore;
use crate::support::program::eventually;
use crate::support::redis_server::{AppendOnly, RedisServer, patient};

const DAY: i64 = 86_400_000;
const SHORT: Retention = Retention {
    journal_days: 2,
    statuses_days: 3,
};

/// A conversation with a journal entry, a message key and a status.
async fn leaves_what_ends(store: &Arc<dyn Store>) {
    let home = home(1);
    let told = Commit {
        journal: vec!["entry".to_owned()],
        ..with_plain(&home, 0, LaneKind::Provider, 1)
    };
    let head = commit_head(store, told, NOW).await;
    begin(store, &head, NOW).await;
    let done = Settlement::Done {
        sent: true,
        message_key: Some("key".to_owned()),
    };
    settle(store, &head, done, NOW).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let status = store.record_status(&target, DeliveryStatus::Sent, NOW).await;
    assert!(status.expect("an answer").raised);
}

/// What of it is still there when it is `days` later: the journal, the message key.
async fn stays(store: &Arc<dyn Store>, days: i64, revision: u64) -> (bool, bool) {
    commit(store, change(&home(2), revision), NOW + days * DAY).await;
    let journal = store.journal(&home(1)).await.expect("an answer");
    let effect = store.effect_of(&home(1), "key").await.expect("an answer");
    (!journal.is_empty(), effect.is_some())
}

async fn ends_in_time(store: Arc<dyn Store>) {
    leaves_what_ends(&store).await;
    assert_eq!(stays(&store, 1, 0).await, (true, true));
    assert_eq!(stays(&store, 4, 1).await, (false, false));
    let target = StatusTarget::Effect(format!("{}.1.0", home(1)).as_str().into());
    let again = store
        .record_status(&target, DeliveryStatus::Sent, NOW + 4 * DAY)
        .await
        .expect("an answer");
    assert!(again.raised, "the one of before is forgotten");
    assert_eq!(
        load(&store, &home(1), &[]).await.revision,
        1,
        "no conversation ends"
    );
    store.close().await;
}

#[tokio::test]
async fn what_is_kept_for_days_ends_after_them_in_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = embedded::open_with(directory.path(), SHORT).expect("a store");
    ends_in_time(Arc::new(store)).await;
}

#[tokio::test]
async fn what_is_kept_for_days_ends_after_them_in_the_model() {
    ends_in_time(Arc::new(ModelStore::keeping(SHORT))).await;
}

async fn opened(server: &RedisServer, retention: Retention) -> Arc<dyn Store> {
    let options = Options {
        retention,
        ..patient()
    };
    let store = redis_store::connect(&server.url(), options).await;
    Arc::new(store.expect("a Redis store"))
}

#[tokio::test]
async fn what_is_kept_for_days_has_an_end_on_a_server_and_what_begins_anew_has_none() {
    let server = RedisServer::start(AppendOnly::Off).expect("a server");
    let store = opened(&server, SHORT).await;
    leaves_what_ends(&store).await;
    let home = home(1);
    let ends_within = |family: &str, rest: &str, days: i64| {
        let key = format!("{family}:{{s001aguq}}:{rest}");
        let answer = server.asks(&format!("TTL {key}")).expect("an answer");
        let seconds: i64 = answer.trim_start_matches(':').parse().expect("a number");
        let full = days * DAY / 1_000;
        assert!(seconds > full - 60 && seconds <= full, "{key}: {seconds}");
    };
    ends_within("jr", home.as_str(), 2);
    ends_within("st", &format!("{home}.1.0"), 3);
    ends_within("msg", &format!("{home}:key"), 3);
    erased(&store, &erasure(&home, 1)).await;
    ends_within("conv", home.as_str(), 40);
    commit(&store, change(&home, 11), NOW).await;
    let answer = server.asks(&format!("TTL conv:{{s001aguq}}:{home}"));
    assert_eq!(answer.expect("an answer"), ":-1", "a conversation never ends");
    store.close().await;
}

#[tokio::test]
async fn a_tombstone_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let file: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).expect("a store"));
    for store in [file, Arc::new(ModelStore::default())] {
        commit(&store, change(&home(1), 0), NOW).await;
        erased(&store, &erasure(&home(1), 1)).await;
        commit(&store, change(&home(2), 0), NOW + 41 * DAY).await;
        let found = load(&store, &home(1), &[]).await;
        assert_eq!((found.revision, found.erased_at_ms), (0, None));
        commit(&store, change(&home(1), 0), NOW + 41 * DAY).await;
        store.close().await;
    }
}

/// Everything in the files under a directory.
fn bytes_under(directory: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            bytes.extend(bytes_under(&path));
        } else {
            // A file may be removed between the look and the read.
            bytes.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

fn stands_in(text: &str, directory: &Path) -> bool {
    let bytes = bytes_under(directory);
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Two conversations whose states and entries hold a word of their own, each changed a few times.
async fn two_talk(store: &Arc<dyn Store>) {
    for revision in 0..20 {
        for (n, word) in [(1, "ANA-DISTINTIVA"), (2, "BRUNO-INTACTO")] {
            let told = Commit {
                state: format!("{word} {revision} {}", "x".repeat(2_000)),
                journal: vec![format!("{word} said {revision}")],
                ..with_plain(&home(n), revision, LaneKind::Provider, 1)
            };
            commit(store, told, NOW).await;
        }
    }
}

async fn erases_the_first(store: &Arc<dyn Store>) {
    erased(store, &erasure(&home(1), 20)).await;
    assert!(all_found(store, &["ANA-DISTINTIVA"]).await.is_empty());
}

#[tokio::test]
async fn a_file_that_was_written_anew_holds_nothing_of_who_was_erased() {
    let directory = tempfile::tempdir().expect("a directory");
    let store: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).expect("a store"));
    two_talk(&store).await;
    erases_the_first(&store).await;
    assert!(
        stands_in("ANA-DISTINTIVA", directory.path()),
        "or this test would prove nothing"
    );
    let before = store.journal(&home(2)).await.expect("an answer");
    assert_eq!(
        store.rewrite_history().await.expect("an answer"),
        History::Rewritten
    );
    assert!(!stands_in("ANA-DISTINTIVA", directory.path()));
    assert!(stands_in("BRUNO-INTACTO", directory.path()));
    assert_eq!(store.journal(&home(2)).await.expect("an answer"), before);
    assert_eq!(
        load(&store, &home(1), &[]).await.revision,
        30,
        "the tombstone is kept"
    );
    commit(&store, change(&home(2), 20), NOW).await;
    store.close().await;
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .expect("a directory")
        .collect();
    assert_eq!(names.len(), 1, "no second file is left: {names:?}");

    std::fs::write(directory.path().join("sacola.redb.new"), "half a file").expect("written");
    let reopened: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).expect("it was closed"));
    assert!(
        !directory.path().join("sacola.redb.new").exists(),
        "what a crash left goes"
    );
    assert_eq!(load(&reopened, &home(2), &[]).await.revision, 21);
    reopened.close().await;
}

#[tokio::test]
async fn writes_and_reads_go_on_while_the_file_is_written_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let store: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).expect("a store"));
    two_talk(&store).await;
    for round in 0..5 {
        let changes = (3..40).map(|n| commit(&store, change(&home(n), round), NOW));
        let (_, rewritten) =
            futures::future::join(futures::future::join_all(changes), store.rewrite_history()).await;
        assert_eq!(rewritten.expect("an answer"), History::Rewritten);
    }
    store.close().await;
    let reopened: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).expect("it was closed"));
    for n in 3..40 {
        assert_eq!(load(&reopened, &home(n), &[]).await.revision, 5, "{n}");
    }
    reopened.close().await;
}

#[tokio::test]
async fn an_append_only_file_that_was_written_anew_holds_nothing_of_who_was_erased() {
    let server = RedisServer::start(AppendOnly::No).expect("a server");
    let store = opened(&server, Retention::default()).await;
    two_talk(&store).await;
    erases_the_first(&store).await;
    assert!(
        stands_in("ANA-DISTINTIVA", server.directory()),
        "or this test would prove nothing"
    );
    assert_eq!(
        store.rewrite_history().await.expect("an answer"),
        History::Rewritten
    );
    // The server unlinks the files of before in the background.
    let gone = eventually(|| async { (!stands_in("ANA-DISTINTIVA", server.directory())).then_some(()) });
    assert!(gone.await.is_some());
    assert!(stands_in("BRUNO-INTACTO", server.directory()));
    store.close().await;
}

#[tokio::test]
async fn a_server_that_keeps_no_file_or_forbids_it_says_so() {
    let server = RedisServer::start(AppendOnly::Off).expect("a server");
    let store = opened(&server, Retention::default()).await;
    assert_eq!(store.rewrite_history().await.expect("an answer"), History::None);
    store.close().await;
    let server = RedisServer::start(AppendOnly::No).expect("a server");
    let forbidden = server.asks("ACL SETUSER default -bgrewriteaof");
    assert_eq!(forbidden.expect("an answer"), "+OK");
    let store = opened(&server, Retention::default()).await;
    match store.rewrite_history().await.expect("an answer") {
        History::Kept(why) => assert!(why.contains("+bgrewriteaof"), "{why}"),
        other @ (History::Rewritten | History::Started | History::None) => panic!("{other:?}"),
    }
    store.close().await;
}
