//! What stands before the curtain rises: a Redis with a stated append-only policy, a configuration, a catalog, and
//! conversations whose carts hold three lines, written through the store's own interface.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use futures::stream::{self, StreamExt};
use sacola::domain::conversation::{Conversation, Customer};
use sacola::domain::device::Device;
use sacola::domain::ids::{MerchantId, NumberId, RetailerId};
use sacola::domain::money::{Currency, Money};
use sacola::domain::product::{Availability, Product};
use sacola::engine::addresses::Addresses;
use sacola::store::{Commit, CommitOutcome, Interest, LaneTimes, ProductWrite, Store};
use sacola::whatsapp::buttons::Keyring;

use super::clicks::Person;
use super::process::Process;

pub const APP_SECRET: &str = "the app secret of the bench";
const BUTTON_KEY: &str = "a button key of the bench, thirty-two bytes";
const IDENTITY: [u8; 32] = [7; 32];
/// Lines of each cart.
pub const LINES: u32 = 3;
/// Products of the catalog.
const PRODUCTS: u32 = 300;
const SEEDED_AT_ONCE: usize = 256;

/// How a server keeps what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    EverySecond,
    Always,
    Embedded,
}

impl Keeping {
    pub fn name(self) -> &'static str {
        match self {
            Self::EverySecond => "Redis everysec",
            Self::Always => "Redis always",
            Self::Embedded => "embedded",
        }
    }

    fn policy(self) -> &'static str {
        match self {
            Self::EverySecond | Self::Embedded => "everysec",
            Self::Always => "always",
        }
    }
}

pub fn number(index: u32) -> NumberId {
    NumberId::new(format!("10654035224{index:04}"))
}

pub fn product_id(index: u32) -> RetailerId {
    RetailerId::new(format!("cafe-{index:03}"))
}

fn product(index: u32) -> anyhow::Result<Product> {
    Ok(Product {
        retailer_id: product_id(index),
        title: format!("Café da fazenda nº {index}"),
        description: Some("Torrado ontem, moído na hora.".to_owned()),
        category: Some(format!("Cafés {}", index / 10)),
        price: Money::parse("12.90", Currency::BRL)?,
        availability: Availability::InStock,
        stock: None,
        image_url: None,
        url: None,
        options: None,
        version: None,
    })
}

pub fn keys() -> Keyring {
    Keyring::new(vec![("k1".to_owned(), BUTTON_KEY.as_bytes().to_vec())], 30)
}

pub fn addresses() -> Addresses {
    Addresses::new(IDENTITY.to_vec())
}

/// A Redis of its own, in `directory`, on `port`.
pub async fn redis(directory: &Path, port: u16, keeping: Keeping) -> anyhow::Result<Process> {
    let mut command = Command::new("redis-server");
    command
        .arg("--port")
        .arg(port.to_string())
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--loglevel",
            "warning",
        ])
        .args([
            "--appendfsync",
            keeping.policy(),
            "--maxmemory-policy",
            "noeviction",
        ])
        .arg("--dir")
        .arg(directory);
    let process = Process::start("redis-server", &command, 0)?;
    for _ in 0..200 {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
        if client.get_multiplexed_async_connection().await.is_ok() {
            return Ok(process);
        }
        super::measure::pause_ms(20).await;
    }
    anyhow::bail!("redis-server does not answer on port {port}")
}

/// The gateway's configuration.
pub fn config(store_url: &str, graph_port: u16, numbers: u32) -> String {
    let mut text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[store]
url = "{store_url}"
[buttons]
keys = ["{BUTTON_KEY}"]
[whatsapp]
graph_url = "http://127.0.0.1:{graph_port}"
verify_token = "v"
app_secrets = ["{APP_SECRET}"]
[outgoing]
allow_private = ["127.0.0.0/8"]
[[merchant]]
id = "cafe"
name = "Café da Praça"
base_url = "http://127.0.0.1:1/sacola"
currency = "BRL"
secrets = ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
mirror_interval_s = 604800
"#
    )
    .replace(
        &format!("keys = [\"{BUTTON_KEY}\"]"),
        &format!("keys = [{{ id = \"k1\", value = \"{BUTTON_KEY}\" }}]"),
    );
    let number = |index| {
        format!(
            "[[number]]\nphone_number_id = \"{}\"\nwaba_id = \"102290129340398\"\naccess_token = \"t\"\nmerchant = \"cafe\"\nmessages_per_second = 1000\n",
            number(index)
        )
    };
    text.extend((0..numbers).map(number));
    text
}

/// Writes secrets, catalog and conversations.
pub async fn seed(
    store: Arc<dyn Store>,
    from: u32,
    to: u32,
    numbers: u32,
    now_ms: i64,
) -> anyhow::Result<()> {
    store.secret("identity", &hex::encode(IDENTITY)).await?;
    let merchant = MerchantId::new("cafe");
    let mut writes = Vec::new();
    for index in 0..PRODUCTS {
        let product = product(index)?;
        writes.push(ProductWrite {
            retailer_id: product.retailer_id.clone(),
            offer: serde_json::to_string(&product.offer())?,
            product: Some(serde_json::to_string(&product)?),
            merchant_version: None,
            learned_at_ms: now_ms,
        });
    }
    if from == 0 {
        store.put_products(&merchant, &writes).await?;
    }
    let addresses = addresses();
    let times = LaneTimes {
        now_ms,
        lease_ms: 10_000,
        unknown_hold_ms: 60_000,
        pace_ms: 300,
        pace_ahead: 0,
    };
    let mut seeded = stream::iter(from..to)
        .map(|index| {
            let commit = conversation(&addresses, Person(index), numbers, now_ms);
            let store = Arc::clone(&store);
            let alias = addresses.home(&Person(index).number(numbers), &Person(index).wa_id());
            async move {
                let commit = commit?;
                let home = commit.home.clone();
                store.put_alias(&alias, &home).await?;
                anyhow::Ok(store.commit(commit, times).await?)
            }
        })
        .buffer_unordered(SEEDED_AT_ONCE);
    while let Some(outcome) = seeded.next().await {
        let outcome = outcome?;
        anyhow::ensure!(
            matches!(outcome, CommitOutcome::Committed { .. }),
            "a conversation was not seeded: {outcome:?}"
        );
    }
    Ok(())
}

fn conversation(addresses: &Addresses, person: Person, numbers: u32, now_ms: i64) -> anyhow::Result<Commit> {
    let number = person.number(numbers);
    let home = addresses.home(&number, &person.user_id());
    let mut conversation = Conversation::new(home.clone(), number);
    conversation.customer = Customer {
        user_id: Some(person.user_id()),
        wa_id: Some(person.wa_id()),
        name: Some("Ana".to_owned()),
    };
    conversation.revision = u64::from(LINES);
    conversation.window_open_until_ms = now_ms + 86_400_000;
    let mut interest_added = Vec::new();
    for index in 0..LINES {
        let offer = product(index)?.offer();
        let added = conversation
            .cart_mut(Device::Android)
            .add(&product_id(index), offer, 1);
        anyhow::ensure!(added.is_ok(), "a line was not added");
        interest_added.push(Interest {
            merchant: MerchantId::new("cafe"),
            retailer_id: product_id(index),
        });
    }
    let state = serde_json::to_string(&conversation).context("a conversation can't be encoded")?;
    Ok(Commit {
        home,
        expected_revision: 0,
        revision: conversation.revision,
        state,
        window_open_until_ms: conversation.window_open_until_ms,
        marks: Vec::new(),
        facts: Vec::new(),
        items: Vec::new(),
        interest_added,
        interest_removed: Vec::new(),
        purchases: Vec::new(),
        journal: Vec::new(),
        dead_letters: Vec::new(),
    })
}

/// Starts counting commands anew.
pub async fn forget_commands(port: u16, keeping: Keeping) -> anyhow::Result<()> {
    if keeping == Keeping::Embedded {
        return Ok(());
    }
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let () = redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .query_async(&mut connection)
        .await?;
    Ok(())
}

/// What the server did for each click: calls from outside, and the time inside scripts.
pub async fn commands(port: u16, keeping: Keeping, clicks: u64) -> anyhow::Result<String> {
    if keeping == Keeping::Embedded {
        return Ok(String::new());
    }
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await?;
    let value = |line: &str, key: &str| -> u64 {
        let found = line
            .split([':', ','])
            .find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
        found.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let scripts = info
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:"))
        .unwrap_or_default();
    let (calls, us) = (value(scripts, "calls"), value(scripts, "usec"));
    let loads = info
        .lines()
        .find(|line| line.starts_with("cmdstat_hmget:"))
        .map_or(0, |line| value(line, "calls"));
    Ok(format!(
        "; a click: {} script calls, {} µs in scripts, {} HMGET",
        super::report::ratio(calls, clicks),
        us.checked_div(clicks).unwrap_or(0),
        super::report::ratio(loads, clicks)
    ))
}

/// Memory that the server's data takes, in bytes.
pub async fn memory(port: u16, keeping: Keeping) -> anyhow::Result<u64> {
    if keeping == Keeping::Embedded {
        return Ok(0);
    }
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO")
        .arg("memory")
        .query_async(&mut connection)
        .await?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}
