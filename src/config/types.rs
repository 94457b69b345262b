//! The configuration as the rest of the gateway sees it: plain fields, all checked. It refuses to know where a value
//! came from.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::secret::Secret;

/// The whole configuration. Its `Debug` output holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The two listeners.
    pub server: Server,
    /// Where conversations live.
    pub store: StoreSection,
    /// How long what ends by itself is kept.
    pub retention: Retention,
    /// How effects are performed.
    pub delivery: Delivery,
    /// What signs button ids.
    pub buttons: Buttons,
    /// The WhatsApp Cloud API.
    pub whatsapp: WhatsApp,
    /// The business phone numbers; their ids are unique. May be empty.
    pub numbers: Vec<Number>,
    /// The merchants; their ids are unique. May be empty.
    pub merchants: Vec<Merchant>,
    /// The guard on outgoing calls.
    pub outgoing: Outgoing,
    /// The bearer keys of the merchant API; ids and secrets are unique. May be empty.
    pub api_keys: Vec<ApiKey>,
    /// Traces for a collector.
    pub tracing: Tracing,
}

/// The two listeners and the sizes that they accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Webhooks, callbacks and the merchant API. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Health, metrics and the console. Port 0 takes a free one.
    pub ops_listen: SocketAddr,
    /// How the world reaches `listen`; http or https, without user name, query or fragment.
    pub public_url: Option<Url>,
    /// Largest webhook or callback body, in bytes (64 KiB..=16 MiB).
    pub webhook_body_bytes: usize,
    /// Largest body of a merchant API request, in bytes (1 KiB..=16 MiB).
    pub api_body_bytes: usize,
    /// How long a stop may take, in seconds (5..=600).
    pub drain_s: u64,
    /// How often the configuration's files are looked at, in seconds (1..=3600).
    pub reload_s: u64,
}

/// Where conversations live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSection {
    /// `embedded:DIR`, `redis://…`, `redis+sentinel://…`, `redis+cluster://…`, or one of them with `rediss`. It may carry a
    /// password, so it is a secret; [`StoreSection::shown_url`] may be printed.
    pub url: Secret,
    /// Put before every key; may be empty, has no braces.
    pub key_prefix: String,
    /// Replicas that must hold a commit before its 200 (0..=16; 0 with the embedded store).
    pub wait_replicas: u32,
    /// What a 200 must survive; `None`: whatever it does.
    pub require: Option<Demand>,
}

/// A loss that a 200 must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Of any process.
    ProcessDeath,
    /// Of power, on all machines at once.
    PowerLoss,
    /// Of a primary, for good.
    PrimaryLoss,
}

impl Demand {
    /// Every demand, in the order of [`Demand::NAMES`].
    const ALL: [Self; 3] = [Self::ProcessDeath, Self::PowerLoss, Self::PrimaryLoss];
    /// Their names in the configuration.
    pub const NAMES: [&'static str; 3] = ["process_death", "power_loss", "primary_loss"];

    /// The demand of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().zip(Self::NAMES);
        all.find_map(|(demand, known)| (known == name).then_some(demand))
    }
}

impl StoreSection {
    /// True for a file, which is open at one process alone.
    pub fn is_embedded(&self) -> bool {
        self.url.expose().starts_with("embedded:")
    }

    /// The address without user, password and parameters, for people to read.
    pub fn shown_url(&self) -> String {
        let url = self.url.expose();
        let Some((scheme, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        // a password with a bare ?, or a parameter with an @: nobody can tell where the hosts begin
        if parameters.contains('@') {
            return format!("{scheme}://…");
        }
        match place.rsplit_once('@') {
            Some((_, hosts)) => format!("{scheme}://…@{hosts}"),
            None => format!("{scheme}://{place}"),
        }
    }
}

/// How long what ends by itself is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// A journal, behind its last entry, in days (1..=30).
    pub journal_days: u32,
    /// Delivery statuses and message keys, in days (1..=30).
    pub statuses_days: u32,
    /// Dead letters, in days (1..=3650); `None`: until somebody handles them.
    pub dead_letters_days: Option<u32>,
    /// Answers to idempotent calls, in hours (1..=168).
    pub idempotency_hours: u32,
}

/// How effects reach the provider and the merchants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How long a replica holds a lane, in milliseconds (100..=600000).
    pub lease_ms: u64,
    /// How long one send to the provider may take, in milliseconds; always shorter than `lease_ms`.
    pub send_timeout_ms: u64,
    /// How long a send of unknown outcome waits for its status, in seconds (0..=86400).
    pub unknown_hold_s: u64,
}

/// What signs button ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buttons {
    /// The first signs, all verify; ids are unique. Empty: one is made and kept in the store.
    pub keys: Vec<ButtonKey>,
    /// How long a button works, in days (1..=365).
    pub expiry_days: u32,
}

/// A named key that signs button ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonKey {
    /// 1–16 of `A-Z a-z 0-9 _ -`; written into every button id.
    pub id: String,
    /// The key itself, as text.
    pub secret: Secret,
}

/// The WhatsApp Cloud API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatsApp {
    /// The Graph API; https, or http inside `outgoing.allow_private`.
    pub graph_url: Url,
    /// `v26.0`.
    pub graph_version: String,
    /// What the provider repeats when it verifies the webhook's address.
    pub verify_token: Secret,
    /// At least one; a webhook that any of them signed is accepted.
    pub app_secrets: Vec<Secret>,
}

/// A business phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The provider's id of the number. Unique.
    pub phone_number_id: String,
    /// The WhatsApp Business Account that owns it.
    pub waba_id: String,
    /// May send from this number; at least one, the first that has not expired is used.
    pub access_tokens: Vec<Secret>,
    /// The catalog behind its product messages.
    pub catalog_id: Option<String>,
    /// The id of a merchant in [`Config::merchants`].
    pub merchant: String,
    /// `pt-BR`, `en`, `es` or `id`.
    pub locale: String,
    /// What a web client gets.
    pub web_clients: WebClients,
    /// True when the number may send `order_details` (Meta's payments in Brazil).
    pub order_details: bool,
    /// What the provider allows, in messages per second (1..=1000).
    pub messages_per_second: u32,
}

/// What a web client gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebClients {
    /// A cart of its own.
    #[default]
    OwnCart,
    /// The advice to use the phone.
    PhoneOnly,
}

/// A merchant and its backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// 1–40 of `a-z 0-9 _ -`. Unique.
    pub id: String,
    /// What customers read.
    pub name: String,
    /// How to talk to the backend.
    pub connector: ConnectorKind,
    /// Where it answers; https, or http inside `outgoing.allow_private`. As written: with or without a slash at its end.
    pub base_url: Url,
    /// ISO 4217, three capital letters.
    pub currency: String,
    /// `whsec_` and the base64 of 24..=64 bytes; at least one; the first signs, all verify.
    pub secrets: Vec<Secret>,
    /// The only hosts that a payment link may have, in lower case and punycode, without port.
    pub payment_hosts: Vec<String>,
    /// How long one call may take, in milliseconds (100..=120000).
    pub timeout_ms: u64,
    /// Calls at the same time, from one replica (1..=1024).
    pub max_concurrency: u32,
    /// Time between two readings of the whole catalog, in seconds (1..=604800).
    pub mirror_interval_s: u64,
}

/// How to talk to a merchant's backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectorKind {
    /// Sacola's own signed REST contract.
    Standard,
}

/// The guard on calls to merchants and on payment links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Networks that may be called though they are not public, by http too.
    pub allow_private: Vec<IpNet>,
}

/// Traces for an OpenTelemetry collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// The collector's OTLP address over HTTP, without `/v1/traces`; `None`: no traces.
    pub endpoint: Option<Url>,
    /// Headers of each call: name and value.
    pub headers: Vec<(String, Secret)>,
    /// How many of a hundred traces go out (0..=100).
    pub sample_ratio_percent: u8,
    /// What the collector calls this gateway.
    pub service_name: String,
}

/// A bearer key of the merchant API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// 1–40 of `a-z 0-9 _ -`, for logs. Unique.
    pub id: String,
    /// The id of a merchant in [`Config::merchants`], or `*`.
    pub merchant: String,
    /// What the caller sends, when the configuration knows it.
    pub secret: Option<Secret>,
    /// What recognises the caller's secret. Unique.
    pub digest: KeyDigest,
    /// What the key may do; at least one.
    pub scopes: BTreeSet<Scope>,
    /// Requests per second, and at once (1..=1000).
    pub requests_per_second: u32,
}

impl ApiKey {
    /// Whether the key sees every merchant, and what belongs to none.
    pub fn is_operator(&self) -> bool {
        self.merchant == "*"
    }
}

/// The SHA-256 of an API key's secret. Its `Debug` output is not the digest: a short secret could be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// That of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The one that 64 hexadecimal digits write.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
        Some(Self(bytes))
    }

    /// Its bytes, to be compared in a time that tells nothing.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// One thing that an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Send messages.
    MessagesWrite,
    /// Read conversations and purchases.
    ConversationsRead,
    /// Change products.
    CatalogWrite,
    /// Read products and price updates.
    CatalogRead,
    /// Read dead letters.
    DeadLettersRead,
    /// Replay dead letters.
    DeadLettersWrite,
    /// See customers unmasked in the console.
    PersonalDataRead,
    /// Erase a customer.
    CustomersErase,
}

impl Scope {
    /// Every scope, in the order of [`Scope::NAMES`].
    pub const ALL: [Self; 8] = [
        Self::MessagesWrite,
        Self::ConversationsRead,
        Self::CatalogWrite,
        Self::CatalogRead,
        Self::DeadLettersRead,
        Self::DeadLettersWrite,
        Self::PersonalDataRead,
        Self::CustomersErase,
    ];
    /// Their names in the configuration.
    pub const NAMES: [&'static str; 8] = [
        Self::MessagesWrite.as_str(),
        Self::ConversationsRead.as_str(),
        Self::CatalogWrite.as_str(),
        Self::CatalogRead.as_str(),
        Self::DeadLettersRead.as_str(),
        Self::DeadLettersWrite.as_str(),
        Self::PersonalDataRead.as_str(),
        Self::CustomersErase.as_str(),
    ];

    /// `messages:write`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessagesWrite => "messages:write",
            Self::ConversationsRead => "conversations:read",
            Self::CatalogWrite => "catalog:write",
            Self::CatalogRead => "catalog:read",
            Self::DeadLettersRead => "dead_letters:read",
            Self::DeadLettersWrite => "dead_letters:write",
            Self::PersonalDataRead => "personal_data:read",
            Self::CustomersErase => "customers:erase",
        }
    }

    /// The scope of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_shown_without_its_password() {
        let shown = |url: &str| {
            StoreSection {
                url: Secret::new(url),
                key_prefix: String::new(),
                wait_replicas: 0,
                require: None,
            }
            .shown_url()
        };
        assert_eq!(
            shown("rediss://me:p@ss/w@cache:6379/0?x=y"),
            "rediss://…@cache:6379/0"
        );
        assert_eq!(shown("redis://cache:6379"), "redis://cache:6379");
        assert_eq!(shown("redis://:hunter?two@cache:6379"), "redis://…");
        let sentinel = "redis+sentinel://me:pw@h/main?sentinel_password=x";
        assert_eq!(shown(sentinel), "redis+sentinel://…@h/main");
        let sentinel = "redis+sentinel://h/main?sentinel_password=a@b";
        assert_eq!(shown(sentinel), "redis+sentinel://…");
        assert_eq!(shown("embedded:./sacola-data"), "embedded:./sacola-data");
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits_and_prints_none_of_them() {
        let digest = KeyDigest::of("foobar");
        let text = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2";
        assert_eq!(digest.to_hex(), text);
        assert_eq!(KeyDigest::parse(text), Some(digest));
        assert_eq!(KeyDigest::parse(&text.to_uppercase()), Some(digest));
        assert_eq!(format!("{digest:?}"), "[REDACTED]");
        for text in [
            "",
            "c3ab",
            "x3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
        ] {
            assert_eq!(KeyDigest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_scope_has_its_name() {
        for (scope, name) in Scope::ALL.into_iter().zip(Scope::NAMES) {
            assert_eq!(Scope::parse(name), Some(scope));
        }
    }
}
