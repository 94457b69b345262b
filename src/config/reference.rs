//! The reference of the configuration, as Markdown, made from the table of keys. `docs/CONFIGURATION.md` is this text; a
//! test compares them.

use super::keys::{Key, Kind, Need, Section};
use super::table::SECTIONS;

const INTRODUCTION: &str = r#"# Configuration

Printed by `sacola config reference` from the table that the reader itself uses; don't edit it by hand.

Sacola reads one TOML file. Any value may come from the environment instead, which wins over the file: `SACOLA__`, then
the key's path in capitals with `__` between its parts, numbers for the places in a list, counted from 0:
`SACOLA__STORE__URL`, `SACOLA__NUMBER__0__ACCESS_TOKEN`, `SACOLA__WHATSAPP__APP_SECRETS__0`. A list of texts or secrets
may also be given whole, separated by commas: `SACOLA__OUTGOING__ALLOW_PRIVATE=127.0.0.0/8,10.0.0.0/8`.

A secret is `{ env = "NAME" }` (an environment variable), `{ file = "/path" }` (a file; a line break at its end doesn't
count) or, with a warning, plain text. Plain text in a `SACOLA__…` variable is as good as `{ env = … }`. A secret may have
an end beside it: `{ file = "/path", expires_at = "2026-12-31T00:00:00Z" }`; from then on it neither signs nor verifies.

The file and the files of secrets are read again while the gateway runs; a change is used as a whole or not at all.
`[store]`, `[retention]`, `[delivery]`, `whatsapp.graph_url` and `graph_version`, of `[tracing]` all but `headers`, and of
`[server]` all but `reload_s` are used from the next start on.

All faults are reported at once, each with its key or variable and its mend. A key that isn't below is a fault."#;

/// What `sacola config reference` prints: one table of keys per section. It ends with a line break.
pub fn reference() -> String {
    let mut lines = vec![INTRODUCTION.to_owned()];
    for section in SECTIONS {
        lines.extend(section_lines(section));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn section_lines(section: &Section) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("## `{}`", section.heading()),
        String::new(),
        section.meaning.to_owned(),
        String::new(),
        "| key | type | default | meaning | example |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(section.keys.iter().map(key_line));
    lines
}

fn key_line(key: &Key) -> String {
    let (kind, default) = (key.kind.describe(), default_in_words(key));
    format!(
        "| `{}` | {kind} | {default} | {} | `{}` |",
        key.name,
        key.meaning,
        key.example_line()
    )
}

fn default_in_words(key: &Key) -> String {
    match (key.need, key.kind) {
        (Need::Required, _) => "required".to_owned(),
        (Need::Optional, _) => "none".to_owned(),
        (Need::Default(text), Kind::Integer(..)) => format!("`{text}`"),
        (Need::Default(_), Kind::Texts | Kind::Choices(_)) => "`[]`".to_owned(),
        (Need::Default(text), _) => format!("`\"{text}\"`"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::load;

    #[test]
    fn the_page_in_docs_is_this_text() {
        assert_eq!(
            reference(),
            include_str!("../../docs/CONFIGURATION.md"),
            "run: sacola config reference > docs/CONFIGURATION.md"
        );
    }

    #[test]
    fn no_cell_breaks_its_table() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let cells = key_line(key).matches('|').count();
            assert_eq!(cells, 6, "{}", key.name);
        }
    }

    #[test]
    fn every_example_is_toml() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let line = key.example_line();
            assert!(line.parse::<toml::Table>().is_ok(), "{line}");
        }
    }

    /// The example with what it leaves to its reader: lines that are commented out, and texts in place of files.
    fn example_in_full() -> String {
        let is_setting = |text: &str| {
            let key = text.split_once(" = ").map_or(" ", |(key, _)| key);
            text.starts_with(['[', '{']) || !key.contains(' ')
        };
        let whole = |line: &str| match line.trim_start().strip_prefix("# ") {
            Some(text) if is_setting(text) => text.to_owned(),
            _ => line.to_owned(),
        };
        let lines: Vec<String> = include_str!("../../sacola.example.toml")
            .lines()
            .map(whole)
            .collect();
        lines
            .join("\n")
            .replace("file = \"/run/secrets/sacola/", "value = \"the text of ")
    }

    #[test]
    fn the_example_is_good_too_with_all_that_it_leaves_out() {
        let mut environment: BTreeMap<String, String> = [
            "SACOLA_BUTTON_KEY",
            "WA_VERIFY_TOKEN",
            "WA_APP_SECRET",
            "WA_TOKEN",
            "CAFE_API_KEY",
        ]
        .map(|name| (name.to_owned(), format!("the secret in {name}")))
        .into();
        let signing = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        environment.insert("CAFE_SECRET".to_owned(), signing.to_owned());
        // replicas are a Redis's, and the example's store is a file
        let text = example_in_full().replace("wait_replicas = 1", "wait_replicas = 0");
        let config = load(&text, &environment).unwrap().config;
        assert_eq!(config.numbers[0].access_tokens.len(), 2);
        assert_eq!(config.whatsapp.app_secrets.len(), 2);
        assert_eq!((config.buttons.keys.len(), config.api_keys.len()), (2, 2));
        let ending = config.ends().into_iter().filter(|(_, end_ms)| end_ms.is_some());
        assert_eq!(ending.count(), 2);
        assert_eq!(config.tracing.headers.len(), 1);
        assert_eq!(config.retention.dead_letters_days, Some(90));
    }
}
