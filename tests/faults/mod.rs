//! Every row of the provider's error table, played through the emulator over real HTTP: once as the answer to a send, once
//! as a late `failed` status. Gateway and emulator share one clock, so pauses are jumped and never slept. The tests iterate
//! the table: a new row is exercised by itself, and a new kind of advice does not compile before it has a course here.

use sacola::domain::verdict::StopScope;
use sacola::whatsapp::errors::{Advice, Late, Row};
use serde_json::{Value, json};

use crate::support::program::NUMBER;

mod answers;
mod house;
mod late;
mod purchases;
mod stops;
mod unknown;

/// As long as a message is tried.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The least back-off.
const BACK_OFF_MS: i64 = 1_000;
/// A little more than the time between two knocks at a closed gate.
const KNOCK_MS: i64 = 61_000;
/// What the emulator calls a code that it does not know.
const NO_TITLE: &str = "Request failed";
/// A code that nobody knows.
const NO_CODE: i64 = 999_999;

/// What becomes of a message that a row answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// It arrives after that pause.
    Again {
        pause_ms: i64,
    },
    /// The pause outlasts it.
    Exhausted,
    Rejected,
    Template,
    Stopped(StopScope),
    Unknown,
}

fn course(row: &Row) -> Course {
    match row.advice {
        Advice::Retry { pause_ms } | Advice::Wait { pause_ms } if pause_ms >= DAY_MS => Course::Exhausted,
        Advice::Retry { pause_ms } | Advice::Wait { pause_ms } => Course::Again {
            pause_ms: pause_ms.max(BACK_OFF_MS),
        },
        Advice::Reject => Course::Rejected,
        Advice::UseTemplate => Course::Template,
        Advice::StopNumber => Course::Stopped(StopScope::Number),
        Advice::StopMerchant => Course::Stopped(StopScope::Merchant),
        Advice::Reconcile => Course::Unknown,
    }
}

/// What a late failure closes.
fn closes(late: Late) -> Option<StopScope> {
    match late {
        Late::StopNumber => Some(StopScope::Number),
        Late::StopMerchant => Some(StopScope::Merchant),
        Late::TellAgain | Late::Final | Late::WindowClosed => None,
    }
}

/// A gate's name, as the person on call reads it.
fn gate(scope: StopScope) -> String {
    match scope {
        StopScope::Number => format!("number {NUMBER}"),
        StopScope::Merchant => "merchant demo".to_owned(),
    }
}

/// The next send is refused with that code.
fn error(code: i64) -> Value {
    json!({ "action": "error", "code": code })
}

/// The next message is taken and fails afterwards with that code.
fn late(code: i64) -> Value {
    json!({ "action": "fail_late", "code": code })
}
