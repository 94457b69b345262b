//! Sentences about something that could not be read, without what they quote of it: a parser says what it met, and that may be
//! somebody's name, number or words. It owns what a log may hold of such a sentence; it refuses to judge whose the value is.

/// Runs of so many digits may be a phone number.
const PHONE_DIGITS: usize = 7;
/// What stands between these is a value.
const QUOTES: [(&str, char); 4] = [
    ("\"", '"'),
    ("unknown variant `", '`'),
    ("unknown field `", '`'),
    ("duplicate field `", '`'),
];

/// A problem's words without the values that it quotes.
pub fn without_values(problem: &str) -> String {
    let mut out = String::with_capacity(problem.len());
    let mut rest = problem;
    while let Some((before, mark, end, after)) = next_quote(rest) {
        out.push_str(before);
        out.push_str(mark);
        out.push('…');
        out.push(end);
        rest = behind(after, end);
    }
    out.push_str(rest);
    without_numbers(&out)
}

fn next_quote(text: &str) -> Option<(&str, &'static str, char, &str)> {
    let found = QUOTES.iter().filter_map(|(mark, end)| {
        let (before, after) = text.split_once(*mark)?;
        Some((before, *mark, *end, after))
    });
    found.min_by_key(|(before, ..)| before.len())
}

/// What follows the end of a quoted value; nothing when it has none.
fn behind(text: &str, end: char) -> &str {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == end {
            return text.get(index + c.len_utf8()..).unwrap_or_default();
        }
    }
    ""
}

fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        flush(&mut out, &mut digits);
        out.push(c);
    }
    flush(&mut out, &mut digits);
    out
}

fn flush(out: &mut String, digits: &mut String) {
    let is_long = digits.len() >= PHONE_DIGITS;
    out.push_str(if is_long { "#" } else { digits.as_str() });
    digits.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stays_and_what_was_met_goes() {
        for (told, expected) in [
            (
                "invalid type: string \"João \\\"Jota\\\" Silva\", expected i64 at line 1 column 9",
                "invalid type: string \"…\", expected i64 at line 1 column 9",
            ),
            (
                "missing field `total` at line 1",
                "missing field `total` at line 1",
            ),
            (
                "unknown variant `Rua das Flores`, expected `a` or `b`",
                "unknown variant `…`, expected `a` or `b`",
            ),
            (
                "unknown field `Ana Souza`, expected `a`",
                "unknown field `…`, expected `a`",
            ),
            (
                "invalid value: integer `5511987654321`",
                "invalid value: integer `#`",
            ),
            ("ends in the middle: \"oi", "ends in the middle: \"…\""),
            ("HTTP 500", "HTTP 500"),
        ] {
            assert_eq!(without_values(told), expected);
        }
    }
}
