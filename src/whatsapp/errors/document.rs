//! The table as Markdown. `docs/PROVIDER_ERRORS.md` is this text; a test compares them. It adds nothing to the rows but their
//! introduction.

use super::table::{Row, rows};

const INTRODUCTION: &str = r#"# Provider errors

Printed by `sacola explain` from the table that the gateway itself uses; don't edit it by hand. `sacola explain CODE` prints
one code, and `--details TEXT` sharpens it with what the provider wrote. "Advice" is for a code that answers a send: "try
again" and "wait" mean that nothing was sent and the message stays in its lane; "final" gives this one message up; "stop the
number" and "stop the merchant" hold everything from there, and lose nothing, until somebody acts; "template only" means that
the service window is closed. "When it comes late" is for a code in a `failed` status of a message that had been taken: it did
not arrive; "tell again" means that what it said is still owed to the customer, as it is when something stops. A code that is
not below is judged by its HTTP status: 429 is tried again after 2 s; 401 and 403 stop the number; 5xx proves nothing, so the
message may have been sent; anything else is final."#;

/// What `sacola explain` prints without a code. It ends with a line break.
pub fn document() -> String {
    let mut lines = vec![
        INTRODUCTION.to_owned(),
        String::new(),
        "| code | advice | when it comes late | cause | what to do |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(rows().map(line));
    lines.push(String::new());
    lines.join("\n")
}

fn line(row: &Row) -> String {
    let codes = if row.first == row.last {
        row.first.to_string()
    } else {
        format!("{}–{}", row.first, row.last)
    };
    format!(
        "| `{codes}` | {} | {} | {} | {} |",
        row.advice, row.late, row.cause, row.mend
    )
}
