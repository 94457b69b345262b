//! Forwarding a purchase: exactly one at the merchant per confirmation (rule R8). The purchase id is the idempotency key; an
//! attempt of unknown outcome is asked about by id before anything is sent again; when nobody can tell for a day, a person
//! must look.

use std::sync::Arc;

use tokio::time::Instant;

use super::answers::Interrupted;
use super::quote::buyer;
use super::{Dispatcher, Gate, back_off_ms};
use crate::domain::event::{DeclineReason, Event, Objection, PurchaseAnswer};
use crate::domain::ids::{PurchaseId, RetailerId};
use crate::domain::purchase::{Purchase, PurchaseState};
use crate::domain::verdict::Verdict;
use crate::engine::items::LaneBody;
use crate::faults::{self, Bug, Point};
use crate::merchants::payment_link::LinkRule;
use crate::merchants::{Connector, ConnectorError, LOOKUP_MAX, MerchantPurchase, SubmitAnswer, traceparent};
use crate::store::{Head, Phase, SettleOutcome, Settlement};

/// Calls to the merchant in one attempt: find, submit, then find again or a lookup of what it objects to.
const CALLS_MAX: i64 = 3;
/// How long a purchase of unknown outcome is asked about.
const ASK_FOR_MS: i64 = 24 * 60 * 60 * 1000;

type Settled = Result<Option<SettleOutcome>, Interrupted>;

/// A merchant as it was when the work began: a reload in between changes neither.
struct Backend {
    connector: Arc<dyn Connector>,
    links: Option<LinkRule>,
}

impl Dispatcher {
    pub(super) async fn forward(&self, head: &Head, body: &LaneBody, purchase: &Purchase) -> Settled {
        let Some((connector, links)) = self.backend(&body.merchant) else {
            return self.without_merchant(head, body, purchase).await;
        };
        self.gates.back(&Gate::Backend(body.merchant.clone()));
        if let Err(settled) = self.start_calls(head, &body.merchant, CALLS_MAX).await? {
            return Ok(settled);
        }
        let backend = Backend { connector, links };
        let began = Instant::now();
        let answer = traceparent::within(
            self.traceparent(head, "forward"),
            self.submit_or_find(&backend, head, body, purchase),
        )
        .await;
        if let Err(error) = &answer
            && let Some(due_ms) = self.waits_quietly_until(error, body.at_ms)
        {
            return self.settle(head, Settlement::Postpone { due_ms }).await;
        }
        self.tell_forward(head, &body.merchant, &answer, began);
        faults::pass(Point::Performed);
        match answer {
            Ok(answer) => {
                let word = answer_word(&answer);
                if answer == PurchaseAnswer::Conflicting {
                    self.bury(
                        head,
                        Some(body),
                        "idempotency_conflict",
                        "the merchant has another body under this id",
                    )
                    .await?;
                }
                self.tell(head, body, purchase, word, answer).await
            }
            Err(error) => self.not_forwarded(head, body, purchase, &error).await,
        }
    }

    /// The merchant was taken out of the configuration. The purchase waits for it as for one that can't be reached: the customer
    /// hears that it is being looked into, and after a day a person must look.
    async fn without_merchant(&self, head: &Head, body: &LaneBody, purchase: &Purchase) -> Settled {
        let now_ms = self.now_ms();
        let due_ms = self.gates.absent(&Gate::Backend(body.merchant.clone()), now_ms);
        if now_ms - body.at_ms < ASK_FOR_MS {
            if head.attempts > 0 {
                return self.settle(head, Settlement::Postpone { due_ms }).await;
            }
            let event = Event::PurchaseAnswered {
                purchase_id: purchase.purchase_id.clone(),
                answer: PurchaseAnswer::InDoubt,
            };
            self.answer(head, body, "in_doubt", event).await?;
            // Counted, so that the customer is told once.
            return self.settle(head, Settlement::Retry { due_ms }).await;
        }
        self.bury(
            head,
            Some(body),
            "unknown_merchant",
            "the merchant is not configured",
        )
        .await?;
        self.tell(head, body, purchase, "gave_up", PurchaseAnswer::GaveUp)
            .await
    }

    async fn submit_or_find(
        &self,
        backend: &Backend,
        head: &Head,
        body: &LaneBody,
        purchase: &Purchase,
    ) -> Result<PurchaseAnswer, ConnectorError> {
        let connector = backend.connector.as_ref();
        if may_exist(head, purchase)
            && let Some(found) = connector.find(&purchase.purchase_id).await?
        {
            return Ok(backend.accepted(found));
        }
        let asked = planted(head, purchase);
        match connector.submit(&buyer(head, body), &asked).await? {
            SubmitAnswer::Accepted(accepted) => Ok(backend.accepted(accepted)),
            SubmitAnswer::Declined { reason, objections } => {
                self.learn_objections(connector, body, &objections).await;
                Ok(PurchaseAnswer::Declined { reason, objections })
            }
            SubmitAnswer::KeyReused => match connector.find(&purchase.purchase_id).await? {
                Some(found) => Ok(backend.accepted(found)),
                None => Ok(PurchaseAnswer::Conflicting),
            },
        }
    }

    /// What the merchant objects to is news about its products: looked up, so that carts and the merchant agree again. As many as
    /// one call takes: the lease counts with one. Of the rest the next quote tells.
    async fn learn_objections(&self, connector: &dyn Connector, body: &LaneBody, objections: &[Objection]) {
        let ids: Vec<RetailerId> = objections
            .iter()
            .take(LOOKUP_MAX)
            .map(|objection| objection.retailer_id.clone())
            .collect();
        if ids.is_empty() {
            return;
        }
        let began_ms = self.now_ms();
        match connector.look_up(&ids).await {
            Ok(products) => self.learn_looked_up(body, &products, began_ms).await,
            Err(error) => tracing::warn!(
                error = error.in_log(),
                "the products of a declined purchase can't be looked up"
            ),
        }
    }

    async fn not_forwarded(
        &self,
        head: &Head,
        body: &LaneBody,
        purchase: &Purchase,
        error: &ConnectorError,
    ) -> Settled {
        tracing::warn!(
            effect = %head.item.effect_id, purchase = %purchase.purchase_id, merchant = %body.merchant,
            error = error.in_log(), attempts = head.attempts, trace_id = self.trace_id(head),
            "a purchase has no answer yet"
        );
        let verdict = match error.verdict() {
            Verdict::Reject if may_exist(head, purchase) => Verdict::Unknown,
            known @ (Verdict::Retry { .. } | Verdict::Reject | Verdict::Stop { .. } | Verdict::Unknown) => {
                known
            }
        };
        if verdict == Verdict::Reject {
            self.bury(head, Some(body), "rejected", &error.to_string())
                .await?;
            let answer = PurchaseAnswer::Declined {
                reason: DeclineReason::Refused,
                objections: Vec::new(),
            };
            return self.tell(head, body, purchase, "declined", answer).await;
        }
        let now_ms = self.now_ms();
        if now_ms - body.at_ms >= ASK_FOR_MS {
            self.bury(head, Some(body), "exhausted", &error.to_string())
                .await?;
            return self
                .tell(head, body, purchase, "gave_up", PurchaseAnswer::GaveUp)
                .await;
        }
        let event = Event::PurchaseAnswered {
            purchase_id: purchase.purchase_id.clone(),
            answer: PurchaseAnswer::InDoubt,
        };
        self.answer(head, body, "in_doubt", event).await?;
        let asked_ms = match verdict {
            Verdict::Retry { after_ms } => after_ms,
            Verdict::Unknown | Verdict::Reject | Verdict::Stop { .. } => None,
        };
        let due_ms = now_ms + back_off_ms(head.attempts, asked_ms);
        if faults::is_planted(Bug::DoubtForgotten) {
            return self.settle_done(head).await;
        }
        let settlement = match verdict {
            Verdict::Unknown => Settlement::Unknown { due_ms },
            Verdict::Retry { .. } | Verdict::Reject | Verdict::Stop { .. } => Settlement::Retry { due_ms },
        };
        self.settle(head, settlement).await
    }

    async fn tell(
        &self,
        head: &Head,
        body: &LaneBody,
        purchase: &Purchase,
        word: &'static str,
        answer: PurchaseAnswer,
    ) -> Settled {
        tracing::info!(
            effect = %head.item.effect_id, purchase = %purchase.purchase_id, merchant = %body.merchant,
            outcome = word, trace_id = self.trace_id(head), "a purchase has its answer"
        );
        metrics::counter!("sacola_purchase_answers_total", "answer" => word).increment(1);
        let event = Event::PurchaseAnswered {
            purchase_id: purchase.purchase_id.clone(),
            answer,
        };
        self.answer(head, body, word, event).await?;
        self.settle_done(head).await
    }
}

impl Backend {
    fn accepted(&self, found: MerchantPurchase) -> PurchaseAnswer {
        let url = found.payment_url.as_deref();
        let allowed = url.is_none_or(|url| self.links.as_ref().is_some_and(|rule| rule.allows(url)));
        PurchaseAnswer::Accepted {
            merchant_order_id: found.merchant_order_id,
            total: found.total,
            payment_url: found.payment_url,
            payment_url_allowed: allowed,
            pix: found.pix,
            expires_at_ms: found.expires_at_ms,
            state: found.state,
        }
    }
}

/// The purchase as it is, if no bug is planted.
fn planted(head: &Head, purchase: &Purchase) -> Purchase {
    let mut asked = purchase.clone();
    if faults::is_planted(Bug::FreshKeyPerAttempt) && head.attempts > 0 {
        asked.purchase_id = PurchaseId::new(format!("{}-{}", purchase.purchase_id, head.attempts));
    }
    if faults::is_planted(Bug::SubtotalForwarded) {
        asked.quote.total = asked.quote.subtotal;
    }
    asked
}

/// True when an earlier attempt may have reached the merchant: then it is asked by id first, and a refusal proves nothing.
fn may_exist(head: &Head, purchase: &Purchase) -> bool {
    if faults::is_planted(Bug::RepeatWithoutAsking) {
        return false;
    }
    head.phase == Phase::Unknown || head.attempts > 0 || purchase.state == PurchaseState::InDoubt
}

pub(super) fn answer_word(answer: &PurchaseAnswer) -> &'static str {
    match answer {
        PurchaseAnswer::Accepted { .. } => "accepted",
        PurchaseAnswer::Declined { .. } => "declined",
        PurchaseAnswer::InDoubt => "in_doubt",
        PurchaseAnswer::GaveUp => "gave_up",
        PurchaseAnswer::Conflicting => "conflicting",
    }
}
