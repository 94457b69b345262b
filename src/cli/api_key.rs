//! `sacola api-key`: makes a key for the merchant API and the block of the configuration that recognises it. Only the key's hash
//! is in the block; the key itself is printed once and kept nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::{Failure, err, out};
use crate::config::{KeyDigest, Scope};

/// How every key begins, so that whoever finds one knows what it opens.
const PREFIX: &str = "sk_sacola_";
/// Random bytes of a key: 256 bits.
const BYTES: usize = 32;
/// What a back office usually needs.
const USUAL: [Scope; 4] = [
    Scope::MessagesWrite,
    Scope::ConversationsRead,
    Scope::CatalogWrite,
    Scope::DeadLettersWrite,
];

/// For whom the key is.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The key's id in logs: 1 to 40 of a-z 0-9 _ -.
    #[arg(long, default_value = "backoffice")]
    id: String,
    /// The id of the [[merchant]] that it acts for, or "*" for an operator.
    #[arg(long)]
    merchant: Option<String>,
    /// What it may do; repeat it for more. None: what a shop's back office usually needs.
    #[arg(long, value_parser = PossibleValuesParser::new(Scope::NAMES))]
    scope: Vec<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    check(&options.id)?;
    if let Some(merchant) = options.merchant.as_deref().filter(|id| *id != "*") {
        check(merchant)?;
    }
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let digest = KeyDigest::of(&key).to_hex();
    let block = block(options, &digest);
    if options.json {
        let told = json!({ "key": key, "secret_sha256": digest, "block": block });
        out(&told.to_string());
        return Ok(());
    }
    err("The key, for whoever calls the API. It is shown once and kept nowhere:");
    out(&key);
    err("The block for sacola.toml. It holds only the key's hash:");
    out(&block);
    err(
        "A running gateway takes it when it reads its configuration again; docs/API.md says what the key is good for.",
    );
    Ok(())
}

/// Both ids stand in a block of TOML.
fn check(id: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if (1..=40).contains(&id.len()) && id.chars().all(allowed) {
        return Ok(());
    }
    let fault = "api-key: an id has 1 to 40 of a-z 0-9 _ -".to_owned();
    Err(Failure::Configuration(vec![fault]))
}

fn block(options: &Options, digest: &str) -> String {
    let merchant = match &options.merchant {
        Some(id) => format!("\"{id}\""),
        None => "\"\" # the id of a [[merchant]], or \"*\" for an operator".to_owned(),
    };
    let mut scopes: Vec<&str> = options.scope.iter().map(String::as_str).collect();
    if scopes.is_empty() {
        scopes.extend(USUAL.map(Scope::as_str));
    }
    let id = &options.id;
    let scopes = scopes.join("\", \"");
    format!(
        "\n[[api_key]]\nid = \"{id}\"\nmerchant = {merchant}\nsecret_sha256 = \"{digest}\"\nscopes = [\"{scopes}\"]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_toml_with_the_hash_alone() {
        let options = Options {
            id: "shop".to_owned(),
            merchant: Some("cafe".to_owned()),
            scope: Vec::new(),
            json: false,
        };
        let digest = KeyDigest::of("sk_sacola_x").to_hex();
        let table: toml::Table = block(&options, &digest).parse().unwrap();
        let key = &table["api_key"][0];
        assert_eq!(key["secret_sha256"].as_str(), Some(digest.as_str()));
        assert_eq!(key["merchant"].as_str(), Some("cafe"));
        assert_eq!(key["scopes"].as_array().map(Vec::len), Some(4));
        assert!(key.get("secret").is_none());
    }

    #[test]
    fn an_id_that_would_break_out_of_the_block_is_refused() {
        for id in ["", "Shop", "a\"b", &"x".repeat(41)] {
            assert!(check(id).is_err(), "{id}");
        }
        assert!(check("back-office_2").is_ok());
    }
}
