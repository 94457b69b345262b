//! The texts that a person is searched for: keyed digests and ids as they are, ids in the forms that other encodings give them,
//! names as whole values. It owns which id is telling enough to be searched for at all.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::person::Person;
use crate::store::{Edge, Needles};

/// A shorter id would be found in what has nothing to do with it.
const ID_CHARS_MIN: usize = 7;
/// So would one with fewer digits.
const ID_DIGITS_MIN: usize = 4;

/// What a text is of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A keyed digest.
    Home,
    /// A user id or wa_id.
    Id,
    /// A name, which others may have too.
    Name,
}

/// The texts of one person.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// All of them, to search for.
    pub(super) all: Needles,
    kinds: Vec<Kind>,
    /// Digests and ids: what is removed rests on these alone.
    pub(super) telling: Needles,
}

impl Texts {
    /// Of this person. `numbers` are ids of business numbers, which stand in every webhook.
    pub(super) fn of(person: &Person, numbers: &BTreeSet<String>) -> Self {
        let mut texts = Self::default();
        for home in person.homes() {
            texts.add(Kind::Home, home.as_str().as_bytes(), Edge::Any);
        }
        for id in person.ids.iter().filter(|id| is_telling(id, numbers)) {
            texts.add(Kind::Id, id.as_bytes(), Edge::Word);
            for (form, edge) in forms(id.as_bytes()) {
                texts.add(Kind::Id, form.as_bytes(), edge);
            }
        }
        for name in &person.names {
            texts.add(Kind::Name, name.as_bytes(), Edge::Quoted);
            for form in escaped(name) {
                texts.add(Kind::Name, form.as_bytes(), Edge::Any);
            }
        }
        texts
    }

    fn add(&mut self, kind: Kind, text: &[u8], edge: Edge) {
        self.all.add(text, edge);
        self.kinds.push(kind);
        if kind != Kind::Name {
            self.telling.add(text, edge);
        }
    }

    /// What the texts of these numbers are.
    pub(super) fn kinds(&self, found: &BTreeSet<usize>) -> BTreeSet<Kind> {
        found
            .iter()
            .filter_map(|number| self.kinds.get(*number))
            .copied()
            .collect()
    }
}

fn is_telling(id: &str, numbers: &BTreeSet<String>) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    is_plain && id.len() >= ID_CHARS_MIN && digits >= ID_DIGITS_MIN && !numbers.contains(id)
}

/// An id in hexadecimal, and inside of something that was encoded as base64: as the raw ids of messages hold it. In these too a
/// number inside a longer one is not the number.
fn forms(id: &[u8]) -> BTreeMap<String, Edge> {
    let is_number = id.iter().all(u8::is_ascii_digit);
    let lower = hex::encode(id);
    let edge = Edge::Hex { is_number };
    let mut forms = BTreeMap::from([(lower.to_uppercase(), edge), (lower, edge)]);
    for before in 0..3_usize {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(id);
        // Characters that hold bits of nothing but the id, and the one behind with its last bits: ids that differ in their last
        // digit alone are not taken for each other.
        let first = (before * 8).div_ceil(6);
        let end = (bytes.len() * 8).div_ceil(6);
        let edge = Edge::Base64 { before, is_number };
        for next in 0..=u8::MAX {
            bytes.push(next);
            for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                forms.extend(encoded.get(first..end).map(|form| (form.to_owned(), edge)));
            }
            bytes.pop();
        }
    }
    forms
}

/// A name as JSON may also write it, once and inside of a text; none when it needs no escapes.
fn escaped(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return Vec::new();
    }
    let with = |escape: &str| {
        let mut text = String::new();
        for char in name.chars() {
            if char.is_ascii() {
                text.push(char);
                continue;
            }
            let mut units = [0_u16; 2];
            let units = char.encode_utf16(&mut units).iter();
            text.extend(units.map(|unit| format!("{escape}{unit:04x}")));
        }
        text
    };
    vec![with("\\u"), with("\\\\u")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(id: &str) -> Texts {
        let person = Person {
            ids: BTreeSet::from([id.to_owned()]),
            ..Person::default()
        };
        Texts::of(&person, &BTreeSet::new())
    }

    fn found_in(id: &str, text: &str) -> bool {
        texts_of(id).all.any(text.as_bytes())
    }

    #[test]
    fn an_id_is_found_in_whatever_it_was_encoded_as() {
        let id = "5511999990001";
        for before in ["", "a", "ab", "abc"] {
            let raw = format!("{before}{id}xyz");
            for encoded in [
                STANDARD_NO_PAD.encode(&raw),
                URL_SAFE_NO_PAD.encode(&raw),
                hex::encode(&raw),
                hex::encode(&raw).to_uppercase(),
            ] {
                assert!(found_in(id, &encoded), "{raw}: {encoded}");
            }
        }
        assert!(found_in(id, r#"{"from":"5511999990001"}"#));
        assert!(!found_in(id, "55119999900012"));
        let other = STANDARD_NO_PAD.encode("a5511999990002xyz");
        assert!(!found_in(id, &other));
    }

    #[test]
    fn a_number_inside_a_longer_one_is_not_the_number_however_it_was_encoded() {
        let id = "551198765000";
        for (before, behind) in [("1", ""), ("", "4"), ("0", "9"), ("", "04"), ("13", "")] {
            for lead in ["", "\u{d}", "\u{18}\u{d}", "\u{1c}\u{18}\u{d}"] {
                let raw = format!("{lead}{before}{id}{behind}\u{15}\u{2}");
                for encoded in [
                    STANDARD_NO_PAD.encode(&raw),
                    URL_SAFE_NO_PAD.encode(&raw),
                    hex::encode(&raw),
                    hex::encode(&raw).to_uppercase(),
                ] {
                    assert!(!found_in(id, &encoded), "{raw:?}: {encoded}");
                    let whole = format!("{before}{id}{behind}");
                    assert!(found_in(&whole, &encoded), "{raw:?}: {encoded}");
                }
            }
        }
    }

    #[test]
    fn an_id_is_found_between_any_two_bytes_that_are_no_digits() {
        for id in ["551198765000", "5511987650004", "BR.71000000000001"] {
            let texts = texts_of(id);
            for around in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let ends: [&[u8]; 3] = [&[], &[around], &[around, around]];
                for (before, end) in (0..3_usize).flat_map(|before| ends.map(|end| (before, end))) {
                    let raw = [vec![around; before].as_slice(), id.as_bytes(), end].concat();
                    for encoded in [STANDARD_NO_PAD.encode(&raw), hex::encode(&raw)] {
                        let is_found = texts.all.any(encoded.as_bytes());
                        assert!(is_found, "{id} {around} {before}: {encoded}");
                    }
                }
            }
        }
        // A user id of 50 characters stands behind its own length, which is a digit's byte.
        let long = format!("BR.{}", "7".repeat(47));
        assert!(found_in(
            &long,
            &STANDARD_NO_PAD.encode(format!("\u{1c}\u{18}2{long}\u{15}"))
        ));
    }

    #[test]
    fn what_tells_nobody_is_not_searched_for() {
        let numbers = BTreeSet::from(["106540352242922".to_owned()]);
        for id in [
            "1",
            "123456",
            "messages",
            "statuses",
            "106540352242922",
            "a\"b1234567",
            "",
        ] {
            assert!(!is_telling(id, &numbers), "{id}");
        }
        for id in ["BR.1001", "5511999990001", "US.13491208655302741918"] {
            assert!(is_telling(id, &numbers), "{id}");
        }
    }

    #[test]
    fn a_name_is_found_however_json_writes_it() {
        let person = Person {
            names: BTreeSet::from(["José".to_owned()]),
            ..Person::default()
        };
        let texts = Texts::of(&person, &BTreeSet::new());
        for text in [
            r#"{"name":"José"}"#,
            r#"{"name":"Jos\u00e9"}"#,
            r#""{\"name\":\"Jos\\u00e9\"}""#,
        ] {
            let mut found = BTreeSet::new();
            texts.all.find(text.as_bytes(), &mut found);
            assert_eq!(texts.kinds(&found), BTreeSet::from([Kind::Name]), "{text}");
            assert!(!texts.telling.any(text.as_bytes()));
        }
    }
}
