//! The pages for the people on call, one for each alert.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::ALERTS;
use super::text_of;

const PLACE: &str = "docs/OPERATIONS.md";
const SECTION: &str = "\n## When an alert fires\n";

/// Pages by the name of their alert.
pub fn pages() -> BTreeMap<String, String> {
    let text = text_of(PLACE);
    let (_, section) = text.split_once(SECTION).expect("no section on alerts");
    let section = section.split("\n## ").next().unwrap();
    let pages = section.split("\n### ").skip(1);
    pages
        .map(|page| page.split_once('\n').unwrap())
        .map(|(title, words)| (title.to_owned(), words.to_owned()))
        .collect()
}

/// The questions for Prometheus that pages ask, with the names of their alerts.
pub fn questions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (alert, words) in pages() {
        for question in words.split("`promql ").skip(1) {
            let (question, _) = question.split_once('`').unwrap();
            found.push((format!("page {alert}"), question.to_owned()));
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

#[test]
fn each_alert_has_a_page_and_each_page_an_alert() {
    let titles: BTreeSet<String> = pages().into_keys().collect();
    assert_eq!(titles, BTreeSet::from(ALERTS.map(str::to_owned)));
}

#[test]
fn each_page_says_meaning_first_look_safe_action_and_what_not_to_do() {
    for (alert, words) in pages() {
        let mut rest = words.as_str();
        for lead in [
            "\n**Meaning.** ",
            "\n**First look.** ",
            "\n**Safe action.** ",
            "\n**Don't** ",
        ] {
            let (before, after) = rest
                .split_once(lead)
                .unwrap_or_else(|| panic!("{alert}: no{lead}in its place"));
            assert!(!before.contains("\n**"), "{alert}: something else before{lead}");
            rest = after;
        }
        let lines = words.lines().filter(|line| !line.trim().is_empty()).count();
        assert!((4..=12).contains(&lines), "{alert} has {lines} lines");
    }
}
