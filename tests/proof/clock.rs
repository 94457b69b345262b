//! A replica's clock: the world's time plus what this machine is off by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::BoxFuture;
use sacola::clock::Clock;

use super::stage::{Crossing, ReplicaId, Stage};

#[derive(Debug)]
pub struct ReplicaClock {
    pub stage: Arc<Stage>,
    pub replica: ReplicaId,
    pub skew_ms: Arc<AtomicI64>,
}

impl Clock for ReplicaClock {
    fn now_ms(&self) -> i64 {
        self.stage.now_ms() + self.skew_ms.load(Ordering::SeqCst)
    }

    fn sleep_ms(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let (stage, replica) = (Arc::clone(&self.stage), self.replica);
        let until_ms = self.stage.now_ms() + i64::try_from(duration_ms).unwrap();
        Box::pin(async move {
            stage
                .cross(replica, Crossing::Sleep(until_ms), || {
                    format!("sleep {duration_ms} ms")
                })
                .await;
        })
    }
}
