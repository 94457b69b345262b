//! What Meta keeps about the business: one app, one account, one number, one catalog, and all that their edges remember.
//! It refuses to hold people and their chats: those are the world's.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::batches::Pushed;
use super::call::{self, Call};
use super::failure::Failure;
use super::fields::{self, Fields};
use super::media::Media;
use super::numbers::Number;
use super::pace::Pace;
use super::paging::{self, Entry};
use super::qr_codes::Codes;
use super::subscriptions::Subscriptions;
use super::templates::Templates;
use super::{Answered, numbers};

/// The app that all tokens of this world belong to.
pub const APP_ID: &str = "428136705219480";
/// The business portfolio.
pub const BUSINESS_ID: &str = "506914307651234";
/// Who `/me` is: the system user that holds the access token.
pub const SYSTEM_USER_ID: &str = "122098765432101234";
/// The app's name.
pub const APP_NAME: &str = "Sacola emulator";
/// The business as people read it.
pub const BUSINESS_NAME: &str = "Café da Praça";

/// Calls per hour of an account with a registered number (Meta, WhatsApp rate limits, 2025-12-05).
const CALLS_PER_HOUR: i64 = 5_000;
const HOUR_MS: i64 = 3_600_000;
const SCOPES: [&str; 4] = [
    "business_management",
    "catalog_management",
    "whatsapp_business_management",
    "whatsapp_business_messaging",
];

/// Everything behind the edges.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    pub pace: Pace,
    pub calls: Calls,
    /// Files are not kept in the state's file: what was uploaded before a restart is unknown after it.
    #[serde(skip)]
    pub media: Media,
    pub number: Number,
    pub codes: Codes,
    pub subscriptions: Subscriptions,
    pub templates: Templates,
    pub catalog: Pushed,
}

/// Management calls of the present hour, for the usage headers. They are counted and never refused.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    hour: i64,
    count: i64,
}

impl Calls {
    /// Counts one call; how much of the hour's limit is used, in percent.
    pub fn counted(&mut self, now_ms: i64) -> i64 {
        let hour = now_ms.div_euclid(HOUR_MS);
        if hour != self.hour {
            *self = Calls { hour, count: 0 };
        }
        self.count += 1;
        (self.count * 100 / CALLS_PER_HOUR).min(100)
    }
}

/// `GET /{waba}`.
pub fn show(call: &Call<'_>) -> Answered {
    let waba_id = &call.world.settings.waba_id;
    let all = json!({
        "id": waba_id, "name": BUSINESS_NAME, "currency": "BRL", "timezone_id": "25", "country": "BR",
        "message_template_namespace": "5f2c7a90_3b41_4d6e_8a17_0c9e2d4b6f83", "status": "ACTIVE",
        "account_review_status": "APPROVED", "business_verification_status": "verified",
        "ownership_type": "SELF", "is_enabled_for_insights": false, "marketing_messages_lite_api_status": "INELIGIBLE",
        "owner_business_info": {"id": BUSINESS_ID, "name": BUSINESS_NAME},
        "health_status": numbers::health(call), "marketing_messages_onboarding_status": null,
        "on_behalf_of_business_info": null, "subscribed_apps": null, "disable_marketing_messages_on_cloud_api": null,
        "purchase_order_number": null, "primary_funding_id": null,
    });
    let default = [
        "id",
        "name",
        "currency",
        "timezone_id",
        "message_template_namespace",
    ];
    fields::pick(call, fields::object(all), &default, "WhatsAppBusinessAccount")
}

/// `GET /{waba}/phone_numbers`: the one number there is.
pub fn phone_numbers(call: &Call<'_>) -> Answered {
    let value = numbers::show(call)?;
    let key = call.world.settings.phone_number_id.clone();
    paging::page(call, vec![Entry { key, value }])
}

/// `GET /{waba}/product_catalogs`: one e-commerce catalog per account (Meta, Catalogs overview, 2026-06-18).
pub fn product_catalogs(call: &Call<'_>) -> Answered {
    let id = call.world.settings.catalog_id.clone();
    let value = json!({"id": id, "name": BUSINESS_NAME});
    paging::page(call, vec![Entry { key: id, value }])
}

/// `GET /me`.
pub fn me(call: &Call<'_>) -> Answered {
    let all = json!({"id": SYSTEM_USER_ID, "name": "Sacola system user"});
    fields::pick(call, fields::object(all), &["id", "name"], "SystemUser")
}

/// `GET /app` and `GET /{app}`.
pub fn app(call: &Call<'_>) -> Answered {
    let all = json!({
        "id": APP_ID, "name": APP_NAME, "category": "Business and pages", "namespace": "sacola",
        "link": app_link(),
    });
    fields::pick(
        call,
        fields::object(all),
        &["id", "name", "category", "link"],
        "Application",
    )
}

/// Where an app's page would be.
pub fn app_link() -> String {
    format!("https://www.facebook.com/games/?app_id={APP_ID}")
}

/// `GET /oauth/access_token?grant_type=client_credentials`: the app's own token, for its id and secret.
pub fn app_token(call: &Call<'_>) -> Answered {
    if call.required("grant_type")? != "client_credentials" {
        return Err(Failure::parameter("grant_type must be client_credentials"));
    }
    let token = format!(
        "{}|{}",
        call.required("client_id")?,
        call.required("client_secret")?
    );
    if !call::is_ours(call.world, &token) {
        return Err(Failure::new(1, "Error validating client secret."));
    }
    Ok(json!({"access_token": token, "token_type": "bearer"}))
}

/// `GET /debug_token?input_token=`: what a token is good for.
pub fn debug_token(call: &Call<'_>) -> Answered {
    let token = call.required("input_token")?;
    if !call::is_ours(call.world, &token) {
        let error = json!({"code": 190, "message": "Invalid OAuth access token."});
        return Ok(json!({"data": {"error": error, "is_valid": false, "scopes": []}}));
    }
    let settings = &call.world.settings;
    let mut data = json!({
        "app_id": APP_ID, "application": APP_NAME, "type": "APP", "is_valid": true, "scopes": [],
        "expires_at": 0, "data_access_expires_at": 0, "issued_at": call.world.now_s(),
    });
    if token == settings.access_token
        && let Some(fields) = data.as_object_mut()
    {
        fields.extend(system_user(&settings.waba_id, &settings.catalog_id));
    }
    Ok(json!({"data": data}))
}

fn system_user(waba_id: &str, catalog_id: &str) -> Fields {
    let granular: Vec<Value> = SCOPES
        .iter()
        .map(|scope| {
            let target = match *scope {
                "business_management" => BUSINESS_ID,
                "catalog_management" => catalog_id,
                _ => waba_id,
            };
            json!({"scope": scope, "target_ids": [target]})
        })
        .collect();
    fields::object(json!({
        "type": "SYSTEM_USER", "user_id": SYSTEM_USER_ID, "profile_id": SYSTEM_USER_ID, "scopes": SCOPES,
        "granular_scopes": granular,
    }))
}

/// The usage headers of a management call: how much of the hour is used, for the app and for the account.
pub fn usage(percent: i64, waba_id: &str) -> (String, String) {
    let app = json!({"call_count": percent, "total_cputime": 0, "total_time": 0});
    let account = json!({waba_id: [{
        "type": "whatsapp_business_management", "call_count": percent, "total_cputime": 0, "total_time": 0,
        "estimated_time_to_regain_access": 0,
    }]});
    (app.to_string(), account.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_a_share_of_the_hour_and_ends_with_it() {
        let mut calls = Calls::default();

        let shares: Vec<i64> = (0..100).map(|_| calls.counted(HOUR_MS)).collect();

        assert_eq!((shares[0], shares[48], shares[49], shares[99]), (0, 0, 1, 2));
        assert_eq!(calls.counted(2 * HOUR_MS), 0);
    }
}
