//! What people share: pictures, sounds, papers, stickers, places, their own number, and what the API can't carry.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::answers::{self, not_found, problem};
use super::super::graph::media;
use super::super::inbound::{Media, MediaKind, Place, Said};
use super::super::world::{Phone, World};
use super::samples::{kept_before, kept_picture, sample};
use super::speech::{PhoneAndDevice, Problem, Speech, say, writer};

/// Registers the routes of what people share.
pub fn routes(app: &mut web::ServiceConfig) {
    let device = "/emulator/phones/{id}/devices/{device}";
    app.service(web::resource(format!("{device}/image")).route(web::post().to(image)))
        .service(web::resource(format!("{device}/audio")).route(web::post().to(audio)))
        .service(web::resource(format!("{device}/document")).route(web::post().to(document)))
        .service(web::resource(format!("{device}/sticker")).route(web::post().to(sticker)))
        .service(web::resource(format!("{device}/location")).route(web::post().to(location)))
        .service(web::resource(format!("{device}/contact")).route(web::post().to(contact)))
        .service(web::resource(format!("{device}/unsupported")).route(web::post().to(unsupported)));
}

#[derive(Deserialize)]
struct MediaBody {
    caption: Option<String>,
    filename: Option<String>,
    /// Of a file that was shared before; a new one is made when absent.
    media_id: Option<String>,
}

async fn image(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    share(&world, &path, MediaKind::Image, &body).await
}

async fn audio(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    share(&world, &path, MediaKind::Audio, &body).await
}

async fn document(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    share(&world, &path, MediaKind::Document, &body).await
}

async fn sticker(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    share(&world, &path, MediaKind::Sticker, &body).await
}

async fn share(world: &World, path: &PhoneAndDevice, kind: MediaKind, body: &[u8]) -> HttpResponse {
    let shared = answers::read::<MediaBody>(body).and_then(|body| shared(world, path, kind, body));
    say(world, path, shared).await
}

fn shared(world: &World, path: &PhoneAndDevice, kind: MediaKind, body: MediaBody) -> Result<Speech, Problem> {
    let (mime_type, bytes) = sample(kind);
    let kept = {
        let mut state = world.state();
        writer(&mut state, &path.0)?;
        match &body.media_id {
            Some(id) => kept_before(&state, id)
                .ok_or_else(|| Box::new(not_found("file with this media_id; leave it out to make one")))?,
            None => kept_picture(world, &mut state, mime_type, &bytes),
        }
    };
    let address = kept.address();
    let filename = body.filename.unwrap_or_else(|| "documento.pdf".to_owned());
    let speech = Speech::new(Said::Media(Media {
        kind,
        url: media::address(world, &world.settings.base_url, &kept.id),
        id: kept.id,
        mime_type,
        sha256: kept.sha256,
        caption: body.caption,
        filename: (kind == MediaKind::Document).then_some(filename),
    }));
    Ok(match kind {
        MediaKind::Image | MediaKind::Sticker => speech.with_image(address),
        MediaKind::Audio | MediaKind::Document => speech,
    })
}

#[derive(Deserialize)]
struct LocationBody {
    /// Decimal text, for example `-23.5`.
    latitude: String,
    longitude: String,
    name: Option<String>,
    address: Option<String>,
}

async fn location(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let place = answers::read::<LocationBody>(&body).and_then(|body| {
        Ok(Speech::new(Said::Place(Place {
            latitude: degrees(&body.latitude, 90)?,
            longitude: degrees(&body.longitude, 180)?,
            name: body.name,
            address: body.address,
        })))
    });
    say(&world, &path, place).await
}

/// Degrees as a JSON number of the same digits.
fn degrees(text: &str, most: i64) -> Result<Box<RawValue>, Problem> {
    let wrong = || {
        let detail = format!("{text} is no number of degrees between -{most} and {most}");
        Box::new(problem(422, "invalid_location", &detail))
    };
    let exact = Decimal::from_str_exact(text).map_err(|_| wrong())?;
    if exact.abs() > Decimal::from(most) {
        return Err(wrong());
    }
    RawValue::from_string(exact.to_string()).map_err(|_| wrong())
}

async fn contact(world: Data<World>, path: Path<PhoneAndDevice>) -> HttpResponse {
    let path: &PhoneAndDevice = &path;
    let own = {
        let mut state = world.state();
        writer(&mut state, &path.0).and_then(|phone| own_contact(phone))
    };
    say(&world, path, own).await
}

fn own_contact(phone: &Phone) -> Result<Speech, Problem> {
    let Some(wa_id) = phone.wa_id.clone() else {
        let detail = "this person was made without a wa_id, so there is no number to share";
        return Err(Box::new(problem(422, "no_number", detail)));
    };
    Ok(Speech::new(Said::Contact {
        name: phone.name.clone(),
        wa_id,
        asked: is_asked(phone),
    }))
}

/// True when the business has asked for the number (`request_contact_info`) and hasn't got it since.
fn is_asked(phone: &Phone) -> bool {
    let telling = phone.messages.iter().rev().find_map(|message| {
        if message.device.is_some() {
            (message.message_type == "contacts").then_some(false)
        } else {
            let asks = message.payload.get().contains("\"request_contact_info\"");
            asks.then_some(true)
        }
    });
    telling.unwrap_or(false)
}

#[derive(Deserialize)]
struct UnsupportedBody {
    /// `poll`, `edit`, `button`, …
    #[serde(rename = "type", default = "poll")]
    kind: String,
}

fn poll() -> String {
    "poll".to_owned()
}

async fn unsupported(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let sent = answers::read::<UnsupportedBody>(&body)
        .map(|body| Speech::new(Said::Unsupported { kind: body.kind }));
    say(&world, &path, sent).await
}
