//! Sentences of ours that may quote what came from outside: details of dead letters, problems of replays, reviews. It owns which of
//! their parts are told to a key without `personal_data:read`; names that somebody else wrote into a sentence of theirs can't be
//! told from other words.

use super::masking::{DOTS, PIX, RUN, link, plain, tail, words};

/// What we compare with in our own sentences.
const OURS: &str = "whatsapp_business_account";
/// Behind these a parser repeats what it read.
const ECHOES: [&str; 4] = [
    "unknown variant `",
    "unknown field `",
    "duplicate field `",
    "floating point `",
];

/// The sentence without quotations that are no words of a machine, addresses, links, message ids, Pix codes, and numbers however
/// they are written.
pub(super) fn masked(text: &str) -> String {
    let (text, has_pix) = match text.split_once(PIX) {
        Some((before, _)) => (before, true),
        None => (text, false),
    };
    let unquoted = unquoted(text);
    let told: Vec<String> = unquoted.split_whitespace().map(word).collect();
    let mut told = numbers(&told.join(" "));
    if has_pix {
        told.push_str(" [Pix code]");
    }
    told
}

fn word(word: &str) -> String {
    if word.contains("wamid.") {
        "[message id]".to_owned()
    } else if word.contains("://") {
        link(word)
    } else if word.contains('@') {
        words(word)
    } else {
        word.to_owned()
    }
}

/// The text with its quotations masked; one that is not closed reaches to the end.
fn unquoted(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        masked.push(letter);
        if !matches!(letter, '"' | '`') {
            continue;
        }
        let (mut quoted, mut is_closed) = (String::new(), false);
        while let Some(next) = letters.next() {
            if next == letter {
                is_closed = true;
                break;
            }
            quoted.push(next);
            if next == '\\' {
                quoted.extend(letters.next());
            }
        }
        let is_echo = letter == '"' || ECHOES.iter().any(|echo| masked.ends_with(echo));
        let told = if is_echo && quoted != OURS {
            words(&quoted)
        } else {
            plain(&quoted)
        };
        masked.push_str(&told);
        if is_closed {
            masked.push(letter);
        }
    }
    masked
}

/// Numbers of at least seven digits, also when people's marks stand between these, masked but for their last digits.
pub(super) fn numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars() {
        let joins = !run.is_empty() && " -.()/".contains(letter);
        if letter.is_numeric() || joins {
            run.push(letter);
        } else {
            end_number(&mut masked, &mut run);
            masked.push(letter);
        }
    }
    end_number(&mut masked, &mut run);
    masked
}

fn end_number(masked: &mut String, run: &mut String) {
    let bare = run.trim_end_matches(|letter: char| !letter.is_numeric());
    let digits: String = bare.chars().filter(|letter| letter.is_numeric()).collect();
    if digits.chars().count() < RUN {
        masked.push_str(run);
    } else {
        let after: String = run.chars().skip(bare.chars().count()).collect();
        masked.push_str(DOTS);
        masked.push_str(&tail(&digits));
        masked.push_str(&after);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_stay_and_what_they_quote_is_masked() {
        for (told, expected) in [
            ("the object is not named", "the object is not named"),
            (
                r#"invalid type: string "Ana \"Souza", expected a sequence"#,
                r#"invalid type: string "[11 characters]", expected a sequence"#,
            ),
            (
                r#"the object is "ana", not "whatsapp_business_account""#,
                r#"the object is "[3 characters]", not "whatsapp_business_account""#,
            ),
            (
                "unknown variant `ana`, expected one of `said`, `tapped`",
                "unknown variant `[3 characters]`, expected one of `said`, `tapped`",
            ),
            ("missing field `text`", "missing field `text`"),
            (
                r#"the object is "Ana Souza is cut"#,
                r#"the object is "[16 characters]"#,
            ),
            ("write to ana@example.com now", "write to [15 characters] now"),
            ("see https://a.example/p?q=Ana now", "see [link to a.example] now"),
            ("pay 00020126580014br.gov.bcb.pix5913Ana Souza", "pay [Pix code]"),
            ("message wamid.HBgM failed", "message [message id] failed"),
            ("from 5511987654321 on", "from •••4321 on"),
            (
                "from +55 (11) 98765-4321, CPF 123.456.789-09",
                "from +•••4321, CPF •••8909",
            ),
            (
                "the provider answered 400 with code 131026: Message is undeliverable",
                "the provider answered 400 with code 131026: Message is undeliverable",
            ),
        ] {
            assert_eq!(masked(told), expected);
        }
    }
}
