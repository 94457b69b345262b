//! The command line. Exit status: 0 done, 2 bad configuration or arguments, 1 a failure while running.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

mod address;
mod api_key;
mod check;
mod dead_letters;
mod demo;
mod emulator;
mod erase;
mod explain;
mod gateway;
mod given;
mod health;
mod own_key;
mod playground;
mod print;
mod replay;
mod script;
mod serve;

pub use given::{Texts, texts};
use print::{err, out};

/// A gateway that brings chat purchases to any shop.
#[derive(Debug, Parser)]
#[command(name = "sacola", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Gateway, WhatsApp emulator and demo shop on this machine, with an embedded store.
    Demo {
        /// Where the gateway listens; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: String,
        /// Where the embedded store lives; a temporary directory when absent.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Opens the playground in a browser.
        #[arg(long)]
        open: bool,
        /// Plays a purchase from the first hello to the payment, prints it, and ends.
        #[arg(long)]
        script: bool,
    },
    /// The gateway, with a configuration file; `sacola.example.toml` is one to begin with, `sacola check` tries one out.
    Serve {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// The WhatsApp Cloud API emulator and the demo shop alone, for any bot.
    #[command(long_about = emulator::HELP)]
    Emulator(Box<emulator::Options>),
    /// Checks a configuration, its store and its merchants; names every fault and its mend.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// The dead letters of a running gateway: lists, groups, shows, replays and discards them.
    DeadLetters {
        #[command(subcommand)]
        what: dead_letters::DeadLetters,
    },
    /// Makes a key for the merchant API, and the block of the configuration that holds only its hash.
    ApiKey(api_key::Options),
    /// Asks a running program how it is: ends with 0 when the address answers well, with 1 when not. For health checks of images.
    Health {
        /// What to ask: `/livez` or `/readyz` of the ops listener, or any other address that answers with 2xx.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090/livez")]
        url: url::Url,
    },
    /// Removes everything that is kept of a customer, and proves it by a search.
    Erase(erase::Options),
    /// About the configuration: `config reference` prints every key.
    Config {
        #[command(subcommand)]
        about: ConfigCommand,
    },
    /// What an error code of the provider means and what to do; without a code, the whole table as Markdown.
    Explain {
        /// The code, as in logs, metrics and dead letters.
        code: Option<i64>,
        /// The details that the provider gave with it.
        #[arg(long, requires = "code")]
        details: Option<String>,
    },
    /// Decides a conversation's journal again and says whether the same comes out, or where it parts. Nothing is sent or changed.
    Replay {
        /// NUMBER/CUSTOMER: a `phone_number_id`, and a user id or wa_id.
        conversation: String,
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The gateway to read the journal from, with an operator's key of the configuration; by default the store is opened.
        #[arg(long)]
        gateway: Option<url::Url>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints every metric with its labels and meaning, as Markdown.
    Metrics,
    /// Prints the gateway's OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Prints every key with its default and meaning.
    Reference,
}

/// Runs a command and returns the exit status.
pub async fn run(arguments: Vec<String>, environment: BTreeMap<String, String>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return told_at_once(&error),
    };
    let result = match arguments.command {
        Command::Demo { script: true, .. } => script::play(&environment).await,
        Command::Demo {
            listen,
            data,
            open,
            script: false,
        } => demo::run(&environment, &listen, data, open).await,
        Command::Serve { config } => serve::run(&environment, &config).await,
        Command::Emulator(options) => emulator::run(&environment, *options).await,
        Command::Check { config, json } => check::run(&environment, &config, json).await,
        Command::DeadLetters { what } => dead_letters::run(&environment, what).await,
        Command::ApiKey(options) => api_key::run(&options),
        Command::Health { url } => health::run(&url).await,
        Command::Erase(options) => erase::run(&environment, options).await,
        Command::Config {
            about: ConfigCommand::Reference,
        } => {
            print::raw(&crate::config::reference());
            Ok(())
        }
        Command::Explain { code, details } => explain::run(code, &details.unwrap_or_default()),
        Command::Replay {
            conversation,
            config,
            gateway,
            json,
        } => replay::run(&environment, &config, &conversation, gateway.as_ref(), json).await,
        Command::Metrics => {
            print::raw(&crate::telemetry::document());
            Ok(())
        }
        Command::Openapi => print_openapi(),
    };
    match result {
        Ok(()) => 0,
        Err(Failure::Configuration(faults)) => {
            for fault in &faults {
                err(fault);
            }
            2
        }
        Err(Failure::Running(error)) => {
            err(&format!("sacola: {error:#}"));
            1
        }
    }
}

/// Help, the version, or what is wrong with the arguments; in colours where somebody sees them.
fn told_at_once(told: &clap::Error) -> u8 {
    let is_fault = told.use_stderr();
    let is_seen = if is_fault {
        io::stderr().is_terminal()
    } else {
        io::stdout().is_terminal()
    };
    let rendered = told.render();
    let text = if is_seen {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    if is_fault {
        err(text.trim_end());
        return 2;
    }
    out(text.trim_end());
    0
}

fn print_openapi() -> Result<(), Failure> {
    let document =
        serde_json::to_string_pretty(&crate::http::openapi_document()).map_err(anyhow::Error::from)?;
    out(&document);
    Ok(())
}

/// Why a command ended badly.
#[derive(Debug)]
enum Failure {
    /// Lines to print, each a fault with its mend.
    Configuration(Vec<String>),
    /// Something failed while running.
    Running(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Running(error.into())
    }
}

/// What mends a configuration file that could not be read.
fn unread(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::InvalidData {
        "save it as UTF-8"
    } else {
        "name a file that this user may read; sacola.example.toml is one to begin with"
    }
}

/// Reads a configuration file; warnings go to the log.
fn load_config(
    path: &std::path::Path,
    environment: &BTreeMap<String, String>,
) -> Result<crate::config::Config, Failure> {
    let text = crate::config::read(path).map_err(|error| {
        let mend = unread(&error);
        Failure::Configuration(vec![format!(
            "--config {}: cannot be read: {error} — mend: {mend}",
            path.display()
        )])
    })?;
    match crate::config::load(&text, environment) {
        Ok(loaded) => {
            loaded
                .warnings
                .iter()
                .for_each(|warning| tracing::warn!(%warning, "configuration"));
            Ok(loaded.config)
        }
        Err(faults) => Err(Failure::Configuration(
            faults.iter().map(ToString::to_string).collect(),
        )),
    }
}

fn start_logs(environment: &BTreeMap<String, String>, default: &str) {
    let filter = environment.get("RUST_LOG").map_or(default, String::as_str);
    let form = environment.get("SACOLA_LOG").map_or("", String::as_str);
    let is_read = crate::telemetry::start_logs(filter, form == "json");
    crate::telemetry::tell_panics_by_place();
    if !is_read {
        tracing::warn!(
            "RUST_LOG can't be read, so info is used; write error, warn, info, debug or trace, or a target with one, and \
             commas between: info,sacola::steps=debug"
        );
    }
    if !matches!(form, "" | "text" | "json") {
        tracing::warn!("SACOLA_LOG is neither json nor text, so text is used");
    }
}

/// SIGTERM and SIGINT, heard from the moment that this is made.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for either.
    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> anyhow::Result<()> {
    StopSignal::listen()?.comes().await;
    Ok(())
}
