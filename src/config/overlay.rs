//! The environment over the file: every `SACOLA__…` variable becomes the value that its name points to, before anything
//! is read. It remembers which variable set what, so that faults name the variable. It refuses names that no key has and
//! gaps in lists.

use toml::{Table, Value};

use super::keys::{Kind, Section, nearest};
use super::report::Report;
use super::secret::{PARTS, SOURCES};
use super::table::SECTIONS;

const PREFIX: &str = "SACOLA__";

/// One part of a variable's name. Places sort by number, so that lists fill up from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Name(String),
}

/// What a variable's text turns into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaf {
    Text,
    Integer,
    List,
}

/// Writes every `SACOLA__…` variable into the tables of `root`.
pub(super) fn apply(root: &mut Value, report: &mut Report<'_>) {
    let mut settings = Vec::new();
    for (variable, text) in report.env() {
        let Some(rest) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let steps: Vec<Step> = rest.split("__").map(step).collect();
        match leaf(&steps) {
            Some(leaf) => settings.push((steps, variable, value_of(leaf, text))),
            None => refuse(report, variable, &steps),
        }
    }
    settings.sort_by(|(left, ..), (right, ..)| left.cmp(right));
    for (steps, variable, value) in settings {
        report.came_from(path_of(&steps), variable);
        if let Err(next) = set(root, &steps, value) {
            let mend = format!("count from 0 without gaps: the next free place is {next}");
            report.fault_as("config.gap", variable, "leaves a gap in a list", mend);
        }
    }
}

fn step(part: &str) -> Step {
    let is_number = !part.is_empty() && part.chars().all(|char| char.is_ascii_digit());
    match part.parse::<usize>() {
        Ok(index) if is_number => Step::Index(index),
        Ok(_) | Err(_) => Step::Name(part.to_ascii_lowercase()),
    }
}

/// What the key at these steps takes; nothing when no key is there.
fn leaf(steps: &[Step]) -> Option<Leaf> {
    let (Step::Name(section_name), rest) = steps.split_first()? else {
        return None;
    };
    let section = SECTIONS
        .iter()
        .find(|section| section.name == section_name.as_str())?;
    let rest = if section.many {
        let (Step::Index(_), rest) = rest.split_first()? else {
            return None;
        };
        rest
    } else {
        rest
    };
    let (Step::Name(key_name), rest) = rest.split_first()? else {
        return None;
    };
    leaf_inside(section.key(key_name)?.kind, rest)
}

/// The same, below the key: places in lists and the parts of a secret's table.
fn leaf_inside(kind: Kind, rest: &[Step]) -> Option<Leaf> {
    match (kind, rest) {
        (Kind::Integer(..), []) => Some(Leaf::Integer),
        (Kind::Texts | Kind::Choices(_) | Kind::Secrets, []) => Some(Leaf::List),
        (
            Kind::Text
            | Kind::Address
            | Kind::Url
            | Kind::UrlOrSecret
            | Kind::Choice(_)
            | Kind::Secret
            | Kind::SecretOrSecrets,
            [],
        )
        | (Kind::Texts | Kind::Choices(_) | Kind::Secrets | Kind::SecretOrSecrets, [Step::Index(_)]) => {
            Some(Leaf::Text)
        }
        (Kind::Secret | Kind::UrlOrSecret | Kind::SecretOrSecrets, [Step::Name(part)])
        | (Kind::Secrets | Kind::SecretOrSecrets, [Step::Index(_), Step::Name(part)]) => {
            is_part(part).then_some(Leaf::Text)
        }
        (Kind::NamedSecrets, [Step::Index(_), Step::Name(part)]) => {
            (part == "id" || is_part(part)).then_some(Leaf::Text)
        }
        _ => None,
    }
}

fn is_source(part: &str) -> bool {
    SOURCES.contains(&part)
}

/// A key of a secret's table.
fn is_part(part: &str) -> bool {
    PARTS.contains(&part)
}

/// The text as the value that the key takes. A number that is none stays text, and the reader tells of it.
fn value_of(leaf: Leaf, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match leaf {
        Leaf::Text => as_text(),
        Leaf::Integer => text
            .trim()
            .parse::<i64>()
            .map_or_else(|_| as_text(), Value::Integer),
        Leaf::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
    }
}

/// `number[0].access_token`.
fn path_of(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Index(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
            Step::Name(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
    }
    path
}

/// Writes `value` below `slot`, making tables and lists on the way; an index beyond the end is answered with the next
/// free one. A slot of the wrong type is left as it is: the reader tells of it.
fn set(slot: &mut Value, steps: &[Step], value: Value) -> Result<(), usize> {
    let Some((step, rest)) = steps.split_first() else {
        *slot = value;
        return Ok(());
    };
    match step {
        Step::Name(name) => {
            // a secret in place of a plain one, or of a list of them
            if slot.is_str() || slot.is_array() {
                *slot = Value::Table(Table::new());
            }
            let Some(table) = slot.as_table_mut() else {
                return Ok(());
            };
            if is_source(name) {
                table.retain(|other, _| !is_source(other));
            }
            let inner = table.entry(name.as_str()).or_insert_with(|| empty_before(rest));
            set(inner, rest, value)
        }
        Step::Index(index) => {
            // one more beside the only secret that the file has
            if slot.is_str() || (slot.is_table() && *index > 0) {
                let only = std::mem::replace(slot, Value::Array(Vec::new()));
                if let Some(items) = slot.as_array_mut() {
                    items.push(only);
                }
            }
            let Some(items) = slot.as_array_mut() else {
                return Ok(());
            };
            if *index == items.len() {
                items.push(empty_before(rest));
            }
            let length = items.len();
            set(items.get_mut(*index).ok_or(length)?, rest, value)
        }
    }
}

/// What must stand where the next step goes in: a list before a place, else a table.
fn empty_before(rest: &[Step]) -> Value {
    if matches!(rest.first(), Some(Step::Index(_))) {
        Value::Array(Vec::new())
    } else {
        Value::Table(Table::new())
    }
}

/// Tells of a variable that no key has, with the nearest name that one has.
fn refuse(report: &mut Report<'_>, variable: &str, steps: &[Step]) {
    let places: Vec<usize> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Index(index) => Some(*index),
            Step::Name(_) => None,
        })
        .collect();
    let known: Vec<String> = SECTIONS
        .iter()
        .flat_map(|section| variables_of(section, &places))
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mend = nearest(&variable.to_ascii_uppercase(), &known).map_or_else(
        || "unset it; `sacola config reference` lists every key".to_owned(),
        |near| format!("did you mean {near}? Else unset it"),
    );
    report.fault_as(
        "config.unknown_key",
        variable,
        "is not a key that Sacola knows",
        mend,
    );
}

/// Every variable that a section knows, its blocks and lists at these places.
fn variables_of(section: &Section, places: &[usize]) -> Vec<String> {
    let mut places = places.iter();
    let mut place = || places.next().copied().unwrap_or_default().to_string();
    let mut head = format!("{PREFIX}{}__", section.name);
    if section.many {
        head.push_str(&place());
        head.push_str("__");
    }
    let place = place();
    let mut variables = Vec::new();
    for key in section.keys {
        let tails = tails_of(key.kind, &place);
        variables.extend(
            tails
                .iter()
                .map(|tail| format!("{head}{}{tail}", key.name).to_ascii_uppercase()),
        );
    }
    variables
}

/// What may stand behind a key's name.
fn tails_of(kind: Kind, place: &str) -> Vec<String> {
    let sources = |before: &str| PARTS.map(|part| format!("{before}__{part}")).to_vec();
    let at_place = format!("__{place}");
    match kind {
        Kind::Text | Kind::Address | Kind::Url | Kind::Integer(..) | Kind::Choice(_) => vec![String::new()],
        Kind::Texts | Kind::Choices(_) => vec![String::new(), at_place],
        Kind::Secret | Kind::UrlOrSecret => [vec![String::new()], sources("")].concat(),
        Kind::SecretOrSecrets => {
            let one = [vec![String::new()], sources("")].concat();
            [one, vec![at_place.clone()], sources(&at_place)].concat()
        }
        Kind::Secrets => [vec![String::new(), at_place.clone()], sources(&at_place)].concat(),
        Kind::NamedSecrets => [vec![format!("{at_place}__id")], sources(&at_place)].concat(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn overlaid(toml_text: &str, variables: &[(&str, &str)]) -> Result<Value, String> {
        let env: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let mut root = Value::Table(toml_text.parse().unwrap_or_default());
        let mut report = Report::new(&env);
        apply(&mut root, &mut report);
        match report.finish(Some(root)) {
            Ok((root, _)) => Ok(root),
            Err(faults) => Err(faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")),
        }
    }

    fn table(toml_text: &str) -> Value {
        Value::Table(toml_text.parse().unwrap_or_default())
    }

    #[test]
    fn variables_win_over_the_file_and_fill_lists() {
        let file = "[[number]]\nmerchant = 'a'\naccess_token = 'old'\n[delivery]\nlease_ms = 1\n";
        let variables = [
            ("SACOLA__NUMBER__0__ACCESS_TOKEN", "new"),
            ("SACOLA__NUMBER__1__MERCHANT", "b"),
            ("SACOLA__DELIVERY__LEASE_MS", "500"),
            ("SACOLA__WHATSAPP__APP_SECRETS__0", "s0"),
            ("SACOLA__WHATSAPP__APP_SECRETS__1__FILE", "/s1"),
            ("SACOLA__OUTGOING__ALLOW_PRIVATE", "127.0.0.0/8, 10.0.0.0/8"),
            ("SACOLA_BUTTON_KEY", "not ours"),
        ];
        let expected = "[[number]]\nmerchant = 'a'\naccess_token = 'new'\n[[number]]\nmerchant = 'b'\n\
            [delivery]\nlease_ms = 500\n[whatsapp]\napp_secrets = ['s0', { file = '/s1' }]\n\
            [outgoing]\nallow_private = ['127.0.0.0/8', '10.0.0.0/8']\n";
        assert_eq!(overlaid(file, &variables), Ok(table(expected)));
    }

    #[test]
    fn the_tenth_comes_after_the_second() {
        let names: Vec<String> = (0..12)
            .map(|index| format!("SACOLA__MERCHANT__{index}__NAME"))
            .collect();
        let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        assert_eq!(
            overlaid("", &variables),
            Ok(table(&"[[merchant]]\nname = 'x'\n".repeat(12)))
        );
    }

    #[test]
    fn a_source_of_a_secret_replaces_the_one_in_the_file() {
        let file =
            "[whatsapp]\nverify_token = { file = '/old' }\n[buttons]\nkeys = [{ id = 'k', env = 'OLD' }]\n";
        let variables = [
            ("SACOLA__WHATSAPP__VERIFY_TOKEN__ENV", "NEW"),
            ("SACOLA__BUTTONS__KEYS__0__VALUE", "v"),
        ];
        let expected =
            "[whatsapp]\nverify_token = { env = 'NEW' }\n[buttons]\nkeys = [{ id = 'k', value = 'v' }]\n";
        assert_eq!(overlaid(file, &variables), Ok(table(expected)));
    }

    #[test]
    fn unknown_names_and_gaps_are_told() {
        let unknown = overlaid("", &[("SACOLA__NUMBER__3__ACESS_TOKEN", "hidden")]).expect_err("unknown");
        assert!(
            unknown.contains("did you mean SACOLA__NUMBER__3__ACCESS_TOKEN?"),
            "{unknown}"
        );
        assert!(!unknown.contains("hidden"), "{unknown}");
        for (wrong, meant) in [
            (
                "SACOLA__WHATSAPP__APP_SECRETS__1__FIEL",
                "SACOLA__WHATSAPP__APP_SECRETS__1__FILE",
            ),
            (
                "SACOLA__NUMBER__2__ACCESS_TOKEN__EVN",
                "SACOLA__NUMBER__2__ACCESS_TOKEN__ENV",
            ),
            ("SACOLA__BUTTONS__KEYS__0__IDD", "SACOLA__BUTTONS__KEYS__0__ID"),
        ] {
            let unknown = overlaid("", &[(wrong, "hidden")]).expect_err("unknown");
            assert!(unknown.contains(&format!("did you mean {meant}?")), "{unknown}");
        }
        let gap = overlaid("", &[("SACOLA__NUMBER__1__MERCHANT", "x")]).expect_err("a gap");
        assert!(gap.contains("SACOLA__NUMBER__1__MERCHANT: leaves a gap"), "{gap}");
    }
}
