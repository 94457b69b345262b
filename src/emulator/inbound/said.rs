//! What people say, by message type, and what each type holds (webhooks reference, messages; user-id pages of 2026).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::titles::title_of;
use super::fields::Fields;
use super::orders::Order;

/// `unsupported`: what the API can't carry.
const UNSUPPORTED: i64 = 131_051;

/// What a person did.
pub enum Said {
    Text(String),
    /// A tap on a reply button.
    Button {
        id: String,
        title: String,
    },
    /// A tap on a list row.
    Row {
        id: String,
        title: String,
        description: Option<String>,
    },
    /// A tap on a template's quick reply.
    QuickReply {
        payload: String,
        text: String,
    },
    /// A form, sent. `response` is JSON that travels as text.
    Flow {
        name: &'static str,
        response: String,
    },
    /// WhatsApp's own cart, sent.
    Order(Order),
    /// An empty emoji takes the reaction back.
    Reaction {
        message_id: String,
        emoji: String,
    },
    Media(Media),
    Place(Place),
    /// The person's own number. `asked`: in answer to `request_contact_info`.
    Contact {
        name: String,
        wa_id: String,
        asked: bool,
    },
    /// Something that the API has no type for, for example `poll`.
    Unsupported {
        kind: String,
    },
}

/// A picture, a sound, a paper.
pub struct Media {
    pub kind: MediaKind,
    pub id: String,
    /// Where it may be fetched at once, in webhooks since 2025-10-16.
    pub url: String,
    pub mime_type: &'static str,
    /// In base64, as Meta writes it.
    pub sha256: String,
    pub caption: Option<String>,
    pub filename: Option<String>,
}

/// The types of media that people send here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    Image,
    Audio,
    Document,
    Sticker,
}

impl MediaKind {
    /// `type` of the message.
    pub fn word(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Audio => "audio",
            MediaKind::Document => "document",
            MediaKind::Sticker => "sticker",
        }
    }
}

/// A location. Degrees are JSON numbers written as they came.
pub struct Place {
    pub latitude: Box<RawValue>,
    pub longitude: Box<RawValue>,
    pub name: Option<String>,
    pub address: Option<String>,
}

/// What a message stands in relation to.
#[derive(Default)]
pub enum Context {
    #[default]
    None,
    /// An answer to a message.
    Reply {
        message_id: String,
        /// The message was the business's.
        to_business: bool,
    },
    /// A question from a product's page.
    About {
        retailer_id: String,
    },
    Forwarded {
        often: bool,
    },
}

impl Said {
    /// `type` of the message.
    pub fn message_type(&self) -> &'static str {
        match self {
            Said::Text(_) => "text",
            Said::Button { .. } | Said::Row { .. } | Said::Flow { .. } => "interactive",
            Said::QuickReply { .. } => "button",
            Said::Order(_) => "order",
            Said::Reaction { .. } => "reaction",
            Said::Media(media) => media.kind.word(),
            Said::Place(_) => "location",
            Said::Contact { .. } => "contacts",
            Said::Unsupported { .. } => "unsupported",
        }
    }

    /// What the person's own screen shows.
    pub fn label(&self) -> String {
        match self {
            Said::Text(text) | Said::QuickReply { text, .. } => text.clone(),
            Said::Button { title, .. } | Said::Row { title, .. } => title.clone(),
            Said::Flow { .. } => "Sent".to_owned(),
            Said::Order(order) => order.label(),
            Said::Reaction { emoji, .. } => emoji.clone(),
            Said::Media(media) => media
                .caption
                .clone()
                .or_else(|| media.filename.clone())
                .unwrap_or_default(),
            Said::Place(place) => {
                let degrees = format!("{}, {}", place.latitude.get(), place.longitude.get());
                let words = [place.name.clone(), place.address.clone(), Some(degrees)];
                words.into_iter().flatten().collect::<Vec<String>>().join("\n")
            }
            Said::Contact { name, wa_id, .. } => format!("{name}\n+{wa_id}"),
            Said::Unsupported { kind } => format!("[{kind}]"),
        }
    }

    /// The fields that the type brings with it.
    pub fn write(&self, fields: &mut Fields) {
        match self {
            Said::Text(body) => fields.add("text", &json!({"body": body})),
            Said::Button { id, title } => {
                let reply = json!({"type": "button_reply", "button_reply": {"id": id, "title": title}});
                fields.add("interactive", &reply);
            }
            Said::Row {
                id,
                title,
                description,
            } => {
                let mut reply = Fields::default();
                reply.add("id", id);
                reply.add("title", title);
                reply.add_some("description", description.as_ref());
                let mut interactive = Fields::default();
                interactive.add("type", &"list_reply");
                interactive.add("list_reply", &reply);
                fields.add("interactive", &interactive);
            }
            Said::QuickReply { payload, text } => {
                fields.add("button", &json!({"payload": payload, "text": text}));
            }
            Said::Flow { name, response } => {
                let reply = json!({"name": name, "body": "Sent", "response_json": response});
                fields.add("interactive", &json!({"type": "nfm_reply", "nfm_reply": reply}));
            }
            Said::Order(order) => fields.add("order", order),
            Said::Reaction { message_id, emoji } => {
                let mut reaction = Fields::default();
                reaction.add("message_id", message_id);
                reaction.add_some("emoji", Some(emoji).filter(|emoji| !emoji.is_empty()));
                fields.add("reaction", &reaction);
            }
            Said::Media(media) => fields.add(media.kind.word(), &media.fields()),
            Said::Place(place) => fields.add("location", &place.fields()),
            Said::Contact { name, wa_id, asked } => {
                fields.add("contacts", &[card(name, wa_id)]);
                let origin = if *asked { "contact_request" } else { "other" };
                fields.add("origin", &origin);
            }
            Said::Unsupported { kind } => {
                let title = title_of(UNSUPPORTED);
                let error = json!({
                    "code": UNSUPPORTED, "title": title, "message": title,
                    "error_data": {"details": "Message type is currently not supported"},
                });
                fields.add("errors", &[error]);
                fields.add("unsupported", &json!({"type": kind}));
            }
        }
    }
}

impl Media {
    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.add_some("caption", self.caption.as_ref());
        fields.add_some("filename", self.filename.as_ref());
        fields.add("mime_type", &self.mime_type);
        fields.add("sha256", &self.sha256);
        fields.add("id", &self.id);
        fields.add("url", &self.url);
        match self.kind {
            MediaKind::Audio => fields.add("voice", &true),
            MediaKind::Sticker => fields.add("animated", &false),
            MediaKind::Image | MediaKind::Document => {}
        }
        fields
    }
}

impl Place {
    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.add("latitude", &self.latitude);
        fields.add("longitude", &self.longitude);
        fields.add_some("name", self.name.as_ref());
        fields.add_some("address", self.address.as_ref());
        fields
    }
}

/// One item of `contacts`; `vcard` comes with it since 2026.
fn card(name: &str, wa_id: &str) -> Value {
    let vcard =
        format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;type=CELL;waid={wa_id}:+{wa_id}\nEND:VCARD");
    json!({
        "name": {"formatted_name": name, "first_name": name},
        "phones": [{"phone": format!("+{wa_id}"), "wa_id": wa_id, "type": "CELL"}],
        "vcard": vcard,
    })
}
