//! Who is told of what happens: the app's subscription to the account, and where its webhooks go. An override of the number
//! goes before one of the account, and that before the app's own address (Meta, "Override webhooks"). It keeps addresses
//! that have passed the handshake; carrying webhooks there is done in `deliver`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::super::handshake;
use super::super::wamid;
use super::super::world::State;
use super::account::{APP_ID, APP_NAME, app_link};
use super::call::Call;
use super::failure::Failure;
use super::{Answered, success};

/// An override's address is this long at most.
const ADDRESS: usize = 200;
const VERIFICATION_FAILED: i64 = 2_200;
const VERSION: &str = "v26.0";

/// The app's subscription. It is there from the start, so that a gateway is told without having to ask.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct Subscriptions {
    subscribed: bool,
    of_waba: Option<String>,
    of_number: Option<String>,
    fields: Vec<String>,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self {
            subscribed: true,
            of_waba: None,
            of_number: None,
            fields: ["messages", "user_id_update"].map(str::to_owned).into(),
        }
    }
}

/// While false nobody is told of anything, then or later: silence, and no error.
pub fn is_subscribed(state: &State) -> bool {
    state.account.subscriptions.subscribed
}

/// Where webhooks go now. Overrides concern the field `messages` only; all others go to the app's own address.
pub fn webhook_url(state: &State, of_messages: bool) -> Option<String> {
    let overridden = overridden(state).filter(|_| of_messages);
    overridden.or(state.webhook_url.as_ref()).cloned()
}

/// True while webhooks of different fields go to different addresses.
pub fn is_overridden(state: &State) -> bool {
    overridden(state).is_some()
}

fn overridden(state: &State) -> Option<&String> {
    let known = &state.account.subscriptions;
    known.of_number.as_ref().or(known.of_waba.as_ref())
}

/// `webhook_configuration` of the number: each address that is set.
pub fn configuration(state: &State) -> Value {
    let known = &state.account.subscriptions;
    let named = [
        ("phone_number", &known.of_number),
        ("whatsapp_business_account", &known.of_waba),
        ("application", &state.webhook_url),
    ];
    let set = named
        .into_iter()
        .filter_map(|(name, url)| url.as_ref().map(|url| (name.to_owned(), json!(url))));
    Value::Object(set.collect())
}

/// `GET /{waba}/subscribed_apps`.
pub fn show(call: &Call<'_>) -> Value {
    let state = call.world.state();
    let known = &state.account.subscriptions;
    if !known.subscribed {
        return json!({"data": []});
    }
    let mut app = json!({"whatsapp_business_api_data": {"id": APP_ID, "name": APP_NAME, "link": app_link()}});
    if let (Some(url), Some(fields)) = (&known.of_waba, app.as_object_mut()) {
        fields.insert("override_callback_uri".to_owned(), json!(url));
    }
    json!({"data": [app]})
}

/// `POST /{waba}/subscribed_apps`: subscribes; an address in it overrides the app's, and without one the override ends.
pub async fn subscribe(call: &Call<'_>) -> Answered {
    let of_waba = proven(
        call,
        call.text("override_callback_uri"),
        call.text("verify_token"),
    )
    .await?;
    let mut state = call.world.state();
    let known = &mut state.account.subscriptions;
    known.of_waba = of_waba;
    known.subscribed = true;
    Ok(success())
}

/// `DELETE /{waba}/subscribed_apps`: from now on silence.
pub fn unsubscribe(call: &Call<'_>) -> Value {
    call.world.state().account.subscriptions.subscribed = false;
    success()
}

/// `webhook_configuration` of `POST /{number}`; an empty address ends the override.
pub async fn override_number(call: &Call<'_>, configuration: &Value) -> Result<(), Failure> {
    let text = |name: &str| configuration.get(name).and_then(Value::as_str).map(str::to_owned);
    let Some(url) = text("override_callback_uri") else {
        return Err(Failure::missing("webhook_configuration.override_callback_uri"));
    };
    let of_number = proven(call, Some(url), text("verify_token")).await?;
    call.world.state().account.subscriptions.of_number = of_number;
    Ok(())
}

/// `GET /{app}/subscriptions`.
pub fn of_app(call: &Call<'_>) -> Value {
    let state = call.world.state();
    let Some(url) = &state.webhook_url else {
        return json!({"data": []});
    };
    let fields = state.account.subscriptions.fields.iter();
    let fields: Vec<Value> = fields
        .map(|name| json!({"name": name, "version": VERSION}))
        .collect();
    json!({"data": [{
        "object": "whatsapp_business_account", "callback_url": url, "active": true, "fields": fields,
    }]})
}

/// `POST /{app}/subscriptions`: the app's own address.
pub async fn set_for_app(call: &Call<'_>) -> Answered {
    if call.required("object")? != "whatsapp_business_account" {
        return Err(Failure::parameter(
            "Param object must be whatsapp_business_account",
        ));
    }
    let url = call.required("callback_url")?;
    let fields = named_fields(call);
    let url = proven(call, Some(url), call.text("verify_token")).await?;
    let mut state = call.world.state();
    state.webhook_url = url;
    if !fields.is_empty() {
        state.account.subscriptions.fields = fields;
    }
    Ok(success())
}

/// `DELETE /{app}/subscriptions`.
pub fn clear_for_app(call: &Call<'_>) -> Value {
    call.world.state().webhook_url = None;
    success()
}

/// `fields`, as a list or as text with commas.
fn named_fields(call: &Call<'_>) -> Vec<String> {
    match call.value("fields") {
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(names)) => names.split(',').map(|name| name.trim().to_owned()).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// The address, once it has answered the handshake; `None` for none and for an empty one.
async fn proven(
    call: &Call<'_>,
    url: Option<String>,
    verify_token: Option<String>,
) -> Result<Option<String>, Failure> {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    let token = verify_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Failure::missing("verify_token"))?;
    if url.chars().count() > ADDRESS {
        return Err(Failure::parameter(format!(
            "An address of webhooks holds {ADDRESS} characters at most"
        )));
    }
    let scheme = Url::parse(&url).ok().map(|address| address.scheme().to_owned());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err(Failure::parameter("The callback must be a web address"));
    }
    let challenge = wamid::decimal(&call.world.mixed(), 10);
    match handshake::shake(&call.world.http, &url, &token, &challenge).await {
        handshake::Answered::Well => Ok(Some(url)),
        handshake::Answered::Badly(how) => {
            let message =
                format!("Callback verification failed with the following errors: the address {how}");
            Err(Failure::new(VERIFICATION_FAILED, message))
        }
    }
}
