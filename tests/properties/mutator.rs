//! Breaks webhook bodies: first as JSON (any part becomes anything, keys move, items repeat, parts of other bodies come
//! in), then as bytes. The same seed and index give the same body; it refuses clocks and other randomness.

use std::mem;

use serde_json::{Map, Value};

/// Largest body that it makes; what is longer is cut.
pub(super) const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Parts of a body above which nothing is added.
const NODES_MAX: usize = 20_000;
const DEEP: usize = 10_000;
/// A text that begins so stands for one of [`ODD`] or of [`heavy`]: JSON that a [`Value`] can't hold.
const STAND_IN: char = '\u{e000}';
/// Taken out of keys when the body is written, so that a key may come twice.
const TWICE: char = '\u{e001}';

/// JSON that may stand where something else is expected.
const ODD: [&str; 56] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "2",
    "99",
    "100",
    "1.5",
    "-0",
    "-0.0",
    "1e5",
    "1E+2",
    "0.1e-400",
    "1e999999",
    "-1e400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "79228162514264337593543950336",
    "123456789012345678901234567890.123456789",
    "7.990",
    "0.00000000000000000000000000001",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "tru",
    "[1,]",
    "{\"a\"}",
    "\"\"",
    "\" \"",
    "\"0\"",
    "\"1e999999\"",
    "\"7,99\"",
    "\"99999999999999999999\"",
    "\"\\u0000\"",
    "\"\\ud83d\"",
    "\"x\\udc00y\"",
    "\"\\ud83d\\ud83d\\ude00\"",
    "\"\\ud83d\\u\"",
    "\"\u{202e}\u{feff}👨‍👩‍👧‍👦\"",
    "\"wamid.\"",
    "\"wamid.HBgLMTY1\"",
    "\"s1.\"",
    "\"s1.add.k1.a0.0.px.y\"",
    "\"finalizar\"",
    "\"sacola\"",
    "\"messages\"",
    "[]",
    "{}",
    "[[],[null]]",
    "{\"\":{}}",
    "{\"id\":1,\"id\":\"2\"}",
];

/// Places in [`ODD`] of what a second value of a key may be.
const ODD_AT: [usize; 5] = [0, 3, 32, 51, 52];
/// Kinds of [`heavy`].
const HEAVY: usize = 7;

/// Keys that mean something somewhere.
const KEYS: [&str; 32] = [
    "",
    "\u{0}",
    "object",
    "entry",
    "changes",
    "field",
    "value",
    "metadata",
    "phone_number_id",
    "contacts",
    "profile",
    "wa_id",
    "user_id",
    "messages",
    "from",
    "from_user_id",
    "group_id",
    "id",
    "timestamp",
    "type",
    "text",
    "body",
    "interactive",
    "button_reply",
    "order",
    "product_items",
    "quantity",
    "item_price",
    "system",
    "statuses",
    "errors",
    "biz_opaque_callback_data",
];

/// What byte edits put in: broken UTF-8, halves of escapes, JSON's own signs.
const SPLINTERS: [&[u8]; 18] = [
    b"\xff",
    b"\xc3",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"\\",
    b"\\u",
    b"\\ud8",
    b"\\ud83d",
    b"\\ude00",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
];

/// Numbers from a seed (xorshift).
pub(super) struct Dice(u64);

impl Dice {
    /// The numbers of one mutation.
    pub(super) fn of(seed: u64, index: u64) -> Self {
        let mut mixed = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)).max(1))
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 when there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from((self.roll() >> 8) % end).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }
}

/// The body with some of its parts and bytes changed; `pool` lends parts.
pub(super) fn mutated(mut body: Value, pool: &[Value], dice: &mut Dice) -> Vec<u8> {
    let edits = if dice.one_in(4) { 0 } else { 1 + dice.below(4) };
    for _ in 0..edits {
        edit(&mut body, pool, dice);
    }
    let mut bytes = written(&body, dice.one_in(16)).into_bytes();
    bytes.truncate(BYTES_MAX);
    if edits == 0 || dice.one_in(3) {
        for _ in 0..=dice.below(6) {
            scratch(&mut bytes, dice);
        }
    }
    bytes
}

fn edit(body: &mut Value, pool: &[Value], dice: &mut Dice) {
    match dice.below(8) {
        0..=2 => replace(body, dice),
        3 => remove(body, dice),
        4 => rename(body, dice),
        5 => repeat(body, dice),
        6 => swap(body, dice),
        _ => graft(body, dice.pick(pool).clone(), dice),
    }
}

fn replace(body: &mut Value, dice: &mut Dice) {
    let odd = if dice.one_in(100) {
        ODD.len() + dice.below(HEAVY)
    } else {
        dice.below(ODD.len())
    };
    if let Some(part) = choose(body, is_any, dice) {
        *part = Value::String(format!("{STAND_IN}{odd}"));
    }
}

fn remove(body: &mut Value, dice: &mut Dice) {
    match choose(body, holds_parts, dice) {
        Some(Value::Array(items)) => drop(items.remove(dice.below(items.len()))),
        Some(Value::Object(fields)) => drop(taken(fields, dice)),
        _ => {}
    }
}

fn rename(body: &mut Value, dice: &mut Dice) {
    if let Some(Value::Object(fields)) = choose(body, is_filled_object, dice)
        && let Some((key, value)) = taken(fields, dice)
    {
        let new = if dice.one_in(4) {
            format!("{key}x")
        } else {
            (*dice.pick(&KEYS)).to_owned()
        };
        fields.insert(new, value);
    }
}

/// Items of a list come again, up to a thousand times; keys of an object come twice.
fn repeat(body: &mut Value, dice: &mut Dice) {
    let room = NODES_MAX.saturating_sub(count(body, is_any));
    match choose(body, holds_parts, dice) {
        Some(Value::Array(items)) => {
            let at = dice.below(items.len());
            let wanted = if dice.one_in(200) {
                1_000
            } else {
                1 + dice.below(3)
            };
            let item = items[at].clone();
            for _ in 0..wanted.min(room / count(&item, is_any)) {
                items.insert(at, item.clone());
            }
        }
        Some(Value::Object(fields)) => {
            if let Some((key, value)) = taken(fields, dice) {
                let other = Value::String(format!("{STAND_IN}{}", dice.pick(&ODD_AT)));
                fields.insert(
                    format!("{key}{TWICE}"),
                    if dice.one_in(2) { value.clone() } else { other },
                );
                fields.insert(key, value);
            }
        }
        _ => {}
    }
}

fn swap(body: &mut Value, dice: &mut Dice) {
    let all = count(body, is_any);
    let (one, two) = (dice.below(all), dice.below(all));
    let copies = (nth(body, is_any, one).cloned(), nth(body, is_any, two).cloned());
    if let (Some(first), Some(second)) = copies
        && all + count(&first, is_any) + count(&second, is_any) <= NODES_MAX
    {
        for (at, copy) in [(one, second), (two, first)] {
            if let Some(part) = nth(body, is_any, at) {
                *part = copy;
            }
        }
    }
}

fn graft(body: &mut Value, mut other: Value, dice: &mut Dice) {
    let lent = choose(&mut other, is_any, dice)
        .map(mem::take)
        .unwrap_or_default();
    if let Some(part) = choose(body, is_any, dice) {
        *part = lent;
    }
}

fn taken(fields: &mut Map<String, Value>, dice: &mut Dice) -> Option<(String, Value)> {
    let key = fields.keys().nth(dice.below(fields.len()))?.clone();
    let value = fields.remove(&key)?;
    Some((key, value))
}

fn is_any(_: &Value) -> bool {
    true
}

fn holds_parts(value: &Value) -> bool {
    is_filled_object(value) || value.as_array().is_some_and(|items| !items.is_empty())
}

fn is_filled_object(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| !fields.is_empty())
}

fn choose<'a>(body: &'a mut Value, wanted: fn(&Value) -> bool, dice: &mut Dice) -> Option<&'a mut Value> {
    let at = dice.below(count(body, wanted));
    nth(body, wanted, at)
}

fn count(value: &Value, wanted: fn(&Value) -> bool) -> usize {
    let inside: usize = match value {
        Value::Array(items) => items.iter().map(|item| count(item, wanted)).sum(),
        Value::Object(fields) => fields.values().map(|field| count(field, wanted)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    inside + usize::from(wanted(value))
}

/// The part that is `at`-th of those wanted, in writing order.
fn nth(value: &mut Value, wanted: fn(&Value) -> bool, mut at: usize) -> Option<&mut Value> {
    descend(value, wanted, &mut at)
}

fn descend<'a>(value: &'a mut Value, wanted: fn(&Value) -> bool, left: &mut usize) -> Option<&'a mut Value> {
    if wanted(value) {
        if *left == 0 {
            return Some(value);
        }
        *left -= 1;
    }
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| descend(item, wanted, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| descend(field, wanted, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The body as text, its stand-ins replaced.
fn written(body: &Value, with_space: bool) -> String {
    let text = if with_space {
        format!("{body:#}")
    } else {
        body.to_string()
    };
    let mark = format!("\"{STAND_IN}");
    let mut pieces = text.split(mark.as_str());
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (index, rest) = piece.split_once('"').unwrap_or_default();
        let index: usize = index.parse().unwrap_or_default();
        match ODD.get(index) {
            Some(odd) => out.push_str(odd),
            None => out.push_str(&heavy(index - ODD.len())),
        }
        out.push_str(rest);
    }
    if out.contains(TWICE) {
        out.replace(TWICE, "")
    } else {
        out
    }
}

/// JSON that is deep or long.
fn heavy(which: usize) -> String {
    match which {
        0 => format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        1 => format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP)),
        2 => "[{\"messages\":".repeat(DEEP),
        3 => format!("\"{}\"", "👋".repeat(DEEP)),
        4 => format!("\"{}\"", "\\ud83d".repeat(DEEP)),
        5 => "9".repeat(DEEP),
        _ => format!("{}null{}", " \n\t\r".repeat(DEEP), " ".repeat(DEEP)),
    }
}

/// One change of bytes.
fn scratch(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(40)).min(bytes.len());
    match dice.below(12) {
        0..=2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1_u8 << dice.below(8);
            }
        }
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.byte();
            }
        }
        4 => drop(bytes.drain(at..end)),
        5 => bytes.truncate(at),
        6 => {
            let copy = bytes[at..end].to_vec();
            let to = dice.below(bytes.len());
            insert(bytes, to, &copy);
        }
        7 => {
            let other = dice.below(bytes.len());
            if at < bytes.len() {
                bytes.swap(at, other);
            }
        }
        8 => insert(bytes, at, &[dice.byte(), dice.byte(), dice.byte()]),
        9 => insert(bytes, at, b" \n\t\r".repeat(1 + dice.below(20)).as_slice()),
        _ => insert(bytes, at, dice.pick::<&[u8]>(&SPLINTERS)),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    drop(bytes.splice(at..at, new.iter().copied()));
}
