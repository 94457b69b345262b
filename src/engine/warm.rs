//! Conversations as this replica last committed them, so that the next event of one needs no load: the commit's own check of
//! the revision tells when somebody else was faster, and its done-marks tell a redelivery. It owns a bounded memory; it
//! refuses to be believed: whatever a commit refuses is read from the store again.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::domain::conversation::Conversation;
use crate::domain::ids::HomeId;

/// Conversations that are kept: those that were active last.
const KEPT: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();
/// Larger states are always loaded, so that all that is kept stays under some 30 MB.
const STATE_BYTES: usize = 4 * 1024;

/// A conversation as committed.
#[derive(Clone, Debug)]
pub(super) struct Warm {
    /// The homes that the customer's ids would have (none: it was found by its home): other ids are other aliases, which only
    /// a load can judge.
    pub ids: Vec<HomeId>,
    /// The conversation.
    pub conversation: Conversation,
    /// Bytes of its encoded state.
    pub state_bytes: usize,
}

/// The bounded memory, by folding key.
#[derive(Debug)]
pub(super) struct WarmConversations {
    kept: Mutex<LruCache<HomeId, Warm>>,
}

impl Default for WarmConversations {
    fn default() -> Self {
        Self {
            kept: Mutex::new(LruCache::new(KEPT)),
        }
    }
}

impl WarmConversations {
    /// Takes out what is known under this key, if it fits; whoever commits puts it back.
    pub(super) fn take(&self, key: &HomeId, fits: impl Fn(&Warm) -> bool) -> Option<Warm> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop(key).filter(fits)
    }

    /// Keeps a conversation that was just committed.
    pub(super) fn put(&self, warm: Warm) {
        let key = warm.ids.first().unwrap_or(&warm.conversation.home).clone();
        if warm.state_bytes <= STATE_BYTES {
            self.kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put(key, warm);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
