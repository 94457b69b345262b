//! Collects faults and warnings while the configuration is read, so that all of them are told at once. It knows which
//! environment variable set which key, and names the variable instead of the key when that is what must be mended.
//! It refuses to hold values: what is written into a fault is chosen by the check that finds it.

use std::collections::{BTreeMap, BTreeSet};

use super::keys;
use super::table::SECTIONS;

/// One thing that is wrong with the configuration, and how to mend it. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem} — mend: {mend}")]
pub struct Fault {
    /// What kind of fault it is, in a stable word for programs: `config.unknown_key`.
    pub code: &'static str,
    /// The key (`number[0].access_token`), the variable that set it (`SACOLA__…`), or the line of a syntax error.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

/// All that was found so far.
pub(super) struct Report<'e> {
    env: &'e BTreeMap<String, String>,
    /// The path of a key → the variable that set it.
    origins: BTreeMap<String, String>,
    used: BTreeSet<(&'static str, &'static str)>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl<'e> Report<'e> {
    pub(super) fn new(env: &'e BTreeMap<String, String>) -> Self {
        Self {
            env,
            origins: BTreeMap::new(),
            used: BTreeSet::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The environment, for the overlay and for secrets.
    pub(super) fn env(&self) -> &'e BTreeMap<String, String> {
        self.env
    }

    /// Remembers that `variable` set the key at `path`.
    pub(super) fn came_from(&mut self, path: String, variable: &str) {
        self.origins.insert(path, variable.to_owned());
    }

    /// Whether the environment set the key at `path` or the list that holds it.
    pub(super) fn is_from_environment(&self, path: &str) -> bool {
        self.origin(path).is_some()
    }

    /// Remembers that the reader asked for this key, so that a test can tell which ones nobody reads.
    pub(super) fn mark_used(&mut self, section: &'static str, key: &'static str) {
        self.used.insert((section, key));
    }

    /// A value that is wrong in no way that has a word of its own.
    pub(super) fn fault(&mut self, path: &str, problem: impl Into<String>, mend: impl Into<String>) {
        self.fault_as("config.invalid", path, problem, mend);
    }

    pub(super) fn fault_as(
        &mut self,
        code: &'static str,
        path: &str,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let fault = self.note(code, path, problem.into(), mend.into());
        self.faults.push(fault);
    }

    pub(super) fn warn_as(
        &mut self,
        code: &'static str,
        path: &str,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let warning = self.note(code, path, problem.into(), mend.into());
        self.warnings.push(warning);
    }

    /// A key that nobody knows, with the nearest one that is known, or the section that has one of this name.
    pub(super) fn unknown(&mut self, path: &str, word: &str, known: &[&str]) {
        let all = known.join(", ");
        let elsewhere: Vec<String> = SECTIONS
            .iter()
            .filter(|section| section.key(word).is_some())
            .map(|section| section.heading())
            .collect();
        let mend = match keys::nearest(word, known) {
            Some(near) => format!("did you mean \"{near}\"? Known here: {all}"),
            None if elsewhere.is_empty() => format!("remove it; known here: {all}"),
            None => format!("move it below {}; known here: {all}", elsewhere.join(" or ")),
        };
        self.fault_as("config.unknown_key", path, "is not a key that Sacola knows", mend);
    }

    /// The configuration if nothing was wrong, every fault, every warning.
    pub(super) fn finish_all<T>(mut self, config: Option<T>) -> (Option<T>, Vec<Fault>, Vec<Fault>) {
        if config.is_none() && self.faults.is_empty() {
            self.fault(
                "configuration",
                "could not be read, without a known reason",
                "report this bug of Sacola",
            );
        }
        let config = config.filter(|_| self.faults.is_empty());
        (config, self.faults, self.warnings)
    }

    fn note(&self, code: &'static str, path: &str, problem: String, mend: String) -> Fault {
        Fault {
            code,
            key: self.origin(path).unwrap_or(path).to_owned(),
            problem,
            mend,
        }
    }

    /// The variable that set `path` or, if it was set as a whole, the list or table around it.
    fn origin(&self, path: &str) -> Option<&str> {
        let mut at = path;
        loop {
            if let Some(variable) = self.origins.get(at) {
                return Some(variable);
            }
            at = at.get(..at.rfind(['.', '['])?)?;
        }
    }
}

#[cfg(test)]
impl Report<'_> {
    /// The value with its warnings if nothing was wrong, else every fault.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Fault>), Vec<Fault>> {
        let (value, faults, warnings) = self.finish_all(value);
        value.map(|value| (value, warnings)).ok_or(faults)
    }

    pub(super) fn used(&self) -> &BTreeSet<(&'static str, &'static str)> {
        &self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_its_mend() {
        let fault = Fault {
            code: "config.missing",
            key: "a.b".to_owned(),
            problem: "is missing".to_owned(),
            mend: "add it".to_owned(),
        };
        assert_eq!(fault.to_string(), "a.b: is missing — mend: add it");
    }

    #[test]
    fn the_variable_is_named_when_it_set_the_key() {
        let env = BTreeMap::new();
        let mut report = Report::new(&env);
        report.came_from(
            "outgoing.allow_private".to_owned(),
            "SACOLA__OUTGOING__ALLOW_PRIVATE",
        );
        report.fault("outgoing.allow_private[1]", "is not a network", "mend it");
        report.fault("outgoing", "other", "mend it");
        let faults = report.finish(Some(())).expect_err("two faults");
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["SACOLA__OUTGOING__ALLOW_PRIVATE", "outgoing"]);
    }
}
