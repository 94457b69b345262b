//! Misbehaviour on purpose: what goes wrong with sends and with webhooks, a few times or until it is switched off. It keeps
//! what waits and hands it out; doing it is left to `graph` and `deliver`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Misbehaviour asked for by a test.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches, each of which is turned by itself"
)]
pub struct Faults {
    pub sends: VecDeque<SendFault>,
    pub webhooks: VecDeque<WebhookFault>,
    pub catalog_lag: bool,
    /// Each webhook comes twice.
    pub duplicate_webhooks: bool,
    /// Each second webhook of a phone overtakes the one before it.
    pub reorder_webhooks: bool,
    /// How many updates are collected into one webhook; 0 and 1: each goes alone.
    pub batch: usize,
    /// How long a webhook that collects stays open after the last update that came, in real milliseconds.
    pub batch_wait_ms: Option<u64>,
    /// Replies name what they answer under the envelope of the user id (messages of 2026).
    pub scoped_context_ids: bool,
    /// Statuses carry `conversation`, as webhooks of versions below v24.0 do.
    pub conversation: bool,
}

/// A fault that applies to the next `times` sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendFault {
    #[serde(default = "once")]
    pub times: u32,
    /// The id of the phone that it concerns; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(flatten)]
    pub action: SendAction,
}

/// What goes wrong with a send.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum SendAction {
    /// Refused with a Graph error.
    Error {
        code: i64,
        #[serde(default)]
        http: Option<u16>,
        #[serde(default)]
        subcode: Option<i64>,
        #[serde(default)]
        details: Option<String>,
    },
    /// Refused with a bare 500.
    #[serde(rename = "http_500")]
    Http500,
    /// Accepted and delivered, but the answer is lost.
    DropAfterAccept,
    /// Answered late.
    DelayMs { ms: u64 },
    /// Accepted, then reported as failed.
    FailLate { code: i64 },
    /// Accepted; no status ever comes.
    NoStatuses,
}

/// A fault that applies to the next `times` webhooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookFault {
    #[serde(default = "once")]
    pub times: u32,
    /// The id of the phone that it concerns; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(flatten)]
    pub action: WebhookAction,
}

/// What goes wrong with a webhook on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum WebhookAction {
    /// It comes twice.
    Duplicate,
    /// It is held until the next webhook of the same phone has gone.
    Reorder,
    /// It leaves late.
    DelayMs { ms: u64 },
    /// The attempt is lost on the way and repeated after the back-off, as anything that was not taken.
    Drop,
    /// The next `times` webhooks are collected into one.
    Batch,
}

/// One use of a webhook's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mishap {
    pub action: WebhookAction,
    /// The fault is used up by this.
    pub last: bool,
}

impl Faults {
    /// The fault of the next send to this phone, used up by asking: the first that concerns it.
    pub fn take(&mut self, phone: Option<&str>) -> Option<SendAction> {
        let place = self
            .sends
            .iter()
            .position(|fault| concerns(fault.to.as_deref(), phone))?;
        let fault = self.sends.get_mut(place)?;
        fault.times = fault.times.saturating_sub(1);
        let (action, spent) = (fault.action.clone(), fault.times == 0);
        if spent {
            self.sends.remove(place);
        }
        Some(action)
    }

    /// The fault of this phone's next webhook, used up by asking: the first that concerns it and that `may` happen now.
    pub fn take_webhook(
        &mut self,
        phone: Option<&str>,
        may: impl Fn(WebhookAction) -> bool,
    ) -> Option<Mishap> {
        let place = self
            .webhooks
            .iter()
            .position(|fault| concerns(fault.to.as_deref(), phone) && may(fault.action))?;
        let fault = self.webhooks.get_mut(place)?;
        fault.times = fault.times.saturating_sub(1);
        let mishap = Mishap {
            action: fault.action,
            last: fault.times == 0,
        };
        if mishap.last {
            self.webhooks.remove(place);
        }
        Some(mishap)
    }
}

fn concerns(to: Option<&str>, phone: Option<&str>) -> bool {
    to.is_none() || to == phone
}

fn once() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_one_per_send() {
        let mut faults = waiting([(2, None)]);

        assert!(faults.take(None).is_some());
        assert!(faults.take(Some("ph1")).is_some());
        assert!(faults.take(None).is_none());
    }

    #[test]
    fn a_fault_of_one_phone_passes_the_others_by() {
        let mut faults = waiting([(1, Some("ph2")), (1, None)]);

        assert!(faults.take(Some("ph1")).is_some());
        assert!(faults.take(Some("ph1")).is_none());
        assert!(faults.take(None).is_none());
        assert!(faults.take(Some("ph2")).is_some());
        assert!(faults.sends.is_empty());
    }

    fn waiting<const N: usize>(faults: [(u32, Option<&str>); N]) -> Faults {
        let fault = |(times, to): (u32, Option<&str>)| SendFault {
            times,
            to: to.map(str::to_owned),
            action: SendAction::Http500,
        };
        Faults {
            sends: faults.into_iter().map(fault).collect(),
            ..Faults::default()
        }
    }

    #[test]
    fn faults_are_read_from_json() {
        let fault: SendFault = serde_json::from_str(r#"{"action":"http_500"}"#).unwrap();
        assert!(matches!(
            fault,
            SendFault {
                times: 1,
                to: None,
                action: SendAction::Http500
            }
        ));

        let fault: SendFault =
            serde_json::from_str(r#"{"times":3,"to":"ph1","action":"fail_late","code":131026}"#).unwrap();
        assert_eq!(fault.to.as_deref(), Some("ph1"));
        assert!(matches!(
            fault,
            SendFault {
                times: 3,
                action: SendAction::FailLate { code: 131_026 },
                ..
            }
        ));
    }

    #[test]
    fn a_webhooks_fault_waits_for_a_webhook_that_it_may_happen_to() {
        let late: WebhookFault = serde_json::from_str(r#"{"action":"delay_ms","ms":5,"to":"ph1"}"#).unwrap();
        let both: WebhookFault = serde_json::from_str(r#"{"action":"batch","times":2}"#).unwrap();
        let mut faults = Faults {
            webhooks: [late, both].into(),
            ..Faults::default()
        };

        let joined = faults.take_webhook(Some("ph2"), |_| true);
        assert_eq!(
            joined,
            Some(Mishap {
                action: WebhookAction::Batch,
                last: false
            })
        );
        assert_eq!(
            faults.take_webhook(Some("ph2"), |action| action != WebhookAction::Batch),
            None
        );
        let late = faults.take_webhook(Some("ph1"), |_| true).unwrap();
        assert_eq!(late.action, WebhookAction::DelayMs { ms: 5 });
        assert!(late.last && faults.webhooks.len() == 1);
    }

    #[test]
    fn an_unknown_action_is_answered_with_the_known_ones() {
        let unknown = serde_json::from_str::<WebhookFault>(r#"{"action":"explode"}"#).unwrap_err();

        for known in ["duplicate", "reorder", "delay_ms", "drop", "batch"] {
            assert!(unknown.to_string().contains(known), "{unknown}");
        }
    }
}
