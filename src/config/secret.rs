//! Secrets: a type that does not print itself, and the three places one may come from (a variable, a file, plain text
//! with a warning), and the moment when it ends. It refuses empty secrets, control characters, pipes, and files beyond 64 KiB, warns of files that
//! everybody may read, and names only where a secret should have come from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use toml::Value;

use super::file;
use super::report::Report;

/// The keys of a secret's table; exactly one of them is used.
pub(super) const SOURCES: [&str; 3] = ["env", "file", "value"];
/// All keys of a secret's table.
pub(super) const PARTS: [&str; 4] = ["env", "file", "value", EXPIRES_AT];
/// The same for a secret that has a name.
const NAMED: [&str; 5] = ["id", "env", "file", "value", EXPIRES_AT];
/// When the secret ends.
const EXPIRES_AT: &str = "expires_at";
/// Bytes of a secret's file that are read at most.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// The bit of a file's mode that lets everybody read.
const EVERYBODY_READS: u32 = 0o004;
const HOW: &str = "write { env = \"NAME\" } or { file = \"/run/secrets/name\" }";

/// Text that must not be seen: `Debug` and `Display` print `[REDACTED]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    expires_at_ms: Option<i64>,
}

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            expires_at_ms: None,
        }
    }

    /// The text itself, to sign or authenticate with; never to log.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// When it ends, in Unix milliseconds: from then on it neither signs nor verifies. `None`: never.
    pub fn expires_at_ms(&self) -> Option<i64> {
        self.expires_at_ms
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[REDACTED]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[REDACTED]")
    }
}

/// Fetches the secret that `value` tells of: a plain text, or a table with one of `env`, `file`, `value` and perhaps an end.
/// A `named` secret is always a table, and may have an `id` (which the caller reads).
pub(super) fn resolve(report: &mut Report<'_>, path: &str, value: &Value, named: bool) -> Option<Secret> {
    if let Some(text) = value.as_str()
        && !named
    {
        return plain(report, path, path, text);
    }
    let Some(table) = value.as_table() else {
        report.fault_as(
            "config.wrong_type",
            path,
            format!("expected a secret, found {}", value.type_str()),
            HOW,
        );
        return None;
    };
    let known: &[&str] = if named { &NAMED } else { &PARTS };
    for name in table.keys().filter(|name| !known.contains(&name.as_str())) {
        report.unknown(&format!("{path}.{name}"), name, known);
    }
    let given: Vec<(&str, &Value)> = SOURCES
        .iter()
        .filter_map(|source| table.get(*source).map(|value| (*source, value)))
        .collect();
    let &[(source, value)] = given.as_slice() else {
        report.fault(path, "needs exactly one of env, file, value", HOW);
        return None;
    };
    let source_path = format!("{path}.{source}");
    let Some(text) = value.as_str() else {
        report.fault_as(
            "config.wrong_type",
            &source_path,
            format!("expected text, found {}", value.type_str()),
            HOW,
        );
        return None;
    };
    let expires_at_ms = match table.get(EXPIRES_AT) {
        Some(value) => Some(moment(report, &format!("{path}.{EXPIRES_AT}"), value)?),
        None => None,
    };
    let secret = match source {
        "env" => from_variable(report, path, text),
        "file" => from_file(report, path, text),
        _ => plain(report, path, &source_path, text),
    };
    secret.map(|secret| Secret {
        expires_at_ms,
        ..secret
    })
}

/// A moment as RFC 3339 text or as a date of TOML, with its zone: a moment without one would end elsewhere at another time.
fn moment(report: &mut Report<'_>, path: &str, value: &Value) -> Option<i64> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Datetime(moment) => moment.to_string(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) => {
            value.type_str().to_owned()
        }
    };
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    report.fault(
        path,
        format!("{text} is not a moment with its zone"),
        "write it as in expires_at = \"2026-12-31T00:00:00Z\"",
    );
    None
}

/// A secret in plain text: fine when it came by the environment, a warning in the file.
fn plain(report: &mut Report<'_>, path: &str, source_path: &str, text: &str) -> Option<Secret> {
    if !report.is_from_environment(source_path) {
        report.warn_as("config.plain_secret", path, "holds a secret in plain text", HOW);
    }
    checked(report, path, text, "it")
}

fn from_variable(report: &mut Report<'_>, path: &str, variable: &str) -> Option<Secret> {
    let is_name = |text: &str| {
        text.chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    if variable.is_empty() || variable.len() > 64 || !is_name(variable) {
        report.fault(path, "env does not hold the name of a variable", HOW);
        return None;
    }
    let Some(text) = report.env().get(variable) else {
        let mend = format!("export {variable}, or point to a file with {{ file = \"/run/secrets/name\" }}");
        report.fault_as(
            "config.secret",
            path,
            format!("the environment variable {variable} is not set"),
            mend,
        );
        return None;
    };
    checked(
        report,
        path,
        text,
        &format!("the environment variable {variable}"),
    )
}

fn from_file(report: &mut Report<'_>, path: &str, file: &str) -> Option<Secret> {
    let mut text = String::new();
    let read = file::open(Path::new(file)).and_then(|opened| {
        warn_of_readers(report, path, file, &opened)?;
        opened.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)
    });
    match read {
        Err(error) => {
            let problem = format!("the file {file} cannot be read: {error}");
            let mend = "create it or let this user read it; a relative path starts at the working directory";
            report.fault_as("config.secret", path, problem, mend);
            None
        }
        Ok(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes <= MAX_FILE_BYTES) => checked(
            report,
            path,
            text.trim_end_matches(['\r', '\n']),
            &format!("the file {file}"),
        ),
        Ok(_) => {
            report.fault_as(
                "config.secret",
                path,
                format!("the file {file} is larger than 64 KiB"),
                "point to the secret's own file",
            );
            None
        }
    }
}

/// Warns of a file that every user of this machine may read.
fn warn_of_readers(report: &mut Report<'_>, path: &str, file: &str, opened: &File) -> io::Result<()> {
    if opened.metadata()?.permissions().mode() & EVERYBODY_READS != 0 {
        report.warn_as(
            "config.open_secret",
            path,
            format!("every user of this machine may read the file {file}"),
            "chmod 600 it, or 640 with a group; for a mounted secret set its mode",
        );
    }
    Ok(())
}

fn checked(report: &mut Report<'_>, path: &str, text: &str, place: &str) -> Option<Secret> {
    if text.trim().is_empty() {
        report.fault_as(
            "config.secret",
            path,
            format!("{place} is empty"),
            "put the secret there",
        );
        return None;
    }
    if text.chars().any(char::is_control) {
        let mend = "keep only the secret, on one line";
        report.fault_as(
            "config.secret",
            path,
            format!("{place} holds a line break or another control character"),
            mend,
        );
        return None;
    }
    if text.trim() != text {
        report.warn_as(
            "config.secret_spaces",
            path,
            format!("{place} begins or ends with a space"),
            "remove it, unless the secret really has it",
        );
    }
    Some(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;

    use super::*;

    fn resolved(toml_value: &str) -> Result<(Secret, usize), String> {
        let env = BTreeMap::from([("TOKEN".to_owned(), "from-env".to_owned())]);
        let mut report = Report::new(&env);
        let table: toml::Table = format!("it = {toml_value}").parse().unwrap_or_default();
        let secret = resolve(&mut report, "it", &table["it"], false);
        match report.finish(secret) {
            Ok((secret, warnings)) => Ok((secret, warnings.len())),
            Err(faults) => Err(faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")),
        }
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "[REDACTED] [REDACTED] Some([REDACTED])"
        );
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn it_comes_from_a_variable_a_file_or_plain_text_with_a_warning() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"from-file\r\n").expect("written");
        let in_file = format!("{{ file = \"{}\" }}", file.path().display());
        assert_eq!(resolved("{ env = \"TOKEN\" }"), Ok((Secret::new("from-env"), 0)));
        assert_eq!(resolved(&in_file), Ok((Secret::new("from-file"), 0)));
        assert_eq!(resolved("\"plain\""), Ok((Secret::new("plain"), 1)));
        assert_eq!(resolved("{ value = \"plain\" }"), Ok((Secret::new("plain"), 1)));
    }

    #[test]
    fn a_file_that_everybody_may_read_is_a_warning() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"from-file").expect("written");
        let in_file = format!("{{ file = \"{}\" }}", file.path().display());
        for (mode, warnings) in [(0o600, 0), (0o640, 0), (0o644, 1)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(
                resolved(&in_file),
                Ok((Secret::new("from-file"), warnings)),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn spaces_alone_are_no_secret_and_around_one_they_are_told() {
        let empty = resolved("\"  \"").expect_err("spaces");
        assert!(empty.contains("is empty"), "{empty}");
        assert_eq!(resolved("\"plain \""), Ok((Secret::new("plain "), 2)));
    }

    #[test]
    fn it_may_end_at_a_moment_with_a_zone() {
        for written in [
            "\"1970-01-02T00:00:00Z\"",
            "1970-01-02T00:00:00Z",
            "\"1970-01-01T21:00:00-03:00\"",
        ] {
            let (secret, _) =
                resolved(&format!("{{ env = \"TOKEN\", expires_at = {written} }}")).expect("a secret");
            assert_eq!(secret.expires_at_ms(), Some(86_400_000), "{written}");
        }
        for written in ["\"tomorrow\"", "1970-01-02T00:00:00", "1970-01-02", "7"] {
            let fault =
                resolved(&format!("{{ env = \"TOKEN\", expires_at = {written} }}")).expect_err("no zone");
            assert!(fault.contains("it.expires_at"), "{fault}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let variable = resolved("{ env = \"NOT_SET\" }").expect_err("not set");
        assert!(variable.contains("NOT_SET is not set"), "{variable}");
        let file = resolved("{ file = \"/no/such/file\" }").expect_err("no file");
        assert!(file.contains("/no/such/file"), "{file}");
        let both = resolved("{ env = \"TOKEN\", file = \"/x\" }").expect_err("both");
        assert!(both.contains("exactly one"), "{both}");
        let control = resolved("\"hidden\\nline\"").expect_err("two lines");
        assert!(
            control.contains("line break") && !control.contains("hidden"),
            "{control}"
        );
    }
}
