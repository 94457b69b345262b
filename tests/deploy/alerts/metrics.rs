//! What rules, dashboard and pages ask for, held to docs/METRICS.md: each metric, each label and each of its values exists.

use std::collections::{BTreeMap, BTreeSet};

use super::dashboard::{board, queries};
use super::pages::questions;
use super::promql::{Expression, Use};
use super::rules::rules;
use super::{text_of, texts};

/// Labels with all values that each may have; none where something else names them.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// Labels that Prometheus adds to whatever it reads from a target.
const OF_TARGET: [&str; 3] = ["namespace", "job", "instance"];

/// All metrics: those of the document, those that Prometheus makes itself, and those that rules record.
fn known() -> BTreeMap<String, Labels> {
    let mut known = described();
    known.insert("up".to_owned(), Labels::new());
    known.insert("ALERTS".to_owned(), open(["alertname", "alertstate", "severity"]));
    for rule in rules() {
        if let Some(name) = rule["record"].as_str() {
            let groupings = Expression::of(rule["expr"].as_str().unwrap()).groupings();
            let outermost = groupings.into_iter().next();
            let labels = outermost.unwrap_or_else(|| panic!("{name} does not say what it is grouped by"));
            known.insert(name.to_owned(), open(labels.labels));
        }
    }
    known
}

fn open(labels: impl IntoIterator<Item: Into<String>>) -> Labels {
    let labels = labels.into_iter();
    labels.map(|label| (label.into(), BTreeSet::new())).collect()
}

/// The tables of docs/METRICS.md. Of a histogram what it is asked by.
fn described() -> BTreeMap<String, Labels> {
    let mut found = BTreeMap::new();
    let text = text_of("docs/METRICS.md");
    for row in text.lines().filter(|line| line.starts_with("| `sacola_")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, kind, labels, ..] = cells.as_slice() else {
            panic!("a row with too few cells: {row}");
        };
        let name = name.trim_matches('`').to_owned();
        let labels: Labels = labels.split("; ").filter_map(label).collect();
        if kind.starts_with("histogram") {
            let mut of_bucket = labels.clone();
            of_bucket.insert("le".to_owned(), BTreeSet::new());
            found.insert(format!("{name}_bucket"), of_bucket);
            found.insert(format!("{name}_sum"), labels.clone());
            found.insert(format!("{name}_count"), labels);
        } else {
            found.insert(name, labels);
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

/// One label as a row tells it: `` `name`: value, value `` or `` `name`: what its values are ``.
fn label(told: &str) -> Option<(String, BTreeSet<String>)> {
    let (name, values) = told.strip_prefix('`')?.split_once('`')?;
    let values: BTreeSet<String> = values
        .trim_start_matches(':')
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    let is_word = |value: &String| {
        !value.is_empty()
            && value
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let is_closed = values.iter().all(is_word);
    Some((name.to_owned(), if is_closed { values } else { BTreeSet::new() }))
}

/// What an expression asks for that does not exist.
fn faults(expression: &str, known: &BTreeMap<String, Labels>) -> Vec<String> {
    let expression = Expression::of(expression);
    let uses = expression.uses();
    let mut faults: Vec<String> = uses.iter().flat_map(|one| faults_of(one, known)).collect();
    let has = |metric: &String, label: &String| {
        OF_TARGET.contains(&label.as_str())
            || known.get(metric).is_none_or(|labels| labels.contains_key(label))
    };
    for grouping in expression.groupings() {
        for label in grouping
            .labels
            .iter()
            .filter(|label| !grouping.made.contains(*label))
        {
            let without = grouping.over.iter().filter(|metric| !has(metric, label));
            faults.extend(without.map(|metric| format!("{metric} has no label {label} to group by")));
        }
    }
    for label in expression.matched() {
        if !uses.iter().any(|one| has(&one.metric, &label)) {
            faults.push(format!("nothing has a label {label} to match on"));
        }
    }
    faults
}

fn faults_of(one: &Use, known: &BTreeMap<String, Labels>) -> Vec<String> {
    let metric = &one.metric;
    let Some(labels) = known.get(metric) else {
        return vec![format!("there is no metric {metric}")];
    };
    let mut faults = Vec::new();
    for (label, words) in &one.selected {
        let values = labels.get(label);
        if values.is_none() && !OF_TARGET.contains(&label.as_str()) {
            faults.push(format!("{metric} has no label {label}"));
        }
        let closed = values.filter(|values| !values.is_empty());
        let wrong = words
            .iter()
            .filter(|word| closed.is_some_and(|values| !values.contains(*word)));
        faults.extend(wrong.map(|word| format!("{metric}: {label} is never {word}")));
    }
    faults
}

#[test]
fn rules_dashboard_and_pages_ask_for_what_exists() {
    let known = known();
    let mut asked: Vec<(String, String)> = rules()
        .iter()
        .map(|rule| {
            let name = rule["record"].as_str().or_else(|| rule["alert"].as_str());
            (
                name.unwrap().to_owned(),
                rule["expr"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    asked.extend(queries());
    let variables = board()["templating"]["list"].clone();
    for definition in texts(&variables, "definition") {
        asked.push((format!("variable {definition}"), definition.to_owned()));
    }
    asked.extend(questions());
    let mut all = Vec::new();
    for (place, expression) in asked {
        let found = faults(&expression, &known);
        all.extend(found.into_iter().map(|fault| format!("{place}: {fault}")));
    }
    assert_eq!(all, Vec::<String>::new(), "see docs/METRICS.md");
}

#[test]
fn a_metric_a_label_or_a_value_that_does_not_exist_is_found() {
    let closed = Labels::from([("outcome".to_owned(), BTreeSet::from(["taken".to_owned()]))]);
    let known = BTreeMap::from([("sacola_webhooks_total".to_owned(), closed)]);
    let told = |expression: &str| faults(expression, &known);
    assert_eq!(
        told("sum by (job, outcome) (sacola_webhooks_total{outcome=\"taken\"})"),
        Vec::<String>::new()
    );
    assert_eq!(
        told("sacola_webhook_total"),
        ["there is no metric sacola_webhook_total"]
    );
    assert_eq!(
        told("sacola_webhooks_total{code=\"1\"}"),
        ["sacola_webhooks_total has no label code"]
    );
    assert_eq!(
        told("sacola_webhooks_total{outcome=~\"taken|lost\"}"),
        ["sacola_webhooks_total: outcome is never lost"]
    );
    assert_eq!(
        told("sum by (kind) (rate(sacola_webhooks_total[5m]))"),
        ["sacola_webhooks_total has no label kind to group by"]
    );
    assert_eq!(
        told("sacola_webhooks_total and on (kind) sacola_webhooks_total"),
        ["nothing has a label kind to match on"]
    );
}
