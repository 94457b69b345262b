//! The `sacola` binary: reads the environment once and hands over to the command line.

use std::collections::BTreeMap;
use std::process::ExitCode;

/// Many short-lived texts per event: a quarter of a click's processor time went to the system's allocator (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    #[cfg(feature = "faults")]
    if let Some(fault) = environment.get("SACOLA_FAULT")
        && !sacola::faults::arm(fault)
    {
        return ExitCode::from(2);
    }
    let arguments: Vec<String> = std::env::args().collect();
    ExitCode::from(sacola::cli::run(arguments, environment).await)
}
