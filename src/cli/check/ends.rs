//! Whether secrets have come to their end, by their `expires_at` and this machine's clock: a file may be good in every word and
//! belong to a gateway that refuses each webhook, since its last app secret has ended. It refuses to judge what has no end.

use std::collections::BTreeMap;

use super::report::Finding;
use crate::config::Config;

const CODE: &str = "config.expired_secret";

pub(super) fn check(config: &Config, now_ms: i64) -> Vec<Finding> {
    let mut lists: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for (place, end_ms) in config.ends() {
        let has_ended = end_ms.is_some_and(|end_ms| end_ms <= now_ms);
        lists.entry(list_of(&place)).or_default().push((place, has_ended));
    }
    let judge = |(list, secrets): (String, Vec<(String, bool)>)| judged(&list, &secrets);
    lists.into_iter().flat_map(judge).collect()
}

/// The list that a place belongs to; a secret that stands alone is its own list.
fn list_of(place: &str) -> String {
    let in_list = place.strip_suffix(']').and_then(|inside| inside.rsplit_once('['));
    in_list.map_or(place, |(list, _)| list).to_owned()
}

fn judged(list: &str, secrets: &[(String, bool)]) -> Vec<Finding> {
    let all_ended = secrets.iter().all(|(_, has_ended)| *has_ended);
    // That a caller's key has ended is meant so; without any other secret the gateway itself can't work.
    if all_ended && !list.starts_with("api_key[") {
        let mend = "add the present one, or correct expires_at; a running gateway takes it within seconds";
        return vec![Finding::fault(
            CODE,
            list,
            "has no secret that has not expired: it neither signs nor verifies",
            mend,
        )];
    }
    let ended = secrets.iter().filter(|(_, has_ended)| *has_ended);
    let warning = |(place, _): &(String, bool)| {
        let mend = "remove it, or correct its expires_at";
        Finding::warning(CODE, place, "has expired and is not used", mend)
    };
    ended.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `fault` or `warning` and the subject, at a day when everything of 2020 has ended.
    fn found(app_secrets: &str, more: &str) -> Vec<(&'static str, String)> {
        let text =
            format!("[whatsapp]\nverify_token = \"a verify token\"\napp_secrets = {app_secrets}\n{more}");
        let config = crate::config::load(&text, &BTreeMap::new()).unwrap().config;
        let findings = check(&config, 1_790_000_000_000);
        let told = |finding: Finding| match finding {
            Finding::Passed(_) => panic!("nothing is said of what has not ended"),
            Finding::Warning(problem) => ("warning", problem.subject),
            Finding::Fault(problem) => ("fault", problem.subject),
        };
        findings.into_iter().map(told).collect()
    }

    const ENDED: &str = "{ value = \"an old secret\", expires_at = \"2020-01-01T00:00:00Z\" }";
    const LATER: &str = "{ value = \"a new secret\", expires_at = \"2090-01-01T00:00:00Z\" }";

    #[test]
    fn an_ended_secret_is_a_warning_beside_a_live_one_and_the_last_one_is_a_fault() {
        assert!(found("[\"a secret\"]", "").is_empty());
        assert!(found(&format!("[{LATER}]"), "").is_empty());
        assert_eq!(
            found(&format!("[{LATER}, {ENDED}]"), ""),
            [("warning", "whatsapp.app_secrets[1]".to_owned())]
        );
        assert_eq!(
            found(&format!("[{ENDED}, {ENDED}]"), ""),
            [("fault", "whatsapp.app_secrets".to_owned())]
        );
    }

    #[test]
    fn the_end_of_a_callers_key_is_no_fault() {
        let key = format!(
            "[[api_key]]\nid = \"shop\"\nmerchant = \"*\"\nsecret = {ENDED}\nscopes = [\"dead_letters:read\"]\n"
        );
        assert_eq!(
            found("[\"a secret\"]", &key),
            [("warning", "api_key[shop].secret".to_owned())]
        );
    }
}
