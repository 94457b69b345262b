//! Every reason for which something becomes a dead letter: what happened, and what to do about it. One table, for `/v1`, for the
//! command line and, at more length, for docs/OPERATIONS.md; a test holds that no reason is missing.

use std::collections::BTreeMap;

use crate::store::LetterGroup;

/// What a reason means.
#[derive(Debug)]
pub(super) struct Cause {
    /// The word in a letter.
    reason: &'static str,
    /// What happened.
    pub(super) what_happened: &'static str,
    /// What to do.
    pub(super) what_to_do: &'static str,
}

const CAUSES: [Cause; 13] = [
    Cause {
        reason: "exhausted",
        what_happened: "It was tried for 24 hours, or the provider asked for a pause that outlasts them.",
        what_to_do: "A message: nothing, news of purchases is told with the customer's next message. A purchase: replay; the \
                     merchant is asked by id before anything is sent again.",
    },
    Cause {
        reason: "idempotency_conflict",
        what_happened: "The merchant has another purchase under this id and does not find it by the id.",
        what_to_do: "Let a person compare both sides; discard the letter then. A replay asks the merchant the same again.",
    },
    Cause {
        reason: "panic",
        what_happened: "The decision of this event failed; its siblings and the customer's later events went on.",
        what_to_do: "Report it with the letter's body. Replay after the mend.",
    },
    Cause {
        reason: "poison",
        what_happened: "One item of a webhook could not be read; its siblings were taken.",
        what_to_do: "Report it with the letter's body, then discard it: an item alone can't be replayed.",
    },
    Cause {
        reason: "rejected",
        what_happened: "The provider or the merchant refused it for good; the detail says why.",
        what_to_do: "Mend the cause (catalog, template, address, secret). A message: replay it only while the customer is in \
                     conversation. A purchase: discard it; the customer was told no and confirms again.",
    },
    Cause {
        reason: "too_large",
        what_happened: "The conversation would have passed 64 KiB.",
        what_to_do: "Let the customer finish or empty carts, then replay.",
    },
    Cause {
        reason: "unknown_merchant",
        what_happened: "A purchase waited a day for a merchant that is not configured; it is under review.",
        what_to_do: "Configure the merchant, then replay.",
    },
    Cause {
        reason: "unknown_number",
        what_happened: "A webhook for a phone_number_id that is not configured.",
        what_to_do: "Configure the number, then replay within 8 days; discard what belongs to nobody.",
    },
    Cause {
        reason: "unknown_outcome",
        what_happened: "A message about money was sent twice without an answer or a status.",
        what_to_do: "Nothing: it is told again with the customer's next message. Discard the letter.",
    },
    Cause {
        reason: "unknown_purchase",
        what_happened: "A merchant's news of a purchase that this merchant does not have here.",
        what_to_do: "Find out where the purchase belongs. Replay when it is here: states only move forward.",
    },
    Cause {
        reason: "unparseable",
        what_happened: "A signed body that is no WhatsApp webhook.",
        what_to_do: "Read the detail. Replay after an upgrade that reads it, within 8 days; discard it otherwise.",
    },
    Cause {
        reason: "unreadable_callback",
        what_happened: "A signed callback of a merchant that can't be read.",
        what_to_do: "Let the merchant mend it and send it anew, then discard this one; or replay after an upgrade.",
    },
    Cause {
        reason: "unreadable_effect",
        what_happened: "An effect in a lane that this version can't read.",
        what_to_do: "Run the version that wrote it, or a newer one, then replay.",
    },
];

/// Of letters that another version parked.
const UNKNOWN: Cause = Cause {
    reason: "",
    what_happened: "This version does not know the reason: another version parked it.",
    what_to_do: "Read the detail. Replay with the version that parked it, or a newer one.",
};

/// Stands for all reasons of other versions in counters.
const OTHER: &str = "other";

/// What that reason means.
pub(super) fn of(reason: &str) -> &'static Cause {
    CAUSES
        .iter()
        .find(|cause| cause.reason == reason)
        .unwrap_or(&UNKNOWN)
}

/// How many letters there are for each reason, those without any included; reasons of other versions are one, `other`.
pub(in crate::http) fn counted_by_reason(groups: &[LetterGroup]) -> BTreeMap<&'static str, u64> {
    let mut counted: BTreeMap<&'static str, u64> = CAUSES.iter().map(|cause| (cause.reason, 0)).collect();
    counted.insert(OTHER, 0);
    for group in groups {
        let reason = match of(&group.reason).reason {
            "" => OTHER,
            known => known,
        };
        *counted.entry(reason).or_default() += group.count;
    }
    counted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// How a reason is given where something is parked, white space left out.
    const PARKING: [&str; 5] = [
        "park(state,\"",
        "Self::park(draft,&occurrence,&facts,\"",
        "Self::park(draft,occurrence,facts,\"",
        ".bury(head,Some(body),\"",
        ".bury(head,None,\"",
    ];

    fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// Every reason that the sources park anything for.
    fn used() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        sources(&root.join("src"), &mut paths);
        let mut reasons = BTreeSet::new();
        for path in paths.iter().filter(|path| !path.ends_with("causes.rs")) {
            let mut code = fs::read_to_string(path).unwrap();
            code.retain(|c| !c.is_whitespace());
            for call in PARKING {
                for (at, _) in code.match_indices(call) {
                    let rest = code.get(at + call.len()..).unwrap();
                    reasons.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
        reasons
    }

    #[test]
    fn every_reason_in_the_sources_has_its_row_and_every_row_is_used() {
        let rows: BTreeSet<String> = CAUSES.iter().map(|cause| cause.reason.to_owned()).collect();
        assert_eq!(rows, used());
        assert_eq!(rows.len(), CAUSES.len(), "a reason has two rows");
    }

    #[test]
    fn the_runbook_has_every_reason() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let runbook = fs::read_to_string(root.join("docs/OPERATIONS.md")).unwrap();
        for cause in &CAUSES {
            let row = format!("| `{}`", cause.reason);
            assert!(runbook.contains(&row), "{row}");
        }
    }

    #[test]
    fn letters_are_counted_for_every_reason_and_unknown_ones_together() {
        let group = |reason: &str, count| LetterGroup {
            reason: reason.to_owned(),
            count,
            oldest_ms: 1,
            newest_ms: 2,
        };
        let counted = counted_by_reason(&[group("panic", 3), group("new one", 1), group("newer", 2)]);
        assert_eq!((counted["panic"], counted["poison"], counted[OTHER]), (3, 0, 3));
        assert_eq!(counted.len(), CAUSES.len() + 1);
    }

    #[test]
    fn a_reason_of_another_version_is_told_as_such() {
        assert!(of("no such reason").what_happened.contains("another version"));
        assert_eq!(of("panic").reason, "panic");
    }
}
