//! What a request is about, read from its body: for the feed, and for counting updates. It keeps kinds and ids, never a
//! person's words.

use serde_json::Value;

use super::super::render::array_at;
use super::super::wamid;

/// Facts of one request. `carries` and `inner_ids` have one entry per update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The id of the phone, when it is about one only.
    pub phone: Option<String>,
    /// `message text`, `status delivered`, `user_id_update`, …; of a callback its type.
    pub carries: Vec<String>,
    /// The inner ids of the messages; empty where there is none.
    pub inner_ids: Vec<String>,
    /// Of statuses that carry callback data: its third part.
    pub effect_ids: Vec<String>,
}

impl About {
    /// Of a webhook. A body that is none carries nothing.
    pub fn webhook(phone: Option<&str>, body: &str) -> About {
        let mut about = About {
            phone: phone.map(str::to_owned),
            ..About::default()
        };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        for entry in array_at(&body, "/entry") {
            for change in array_at(entry, "/changes") {
                about.change(change);
            }
        }
        about
    }

    /// Of a callback.
    pub fn callback(event: &str) -> About {
        About {
            carries: vec![event.to_owned()],
            ..About::default()
        }
    }

    /// Of several webhooks in one.
    pub fn all<'a>(parts: impl Iterator<Item = &'a About>) -> About {
        let mut all = About::default();
        for (place, part) in parts.enumerate() {
            if place == 0 {
                all.phone.clone_from(&part.phone);
            } else if all.phone != part.phone {
                all.phone = None;
            }
            all.carries.extend_from_slice(&part.carries);
            all.inner_ids.extend_from_slice(&part.inner_ids);
            all.effect_ids.extend_from_slice(&part.effect_ids);
        }
        all
    }

    /// How many updates it counts for.
    pub fn updates(&self) -> usize {
        self.carries.len().max(1)
    }

    fn change(&mut self, change: &Value) {
        let field = text(change, "field");
        if field != "messages" {
            self.update(field.to_owned(), String::new());
            return;
        }
        for message in array_at(change, "/value/messages") {
            let kind = format!("message {}", text(message, "type"));
            self.update(kind, wamid::inner_of(text(message, "id")));
        }
        for status in array_at(change, "/value/statuses") {
            let kind = format!("status {}", text(status, "status"));
            self.update(kind, wamid::inner_of(text(status, "id")));
            self.effect_ids
                .extend(effect_of(text(status, "biz_opaque_callback_data")));
        }
    }

    fn update(&mut self, kind: String, inner_id: String) {
        self.carries.push(kind);
        self.inner_ids.push(inner_id);
    }
}

/// The effect that a gateway's callback data names: `s1.<kind>.<effect>`, which may end in the root of a trace, `.r<revision>`.
fn effect_of(data: &str) -> Option<String> {
    let rest = data.splitn(3, '.').nth(2)?;
    let effect = rest.split_once(".r").map_or(rest, |(effect, _)| effect);
    Some(effect.to_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[
        {"field":"messages","value":{"messages":[
            {"type":"text","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA="}]}},
        {"field":"messages","value":{"statuses":[
            {"status":"sent","id":"x","biz_opaque_callback_data":"s1.menu.e1.2.r1"},
            {"status":"read","id":"y","biz_opaque_callback_data":"mine"}]}},
        {"field":"user_id_update","value":{}}]}]}"#;

    #[test]
    fn each_update_of_a_webhook_is_named_with_its_message() {
        let about = About::webhook(Some("ph1"), BODY);

        assert_eq!(
            about.carries,
            ["message text", "status sent", "status read", "user_id_update"]
        );
        assert_eq!(about.inner_ids, ["3A12B1F725A41229A329", "x", "y", ""]);
        assert_eq!(about.effect_ids, ["e1.2"]);
        assert_eq!(about.updates(), 4);
    }

    #[test]
    fn several_in_one_are_about_a_phone_only_when_all_are() {
        let (one, other) = (
            About::webhook(Some("ph1"), BODY),
            About::webhook(Some("ph2"), BODY),
        );

        assert_eq!(About::all([&one, &one].into_iter()).phone.as_deref(), Some("ph1"));
        let both = About::all([&one, &other].into_iter());
        assert_eq!((both.phone.as_deref(), both.updates()), (None, 8));
        assert_eq!(About::webhook(None, "no json").updates(), 1);
    }
}
