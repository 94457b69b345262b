//! `sacola explain`: what an error code of the provider means and what to do; without a code, the whole table.

use super::print::raw;
use super::{Failure, out};
use crate::whatsapp::errors::{advice, document, explain, row};

/// The status under which Meta documents most codes. A code of the table is not judged by it.
const ANY_HTTP: u16 = 400;

pub(super) fn run(code: Option<i64>, details: &str) -> Result<(), Failure> {
    let Some(code) = code else {
        raw(&document());
        return Ok(());
    };
    let Some(row) = row(code) else {
        return Err(Failure::Configuration(vec![format!(
            "explain: the code {code} is not in the table. Such a code is judged by its HTTP status: 429 is tried \
             again; 401 and 403 stop the number; 5xx may have been sent and is reconciled; anything else is final. \
             Mend: look it up in Meta's error reference, and report it"
        )]));
    };
    let (cause, mend) = explain(code, details);
    out(&format!("code       {code}"));
    out(&format!("advice     {}", advice(ANY_HTTP, code, None, details)));
    out(&format!("late       {}", row.late));
    out(&format!("cause      {cause}"));
    out(&format!("what to do {mend}"));
    Ok(())
}
