//! What Meta's error codes mean for us. The codes are data (`rows_*.rs`, read by `table.rs`, printed by `document.rs`); here
//! is the one fault of sending and its verdict. It refuses to act: gates, waits and words belong to delivery and the engine.

use std::borrow::Cow;

use crate::domain::verdict::{StopScope, Verdict};

mod document;
mod rows_features;
mod rows_graph;
mod rows_messages;
mod rows_templates;
mod table;

pub use document::document;
pub use table::{Advice, Late, Row, advice, explain, row, rows, token_problem};

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection could not be made: nothing was sent.
    #[error("the provider can't be reached: {0}")]
    Unreachable(String),
    /// The provider answered with an error code of its own.
    #[error("the provider answered {http} with code {code}: {details}")]
    Refused {
        /// HTTP status.
        http: u16,
        /// Meta's code; -1 when the answer has none.
        code: i64,
        /// Meta's subcode, mostly of a dead token.
        subcode: Option<i64>,
        /// Meta's details, cut short.
        details: String,
    },
    /// The request went out and no usable answer came: it may have been taken.
    #[error("the provider's answer was lost: {0}")]
    Lost(String),
    /// The message can't be built: our fault.
    #[error("the message can't be built: {0}")]
    Unbuildable(String),
    /// The number is not configured any more: nothing was sent.
    #[error("the number is not configured")]
    NotConfigured,
}

impl SendError {
    /// What to do.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable(_) | Self::NotConfigured => Verdict::Retry { after_ms: None },
            Self::Refused {
                http,
                code,
                subcode,
                details,
            } => verdict_of(advice(*http, *code, *subcode, details)),
            Self::Lost(_) => Verdict::Unknown,
            Self::Unbuildable(_) => Verdict::Reject,
        }
    }

    /// The fault for a log: without the provider's words, which may repeat the message, the customer or the token.
    pub fn in_log(&self) -> String {
        match self {
            Self::Refused { http, code, .. } => format!("the provider answered {http} with code {code}"),
            Self::Unreachable(_) | Self::Lost(_) | Self::Unbuildable(_) | Self::NotConfigured => {
                self.to_string()
            }
        }
    }

    /// Meta's code, when there is one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unreachable(_) | Self::Lost(_) | Self::Unbuildable(_) | Self::NotConfigured => None,
        }
    }
}

/// Stands for an answer or a status without a code.
pub const NO_CODE: i64 = -1;

/// A code as a metric's label: only what the table knows, so that no sender can grow our metrics.
pub fn label(code: i64) -> Cow<'static, str> {
    match row(code) {
        Some(_) => Cow::Owned(code.to_string()),
        None if code == NO_CODE => Cow::Borrowed("none"),
        None => Cow::Borrowed("other"),
    }
}

/// Codes that end or delay one message but ask for a person: a setting, a limit that comes from complaints, terms.
pub fn needs_person(code: i64) -> bool {
    matches!(
        code,
        131_030 | 131_048 | 131_063 | 131_064 | 134_011 | 139_200 | 1 | 131_000
    )
}

/// Words of so many letters and digits may be a token.
const TOKEN_CHARS: usize = 24;

/// Provider's words without what may be a phone number, a message id or a token.
pub fn masked(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut digits = String::new();
    for c in words.chars().chain(std::iter::once(' ')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() >= PHONE_DIGITS {
            "#"
        } else {
            &digits
        });
        digits.clear();
        out.push(c);
    }
    let words = out.split(' ').map(|word| {
        if word.contains("wamid.") || is_token_like(word) {
            "#"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// True for what no word of a sentence looks like: long, of letters and digits ("Malformed access token EAAG…").
fn is_token_like(word: &str) -> bool {
    let is_long = word.chars().filter(char::is_ascii_alphanumeric).count() >= TOKEN_CHARS;
    let has_digits = word.contains(|c: char| c == '#' || c.is_ascii_digit());
    is_long && has_digits && word.contains(|c: char| c.is_ascii_alphabetic())
}

/// The code of "more than 24 hours have passed since the customer last wrote".
pub const WINDOW_CLOSED: i64 = 131_047;

fn verdict_of(advice: Advice) -> Verdict {
    match advice {
        Advice::Retry { pause_ms } | Advice::Wait { pause_ms } => Verdict::Retry {
            after_ms: (pause_ms > 0).then_some(pause_ms),
        },
        Advice::Reject | Advice::UseTemplate => Verdict::Reject,
        Advice::StopNumber => Verdict::Stop {
            scope: StopScope::Number,
        },
        Advice::StopMerchant => Verdict::Stop {
            scope: StopScope::Merchant,
        },
        Advice::Reconcile => Verdict::Unknown,
    }
}

/// Runs of so many digits may be a phone number.
const PHONE_DIGITS: usize = 7;

#[cfg(test)]
mod tests;
