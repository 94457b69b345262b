//! The Graph side: one entrance for all paths of the Graph API, which reads the call, brings it to its object and edge,
//! words the answer and tells the watchers. What an edge does is in the file of that edge.

mod account;
mod batches;
mod blocks;
mod call;
mod catalog;
mod edges;
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
mod statuses;
pub mod subscriptions;
mod template_edges;
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
pub use messages::{addressee, kind_of};
pub use pace::Strict;

use call::Call;
use failure::Failure;
use messages::Facts;
use route::Route;

/// What an edge answers.
type Answered = Result<Value, Failure>;

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

/// Registers what belongs to this program and not to the Graph API: the strict rules, files, pictures of QR codes.
pub fn own_routes(app: &mut web::ServiceConfig) {
    pace::routes(app);
    media::routes(app);
    qr_codes::routes(app);
}

/// Registers the Graph routes; last, because they match any version and any object.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource(r"/{path:v[0-9]+\.[0-9]+.*}").to(entrance))
        .service(web::resource(r"/{path:[0-9]+.*}").to(entrance))
        .service(web::resource("/{path:me|app|debug_token|oauth/access_token}").to(entrance));
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
    let to_number = call.route.object == world.settings.phone_number_id;
    if to_number && call.route.edge == "messages" && call.verb() == "POST" {
        return messages::send(&call, facts).await;
    }
    edges::answer(&call).await.into()
}

/// `{"success": true}`.
fn success() -> Value {
    json!({"success": true})
}
