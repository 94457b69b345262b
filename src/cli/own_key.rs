//! The key with which the command line calls a running gateway: an operator's, of the same configuration. Where that holds
//! only a key's hash, the key itself comes from `SACOLA_API_KEY`. It refuses to send a key that the configuration does not know.

use std::collections::BTreeMap;

use crate::config::{ApiKey, Config, KeyDigest, Scope};

/// The variable that holds a key.
const VARIABLE: &str = "SACOLA_API_KEY";

/// A key and what to send.
pub(super) struct OwnKey {
    /// Its id in the configuration.
    pub(super) id: String,
    /// What is sent.
    pub(super) secret: String,
}

/// The key of an operator: of the first of these scopes that any has. `None`: no operator has one of them. The error is a
/// sentence with its mend.
pub(super) fn operators(
    config: &Config,
    environment: &BTreeMap<String, String>,
    scopes: &[Scope],
) -> Result<Option<OwnKey>, String> {
    let mut fitting: Vec<&ApiKey> = Vec::new();
    for scope in scopes {
        let with = |key: &&ApiKey| key.is_operator() && key.scopes.contains(scope);
        fitting.extend(config.api_keys.iter().filter(with));
    }
    if fitting.is_empty() {
        return Ok(None);
    }
    let given = environment.get(VARIABLE).map(|text| text.trim());
    if let Some(given) = given {
        let digest = KeyDigest::of(given);
        if let Some(key) = fitting.iter().find(|key| key.digest == digest) {
            return Ok(Some(OwnKey {
                id: key.id.clone(),
                secret: given.to_owned(),
            }));
        }
    }
    let known = fitting
        .iter()
        .find_map(|key| key.secret.as_ref().map(|secret| (key, secret)));
    if let Some((key, secret)) = known {
        return Ok(Some(OwnKey {
            id: key.id.clone(),
            secret: secret.expose().to_owned(),
        }));
    }
    let ids: Vec<&str> = fitting.iter().map(|key| key.id.as_str()).collect();
    let ids = ids.join(", ");
    Err(if given.is_some() {
        format!(
            "{VARIABLE} is not the key of {ids}. Mend: export the key that belongs to the hash in the configuration"
        )
    } else {
        format!(
            "the configuration holds only the hash of the key {ids}. Mend: export {VARIABLE} with the key itself"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[whatsapp]\nverify_token = \"v\"\napp_secrets = [\"a\"]\n";

    fn block(id: &str, merchant: &str, secret: &str, scope: &str) -> String {
        format!("[[api_key]]\nid = \"{id}\"\nmerchant = \"{merchant}\"\n{secret}\nscopes = [\"{scope}\"]\n")
    }

    fn hashed(secret: &str) -> String {
        format!("secret_sha256 = \"{}\"", KeyDigest::of(secret).to_hex())
    }

    fn own(blocks: &str, given: Option<&str>) -> Result<Option<(String, String)>, String> {
        let environment: BTreeMap<String, String> = given
            .iter()
            .map(|text| (VARIABLE.to_owned(), (*text).to_owned()))
            .collect();
        let loaded = crate::config::load(&format!("{HEAD}{blocks}"), &BTreeMap::new());
        let config = loaded.map_err(|faults| format!("{faults:?}"))?.config;
        let found = operators(&config, &environment, &[Scope::DeadLettersWrite])?;
        Ok(found.map(|key| (key.id, key.secret)))
    }

    fn pair(id: &str, secret: &str) -> (String, String) {
        (id.to_owned(), secret.to_owned())
    }

    #[test]
    fn a_written_key_is_used_and_a_hashed_one_comes_from_the_environment() {
        let plain = block(
            "plain",
            "*",
            "secret = \"a long enough secret\"",
            "dead_letters:write",
        );
        let hidden = block("hidden", "*", &hashed("sk_sacola_x"), "dead_letters:write");
        let both = format!("{hidden}{plain}");
        assert_eq!(own(&plain, None), Ok(Some(pair("plain", "a long enough secret"))));
        assert_eq!(own(&both, None), Ok(Some(pair("plain", "a long enough secret"))));
        assert_eq!(
            own(&both, Some("sk_sacola_x\n")),
            Ok(Some(pair("hidden", "sk_sacola_x")))
        );
        assert_eq!(
            own(&both, Some("another")),
            Ok(Some(pair("plain", "a long enough secret")))
        );
        let problem = own(&hidden, None).unwrap_err();
        assert!(
            problem.contains("hidden") && problem.contains("export SACOLA_API_KEY"),
            "{problem}"
        );
        let problem = own(&hidden, Some("another")).unwrap_err();
        assert!(
            problem.contains("is not the key of hidden") && !problem.contains("another"),
            "{problem}"
        );
    }

    #[test]
    fn without_an_operator_of_that_scope_there_is_no_key() {
        let reader = block("reader", "*", "secret = \"a long enough secret\"", "catalog:read");
        assert_eq!(own(&reader, Some("a long enough secret")), Ok(None));
        assert_eq!(own("", None), Ok(None));
    }
}
