//! The `sacola` binary: reads the environment once and hands over to the command line.

use std::process::ExitCode;

/// Many short-lived texts per event: a quarter of a click's processor time went to the system's allocator (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let given = sacola::cli::texts(std::env::args_os(), std::env::vars_os());
    let (arguments, environment) = match given {
        Ok(texts) => texts,
        Err(status) => return ExitCode::from(status),
    };
    #[cfg(feature = "faults")]
    if let Some(fault) = environment.get("SACOLA_FAULT")
        && !sacola::faults::arm(fault)
    {
        return ExitCode::from(2);
    }
    ExitCode::from(sacola::cli::run(arguments, environment).await)
}
