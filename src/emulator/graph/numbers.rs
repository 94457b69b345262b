//! The business number: what it says of itself, and its registration. Codes by SMS or call are never sent anywhere: the
//! code is always 123456.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::{APP_ID, BUSINESS_ID, BUSINESS_NAME};
use super::call::Call;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::settings::{Commerce, Profile};
use super::{Answered, subscriptions, success};

/// What `verify_code` takes.
const CODE: &str = "123456";
const WRONG_CODE: i64 = 2_388_093;
const WRONG_PIN: i64 = 133_005;
const REGISTERED_TOO_OFTEN: i64 = 133_016;
/// Ten registrations in 72 hours (Meta, registration page, 2025-12).
const REGISTRATIONS: usize = 10;
const REGISTRATIONS_MS: i64 = 72 * 3_600 * 1_000;

const DEFAULT: [&str; 8] = [
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
    "id",
];

/// What the number remembers.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct Number {
    pub registered: bool,
    verified: bool,
    /// The PIN of two-step verification, once set.
    pin: Option<String>,
    registrations: Vec<i64>,
    pub settings: Fields,
    pub commerce: Commerce,
    pub profile: Profile,
}

impl Default for Number {
    fn default() -> Self {
        Self {
            registered: true,
            verified: true,
            pin: None,
            registrations: Vec::new(),
            settings: Fields::new(),
            commerce: Commerce::default(),
            profile: Profile::default(),
        }
    }
}

/// `GET /{number}`.
pub fn show(call: &Call<'_>) -> Answered {
    let health = health(call);
    let all = {
        let state = call.world.state();
        let (settings, number) = (&call.world.settings, &state.account.number);
        json!({
            "id": settings.phone_number_id, "display_phone_number": settings.display_phone_number,
            "verified_name": BUSINESS_NAME, "quality_rating": "GREEN", "quality_score": {"score": "GREEN"},
            "code_verification_status": if number.verified { "VERIFIED" } else { "NOT_VERIFIED" },
            "platform_type": "CLOUD_API", "host_platform": "CLOUD_API",
            "throughput": {"level": state.strict.level()},
            "status": if number.registered { "CONNECTED" } else { "DISCONNECTED" },
            "name_status": "APPROVED", "new_name_status": "NONE", "account_mode": "LIVE",
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "webhook_configuration": subscriptions::configuration(&state),
            "health_status": health, "is_official_business_account": false,
            "official_business_account": {"oba_status": "NOT_STARTED"},
            "is_pin_enabled": number.pin.is_some(), "is_on_biz_app": false, "is_preverified_number": false,
            "search_visibility": "VISIBLE", "country_code": "BR", "country_dial_code": "55", "username": null,
            "certificate": "", "new_certificate": "", "conversational_automation": null,
            "eligibility_for_api_business_global_search": null, "last_onboarded_time": null,
        })
    };
    fields::pick(call, fields::object(all), &DEFAULT, "WhatsAppBusinessPhoneNumber")
}

/// `health_status` of the number and all it belongs to.
pub fn health(call: &Call<'_>) -> Value {
    let settings = &call.world.settings;
    let registered = call.world.state().account.number.registered;
    let able = if registered { "AVAILABLE" } else { "BLOCKED" };
    let mut number =
        json!({"entity_type": "PHONE_NUMBER", "id": settings.phone_number_id, "can_send_message": able});
    if let (false, Some(fields)) = (registered, number.as_object_mut()) {
        let error = json!({
            "error_code": 133_010, "error_description": "The number is not registered.",
            "possible_solution": "Register it: POST /{number}/register with a PIN.",
        });
        fields.insert("errors".to_owned(), json!([error]));
    }
    let other =
        |kind: &str, id: &str| json!({"entity_type": kind, "id": id, "can_send_message": "AVAILABLE"});
    json!({"can_send_message": able, "entities": [
        number, other("WABA", &settings.waba_id), other("BUSINESS", BUSINESS_ID), other("APP", APP_ID),
    ]})
}

/// `POST /{number}`: the override of its webhooks, or the PIN.
pub async fn change(call: &Call<'_>) -> Answered {
    let (configuration, pin) = (call.value("webhook_configuration"), call.text("pin"));
    if configuration.is_none() && pin.is_none() {
        return Err(Failure::parameter(
            "Nothing to change: give webhook_configuration or pin",
        ));
    }
    let pin = pin.map(checked_pin).transpose()?;
    if let Some(configuration) = configuration {
        subscriptions::override_number(call, &configuration).await?;
    }
    if pin.is_some() {
        call.world.state().account.number.pin = pin;
    }
    Ok(success())
}

/// `POST /{number}/register`.
pub fn register(call: &Call<'_>) -> Answered {
    call.for_whatsapp()?;
    let pin = checked_pin(call.required("pin")?)?;
    let now_ms = call.world.now_ms();
    let mut state = call.world.state();
    let number = &mut state.account.number;
    number
        .registrations
        .retain(|at_ms| now_ms - at_ms < REGISTRATIONS_MS);
    if number.registrations.len() >= REGISTRATIONS {
        let message = "The number was registered too often; ten times in 72 hours are allowed";
        return Err(Failure::new(REGISTERED_TOO_OFTEN, message));
    }
    number.registrations.push(now_ms);
    if number.pin.as_ref().is_some_and(|known| *known != pin) {
        return Err(Failure::new(WRONG_PIN, "Two step verification PIN mismatch"));
    }
    number.pin = Some(pin);
    number.registered = true;
    Ok(success())
}

/// `POST /{number}/deregister`: sends are refused with 133010 from now on.
pub fn deregister(call: &Call<'_>) -> Value {
    call.world.state().account.number.registered = false;
    success()
}

/// `POST /{number}/request_code`.
pub fn request_code(call: &Call<'_>) -> Answered {
    let method = call.required("code_method")?;
    if !matches!(method.as_str(), "SMS" | "VOICE") {
        return Err(Failure::parameter(
            "Param code_method must be one of {SMS, VOICE}",
        ));
    }
    call.required("language")?;
    call.world.state().account.number.verified = false;
    Ok(success())
}

/// `POST /{number}/verify_code`.
pub fn verify_code(call: &Call<'_>) -> Answered {
    if call.required("code")? != CODE {
        return Err(Failure::new(WRONG_CODE, "The code is wrong")
            .with_details("the emulator sends no codes: it is always 123456"));
    }
    call.world.state().account.number.verified = true;
    Ok(success())
}

fn checked_pin(pin: String) -> Result<String, Failure> {
    if pin.len() == 6 && pin.chars().all(|digit| digit.is_ascii_digit()) {
        return Ok(pin);
    }
    Err(Failure::parameter("Param pin must be six digits"))
}
