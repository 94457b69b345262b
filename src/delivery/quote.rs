//! Asking a merchant what lines cost: products first, because a lookup is the truth about them; then the quote, or the sum
//! of the looked-up prices where the merchant has no quotes. Asking twice harms nobody, so every fault is tried again a few
//! times while the customer waits.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::answers::Interrupted;
use super::{Dispatcher, Learned};
use crate::domain::effect::QuoteFor;
use crate::domain::event::{Event, QuoteAnswer};
use crate::domain::ids::RetailerId;
use crate::domain::product::Product;
use crate::domain::purchase::{PurchaseLine, Quote};
use crate::domain::verdict::Verdict;
use crate::engine::items::LaneBody;
use crate::faults::{self, Point};
use crate::merchants::{Buyer, Connector, ConnectorError, traceparent};
use crate::store::{Head, SettleOutcome, Settlement};

/// Attempts while the customer waits.
const ATTEMPTS_MAX: u32 = 3;
/// Calls to the merchant in one attempt: two lookups (50 products each, a cart has 100 at most) and the quote.
const CALLS_MAX: i64 = 3;
/// How long prices from a lookup hold.
const LOOKUP_QUOTE_MS: i64 = 15 * 60 * 1000;

type Settled = Result<Option<SettleOutcome>, Interrupted>;

impl Dispatcher {
    pub(super) async fn quote(
        &self,
        head: &Head,
        body: &LaneBody,
        quote_for: &QuoteFor,
        lines: &[PurchaseLine],
    ) -> Settled {
        if let Err(settled) = self.start_calls(head, &body.merchant, CALLS_MAX).await? {
            return Ok(settled);
        }
        let began = Instant::now();
        let priced =
            traceparent::within(self.traceparent(head, "quote"), self.priced(head, body, lines)).await;
        if let Err(error) = &priced
            && let Some(due_ms) = self.waits_quietly_until(error, body.at_ms)
        {
            return self.settle(head, Settlement::Postpone { due_ms }).await;
        }
        self.tell_call(head, (&body.merchant, "quote"), &priced, began);
        faults::pass(Point::Performed);
        let answer = match priced {
            Ok(answer) => answer,
            Err(error) if head.attempts + 1 < ATTEMPTS_MAX && error.verdict() != Verdict::Reject => {
                tracing::warn!(
                    effect = %head.item.effect_id, error = error.in_log(), trace_id = self.trace_id(head),
                    "a quote is tried again"
                );
                let due_ms = self.now_ms() + 500 * i64::from(head.attempts + 1);
                return self.settle(head, Settlement::Retry { due_ms }).await;
            }
            Err(error) => {
                tracing::warn!(
                    effect = %head.item.effect_id, error = error.in_log(), trace_id = self.trace_id(head),
                    "no quote"
                );
                QuoteAnswer::Failed {
                    detail: error.to_string(),
                }
            }
        };
        let event = Event::Quoted {
            quote_for: quote_for.clone(),
            answer,
        };
        self.answer(head, body, "quoted", event).await?;
        self.settle_done(head).await
    }

    async fn priced(
        &self,
        head: &Head,
        body: &LaneBody,
        lines: &[PurchaseLine],
    ) -> Result<QuoteAnswer, ConnectorError> {
        let connector = self.connector(&body.merchant);
        let connector =
            connector.ok_or_else(|| ConnectorError::Unreachable("no such merchant".to_owned()))?;
        let ids: Vec<RetailerId> = lines.iter().map(|line| line.retailer_id.clone()).collect();
        let began_ms = self.now_ms();
        let products = connector.look_up(&ids).await?;
        self.learn_looked_up(body, &products, began_ms).await;
        let quote = self
            .quote_of(connector.as_ref(), head, body, lines, &products)
            .await?;
        Ok(QuoteAnswer::Priced { products, quote })
    }

    /// What the lookup said is news for the catalog too; a store that is away must not spoil the customer's answer.
    pub(super) async fn learn_looked_up(
        &self,
        body: &LaneBody,
        products: &BTreeMap<RetailerId, Option<Product>>,
        began_ms: i64,
    ) {
        let ids = products.keys().cloned().collect();
        let known = self
            .engine()
            .catalogs()
            .known(self.store().as_ref(), &body.merchant, &ids)
            .await;
        let facts = known.map(|known| known.facts).unwrap_or_default();
        let is_news = |id: &RetailerId, product: &Option<Product>| match facts.get(id) {
            Some(fact) => fact.product != *product,
            None => product.is_some(),
        };
        let news: Vec<Learned> = products
            .iter()
            .filter(|(id, product)| is_news(id, product))
            .map(|(id, product)| Learned {
                retailer_id: id.clone(),
                product: product.clone(),
                learned_at_ms: began_ms,
            })
            .collect();
        if news.is_empty() {
            return;
        }
        if let Err(error) = self.learn(&body.merchant, news).await {
            tracing::warn!(%error, "failed to keep what a lookup said");
        }
    }

    async fn quote_of(
        &self,
        connector: &dyn Connector,
        head: &Head,
        body: &LaneBody,
        lines: &[PurchaseLine],
        products: &BTreeMap<RetailerId, Option<Product>>,
    ) -> Result<Option<Quote>, ConnectorError> {
        let Some(lines) = at_todays_prices(lines, products) else {
            return Ok(None);
        };
        if let Some(quote) = connector.quote(&buyer(head, body), &lines).await? {
            return Ok(Some(quote));
        }
        let Some(currency) = lines.first().map(|line| line.unit_price.currency()) else {
            return Ok(None);
        };
        let sum = Quote::of_lines(lines, currency, self.now_ms() + LOOKUP_QUOTE_MS);
        sum.map(Some)
            .map_err(|error| ConnectorError::Unreadable(error.to_string()))
    }
}

/// The lines at the looked-up prices; `None` when one of them can't be sold.
fn at_todays_prices(
    lines: &[PurchaseLine],
    products: &BTreeMap<RetailerId, Option<Product>>,
) -> Option<Vec<PurchaseLine>> {
    let today = |line: &PurchaseLine| {
        let product = products
            .get(&line.retailer_id)?
            .as_ref()
            .filter(|product| product.in_stock())?;
        Some(PurchaseLine {
            title: product.title.clone(),
            unit_price: product.price,
            ..line.clone()
        })
    };
    lines.iter().map(today).collect()
}

/// Who buys, as the merchant is told.
pub(super) fn buyer(head: &Head, body: &LaneBody) -> Buyer {
    Buyer {
        id: head.lane.home.to_string(),
        customer: body.customer.clone(),
        locale: body.locale.clone(),
    }
}
