//! Every key of the configuration in one table: name, type, default, example, meaning. The reader, the environment
//! overlay, the suggestions and the printed reference all use it, so they cannot drift apart.

use super::keys::{Key, Kind, Need, Section};
use super::types::{Demand, Scope};

const LOCALES: &[&str] = &["pt-BR", "en", "es", "id"];
const WEB_CLIENTS: &[&str] = &["own_cart", "phone_only"];
const PAYMENTS: &[&str] = &["link", "order_details"];
const CONNECTORS: &[&str] = &["standard"];
const LOSSES: &[&str] = &Demand::NAMES;
const SCOPES: &[&str] = &Scope::NAMES;

/// Every section, in the order of the reference.
pub(super) static SECTIONS: [&Section; 11] = [
    &SERVER, &STORE, &RETENTION, &DELIVERY, &BUTTONS, &WHATSAPP, &NUMBER, &MERCHANT, &OUTGOING, &API_KEY,
    &TRACING,
];

/// `"name", kind, need, "example", "meaning";` for each key.
macro_rules! keys {
    ($($name:literal, $kind:expr, $need:expr, $example:literal, $meaning:literal;)*) => {
        &[$(Key { name: $name, kind: $kind, need: $need, example: $example, meaning: $meaning }),*]
    };
}

/// `[server]`
pub(super) static SERVER: Section = Section {
    name: "server",
    many: false,
    meaning: "The two listeners and the sizes that they accept.",
    keys: keys! {
        "listen", Kind::Address, Need::Default("0.0.0.0:8080"), r#""0.0.0.0:8080""#,
            "Where webhooks, callbacks and the merchant API are served; port 0 takes a free one.";
        "ops_listen", Kind::Address, Need::Default("127.0.0.1:9090"), r#""127.0.0.1:9090""#,
            "Where health, metrics and the console are served; keep it private.";
        "public_url", Kind::Url, Need::Optional, r#""https://gateway.example.com""#,
            "How the world reaches `listen`: printed as the webhook addresses to register.";
        "webhook_body_bytes", Kind::Integer(65_536, 16_777_216), Need::Default("3145728"), "3145728",
            "Largest webhook or callback body, in bytes; more is answered with 413.";
        "api_body_bytes", Kind::Integer(1024, 16_777_216), Need::Default("1048576"), "1048576",
            "Largest body of a merchant API request, in bytes; more is answered with 413.";
        "drain_s", Kind::Integer(5, 600), Need::Default("25"), "25",
            "How long a stop may take from SIGTERM on, in seconds: requests and attempts that have begun are \
            ended, all other work is given back. Let whoever kills the process wait 10 seconds longer.";
        "reload_s", Kind::Integer(1, 3600), Need::Default("5"), "5",
            "How often this file and the files of its secrets are looked at, in seconds; what changed is applied. SIGHUP \
            looks at once.";
    },
};

/// `[store]`
pub(super) static STORE: Section = Section {
    name: "store",
    many: false,
    meaning: "Where conversations live.",
    keys: keys! {
        "url", Kind::UrlOrSecret, Need::Default("embedded:./sacola-data"), r#""rediss://redis.example.com:6379""#,
            "`embedded:DIR`, `redis://HOST:6379`, `redis+sentinel://S1:26379,S2:26379/NAME[/DB]` (the primary of that \
            name; the Sentinels' own user and password: `?sentinel_user=…&sentinel_password=…`) or \
            `redis+cluster://H1:6379,H2:6379`; with TLS `rediss://` and so on. User and password stand before the \
            hosts, `@ / ? # %` in them percent-encoded. With a password give it as a secret, \
            `{ file = \"/path\" }`, or by `SACOLA__STORE__URL`.";
        "key_prefix", Kind::Text, Need::Default(""), r#""sacola:""#,
            "Put before every key of a shared Redis: at most 64 of `A-Z a-z 0-9 _ . : -`.";
        "wait_replicas", Kind::Integer(0, 16), Need::Default("0"), "1",
            "Replicas that must hold a commit before its 200; 1 survives the loss of a primary. Redis \
            only.";
        "require", Kind::Choice(LOSSES), Need::Optional, r#""power_loss""#,
            "What a 200 must survive. With a store whose settings promise less, `serve` does not start and \
            `/readyz` is 503. Absent: nothing is demanded.";
    },
};

/// `[retention]`
pub(super) static RETENTION: Section = Section {
    name: "retention",
    many: false,
    meaning: "How long what ends by itself is kept; `docs/RETENTION.md` lists everything that is kept. Nothing in a cart ever ends.",
    keys: keys! {
        "journal_days", Kind::Integer(1, 30), Need::Default("30"), "7",
            "How long a conversation's journal is kept behind its last entry, in days: it holds what the customer \
            wrote. `sacola replay` needs it.";
        "statuses_days", Kind::Integer(1, 30), Need::Default("30"), "7",
            "How long delivery statuses and the keys of sent messages are kept, in days. A status that comes later \
            is taken for a new one.";
        "dead_letters_days", Kind::Integer(1, 3650), Need::Optional, "90",
            "How long a dead letter waits for a person, in days, before it is removed. Absent: until somebody \
            replays or discards it.";
        "idempotency_hours", Kind::Integer(1, 168), Need::Default("168"), "24",
            "How long the answer to an `Idempotency-Key` is repeated, in hours.";
    },
};

/// `[delivery]`
pub(super) static DELIVERY: Section = Section {
    name: "delivery",
    many: false,
    meaning: "How effects reach the provider and the merchants.",
    keys: keys! {
        "lease_ms", Kind::Integer(100, 600_000), Need::Default("10000"), "10000",
            "How long a replica holds a lane, in milliseconds; also how long a dead replica's work waits. While \
            a merchant is called: at least three times the merchant's `timeout_ms` and 2 seconds.";
        "send_timeout_ms", Kind::Integer(50, 599_999), Need::Optional, "8000",
            "How long one send to the provider may take, in milliseconds; shorter than `lease_ms`. \
            Absent: 15000, but at most 80 % of `lease_ms`.";
        "unknown_hold_s", Kind::Integer(0, 86_400), Need::Default("60"), "60",
            "How long a send of unknown outcome waits for its status, in seconds.";
    },
};

/// `[buttons]`
pub(super) static BUTTONS: Section = Section {
    name: "buttons",
    many: false,
    meaning: "The keys that sign button ids.",
    keys: keys! {
        "keys", Kind::NamedSecrets, Need::Optional, r#"[{ id = "k1", env = "SACOLA_BUTTON_KEY" }]"#,
            "The first signs, all verify; an id has 1–16 of `A-Z a-z 0-9 _ -`. Absent: one key is made, \
            kept in the store and announced with a warning.";
        "expiry_days", Kind::Integer(1, 365), Need::Default("30"), "30",
            "How long a button works, in days; after that its tap shows the present state.";
    },
};

/// `[whatsapp]`
pub(super) static WHATSAPP: Section = Section {
    name: "whatsapp",
    many: false,
    meaning: "The WhatsApp Cloud API.",
    keys: keys! {
        "graph_url", Kind::Url, Need::Default("https://graph.facebook.com"), r#""https://graph.facebook.com""#,
            "The Graph API; `http://` only inside `outgoing.allow_private` (the emulator).";
        "graph_version", Kind::Text, Need::Default("v26.0"), r#""v26.0""#,
            "The Graph API's version: `v`, digits, a dot, digits.";
        "verify_token", Kind::Secret, Need::Required, r#"{ env = "WA_VERIFY_TOKEN" }"#,
            "What you typed beside the webhook's address in the app's dashboard.";
        "app_secrets", Kind::Secrets, Need::Required, r#"[{ env = "WA_APP_SECRET" }]"#,
            "The app's secrets, at least one; a webhook signed by any of them is accepted.";
    },
};

/// `[[number]]`
pub(super) static NUMBER: Section = Section {
    name: "number",
    many: true,
    meaning: "One block per business phone number.",
    keys: keys! {
        "phone_number_id", Kind::Text, Need::Required, r#""106540352242922""#,
            "The provider's id of the number, as text. Unique.";
        "waba_id", Kind::Text, Need::Required, r#""102290129340398""#,
            "The WhatsApp Business Account that owns the number, as text.";
        "access_token", Kind::SecretOrSecrets, Need::Required, r#"{ file = "/run/secrets/wa_token" }"#,
            "A system user's token that may send from this number, or a list of them: the first that has not expired is used, \
            and when the provider refuses it, the next.";
        "catalog_id", Kind::Text, Need::Optional, r#""367025965434465""#,
            "The catalog behind the number's product messages, as text.";
        "merchant", Kind::Text, Need::Required, r#""cafe""#,
            "The `id` of the `[[merchant]]` that this number sells for.";
        "locale", Kind::Choice(LOCALES), Need::Default("pt-BR"), r#""pt-BR""#,
            "The language of a conversation that has not shown another.";
        "web_clients", Kind::Choice(WEB_CLIENTS), Need::Default("own_cart"), r#""own_cart""#,
            "What a web client gets: a cart of its own, or the advice to use the phone.";
        "payments", Kind::Choice(PAYMENTS), Need::Default("link"), r#""order_details""#,
            "How customers pay: by the merchant's link, or, where Meta lets the number send `order_details` (payments in Brazil), by a Pix code in the chat.";
        "messages_per_second", Kind::Integer(1, 1000), Need::Default("80"), "80",
            "What the provider lets this number send and receive, in messages per second.";
    },
};

/// `[[merchant]]`
pub(super) static MERCHANT: Section = Section {
    name: "merchant",
    many: true,
    meaning: "One block per merchant.",
    keys: keys! {
        "id", Kind::Text, Need::Required, r#""cafe""#,
            "1–40 of `a-z 0-9 _ -`; part of the callback's address. Unique.";
        "name", Kind::Text, Need::Required, r#""Café da Praça""#,
            "What customers read.";
        "connector", Kind::Choice(CONNECTORS), Need::Default("standard"), r#""standard""#,
            "How to talk to the backend; this version has `standard`.";
        "base_url", Kind::Url, Need::Required, r#""https://shop.example.com/sacola""#,
            "Where the backend answers; `http://` only with a host whose address is inside \
            `outgoing.allow_private`.";
        "currency", Kind::Text, Need::Required, r#""BRL""#,
            "ISO 4217, three capital letters.";
        "secrets", Kind::Secrets, Need::Required, r#"[{ env = "CAFE_SECRET" }]"#,
            "`whsec_` and the base64 of 24 to 64 bytes, at least one; the first signs, all verify.";
        "payment_hosts", Kind::Texts, Need::Default(""), r#"["pay.example.com"]"#,
            "The only hosts that a payment link may have. Empty: no link is sent.";
        "timeout_ms", Kind::Integer(100, 120_000), Need::Default("15000"), "15000",
            "How long one call may take, in milliseconds; half of it at most is spent waiting for one of \
            `max_concurrency` places. A dead replica's call is asked about after three times as long and 2 \
            seconds, or after `delivery.lease_ms`, whichever is later.";
        "max_concurrency", Kind::Integer(1, 1024), Need::Default("8"), "8",
            "Calls to this merchant at the same time, from one replica; 24 more may wait for a place, and what \
            comes beyond is put off.";
        "mirror_interval_s", Kind::Integer(1, 604_800), Need::Default("300"), "300",
            "Time between two readings of the whole catalog, in seconds.";
    },
};

/// `[outgoing]`
pub(super) static OUTGOING: Section = Section {
    name: "outgoing",
    many: false,
    meaning: "The guard on calls to merchants and on payment links: public `https://` only, except here.",
    keys: keys! {
        "allow_private", Kind::Texts, Need::Default(""), r#"["127.0.0.0/8"]"#,
            "Networks (CIDR) that may be called, and by `http://` too: for development and in-cluster \
            merchants.";
    },
};

/// `[[api_key]]`
pub(super) static API_KEY: Section = Section {
    name: "api_key",
    many: true,
    meaning: "One block per bearer key of the merchant API.",
    keys: keys! {
        "id", Kind::Text, Need::Required, r#""backoffice""#,
            "1–40 of `a-z 0-9 _ -`, for logs. Unique.";
        "merchant", Kind::Text, Need::Required, r#""cafe""#,
            "The `id` of the `[[merchant]]` that the key acts for, or `*` for an operator.";
        "secret", Kind::Secret, Need::Optional, r#"{ env = "CAFE_API_KEY" }"#,
            "What the caller sends as `Authorization: Bearer`. Unique. Either this or `secret_sha256`.";
        "secret_sha256", Kind::Text, Need::Optional, r#""b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c""#,
            "The SHA-256 of what the caller sends, 64 hexadecimal digits: then this file holds no secret. `sacola api-key` \
            makes a key and its hash.";
        "scopes", Kind::Choices(SCOPES), Need::Required, r#"["messages:write", "conversations:read"]"#,
            "What the key may do, at least one of the list. `personal_data:read`: see customers unmasked in the console. \
            `customers:erase`: erase a customer.";
        "requests_per_second", Kind::Integer(1, 1000), Need::Default("50"), "50",
            "How many requests the key may make, per second and at once, at each replica; more are answered with 429.";
    },
};

/// `[tracing]`
pub(super) static TRACING: Section = Section {
    name: "tracing",
    many: false,
    meaning: "Traces for an OpenTelemetry collector: ids, words and durations, no personal data.",
    keys: keys! {
        "endpoint", Kind::Url, Need::Optional, r#""http://otel-collector:4318""#,
            "The collector's OTLP address over HTTP; `/v1/traces` is added. Absent: what \
            `OTEL_EXPORTER_OTLP_ENDPOINT` says; without that too, no traces are made.";
        "headers", Kind::NamedSecrets, Need::Optional, r#"[{ id = "authorization", env = "OTLP_AUTHORIZATION" }]"#,
            "Headers of each call to the collector: the `id` is the header's name.";
        "sample_ratio_percent", Kind::Integer(0, 100), Need::Default("100"), "10",
            "How many of a hundred traces go out. Every replica chooses the same ones.";
        "service_name", Kind::Text, Need::Default("sacola"), r#""sacola""#,
            "What the collector calls this gateway.";
    },
};
