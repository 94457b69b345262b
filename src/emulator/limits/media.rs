//! Media: an id or a link, and the words that belong to it (image, video, audio, document and sticker pages). It loads
//! nothing: a link's host under `.invalid` (RFC 2606) is the one that is known to be unreachable.

use serde_json::Value;
use url::Url;

use super::fields::{Checked, at, flag, object, optional, required, text, web_address};
use super::{BODY, Known, LONG_BODY, Refusal};

/// 131053, media of a message could not be loaded.
const UNLOADABLE: i64 = 131_053;

/// Checks the part of a body that is named as its type.
pub fn check(body: &Value, kind: &str, known: &Known<'_>) -> Checked {
    let media = object(body, &format!("/{kind}"))?;
    source(media, kind, known)?;
    if matches!(kind, "audio" | "sticker") && at(media, "/caption")?.is_some() {
        return Err(Refusal::invalid(format!("{kind} takes no caption")));
    }
    optional(media, "/caption", BODY)?;
    text(media, "/filename")?;
    flag(media, "/voice")
}

/// Exactly one of `id` and `link`.
pub fn source(media: &Value, kind: &str, known: &Known<'_>) -> Checked {
    let (id, link) = (text(media, "/id")?, text(media, "/link")?);
    match (id, link) {
        (None, None) => Err(Refusal::missing(&format!("{kind}.id or {kind}.link"))),
        (Some(_), Some(_)) => Err(Refusal::bad(format!("{kind} takes an id or a link, not both"))),
        (None, Some(_)) => web_address(media, "/link", LONG_BODY).map(drop),
        (Some(_), None) => {
            let id = required(media, "/id", BODY)?;
            if known.media.is_none_or(|sendable| sendable(id)) {
                return Ok(());
            }
            Err(Refusal::invalid(format!(
                "{kind}.id is not a media id of this number"
            )))
        }
    }
}

/// A link that leads nowhere is found out after the message was taken.
pub fn late(body: &Value) -> Option<i64> {
    let kind = body.get("type").and_then(Value::as_str)?;
    let part = if kind == "interactive" {
        body.pointer("/interactive/header")
    } else {
        Some(body)
    };
    let kinds = ["image", "video", "audio", "document", "sticker"];
    let links = kinds
        .iter()
        .filter_map(|kind| part?.get(kind)?.get("link")?.as_str());
    let mut hosts = links.filter_map(|link| Url::parse(link).ok()?.host_str().map(str::to_owned));
    let nowhere = hosts.any(|host| host == "invalid" || host.ends_with(".invalid"));
    nowhere.then_some(UNLOADABLE)
}
