//! A typed cursor over one table of the configuration. It knows its path, and turns whatever is missing, unknown, of the
//! wrong type or out of range into a fault that names the key, the type and an example; then it answers `None` and reading
//! goes on. It refuses keys that the table of keys doesn't hold.

use toml::{Table, Value};

use super::keys::{Key, Kind, Need, Section, nearest};
use super::report::Report;
use super::secret::{self, Secret};
use super::table::SECTIONS;

/// One table of the file, and where it is.
pub(super) struct Cursor<'t> {
    section: &'static Section,
    path: String,
    /// Nothing when the section is absent: then every key is.
    table: Option<&'t Table>,
}

/// Tells of the sections that nobody knows.
pub(super) fn refuse_unknown_sections(root: &Table, report: &mut Report<'_>) {
    let known: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    for name in root.keys().filter(|name| !known.contains(&name.as_str())) {
        report.unknown(name, name, &known);
    }
}

impl<'t> Cursor<'t> {
    /// The table `[section]`; an absent one is like an empty one.
    pub(super) fn one(report: &mut Report<'_>, root: &'t Table, section: &'static Section) -> Self {
        let value = root.get(section.name);
        let table = value.and_then(Value::as_table);
        if let Some(value) = value
            && table.is_none()
        {
            wrong_section(report, section.name, section, value);
        }
        Self::new(report, section, section.name.to_owned(), table)
    }

    /// The tables `[[section]]`; those that are not tables are told and left out.
    pub(super) fn many(report: &mut Report<'_>, root: &'t Table, section: &'static Section) -> Vec<Self> {
        let Some(value) = root.get(section.name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            wrong_section(report, section.name, section, value);
            return Vec::new();
        };
        let mut cursors = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", section.name);
            match item.as_table() {
                Some(table) => cursors.push(Self::new(report, section, path, Some(table))),
                None => wrong_section(report, &path, section, item),
            }
        }
        cursors
    }

    fn new(
        report: &mut Report<'_>,
        section: &'static Section,
        path: String,
        table: Option<&'t Table>,
    ) -> Self {
        let known = section.key_names();
        for name in table
            .into_iter()
            .flat_map(Table::keys)
            .filter(|name| !known.contains(&name.as_str()))
        {
            report.unknown(&format!("{path}.{name}"), name, &known);
        }
        Self { section, path, table }
    }

    /// The path of one of its keys: `number[0].locale`.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// The text that is written there, right or wrong, without any judgement.
    pub(super) fn peek(&self, name: &str) -> Option<&'t str> {
        self.table?.get(name)?.as_str()
    }

    /// True when anything is written there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(name))
    }

    /// True when a table is written there.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.table
            .and_then(|table| table.get(name))
            .is_some_and(Value::is_table)
    }

    /// Text, or its default. Empty text is a fault unless that is the default.
    pub(super) fn text(&self, report: &mut Report<'_>, name: &str) -> Option<String> {
        let (key, value) = self.find(report, name)?;
        let Some(value) = value else {
            return key.default_text().map(str::to_owned);
        };
        let Some(text) = value.as_str() else {
            wrong_type(report, &self.at(name), key, value);
            return None;
        };
        if text.trim().is_empty() && key.default_text() != Some("") {
            report.fault(
                &self.at(name),
                "is empty",
                format!("for example: {}", key.example_line()),
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A whole number in the key's range, or its default.
    pub(super) fn integer<T: TryFrom<i64>>(&self, report: &mut Report<'_>, name: &str) -> Option<T> {
        let (key, value) = self.find(report, name)?;
        let number = match value {
            Some(value) => value.as_integer(),
            None => {
                return key
                    .default_text()
                    .and_then(|text| text.parse::<i64>().ok()?.try_into().ok());
            }
        };
        if let Some(number) = number
            && in_range(key, number)
        {
            return T::try_from(number).ok();
        }
        let path = self.at(name);
        match (number, value) {
            (Some(number), _) => {
                let problem = format!("{number} is out of range: {}", key.kind.describe());
                let mend = format!("for example: {}", key.example_line());
                report.fault_as("config.out_of_range", &path, problem, mend);
            }
            (None, Some(value)) => wrong_type(report, &path, key, value),
            (None, None) => {}
        }
        None
    }

    /// One of the texts that the key allows, or its default.
    pub(super) fn choice(&self, report: &mut Report<'_>, name: &str) -> Option<String> {
        let text = self.text(report, name)?;
        is_choice(report, &self.at(name), self.section.key(name)?, &text).then_some(text)
    }

    /// Some of the texts that the key allows.
    pub(super) fn choices(&self, report: &mut Report<'_>, name: &str) -> Option<Vec<String>> {
        let texts = self.texts(report, name)?;
        let key = self.section.key(name)?;
        let mut good = true;
        for (index, text) in texts.iter().enumerate() {
            good &= is_choice(report, &format!("{}[{index}]", self.at(name)), key, text);
        }
        good.then_some(texts)
    }

    /// A list of texts; absent with a default, it is empty. A fault in one of them is a fault of the list.
    pub(super) fn texts(&self, report: &mut Report<'_>, name: &str) -> Option<Vec<String>> {
        let (key, value) = self.find(report, name)?;
        let Some(value) = value else {
            return key.default_text().map(|_| Vec::new());
        };
        let Some(items) = value.as_array() else {
            wrong_type(report, &self.at(name), key, value);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push(text.trim().to_owned()),
                None => wrong_type(report, &format!("{}[{index}]", self.at(name)), key, item),
            }
        }
        if items.is_empty() && matches!(key.need, Need::Required) {
            report.fault(
                &self.at(name),
                "is empty",
                format!("for example: {}", key.example_line()),
            );
            return None;
        }
        (texts.len() == items.len()).then_some(texts)
    }

    /// One secret.
    pub(super) fn secret(&self, report: &mut Report<'_>, name: &str) -> Option<Secret> {
        let (_, value) = self.find(report, name)?;
        secret::resolve(report, &self.at(name), value?, false)
    }

    /// One secret or a list of them.
    pub(super) fn secret_or_secrets(&self, report: &mut Report<'_>, name: &str) -> Option<Vec<Secret>> {
        let is_list = self
            .table
            .and_then(|table| table.get(name))
            .is_some_and(Value::is_array);
        if is_list {
            let secrets = self.secrets(report, name)?;
            return Some(secrets.into_iter().map(|(_, secret)| secret).collect());
        }
        self.secret(report, name).map(|secret| vec![secret])
    }

    /// A list of secrets, each with the path that its faults carry. An empty list is a fault.
    pub(super) fn secrets(&self, report: &mut Report<'_>, name: &str) -> Option<Vec<(String, Secret)>> {
        let items = self.items(report, name)?;
        let mut secrets = Vec::with_capacity(items.len());
        for (path, item) in &items {
            if let Some(secret) = secret::resolve(report, path, item, false) {
                secrets.push((path.clone(), secret));
            }
        }
        (secrets.len() == items.len()).then_some(secrets)
    }

    /// A list of secrets with ids: path, id, secret.
    pub(super) fn named_secrets(
        &self,
        report: &mut Report<'_>,
        name: &str,
    ) -> Option<Vec<(String, String, Secret)>> {
        let items = self.items(report, name)?;
        let mut named = Vec::with_capacity(items.len());
        for (path, item) in &items {
            let id = item.get("id").and_then(Value::as_str);
            if id.is_none() && item.is_table() {
                let mend = "write { id = \"k1\", env = \"NAME\" }";
                report.fault(&format!("{path}.id"), "is missing or not text", mend);
            }
            let secret = secret::resolve(report, path, item, true);
            if let (Some(id), Some(secret)) = (id, secret) {
                named.push((path.clone(), id.to_owned(), secret));
            }
        }
        (named.len() == items.len()).then_some(named)
    }

    /// The values of a list that may not be empty, with their paths.
    fn items(&self, report: &mut Report<'_>, name: &str) -> Option<Vec<(String, &'t Value)>> {
        let (key, value) = self.find(report, name)?;
        let value = value?;
        let path = self.at(name);
        let Some(items) = value.as_array() else {
            wrong_type(report, &path, key, value);
            return None;
        };
        if items.is_empty() {
            report.fault(&path, "is empty", format!("for example: {}", key.example_line()));
            return None;
        }
        Some(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| (format!("{path}[{index}]"), item))
                .collect(),
        )
    }

    /// The key's description and its value; a missing required key is told here.
    fn find(&self, report: &mut Report<'_>, name: &str) -> Option<(&'static Key, Option<&'t Value>)> {
        let Some(key) = self.section.key(name) else {
            report.fault(
                &self.at(name),
                "is read but not in the table of keys",
                "report this bug of Sacola",
            );
            return None;
        };
        report.mark_used(self.section.name, key.name);
        let value = self.table.and_then(|table| table.get(name));
        if value.is_none() && matches!(key.need, Need::Required) {
            report.fault_as(
                "config.missing",
                &self.at(name),
                "is missing",
                format!("add {}", key.example_line()),
            );
        }
        Some((key, value))
    }
}

fn in_range(key: &Key, number: i64) -> bool {
    matches!(key.kind, Kind::Integer(min, max) if (min..=max).contains(&number))
}

fn is_choice(report: &mut Report<'_>, path: &str, key: &Key, text: &str) -> bool {
    let (Kind::Choice(choices) | Kind::Choices(choices)) = key.kind else {
        return false;
    };
    if choices.contains(&text) {
        return true;
    }
    let near = nearest(text, choices).map(|near| format!("did you mean \"{near}\"? "));
    let mend = format!("{}Known: {}", near.unwrap_or_default(), choices.join(", "));
    report.fault_as(
        "config.unknown_value",
        path,
        "is not a value that Sacola knows",
        mend,
    );
    false
}

fn wrong_type(report: &mut Report<'_>, path: &str, key: &Key, value: &Value) {
    let problem = format!("expected {}, found {}", key.kind.describe(), value.type_str());
    let mend = format!("for example: {}", key.example_line());
    report.fault_as("config.wrong_type", path, problem, mend);
}

fn wrong_section(report: &mut Report<'_>, path: &str, section: &Section, value: &Value) {
    let (heading, found) = (section.heading(), value.type_str());
    report.fault_as(
        "config.wrong_type",
        path,
        format!("expected {heading}, found {found}"),
        format!("write {heading}, then its keys below"),
    );
}
