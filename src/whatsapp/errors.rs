//! What Meta's error codes mean for us, as data. Codes and advice after Meta's error reference (2025-12-12) and the later
//! codes that public clients list.

use crate::domain::verdict::Verdict;

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
        /// Meta's code.
        code: i64,
        /// Meta's details, cut short.
        details: String,
    },
    /// The request went out and no usable answer came: it may have been taken.
    #[error("the provider's answer was lost: {0}")]
    Lost(String),
    /// The message can't be built: our fault.
    #[error("the message can't be built: {0}")]
    Unbuildable(String),
}

impl SendError {
    /// What to do.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable(_) => Verdict::Retry { after_ms: None },
            Self::Refused { http, code, .. } => verdict_of(*http, *code),
            Self::Lost(_) => Verdict::Unknown,
            Self::Unbuildable(_) => Verdict::Reject,
        }
    }

    /// Meta's code, when there is one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unreachable(_) | Self::Lost(_) | Self::Unbuildable(_) => None,
        }
    }
}

/// The code of "more than 24 hours have passed since the customer last wrote".
pub const WINDOW_CLOSED: i64 = 131_047;

/// Least pause after a limit on the number or the account, in milliseconds.
const LIMITED_MS: i64 = 2_000;
/// Least pause after a limit on the pair; the attempts' own back-off grows from there.
const PAIR_MS: i64 = 6_000;
/// Pause while somebody must act (token, permission, account, registration): nothing is lost meanwhile.
const BLOCKED_MS: i64 = 60_000;

fn verdict_of(http: u16, code: i64) -> Verdict {
    let retry = |after_ms| Verdict::Retry {
        after_ms: Some(after_ms),
    };
    match code {
        4 | 80_007 | 130_429 | 131_048 | 131_064 | 133_016 => retry(LIMITED_MS),
        131_056 => retry(PAIR_MS),
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 | 2_494_100 => Verdict::Retry { after_ms: None },
        0
        | 190
        | 3
        | 10
        | 200..=299
        | 33
        | 368
        | 131_005
        | 131_031
        | 131_037
        | 131_042
        | 131_045
        | 133_010 => retry(BLOCKED_MS),
        _ if http == 429 => retry(LIMITED_MS),
        _ if http >= 500 => Verdict::Unknown,
        _ => Verdict::Reject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(http: u16, code: i64) -> Verdict {
        SendError::Refused {
            http,
            code,
            details: String::new(),
        }
        .verdict()
    }

    #[test]
    fn limits_wait_faults_end_and_the_unproven_is_unknown() {
        assert_eq!(
            verdict(400, 131_056),
            Verdict::Retry {
                after_ms: Some(6_000)
            }
        );
        assert_eq!(
            verdict(401, 190),
            Verdict::Retry {
                after_ms: Some(60_000)
            }
        );
        assert_eq!(verdict(400, 131_009), Verdict::Reject);
        assert_eq!(verdict(400, WINDOW_CLOSED), Verdict::Reject);
        assert_eq!(verdict(502, -1), Verdict::Unknown);
        assert_eq!(
            verdict(429, -1),
            Verdict::Retry {
                after_ms: Some(2_000)
            }
        );
        assert_eq!(SendError::Lost(String::new()).verdict(), Verdict::Unknown);
    }
}
