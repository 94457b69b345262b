//! Sending messages: the service window is judged here, at the moment of sending (rule R1); a send of unknown outcome waits
//! for its status and is then repeated once or dropped, by its kind.

use std::time::Duration;

use tokio::time::Instant;

use super::answers::{Interrupted, Started};
use super::gates::Gates;
use super::pace::{Refusal, Turn};
use super::{Dispatcher, Gate, HOLD_MARGIN_MS, Reason, back_off_ms, counts};
use crate::domain::conversation::Customer;
use crate::domain::event::{Event, SendFailure};
use crate::domain::ids::NumberId;
use crate::domain::message::{Kind, Message};
use crate::domain::verdict::{StopScope, Verdict};
use crate::engine::LaneWork;
use crate::engine::addresses::digest;
use crate::engine::items::LaneBody;
use crate::faults::{self, Bug, Point};
use crate::store::{Budget, Class, Head, Phase, SettleOutcome, Settlement, StartOutcome};
use crate::trace::Seldom;
use crate::whatsapp::errors::{self, WINDOW_CLOSED};
use crate::whatsapp::{SendError, Sending, message_id};

/// How long a message is tried: as long as the service window that it answers.
const TRY_FOR_MS: i64 = 24 * 60 * 60 * 1000;
/// Attempts of unknown outcome after which a message is not repeated any more.
const UNKNOWN_ATTEMPTS_MAX: u32 = 2;
/// WhatsApp's pair rate: one message per 6 s and 600 an hour, 45 at once (Meta, throughput and "About the platform",
/// 2025-12-05). What a merchant starts stays within 45 at once; answers to a customer, who sets their pace, may use the hour's
/// 600, and 131056 makes their lane wait (docs/decisions/0013).
const PAIR_INTERVAL_US: i64 = 6_000_000;
const PAIR_BURST_BULK: i64 = 45;
const PAIR_BURST_REPLY: i64 = 600;
/// A message that has waited so long is addressed anew.
const WAITED_MS: i64 = 5_000;
/// The place of the number's rate among the budgets of a send.
const NUMBER: usize = 0;
/// The place of the rate toward one customer.
const PAIR: usize = 1;
/// A number's rate when none is configured (Meta, throughput, 2025-11-21).
const DEFAULT_RATE: u32 = 80;
/// While the provider is away every attempt fails; all of them are among the steps, at debug.
static NOT_TAKEN: Seldom = Seldom::new(10, Duration::from_secs(1));
static NEEDS_PERSON: Seldom = Seldom::new(1, Duration::from_secs(10));

type Settled = Result<Option<SettleOutcome>, Interrupted>;

impl Dispatcher {
    pub(super) async fn send(&self, head: &Head, body: &LaneBody, message: &Message) -> Settled {
        if faults::is_planted(Bug::MenusDropped) && message.kind == Kind::Menu {
            return self.drop_unknown(head, body, message).await;
        }
        if head.phase == Phase::Unknown && !may_repeat(head, message) {
            return self.drop_unknown(head, body, message).await;
        }
        let gates = [
            Gate::Number(body.number.clone()),
            Gate::Merchant(body.merchant.clone()),
        ];
        if let Some(due_ms) = self.gates.wait(&gates, self.now_ms()) {
            return self.settle(head, Settlement::Postpone { due_ms }).await;
        }
        match self.turn_of(head, &body.number) {
            Turn::Now => {}
            later @ (Turn::At(_) | Turn::TooLate) => return Ok(self.hold(head, later)),
        }
        // Before the start: between that and the message nothing may take time.
        let customer = self.addressee(head, body).await?;
        let budgets = self.budgets(head, body);
        let window_open_until_ms = match self.start_paced(head, &body.number, &budgets).await? {
            Ok(until) => until,
            Err(settled) => return Ok(settled),
        };
        let judged_at_ms = if faults::is_planted(Bug::WindowAtEnqueue) {
            body.at_ms
        } else {
            self.now_ms()
        };
        if judged_at_ms >= window_open_until_ms {
            tracing::info!(effect = %head.item.effect_id, kind = message.kind.word(), "not sent: the service window is closed");
            metrics::counter!("sacola_window_closed_total", "kind" => message.kind.word()).increment(1);
            self.tell_unsent(head, message.kind, "window_closed");
            return self.failed(head, body, message, SendFailure::WindowClosed).await;
        }
        let sending = Sending {
            number: body.number.clone(),
            customer,
            home: head.lane.home.clone(),
            effect_id: head.item.effect_id.clone(),
            message: message.clone(),
            root: body.root.filter(|_| self.parts.engine.trace().is_collected()),
            now_ms: self.now_ms(),
        };
        let began = Instant::now();
        let answer = self.parts.provider.send(&sending).await;
        self.tell_send(head, message.kind, &answer, began);
        faults::pass(Point::Performed);
        match answer {
            Ok(sent) => {
                self.gates.passed(&gates, self.now_ms());
                metrics::counter!("sacola_messages_sent_total", "kind" => message.kind.word()).increment(1);
                let message_key = Some(digest(&message_id::decode(&sent.message_id).inner));
                self.settle(
                    head,
                    Settlement::Done {
                        sent: true,
                        message_key,
                    },
                )
                .await
            }
            Err(error) => self.not_sent(head, body, message, &error).await,
        }
    }

    /// Starts the item; when the number's rate is exhausted it is held here, under its lease, until its turn comes.
    async fn start_paced(&self, head: &Head, number: &NumberId, budgets: &[Budget]) -> Started {
        let times = self.parts.engine.lane_times();
        let outcome = match self.ask_to_start(head, budgets, head.item.class, times).await? {
            Ok(outcome) => outcome,
            Err(settled) => return Ok(Err(settled)),
        };
        match outcome {
            StartOutcome::Started { window_open_until_ms } => {
                self.begun(head, times, window_open_until_ms).await
            }
            StartOutcome::Refused { until_ms, budget }
                if budget == NUMBER && head.item.class == Class::Reply =>
            {
                counts::refused("number");
                let interval_us = budgets.first().map_or(1, |budget| budget.interval_us);
                let refusal = Refusal {
                    until_ms,
                    interval_us,
                };
                let times = (self.now_ms(), head.lease.until_ms - HOLD_MARGIN_MS);
                let turn = self.paces.refused(number, &head.item.effect_id, refusal, times);
                Ok(Err(self.hold(head, turn)))
            }
            StartOutcome::Refused { until_ms, budget } => {
                counts::refused(match budget {
                    NUMBER => "number",
                    PAIR => "pair",
                    _ => "other",
                });
                let settled = self
                    .settle(head, Settlement::Postpone { due_ms: until_ms })
                    .await?;
                Ok(Err(settled))
            }
            StartOutcome::LeaseLost => Ok(Err(None)),
        }
    }

    /// Keeps a head under its lease until its turn comes. One that has none before the lease ends is left to the sweeper, which
    /// finds it then: under a flood that costs the store less than giving each lane back.
    fn hold(&self, head: &Head, turn: Turn) -> Option<SettleOutcome> {
        match turn {
            Turn::At(at_ms) => self
                .parts
                .engine
                .hand_over(LaneWork::Hold(Box::new(head.clone()), at_ms)),
            Turn::Now | Turn::TooLate => {}
        }
        None
    }

    /// To whom a message goes: as it was committed, or, when it has waited, as the conversation knows the customer now. Who moved
    /// meanwhile must not be written to at a number that may be somebody else's.
    async fn addressee(&self, head: &Head, body: &LaneBody) -> Result<Customer, Interrupted> {
        let waited_ms = self.now_ms() - body.at_ms;
        if waited_ms < WAITED_MS {
            return Ok(body.customer.clone());
        }
        let known = self.parts.engine.conversation(&head.lane.home).await?;
        Ok(known.map_or_else(|| body.customer.clone(), |found| found.customer))
    }

    fn budgets(&self, head: &Head, body: &LaneBody) -> Vec<Budget> {
        let number = self.number_budget(&body.number);
        let pair = Budget {
            key: format!("pair:{}", head.lane.home),
            interval_us: PAIR_INTERVAL_US,
            burst: match head.item.class {
                Class::Bulk => PAIR_BURST_BULK,
                Class::Reply => PAIR_BURST_REPLY,
            },
        };
        vec![number, pair]
    }

    /// The rate of a business number, in and out.
    pub fn number_budget(&self, number: &NumberId) -> Budget {
        let rate = self.rate(number).unwrap_or(DEFAULT_RATE).max(1);
        Budget {
            key: format!("number:{number}"),
            interval_us: 1_000_000 / i64::from(rate),
            burst: i64::from(rate),
        }
    }

    async fn not_sent(&self, head: &Head, body: &LaneBody, message: &Message, error: &SendError) -> Settled {
        if matches!(error, SendError::NotConfigured) {
            // It was taken out of the configuration while this was on its way: nothing has left.
            let gate = Gate::Number(body.number.clone());
            let due_ms = self.gates.absent(&gate, self.now_ms());
            return self.settle_counted(head, Settlement::Postpone { due_ms }).await;
        }
        let code = error.code().unwrap_or(errors::NO_CODE);
        NOT_TAKEN.tell(|left_out| {
            tracing::warn!(
                effect = %head.item.effect_id, kind = message.kind.word(), error = error.in_log(),
                trace_id = self.trace_id(head), left_out, "a message was not taken"
            );
        });
        metrics::counter!("sacola_send_errors_total", "code" => errors::label(code)).increment(1);
        if errors::needs_person(code) {
            let (cause, mend) = errors::explain(code, "");
            NEEDS_PERSON.tell(|left_out| {
                tracing::error!(code, cause, mend, left_out, "the provider asks for a person");
            });
            metrics::counter!("sacola_needs_person_total", "code" => errors::label(code)).increment(1);
        }
        let now_ms = self.now_ms();
        let verdict = match error.verdict() {
            Verdict::Unknown if faults::is_planted(Bug::LostTakenAsRefused) => {
                Verdict::Retry { after_ms: None }
            }
            known @ (Verdict::Retry { .. } | Verdict::Reject | Verdict::Stop { .. } | Verdict::Unknown) => {
                known
            }
        };
        match verdict {
            // A pause that outlasts the message must not hold up its lane.
            Verdict::Retry { after_ms } if now_ms - body.at_ms + after_ms.unwrap_or(0) >= TRY_FOR_MS => {
                self.bury(head, Some(body), "exhausted", &error.to_string())
                    .await?;
                self.failed(head, body, message, SendFailure::Exhausted).await
            }
            Verdict::Retry { after_ms } => {
                let due_ms = now_ms + back_off_ms(head.attempts, after_ms);
                self.settle(head, Settlement::Retry { due_ms }).await
            }
            Verdict::Stop { scope } => {
                self.close_gate(body, scope, error);
                // A knock is no attempt: hours behind a gate must not make a message back off when the gate is open again.
                let due_ms = Gates::look_again_ms(now_ms);
                self.settle_counted(head, Settlement::Postpone { due_ms }).await
            }
            Verdict::Unknown => {
                let due_ms = now_ms + self.parts.engine.lane_times().unknown_hold_ms;
                self.settle(head, Settlement::Unknown { due_ms }).await
            }
            Verdict::Reject if code == WINDOW_CLOSED => {
                self.failed(head, body, message, SendFailure::WindowClosed).await
            }
            Verdict::Reject => {
                self.bury(head, Some(body), "rejected", &error.to_string())
                    .await?;
                self.failed(head, body, message, SendFailure::Rejected { code })
                    .await
            }
        }
    }

    /// What was started before the gate closed goes back to the head of its lane, in its order.
    fn close_gate(&self, body: &LaneBody, scope: StopScope, error: &SendError) {
        let gate = match scope {
            StopScope::Number => Gate::Number(body.number.clone()),
            StopScope::Merchant => Gate::Merchant(body.merchant.clone()),
        };
        let (code, subcode, details) = match error {
            SendError::Refused {
                code,
                subcode,
                details,
                ..
            } => (*code, *subcode, details.as_str()),
            SendError::Unreachable(_)
            | SendError::Lost(_)
            | SendError::Unbuildable(_)
            | SendError::NotConfigured => (errors::NO_CODE, None, ""),
        };
        let late = false;
        self.stop_sending(
            gate,
            Reason {
                code,
                subcode,
                details,
                late,
            },
        );
    }

    async fn failed(&self, head: &Head, body: &LaneBody, message: &Message, failure: SendFailure) -> Settled {
        let event = Event::SendFailed {
            effect_id: head.item.effect_id.clone(),
            kind: Some(message.kind),
            message: Some(Box::new(message.clone())),
            failure,
        };
        self.answer(head, body, "failed", event).await?;
        self.settle(
            head,
            Settlement::Done {
                sent: false,
                message_key: None,
            },
        )
        .await
    }

    /// The hold is over, no status came, and a repeat would do more harm than good.
    async fn drop_unknown(&self, head: &Head, body: &LaneBody, message: &Message) -> Settled {
        tracing::info!(effect = %head.item.effect_id, kind = message.kind.word(), "a message of unknown outcome is not repeated");
        self.tell_unsent(head, message.kind, "dropped");
        if message.kind.must_arrive() {
            self.bury(
                head,
                Some(body),
                "unknown_outcome",
                "sent twice without an answer or a status",
            )
            .await?;
            return self.failed(head, body, message, SendFailure::Exhausted).await;
        }
        self.settle(
            head,
            Settlement::Done {
                sent: false,
                message_key: None,
            },
        )
        .await
    }
}

/// What is not known to have arrived is repeated once; a view only while no newer reply makes it pointless.
fn may_repeat(head: &Head, message: &Message) -> bool {
    if faults::is_planted(Bug::RepeatUnknownSend) {
        return true;
    }
    let repeats_left = head.unknowns < UNKNOWN_ATTEMPTS_MAX;
    repeats_left && !(message.kind.is_view() && head.newer_exists)
}
