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
    Ok(GraphClient::new(http, url, version, graph_access(config, keys)))
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
    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::ids::RetailerId;
    use crate::merchants::ConnectorError;

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
}
