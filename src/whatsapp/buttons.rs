//! Button ids: `s1.<action>.<key>.<device><revision>.<expiry>.<argument>.<mac>`, at most 200 characters, so that they fit
//! list rows. The MAC binds an id to one conversation: a tampered or foreign id is refused before anything is decided.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::button::{Action, Button, Slice, Subject};
use crate::domain::device::Device;
use crate::domain::expiring::Expiring;
use crate::domain::ids::{HomeId, PurchaseId, RetailerId};
use crate::domain::message::Target;

/// Longest id of a list row (Meta, interactive list messages).
pub const ID_MAX: usize = 200;
/// Bytes of MAC in an id: 96 bits.
const MAC_BYTES: usize = 12;
const HOUR_MS: i64 = 3_600_000;

/// The keys that sign button ids: the first signs, all verify.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(String, Expiring<Vec<u8>>)>,
    expiry_ms: i64,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|(id, _)| id.as_str()).collect();
        f.debug_struct("Keyring")
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// Keys as (id, secret); ids are 1–8 characters of `[a-z0-9]`. `expiry_days` is how long a drawn button lives.
    pub fn new(keys: Vec<(String, Vec<u8>)>, expiry_days: u32) -> Self {
        let lasting = keys
            .into_iter()
            .map(|(id, secret)| (id, Expiring::lasting(secret)));
        Self::ending(lasting.collect(), expiry_days)
    }

    /// The same with keys that may end: an ended one neither signs nor verifies.
    pub fn ending(keys: Vec<(String, Expiring<Vec<u8>>)>, expiry_days: u32) -> Self {
        Self {
            keys,
            expiry_ms: i64::from(expiry_days) * 24 * HOUR_MS,
        }
    }

    /// How long a drawn button lives, in milliseconds.
    pub fn expiry_ms(&self) -> i64 {
        self.expiry_ms
    }

    /// Draws an id; `None` when it would be longer than [`ID_MAX`] or no key is live.
    pub fn sign(&self, target: &Target, home: &HomeId, now_ms: i64) -> Option<String> {
        let mut live = self
            .keys
            .iter()
            .filter_map(|(id, secret)| Some((id, secret.at(now_ms)?)));
        let (key_id, secret) = live.next()?;
        let expires_hour = (now_ms + self.expiry_ms).div_euclid(HOUR_MS);
        let signed = format!(
            "s1.{}.{key_id}.{}{}.{}.{}",
            target.action.word(),
            target.device.letter(),
            base36(target.revision),
            base36(u64::try_from(expires_hour).unwrap_or(0)),
            argument(&target.action),
        );
        let id = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(secret, home, &signed)?));
        (id.len() <= ID_MAX).then_some(id)
    }

    /// Reads an id; `None` when it is not one that we drew for this conversation.
    pub fn verify(&self, id: &str, home: &HomeId, now_ms: i64) -> Option<Button> {
        let (signed, given) = id.rsplit_once('.')?;
        let mut parts = signed.splitn(6, '.');
        let (version, word, key_id) = (parts.next()?, parts.next()?, parts.next()?);
        let (cart, expiry, argument) = (parts.next()?, parts.next()?, parts.next()?);
        if version != "s1" || id.len() > ID_MAX {
            return None;
        }
        let given = URL_SAFE_NO_PAD
            .decode(given)
            .ok()
            .filter(|bytes| bytes.len() == MAC_BYTES)?;
        let (_, secret) = self.keys.iter().find(|(known, _)| known == key_id)?;
        let mut check = Hmac::<Sha256>::new_from_slice(secret.at(now_ms)?).ok()?;
        check.update(&bound(home, signed));
        check.verify_truncated_left(&given).ok()?;
        let mut letters = cart.chars();
        let device = Device::of_letter(letters.next()?)?;
        let revision = u64::from_str_radix(letters.as_str(), 36).ok()?;
        let expires_hour = i64::from_str_radix(expiry, 36).ok()?;
        let action = read_action(word, argument)?;
        Some(Button {
            action,
            device,
            revision,
            expires_at_ms: expires_hour.checked_mul(HOUR_MS)?,
        })
    }
}

fn bound(home: &HomeId, signed: &str) -> Vec<u8> {
    format!("{home}\n{signed}").into_bytes()
}

fn mac(secret: &[u8], home: &HomeId, signed: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(&bound(home, signed));
    mac.finalize().into_bytes().get(..MAC_BYTES).map(<[u8]>::to_vec)
}

fn base36(mut value: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(value % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        value /= 36;
        if value == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Plain where it can be read, base64 where it must be.
fn pack(text: &str) -> String {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain {
        format!("p{text}")
    } else {
        format!("b{}", URL_SAFE_NO_PAD.encode(text))
    }
}

fn unpack(packed: &str) -> Option<String> {
    if let Some(plain) = packed.strip_prefix('p') {
        return Some(plain.to_owned());
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(packed.strip_prefix('b')?).ok()?).ok()
}

fn argument(action: &Action) -> String {
    match action {
        Action::Menu
        | Action::Cart
        | Action::Empty
        | Action::Checkout
        | Action::Person
        | Action::Resume
        | Action::Confirm(Subject::Cart)
        | Action::AcceptPrices(Subject::Cart)
        | Action::Purchase(None) => String::new(),
        Action::Category(key)
        | Action::DropLine(key)
        | Action::Confirm(Subject::Order(key))
        | Action::AcceptPrices(Subject::Order(key)) => pack(key),
        Action::Page(Slice::Menu { from }) => format!("m{from}"),
        Action::Page(Slice::Cart { from }) => format!("k{from}"),
        Action::Page(Slice::NativeCatalog) => "n".to_owned(),
        Action::Page(Slice::Category { key, from, to }) => format!("c{from}~{to}~{}", pack(key)),
        Action::Product(id) | Action::Add(id) | Action::Remove(id) => pack(id.as_str()),
        Action::Quantity(id, None) => format!("~{}", pack(id.as_str())),
        Action::Quantity(id, Some(quantity)) => format!("{quantity}~{}", pack(id.as_str())),
        Action::CopyCart(device) => device.letter().to_string(),
        Action::Purchase(Some(id)) => pack(id.as_str()),
    }
}

fn read_action(word: &str, argument: &str) -> Option<Action> {
    let retailer = || unpack(argument).map(RetailerId::new);
    let subject = || {
        if argument.is_empty() {
            Some(Subject::Cart)
        } else {
            unpack(argument).map(Subject::Order)
        }
    };
    let action = match word {
        "menu" => Action::Menu,
        "cart" => Action::Cart,
        "empty" => Action::Empty,
        "checkout" => Action::Checkout,
        "person" => Action::Person,
        "resume" => Action::Resume,
        "category" => Action::Category(unpack(argument)?),
        "drop_line" => Action::DropLine(unpack(argument)?),
        "page" => Action::Page(read_slice(argument)?),
        "product" => Action::Product(retailer()?),
        "add" => Action::Add(retailer()?),
        "remove" => Action::Remove(retailer()?),
        "quantity" => {
            let (quantity, id) = argument.split_once('~')?;
            let quantity = if quantity.is_empty() {
                None
            } else {
                Some(quantity.parse().ok()?)
            };
            Action::Quantity(RetailerId::new(unpack(id)?), quantity)
        }
        "confirm" => Action::Confirm(subject()?),
        "accept_prices" => Action::AcceptPrices(subject()?),
        "copy_cart" => Action::CopyCart(Device::of_letter(argument.chars().next()?)?),
        "purchase" if argument.is_empty() => Action::Purchase(None),
        "purchase" => Action::Purchase(Some(PurchaseId::new(unpack(argument)?))),
        _ => return None,
    };
    Some(action)
}

fn read_slice(argument: &str) -> Option<Slice> {
    let mut letters = argument.chars();
    let kind = letters.next()?;
    let rest = letters.as_str();
    match kind {
        'm' => Some(Slice::Menu {
            from: rest.parse().ok()?,
        }),
        'k' => Some(Slice::Cart {
            from: rest.parse().ok()?,
        }),
        'n' => Some(Slice::NativeCatalog),
        'c' => {
            let mut parts = rest.splitn(3, '~');
            let (from, to) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Slice::Category {
                key: unpack(parts.next()?)?,
                from,
                to,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Keyring {
        Keyring::new(
            vec![
                ("k2".into(), b"second".to_vec()),
                ("k1".into(), b"first".to_vec()),
            ],
            30,
        )
    }

    fn home() -> HomeId {
        HomeId::new("0a00000000000000000001")
    }

    fn actions() -> Vec<Action> {
        let long = RetailerId::new("é".repeat(50));
        vec![
            Action::Menu,
            Action::Category("0123456789".into()),
            Action::Page(Slice::Category {
                key: "0123456789".into(),
                from: 24,
                to: 300,
            }),
            Action::Page(Slice::Menu { from: 6 }),
            Action::Page(Slice::Cart { from: 6 }),
            Action::Page(Slice::NativeCatalog),
            Action::Product(RetailerId::new("SKU.1/2 ~x")),
            Action::Add(long.clone()),
            Action::Quantity(long.clone(), Some(99)),
            Action::Quantity(long.clone(), None),
            Action::Remove(long),
            Action::Confirm(Subject::Cart),
            Action::Confirm(Subject::Order("0a-b".into())),
            Action::AcceptPrices(Subject::Cart),
            Action::DropLine("0a-b".into()),
            Action::CopyCart(Device::Ios),
            Action::Purchase(None),
            Action::Purchase(Some(PurchaseId::new("0a1-2"))),
            Action::Cart,
            Action::Empty,
            Action::Checkout,
            Action::Person,
            Action::Resume,
        ]
    }

    #[test]
    fn every_action_survives_the_round_trip_within_two_hundred_characters() {
        for action in actions() {
            let target = Target {
                action: action.clone(),
                device: Device::Android,
                revision: u64::from(u32::MAX),
            };
            let id = ring().sign(&target, &home(), 1_795_000_000_000).unwrap();
            assert!(id.starts_with(&format!("s1.{}.", action.word())), "{id}");
            assert!(id.len() <= ID_MAX, "{} characters", id.len());
            let button = ring().verify(&id, &home(), 0).unwrap();
            assert_eq!(
                (button.action, button.device, button.revision),
                (action, Device::Android, u64::from(u32::MAX))
            );
        }
    }

    #[test]
    fn a_tampered_foreign_or_unknown_id_is_refused() {
        let target = Target {
            action: Action::Confirm(Subject::Cart),
            device: Device::Web,
            revision: 7,
        };
        let id = ring().sign(&target, &home(), 1_795_000_000_000).unwrap();
        assert!(
            ring()
                .verify(&id, &HomeId::new("0a00000000000000000002"), 0)
                .is_none()
        );
        for index in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[index] = if bytes[index] == b'1' { b'2' } else { b'1' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert!(
                tampered == id || ring().verify(&tampered, &home(), 0).is_none(),
                "{tampered}"
            );
        }
        for text in [
            "",
            "s1",
            "s1.confirm.",
            "confirm",
            "s1.confirm.k2.w7.a..",
            &format!("{id}x"),
        ] {
            assert!(ring().verify(text, &home(), 0).is_none(), "{text}");
        }
        let other = Keyring::new(vec![("k2".into(), b"stolen".to_vec())], 30);
        assert!(other.verify(&id, &home(), 0).is_none());
    }

    #[test]
    fn an_older_key_still_verifies_after_a_rotation() {
        let before = Keyring::new(vec![("k1".into(), b"first".to_vec())], 30);
        let target = Target {
            action: Action::Menu,
            device: Device::Web,
            revision: 0,
        };
        let id = before.sign(&target, &home(), 0).unwrap();
        assert!(ring().verify(&id, &home(), 0).is_some());
    }
}
