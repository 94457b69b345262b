//! Message ids (`wamid.…`): one message may come under a phone-scoped and a user-scoped envelope since 2026, and both hold
//! the same inner id. The inner id also hints at the class of device. A wamid holds the phone number in clear, so it is
//! never logged.
//!
//! Structure (decoded from public samples): thrift compact `1C 18 len user 15 kind 00 11|12 18 len inner 00`; `12` means
//! sent by the customer. Device rule after WhatsApp Web clients' own id formats, with the older 20-character web id added.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::domain::device::Device;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a message id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The id that both envelopes share; the whole text when it can't be decoded.
    pub inner: String,
    /// True when the customer's client made it.
    pub from_customer: bool,
}

/// Decodes a message id; an undecodable one (legacy or foreign) stands for itself.
pub fn decode(id: &str) -> Decoded {
    let whole = || Decoded {
        inner: id.to_owned(),
        from_customer: false,
    };
    let Some(bytes) = id
        .strip_prefix("wamid.")
        .and_then(|text| LENIENT.decode(text).ok())
    else {
        return whole();
    };
    parse(&bytes).unwrap_or_else(whole)
}

/// The customer inside a message id, as the provider names them: a phone number or a user id. Only for finding a conversation;
/// it must not be logged or told.
pub fn customer(id: &str) -> Option<String> {
    let bytes = id
        .strip_prefix("wamid.")
        .and_then(|text| LENIENT.decode(text).ok())?;
    parse(&bytes)?;
    let (user, _) = text(bytes.strip_prefix(&[0x1c, 0x18])?)?;
    Some(user.to_owned())
}

fn parse(bytes: &[u8]) -> Option<Decoded> {
    let rest = bytes.strip_prefix(&[0x1c, 0x18])?;
    let (_user, rest) = text(rest)?;
    let rest = rest.strip_prefix(&[0x15])?;
    let (_kind, rest) = varint(rest)?;
    let rest = rest.strip_prefix(&[0x00])?;
    let (direction, rest) = rest.split_first()?;
    let rest = rest.strip_prefix(&[0x18])?;
    let (inner, _) = text(rest)?;
    let plausible = !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_graphic());
    let known_direction = matches!(*direction, 0x11 | 0x12);
    (plausible && known_direction).then(|| Decoded {
        inner: inner.to_owned(),
        from_customer: *direction == 0x12,
    })
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().take(3).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = varint(bytes)?;
    let (text, rest) = rest.split_at_checked(len)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// The class of device that a customer's message came from.
pub fn device(id: &str) -> Device {
    device_of(&decode(id))
}

/// The same of a decoded id.
pub fn device_of(decoded: &Decoded) -> Device {
    if decoded.from_customer {
        device_of_inner(&decoded.inner)
    } else {
        Device::Unknown
    }
}

fn device_of_inner(inner: &str) -> Device {
    let length = inner.chars().count();
    match length {
        20 if inner.starts_with("3A") => Device::Ios,
        22 if inner.starts_with("3E") => Device::Web,
        20 if inner.starts_with("3EB0") => Device::Web,
        21 | 32 => Device::Android,
        _ if inner.starts_with("3F") => Device::Desktop,
        _ => Device::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD as ENCODE;

    fn wamid(user: &str, kind: u8, direction: u8, inner: &str) -> String {
        let mut bytes = vec![0x1c, 0x18];
        let mut len = user.len();
        while len > 0x7f {
            bytes.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
            len >>= 7;
        }
        bytes.push(u8::try_from(len).unwrap());
        bytes.extend(user.bytes());
        bytes.extend([
            0x15,
            kind * 2,
            0x00,
            direction,
            0x18,
            u8::try_from(inner.len()).unwrap(),
        ]);
        bytes.extend(inner.bytes());
        bytes.push(0);
        format!("wamid.{}", ENCODE.encode(bytes))
    }

    #[test]
    fn a_documented_id_decodes() {
        let decoded = decode("wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA=");
        assert_eq!(decoded.inner, "3A12B1F725A41229A329");
        assert!(decoded.from_customer);
        assert_eq!(
            device("wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA"),
            Device::Ios
        );
    }

    #[test]
    fn both_envelopes_of_one_message_are_one_message() {
        let by_phone = wamid("5511999990000", 1, 0x12, "ACF1292A9EB1991D17C575DDA2A6B587");
        let by_user = wamid(
            &format!("BR.{}", "7".repeat(128)),
            10,
            0x12,
            "ACF1292A9EB1991D17C575DDA2A6B587",
        );
        assert_ne!(by_phone, by_user);
        assert_eq!(decode(&by_phone), decode(&by_user));
        assert_eq!(device(&by_user), Device::Android);
    }

    #[test]
    fn a_whole_id_names_its_customer() {
        let id = wamid("5511999990000", 1, 0x11, "3A12B1F725A41229A329");
        assert_eq!(customer(&id).as_deref(), Some("5511999990000"));
        assert_eq!(customer("3A12B1F725A41229A329"), None);
        assert_eq!(customer("wamid.HBgL"), None);
    }

    #[test]
    fn devices_are_told_apart_and_our_own_ids_are_not_read() {
        let class = |direction, inner: &str| device(&wamid("5511999990000", 1, direction, inner));
        assert_eq!(class(0x12, "3EB04D8A23B7A4C92B844D"), Device::Web);
        assert_eq!(class(0x12, "3EB04D8A23B7A4C92B84"), Device::Web);
        assert_eq!(class(0x12, "3F00112233445566"), Device::Desktop);
        assert_eq!(class(0x12, "1234567890"), Device::Unknown);
        assert_eq!(class(0x11, "3A12B1F725A41229A329"), Device::Unknown);
    }

    #[test]
    fn what_is_not_decodable_stands_for_itself() {
        for id in [
            "",
            "wamid.",
            "wamid.!!!",
            "wamid.HBgL",
            "ABEGkZZ",
            "wamid.gBGGFlA5FpafAgkOuJbRq54qwbM",
        ] {
            assert_eq!(decode(id).inner, id);
            assert_eq!(device(id), Device::Unknown);
        }
    }
}
