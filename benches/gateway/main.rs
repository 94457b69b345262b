//! The performance harness: floors and the gateway side by side in one run. Servers (gateway, Redis, floors) share one core,
//! load and the Graph stub the other. It owns the method and the printed figures; it refuses to be a test of correctness,
//! though it counts messages and refuses a run in which a click was not answered 200.
//!
//! `scripts/bench` builds and starts it; docs/PERFORMANCE.md says how to read it.

mod clicks;
mod floor;
mod floors;
mod load;
mod measure;
mod plan;
mod process;
mod report;
mod stage;
mod stand;
mod stub;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|text| text != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["floor", listen] => floor::serve(listen, None).await,
        ["floor", listen, redis] => floor::serve(listen, Some(redis)).await,
        options => plan::run(options).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report::line(&format!("bench: {problem:#}"));
            ExitCode::FAILURE
        }
    }
}
