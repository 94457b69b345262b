//! Which object and which edge a call means. It brings the call there and words nothing but "there is no such place";
//! sending messages is the one edge that `mod.rs` serves itself, because its answers may break on purpose.

use super::call::Call;
use super::failure::Failure;
use super::{
    Answered, account, blocks, catalog, media, numbers, qr_codes, settings, subscriptions, template_edges,
};

const NUMBER_EDGES: &[&str] = &[
    "",
    "messages",
    "media",
    "settings",
    "whatsapp_commerce_settings",
    "whatsapp_business_profile",
    "register",
    "deregister",
    "request_code",
    "verify_code",
    "block_users",
    "message_qrdls",
];
const WABA_EDGES: &[&str] = &[
    "",
    "phone_numbers",
    "product_catalogs",
    "subscribed_apps",
    "message_templates",
];
const CATALOG_EDGES: &[&str] = &["", "items_batch", "check_batch_request_status", "products"];

/// Brings a call to its edge.
pub async fn answer(call: &Call<'_>) -> Answered {
    let (settings, object) = (&call.world.settings, call.route.object.as_str());
    if object == settings.phone_number_id {
        number(call).await
    } else if object == settings.waba_id {
        waba(call).await
    } else if object == settings.catalog_id {
        product_catalog(call)
    } else if object == account::APP_ID {
        app(call).await
    } else {
        other(call)
    }
}

async fn number(call: &Call<'_>) -> Answered {
    let edge = call.route.edge.as_str();
    match (edge, call.route.item.as_deref(), call.verb()) {
        ("message_qrdls", Some(code), verb) => qr_codes::one(call, code, verb),
        (_, Some(_), _) => nowhere(call, &[]),
        ("", None, "GET") => numbers::show(call),
        ("", None, "POST") => numbers::change(call).await,
        ("media", None, "POST") => media::upload(call),
        ("settings", None, "GET") => settings::show(call),
        ("settings", None, "POST") => settings::change(call),
        ("whatsapp_commerce_settings", None, "GET") => Ok(settings::commerce(call)),
        ("whatsapp_commerce_settings", None, "POST") => settings::change_commerce(call),
        ("whatsapp_business_profile", None, "GET") => settings::profile(call),
        ("whatsapp_business_profile", None, "POST") => settings::change_profile(call),
        ("register", None, "POST") => numbers::register(call),
        ("deregister", None, "POST") => Ok(numbers::deregister(call)),
        ("request_code", None, "POST") => numbers::request_code(call),
        ("verify_code", None, "POST") => numbers::verify_code(call),
        ("block_users", None, "GET") => blocks::list(call),
        ("block_users", None, "POST") => blocks::change(call, true),
        ("block_users", None, "DELETE") => blocks::change(call, false),
        ("message_qrdls", None, "GET") => qr_codes::list(call),
        ("message_qrdls", None, "POST") => qr_codes::put(call),
        _ => nowhere(call, NUMBER_EDGES),
    }
}

async fn waba(call: &Call<'_>) -> Answered {
    if call.route.item.is_some() {
        return nowhere(call, &[]);
    }
    match (call.route.edge.as_str(), call.verb()) {
        ("", "GET") => account::show(call),
        ("phone_numbers", "GET") => account::phone_numbers(call),
        ("product_catalogs", "GET") => account::product_catalogs(call),
        ("subscribed_apps", "GET") => Ok(subscriptions::show(call)),
        ("subscribed_apps", "POST") => subscriptions::subscribe(call).await,
        ("subscribed_apps", "DELETE") => Ok(subscriptions::unsubscribe(call)),
        ("message_templates", "GET") => template_edges::list(call),
        ("message_templates", "POST") => template_edges::create(call),
        ("message_templates", "DELETE") => template_edges::delete(call),
        _ => nowhere(call, WABA_EDGES),
    }
}

fn product_catalog(call: &Call<'_>) -> Answered {
    if call.route.item.is_some() {
        return nowhere(call, &[]);
    }
    match (call.route.edge.as_str(), call.verb()) {
        ("", "GET") => catalog::show(call),
        ("items_batch", "POST") => catalog::take_batch(call),
        ("check_batch_request_status", "GET") => catalog::batch_status(call),
        ("products", "GET") => catalog::products(call),
        _ => nowhere(call, CATALOG_EDGES),
    }
}

async fn app(call: &Call<'_>) -> Answered {
    if call.route.item.is_some() {
        return nowhere(call, &[]);
    }
    match (call.route.edge.as_str(), call.verb()) {
        ("", "GET") => account::app(call),
        ("subscriptions", "GET") => Ok(subscriptions::of_app(call)),
        ("subscriptions", "POST") => subscriptions::set_for_app(call).await,
        ("subscriptions", "DELETE") => Ok(subscriptions::clear_for_app(call)),
        _ => nowhere(call, &["", "subscriptions"]),
    }
}

/// Objects without an id of the settings: `me`, `app`, `debug_token`, media and templates.
fn other(call: &Call<'_>) -> Answered {
    let (object, verb) = (call.route.object.as_str(), call.verb());
    if (object, call.route.edge.as_str(), verb) == ("oauth", "access_token", "GET") {
        return account::app_token(call);
    }
    if !call.route.edge.is_empty() {
        return Err(Failure::unknown_object(verb, object));
    }
    match (object, verb) {
        ("me", "GET") => account::me(call),
        ("app", "GET") => account::app(call),
        ("debug_token", "GET") => account::debug_token(call),
        ("me" | "app" | "debug_token", _) => Err(Failure::unsupported(verb)),
        _ => template_edges::one(call)
            .or_else(|| media::one(call))
            .unwrap_or_else(|| Err(Failure::unknown_object(verb, object))),
    }
}

/// A known edge that doesn't take this method, or a path that leads nowhere.
fn nowhere(call: &Call<'_>, known: &[&str]) -> Answered {
    let route = &call.route;
    if route.item.is_none() && known.contains(&route.edge.as_str()) {
        return Err(Failure::unsupported(call.verb()));
    }
    let item = route.item.as_deref().unwrap_or_default();
    let path = format!("{}/{}/{item}", route.object, route.edge);
    Err(Failure::unknown_path(path.trim_end_matches('/')))
}
