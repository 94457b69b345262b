//! The adapters of a configuration: who carries messages, who sells, which numbers there are. It owns how they are built; it
//! refuses to start anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::expiring::Expiring;
use crate::domain::facts::{Shop, WebClients};
use crate::domain::ids::{MerchantId, NumberId};
use crate::domain::money::Currency;
use crate::domain::replies::Locale;
use crate::engine::NumberSettings;
use crate::merchants::standard::{Access, StandardConnector};
use crate::merchants::standard_webhooks::Secret;
use crate::merchants::{Connector, Connectors};
use crate::outgoing;
use crate::whatsapp::buttons::Keyring;
use crate::whatsapp::client::{GraphAccess, GraphClient, NumberAccess};

/// What the provider's client may use.
pub(super) fn graph_access(config: &Config, keys: Keyring) -> GraphAccess {
    let access = |number: &config::Number| {
        let tokens = number.access_tokens.iter();
        let tokens = tokens.map(|token| expiring(token, str::to_owned));
        let access = NumberAccess::new(tokens.collect(), number.catalog_id.clone());
        (NumberId::new(&number.phone_number_id), access)
    };
    let numbers = config.numbers.iter().map(access).collect();
    GraphAccess { numbers, keys }
}

/// A secret with its end, in the form that its user needs.
pub(super) fn expiring<T>(secret: &config::Secret, form: impl FnOnce(&str) -> T) -> Expiring<T> {
    Expiring::new(form(secret.expose()), secret.expires_at_ms())
}

pub(super) fn graph_client(config: &Config, keys: Keyring) -> anyhow::Result<GraphClient> {
    let timeout_ms = config.delivery.send_timeout_ms;
    let http = if config.whatsapp.graph_url.scheme() == "https" {
        outgoing::provider(timeout_ms)?
    } else {
        outgoing::plain_provider(timeout_ms, http_guard(config))?
    };
    let url = config.whatsapp.graph_url.as_str();
    let version = &config.whatsapp.graph_version;
    let access = graph_access(config, keys);
    Ok(GraphClient::new(http, url, version, timeout_ms, access))
}

/// Plain `http://` leads only inside `outgoing.allow_private`.
fn http_guard(config: &Config) -> outgoing::Guard {
    let rule = config.outgoing.clone();
    outgoing::Guard::new(move |address| rule.allows_http(address))
}

/// The connectors of all configured merchants.
pub(crate) fn connectors(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Connectors> {
    let rule = config.outgoing.clone();
    let guard = outgoing::Guard::new(move |address| rule.allows(address));
    let clients = outgoing::Merchants::new(guard, http_guard(config))?;
    let mut connectors = Connectors::new();
    for merchant in &config.merchants {
        let connector: Arc<dyn Connector> = match merchant.connector {
            config::ConnectorKind::Standard => {
                let http = clients.client(&merchant.base_url).clone();
                let access = Access {
                    base_url: merchant.base_url.as_str().to_owned(),
                    currency: currency_of(merchant)?,
                    secrets: merchant
                        .secrets
                        .iter()
                        .filter_map(|secret| {
                            let parsed = Secret::parse(secret.expose())?;
                            Some(Expiring::new(parsed, secret.expires_at_ms()))
                        })
                        .collect(),
                    timeout_ms: merchant.timeout_ms,
                    max_concurrency: usize::try_from(merchant.max_concurrency)?,
                };
                Arc::new(StandardConnector::new(http, access, Arc::clone(clock)))
            }
        };
        connectors.insert(MerchantId::new(&merchant.id), connector);
    }
    Ok(connectors)
}

fn currency_of(merchant: &config::Merchant) -> anyhow::Result<Currency> {
    Currency::parse(&merchant.currency).with_context(|| format!("merchant {}", merchant.id))
}

pub(super) fn numbers(config: &Config) -> anyhow::Result<BTreeMap<NumberId, NumberSettings>> {
    let mut numbers = BTreeMap::new();
    for number in &config.numbers {
        let merchant = config
            .merchants
            .iter()
            .find(|merchant| merchant.id == number.merchant);
        let merchant =
            merchant.with_context(|| format!("number {}: no such merchant", number.phone_number_id))?;
        let id = NumberId::new(&number.phone_number_id);
        let shop = Shop {
            merchant: MerchantId::new(&merchant.id),
            name: merchant.name.clone(),
            currency: currency_of(merchant)?,
            locale: Locale::parse(&number.locale).unwrap_or(Locale::PtBr),
            catalog_id: number.catalog_id.clone(),
            web_clients: match number.web_clients {
                config::WebClients::OwnCart => WebClients::OwnCart,
                config::WebClients::PhoneOnly => WebClients::PhoneOnly,
            },
            order_details: number.order_details,
        };
        numbers.insert(id.clone(), NumberSettings { number: id, shop });
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::Instant;

    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::content::Content;
    use crate::domain::conversation::Customer;
    use crate::domain::ids::{EffectId, HomeId, RetailerId};
    use crate::domain::message::{Kind, Message};
    use crate::domain::text::LongBody;
    use crate::merchants::ConnectorError;
    use crate::whatsapp::{Provider, SendError, Sending};

    /// A gateway's configuration with one merchant, at a port where nobody answers.
    fn config(allow_private: &str) -> Config {
        let text = "[outgoing]\nallow_private = ['127.0.0.0/8']\n[whatsapp]\nverify_token = 'v'\napp_secrets = ['a']\n\
             [[merchant]]\nid = 'cafe'\nname = 'Café'\nbase_url = 'http://localhost:1'\ncurrency = 'BRL'\n\
             secrets = ['whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=']\n";
        let mut config = config::load(text, &BTreeMap::new()).unwrap().config;
        config.outgoing.allow_private = vec![allow_private.parse().unwrap()];
        config
    }

    #[tokio::test]
    async fn a_merchant_of_plain_http_is_called_only_inside_the_allowed_networks() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        for (allow_private, is_guarded) in [("10.0.0.0/8", true), ("127.0.0.0/8", false)] {
            let connectors = connectors(&config(allow_private), &clock).unwrap();
            let connector = connectors.get(&MerchantId::new("cafe")).unwrap();
            let error = connector.look_up(&[RetailerId::new("coffee")]).await.unwrap_err();
            assert!(matches!(error, ConnectorError::Unreachable(_)), "{error}");
            assert_eq!(
                format!("{error:?}").contains("may be called"),
                is_guarded,
                "{error:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_call_for_which_a_merchant_has_no_place_in_time_is_not_made_later() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config("127.0.0.0/8");
        let merchant = &mut config.merchants[0];
        let address = listener.local_addr().unwrap();
        merchant.base_url = format!("http://{address}/").parse().unwrap();
        (merchant.timeout_ms, merchant.max_concurrency) = (60_000, 1);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        let connectors = connectors(&config, &clock).unwrap();
        let connector = connectors.get(&MerchantId::new("cafe")).unwrap();
        let ids = [RetailerId::new("coffee")];
        let began = Instant::now();
        let hangs = async {
            let silent = listener.accept().await;
            // The clock goes from timer to timer from now on: whoever waits, waits in vain.
            tokio::time::pause();
            silent
        };
        let (silent, first, second) = tokio::join!(hangs, connector.look_up(&ids), connector.look_up(&ids));
        assert!(matches!(first, Err(ConnectorError::Lost(_))), "{first:?}");
        assert_eq!(second.unwrap_err(), ConnectorError::Full);
        assert!(
            began.elapsed() < Duration::from_secs(110),
            "its lane's lease would end"
        );
        let another = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(another.is_err(), "it was called all the same");
        drop(silent);
    }

    #[tokio::test]
    async fn before_a_shop_that_hangs_only_a_few_calls_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config("127.0.0.0/8");
        let merchant = &mut config.merchants[0];
        let address = listener.local_addr().unwrap();
        merchant.base_url = format!("http://{address}/").parse().unwrap();
        (merchant.timeout_ms, merchant.max_concurrency) = (60_000, 1);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        let connectors = connectors(&config, &clock).unwrap();
        let connector = connectors.get(&MerchantId::new("cafe")).unwrap();
        let ids = [RetailerId::new("coffee")];
        let mut calls: Vec<_> = (0..40).map(|_| connector.look_up(&ids)).collect();
        let mut refused = 0;
        for call in &mut calls {
            if let Poll::Ready(answer) = futures::poll!(call) {
                assert_eq!(answer.unwrap_err(), ConnectorError::Full);
                refused += 1;
            }
        }
        assert_eq!(refused, 15, "one is under way and 24 wait");
    }

    const NUMBER: &str = "106540352242922";
    const TAKEN: (u16, &str) = (200, r#"{"messages":[{"id":"wamid.x"}]}"#);
    const DEAD: (u16, &str) = (401, r#"{"error":{"code":190}}"#);

    /// A provider of this machine, and a configuration whose number has these tokens.
    async fn provider(tokens: &str) -> (TcpListener, Config) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = with_tokens(&listener, tokens);
        (listener, config)
    }

    fn with_tokens(listener: &TcpListener, tokens: &str) -> Config {
        let address = listener.local_addr().unwrap();
        let text = format!(
            "[outgoing]\nallow_private = ['127.0.0.0/8']\n[delivery]\nlease_ms = 120000\n\
             send_timeout_ms = 60000\n[whatsapp]\nverify_token = 'v'\napp_secrets = ['a']\ngraph_url = 'http://{address}'\n\
             [[merchant]]\nid = 'cafe'\nname = 'Café'\nbase_url = 'http://localhost:1'\ncurrency = 'BRL'\n\
             secrets = ['whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=']\n\
             [[number]]\nphone_number_id = '{NUMBER}'\nwaba_id = '102290129340398'\nmerchant = 'cafe'\n\
             locale = 'pt-BR'\naccess_token = {tokens}\n"
        );
        config::load(&text, &BTreeMap::new()).unwrap().config
    }

    fn no_buttons() -> Keyring {
        Keyring::new(Vec::new(), 30)
    }

    fn sending() -> Sending {
        let home = HomeId::new("a30123456789abcdef0123");
        let body = LongBody::cut("oi");
        Sending {
            number: NumberId::new(NUMBER),
            customer: Customer {
                wa_id: Some("5511999990001".to_owned()),
                ..Customer::default()
            },
            effect_id: EffectId::of(&home, 1, 0),
            home,
            message: Message::new(Kind::Help, Content::Text { body }),
            root: None,
            now_ms: 0,
        }
    }

    /// The next call: its connection and its token.
    async fn asked(listener: &TcpListener) -> (TcpStream, String) {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut read, mut part) = (Vec::new(), [0_u8; 4096]);
        loop {
            let count = socket.read(&mut part).await.unwrap();
            read.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&read).to_lowercase();
            if count == 0 || text.ends_with('}') {
                let token = text.split("authorization: bearer ").nth(1).unwrap();
                return (socket, token.split("\r\n").next().unwrap().to_owned());
            }
        }
    }

    async fn answer(mut socket: TcpStream, (http, body): (u16, &str)) {
        let length = body.len();
        let text =
            format!("HTTP/1.1 {http} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// Answers calls in turn and returns the tokens that they had.
    async fn answers<const N: usize>(listener: &TcpListener, all: [(u16, &str); N]) -> Vec<String> {
        let mut tokens = Vec::new();
        for one in all {
            let (socket, token) = asked(listener).await;
            answer(socket, one).await;
            tokens.push(token);
        }
        tokens
    }

    #[tokio::test]
    async fn a_token_that_is_refused_in_whatever_words_is_passed_over_from_then_on() {
        for refused in [
            DEAD,
            (401, r#"{"error":{"code":0}}"#),
            (401, r#"{"error":{"code":102}}"#),
            (403, r#"{"error":{"code":10}}"#),
            (403, r#"{"error":{"code":200}}"#),
            (400, r#"{"error":{"code":100,"error_subcode":33}}"#),
            (403, r#"{"error":{"code":131005}}"#),
            (401, "no JSON"),
        ] {
            let (listener, config) = provider("['new', 'old']").await;
            let (client, sending) = (graph_client(&config, no_buttons()).unwrap(), sending());
            let (sent, tokens) = tokio::join!(client.send(&sending), answers(&listener, [refused, TAKEN]));
            assert_eq!(sent.unwrap().message_id, "wamid.x", "{refused:?}");
            assert_eq!(tokens, ["new", "old"], "{refused:?}");
            let (sent, tokens) = tokio::join!(client.send(&sending), answers(&listener, [TAKEN]));
            assert!(sent.is_ok() && tokens == ["old"], "{refused:?}: {tokens:?}");
        }
    }

    #[tokio::test]
    async fn what_no_other_token_mends_is_not_asked_again_and_of_all_refusals_the_first_is_told() {
        let (listener, config) = provider("['new', 'old']").await;
        let (client, sending) = (graph_client(&config, no_buttons()).unwrap(), sending());
        let unnamed = (400, r#"{"error":{"code":131037}}"#);
        let (refused, tokens) = tokio::join!(client.send(&sending), answers(&listener, [unnamed]));
        assert_eq!(refused.unwrap_err().code(), Some(131_037));
        assert_eq!(tokens, ["new"]);
        let forbidden = (403, r#"{"error":{"code":10}}"#);
        let (refused, tokens) = tokio::join!(client.send(&sending), answers(&listener, [forbidden, DEAD]));
        assert_eq!(refused.unwrap_err().code(), Some(10));
        assert_eq!(tokens, ["new", "old"]);
    }

    #[tokio::test]
    async fn a_message_that_was_on_its_way_when_its_token_was_replaced_goes_out_with_the_new_one() {
        let (listener, config) = provider("'old'").await;
        let (client, sending) = (graph_client(&config, no_buttons()).unwrap(), sending());
        let replaced = async {
            let (socket, first) = asked(&listener).await;
            client.replace(graph_access(&with_tokens(&listener, "'new'"), no_buttons()));
            answer(socket, DEAD).await;
            let (socket, second) = asked(&listener).await;
            answer(socket, TAKEN).await;
            [first, second]
        };
        let (sent, tokens) = tokio::join!(client.send(&sending), replaced);
        assert_eq!(sent.unwrap().message_id, "wamid.x");
        assert_eq!(tokens, ["old", "new"]);
    }

    #[tokio::test]
    async fn all_tokens_of_a_number_share_the_time_of_one_message() {
        let (listener, config) = provider("['new', 'old']").await;
        let (client, sending) = (graph_client(&config, no_buttons()).unwrap(), sending());
        let slow = async {
            let (socket, _) = asked(&listener).await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(40)).await;
            tokio::time::resume();
            answer(socket, DEAD).await;
            let silent = asked(&listener).await;
            // The clock goes from timer to timer from now on: whoever waits, waits in vain.
            tokio::time::pause();
            silent
        };
        let began = Instant::now();
        let (lost, silent) = tokio::join!(client.send(&sending), slow);
        assert!(matches!(lost, Err(SendError::Lost(_))), "{lost:?}");
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "its lane's lease would end"
        );
        drop(silent);
    }
}
