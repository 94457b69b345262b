//! The Graph side: one entrance for all paths of the Graph API, which reads the call, brings it to its object and edge,
//! words the answer and tells the watchers. What an edge does is in the file of that edge.

mod account;
mod batches;
mod blocks;
mod call;
mod catalog;
mod failure;
mod fields;
pub mod media;
mod messages;
mod numbers;
mod pace;
mod paging;
mod qr_codes;
mod receipts;
mod route;
mod settings;
pub mod subscriptions;
mod templates;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answers;
use super::feed::News;
use super::world::World;

pub use account::Account;
pub use messages::{addressee, kind_of, read_webhooks, webhook};
pub use pace::Strict;

use call::Call;
use failure::Failure;
use messages::Facts;
use route::Route;

/// What an edge answers.
type Answered = Result<Value, Failure>;

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

/// An answer, not yet written.
enum Reply {
    Json(Value),
    Refused(Failure),
    /// A bare 500, without a body.
    Broken,
    /// A connection cut in the middle.
    Cut,
}

impl From<Answered> for Reply {
    fn from(answered: Answered) -> Reply {
        match answered {
            Ok(body) => Reply::Json(body),
            Err(failure) => Reply::Refused(failure),
        }
    }
}

impl Reply {
    fn http(&self) -> u16 {
        match self {
            Reply::Json(_) => 200,
            Reply::Refused(failure) => failure.http,
            Reply::Broken => 500,
            Reply::Cut => 0,
        }
    }

    fn code(&self) -> Option<i64> {
        match self {
            Reply::Refused(failure) => Some(failure.code),
            Reply::Json(_) | Reply::Broken | Reply::Cut => None,
        }
    }

    fn write(&self, trace_id: &str) -> HttpResponse {
        match self {
            Reply::Json(body) => answers::json(200, body),
            Reply::Refused(failure) => answers::json(failure.http, &failure.body(trace_id)),
            Reply::Broken => HttpResponse::InternalServerError().finish(),
            Reply::Cut => answers::cut(),
        }
    }
}

/// Registers the Graph routes; last, because they match any version and any object.
pub fn routes(app: &mut web::ServiceConfig) {
    pace::routes(app);
    media::routes(app);
    qr_codes::routes(app);
    app.service(web::resource(r"/{path:v[0-9]+\.[0-9]+.*}").to(entrance))
        .service(web::resource(r"/{path:[0-9]+.*}").to(entrance))
        .service(web::resource("/{path:me|app|debug_token}").to(entrance));
}

async fn entrance(world: Data<World>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let started = Instant::now();
    let mut facts = Facts::default();
    let route = Route::parse(request.path());
    let (version, is_send) = match &route {
        Ok(route) => (route.version, is_send(&request, route)),
        Err(_) => (route::NEWEST, false),
    };
    let reply = match route {
        Ok(route) => answered(&world, &request, payload, route, &mut facts).await,
        Err(failure) => Reply::Refused(failure),
    };
    if is_send && reply.http() >= 400 {
        world.state().counts.sends_refused += 1;
    }
    let trace_id = world.short_id(22);
    let mut response = reply.write(&trace_id);
    headed(&mut response, "x-fb-trace-id", &trace_id);
    headed(&mut response, "facebook-api-version", &format!("v{version}.0"));
    if reply.http() == 401 {
        let challenge = r#"OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token.""#;
        headed(&mut response, "www-authenticate", challenge);
    }
    if !is_send {
        let percent = world.state().account.calls.counted(world.now_ms());
        let (app, account) = account::usage(percent, &world.settings.waba_id);
        headed(&mut response, "x-app-usage", &app);
        headed(&mut response, "x-business-use-case-usage", &account);
    }
    world.tell(News::Graph {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        phone: facts.phone,
        kind: facts.kind,
        effect_id: facts.effect_id,
        inner_id: facts.inner_id,
        http: reply.http(),
        code: reply.code(),
        took_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    });
    response
}

fn is_send(request: &HttpRequest, route: &Route) -> bool {
    route.edge == "messages" && request.method() == actix_web::http::Method::POST
}

fn headed(response: &mut HttpResponse, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

async fn answered(
    world: &World,
    request: &HttpRequest,
    payload: Payload,
    route: Route,
    facts: &mut Facts,
) -> Reply {
    let call = match Call::read(world, request, payload, route).await {
        Ok(call) => call,
        Err(failure) => return Reply::Refused(failure),
    };
    let (settings, object) = (&world.settings, call.route.object.as_str());
    if object == settings.phone_number_id {
        if call.route.edge == "messages" && call.verb() == "POST" {
            return messages::send(&call, facts).await;
        }
        return number(&call).await.into();
    }
    let answered = if object == settings.waba_id {
        waba(&call).await
    } else if object == settings.catalog_id {
        product_catalog(&call)
    } else if object == account::APP_ID {
        app(&call).await
    } else {
        other(&call)
    };
    answered.into()
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
        ("message_templates", "GET") => templates::list(call),
        ("message_templates", "POST") => templates::create(call),
        ("message_templates", "DELETE") => templates::delete(call),
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
    if !call.route.edge.is_empty() {
        return Err(Failure::unknown_object(verb, object));
    }
    match (object, verb) {
        ("me", "GET") => account::me(call),
        ("app", "GET") => account::app(call),
        ("debug_token", "GET") => account::debug_token(call),
        ("me" | "app" | "debug_token", _) => Err(Failure::unsupported(verb)),
        _ => match templates::one(call).or_else(|| media::one(call)) {
            Some(answered) => answered,
            None => Err(Failure::unknown_object(verb, object)),
        },
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

/// `{"success": true}`.
fn success() -> Value {
    json!({"success": true})
}
