//! Dead letters that nobody handles end too, where the operator wants it so. It owns when; it refuses to judge which are worth
//! keeping.

use std::sync::Arc;

use super::Dispatcher;
use crate::store::{self, LetterFilter};

/// How often old letters are looked for.
const LOOK_MS: u64 = 60 * 60 * 1_000;
/// Letters of one look into the store.
const READ_AT_ONCE: usize = 100;

impl Dispatcher {
    /// Removes dead letters that are older than `kept_ms`, now and each hour.
    pub fn remove_old_letters(self: &Arc<Self>, kept_ms: i64) {
        let own = Arc::clone(self);
        self.tasks.spawn("old_letters", async move {
            own.remove_old_letters_for_ever(kept_ms).await;
        });
    }

    async fn remove_old_letters_for_ever(&self, kept_ms: i64) {
        let stop = self.tasks.stop_token();
        loop {
            let removed = tokio::select! {
                removed = self.remove_letters_older_than(kept_ms) => removed,
                () = stop.cancelled() => return,
            };
            match removed {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "dead letters were too old and are gone"),
                Err(error) => tracing::warn!(%error, "failed to remove old dead letters"),
            }
            tokio::select! {
                () = self.engine().clock().sleep_ms(LOOK_MS) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Removes dead letters that were parked more than `kept_ms` ago; returns how many.
    pub async fn remove_letters_older_than(&self, kept_ms: i64) -> Result<u64, store::Error> {
        let before_ms = self.now_ms().saturating_sub(kept_ms);
        let mut removed = 0;
        loop {
            let oldest = self
                .store()
                .dead_letters(&LetterFilter::default(), None, READ_AT_ONCE)
                .await?;
            let old = oldest.iter().take_while(|letter| letter.at_ms < before_ms);
            let mut gone = 0;
            for letter in old {
                gone += usize::from(self.store().remove_dead_letter(&letter.id).await?);
            }
            removed += u64::try_from(gone).unwrap_or(u64::MAX);
            if gone < READ_AT_ONCE {
                return Ok(removed);
            }
        }
    }
}
