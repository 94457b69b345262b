//! The dashboard as Grafana reads it: in order, and with a word for whoever looks at a panel.

use std::collections::BTreeSet;

use serde_json::Value;

use super::promql::Expression;
use super::{text_of, texts};

const ROWS: [&str; 14] = [
    "Is it well",
    "Webhooks",
    "Engine",
    "Lanes",
    "Deliveries",
    "Budgets",
    "Purchases",
    "Price updates",
    "Dead letters",
    "Cost by category",
    "Numbers",
    "API of merchants",
    "Configuration and secrets",
    "Build",
];

/// The whole dashboard.
pub fn board() -> Value {
    serde_json::from_str(&text_of("deploy/grafana/sacola.json")).unwrap()
}

fn panels() -> Vec<Value> {
    board()["panels"].as_array().unwrap().clone()
}

fn is_row(panel: &Value) -> bool {
    panel["type"] == "row"
}

/// What each panel asks Prometheus, with its title.
pub fn queries() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        for query in texts(&panel["targets"], "expr") {
            found.push((format!("panel {title}"), query.to_owned()));
        }
    }
    found
}

fn number(panel: &Value, key: &str) -> u64 {
    let value = panel["gridPos"][key].as_u64();
    value.unwrap_or_else(|| panic!("no {key}: {panel}"))
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    let panels = panels();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for (at, one) in panels.iter().enumerate() {
        assert!(number(one, "x") + number(one, "w") <= 24, "{}", one["title"]);
        for other in &panels[at + 1..] {
            let beside = |from: &str, length: &str| {
                number(one, from) + number(one, length) <= number(other, from)
                    || number(other, from) + number(other, length) <= number(one, from)
            };
            assert!(
                beside("x", "w") || beside("y", "h"),
                "{} and {}",
                one["title"],
                other["title"]
            );
        }
    }
}

#[test]
fn rows_are_in_their_order() {
    let panels = panels();
    let rows: Vec<&str> = panels
        .iter()
        .filter(|panel| is_row(panel))
        .filter_map(|row| row["title"].as_str())
        .collect();
    assert_eq!(rows, ROWS);
}

#[test]
fn each_panel_says_what_is_good_and_has_a_unit() {
    let mut titles = BTreeSet::new();
    for panel in panels().iter().filter(|panel| !is_row(panel)) {
        let title = panel["title"].as_str().unwrap();
        assert!(titles.insert(title.to_owned()), "two panels {title}");
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.contains("Good: "), "{title}: {description}");
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title} has no unit"
        );
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
    }
}

#[test]
fn each_panel_asks_something_and_names_what_it_shows() {
    for panel in panels().iter().filter(|panel| !is_row(panel)) {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().unwrap();
        let ids: BTreeSet<&str> = texts(&panel["targets"], "refId").into_iter().collect();
        assert!(!targets.is_empty() && ids.len() == targets.len(), "{title}");
        for target in targets {
            let query = target["expr"].as_str().unwrap();
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            let groupings = Expression::of(query).groupings();
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend
                .split("{{")
                .skip(1)
                .filter_map(|rest| rest.split("}}").next())
            {
                let is_shown = groupings
                    .iter()
                    .any(|one| one.labels.iter().any(|own| own == label));
                assert!(is_shown, "{title}: {label} is not in {query}");
            }
        }
    }
}

#[test]
fn queries_use_the_dashboards_variables_and_no_others() {
    let board = board();
    let names = texts(&board["templating"]["list"], "name");
    assert_eq!(names, ["datasource", "namespace", "instance", "number"]);
    for (place, query) in queries() {
        for used in query.split('$').skip(1) {
            let end = used.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let used = &used[..end.unwrap_or(used.len())];
            assert!(
                used == "__rate_interval" || names.contains(&used),
                "{place}: {used}"
            );
        }
    }
}
