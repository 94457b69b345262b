//! From what a person does to the message that the gateway hears of: who may speak, the message's id, its place in the chat,
//! its webhook.

use actix_web::HttpResponse;
use serde_json::json;

use super::super::answers::{self, not_found, problem};
use super::super::deliver::{self, Outgoing};
use super::super::feed::News;
use super::super::inbound::{self, Context, Said, Written};
use super::super::render::Shown;
use super::super::wamid::{self, Device, Wamid};
use super::super::world::{Phone, State, Status, Stored, World};
use super::changes::read_all;

/// Why something can't be done.
pub type Problem = Box<HttpResponse>;

/// A phone id and the name of a device, as they stand in a path.
pub type PhoneAndDevice = (String, String);

/// Something to say.
pub struct Speech {
    said: Said,
    context: Context,
    image: Option<String>,
}

impl Speech {
    /// Said for itself.
    pub fn new(said: Said) -> Speech {
        Speech::about(said, Context::None)
    }

    /// Said in relation to something.
    pub fn about(said: Said, context: Context) -> Speech {
        Speech {
            said,
            context,
            image: None,
        }
    }

    /// With a picture, by the address at which the person's own screen finds it.
    pub fn with_image(self, address: String) -> Speech {
        Speech {
            image: Some(address),
            ..self
        }
    }
}

/// A device by its name in a path.
pub fn named(device: &str) -> Result<Device, Problem> {
    Device::named(device).ok_or_else(|| {
        Box::new(not_found(
            "device of this kind: android, ios, web, desktop, unknown",
        ))
    })
}

/// The phone, if it may write to the business.
pub fn writer<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Phone, Problem> {
    let phone = state
        .phones
        .get_mut(id)
        .ok_or_else(|| Box::new(not_found("phone")))?;
    if phone.blocked {
        let detail = "this person has blocked the business; POST …/block {\"blocked\": false} first";
        return Err(Box::new(problem(409, "blocked", detail)));
    }
    Ok(phone)
}

/// Lets a person say something, and waits until the gateway was asked to take it once.
pub async fn say(world: &World, path: &PhoneAndDevice, speech: Result<Speech, Problem>) -> HttpResponse {
    let spoken = speech.and_then(|speech| speak(world, path, speech));
    let Spoken {
        message_id,
        webhook,
        reads,
    } = match spoken {
        Ok(spoken) => spoken,
        Err(problem) => return *problem,
    };
    world.tell(News::Phone {
        phone: path.0.clone(),
    });
    deliver::send_later(world, reads, 0).await;
    let status = match webhook {
        Some(webhook) => deliver::send_now(world, webhook, true).await,
        None => 0,
    };
    answers::json(200, &json!({"message_id": message_id, "webhook_status": status}))
}

struct Spoken {
    message_id: String,
    /// Absent when the business has blocked the person: then it hears nothing (Meta, "Block users").
    webhook: Option<Outgoing>,
    reads: Vec<Outgoing>,
}

fn speak(world: &World, path: &PhoneAndDevice, speech: Speech) -> Result<Spoken, Problem> {
    let device = named(&path.1)?;
    let (now_ms, hex) = (world.now_ms(), world.mixed());
    let mut state = world.state();
    let everywhere = state.faults.scoped_context_ids;
    let phone = writer(&mut state, &path.0)?;
    let Speech { said, context, image } = if everywhere || phone.scoped_context_ids {
        scoped(speech, &phone.user_id)
    } else {
        speech
    };
    let reads = read_all(world, phone, now_ms);
    let (user, kind) = phone.address();
    let message_id = Wamid {
        user,
        kind,
        from_business: false,
        inner: device.inner_id(&hex),
    }
    .encode();
    let written = Written {
        id: &message_id,
        at_ms: now_ms,
        said: &said,
        context: &context,
    };
    let message = inbound::message(&world.settings, phone, &written);
    let body = inbound::messages_body(&world.settings, phone, vec![message.clone()]);
    let heard = !phone.blocked_by_business;
    if heard {
        phone.last_inbound_ms = Some(now_ms);
    }
    phone.messages.push(Stored {
        message_id: message_id.clone(),
        at_ms: now_ms,
        message_type: said.message_type().to_owned(),
        device: Some(device),
        kind: None,
        shown: Shown {
            text: said.label(),
            image,
            ..Shown::default()
        },
        payload: message,
        status: Status::Delivered,
        quiet: true,
        opaque: None,
        webhook: Some(body.clone()),
        read_by_business: false,
        error: None,
    });
    let strict = state.strict;
    if heard {
        state.account.pace.took_in(strict, now_ms);
    }
    Ok(Spoken {
        message_id,
        webhook: heard.then(|| Outgoing::meta(Some(&path.0), body)),
        reads,
    })
}

/// Names messages under the envelope of the user id.
fn scoped(speech: Speech, user_id: &str) -> Speech {
    let said = match speech.said {
        Said::Reaction { message_id, emoji } => Said::Reaction {
            message_id: wamid::scoped(&message_id, user_id),
            emoji,
        },
        said @ (Said::Text(_)
        | Said::Button { .. }
        | Said::Row { .. }
        | Said::QuickReply { .. }
        | Said::Flow { .. }
        | Said::Order(_)
        | Said::Media(_)
        | Said::Place(_)
        | Said::Contact { .. }
        | Said::Unsupported { .. }) => said,
    };
    let context = match speech.context {
        Context::Reply {
            message_id,
            to_business,
        } => Context::Reply {
            message_id: wamid::scoped(&message_id, user_id),
            to_business,
        },
        context @ (Context::None | Context::About { .. } | Context::Forwarded { .. }) => context,
    };
    Speech {
        said,
        context,
        image: speech.image,
    }
}
