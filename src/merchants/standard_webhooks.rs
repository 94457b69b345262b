//! Standard Webhooks signatures (specification at standardwebhooks.com, v1 scheme): HMAC-SHA256 over
//! `{id}.{timestamp}.{body}` under the decoded bytes of a `whsec_` secret. Constant time and equal length; several signatures
//! and several secrets allow a rotation without downtime.

use std::borrow::Borrow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far a timestamp may be off, in seconds.
pub const TOLERANCE_S: i64 = 300;
/// Most signatures of one header that are tried.
const SIGNATURES_MAX: usize = 8;

/// A signing secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl Secret {
    /// Reads `whsec_` + base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }
}

fn mac(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// The `webhook-signature` header for a body.
pub fn sign(secret: &Secret, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let Some(mac) = mac(secret, id, &timestamp_s.to_string(), body) else {
        return String::new();
    };
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// True when any of the header's `v1` signatures matches under any secret and the timestamp is within tolerance.
pub fn verify(
    secrets: &[impl Borrow<Secret>],
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now_ms: i64,
) -> bool {
    let sent_s: Option<i64> = timestamp.parse().ok();
    let in_time = sent_s.is_some_and(|sent| (now_ms.div_euclid(1000) - sent).abs() <= TOLERANCE_S);
    in_time
        && is_id(id)
        && signatures.split(' ').take(SIGNATURES_MAX).any(|one| {
            let given = one
                .strip_prefix("v1,")
                .and_then(|text| STANDARD.decode(text).ok());
            given.filter(|bytes| bytes.len() == 32).is_some_and(|bytes| {
                let good = |secret: &_| {
                    mac(Borrow::borrow(secret), id, timestamp, body)
                        .is_some_and(|m| m.verify_slice(&bytes).is_ok())
                };
                secrets.iter().any(good)
            })
        })
}

/// Ids that can be signed without ambiguity.
fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const AT: &str = "1649367553";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    const NOW_MS: i64 = 1_649_367_553_000;

    fn secret() -> Secret {
        Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap()
    }

    #[test]
    fn the_published_vector_verifies_and_is_reproduced() {
        assert_eq!(sign(&secret(), ID, 1_649_367_553, BODY), SIGNATURE);
        assert!(verify(&[secret()], ID, AT, SIGNATURE, BODY, NOW_MS));
    }

    #[test]
    fn empty_truncated_extended_wrong_and_foreign_signatures_fail() {
        let truncated = SIGNATURE.strip_suffix("Kkw=").unwrap();
        let extended = format!("{SIGNATURE}AAAA");
        let wrong = SIGNATURE.replace("tZ1I", "tZ1J");
        let v1a = SIGNATURE.replace("v1,", "v1a,");
        for signature in ["", "v1,", truncated, &extended, &wrong, &v1a, "v1"] {
            assert!(
                !verify(&[secret()], ID, AT, signature, BODY, NOW_MS),
                "{signature:?}"
            );
        }
        assert!(!verify(&[] as &[Secret], ID, AT, SIGNATURE, BODY, NOW_MS));
        assert!(!verify(&[secret()], ID, AT, SIGNATURE, b"other", NOW_MS));
    }

    #[test]
    fn a_rotation_passes_with_either_signature_and_either_secret() {
        let new = Secret::parse(&format!("whsec_{}", STANDARD.encode([7_u8; 32]))).unwrap();
        let both = format!("{} {SIGNATURE}", sign(&new, ID, 1_649_367_553, BODY));
        assert!(verify(&[secret()], ID, AT, &both, BODY, NOW_MS));
        assert!(verify(&[new, secret()], ID, AT, SIGNATURE, BODY, NOW_MS));
    }

    #[test]
    fn old_and_future_timestamps_and_ids_with_dots_fail() {
        assert!(verify(&[secret()], ID, AT, SIGNATURE, BODY, NOW_MS + 300_000));
        assert!(!verify(&[secret()], ID, AT, SIGNATURE, BODY, NOW_MS + 301_000));
        assert!(!verify(&[secret()], ID, AT, SIGNATURE, BODY, NOW_MS - 301_000));
        let dotted = sign(&secret(), "a.b", 1_649_367_553, BODY);
        assert!(!verify(&[secret()], "a.b", AT, &dotted, BODY, NOW_MS));
    }

    #[test]
    fn secrets_of_the_wrong_length_are_refused_and_never_shown() {
        assert!(Secret::parse("whsec_c2hvcnQ=").is_none());
        assert!(Secret::parse("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").is_none());
        assert_eq!(format!("{:?}", secret()), "[REDACTED]");
    }
}
