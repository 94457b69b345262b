//! The process-wide recorder of metrics, as the table of measures says: buckets, descriptions, and counters that begin at 0, so
//! that the first of its kind is an increase too. It refuses to know who counts and who reads.

use std::sync::OnceLock;

use metrics::Label as Pair;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::measures::{self, Kind, Measure};

/// The process-wide metrics recorder; installed on the first call. Whoever holds it runs its upkeep, or durations pile up while
/// nobody scrapes.
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = builder().unwrap_or_else(|error| {
                tracing::error!(%error, "the buckets of a metric are empty; durations are told as summaries");
                PrometheusBuilder::new()
            });
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed; /metrics will stay empty");
            }
            describe();
            begin();
            handle
        })
        .clone()
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for measure in measures::all() {
        if let Kind::Histogram(bounds_s) = measure.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(measure.name.to_owned()), bounds_s)?;
        }
    }
    Ok(builder)
}

/// Tells the recorder what each metric means.
fn describe() {
    for Measure {
        name, kind, meaning, ..
    } in measures::all()
    {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *meaning),
            Kind::Gauge | Kind::StoreGauge => metrics::describe_gauge!(*name, *meaning),
            Kind::Histogram(_) => metrics::describe_histogram!(*name, *meaning),
        }
    }
}

/// What is known at once: the version, and that nothing was counted yet. A counter with several labels, or with one whose values are
/// not ours, begins with its first event.
fn begin() {
    metrics::gauge!("sacola_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for measure in measures::all() {
        if !matches!(measure.kind, Kind::Counter) {
            continue;
        }
        match measure.labels {
            [] => metrics::counter!(measure.name).increment(0),
            [one] => {
                for value in one.values().into_iter().flatten() {
                    let labels = vec![Pair::from_static_parts(one.name(), value)];
                    metrics::counter!(measure.name, labels).increment(0);
                }
            }
            [_, _, ..] => {}
        }
    }
}
