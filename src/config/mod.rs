//! The gateway's configuration: one TOML text plus the environment become one checked [`Config`], or a list of all that
//! is wrong. It owns the names, defaults and ranges of every key (one table, [`table`], from which the reference is
//! printed too), the overlay of `SACOLA__…` variables, and the fetching of secrets from variables and files. It refuses
//! unknown keys, half-right values and plain `http://` beyond the networks that were allowed; it never prints a secret,
//! never reads the process environment itself (the map is passed in), and opens no socket: whether the store, the
//! provider and the merchants answer is for `sacola check` to find out.

mod checks;
mod ends;
mod file;
mod keys;
mod lists;
mod networks;
mod overlay;
mod reader;
mod reference;
mod report;
mod secret;
mod sections;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod urls;

use std::collections::BTreeMap;

use toml::{Table, Value};

pub use self::file::read;
pub use self::reference::reference;
pub use self::report::Fault;
pub use self::secret::Secret;
pub use self::types::{
    ApiKey, ButtonKey, Buttons, Config, ConnectorKind, Delivery, Demand, KeyDigest, Merchant, Number,
    Outgoing, Scope, Server, StoreSection, Tracing, WebClients, WhatsApp,
};

use self::report::Report;

/// A configuration that may be run, and what its owner should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    /// Things that work but should be mended, a secret in plain text for example.
    pub warnings: Vec<Fault>,
}

/// What a reading found, whether the configuration may be run or not.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The checked configuration, when there is no fault.
    pub config: Option<Config>,
    /// All that must be mended.
    pub faults: Vec<Fault>,
    /// Things that work but should be mended.
    pub warnings: Vec<Fault>,
}

/// Reads TOML text, overlays the environment (`SACOLA__STORE__URL`, arrays `SACOLA__NUMBER__0__ACCESS_TOKEN`), resolves
/// secrets, and reports all faults at once. Text that is not TOML is one fault with its line and column.
pub fn load(toml_text: &str, env: &BTreeMap<String, String>) -> Result<Loaded, Vec<Fault>> {
    let examined = examine(toml_text, env);
    let warnings = examined.warnings;
    examined
        .config
        .map(|config| Loaded { config, warnings })
        .ok_or(examined.faults)
}

/// The same, and the warnings are told beside faults too.
pub fn examine(toml_text: &str, env: &BTreeMap<String, String>) -> Examined {
    let table = match toml_text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            return Examined {
                config: None,
                faults: vec![syntax_fault(toml_text, &error)],
                warnings: Vec::new(),
            };
        }
    };
    let mut root = Value::Table(table);
    let mut report = Report::new(env);
    overlay::apply(&mut root, &mut report);
    let config = root
        .as_table()
        .and_then(|table| sections::config(table, &mut report));
    let (config, faults, warnings) = report.finish_all(config);
    Examined {
        config,
        faults,
        warnings,
    }
}

/// Says where the text stops being TOML. The line itself is not quoted: it may hold a secret.
fn syntax_fault(text: &str, error: &toml::de::Error) -> Fault {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&char| char != '\n').count() + 1;
    Fault {
        code: "config.syntax",
        key: format!("line {line}, column {column}"),
        problem: format!("this is not TOML: {}", error.message().replace('\n', " ")),
        mend: "correct this line; `sacola config reference` shows an example of every key".to_owned(),
    }
}
