//! Media: uploads, their short-lived addresses, and the bytes behind them; what people sent is found here too. All uploads
//! together take 64 MiB at most: the oldest are dropped first, so a document of 100 MB, which Meta takes, is refused here.

use std::collections::BTreeMap;

use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::answers::{not_found, problem};
use super::super::phones::InboundMedia;
use super::super::wamid;
use super::super::wire;
use super::super::world::{State, World};
use super::call::{self, Call, FILE_BYTES_MAX};
use super::failure::Failure;
use super::{Answered, success};

/// How long an address of a file works (Meta, media page).
const ADDRESS_S: i64 = 5 * 60;
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// How long an upload lives.
const UPLOADED_MS: i64 = 30 * DAY_MS;
const MIB: usize = 1024 * 1024;
const UPLOAD_FAILED: i64 = 131_053;

/// Types and their sizes (Meta, media page; stickers: animated ones hold 500 KB).
#[rustfmt::skip]
const TYPES: &[(&[&str], usize)] = &[
    (&["image/jpeg", "image/png"], 5 * MIB),
    (&["image/webp"], 500 * 1024),
    (&["audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus"], 16 * MIB),
    (&["video/mp4", "video/3gpp"], 16 * MIB),
    (&[
        "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ], FILE_BYTES_MAX),
];

/// All files, by id.
#[derive(Default)]
pub struct Media {
    files: BTreeMap<String, File>,
    bytes: usize,
    kept: u64,
}

struct File {
    mime: String,
    bytes: Bytes,
    /// Grows by one with each file: the oldest has the lowest.
    number: u64,
    until_ms: i64,
}

impl Media {
    fn keep(&mut self, id: String, mime: &str, bytes: Bytes, until_ms: i64) {
        self.kept += 1;
        self.bytes += bytes.len();
        let file = File {
            mime: mime.to_owned(),
            bytes,
            number: self.kept,
            until_ms,
        };
        self.files.insert(id, file);
        while self.bytes > FILE_BYTES_MAX {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.number);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            self.forget(&id);
        }
    }

    fn forget(&mut self, id: &str) {
        if let Some(file) = self.files.remove(id) {
            self.bytes = self.bytes.saturating_sub(file.bytes.len());
        }
    }

    fn living(&self, id: &str, now_ms: i64) -> Option<&File> {
        self.files.get(id).filter(|file| now_ms < file.until_ms)
    }
}

/// Registers where files are fetched.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/media/{id}").route(web::get().to(download)));
}

/// True for a file that can be sent.
pub fn is_there(state: &State, id: &str, now_ms: i64) -> bool {
    state.account.media.living(id, now_ms).is_some() || sent(state, id, now_ms).is_some()
}

/// Type and bytes of a file, whether the business uploaded it or a person sent it.
fn found(state: &State, id: &str, now_ms: i64) -> Option<(String, Bytes)> {
    if let Some(file) = state.account.media.living(id, now_ms) {
        return Some((file.mime.clone(), file.bytes.clone()));
    }
    let sent = sent(state, id, now_ms)?;
    let bytes = STANDARD.decode(&sent.content).ok()?;
    Some((sent.mime_type.clone(), Bytes::from(bytes)))
}

/// A file that a person sent, while it lives.
fn sent<'a>(state: &'a State, id: &str, now_ms: i64) -> Option<&'a InboundMedia> {
    state.inbound_media.get(id).filter(|file| now_ms < file.until_ms)
}

/// `POST /{number}/media`.
pub fn upload(call: &Call<'_>) -> Answered {
    call.for_whatsapp()?;
    let file = call.file.as_ref().ok_or_else(|| Failure::missing("file"))?;
    let mime = named_type(file.mime.as_deref(), call.text("type"));
    let known = TYPES.iter().find(|(names, _)| names.contains(&bare(&mime)));
    let Some((_, limit)) = known else {
        let names: Vec<&str> = TYPES
            .iter()
            .flat_map(|(names, _)| names.iter().copied())
            .collect();
        return Err(Failure::parameter(format!(
            "Param file must be a file with one of the following types: {}. Received file of type '{mime}'.",
            names.join(", ")
        )));
    };
    let size = file.bytes.len();
    if size == 0 || size > *limit {
        let details = format!("a file of type {mime} holds between 1 and {limit} bytes, not {size}");
        return Err(Failure::new(UPLOAD_FAILED, "Media upload error").with_details(details));
    }
    // A first 1 keeps it exact for clients that read ids as JavaScript numbers.
    let id = format!("1{}", wamid::decimal(&call.world.mixed(), 15));
    let until_ms = call.world.now_ms().saturating_add(UPLOADED_MS);
    let mut state = call.world.state();
    state
        .account
        .media
        .keep(id.clone(), &mime, file.bytes.clone(), until_ms);
    Ok(json!({"id": id}))
}

/// The type of the file's part, unless it says nothing; else the field `type`.
fn named_type(of_part: Option<&str>, of_field: Option<String>) -> String {
    let of_part = of_part.filter(|mime| bare(mime) != "application/octet-stream");
    let mime = of_part.map(str::to_owned).or(of_field);
    mime.unwrap_or_else(|| "application/octet-stream".to_owned())
}

/// `audio/ogg; codecs=opus` is `audio/ogg`.
fn bare(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// `GET` and `DELETE /{media}`; `None` when no file has this id.
pub fn one(call: &Call<'_>) -> Option<Answered> {
    let (id, world) = (call.route.object.as_str(), call.world);
    let mut state = world.state();
    let (mime, bytes) = found(&state, id, world.now_ms())?;
    let number = call.text("phone_number_id");
    if number.is_some_and(|number| number != world.settings.phone_number_id) {
        return Some(Err(Failure::parameter(
            "The media does not belong to this phone_number_id",
        )));
    }
    let answer = match call.verb() {
        "GET" => Ok(json!({
            "messaging_product": "whatsapp", "url": address(call.world, &call.origin, id), "mime_type": mime,
            "sha256": hex::encode(Sha256::digest(&bytes)), "file_size": bytes.len(), "id": id,
        })),
        "DELETE" => {
            state.account.media.forget(id);
            state.inbound_media.remove(id);
            Ok(success())
        }
        verb => Err(Failure::unsupported(verb)),
    };
    Some(answer)
}

/// Where a file may be fetched for the next five minutes.
pub fn address(world: &World, base: &str, id: &str) -> String {
    let until_s = world.now_s().saturating_add(ADDRESS_S);
    format!(
        "{base}/emulator/media/{id}?ext={until_s}&hash={}",
        seal(world, id, until_s)
    )
}

fn seal(world: &World, id: &str, until_s: i64) -> String {
    let sealed = wire::meta_signature(&world.settings.app_secret, format!("{id}.{until_s}").as_bytes());
    sealed.chars().skip("sha256=".len()).take(32).collect()
}

#[derive(Deserialize)]
struct Address {
    ext: i64,
    hash: String,
    access_token: Option<String>,
}

async fn download(
    world: Data<World>,
    id: Path<String>,
    query: Option<Query<Address>>,
    request: HttpRequest,
) -> HttpResponse {
    let Some(Query(address)) = query else {
        return not_found("file without its whole address; ask the Graph API for it");
    };
    let token = call::bearer(&request).or(address.access_token);
    if !token.is_some_and(|token| call::is_ours(&world, &token)) {
        return problem(401, "not_authorised", "fetching a file needs the access token");
    }
    if address.hash != seal(&world, &id, address.ext) || world.now_s() >= address.ext {
        return not_found("file at this address any more; ask the Graph API for a new one");
    }
    let file = found(&world.state(), &id, world.now_ms());
    match file {
        Some((mime, bytes)) => HttpResponse::Ok().content_type(mime).body(bytes),
        None => not_found("file with this id any more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_make_room() {
        let mut media = Media::default();
        let big = Bytes::from(vec![0_u8; FILE_BYTES_MAX / 2]);
        for id in ["9", "5", "1"] {
            media.keep(id.to_owned(), "text/plain", big.clone(), 10);
        }

        assert!(media.living("9", 0).is_none());
        assert!(media.living("5", 0).is_some() && media.living("1", 0).is_some());
        assert!(media.living("1", 10).is_none());
        assert_eq!(media.bytes, FILE_BYTES_MAX);
    }

    #[test]
    fn the_part_names_the_type_unless_it_says_nothing() {
        let field = || Some("image/png".to_owned());

        assert_eq!(named_type(Some("image/jpeg"), field()), "image/jpeg");
        assert_eq!(named_type(Some("application/octet-stream"), field()), "image/png");
        assert_eq!(bare("audio/ogg; codecs=opus"), "audio/ogg");
    }
}
