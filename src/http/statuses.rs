//! Delivery statuses as webhooks bring them: counted here, taken by delivery, which knows what they mean.

use futures::future::join_all;

use super::State;
use super::problem::ApiError;
use crate::whatsapp::inbound::StatusUpdate;

/// Statuses of one webhook that are recorded side by side.
const AT_ONCE: usize = 64;

/// Takes statuses, in any order: their lattice makes each right. All are tried; the first error is told.
pub(super) async fn record_all(state: &State, statuses: &[Box<StatusUpdate>]) -> Result<(), ApiError> {
    let mut all = Ok(());
    for some in statuses.chunks(AT_ONCE) {
        for one in join_all(some.iter().map(|one| record(state, one))).await {
            all = all.and(one);
        }
    }
    all
}

/// Takes one status.
async fn record(state: &State, status: &StatusUpdate) -> Result<(), ApiError> {
    state.dispatcher.take_status(status).await?;
    metrics::counter!("sacola_statuses_total", "status" => status.status.word()).increment(1);
    Ok(())
}
