//! What is left in the store once everything came to rest and the gateways are gone: lanes that hold something, and customers
//! whose last message never came. It finds; the toll counts.

use std::sync::Arc;

use sacola::domain::conversation::Conversation;
use sacola::domain::ids::{EffectId, HomeId};
use sacola::store::{LoadRequest, Store, UnixMs};

use super::crowd::Deed;
use super::outside::{Accepted, Outside};

/// Conversations that are read at once.
const AT_ONCE: usize = 100;
/// Lanes that are told at most.
const LANES: usize = 100;
/// Nothing waits for longer.
const LONGEST_WAIT_MS: i64 = 7 * 86_400_000;

/// Everything that is left, as sentences.
pub async fn left(store: &Arc<dyn Store>, outside: &Outside, deeds: &[Deed], now_ms: UnixMs) -> Vec<String> {
    let mut left = Vec::new();
    for some in deeds.chunks(AT_ONCE) {
        left.extend(unanswered(store, outside, some).await);
    }
    let lanes = store.due_lanes(now_ms + LONGEST_WAIT_MS, LANES).await.unwrap();
    left.extend(
        lanes
            .into_iter()
            .map(|lane| format!("something is left in {lane:?}")),
    );
    left
}

/// Those who were acknowledged something and did not get the last message that was decided for them. Nothing replaces the last
/// one, so it must have come whatever became of those before it.
async fn unanswered(store: &Arc<dyn Store>, outside: &Outside, deeds: &[Deed]) -> Vec<String> {
    let mut left = Vec::new();
    let mut heard: Vec<(&Deed, Vec<Accepted>)> = Vec::new();
    for deed in deeds.iter().filter(|deed| deed.said > 0) {
        let messages = outside.messages_to(&deed.wa_id);
        if messages.is_empty() {
            left.push(format!("{} never got an answer", deed.wa_id));
        } else {
            heard.push((deed, messages));
        }
    }
    let requests: Vec<LoadRequest> = heard
        .iter()
        .map(|(_, messages)| LoadRequest {
            homes: vec![HomeId::new(messages[0].home())],
            ..LoadRequest::default()
        })
        .collect();
    let loaded = store.load(&requests).await.unwrap();
    assert_eq!(loaded.len(), heard.len(), "not all conversations were read");
    for ((deed, messages), found) in heard.iter().zip(&loaded) {
        let state = found.conversations[0].state.as_deref();
        let Some(last) = state.and_then(last_message) else {
            left.push(format!("{} got messages that nobody decided", deed.wa_id));
            continue;
        };
        if !messages.iter().any(|message| message.effect == last.as_str()) {
            left.push(format!("{} never got {last}: {deed:?}", deed.wa_id));
        }
    }
    left
}

/// The last message that was decided in a conversation.
fn last_message(state: &str) -> Option<EffectId> {
    let conversation: Conversation = serde_json::from_str(state).unwrap();
    let mut newest_first = conversation.recent.iter().rev();
    let (revision, place) = newest_first.find_map(|trace| trace.effect)?;
    Some(EffectId::of(&conversation.home, revision, place))
}
