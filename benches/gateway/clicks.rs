//! Unique, correctly signed clicks, made before the clock starts: each sets the quantity of a line of its conversation's cart,
//! with a button drawn for exactly the cart revision that its predecessor leaves. So each one changes a cart, none is stale.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sacola::domain::button::Action;
use sacola::domain::device::Device;
use sacola::domain::ids::NumberId;
use sacola::domain::message::Target;
use sacola::engine::addresses::Addresses;
use sacola::whatsapp::buttons::Keyring;
use sha2::{Digest, Sha256};

use super::stage::{self, APP_SECRET};

/// Bytes of each body.
pub const BODY_BYTES: usize = 1_024;

/// A customer of the bench.
#[derive(Clone, Copy, Debug)]
pub struct Person(pub u32);

impl Person {
    pub fn wa_id(self) -> String {
        format!("55119{:08}", self.0)
    }

    pub fn user_id(self) -> String {
        format!("BR.{:020}", self.0)
    }

    /// The business number that this customer writes to.
    pub fn number(self, numbers: u32) -> NumberId {
        stage::number(self.0 % numbers.max(1))
    }
}

/// What makes clicks.
pub struct Maker {
    pub addresses: Addresses,
    pub keys: Keyring,
    pub numbers: u32,
    /// Names the run: no two runs send the same message.
    pub run: u64,
    pub now_ms: i64,
}

impl Maker {
    /// Clicks of a run that begins now.
    pub fn of(now_ms: i64, numbers: u32) -> Self {
        Self {
            addresses: stage::addresses(),
            keys: stage::keys(),
            numbers,
            run: u64::try_from(now_ms).unwrap_or(0),
            now_ms,
        }
    }

    /// The `round`-th click of a customer, as a whole HTTP request.
    pub fn request(&self, person: Person, round: u32) -> Vec<u8> {
        let body = self.body(person, round);
        let mut mac = match Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()) {
            Ok(mac) => mac,
            Err(problem) => unreachable!("a key of any length is taken: {problem}"),
        };
        mac.update(&body);
        let mut request = format!(
            "POST /webhooks/whatsapp HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-hub-signature-256: sha256={}\r\n\r\n",
            body.len(),
            hex::encode(mac.finalize().into_bytes())
        )
        .into_bytes();
        request.extend_from_slice(&body);
        request
    }

    fn body(&self, person: Person, round: u32) -> Vec<u8> {
        let number = person.number(self.numbers);
        let home = self.addresses.home(&number, &person.user_id());
        let line = round % stage::LINES;
        let target = Target {
            action: Action::Quantity(
                stage::product_id(line),
                Some(u8::try_from(1 + round % 99).unwrap_or(1)),
            ),
            device: Device::Android,
            revision: u64::from(stage::LINES) + u64::from(round),
        };
        let id = self.keys.sign(&target, &home, self.now_ms).unwrap_or_default();
        let seconds = self.now_ms / 1_000;
        let start = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"102290129340398","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"551140001234","phone_number_id":"{number}"}},"contacts":[{{"profile":{{"name":"Ana"}},"wa_id":"{wa}","user_id":"{user}"}}],"messages":[{{"context":{{"from":"551140001234","id":"wamid.HBgNNTUxMTk5OTk5MDAwMBUCABEYEjFGMkUzRDRDNUI2QTc5ODgwMAA="}},"from":"{wa}","from_user_id":"{user}","id":"{wamid}","timestamp":"{seconds}","type":"interactive","interactive":{{"type":"button_reply","button_reply":{{"id":"{id}","title":"Quantidade""#,
            wa = person.wa_id(),
            user = person.user_id(),
            wamid = self.wamid(person, round),
        );
        let end = "}}}]},\"field\":\"messages\"}]}]}";
        let padding = BODY_BYTES.saturating_sub(start.len() + end.len() + ",\"x\":\"\"".len());
        format!("{start},\"x\":\"{}\"{end}", "x".repeat(padding)).into_bytes()
    }

    /// An id as an Android phone makes it: 32 hexadecimal digits inside.
    fn wamid(&self, person: Person, round: u32) -> String {
        let digest = hex::encode(Sha256::digest(format!("{} {} {round}", self.run, person.0)));
        let inner = digest.get(..32).unwrap_or_default();
        let user = person.wa_id();
        let mut bytes = vec![0x1c, 0x18, u8::try_from(user.len()).unwrap_or(0)];
        bytes.extend(user.bytes());
        bytes.extend([0x15, 0x02, 0x00, 0x12, 0x18, 32]);
        bytes.extend(inner.to_uppercase().bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }
}
