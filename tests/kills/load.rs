//! The load under which replicas are restarted and secrets are exchanged, and how much of it must have come through.

use super::counts::is_thorough;
use super::crowd::Plan;

/// New webhooks each second.
const PER_SECOND: u32 = 300;
/// So many must have been acknowledged each second, or it was not under load: nine tenths when it is measured, less when other
/// tests run beside it.
const MEASURED_PER_SECOND: u64 = 270;
const USUAL_PER_SECOND: u64 = 100;
/// How long the load lasts, in seconds, unless `SACOLA_ROLLING_S` says otherwise.
const LOAD_S: u64 = 6;

/// Customers who come until they are sent home.
pub fn plan(gateways: usize) -> Plan {
    Plan {
        customers: u32::MAX,
        at_once: 150,
        per_second: PER_SECOND,
        taps: 4,
        gateways,
    }
}

/// How many webhooks must have been acknowledged each second.
pub fn wanted_per_second() -> u64 {
    if is_measured() {
        MEASURED_PER_SECOND
    } else {
        USUAL_PER_SECOND
    }
}

/// True when nothing else runs beside it and all is waited for.
pub fn is_measured() -> bool {
    is_thorough() || std::env::var_os("SACOLA_ROLLING_S").is_some()
}

/// How long the load lasts at least.
pub fn load_ms() -> u64 {
    let asked = std::env::var_os("SACOLA_ROLLING_S");
    let seconds: Option<u64> = asked.and_then(|seconds| seconds.to_str()?.parse().ok());
    seconds.unwrap_or(LOAD_S).max(1) * 1_000
}
