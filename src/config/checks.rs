//! What a value must look like beyond its type: listeners, ids, currencies, versions, secrets. Each check tells its fault
//! and answers `None` or `false`. URLs, hosts and networks are checked in `urls`.

use crate::domain::money::Currency;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::report::Report;
use super::secret::Secret;

/// `ip:port`.
pub(super) fn address(report: &mut Report<'_>, path: &str, text: &str) -> Option<SocketAddr> {
    let parsed = text.parse::<SocketAddr>().ok();
    if parsed.is_none() {
        let mend = "write an IP address and a port: 127.0.0.1:8080, or 0.0.0.0:8080 for every interface";
        report.fault(path, "is not an ip:port address", mend);
    }
    parsed
}

/// Between one and `longest` characters that `allowed` accepts; `rule` says which in words.
pub(super) fn is_id(
    report: &mut Report<'_>,
    path: &str,
    text: &str,
    longest: usize,
    rule: &str,
    allowed: fn(char) -> bool,
) -> bool {
    let good = (1..=longest).contains(&text.len()) && text.chars().all(allowed);
    if !good {
        report.fault(
            path,
            "has a length or a character that is not allowed",
            format!("use 1 to {longest} of {rule}"),
        );
    }
    good
}

/// `a-z 0-9 _ -`, for the ids that people choose.
pub(super) fn is_slug(report: &mut Report<'_>, path: &str, text: &str) -> bool {
    is_id(report, path, text, 40, "a-z 0-9 _ -", |char| {
        char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '-')
    })
}

/// True for what people write as a phone number and no provider gives as an id.
pub(super) fn is_phone_number(text: &str) -> bool {
    let marks = ['+', '-', '(', ')', '.', ' '];
    let written_so = |char: char| char.is_ascii_digit() || marks.contains(&char);
    text.chars().all(written_so) && text.contains(marks) && text.contains(|char: char| char.is_ascii_digit())
}

/// A code that ISO 4217 lists.
pub(super) fn is_currency(report: &mut Report<'_>, path: &str, text: &str) -> bool {
    let good = Currency::parse(text).is_ok();
    if !good {
        report.fault_as(
            "config.currency",
            path,
            "is not a currency",
            "write its ISO 4217 code in capitals: BRL, EUR, MXN, IDR",
        );
    }
    good
}

/// `v`, digits, a dot, digits.
pub(super) fn is_graph_version(report: &mut Report<'_>, path: &str, text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|char| char.is_ascii_digit());
    let parts = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    let good = parts.is_some_and(|(major, minor)| digits(major) && digits(minor));
    if !good {
        report.fault(path, "is not a version of the Graph API", "for example v26.0");
    }
    good
}

/// A Standard Webhooks secret: `whsec_` and the base64 of 24 to 64 bytes.
pub(super) fn is_signing_secret(report: &mut Report<'_>, path: &str, secret: &Secret) -> bool {
    let bytes = secret
        .expose()
        .strip_prefix("whsec_")
        .and_then(|rest| STANDARD.decode(rest).ok());
    let good = bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len()));
    if !good {
        let mend = "make one: echo \"whsec_$(openssl rand -base64 32)\", and give it to the merchant too";
        report.fault_as(
            "config.signing_secret",
            path,
            "is not whsec_ followed by the base64 of 24 to 64 bytes",
            mend,
        );
    }
    good
}

/// Warns of a secret that can be guessed.
pub(super) fn advise_length(report: &mut Report<'_>, path: &str, secret: &Secret) {
    if secret.expose().len() < 16 {
        report.warn_as(
            "config.weak_secret",
            path,
            "is a secret of less than 16 characters",
            "make a longer one: openssl rand -hex 32",
        );
    }
}

/// Tells of ids that stand twice. `of` is what they identify, in words.
pub(super) fn refuse_twins(report: &mut Report<'_>, of: &str, ids: &[(String, Option<&str>)]) {
    for (index, (path, id)) in ids.iter().enumerate() {
        let first = ids
            .iter()
            .take(index)
            .find(|(_, earlier)| id.is_some() && earlier == id);
        if let Some((first_path, _)) = first {
            report.fault_as(
                "config.duplicate",
                path,
                format!("is the same {of} as {first_path}"),
                "give each its own, or remove one",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn fails(check: impl FnOnce(&mut Report<'_>)) -> bool {
        let env = BTreeMap::new();
        let mut report = Report::new(&env);
        check(&mut report);
        report.finish(Some(())).is_err()
    }

    #[test]
    fn signing_secrets_have_their_form() {
        let refused = |text: &str| fails(|report| _ = is_signing_secret(report, "s", &Secret::new(text)));
        assert!(!refused(&format!("whsec_{}", STANDARD.encode([7_u8; 24]))));
        assert!(!refused(&format!("whsec_{}", STANDARD.encode([7_u8; 64]))));
        assert!(refused(&format!("whsec_{}", STANDARD.encode([7_u8; 23]))));
        assert!(refused(&format!("whsec_{}", STANDARD.encode([7_u8; 65]))));
        assert!(refused(&STANDARD.encode([7_u8; 32])));
        assert!(refused("whsec_not base64"));
    }
}
