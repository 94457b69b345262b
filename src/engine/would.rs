//! What an event would do now: the way of a real one up to its commit, and nothing of it is kept. It writes nothing to the store
//! and hands no work to anybody.

use super::drafts::Draft;
use super::finding::found_at;
use super::items::LaneBody;
use super::{Engine, Happened, Refused, Taken, addresses, refused};
use crate::store::Item;

/// What an event would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Would {
    /// It would be decided.
    Done {
        /// The effects in their order: `send:<kind>`, `quote`, `forward`.
        effects: Vec<String>,
        /// Why it would be parked, when its decision fails.
        parked: Option<String>,
        /// The end of the service window afterwards, in Unix milliseconds.
        window_open_until_ms: i64,
    },
    /// It was done before.
    Duplicate,
    /// There is no such conversation.
    NoConversation,
}

impl Engine {
    /// Decides an event against the present state, as [`Engine::take`] would, without a commit.
    pub async fn would(&self, happened: &Happened) -> Result<Would, Refused> {
        let mark = addresses::mark(&happened.id, happened.at_ms);
        let located = self.locate(&happened.who, &[mark]).await;
        let located = located.map_err(|error| refused(&error))?;
        let Some(found) = found_at(located, &happened.who) else {
            return Ok(Would::NoConversation);
        };
        let settings = self.number(&found.conversation.number);
        let settings = settings.ok_or(Refused::UnknownNumber)?;
        if found.done.contains(&mark) {
            return Ok(Would::Duplicate);
        }
        let state_bytes = found.stored_bytes;
        let mut draft = Draft::of(found, settings.shop.merchant.clone());
        let decided = self
            .decide_one(&mut draft, happened, &settings.shop, state_bytes)
            .await;
        match decided.map_err(|error| refused(&error))? {
            Taken::Done { .. } => Ok(Would::Done {
                effects: draft.commit.items.iter().map(|(_, item)| told(item)).collect(),
                parked: draft.commit.dead_letters.pop().map(|letter| letter.reason),
                window_open_until_ms: draft.after.window_open_until_ms,
            }),
            Taken::Duplicate => Ok(Would::Duplicate),
            Taken::NoConversation => Ok(Would::NoConversation),
        }
    }
}

fn told(item: &Item) -> String {
    LaneBody::read(&item.body).map_or_else(|| "unreadable".to_owned(), |body| body.word())
}
