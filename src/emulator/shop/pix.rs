//! A Pix copy-and-paste code as a bank would make it: EMV fields with lengths and a checksum (BR Code manual, Banco Central do
//! Brasil). The key is nobody's, so that nobody can be paid by a rehearsal.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::products::decimal_text;

const KEY: &str = "00000000-0000-4000-8000-000000000000";
const NAME: &str = "CAFE DA PRACA";

/// The `pix` of a purchase's answer.
pub fn charge(total: Decimal, order: &str) -> Value {
    json!({ "code": code(total, order), "merchant_name": "Café da Praça", "key": KEY, "key_type": "EVP" })
}

fn code(total: Decimal, order: &str) -> String {
    let reference: String = order
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(25)
        .collect();
    let account = format!("{}{}", field("00", "br.gov.bcb.pix"), field("01", KEY));
    let mut code = [
        field("00", "01"),
        field("26", &account),
        field("52", "0000"),
        field("53", "986"),
        field("54", &decimal_text(total)),
        field("58", "BR"),
        field("59", NAME),
        field("60", "SAO PAULO"),
        field("62", &field("05", &reference)),
    ]
    .concat();
    code.push_str("6304");
    let sum = checksum(code.as_bytes());
    format!("{code}{sum:04X}")
}

fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// CRC-16 with polynomial 0x1021 and start 0xFFFF.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF_u16, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| {
            let shifted = sum << 1;
            if sum & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        // CRC-16/CCITT-FALSE of "123456789".
        assert_eq!(checksum(b"123456789"), 0x29B1);
    }

    #[test]
    fn a_code_says_its_amount_and_ends_with_its_checksum() {
        let code = code(Decimal::new(3170, 2), "P-1001");

        assert!(code.contains("540531.70"), "{code}");
        let (body, sum) = code.split_at(code.len() - 4);
        assert_eq!(format!("{:04X}", checksum(body.as_bytes())), sum);
    }
}
