//! Delivery statuses as webhooks bring them: counted here, taken by delivery, which knows what they mean.

use super::State;
use super::problem::ApiError;
use crate::whatsapp::inbound::StatusUpdate;

/// Takes one status.
pub(super) async fn record(state: &State, status: &StatusUpdate) -> Result<(), ApiError> {
    state.dispatcher.take_status(status).await?;
    metrics::counter!("sacola_statuses_total", "status" => status.status.word()).increment(1);
    Ok(())
}
