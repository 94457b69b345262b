//! The `sacola` binary: reads the environment once and hands over to the command line.

use std::collections::BTreeMap;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let arguments: Vec<String> = std::env::args().collect();
    ExitCode::from(sacola::cli::run(arguments, environment).await)
}
