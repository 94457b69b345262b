//! A replica's connector to the one shop: honest about its prices, idempotent by purchase id, slow and unreachable as directed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sacola::domain::event::{DeclineReason, Objection};
use sacola::domain::ids::{PurchaseId, RetailerId};
use sacola::domain::money::{Currency, Money};
use sacola::domain::product::Product;
use sacola::domain::purchase::{Purchase, PurchaseLine, Quote};
use sacola::merchants::{
    Buyer, Callback, CallbackError, CallbackHeaders, Connector, ConnectorError, MerchantPurchase,
    ProductPage, SubmitAnswer,
};

use super::invariants::Invariant;
use super::outside::{Order, Outside};
use super::stage::{Crossing, Cue, ReplicaId, Stage};
use crate::support::shop::brl;

/// After that long a call is given up, and its connection with it.
pub const TIMEOUT_MS: i64 = 4_000;

#[derive(Debug)]
pub struct ReplicaShop {
    pub stage: Arc<Stage>,
    pub replica: ReplicaId,
    pub outside: Arc<Mutex<Outside>>,
}

impl ReplicaShop {
    fn outside(&self) -> MutexGuard<'_, Outside> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T: Send>(
        &self,
        crossing: Crossing,
        what: &'static str,
        act: impl FnOnce() -> T + Send,
    ) -> Result<T, ConnectorError> {
        let began_ms = self.stage.now_ms();
        let cue = self
            .stage
            .cross(self.replica, crossing, || format!("shop {what}"))
            .await;
        self.carried_out(began_ms, cue, what, act).await
    }

    async fn carried_out<T: Send>(
        &self,
        began_ms: i64,
        cue: Cue,
        what: &'static str,
        act: impl FnOnce() -> T + Send,
    ) -> Result<T, ConnectorError> {
        let lost = || ConnectorError::Lost("planned".to_owned());
        match cue {
            Cue::Refused => return Err(ConnectorError::Unreachable("planned".to_owned())),
            Cue::Busy | Cue::Code(_) => {
                return Err(ConnectorError::Busy {
                    after_ms: Some(2_000),
                });
            }
            Cue::LostBefore | Cue::LostLate | Cue::NotReplicated => return Err(lost()),
            Cue::Go | Cue::GoSlowly | Cue::LostAfter | Cue::LastAct => {}
        }
        if self.stage.now_ms() - began_ms > TIMEOUT_MS {
            return Err(lost());
        }
        let answer = act();
        self.stage.answer(self.replica, cue, what).await;
        if cue == Cue::LostAfter || self.stage.now_ms() - began_ms > TIMEOUT_MS {
            return Err(lost());
        }
        Ok(answer)
    }
}

/// What the shop makes of a purchase request.
pub fn take(stage: &Stage, outside: &Mutex<Outside>, purchase: &Purchase) -> SubmitAnswer {
    let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(order) = outside.orders.get(&purchase.purchase_id) {
        let same = order.purchase.quote.lines == purchase.quote.lines
            && order.purchase.quote.total == purchase.quote.total;
        if same {
            return SubmitAnswer::Accepted(order.answer.clone());
        }
        drop(outside);
        let what = format!("{} was sent with two bodies", purchase.purchase_id);
        stage.lock().ledger.violate(Invariant::OnePurchase, what);
        return SubmitAnswer::KeyReused;
    }
    let objections = objections(&outside, purchase);
    if !objections.is_empty() {
        let reason = DeclineReason::PriceChanged;
        return SubmitAnswer::Declined { reason, objections };
    }
    let id = &purchase.purchase_id;
    let answer = MerchantPurchase {
        merchant_order_id: format!("P-{}", outside.orders.len() + 1),
        total: charge(&outside, purchase),
        payment_url: Some(format!("https://pay.example.com/{id}")),
        pix: None,
        expires_at_ms: None,
        state: None,
    };
    let order = Order {
        purchase: purchase.clone(),
        answer: answer.clone(),
    };
    outside.orders.insert(id.clone(), order);
    SubmitAnswer::Accepted(answer)
}

fn objections(outside: &Outside, purchase: &Purchase) -> Vec<Objection> {
    let object = |line: &PurchaseLine| {
        let product = outside.products.get(&line.retailer_id)?;
        let changed = product.price != line.unit_price;
        changed.then(|| Objection {
            retailer_id: line.retailer_id.clone(),
            unit_price: Some(product.price),
            available: None,
        })
    };
    purchase.quote.lines.iter().filter_map(object).collect()
}

/// What the shop itself would charge: its prices, its shipping; a greedy one adds a real to each fifth purchase.
fn charge(outside: &Outside, purchase: &Purchase) -> Money {
    let mut total = Money::zero(Currency::BRL);
    for line in &purchase.quote.lines {
        if let Some(product) = outside.products.get(&line.retailer_id) {
            total = total.plus(&product.price.times(line.quantity).unwrap()).unwrap();
        }
    }
    if outside.has_quotes {
        total = total.plus(&brl("5.25")).unwrap();
    }
    if outside.is_greedy && outside.orders.len().is_multiple_of(5) {
        total = total.plus(&brl("1.00")).unwrap();
    }
    total
}

#[async_trait]
impl Connector for ReplicaShop {
    async fn list_products(&self, _: Option<&str>, _: u32) -> Result<ProductPage, ConnectorError> {
        let act = || ProductPage {
            products: self.outside().products.values().cloned().collect(),
            ..ProductPage::default()
        };
        self.call(Crossing::Ask, "list_products", act).await
    }

    async fn look_up(
        &self,
        ids: &[RetailerId],
    ) -> Result<BTreeMap<RetailerId, Option<Product>>, ConnectorError> {
        let act = || {
            let outside = self.outside();
            ids.iter()
                .map(|id| (id.clone(), outside.products.get(id).cloned()))
                .collect()
        };
        self.call(Crossing::Ask, "look_up", act).await
    }

    async fn quote(&self, _: &Buyer, lines: &[PurchaseLine]) -> Result<Option<Quote>, ConnectorError> {
        let has_quotes = self.outside().has_quotes;
        if !has_quotes {
            return Ok(None);
        }
        let expires_ms = self.stage.now_ms() + 3_600_000;
        let act = || {
            let mut quote = Quote::of_lines(lines.to_vec(), Currency::BRL, expires_ms).ok()?;
            let shipping = brl("5.25");
            quote.total = quote.subtotal.plus(&shipping).ok()?;
            quote.shipping = Some(shipping);
            Some(quote)
        };
        self.call(Crossing::Ask, "quote", act).await
    }

    async fn submit(&self, _: &Buyer, purchase: &Purchase) -> Result<SubmitAnswer, ConnectorError> {
        self.stage
            .lock()
            .ledger
            .submits(self.replica, &purchase.purchase_id);
        let began_ms = self.stage.now_ms();
        let what = || format!("shop submit {}", purchase.purchase_id);
        let cue = self.stage.cross(self.replica, Crossing::Submit, what).await;
        let is_late = self.stage.now_ms() - began_ms > TIMEOUT_MS;
        if cue == Cue::LostLate || (is_late && cue == Cue::Go) {
            self.outside().late.push(purchase.clone());
            return Err(ConnectorError::Lost("planned".to_owned()));
        }
        let act = || take(&self.stage, &self.outside, purchase);
        self.carried_out(began_ms, cue, "submit", act).await
    }

    async fn find(&self, id: &PurchaseId) -> Result<Option<MerchantPurchase>, ConnectorError> {
        let act = || self.outside().orders.get(id).map(|order| order.answer.clone());
        let found = self.call(Crossing::Ask, "find", act).await?;
        self.stage.lock().ledger.asked(self.replica, id);
        Ok(found)
    }

    fn verify_callback(&self, _: &CallbackHeaders, _: &[u8], _: i64) -> Result<String, CallbackError> {
        Err(CallbackError::Signature)
    }

    fn parse_callback(&self, _: &str, _: &[u8], _: i64) -> Result<Callback, CallbackError> {
        Err(CallbackError::Signature)
    }

    fn read_product(&self, value: serde_json::Value) -> Result<Product, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}
