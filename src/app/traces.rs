//! Where a gateway's traces go, by its configuration. It refuses to make any when no collector is named.

use std::fmt;

use tokio::sync::watch;

use crate::config::{self, Config, Tracing};
use crate::outgoing;
use crate::spans::{self, Headers, Settings};
use crate::tasks::Tasks;
use crate::trace::Trace;

/// How long one call of the collector may take.
const CALL_MS: u64 = 10_000;

/// What a running exporter can be told: new headers, whose values may be secrets.
pub(super) struct Collector(watch::Sender<Headers>);

impl Collector {
    /// From the next call on these headers are sent.
    pub(super) fn replace(&self, tracing: &Tracing) {
        self.0.send_replace(headers(tracing));
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

/// Follows `trace` as the process `instance`, when the configuration names a collector.
pub(super) fn start(
    config: &Config,
    instance: &str,
    trace: &Trace,
    tasks: &Tasks,
) -> anyhow::Result<Collector> {
    let tracing = &config.tracing;
    let (told, headers) = watch::channel(headers(tracing));
    if let Some(endpoint) = &tracing.endpoint {
        let settings = Settings {
            url: format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')),
            headers,
            sample_percent: tracing.sample_ratio_percent,
            service_name: tracing.service_name.clone(),
            instance: instance.to_owned(),
        };
        spans::start(settings, outgoing::provider(CALL_MS)?, trace, tasks);
    }
    Ok(Collector(told))
}

fn headers(tracing: &Tracing) -> Headers {
    let header = |(name, value): &(String, config::Secret)| (name.clone(), value.expose().to_owned());
    tracing.headers.iter().map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_whose_secret_was_exchanged_is_sent_from_then_on() {
        let tracing = |secret: &str| Tracing {
            endpoint: None,
            headers: vec![("authorization".to_owned(), config::Secret::new(secret))],
            sample_ratio_percent: 100,
            service_name: "sacola".to_owned(),
        };
        let (told, seen) = watch::channel(headers(&tracing("Bearer one")));
        let collector = Collector(told);

        collector.replace(&tracing("Bearer two"));

        let expected = ("authorization".to_owned(), "Bearer two".to_owned());
        assert_eq!(*seen.borrow(), [expected]);
        assert!(!format!("{collector:?}").contains("Bearer"));
    }
}
