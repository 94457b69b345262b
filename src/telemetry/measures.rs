//! Every metric in one table: name, kind, labels with their values, meaning, buckets. Descriptions, buckets, the zeros that counters
//! begin with and docs/METRICS.md come from it, and a test compares it with what a running gateway tells. It refuses to measure:
//! whoever does a thing counts it.
//!
//! A label's value comes from a fixed set, or from the configuration: what anybody outside sends never becomes one, so that no
//! sender can grow our metrics, and no customer is ever in them.

use Label::{Fixed, Named};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Only grows, from 0 at this replica's start.
    Counter,
    /// What is now, at this replica.
    Gauge,
    /// What is now in the whole store: each replica tells the same.
    StoreGauge,
    /// Durations in seconds, by these upper bounds.
    Histogram(&'static [f64]),
}

/// A label and where its values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The name, and the words that are its values, with spaces between.
    Fixed(&'static str, &'static str),
    /// The name, and what names its values: the configuration, or a table of this program.
    Named(&'static str, &'static str),
}

impl Label {
    /// The label's name.
    pub fn name(&self) -> &'static str {
        match *self {
            Fixed(name, _) | Named(name, _) => name,
        }
    }

    /// All values of a fixed set; `None` when something else names them.
    pub fn values(&self) -> Option<impl Iterator<Item = &'static str>> {
        match *self {
            Fixed(_, words) => Some(words.split_ascii_whitespace()),
            Named(..) => None,
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels, in their order.
    pub labels: &'static [Label],
    /// What it says.
    pub meaning: &'static str,
}

/// Metrics about one thing.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// About what.
    pub heading: &'static str,
    /// Its metrics.
    pub measures: &'static [Measure],
}

/// All metrics, in the order of the document.
pub fn all() -> impl Iterator<Item = &'static Measure> {
    FAMILIES.iter().flat_map(|family| family.measures)
}

/// The families, in the order of the document.
pub static FAMILIES: [Family; 8] = [
    family("The replica and its configuration", REPLICA),
    family("The store", STORE),
    family("What comes in", INBOUND),
    family("Decisions and commits", DECISIONS),
    family("Purchases", PURCHASES),
    family("What goes out", OUTBOUND),
    family("Products", PRODUCTS),
    family("The merchant API", API),
];

const fn family(heading: &'static str, measures: &'static [Measure]) -> Family {
    Family { heading, measures }
}

const fn of(name: &'static str, kind: Kind, labels: &'static [Label], meaning: &'static str) -> Measure {
    Measure {
        name,
        kind,
        labels,
        meaning,
    }
}

const fn counter(name: &'static str, labels: &'static [Label], meaning: &'static str) -> Measure {
    of(name, Kind::Counter, labels, meaning)
}

const fn gauge(name: &'static str, labels: &'static [Label], meaning: &'static str) -> Measure {
    of(name, Kind::Gauge, labels, meaning)
}

const fn of_store(name: &'static str, labels: &'static [Label], meaning: &'static str) -> Measure {
    of(name, Kind::StoreGauge, labels, meaning)
}

/// What involves a disk, a server or somebody's answer.
const WAITS_S: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// What only computes.
const COMPUTES_S: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
];

/// Kinds of messages, as in `domain/message.rs`.
const MESSAGES: &str = "menu catalog product cart stale refused price_change summary purchase_accepted \
 purchase_declined payment_link pix paid purchase_state person help error";
/// The same, and what the merchant API asks for.
const UNSENT: &str = "menu catalog product cart stale refused price_change summary purchase_accepted \
 purchase_declined payment_link pix paid purchase_state person help error api";
/// Why something became a dead letter, as in `http/dead_letters/causes.rs`.
const REASONS: &str = "exhausted idempotency_conflict panic poison rejected too_large unknown_merchant \
 unknown_number unknown_outcome unknown_purchase unparseable unreadable_callback unreadable_effect";
/// The same of letters that lie in the store, where another version may have parked one.
const STORED_REASONS: &str = "exhausted idempotency_conflict panic poison rejected too_large \
 unknown_merchant unknown_number unknown_outcome unknown_purchase unparseable unreadable_callback \
 unreadable_effect other";
const WEBHOOKS: &[Label] = &[Fixed("outcome", "taken bad_signature unreadable store_refused")];
const TOWARD: Label = Fixed("toward", "provider merchant");
const LANE: Label = Fixed("kind", "provider merchant");
const NUMBER: Label = Named("number", "a configured `phone_number_id`");
const MERCHANT: Label = Named("merchant", "a configured merchant");
const CODE: Label = Named(
    "code",
    "Meta's, of the [table](PROVIDER_ERRORS.md); `other`: not in it; `none`: no answer, or one without a \
     code",
);
const VERDICTS: Label = Fixed(
    "verdict",
    "done retry unknown rejected stopped postponed window_closed dropped",
);

const REPLICA: &[Measure] = &[
    gauge(
        "sacola_build_info",
        &[Named("version", "this program's")],
        "always 1",
    ),
    gauge("sacola_ready", &[], "1 when `/readyz` would be 200"),
    gauge(
        "sacola_config_refused",
        &[],
        "1 while the configuration on disk can't be used and the last good one stays",
    ),
    counter(
        "sacola_config_reloads_total",
        &[Fixed("outcome", "applied refused")],
        "changed configurations and secrets that were read",
    ),
    gauge(
        "sacola_config_loaded_at_seconds",
        &[],
        "when the configuration in use was loaded, in Unix time",
    ),
    gauge(
        "sacola_secret_expires_at_seconds",
        &[Named("secret", "the secret's place in the configuration")],
        "when the secret expires, in Unix time; `+Inf`: it has no end; `NaN`: it is no longer configured",
    ),
];

const STORE: &[Measure] = &[
    of_store(
        "sacola_store_up",
        &[],
        "1 when the store answers and takes writes; the other numbers of the store stay as they were \
         while it doesn't",
    ),
    of_store(
        "sacola_store_survives",
        &[Fixed("loss", "process_death power_loss primary_loss")],
        "1 when what was answered with 200 survives that loss, as far as the store says",
    ),
    of_store(
        "sacola_store_memory_ratio",
        &[],
        "memory in use of the store's limit: 1 is full, and a limit that was lowered gives more; absent without a limit and with an embedded store, 0 once the limit was lifted",
    ),
    of_store(
        "sacola_lanes",
        &[LANE, Fixed("state", "due later leased")],
        "lanes that hold something: that may be served and nobody serves, that wait for a time, that a \
         replica serves; beyond some 16,000 due lanes and 4,000 others (1,000 in an embedded store) kind and state are told \
         apart by a sample",
    ),
    of_store(
        "sacola_lane_oldest_due_seconds",
        &[LANE],
        "how long the lane that waits longest has been due; 0 when none is",
    ),
    of_store(
        "sacola_budget_available_ratio",
        &[NUMBER],
        "what is left of the number's rate, 0 to 1; 1 once it is no longer configured",
    ),
    of_store(
        "sacola_dead_letters",
        &[Fixed("reason", STORED_REASONS)],
        "dead letters that lie in the store; read every 30 seconds",
    ),
    of_store(
        "sacola_price_updates_running",
        &[],
        "price updates on their way to carts; 1,000 stands for more too",
    ),
    of_store(
        "sacola_price_update_oldest_seconds",
        &[],
        "age of the oldest running price update; 0 when none runs",
    ),
];

const INBOUND: &[Measure] = &[
    counter("sacola_webhooks_total", WEBHOOKS, "webhooks of the provider"),
    of(
        "sacola_webhook_answer_seconds",
        Kind::Histogram(WAITS_S),
        WEBHOOKS,
        "from the head of a webhook's request to its answer",
    ),
    counter(
        "sacola_number_events_total",
        &[NUMBER, Fixed("kind", "message status")],
        "messages and statuses that webhooks told of a number, repeated ones included",
    ),
    gauge(
        "sacola_number_silence_seconds",
        &[NUMBER],
        "since this replica last heard of the number, or since its start when never: take the `min` over \
         replicas; 0 once it is no longer configured",
    ),
    counter(
        "sacola_callbacks_total",
        &[Fixed("outcome", "taken bad_signature store_refused")],
        "callbacks of merchants",
    ),
    counter(
        "sacola_duplicates_total",
        &[],
        "customer messages that were handled before",
    ),
    counter(
        "sacola_unrecognised_total",
        &[Fixed("what", "field status group history type")],
        "items that Sacola has no use for: of an unknown field, a status, of a group, an app's history, \
         of an unused type; `/unrecognised` tells which",
    ),
    counter(
        "sacola_account_errors_total",
        &[CODE],
        "faults of a number or an account that a webhook told; the log has the details",
    ),
    counter(
        "sacola_customers_moved_total",
        &[],
        "customers whose new phone number or user id was linked to their conversation, per business number",
    ),
    counter(
        "sacola_links_refused_total",
        &[],
        "new ids that had a conversation of their own: both stay",
    ),
    counter(
        "sacola_statuses_total",
        &[Fixed("status", "sent delivered read failed")],
        "delivery statuses, repeated ones and those of others included",
    ),
    counter(
        "sacola_statuses_foreign_total",
        &[],
        "statuses without our callback data for a number that is not configured: let go",
    ),
    counter(
        "sacola_statuses_parked_total",
        &[],
        "statuses whose message is not known, put aside",
    ),
    counter(
        "sacola_statuses_expired_total",
        &[Fixed("why", "old pushed_out refused")],
        "parked statuses that never found their message: after ten minutes, for a newer one, or because \
         the store did not take them",
    ),
    counter(
        "sacola_messages_priced_total",
        &[
            Fixed(
                "category",
                "service utility marketing authentication authentication_international \
             marketing_lite referral_conversion general_purpose_ai other",
            ),
            Fixed("type", "regular free_customer_service free_entry_point other"),
        ],
        "delivered messages by what Meta says that they cost",
    ),
];

const DECISIONS: &[Measure] = &[
    counter(
        "sacola_events_total",
        &[Fixed(
            "event",
            "said welcomed tapped ordered arrived moved echoed quoted purchase_answered \
         purchase_news product_changed send_failed effect_replayed products_requested",
        )],
        "events whose decision is committed, those parked as dead letters included",
    ),
    of(
        "sacola_decide_seconds",
        Kind::Histogram(COMPUTES_S),
        &[],
        "one pure decision",
    ),
    counter(
        "sacola_commits_total",
        &[Fixed(
            "outcome",
            "committed conflict duplicate stale_facts refused",
        )],
        "commits by what the store said; all but `committed` and `refused` are tried again at once",
    ),
    of(
        "sacola_commit_seconds",
        Kind::Histogram(WAITS_S),
        &[],
        "one commit at the store",
    ),
    counter(
        "sacola_buttons_refused_total",
        &[],
        "taps on buttons that Sacola did not draw for this conversation, or whose key is gone",
    ),
    counter(
        "sacola_dead_letters_total",
        &[Fixed("reason", REASONS)],
        "things that became dead letters",
    ),
    counter(
        "sacola_dead_letters_replayed_total",
        &[Fixed("outcome", "taken parked_again not_replayable failed")],
        "dead letters that were replayed",
    ),
];

const PURCHASES: &[Measure] = &[
    counter(
        "sacola_purchases_total",
        &[Fixed(
            "state",
            "forwarded accepted declined in_doubt awaiting_payment paid preparing shipped \
         delivered cancelled expired payment_failed refunded charged_back needs_review",
        )],
        "purchases that entered the state",
    ),
    counter(
        "sacola_purchase_answers_total",
        &[Fixed("answer", "accepted declined gave_up conflicting")],
        "answers of merchants to purchases; `gave_up`: none within a day",
    ),
];

const OUTBOUND: &[Measure] = &[
    counter(
        "sacola_effects_performed_total",
        &[Fixed("effect", "send quote forward")],
        "effects taken up from a lane, those included that are put off",
    ),
    counter(
        "sacola_attempts_total",
        &[TOWARD, VERDICTS, CODE],
        "attempts to perform an effect, and what kept one from being made",
    ),
    counter(
        "sacola_merchant_attempts_total",
        &[MERCHANT, Fixed("verdict", "done retry unknown rejected stopped")],
        "the attempts of these that reached for a merchant, by whose it is",
    ),
    of(
        "sacola_attempt_seconds",
        Kind::Histogram(WAITS_S),
        &[TOWARD],
        "one attempt, all of its calls included",
    ),
    counter(
        "sacola_messages_sent_total",
        &[Fixed("kind", MESSAGES)],
        "messages that the provider took",
    ),
    counter(
        "sacola_send_errors_total",
        &[CODE],
        "messages that the provider did not take, and `failed` statuses",
    ),
    counter(
        "sacola_needs_person_total",
        &[CODE],
        "answers that ask for a person although only one message failed: a setting, terms, a limit that \
         comes from complaints",
    ),
    gauge(
        "sacola_stopped",
        &[Named("gate", "`number ID`, `merchant ID` or `backend ID`")],
        "1 while sending is stopped there, 0 when it goes on or is no longer configured; absent while it never was",
    ),
    counter(
        "sacola_window_closed_total",
        &[Fixed("kind", UNSENT)],
        "messages not sent because the service window was closed; `api`: refused at the merchant API",
    ),
    counter(
        "sacola_budget_refusals_total",
        &[Fixed("budget", "number pair merchant other")],
        "starts that the store refused for a rate; messages that wait for their turn don't ask",
    ),
    counter(
        "sacola_spans_dropped_total",
        &[Fixed("why", "behind queue_full refused unreachable")],
        "spans that the collector of traces did not get: this replica was behind, too many waited, it refused them, or it was away",
    ),
    counter(
        "sacola_lanes_released_total",
        &[],
        "lanes that a stopping replica gave back before their leases ended",
    ),
    gauge(
        "sacola_lanes_swept",
        &[],
        "lanes that the last sweep found due and unserved",
    ),
];

const PRODUCTS: &[Measure] = &[
    gauge(
        "sacola_catalog_age_seconds",
        &[MERCHANT],
        "since this replica last read the catalog to its end, or since it knows the merchant when never; as \
         one replica at a time reads it, take the `min` over them; 0 once the merchant is no longer configured",
    ),
    counter(
        "sacola_price_update_carts_total",
        &[Fixed("outcome", "notified deferred failed")],
        "carts that a price update came to: told, told with the customer's next message, not told (a try \
         that is repeated)",
    ),
];

const API: &[Measure] = &[
    counter(
        "sacola_api_requests_total",
        &[
            Named("route", "a route's pattern"),
            Fixed("status", "2xx 4xx 5xx"),
        ],
        "requests at the merchant API",
    ),
    counter(
        "sacola_api_refused_total",
        &[Fixed("why", "no_key wrong_key scope rate")],
        "requests at the merchant API that were refused before they were read",
    ),
];
