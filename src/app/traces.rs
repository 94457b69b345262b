//! Where a gateway's traces go, by its configuration. It refuses to make any when no collector is named.

use crate::config::{self, Config};
use crate::outgoing;
use crate::spans::{self, Settings};
use crate::tasks::Tasks;
use crate::trace::Trace;

/// How long one call of the collector may take.
const CALL_MS: u64 = 10_000;

/// Follows `trace` as the process `instance`, when the configuration names a collector.
pub(super) fn start(config: &Config, instance: &str, trace: &Trace, tasks: &Tasks) -> anyhow::Result<()> {
    let tracing = &config.tracing;
    let Some(endpoint) = &tracing.endpoint else {
        return Ok(());
    };
    let header = |(name, value): &(String, config::Secret)| (name.clone(), value.expose().to_owned());
    let settings = Settings {
        url: format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')),
        headers: tracing.headers.iter().map(header).collect(),
        sample_percent: tracing.sample_ratio_percent,
        service_name: tracing.service_name.clone(),
        instance: instance.to_owned(),
    };
    spans::start(settings, outgoing::provider(CALL_MS)?, trace, tasks);
    Ok(())
}
