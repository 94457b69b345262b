//! What a business sets on its number: settings, commerce settings, and the profile that people see. Only the commerce
//! settings have consequences in this world; the rest is kept and shown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Call;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::{Answered, success};

const SECTIONS: [&str; 4] = [
    "calling",
    "payload_encryption",
    "storage_configuration",
    "user_identity_change",
];
/// Fields of a profile and how many characters each holds (OpenAPI of Meta, WhatsAppBusinessProfile).
const TEXTS: [(&str, usize); 4] = [
    ("about", 139),
    ("address", 256),
    ("description", 256),
    ("email", 128),
];
const WEBSITES: usize = 2;
const WEBSITE: usize = 256;
#[rustfmt::skip]
const VERTICALS: [&str; 22] = [
    "UNDEFINED", "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT",
    "HOTEL", "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT", "ALCOHOL", "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING", "OTC_DRUGS",
];

/// Cart and catalog of the number. At Meta a new number's catalog is not visible; this one's is from the start, so that
/// catalog messages work before anybody has set anything.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub struct Commerce {
    pub is_cart_enabled: bool,
    pub is_catalog_visible: bool,
}

impl Default for Commerce {
    fn default() -> Self {
        Self {
            is_cart_enabled: true,
            is_catalog_visible: true,
        }
    }
}

/// The profile, as it was set.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    set: Fields,
}

/// `GET /{number}/settings`.
pub fn show(call: &Call<'_>) -> Answered {
    let mut all = fields::object(json!({
        "calling": {"status": "DISABLED", "call_icon_visibility": "DEFAULT", "callback_permission_status": "DISABLED"},
        "payload_encryption": {"status": "DISABLED"},
        "storage_configuration": {"status": "DEFAULT"},
        "user_identity_change": {"enable_identity_key_check": false},
    }));
    let kept = call.world.state().account.number.settings.clone();
    for (name, section) in kept {
        match all.get_mut(&name).and_then(Value::as_object_mut) {
            Some(known) => known.extend(fields::object(section)),
            None => {
                all.insert(name, section);
            }
        }
    }
    fields::pick(call, all, &SECTIONS, "WhatsAppBusinessPhoneNumberSettings")
}

/// `POST /{number}/settings`: one section or more.
pub fn change(call: &Call<'_>) -> Answered {
    let mut changed = Fields::new();
    for name in SECTIONS {
        match call.value(name) {
            Some(Value::Object(section)) => {
                changed.insert(name.to_owned(), Value::Object(section));
            }
            Some(_) => return Err(Failure::parameter(format!("Param {name} must be an object"))),
            None => {}
        }
    }
    if changed.is_empty() {
        return Err(Failure::parameter(format!(
            "Nothing to change: give one of {}",
            SECTIONS.join(", ")
        )));
    }
    let mut state = call.world.state();
    let settings = &mut state.account.number.settings;
    for (name, section) in changed {
        match settings.get_mut(&name).and_then(Value::as_object_mut) {
            Some(known) => known.extend(fields::object(section)),
            None => {
                settings.insert(name, section);
            }
        }
    }
    Ok(success())
}

/// `GET /{number}/whatsapp_commerce_settings`.
pub fn commerce(call: &Call<'_>) -> Value {
    let commerce = call.world.state().account.number.commerce;
    json!({"data": [{
        "id": call.world.settings.catalog_id, "is_cart_enabled": commerce.is_cart_enabled,
        "is_catalog_visible": commerce.is_catalog_visible,
    }]})
}

/// `POST /{number}/whatsapp_commerce_settings`; the parameters may be in the query, as Meta's own examples have them.
pub fn change_commerce(call: &Call<'_>) -> Answered {
    let (cart, catalog) = (call.flag("is_cart_enabled")?, call.flag("is_catalog_visible")?);
    if cart.is_none() && catalog.is_none() {
        return Err(Failure::parameter(
            "Nothing to change: give is_cart_enabled or is_catalog_visible",
        ));
    }
    let mut state = call.world.state();
    let commerce = &mut state.account.number.commerce;
    commerce.is_cart_enabled = cart.unwrap_or(commerce.is_cart_enabled);
    commerce.is_catalog_visible = catalog.unwrap_or(commerce.is_catalog_visible);
    Ok(success())
}

/// `GET /{number}/whatsapp_business_profile`. At Meta fields that were never set are left out, all but the vertical.
pub fn profile(call: &Call<'_>) -> Answered {
    let mut set = call.world.state().account.number.profile.set.clone();
    set.entry("vertical").or_insert_with(|| json!("UNDEFINED"));
    let asked = call.text("fields").unwrap_or_default();
    let mut shown = fields::object(json!({"messaging_product": "whatsapp"}));
    let known = [
        "profile_picture_url",
        "websites",
        "vertical",
        "messaging_product",
        "id",
    ];
    for name in asked.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let is_known = known.contains(&name) || TEXTS.iter().any(|(text, _)| *text == name);
        if !is_known {
            return Err(Failure::parameter(format!(
                "Tried accessing nonexistent field ({name}) on node type (WhatsAppBusinessProfile)"
            )));
        }
        if let Some(value) = set.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    if asked.is_empty() {
        shown.extend(set);
    }
    Ok(json!({"data": [shown]}))
}

/// `POST /{number}/whatsapp_business_profile`.
pub fn change_profile(call: &Call<'_>) -> Answered {
    call.for_whatsapp()?;
    let mut changed = Fields::new();
    for (name, limit) in TEXTS {
        if let Some(text) = call.text(name) {
            within(&text, limit, name)?;
            changed.insert(name.to_owned(), json!(text));
        }
    }
    if changed.get("about").and_then(Value::as_str) == Some("") {
        return Err(Failure::parameter("Param about must not be empty"));
    }
    if let Some(vertical) = call.text("vertical") {
        if !VERTICALS.contains(&vertical.as_str()) {
            return Err(Failure::parameter(format!(
                "Param vertical must be one of {{{}}}",
                VERTICALS.join(", ")
            )));
        }
        changed.insert("vertical".to_owned(), json!(vertical));
    }
    if let Some(websites) = call.value("websites") {
        changed.insert("websites".to_owned(), checked_websites(websites)?);
    }
    if let Some(handle) = call.text("profile_picture_handle") {
        let url = format!("https://pps.whatsapp.net/v/{}", handle.len());
        changed.insert("profile_picture_url".to_owned(), json!(url));
    }
    call.world.state().account.number.profile.set.extend(changed);
    Ok(success())
}

fn checked_websites(websites: Value) -> Result<Value, Failure> {
    let list = websites
        .as_array()
        .ok_or_else(|| Failure::parameter("Param websites must be a list"))?;
    if list.len() > WEBSITES {
        return Err(Failure::parameter("Param websites holds two addresses at most"));
    }
    for website in list {
        let address = website.as_str().unwrap_or_default();
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(Failure::parameter("Param websites must hold web addresses"));
        }
        within(address, WEBSITE, "websites")?;
    }
    Ok(websites)
}

fn within(text: &str, limit: usize, name: &str) -> Result<(), Failure> {
    let length = text.chars().count();
    if length <= limit {
        return Ok(());
    }
    Err(Failure::parameter(format!(
        "Param {name} holds {limit} characters at most, not {length}"
    )))
}
