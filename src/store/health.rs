//! How a store is, and what a 200 is worth on it: which losses it survives. It owns the words for that; it refuses to know
//! what an engine must be asked to find out.

use std::collections::BTreeSet;

/// A loss that what was answered with 200 may survive; serialised as the stable words of `/readyz` and `store.require`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::enum_variant_names,
    reason = "the words of /readyz: a loss of power, of a primary"
)]
pub enum Loss {
    /// Any process dies, the server too, and starts again on its disk.
    ProcessDeath,
    /// The power of all machines goes at once; disks keep what was flushed.
    PowerLoss,
    /// A primary is gone for good, with its disk, and one of its replicas takes its place.
    PrimaryLoss,
}

impl Loss {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::ProcessDeath, Self::PowerLoss, Self::PrimaryLoss];

    /// Its stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ProcessDeath => "process_death",
            Self::PowerLoss => "power_loss",
            Self::PrimaryLoss => "primary_loss",
        }
    }
}

/// What a 200 is worth in one word: the greatest loss that it survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The server does not let us ask; what is known to be survived is in [`Health::survives`].
    Unknown,
    /// Not even the death of a process.
    None,
    /// [`Loss::ProcessDeath`].
    ProcessDeath,
    /// [`Loss::PowerLoss`].
    PowerLoss,
    /// [`Loss::PrimaryLoss`]; whether a power cut of all machines is survived too is in [`Health::survives`].
    PrimaryLoss,
}

impl Level {
    /// The word for these losses.
    pub fn of(survives: &BTreeSet<Loss>) -> Self {
        match survives.last() {
            None => Self::None,
            Some(Loss::ProcessDeath) => Self::ProcessDeath,
            Some(Loss::PowerLoss) => Self::PowerLoss,
            Some(Loss::PrimaryLoss) => Self::PrimaryLoss,
        }
    }

    /// Its stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::ProcessDeath => Loss::ProcessDeath.word(),
            Self::PowerLoss => Loss::PowerLoss.word(),
            Self::PrimaryLoss => Loss::PrimaryLoss.word(),
        }
    }
}

/// How healthy the store is and what a 200 means under it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// `redis` or `embedded`.
    pub engine: String,
    /// The server's or library's version.
    pub version: String,
    /// True when a write was tried and worked, replicas that are waited for included.
    pub writable: bool,
    /// What a 200 survives, in a word.
    pub level: Level,
    /// All losses that a 200 is known to survive.
    pub survives: BTreeSet<Loss>,
    /// What a 200 means, in a sentence.
    pub durability: String,
    /// Memory in use in percent of the limit; `None` without a limit.
    pub memory_percent: Option<u32>,
    /// Anything the person on call should know.
    pub warnings: Vec<String>,
}

/// A demand that the store does not meet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}: {mend}")]
pub struct Unmet {
    /// What is demanded and what is survived.
    pub problem: String,
    /// What to set.
    pub mend: &'static str,
}

impl Health {
    /// What is missing to what is demanded; `None` when nothing is.
    pub fn unmet(&self, demanded: Option<Loss>) -> Option<Unmet> {
        let loss = demanded.filter(|loss| !self.survives.contains(loss))?;
        let survives: Vec<&str> = self.survives.iter().map(|loss| loss.word()).collect();
        let survives = if survives.is_empty() {
            "nothing".to_owned()
        } else {
            format!("only {}", survives.join(", "))
        };
        let mend = match loss {
            Loss::ProcessDeath => "set appendonly yes and maxmemory-policy noeviction on each server",
            Loss::PowerLoss => {
                "set appendonly yes, appendfsync always and no-appendfsync-on-rewrite no on each server, and let this user \
                 read them (ACL: +config|get)"
            }
            Loss::PrimaryLoss => "set store.wait_replicas to 1 or more, and appendonly yes on each server",
        };
        let demanded = loss.word();
        let problem = format!("store.require is {demanded}, and a 200 is known to survive {survives}");
        Some(Unmet { problem, mend })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surviving(survives: &[Loss]) -> Health {
        let survives: BTreeSet<Loss> = survives.iter().copied().collect();
        Health {
            engine: "redis".to_owned(),
            version: "7".to_owned(),
            writable: true,
            level: Level::of(&survives),
            survives,
            durability: String::new(),
            memory_percent: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_demand_is_met_by_that_loss_and_no_other() {
        let replicated = surviving(&[Loss::ProcessDeath, Loss::PrimaryLoss]);
        assert_eq!(replicated.unmet(None), None);
        assert_eq!(replicated.unmet(Some(Loss::PrimaryLoss)), None);
        let unmet = replicated.unmet(Some(Loss::PowerLoss)).expect("everysec");
        assert!(
            unmet.problem.contains("only process_death, primary_loss"),
            "{unmet}"
        );
        assert!(unmet.mend.contains("appendfsync always"), "{unmet}");
        let unmet = surviving(&[]).unmet(Some(Loss::ProcessDeath)).expect("memory");
        assert!(unmet.problem.contains("survive nothing"), "{unmet}");
    }

    #[test]
    fn words_are_the_same_in_json_and_in_the_configuration() {
        for loss in [Loss::ProcessDeath, Loss::PowerLoss, Loss::PrimaryLoss] {
            assert_eq!(serde_json::to_value(loss).expect("JSON"), loss.word());
            let level = Level::of(&BTreeSet::from([loss]));
            assert_eq!(serde_json::to_value(level).expect("JSON"), loss.word());
        }
        assert_eq!(serde_json::to_value(Level::None).expect("JSON"), "none");
        assert_eq!(serde_json::to_value(Level::Unknown).expect("JSON"), "unknown");
    }
}
