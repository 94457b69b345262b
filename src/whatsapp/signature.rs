//! `X-Hub-Signature-256`: HMAC-SHA256 of the app secret over the raw bytes on the wire (Meta, "Create a webhook endpoint",
//! 2025-11-07). Constant time; absent, malformed and wrong look the same to a caller.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signature header's name.
pub const HEADER: &str = "X-Hub-Signature-256";

/// True when `header` signs `body` under any of the secrets (two are live during a rotation).
pub fn verify(body: &[u8], header: Option<&str>, secrets: &[impl AsRef<[u8]>]) -> bool {
    let Some(given) = header
        .and_then(|text| text.strip_prefix("sha256="))
        .and_then(|digits| hex::decode(digits).ok())
    else {
        return false;
    };
    if given.len() != 32 {
        return false;
    }
    secrets.iter().fold(false, |good, secret| {
        matches(body, &given, secret.as_ref()) | good
    })
}

fn matches(body: &[u8], given: &[u8], secret: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(given).is_ok()
}

/// The header for a body, as Meta would send it.
pub fn sign(body: &[u8], secret: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_bytes_under_a_live_secret_pass() {
        let body = br#"{"text":"\u00e9 \/ @"}"#;
        let header = sign(body, b"new");
        let secrets = vec![b"old".to_vec(), b"new".to_vec()];
        assert!(verify(body, Some(&header), &secrets));
        assert!(verify(body, Some(&sign(body, b"old")), &secrets));
        assert!(!verify(b"{\"text\":\"\xc3\xa9 / @\"}", Some(&header), &secrets));
        assert!(!verify(body, Some(&sign(body, b"other")), &secrets));
        let short = header.get(..40);
        for wrong in [
            None,
            Some(""),
            Some("sha256="),
            Some("sha1=abcd"),
            short,
            Some("sha256=zz"),
        ] {
            assert!(!verify(body, wrong, &secrets), "{wrong:?}");
        }
        assert!(!verify(body, Some(&header), &[] as &[Vec<u8>]));
    }
}
