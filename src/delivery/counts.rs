//! What attempts are counted by: toward whom, how they ended, Meta's code, how long they took. It performs nothing, and no label of it
//! comes from outside but by the table of codes.

use std::borrow::Cow;
use std::time::Duration;

use crate::domain::ids::MerchantId;
use crate::store::LaneKind;
use crate::whatsapp::errors;

/// The word for whom a lane leads to.
pub(super) fn toward(kind: LaneKind) -> &'static str {
    match kind {
        LaneKind::Provider => "provider",
        LaneKind::Merchant => "merchant",
    }
}

/// An attempt that was made.
pub(super) fn attempt(toward: &'static str, verdict: &'static str, code: Option<i64>, took: Duration) {
    ended(toward, verdict, code.map_or(Cow::Borrowed("none"), errors::label));
    metrics::histogram!("sacola_attempt_seconds", "toward" => toward).record(took);
}

/// A call to a merchant that was made: also by whose it is, so that a small broken shop is seen beside large ones.
pub(super) fn call(merchant: &MerchantId, verdict: &'static str, took: Duration) {
    attempt("merchant", verdict, None, took);
    let merchant = merchant.as_str().to_owned();
    metrics::counter!("sacola_merchant_attempts_total", "merchant" => merchant, "verdict" => verdict)
        .increment(1);
}

/// One that was not made: it was put off, came too late, or was dropped.
pub(super) fn unmade(toward: &'static str, verdict: &'static str) {
    ended(toward, verdict, Cow::Borrowed("none"));
}

fn ended(toward: &'static str, verdict: &'static str, code: Cow<'static, str>) {
    metrics::counter!("sacola_attempts_total", "toward" => toward, "verdict" => verdict, "code" => code)
        .increment(1);
}

/// The store refused a start for a rate.
pub(super) fn refused(budget: &'static str) {
    metrics::counter!("sacola_budget_refusals_total", "budget" => budget).increment(1);
}
