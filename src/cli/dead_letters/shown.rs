//! What `/v1/dead-letters` answers, as lines for people: columns are aligned, times are as the gateway writes them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Also what a mistyped reason gets.
const NONE_LISTED: &str =
    "no dead letters, or none of this reason: `sacola dead-letters groups` names those there are";
const NONE_REPLAYED: &str = "no dead letters to replay; `sacola dead-letters groups` names those there are";

/// A text of an answer.
pub(super) fn text<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name).and_then(Value::as_str)
}

/// A list of an answer; empty when there is none.
pub(super) fn items<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    let list = answer.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// A text, or a stroke where there is none.
fn shown(answer: &Value, name: &str) -> String {
    text(answer, name).unwrap_or("-").to_owned()
}

/// The page of a list.
pub(super) fn list(answer: &Value) -> Vec<String> {
    let letters = items(answer, "dead_letters");
    if letters.is_empty() {
        return vec![NONE_LISTED.to_owned()];
    }
    let head = ["AT", "ID", "REASON", "MERCHANT", "DETAIL"].map(ToOwned::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(letters.iter().map(|letter| {
        let names = ["at", "id", "reason", "merchant", "detail"];
        names.map(|name| shown(letter, name)).to_vec()
    }));
    let mut lines = columns(&rows);
    if text(answer, "next_cursor").is_some() {
        lines.push("… and more; --limit N lists more".to_owned());
    }
    lines
}

/// Letters by reason, and what to do.
pub(super) fn groups(answer: &Value) -> Vec<String> {
    let groups = items(answer, "groups");
    if groups.is_empty() {
        return vec!["no dead letters".to_owned()];
    }
    let head = ["REASON", "COUNT", "OLDEST", "NEWEST"].map(ToOwned::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(groups.iter().map(|group| {
        let count = group.get("count").and_then(Value::as_u64).unwrap_or_default();
        vec![
            shown(group, "reason"),
            count.to_string(),
            shown(group, "oldest"),
            shown(group, "newest"),
        ]
    }));
    let mut lines = columns(&rows);
    for group in groups {
        lines.push(String::new());
        lines.push(format!(
            "{}: {}",
            shown(group, "reason"),
            shown(group, "what_happened")
        ));
        lines.push(format!("    {}", shown(group, "what_to_do")));
    }
    lines
}

/// One letter.
pub(super) fn letter(answer: &Value) -> Vec<String> {
    let mut rows = Vec::new();
    for (label, name) in [
        ("id", "id"),
        ("reason", "reason"),
        ("detail", "detail"),
        ("merchant", "merchant"),
        ("conversation", "conversation"),
        ("at", "at"),
        ("source", "source"),
        ("what happened", "what_happened"),
        ("what to do", "what_to_do"),
    ] {
        rows.push(vec![label.to_owned(), shown(answer, name)]);
    }
    let mut lines = columns(&rows);
    if let Some(body) = text(answer, "body") {
        lines.extend(["body".to_owned(), body.to_owned()]);
    }
    lines
}

/// What became of one letter.
pub(super) fn outcome(answer: &Value) -> Vec<String> {
    replayed(answer, false)
}

/// What became of a replayed letter, or would become of it.
pub(super) fn replayed(answer: &Value, is_dry: bool) -> Vec<String> {
    let (would, width) = if is_dry { ("would be ", 24) } else { ("", 15) };
    let outcome = format!("{would}{}", shown(answer, "outcome"));
    let problem = text(answer, "problem").map(|problem| format!("  {problem}"));
    let id = shown(answer, "id");
    let mut lines = vec![format!("{outcome:<width$} {id}{}", problem.unwrap_or_default())];
    for event in items(answer, "events") {
        let effects: Vec<&str> = items(event, "effects").iter().filter_map(Value::as_str).collect();
        let effects = if effects.is_empty() {
            String::new()
        } else {
            format!(" → {}", effects.join(", "))
        };
        let note = text(event, "note").map(|note| format!(" ({note})"));
        let word = shown(event, "event");
        lines.push(format!("    {word}{effects}{}", note.unwrap_or_default()));
    }
    lines
}

/// The last line of a run.
pub(super) fn sum(counts: &BTreeMap<&str, usize>, is_dry: bool) -> String {
    if counts.is_empty() {
        return NONE_REPLAYED.to_owned();
    }
    let told: Vec<String> = counts
        .iter()
        .map(|(outcome, count)| format!("{outcome} {count}"))
        .collect();
    let would = if is_dry {
        "dry run, nothing was changed: "
    } else {
        ""
    };
    format!("{would}{}", told.join(", "))
}

/// Rows as lines whose columns begin below each other.
fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(index) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells.map(|(cell, &width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_begin_below_each_other() {
        let answer = json!({ "dead_letters": [
            { "at": "2026-11-23T12:00:00Z", "id": "dl-1", "reason": "panic", "merchant": "café", "detail": "d" },
            { "at": "2026-11-23T12:00:00.5Z", "id": "dl-22", "reason": "unparseable", "merchant": null, "detail": "e" },
        ] });
        let lines = list(&answer);
        let begins = |line: &str, word: &str| line.split(word).next().unwrap().chars().count();
        assert_eq!(lines.len(), 3);
        for (first, second) in [("dl-1", "dl-22"), ("panic", "unparseable"), ("café", "- ")] {
            assert_eq!(begins(&lines[1], first), begins(&lines[2], second), "{lines:#?}");
        }
        assert_eq!(list(&json!({ "dead_letters": [] })), [NONE_LISTED]);
    }

    #[test]
    fn a_dry_run_tells_what_each_event_would_do() {
        let one = json!({ "id": "dl-1", "outcome": "parked_again", "problem": "why", "events": [
            { "event": "said", "effects": ["send:menu", "quote"], "note": null },
            { "event": "status", "note": "read" },
        ] });
        assert_eq!(
            replayed(&one, true),
            [
                "would be parked_again    dl-1  why",
                "    said → send:menu, quote",
                "    status (read)"
            ]
        );
        assert_eq!(
            replayed(&json!({ "id": "a", "outcome": "taken" }), false),
            ["taken           a"]
        );
    }

    #[test]
    fn a_run_is_summed_up() {
        assert_eq!(sum(&BTreeMap::new(), false), NONE_REPLAYED);
        let counts = BTreeMap::from([("taken", 3), ("skipped", 1)]);
        assert_eq!(sum(&counts, false), "skipped 1, taken 3");
        assert_eq!(
            sum(&counts, true),
            "dry run, nothing was changed: skipped 1, taken 3"
        );
    }
}
