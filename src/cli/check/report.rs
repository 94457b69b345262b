//! What the checks found, and how it is told: lines for people (what is right to stdout, what is wrong to stderr), or one
//! JSON object on stdout. It owns the last look for secrets; it refuses to judge.

use serde::Serialize;

use crate::cli::{Failure, err, out};

/// Shorter secrets are not looked for in texts: they would be found in every second word.
const HIDDEN_FROM_BYTES: usize = 6;

/// Something that is wrong, or should be better.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names that `--json` promises")]
pub(super) struct Problem {
    /// A stable word for programs: `listener.in_use`.
    pub(super) code: &'static str,
    /// What it is about: a key, a listener, a number, a merchant.
    pub(super) subject: String,
    pub(super) problem: String,
    pub(super) mend: String,
}

/// Something that was tried and is right.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Passed {
    subject: String,
    note: String,
}

/// What one check found.
#[derive(Clone, Debug)]
pub(super) enum Finding {
    Passed(Passed),
    /// The gateway starts and works, for now.
    Warning(Problem),
    Fault(Problem),
}

impl Finding {
    pub(super) fn passed(subject: impl Into<String>, note: impl Into<String>) -> Self {
        Self::Passed(Passed {
            subject: subject.into(),
            note: note.into(),
        })
    }

    pub(super) fn warning(
        code: &'static str,
        subject: impl Into<String>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::Warning(Problem {
            code,
            subject: subject.into(),
            problem: problem.into(),
            mend: mend.into(),
        })
    }

    pub(super) fn fault(
        code: &'static str,
        subject: impl Into<String>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::Fault(Problem {
            code,
            subject: subject.into(),
            problem: problem.into(),
            mend: mend.into(),
        })
    }
}

/// All findings, in the order in which they were made.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    ok: bool,
    faults: Vec<Problem>,
    warnings: Vec<Problem>,
    passed: Vec<Passed>,
}

impl Report {
    /// The findings without any of these secrets.
    pub(super) fn of(findings: Vec<Finding>, secrets: &[String]) -> Self {
        let mut report = Self {
            ok: true,
            faults: Vec::new(),
            warnings: Vec::new(),
            passed: Vec::new(),
        };
        for finding in findings {
            match finding {
                Finding::Passed(Passed { subject, note }) => report.passed.push(Passed {
                    subject: hidden(subject, secrets),
                    note: hidden(note, secrets),
                }),
                Finding::Warning(problem) => report.warnings.push(without(problem, secrets)),
                Finding::Fault(problem) => report.faults.push(without(problem, secrets)),
            }
        }
        report.ok = report.faults.is_empty();
        report
    }

    /// Prints it; any fault is exit status 2.
    pub(super) fn tell(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            out(&serde_json::to_string(self)?);
        } else {
            for one in &self.passed {
                out(&format!("ok  {}: {}", one.subject, one.note));
            }
            for (word, problems) in [("warning", &self.warnings), ("fault", &self.faults)] {
                for one in problems {
                    err(&format!("{word}  {} [{}]", one.subject, one.code));
                    err(&format!("    {}", one.problem));
                    err(&format!("    mend: {}", one.mend));
                }
            }
        }
        if self.ok {
            return Ok(());
        }
        Err(Failure::Configuration(Vec::new()))
    }
}

fn without(problem: Problem, secrets: &[String]) -> Problem {
    Problem {
        code: problem.code,
        subject: hidden(problem.subject, secrets),
        problem: hidden(problem.problem, secrets),
        mend: hidden(problem.mend, secrets),
    }
}

fn hidden(text: String, secrets: &[String]) -> String {
    let mut known: Vec<&String> = secrets
        .iter()
        .filter(|secret| secret.len() >= HIDDEN_FROM_BYTES && text.contains(secret.as_str()))
        .collect();
    known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    known
        .into_iter()
        .fold(text, |text, secret| text.replace(secret.as_str(), "[REDACTED]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_repeat_of_our_secrets_is_hidden() {
        let secrets = [
            "token".to_owned(),
            "token-2-long".to_owned(),
            "EAAB1234".to_owned(),
        ];
        let echoed = Finding::fault(
            "c",
            "number 1",
            "malformed token EAAB1234",
            "replace token-2-long",
        );
        let report = Report::of(vec![echoed], &secrets);
        assert!(!report.ok);
        assert_eq!(report.faults[0].problem, "malformed token [REDACTED]");
        assert_eq!(report.faults[0].mend, "replace [REDACTED]");
    }

    #[test]
    fn warnings_alone_are_no_fault() {
        let report = Report::of(
            vec![Finding::warning("c", "s", "p", "m"), Finding::passed("s", "n")],
            &[],
        );
        assert!(report.ok);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(
            json["warnings"][0],
            serde_json::json!({ "code": "c", "subject": "s", "problem": "p", "mend": "m" })
        );
    }
}
