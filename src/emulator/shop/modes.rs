//! How the shop answers: well, late, wrongly, or not at all.

use serde::{Deserialize, Serialize};

/// The shop's present mood.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Mode {
    #[serde(rename = "mode")]
    pub name: ModeName,
    /// For how many calls; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Waited before the answer leaves, after the purchase is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
}

/// The moods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    #[default]
    Normal,
    /// Stores the purchase, then takes its time (3 s unless `delay_ms`).
    Slow,
    /// 503 to every call of the API.
    Down,
    /// 500 to purchases, nothing stored.
    #[serde(rename = "error_500")]
    Error500,
    /// Stores the purchase, then cuts the connection.
    CutAfterCommit,
    /// Cuts the connection, nothing stored.
    CutBeforeCommit,
    /// Accepts with a total one cent higher.
    WrongTotal,
    /// Accepts with a payment link on a foreign host.
    BadHost,
    /// The first product of the order has just become 1.00 dearer, and nobody was told.
    PriceChanged,
    /// The first product of the order has just sold out, and nobody was told.
    OutOfStock,
    /// 409 `in_progress`, nothing stored.
    InProgress,
    /// 422 problem, nothing stored.
    #[serde(rename = "reject_422")]
    Reject422,
    /// 404 to quotes.
    NoQuotes,
    /// Works, but sends no callbacks.
    Silent,
}

impl Mode {
    /// The mode of one purchase call, used up by asking.
    pub fn on_purchase(&mut self) -> Mode {
        if matches!(self.name, ModeName::NoQuotes | ModeName::Silent) {
            return Mode::default();
        }
        let now = *self;
        self.used();
        now
    }

    /// True when this quote must be refused.
    pub fn refuses_quote(&mut self) -> bool {
        self.name == ModeName::NoQuotes && self.used()
    }

    /// True when this callback must not be sent.
    pub fn swallows_callback(&mut self) -> bool {
        self.name == ModeName::Silent && self.used()
    }

    fn used(&mut self) -> bool {
        if let Some(times) = &mut self.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                *self = Mode::default();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_ends_after_its_times() {
        let mut mode: Mode = serde_json::from_str(r#"{"mode":"error_500","times":1}"#).unwrap();

        assert_eq!(mode.on_purchase().name, ModeName::Error500);
        assert_eq!(mode.on_purchase().name, ModeName::Normal);
    }

    #[test]
    fn quotes_and_callbacks_have_their_own_modes() {
        let mut mode: Mode = serde_json::from_str(r#"{"mode":"no_quotes"}"#).unwrap();

        assert_eq!(mode.on_purchase().name, ModeName::Normal);
        assert!(mode.refuses_quote());
        assert!(!mode.swallows_callback());
    }
}
