//! Bytes and signatures: JSON the way Meta writes it, `X-Hub-Signature-256`, and Standard Webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Sha256;

/// How far a Standard Webhooks timestamp may be off (reference libraries: five minutes).
pub const TOLERANCE_S: u64 = 300;

const SIGNATURES_TRIED: usize = 8;

/// JSON text in ASCII only: non-ASCII as `\uXXXX` in lowercase, `/` as `\/`, and `@ % <` escaped too, as Meta's
/// serializer does. Those characters occur inside strings only, so the document keeps its meaning.
pub fn ascii_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut units = [0_u16; 2];
    for character in text.chars() {
        match character {
            '/' => escaped.push_str("\\/"),
            '@' | '%' | '<' | '\u{7f}'.. => {
                for unit in character.encode_utf16(&mut units) {
                    escaped.push_str("\\u");
                    escaped.push_str(&hex::encode(unit.to_be_bytes()));
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Any value as JSON that is later written verbatim.
pub fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_default()
}

/// `sha256=<hex>` over the bytes on the wire (Meta, "Create a webhook endpoint").
pub fn meta_signature(app_secret: &str, body: &[u8]) -> String {
    let mac = mac(app_secret.as_bytes(), &[body]);
    let code = mac
        .map(|mac| hex::encode(mac.finalize().into_bytes()))
        .unwrap_or_default();
    format!("sha256={code}")
}

/// The HMAC key of a `whsec_…` secret: its decoded bytes (Standard Webhooks specification).
pub fn webhook_key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.trim().strip_prefix("whsec_")?).ok()?;
    (!key.is_empty()).then_some(key)
}

/// The `webhook-signature` header for one attempt.
pub fn shop_signature(key: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signed = mac(key, &[format!("{id}.{timestamp_s}.").as_bytes(), body]);
    let code = signed
        .map(|mac| STANDARD.encode(mac.finalize().into_bytes()))
        .unwrap_or_default();
    format!("v1,{code}")
}

/// True when one of the signatures in `header` is ours. Constant time per signature.
pub fn shop_signature_holds(key: &[u8], id: &str, timestamp: &str, body: &[u8], header: &str) -> bool {
    let candidates = header.split(' ').take(SIGNATURES_TRIED);
    candidates
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|code| {
            let signed = mac(key, &[format!("{id}.{timestamp}.").as_bytes(), body]);
            signed.is_some_and(|mac| mac.verify_slice(&code).is_ok())
        })
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    #[test]
    fn json_is_escaped_as_meta_does() {
        let escaped = ascii_json(r#"{"a":"pão ☕ 😀","u":"https://x/y","q":"\"\\"}"#);

        let expected = r#"{"a":"p\u00e3o \u2615 \ud83d\ude00","u":"https:\/\/x\/y","q":"\"\\"}"#;
        assert_eq!(escaped, expected);
        let back: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(back["a"], "pão ☕ 😀");
    }

    #[test]
    fn meta_signature_is_the_known_hmac() {
        // RFC 4231, test case 2.
        let signature = meta_signature("Jefe", b"what do ya want for nothing?");

        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature, expected);
    }

    #[test]
    fn shop_signature_is_the_published_vector() {
        let key = webhook_key(SECRET).unwrap();

        assert_eq!(shop_signature(&key, ID, 1_649_367_553, BODY), SIGNATURE);
        assert!(shop_signature_holds(
            &key,
            ID,
            "1649367553",
            BODY,
            &format!("v1,AAAA {SIGNATURE}")
        ));
    }

    #[test]
    fn empty_truncated_and_foreign_signatures_fail() {
        let key = webhook_key(SECRET).unwrap();
        let wrong = ["", "v1,", "v1,tZ1I4/hDygAJgO5TYxiSdw==", "v2,tZ1I", "v1,!!"];

        for header in wrong {
            assert!(
                !shop_signature_holds(&key, ID, "1649367553", BODY, header),
                "{header}"
            );
        }
        assert!(!shop_signature_holds(&key, ID, "1649367554", BODY, SIGNATURE));
    }
}
