//! How the rows are read: the advice of an answer, the meaning of a late failure, and words for the person on call. Codes
//! after Meta's error reference (2025-12-12 and 2026-05-15), its Graph API guide, and the later codes that public clients
//! list (2026-08). It refuses to guess: a code without a row is judged by its HTTP status alone.

use std::fmt;

use super::{rows_features, rows_graph, rows_messages, rows_templates};

/// Least pause after the throughput of a number.
pub(super) const THROUGHPUT_MS: i64 = 2_000;
/// Least pause after the pair rate: one message per 6 s (Meta, "About the platform", 2025-12-05).
pub(super) const PAIR_MS: i64 = 6_000;
/// Least pause after an hourly limit or during maintenance.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Pause after a limit that comes from complaints or misuse.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Pause that Meta asks for before a customer is written to again (131049).
pub(super) const DAY_MS: i64 = 86_400_000;

/// "Invalid parameter", also Meta's answer for a number that the token may not see.
const PARAMETER: i64 = 100;
/// Subcode of 100: the object in the address is not there, or the token may not see it.
const NO_SUCH_OBJECT: i64 = 33;
/// "Parameter value is not valid": many things, told apart by the details.
const VALUE: i64 = 131_009;
/// "Message undeliverable".
const UNDELIVERABLE: i64 = 131_026;

/// What a code asks us to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Certainly not sent. Try again after at least this pause; the back-off grows from there.
    Retry {
        /// Least pause in milliseconds; 0 leaves it to the back-off.
        pause_ms: i64,
    },
    /// Certainly not sent, and a long pause is asked for. A person should look.
    Wait {
        /// Pause in milliseconds.
        pause_ms: i64,
    },
    /// Certainly not sent; this message never will be.
    Reject,
    /// Certainly not sent; nothing from this number can be until somebody acts.
    StopNumber,
    /// Certainly not sent; nothing from any number of this merchant can be until somebody acts.
    StopMerchant,
    /// Certainly not sent: the service window is closed and only a template may go.
    UseTemplate,
    /// It may have been sent.
    Reconcile,
}

/// What a `failed` status with a code means. In each case the message certainly did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// Passing trouble: what the message said is still owed.
    TellAgain,
    /// It will never arrive; other words may, or nothing.
    Final,
    /// The service window is closed.
    WindowClosed,
    /// Owed, and nothing from this number can be sent until somebody acts.
    StopNumber,
    /// Owed, and nothing from any number of this merchant can be sent until somebody acts.
    StopMerchant,
}

/// One code, or a range that Meta documents as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The code, or the first of the range.
    pub first: i64,
    /// The last of the range; equal to `first` for one code.
    pub last: i64,
    /// What to do when it answers a send.
    pub advice: Advice,
    /// What it means in a status.
    pub late: Late,
    /// What happened.
    pub cause: &'static str,
    /// What the person on call should do.
    pub mend: &'static str,
}

impl Row {
    /// The row of one code.
    pub(super) const fn one(
        code: i64,
        advice: Advice,
        late: Late,
        cause: &'static str,
        mend: &'static str,
    ) -> Self {
        Self::range(code, code, advice, late, cause, mend)
    }

    /// The row of all codes from `first` to `last`.
    pub(super) const fn range(
        first: i64,
        last: i64,
        advice: Advice,
        late: Late,
        cause: &'static str,
        mend: &'static str,
    ) -> Self {
        Self {
            first,
            last,
            advice,
            late,
            cause,
            mend,
        }
    }
}

/// All rows, ascending by code.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        rows_graph::ROWS,
        rows_messages::ROWS,
        rows_templates::ROWS,
        rows_features::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The row that holds a code.
pub fn row(code: i64) -> Option<&'static Row> {
    rows().find(|row| (row.first..=row.last).contains(&code))
}

/// What an answer asks us to do. A code of the table keeps its row whatever the HTTP status: who names a code has refused.
pub fn advice(http: u16, code: i64, subcode: Option<i64>, details: &str) -> Advice {
    if code == PARAMETER && (subcode == Some(NO_SUCH_OBJECT) || names_no_object(details)) {
        return Advice::StopNumber;
    }
    row(code).map_or_else(|| advice_by_http(http), |row| row.advice)
}

/// Without a known code only the HTTP status speaks, and a fault of the server proves nothing.
fn advice_by_http(http: u16) -> Advice {
    match http {
        429 => Advice::Retry {
            pause_ms: THROUGHPUT_MS,
        },
        401 | 403 => Advice::StopNumber,
        500.. => Advice::Reconcile,
        _ => Advice::Reject,
    }
}

/// Cause and mend of a code, sharper than its row where the details tell more.
pub fn explain(code: i64, details: &str) -> (&'static str, &'static str) {
    let refined = match code {
        PARAMETER if names_no_object(details) => Some((
            "The phone number id is not known, or the token may not see it.",
            "Compare number.phone_number_id with WhatsApp Manager, and give the system user the WhatsApp account.",
        )),
        VALUE => explain_value(details),
        UNDELIVERABLE if mentions(details, &["incapable", "outdated", "version"]) => Some((
            "The customer's WhatsApp can't show this kind of message.",
            "Nothing: the customer needs a newer WhatsApp. Plain text reaches them.",
        )),
        _ => None,
    };
    refined
        .or_else(|| row(code).map(|row| (row.cause, row.mend)))
        .unwrap_or((
            "The provider answered with a code that is not in the table.",
            "Look the code up in Meta's error reference, and report it so that the table learns it.",
        ))
}

/// 131009 is a missing product, a switched-off catalog, or a fault of ours; the last is what its row says.
fn explain_value(details: &str) -> Option<(&'static str, &'static str)> {
    if mentions(details, &["header", "thumbnail", "reaction"]) {
        return None;
    }
    if mentions(details, &["product"]) && mentions(details, &["not found"]) {
        return Some((
            "A product of the message is not in the catalog that is connected to the WhatsApp account.",
            "Compare number.catalog_id and the products' ids with Commerce Manager; a new item may take a day.",
        ));
    }
    mentions(details, &["catalog", "commerce"]).then_some((
        "The number's catalog is switched off or not connected, so product messages are refused.",
        "Connect the catalog and switch it on for the number in WhatsApp Manager. Other messages still go.",
    ))
}

fn names_no_object(details: &str) -> bool {
    mentions(details, &["missing permissions"]) && mentions(details, &["does not exist"])
}

fn mentions(details: &str, any_of: &[&str]) -> bool {
    let details = details.to_lowercase();
    any_of.iter().any(|words| details.contains(words))
}

/// Why a token is dead, by the subcode of 190 (Meta, Graph API, "Handling errors").
pub fn token_problem(subcode: Option<i64>) -> &'static str {
    match subcode {
        Some(458) => "The token's user has removed the app.",
        Some(459) => "Meta asks the token's user to log in and pass a check.",
        Some(460) => "The password of the token's user was changed, which ended the token.",
        Some(463) => "The token has expired.",
        Some(464) => "The account of the token's user is not confirmed.",
        Some(467) => "The token was withdrawn or its user has logged out.",
        Some(492) => "The token's user has no role at the business any more.",
        Some(_) | None => "The token is not valid, and the provider does not say why.",
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { pause_ms: 0 } => f.write_str("try again"),
            Self::Retry { pause_ms } => write!(f, "try again after {}", pause(*pause_ms)),
            Self::Wait { pause_ms } => write!(f, "wait {}", pause(*pause_ms)),
            Self::Reject => f.write_str("final"),
            Self::StopNumber => f.write_str("stop the number"),
            Self::StopMerchant => f.write_str("stop the merchant"),
            Self::UseTemplate => f.write_str("template only"),
            Self::Reconcile => f.write_str("ask what became of it"),
        }
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TellAgain => "tell again",
            Self::Final => "final",
            Self::WindowClosed => "window closed",
            Self::StopNumber => "stop the number",
            Self::StopMerchant => "stop the merchant",
        })
    }
}

/// Whole hours, minutes or seconds.
fn pause(ms: i64) -> String {
    if ms % HOUR_MS == 0 {
        format!("{} h", ms / HOUR_MS)
    } else if ms % MINUTE_MS == 0 {
        format!("{} min", ms / MINUTE_MS)
    } else {
        format!("{} s", ms / 1_000)
    }
}
