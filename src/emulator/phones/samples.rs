//! What people send without a file of their own: a drawn picture, a second of silence, a sticker of one clear pixel, an empty
//! page. It makes the bytes and keeps them under media ids.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::answers::not_found;
use super::super::inbound::MediaKind;
use super::super::shop;
use super::super::wamid;
use super::super::world::{State, World};

/// The smallest lossless WebP: one clear pixel.
const STICKER: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

/// One empty page.
const PAGE: &str = "%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
xref
0 4
0000000000 65535 f\u{20}
0000000009 00000 n\u{20}
0000000052 00000 n\u{20}
0000000101 00000 n\u{20}
trailer<</Size 4/Root 1 0 R>>
startxref
164
%%EOF
";

/// A file that a person sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InboundMedia {
    pub mime_type: String,
    /// In base64.
    pub content: String,
    /// The business can fetch and send it until then; the person's own screen shows it longer.
    #[serde(default)]
    pub until_ms: i64,
}

/// How long a file of a person lives (webhooks reference, media, since 2025-10-09).
const LIVES_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// Where a file that was kept is found.
pub struct Kept {
    pub id: String,
    /// In base64, as Meta writes it.
    pub sha256: String,
}

impl Kept {
    /// The address for the person's own screen, on whatever listener it is opened.
    pub fn address(&self) -> String {
        format!("/emulator/pictures/{}", self.id)
    }
}

/// Registers the route by which a person's own screen finds what it sent.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/pictures/{id}").route(web::get().to(show)));
}

async fn show(world: Data<World>, id: Path<String>) -> HttpResponse {
    let found = world.state().inbound_media.get(id.as_str()).cloned();
    let content = found.and_then(|media| Some((STANDARD.decode(media.content).ok()?, media.mime_type)));
    match content {
        Some((bytes, mime_type)) => HttpResponse::Ok()
            .content_type(mime_type)
            .body(Bytes::from(bytes)),
        None => not_found("file with this media id"),
    }
}

/// Keeps a file that a person sends, under a new media id.
pub fn kept_picture(world: &World, state: &mut State, mime_type: &str, bytes: &[u8]) -> Kept {
    let id = wamid::decimal(&world.mixed(), 16);
    let media = InboundMedia {
        mime_type: mime_type.to_owned(),
        content: STANDARD.encode(bytes),
        until_ms: world.now_ms().saturating_add(LIVES_MS),
    };
    state.inbound_media.insert(id.clone(), media);
    Kept {
        id,
        sha256: STANDARD.encode(Sha256::digest(bytes)),
    }
}

/// A file that was kept before.
pub fn kept_before(state: &State, id: &str) -> Option<Kept> {
    let media = state.inbound_media.get(id)?;
    let bytes = STANDARD.decode(&media.content).ok()?;
    Some(Kept {
        id: id.to_owned(),
        sha256: STANDARD.encode(Sha256::digest(bytes)),
    })
}

/// A file of that kind, and its type as Meta names it.
pub fn sample(kind: MediaKind) -> (&'static str, Vec<u8>) {
    match kind {
        MediaKind::Image => ("image/png", shop::draw("", "photo").unwrap_or_default()),
        MediaKind::Audio => ("audio/ogg; codecs=opus", silence()),
        MediaKind::Document => ("application/pdf", PAGE.as_bytes().to_vec()),
        MediaKind::Sticker => ("image/webp", STICKER.to_vec()),
    }
}

/// A second of silence in Ogg Opus (RFC 7845): two pages of headers and one of fifty frames.
fn silence() -> Vec<u8> {
    const FRAME: &[u8] = &[0xF8, 0xFF, 0xFE];
    const FRAMES: usize = 50;
    /// Samples at 48 kHz.
    const LENGTH: u64 = 48_000;
    let (first, middle, last) = (2, 0, 4);
    let head = b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0".as_slice();
    let tags = b"OpusTags\x06\0\0\0sacola\0\0\0\0".as_slice();
    [
        ogg_page(first, 0, 0, &[head]),
        ogg_page(middle, 1, 0, &[tags]),
        ogg_page(last, 2, LENGTH, &[FRAME; FRAMES]),
    ]
    .concat()
}

/// A page of packets below 255 bytes (RFC 3533).
fn ogg_page(flags: u8, number: u32, until: u64, packets: &[&[u8]]) -> Vec<u8> {
    let mut start = b"OggS\0".to_vec();
    start.push(flags);
    start.extend(until.to_le_bytes());
    start.extend(b"saco");
    start.extend(number.to_le_bytes());
    let mut end = vec![u8::try_from(packets.len()).unwrap_or(0)];
    end.extend(
        packets
            .iter()
            .map(|packet| u8::try_from(packet.len()).unwrap_or(0)),
    );
    for packet in packets {
        end.extend_from_slice(packet);
    }
    let sum = ogg_sum(&[start.as_slice(), &[0; 4], end.as_slice()].concat());
    [start.as_slice(), &sum.to_le_bytes(), end.as_slice()].concat()
}

/// CRC-32 with the polynomial 04c11db7, neither reflected nor inverted.
fn ogg_sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0_u32, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            let shifted = sum << 1;
            if sum >> 31 == 1 {
                shifted ^ 0x04C1_1DB7
            } else {
                shifted
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_begins_as_its_type_says() {
        let kinds = [
            (MediaKind::Image, b"\x89PNG".as_slice()),
            (MediaKind::Audio, b"OggS"),
            (MediaKind::Document, b"%PDF"),
            (MediaKind::Sticker, b"RIFF"),
        ];

        for (kind, start) in kinds {
            assert!(sample(kind).1.starts_with(start), "{kind:?}");
        }
        assert_eq!(STICKER.len(), 34);
        assert_eq!(PAGE.find("xref"), Some(164));
    }

    #[test]
    fn the_sum_of_one_bit_is_the_polynomial() {
        assert_eq!(ogg_sum(b""), 0);
        assert_eq!(ogg_sum(&[0; 9]), 0);
        assert_eq!(ogg_sum(&[1]), 0x04C1_1DB7);
    }

    #[test]
    fn silence_is_three_whole_pages() {
        let sound = silence();

        let pages = sound.windows(4).filter(|at| *at == b"OggS").count();
        assert_eq!(pages, 3);
        assert_eq!(sound.len(), (27 + 1 + 19) + (27 + 1 + 22) + (27 + 50 + 150));
    }
}
