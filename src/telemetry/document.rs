//! The table of measures as Markdown. `docs/METRICS.md` is this text; a test compares them. It adds nothing to the rows but their
//! frame.

use super::measures::{FAMILIES, Family, Kind, Label, Measure};

const INTRODUCTION: &str = "# Metrics

Printed by `sacola metrics` from the table that also describes each metric at `/metrics`; don't edit it by hand.

- **Names** begin with `sacola_`; counters end in `_total`; times are in seconds.
- **Labels** have values from a fixed set or from the configuration, never from what somebody outside sent: so their number has a bound, and no
  phone number, name, text or token is in any of them. `number` is a business number's id (`phone_number_id`), not a customer's.
- **Counters** are of one replica and begin at 0 when it starts: sum their `rate` or `increase` over replicas. Those with at most one label, whose values
  are all below, are told from the start, so that the first event is an increase too; others begin with their first event.
- **Gauges** are of one replica. **Store gauges** are of the whole store and told alike by each replica: take their `max`, don't sum them. They are read every
  5 seconds, and stay as they were while the store does not answer (`sacola_store_up` is 0 then).
- **Histograms** have the usual `_bucket`, `_sum` and `_count`.

What to alert on is in `deploy/prometheus`, what to do then in [`OPERATIONS.md`](OPERATIONS.md#when-an-alert-fires), and a dashboard of these in `deploy/grafana`.
";

/// What `sacola metrics` prints: one table for each family. It ends with a line break.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for family in &FAMILIES {
        text.push_str(&section(family));
    }
    text
}

fn section(family: &Family) -> String {
    let mut lines = vec![
        String::new(),
        format!("## {}", family.heading),
        String::new(),
        "| metric | kind | labels | meaning |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    lines.extend(family.measures.iter().map(row));
    lines.push(String::new());
    lines.join("\n")
}

fn row(measure: &Measure) -> String {
    let labels: Vec<String> = measure.labels.iter().map(told).collect();
    format!(
        "| `{}` | {} | {} | {} |",
        measure.name,
        kind(measure.kind),
        labels.join("; "),
        measure.meaning
    )
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Counter => "counter".to_owned(),
        Kind::Gauge => "gauge".to_owned(),
        Kind::StoreGauge => "store gauge".to_owned(),
        Kind::Histogram(bounds_s) => match bounds_s {
            [first, .., last] => format!("histogram, {first} to {last} s"),
            [] | [_] => "histogram".to_owned(),
        },
    }
}

fn told(label: &Label) -> String {
    match label {
        Label::Fixed(name, words) => {
            let words: Vec<&str> = words.split_ascii_whitespace().collect();
            format!("`{name}`: {}", words.join(", "))
        }
        Label::Named(name, source) => format!("`{name}`: {source}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::measures;
    use super::*;

    #[test]
    fn the_page_in_docs_is_this_text() {
        assert_eq!(
            document(),
            include_str!("../../docs/METRICS.md"),
            "run: sacola metrics > docs/METRICS.md"
        );
    }

    #[test]
    fn no_cell_breaks_its_table() {
        for measure in measures::all() {
            assert_eq!(row(measure).matches('|').count(), 5, "{}", measure.name);
        }
    }

    #[test]
    fn names_are_told_apart_and_say_their_kind() {
        let names: BTreeSet<&str> = measures::all().map(|measure| measure.name).collect();
        assert_eq!(names.len(), measures::all().count(), "a name stands twice");
        for measure in measures::all() {
            let is_counter = matches!(measure.kind, Kind::Counter);
            assert_eq!(measure.name.ends_with("_total"), is_counter, "{}", measure.name);
            let is_timed = matches!(measure.kind, Kind::Histogram(_));
            assert!(
                !is_timed || measure.name.ends_with("_seconds"),
                "{}",
                measure.name
            );
            assert!(measure.name.starts_with("sacola_"), "{}", measure.name);
        }
    }

    #[test]
    fn no_label_has_a_value_twice() {
        for label in measures::all().flat_map(|measure| measure.labels) {
            let values: Vec<&str> = label.values().into_iter().flatten().collect();
            let told_apart: BTreeSet<&str> = values.iter().copied().collect();
            assert_eq!(values.len(), told_apart.len(), "{}", label.name());
        }
    }
}
