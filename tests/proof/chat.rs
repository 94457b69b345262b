//! A replica's provider: carries messages to the phones, refuses what comes outside the window, and fails as directed.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sacola::domain::conversation::SERVICE_WINDOW_MS;
use sacola::whatsapp::buttons::Keyring;
use sacola::whatsapp::inbound::DeliveryWord;
use sacola::whatsapp::{Provider, SendError, Sending, Sent, outbound};

use super::invariants::Invariant;
use super::outside::{Message, Outside, StatusNews};
use super::stage::{Crossing, Cue, ReplicaId, Stage};
use crate::support::chat::Seen;

#[derive(Debug)]
pub struct ReplicaChat {
    pub stage: Arc<Stage>,
    pub replica: ReplicaId,
    pub outside: Arc<Mutex<Outside>>,
    pub keys: Keyring,
}

impl ReplicaChat {
    fn wrote_at_ms(&self, sending: &Sending) -> i64 {
        let outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        outside.wrote_at_ms.get(&sending.home).copied().unwrap_or(0)
    }

    /// The window was judged when the item was started: by then it must have been open.
    fn judge_window(&self, sending: &Sending) {
        let closes_ms = self.wrote_at_ms(sending) + SERVICE_WINDOW_MS;
        let mut inner = self.stage.lock();
        let started = inner.ledger.began_ms(&sending.effect_id, self.replica);
        let started_ms = started.unwrap_or(i64::MAX);
        if started_ms >= closes_ms {
            let what = format!(
                "{} was begun {} ms after the window had closed",
                sending.effect_id,
                started_ms.saturating_sub(closes_ms)
            );
            inner.ledger.violate(Invariant::Window, what);
        }
    }

    fn arrives(&self, sending: &Sending, seen: &Seen) -> String {
        let purchase = sending.message.purchase.clone();
        let message_id = {
            let mut outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
            outside.sent += 1;
            let message_id = format!("wamid.proof{}", outside.sent);
            let fails = outside.sent.is_multiple_of(11);
            let message = Message::of(seen, purchase.clone(), fails);
            outside
                .screens
                .entry(sending.home.clone())
                .or_default()
                .push(message);
            let words: &[DeliveryWord] = if fails {
                &[DeliveryWord::Sent, DeliveryWord::Failed]
            } else {
                &[DeliveryWord::Sent, DeliveryWord::Delivered, DeliveryWord::Read]
            };
            let codes = [131_026, 131_047, 131_049, 131_056, 130_429];
            let has_callback_data = !outside.sent.is_multiple_of(7);
            let code = codes
                .get(usize::try_from(outside.sent / 11).unwrap_or(0) % codes.len())
                .copied();
            for word in words {
                let news = StatusNews {
                    effect: sending.effect_id.clone(),
                    kind: sending.message.kind,
                    message_id: message_id.clone(),
                    customer: sending.customer.clone(),
                    word: *word,
                    code: code.filter(|_| *word == DeliveryWord::Failed),
                    has_callback_data,
                };
                outside.statuses.push(news);
            }
            message_id
        };
        let mut inner = self.stage.lock();
        let now_ms = inner.now_ms;
        inner.ledger.took(&sending.home, &sending.effect_id);
        inner.ledger.tell(now_ms, || {
            format!(
                "  phone gets {} {}",
                sending.effect_id,
                sending.message.kind.word()
            )
        });
        message_id
    }
}

fn refused(code: i64) -> SendError {
    SendError::Refused {
        http: 400,
        code,
        subcode: None,
        details: String::new(),
    }
}

#[async_trait]
impl Provider for ReplicaChat {
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError> {
        let json = outbound::build(sending, &self.keys, Some("367025965434465"))
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        self.judge_window(sending);
        let what = || format!("send {}", sending.effect_id);
        let cue = self.stage.cross(self.replica, Crossing::Send, what).await;
        match cue {
            Cue::Refused => return Err(SendError::Unreachable("planned".to_owned())),
            Cue::LostBefore | Cue::LostLate | Cue::NotReplicated => {
                return Err(SendError::Lost("planned".to_owned()));
            }
            Cue::Code(code) => return Err(refused(code)),
            Cue::Busy => return Err(refused(130_429)),
            Cue::Go | Cue::GoSlowly | Cue::LostAfter | Cue::LastAct => {}
        }
        if self.stage.now_ms() >= self.wrote_at_ms(sending) + SERVICE_WINDOW_MS {
            self.stage.answer(self.replica, cue, "send").await;
            return Err(refused(131_047));
        }
        let seen = Seen {
            kind: sending.message.kind,
            json,
        };
        let message_id = self.arrives(sending, &seen);
        self.stage.answer(self.replica, cue, "send").await;
        if cue == Cue::LostAfter {
            return Err(SendError::Lost("planned".to_owned()));
        }
        Ok(Sent { message_id })
    }
}
