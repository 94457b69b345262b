//! Message QR codes: short links with words that a person's first message begins with. The picture of a code only names
//! the link; it is not a code that a camera reads.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::answers::not_found;
use super::super::world::World;
use super::call::Call;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::paging::{self, Entry};
use super::{Answered, success};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CODE_LENGTH: usize = 14;
const WORDS: usize = 140;
/// A number has so many codes at most (Meta, QR codes page).
const CODES: usize = 2_000;
const DEFAULT: [&str; 3] = ["code", "prefilled_message", "deep_link_url"];

/// All codes.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Codes {
    codes: BTreeMap<String, Code>,
    made: u64,
}

#[derive(Serialize, Deserialize)]
struct Code {
    words: String,
    number: u64,
    at_s: i64,
}

/// Registers where the pictures are.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/qr_codes/{code}.svg").route(web::get().to(picture)));
}

/// `GET /{number}/message_qrdls`, newest first.
pub fn list(call: &Call<'_>) -> Answered {
    let only = call.text("code");
    let entries = {
        let state = call.world.state();
        let codes = state.account.codes.codes.iter();
        let wanted = codes.filter(|(code, _)| only.as_ref().is_none_or(|only| only == *code));
        wanted
            .map(|(code, kept)| {
                let all = described(call, code, kept);
                let value = fields::pick(call, all, &DEFAULT, "MessageQRCode")?;
                let key = format!("{:020}", u64::MAX - kept.number);
                Ok(Entry { key, value })
            })
            .collect::<Result<Vec<Entry>, Failure>>()?
    };
    paging::page(call, entries)
}

/// `POST /{number}/message_qrdls`: a new one, or other words for the one in `code`.
pub fn put(call: &Call<'_>) -> Answered {
    let words = words(call)?;
    let with_picture = call.text("generate_qr_image").is_some();
    let mut state = call.world.state();
    let codes = &mut state.account.codes;
    let code = match call.text("code") {
        Some(code) if codes.codes.contains_key(&code) => code,
        Some(code) => return Err(unknown(&code)),
        None if codes.codes.len() >= CODES => {
            return Err(Failure::parameter("The number has 2000 codes; delete one first"));
        }
        None => new_code(call.world),
    };
    codes.made += 1;
    let (number, at_s) = (codes.made, call.world.now_s());
    let kept = codes.codes.entry(code.clone()).or_insert(Code {
        words: String::new(),
        number,
        at_s,
    });
    kept.words = words;
    let mut all = described(call, &code, kept);
    all.retain(|name, _| DEFAULT.contains(&name.as_str()) || (with_picture && name == "qr_image_url"));
    Ok(Value::Object(all))
}

/// `GET`, `POST` and `DELETE /{number}/message_qrdls/{code}`.
pub fn one(call: &Call<'_>, code: &str, verb: &str) -> Answered {
    let mut state = call.world.state();
    let codes = &mut state.account.codes.codes;
    let kept = codes.get_mut(code).ok_or_else(|| unknown(code))?;
    match verb {
        "GET" => {
            let all = described(call, code, kept);
            let shown = fields::pick(call, all, &DEFAULT, "MessageQRCode")?;
            Ok(json!({"data": [shown]}))
        }
        "POST" => {
            kept.words = words(call)?;
            let mut all = described(call, code, kept);
            all.retain(|name, _| DEFAULT.contains(&name.as_str()));
            Ok(Value::Object(all))
        }
        "DELETE" => {
            codes.remove(code);
            Ok(success())
        }
        verb => Err(Failure::unsupported(verb)),
    }
}

fn words(call: &Call<'_>) -> Result<String, Failure> {
    let words = call.required("prefilled_message")?;
    if words.chars().count() <= WORDS {
        return Ok(words);
    }
    Err(Failure::parameter(format!(
        "Param prefilled_message holds {WORDS} characters at most"
    )))
}

fn described(call: &Call<'_>, code: &str, kept: &Code) -> Fields {
    let base = &call.origin;
    fields::object(json!({
        "code": code, "prefilled_message": kept.words, "deep_link_url": link(code), "creation_time": kept.at_s,
        "qr_image_url": format!("{base}/emulator/qr_codes/{code}.svg"),
    }))
}

fn link(code: &str) -> String {
    format!("https://wa.me/message/{code}")
}

fn new_code(world: &World) -> String {
    let mixed = world.mixed();
    let letters = mixed.bytes().zip(mixed.bytes().skip(1)).map(|(left, right)| {
        let place = usize::from(left.wrapping_mul(7).wrapping_add(right)) % LETTERS.len();
        LETTERS.get(place).copied().map_or('A', char::from)
    });
    letters.take(CODE_LENGTH).collect()
}

fn unknown(code: &str) -> Failure {
    Failure::parameter(format!("There is no QR code {code}"))
}

async fn picture(world: Data<World>, code: Path<String>) -> HttpResponse {
    if !world.state().account.codes.codes.contains_key(code.as_str()) {
        return not_found("QR code of this name");
    }
    let link = link(&code);
    let drawing = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 60" width="420" height="60"><rect width="420" height="60" fill="white"/><text x="210" y="36" text-anchor="middle" font-family="monospace" font-size="14">{link}</text></svg>"#
    );
    HttpResponse::Ok().content_type("image/svg+xml").body(drawing)
}
