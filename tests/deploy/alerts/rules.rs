//! The rules themselves: each alert has its texts, and is shown firing and silent.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{of_project, output_of, yaml};

pub const RULES: &str = "deploy/prometheus/alerts.yaml";
const TESTS: [&str; 2] = [
    "deploy/prometheus/alerts_test.yaml",
    "deploy/prometheus/alerts_baseline_test.yaml",
];

/// All alerts that the people on call know by name.
pub const ALERTS: [&str; 23] = [
    "SacolaDown",
    "SacolaNotReady",
    "SacolaStoreDown",
    "SacolaStoreMemory",
    "SacolaStoreWeaker",
    "SacolaBadSignatures",
    "SacolaWebhooksSlow",
    "SacolaWebhooksRefused",
    "SacolaNumberSilent",
    "SacolaLanesLate",
    "SacolaSendingStopped",
    "SacolaProviderFailing",
    "SacolaMerchantFailing",
    "SacolaConflicts",
    "SacolaPriceUpdateStuck",
    "SacolaCatalogOld",
    "SacolaDeadLetters",
    "SacolaPurchaseNeedsPerson",
    "SacolaNeedsPerson",
    "SacolaApiErrors",
    "SacolaCostUnusual",
    "SacolaConfigRefused",
    "SacolaSecretExpires",
];

/// Labels that a text may show: none of them can hold anything of a customer.
const SHOWN: [&str; 12] = [
    "job", "instance", "kind", "gate", "number", "reason", "merchant", "code", "route", "category", "list",
    "loss",
];

/// All rules, those that record included.
pub fn rules() -> Vec<Value> {
    let file = yaml(RULES);
    let groups = file["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    rules.cloned().collect()
}

fn alerts() -> Vec<Value> {
    let all = rules().into_iter();
    all.filter(|rule| rule["alert"].is_string()).collect()
}

fn severities() -> BTreeSet<(String, String)> {
    alerts()
        .iter()
        .map(|rule| named(&rule["alert"], &rule["labels"]))
        .collect()
}

fn named(alert: &Value, labels: &Value) -> (String, String) {
    let (alert, severity) = (alert.as_str().unwrap(), labels["severity"].as_str().unwrap());
    (alert.to_owned(), severity.to_owned())
}

fn promtool(arguments: &[&str]) {
    let mut command = Command::new("promtool");
    command
        .args(arguments)
        .current_dir(of_project("deploy/prometheus"));
    output_of(command, "prometheus");
}

#[test]
fn promtool_takes_the_rules_and_the_example_configuration() {
    promtool(&["check", "rules", "alerts.yaml"]);
    promtool(&["check", "config", "prometheus.yaml"]);
}

#[test]
fn every_alert_does_as_its_cases_say() {
    promtool(&["test", "rules", "alerts_test.yaml"]);
}

#[test]
fn every_alert_with_a_baseline_does_as_its_cases_say() {
    promtool(&["test", "rules", "alerts_baseline_test.yaml"]);
}

#[test]
fn the_alerts_are_those_that_we_agreed_on() {
    let names: BTreeSet<String> = severities().into_iter().map(|(alert, _)| alert).collect();
    assert_eq!(names, BTreeSet::from(ALERTS.map(str::to_owned)));
}

#[test]
fn each_alert_says_how_urgent_it_is_and_what_to_do() {
    for rule in alerts() {
        let (alert, severity) = named(&rule["alert"], &rule["labels"]);
        assert!(
            ["page", "ticket"].contains(&severity.as_str()),
            "{alert}: {severity}"
        );
        assert!(rule["for"].is_string(), "{alert} fires at once");
        let notes = &rule["annotations"];
        for text in ["summary", "description"] {
            let text = notes[text]
                .as_str()
                .unwrap_or_else(|| panic!("{alert} has no {text}"));
            for label in text.split("$labels.").skip(1) {
                let end = label.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                let label = &label[..end.unwrap_or(label.len())];
                assert!(SHOWN.contains(&label), "{alert} shows {label}");
            }
        }
        let page = format!("docs/OPERATIONS.md#{}", alert.to_lowercase());
        assert_eq!(notes["runbook"], page.as_str(), "{alert}");
    }
}

/// One look of a case at an alert: the severities that fire then.
struct Look {
    case: String,
    alert: String,
    firing: BTreeSet<(String, String)>,
}

fn looks() -> Vec<Look> {
    let mut found = Vec::new();
    for file in TESTS {
        let file = yaml(file);
        for case in file["tests"].as_array().unwrap() {
            for look in case["alert_rule_test"].as_array().unwrap() {
                let alert = look["alertname"].as_str().unwrap();
                let firing = look["exp_alerts"].as_array().unwrap().iter();
                found.push(Look {
                    case: case["name"].as_str().unwrap().to_owned(),
                    alert: alert.to_owned(),
                    firing: firing
                        .map(|one| named(&look["alertname"], &one["exp_labels"]))
                        .collect(),
                });
            }
        }
    }
    found
}

#[test]
fn each_alert_is_shown_firing_with_each_severity() {
    let shown: BTreeSet<(String, String)> = looks().into_iter().flat_map(|look| look.firing).collect();
    assert_eq!(shown, severities());
}

#[test]
fn each_alert_is_shown_silent_just_before_it_fires_and_in_a_healthy_case() {
    let looks = looks();
    for alert in ALERTS {
        let of_alert = || looks.iter().filter(|look| look.alert == alert);
        let fires: BTreeSet<&str> = of_alert()
            .filter(|look| !look.firing.is_empty())
            .map(|look| look.case.as_str())
            .collect();
        let quiet: BTreeSet<&str> = of_alert()
            .filter(|look| look.firing.is_empty())
            .map(|look| look.case.as_str())
            .collect();
        assert!(
            fires.intersection(&quiet).next().is_some(),
            "no case shows {alert} before it fires"
        );
        assert!(
            quiet.difference(&fires).next().is_some(),
            "no case shows {alert} in health"
        );
    }
}
