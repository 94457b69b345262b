//! WhatsApp message ids: `wamid.` + base64 of a small thrift-compact struct, as decoded from public payloads.
//! The inner id of an inbound message hints at the sender's device (Baileys, `getDevice`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The user of the id is a phone number.
pub const KIND_PHONE: u8 = 1;
/// The user of the id is a business-scoped user id (2026).
pub const KIND_USER_ID: u8 = 10;

const PREFIX: &str = "wamid.";
const FROM_BUSINESS: u8 = 0x11;
const FROM_USER: u8 = 0x12;

/// The parts of a message id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wamid {
    pub user: String,
    pub kind: u8,
    pub from_business: bool,
    pub inner: String,
}

impl Wamid {
    /// The id as it travels.
    pub fn encode(&self) -> String {
        let mut bytes = vec![0x1C, 0x18];
        push_text(&mut bytes, &self.user);
        // An i32 travels as a zigzag varint: twice the number for the small positive ones.
        bytes.extend([0x15, self.kind.saturating_mul(2), 0x00]);
        bytes.push(if self.from_business {
            FROM_BUSINESS
        } else {
            FROM_USER
        });
        bytes.push(0x18);
        push_text(&mut bytes, &self.inner);
        bytes.push(0x00);
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }

    /// Reads an id back; `None` for any other layout.
    pub fn decode(text: &str) -> Option<Wamid> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (user, rest) = take_text(bytes.strip_prefix(&[0x1C, 0x18])?)?;
        let (kind, rest) = rest.strip_prefix(&[0x15])?.split_first()?;
        let (direction, rest) = rest.strip_prefix(&[0x00])?.split_first()?;
        let (inner, rest) = take_text(rest.strip_prefix(&[0x18])?)?;
        let known = matches!(*direction, FROM_BUSINESS | FROM_USER) && rest == [0x00];
        known.then(|| Wamid {
            user,
            kind: kind / 2,
            from_business: *direction == FROM_BUSINESS,
            inner,
        })
    }
}

/// True when both ids name the same message, whatever envelope each has.
pub fn same_message(left: &str, right: &str) -> bool {
    left == right
        || matches!((Wamid::decode(left), Wamid::decode(right)), (Some(a), Some(b)) if a.inner == b.inner)
}

/// The inner id, which all envelopes of one message share; the whole text when it can't be read.
pub fn inner_of(id: &str) -> String {
    Wamid::decode(id).map_or_else(|| id.to_owned(), |read| read.inner)
}

/// The same message under the envelope of a business-scoped user id, as `context.id` may come since 2026.
pub fn scoped(id: &str, user_id: &str) -> String {
    match Wamid::decode(id) {
        Some(read) => Wamid {
            user: user_id.to_owned(),
            kind: KIND_USER_ID,
            ..read
        }
        .encode(),
        None => id.to_owned(),
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let mut left = text.len();
    while left > 0x7F {
        bytes.push(0x80 | u8::try_from(left & 0x7F).unwrap_or(0));
        left >>= 7;
    }
    bytes.push(u8::try_from(left).unwrap_or(0));
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut length, mut shift) = (0_usize, 0_u32);
    loop {
        let (byte, rest) = bytes.split_first()?;
        length |= usize::from(byte & 0x7F).checked_shl(shift)?;
        (bytes, shift) = (rest, shift + 7);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let (text, rest) = bytes.split_at_checked(length)?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

/// The clients a person may write from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    Android,
    Ios,
    Web,
    Desktop,
    Unknown,
}

impl Device {
    /// From its name in a path.
    pub fn named(name: &str) -> Option<Device> {
        match name {
            "android" => Some(Device::Android),
            "ios" => Some(Device::Ios),
            "web" => Some(Device::Web),
            "desktop" => Some(Device::Desktop),
            "unknown" => Some(Device::Unknown),
            _ => None,
        }
    }

    /// The inner id a client of this kind writes, filled from 64 hex digits that look random.
    pub fn inner_id(self, hex: &str) -> String {
        let digits = |count: usize| hex.chars().take(count).collect::<String>();
        match self {
            Device::Android => format!("AC{}", digits(30)),
            Device::Ios => format!("3A{}", digits(18)),
            Device::Web => format!("3EB0{}", digits(18)),
            Device::Desktop => format!("3F{}", digits(16)),
            Device::Unknown => decimal(hex, 10),
        }
    }
}

/// The first `count` digits of `hex`, folded into 0–9.
pub fn decimal(hex: &str, count: usize) -> String {
    let folded = hex
        .chars()
        .filter_map(|digit| char::from_digit(digit.to_digit(16)? % 10, 10));
    folded.take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meta's own sample of an inbound id.
    const SAMPLE: &str = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA=";

    #[test]
    fn a_real_id_is_read_and_written_back() {
        let id = Wamid::decode(SAMPLE).unwrap();

        assert_eq!(id.user, "16503879439");
        assert_eq!(id.kind, KIND_PHONE);
        assert!(!id.from_business);
        assert_eq!(id.inner, "3A12B1F725A41229A329");
        assert_eq!(id.encode(), SAMPLE);
    }

    #[test]
    fn long_user_ids_survive() {
        let id = Wamid {
            user: format!("BR.{}", "7".repeat(128)),
            kind: KIND_USER_ID,
            from_business: true,
            inner: "0123456789ABCDEF01".to_owned(),
        };

        assert_eq!(Wamid::decode(&id.encode()), Some(id));
    }

    #[test]
    fn a_scoped_id_names_the_same_message() {
        let scoped = scoped(SAMPLE, "BR.123");

        assert_ne!(scoped, SAMPLE);
        assert!(same_message(&scoped, SAMPLE));
        let read = Wamid::decode(&scoped).unwrap();
        assert_eq!((read.user.as_str(), read.kind), ("BR.123", KIND_USER_ID));
        assert_eq!(inner_of(&scoped), "3A12B1F725A41229A329");
        assert_eq!(super::scoped("no id", "BR.123"), "no id");
    }

    #[test]
    fn each_device_writes_its_own_kind_of_id() {
        let hex = "0123456789ABCDEF".repeat(4);
        let lengths = [
            (Device::Android, "AC", 32),
            (Device::Ios, "3A", 20),
            (Device::Web, "3EB0", 22),
            (Device::Desktop, "3F", 18),
            (Device::Unknown, "0123456789", 10),
        ];

        for (device, prefix, length) in lengths {
            let inner = device.inner_id(&hex);
            assert!(inner.starts_with(prefix), "{inner}");
            assert_eq!(inner.len(), length);
        }
    }
}
