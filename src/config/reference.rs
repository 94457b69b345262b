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
count) or, with a warning, plain text. Plain text in a `SACOLA__…` variable is as good as `{ env = … }`.

A secret in braces may have an end: `{ file = "/path", expires_at = "2026-12-31T00:00:00Z" }`. From then on it neither signs nor
verifies. The file and the files of its secrets are read again while the gateway runs; `docs/OPERATIONS.md` says what that changes.

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
    use super::*;

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
}
