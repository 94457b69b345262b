//! Erasing: what goes in one piece, what stays in its place, and that a search finds whatever else there is.

use std::collections::BTreeSet;
use std::sync::Arc;

use sacola::domain::ids::{EffectId, HOME_CHARS, HomeId, PurchaseId};
use sacola::store::{
    Commit, CommitOutcome, DeadLetter, DeliveryStatus, Edge, EraseOutcome, Erasure, Family, Found,
    IdempotencyOutcome, LaneKind, LoadRequest, Needles, Removed, SettleOutcome, Settlement, StatusTarget,
    Store,
};

use super::harness::{
    LEASE, NOW, TODAY, at, begin, change, commit, commit_head, home, interest, lane, load, mark, sent,
    settle, with_items, with_plain,
};

const DAY: i64 = 86_400_000;

/// The end of a conversation of which `expected` was loaded.
pub fn erasure(home: &HomeId, expected: u64) -> Erasure {
    Erasure {
        home: home.clone(),
        expected_revision: expected,
        revision: expected + 10,
        at_ms: NOW + 5,
        until_ms: NOW + 40 * DAY,
        interest: vec![interest("a")],
        days: vec![TODAY],
        alias_of: None,
    }
}

pub async fn erased(store: &Arc<dyn Store>, erasure: &Erasure) -> Removed {
    match store.erase(erasure).await.expect("an answer") {
        EraseOutcome::Erased(removed) => removed,
        EraseOutcome::Conflict => panic!("somebody else was faster"),
    }
}

/// A change that brings something of every kind.
fn full(home: &HomeId) -> Commit {
    let items = [LaneKind::Provider, LaneKind::Merchant].map(|kind| {
        let item = super::harness::item(home, 1, usize::from(kind == LaneKind::Merchant));
        (kind, item)
    });
    Commit {
        marks: vec![mark(1), mark(2)],
        items: items.into(),
        interest_added: vec![interest("a"), interest("b")],
        journal: vec!["entry".to_owned(), "and another".to_owned()],
        ..change(home, 0)
    }
}

pub async fn an_erased_conversation_is_gone_with_all_that_is_its_own(store: Arc<dyn Store>) {
    let (first, second) = (home(1), home(257));
    let (heads, _) = commit(&store, full(&first), NOW).await;
    commit(&store, full(&second), NOW).await;
    let both = Erasure {
        interest: vec![interest("a"), interest("b")],
        ..erasure(&first, 1)
    };
    let removed = erased(&store, &both).await;
    let expected = Removed {
        conversations: 1,
        journal_entries: 2,
        lane_items: 2,
        marks: 2,
        interest: 2,
        aliases: 0,
    };
    assert_eq!(removed, expected);
    let found = load(&store, &first, &[mark(1), mark(2)]).await;
    assert_eq!(
        (found.state, found.revision, found.erased_at_ms),
        (None, 11, Some(NOW + 5))
    );
    assert!(found.done.is_empty());
    assert!(store.journal(&first).await.expect("an answer").is_empty());
    let lanes = [LaneKind::Provider, LaneKind::Merchant].map(|kind| lane(&first, kind));
    for look in store.look_at_lanes(&lanes, 9).await.expect("an answer") {
        assert_eq!(look.length, 0);
    }
    for head in &heads {
        assert_eq!(settle(&store, head, sent(), NOW).await, SettleOutcome::LeaseLost);
    }
    let due = store.due_lanes(NOW + LEASE, 9).await.expect("an answer");
    assert!(due.iter().all(|lane| lane.home == second), "{due:?}");
    assert_eq!(due.len(), 2, "those of the other conversation in the same shard");
    let hears = store.interested(second.shard(), &interest("a"), None, 9).await;
    assert_eq!(hears.expect("an answer"), std::slice::from_ref(&second));
    let other = load(&store, &second, &[mark(1)]).await;
    assert_eq!(
        (other.revision, other.done.len(), other.erased_at_ms),
        (1, 1, None)
    );
    assert_eq!(store.journal(&second).await.expect("an answer").len(), 2);
}

pub async fn a_conversation_that_changed_meanwhile_is_not_erased(store: Arc<dyn Store>) {
    let home = home(3);
    commit(&store, full(&home), NOW).await;
    for expected in [0, 2] {
        let outcome = store.erase(&erasure(&home, expected)).await.expect("an answer");
        assert_eq!(outcome, EraseOutcome::Conflict);
    }
    assert_eq!(load(&store, &home, &[mark(1)]).await.done.len(), 1);
    assert_eq!(store.journal(&home).await.expect("an answer").len(), 2);
    erased(&store, &erasure(&home, 1)).await;
}

pub async fn what_others_have_in_memory_does_not_bring_it_back(store: Arc<dyn Store>) {
    let home = home(4);
    commit(&store, full(&home), NOW).await;
    commit(&store, change(&home, 1), NOW).await;
    erased(&store, &erasure(&home, 2)).await;
    for expected in [0, 1, 2] {
        let late = with_plain(&home, expected, LaneKind::Provider, 1);
        let outcome = store.commit(late, at(NOW)).await.expect("an answer");
        assert_eq!(outcome, CommitOutcome::Conflict, "{expected}");
    }
    assert_eq!(load(&store, &home, &[]).await.state, None);
    let begun = with_plain(&home, 12, LaneKind::Provider, 1);
    let head = commit_head(&store, begun, NOW).await;
    assert_eq!(
        head.item.effect_id,
        EffectId::of(&home, 13, 0),
        "no id comes twice"
    );
    let found = load(&store, &home, &[]).await;
    assert_eq!((found.revision, found.erased_at_ms), (13, None));
}

pub async fn erasing_twice_is_harmless(store: Arc<dyn Store>) {
    let home = home(5);
    commit(&store, full(&home), NOW).await;
    erased(&store, &erasure(&home, 1)).await;
    let again = erased(&store, &erasure(&home, 11)).await;
    assert_eq!(again, Removed::default());
    assert_eq!(load(&store, &home, &[]).await.revision, 21);
}

pub async fn an_alias_goes_only_when_it_still_leads_there(store: Arc<dyn Store>) {
    let (alias, mine, yours) = (home(9), home(6), home(7));
    store.put_alias(&alias, &mine).await.expect("an answer");
    let led = |to: &HomeId| Erasure {
        alias_of: Some(to.clone()),
        interest: Vec::new(),
        ..erasure(&alias, 0)
    };
    assert_eq!(erased(&store, &led(&yours)).await.aliases, 0);
    let again = Erasure {
        expected_revision: 10,
        ..led(&mine)
    };
    assert_eq!(erased(&store, &again).await.aliases, 1);
    let request = LoadRequest {
        aliases: vec![alias.clone()],
        ..LoadRequest::default()
    };
    let loaded = store.load(&[request]).await.expect("an answer");
    assert_eq!(loaded[0].aliases, [None]);
    assert_eq!(load(&store, &alias, &[]).await.erased_at_ms, Some(NOW + 5));
}

/// Everything that a search finds of these texts, from the first page to the last.
pub async fn all_found(store: &Arc<dyn Store>, texts: &[&str]) -> Vec<Found> {
    let mut needles = Needles::default();
    for text in texts {
        // The id of a conversation is nobody's but its own, wherever it stands.
        let edge = if text.len() == HOME_CHARS {
            Edge::Any
        } else {
            Edge::Word
        };
        needles.add(text.as_bytes(), edge);
    }
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.search(&needles, after.as_deref()).await.expect("an answer");
        found.extend(page.found);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn families(found: &[Found]) -> BTreeSet<Family> {
    found.iter().map(|one| one.place.family).collect()
}

/// Something of every kind that a conversation leaves.
async fn leaves_traces(store: &Arc<dyn Store>, home: &HomeId) {
    let own = Commit {
        state: format!("{{\"wa_id\":\"551190\",\"of\":\"{home}\"}}"),
        ..full(home)
    };
    let (heads, _) = commit(store, own, NOW).await;
    let head = heads.iter().find(|head| head.lane.kind == LaneKind::Provider);
    let head = head.expect("a message");
    begin(store, head, NOW).await;
    let done = Settlement::Done {
        sent: true,
        message_key: Some("key".to_owned()),
    };
    settle(store, head, done, NOW).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    store
        .record_status(&target, DeliveryStatus::Read, NOW)
        .await
        .expect("an answer");
    store
        .put_alias(&super::harness::home(77), home)
        .await
        .expect("an answer");
    let purchase = PurchaseId::new(format!("{:02x}p", home.shard().0));
    let record = format!("{{\"home\":\"{home}\"}}");
    store.put_purchase(&purchase, &record).await.expect("an answer");
    let letter = DeadLetter {
        id: "dl-1".to_owned(),
        reason: "poison".to_owned(),
        detail: String::new(),
        merchant: None,
        home: Some(home.clone()),
        at_ms: NOW,
        source: "item".to_owned(),
        body: "{}".to_owned(),
    };
    store.park(&letter, 1).await.expect("an answer");
    let told = format!("{{\"customer\":\"551190\",\"home\":\"{home}\"}}");
    store
        .put_record("parked", "r-1", &told, 0)
        .await
        .expect("an answer");
    let begun = store.begin_idempotent("k", "f", 60_000, NOW).await;
    assert_eq!(begun.expect("an answer"), IdempotencyOutcome::New);
    let answer = format!("{{\"effects\":[\"{home}.1.0\"]}}");
    store.finish_idempotent("k", &answer).await.expect("an answer");
    let held = store.hold(&format!("replay:{home}"), "me", 1_000, NOW).await;
    assert!(held.expect("an answer"));
}

pub async fn a_search_finds_whatever_somebody_left(store: Arc<dyn Store>) {
    let home = home(8);
    leaves_traces(&store, &home).await;
    commit(&store, full(&super::harness::home(264)), NOW).await;
    let found = all_found(&store, &[home.as_str()]).await;
    let expected = [
        Family::Conversation,
        Family::Journal,
        Family::Lane,
        Family::Mark,
        Family::Alias,
        Family::Status,
        Family::Message,
        Family::Interest,
        Family::Purchase,
        Family::Letter,
        Family::Record,
        Family::Idempotency,
        Family::Hold,
    ];
    let known = families(&found);
    for family in expected {
        assert!(known.contains(&family), "{family:?} in {known:?}");
    }
    for Found { place, .. } in &found {
        let own = !matches!(
            place.family,
            Family::Purchase | Family::Letter | Family::Record | Family::Idempotency | Family::Hold
        );
        assert!(!own || place.home.as_ref() == Some(&home), "{place:?}");
    }
    let named = |family: Family| {
        let one = found
            .iter()
            .find(|one| one.place.family == family)
            .expect("found");
        (one.place.name.clone(), one.place.kind.clone())
    };
    assert_eq!(named(Family::Letter).0, "dl-1");
    assert_eq!(named(Family::Purchase).0, "08p");
    assert_eq!(named(Family::Idempotency).0, "k");
    assert_eq!(named(Family::Record), ("r-1".to_owned(), "parked".to_owned()));
    assert_eq!(named(Family::Status).0, format!("{home}.1.0"));
    let by_number = families(&all_found(&store, &["551190"]).await);
    assert_eq!(by_number, BTreeSet::from([Family::Conversation, Family::Record]));
    assert!(
        all_found(&store, &["5511"]).await.is_empty(),
        "part of another number"
    );
}

pub async fn what_is_forgotten_is_found_no_more(store: Arc<dyn Store>) {
    let home = home(10);
    leaves_traces(&store, &home).await;
    erased(&store, &erasure(&home, 1)).await;
    let found = all_found(&store, &[home.as_str()]).await;
    let places: Vec<_> = found.into_iter().map(|one| one.place).collect();
    store.forget(&places).await.expect("an answer");
    let left = families(&all_found(&store, &[home.as_str()]).await);
    let expected = [
        Family::Tombstone,
        Family::Alias,
        Family::Purchase,
        Family::Letter,
        Family::Record,
    ];
    assert_eq!(left, BTreeSet::from(expected), "those have methods of their own");
    store.remove_dead_letter("dl-1").await.expect("an answer");
    store.remove_record("parked", "r-1").await.expect("an answer");
    let nobodys = store
        .put_purchase(&PurchaseId::new("0ap"), "{\"home\":\"\"}")
        .await;
    nobodys.expect("an answer");
    let alias = Erasure {
        alias_of: Some(home.clone()),
        ..erasure(&super::harness::home(77), 0)
    };
    assert_eq!(erased(&store, &alias).await.aliases, 1);
    let left = families(&all_found(&store, &[home.as_str()]).await);
    assert_eq!(left, BTreeSet::from([Family::Tombstone]));
    let again = store.begin_idempotent("k", "g", 60_000, NOW).await;
    assert_eq!(again.expect("an answer"), IdempotencyOutcome::New);
}

pub async fn a_long_search_reads_everything_once(store: Arc<dyn Store>) {
    for n in 0..150_u32 {
        let home = home(n);
        let items = (0..3).map(|index| super::harness::item(&home, 1, index));
        let marked = Commit {
            state: format!("needle in {n}"),
            journal: (0..45).map(|entry| format!("{entry}")).collect(),
            ..with_items(&home, 0, LaneKind::Merchant, items)
        };
        commit(&store, marked, NOW).await;
    }
    let found = all_found(&store, &["needle"]).await;
    let homes: BTreeSet<&HomeId> = found.iter().filter_map(|one| one.place.home.as_ref()).collect();
    assert_eq!(homes.len(), 150);
    let last = home(149);
    let mut entry = change(&last, 1);
    entry.journal = vec!["the last needle of all".to_owned()];
    commit(&store, entry, NOW).await;
    let found = all_found(&store, &["the last needle of all"]).await;
    assert_eq!(
        families(&found),
        BTreeSet::from([Family::Journal]),
        "behind the first part"
    );
}
