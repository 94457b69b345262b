//! Which trace a call belongs to, told to the merchant by the W3C header `traceparent` (W3C, Trace Context, 2021-11-23). It owns
//! how the value reaches a connector's call without every call having it as a parameter; it refuses to know how it is computed.

use std::future::Future;

tokio::task_local! {
    static TRACEPARENT: String;
}

/// The header's name.
pub const HEADER: &str = "traceparent";

/// Runs `calls`; all that go to the merchant meanwhile carry `traceparent`, if there is one.
pub async fn within<F: Future>(traceparent: Option<String>, calls: F) -> F::Output {
    match traceparent {
        Some(traceparent) => TRACEPARENT.scope(traceparent, Box::pin(calls)).await,
        None => calls.await,
    }
}

/// What the call that is made now should carry.
pub(super) fn current() -> Option<String> {
    TRACEPARENT.try_with(Clone::clone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_runs_within_carries_it() {
        let inside = within(Some("00-a-b-01".to_owned()), async { current() }).await;
        let without = within(None, async { current() }).await;

        assert_eq!(inside.as_deref(), Some("00-a-b-01"));
        assert_eq!((without, current()), (None, None));
    }
}
