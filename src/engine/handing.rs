//! Lane work on its way to whoever serves lanes, and back to the store when nobody will. It owns what a stopping replica does
//! with leases that it holds and has not used; it refuses to serve a lane.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;

use super::{Engine, LaneWork};
use crate::clock::Clock;
use crate::store::{Head, Store};

impl LaneWork {
    /// The head that it leases to us, if it does.
    pub fn into_head(self) -> Option<Box<Head>> {
        match self {
            Self::Serve(head, _) | Self::Hold(head, _) => Some(head),
            Self::Wake(..) => None,
        }
    }
}

impl Engine {
    /// Hands lane work to whoever serves lanes. When nobody does any more, the lane is given back.
    pub fn hand_over(&self, work: LaneWork) {
        match self.lane_work.try_send(work) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::debug!("lane work does not fit; the sweeper will pick it up");
            }
            Err(TrySendError::Closed(work)) => {
                if let Some(head) = work.into_head() {
                    self.release_later(head);
                }
            }
        }
    }

    /// Gives back a lane that was not begun, so that another replica goes on with it at once.
    pub async fn release(&self, head: &Head) {
        let parts = &self.parts;
        release(parts.store.as_ref(), parts.clock.as_ref(), head).await;
    }

    /// The same in the background.
    pub fn release_later(&self, head: Box<Head>) {
        let (store, clock) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.clock));
        self.tasks.spawn("release", async move {
            release(store.as_ref(), clock.as_ref(), &head).await;
        });
    }
}

async fn release(store: &dyn Store, clock: &dyn Clock, head: &Head) {
    match store.release(head, clock.now_ms()).await {
        Ok(true) => metrics::counter!("sacola_lanes_released_total").increment(1),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(%error, conversation = %head.lane.home, "a lane was not given back; its lease will end");
        }
    }
}
