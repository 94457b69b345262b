//! What an erasure reports, as lines for people.

use serde_json::Value;

/// A number at a place of a report; 0 when there is none.
pub(super) fn number(report: &Value, pointer: &str) -> u64 {
    report
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// The report of one business number.
pub(super) fn report(number_id: &str, report: &Value) -> Vec<String> {
    let is_dry = report.get("dry_run").and_then(Value::as_bool) == Some(true);
    let verb = if is_dry { "would erase" } else { "erased" };
    let mut lines = vec![format!("{number_id}: {verb} {}", counts(report.get("erased")))];
    let (purchases, tombstones) = (
        number(report, "/kept/purchases"),
        number(report, "/kept/tombstones"),
    );
    lines.push(format!(
        "  kept: {purchases} purchases for the books, without whose they were; {tombstones} tombstones"
    ));
    let (keys, found) = (
        number(report, "/proof/keys_scanned"),
        number(report, "/proof/found"),
    );
    let now = if is_dry { "now" } else { "afterwards" };
    lines.push(format!(
        "  search: {keys} keys read, {found} places hold something of them {now}"
    ));
    let families = report.pointer("/proof/where").and_then(Value::as_array);
    if let Some(families) = families.filter(|_| !is_dry) {
        let words: Vec<&str> = families.iter().filter_map(Value::as_str).collect();
        lines.push(format!("  found in: {}", words.join(", ")));
    }
    let elsewhere = number(report, "/proof/elsewhere");
    if elsewhere > 0 {
        lines.push(format!(
            "  {elsewhere} places belong to their conversations with other numbers; --everywhere erases those too"
        ));
    }
    if report.pointer("/proof/came_back").and_then(Value::as_bool) == Some(true) {
        lines.push(
            "  the customer has written again meanwhile: what was found is their new conversation".to_owned(),
        );
    }
    if let Some(history) = report.get("history").and_then(Value::as_str) {
        lines.push(format!("  history on disk: {history}"));
    }
    lines
}

/// The name of a count, for one or for several.
fn named(name: &str, count: u64) -> String {
    let one = match name {
        "aliases" => "alias",
        "statuses" => "status",
        "parked_statuses" => "parked status",
        "journal_entries" => "journal entry",
        "dead_letters_trimmed" => "dead letter trimmed",
        other => other.strip_suffix('s').unwrap_or(other),
    };
    (if count == 1 { one } else { name }).replace('_', " ")
}

/// What is not nothing, in words.
fn counts(erased: Option<&Value>) -> String {
    let fields = erased.and_then(Value::as_object).into_iter().flatten();
    let some: Vec<String> = fields
        .filter_map(|(name, count)| Some((name, count.as_u64().filter(|count| *count > 0)?)))
        .map(|(name, count)| format!("{count} {}", named(name, count)))
        .collect();
    if some.is_empty() {
        return "nothing".to_owned();
    }
    some.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_tells_what_went_what_stays_and_what_was_found() {
        let told = report(
            "106",
            &json!({
                "dry_run": false,
                "erased": { "conversations": 1, "journal_entries": 12, "lane_items": 0 },
                "kept": { "purchases": 2, "tombstones": 1 },
                "proof": { "keys_scanned": 40, "found": 0, "elsewhere": 3, "same_name": 0 },
                "history": "rewritten",
            }),
        );
        assert_eq!(told[0], "106: erased 1 conversation, 12 journal entries");
        assert!(
            told[1].contains("2 purchases") && told[2].contains("0 places"),
            "{told:?}"
        );
        assert!(
            told[3].contains("--everywhere") && told[4].ends_with("rewritten"),
            "{told:?}"
        );
    }

    #[test]
    fn a_dry_run_says_that_nothing_was_changed() {
        let told = report(
            "106",
            &json!({ "dry_run": true, "erased": {}, "proof": { "where": ["alias"] } }),
        );
        assert_eq!(told[0], "106: would erase nothing");
        assert!(told.iter().all(|line| !line.contains("found in")), "{told:?}");
    }
}
