//! What customers write, and in which language. Words of all languages are understood everywhere, without case or accents,
//! alone or in a short sentence of known words; anything else gets help, never silence. It refuses to guess: one unknown
//! word and the wish is unclear.

use std::collections::{BTreeMap, BTreeSet};

use super::{Turn, browse, carts, checkout, draw, history};
use crate::domain::conversation::Mode;
use crate::domain::ids::RetailerId;
use crate::domain::message::Kind;
use crate::domain::replies::Locale;

mod lexicon;

use lexicon::Sense;

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Menu,
    Cart,
    Checkout,
    Help,
    Person,
    Purchases,
    Catalog,
    Unclear,
}

/// What a sentence is about when it names several things: the first of these.
const BY_WEIGHT: [Wish; 7] = [
    Wish::Person,
    Wish::Checkout,
    Wish::Purchases,
    Wish::Cart,
    Wish::Catalog,
    Wish::Menu,
    Wish::Help,
];
/// Longest text that is read, in characters.
const CHARS_READ: usize = 300;
/// Longest sentence that is taken for a wish, in words; of a longer text only the language is heard.
const SENTENCE_WORDS: usize = 12;
/// Words that are heard for the language.
const WORDS_HEARD: usize = 24;
/// Known words and phrases that a clear wish has at most; a waiting customer's longer sentences are for the person.
const CLEAR_WORDS: usize = 2;

/// Reads a text.
pub(super) fn understand(text: &str) -> Wish {
    read(text).wish
}

/// A text, read.
#[derive(Debug)]
struct Reading {
    wish: Wish,
    /// Known words and phrases.
    known: usize,
    /// The language that is asked for by name.
    named: Option<Locale>,
    /// How many words speak for each language.
    votes: BTreeMap<Locale, usize>,
    /// Languages in which every known word is said.
    fits: BTreeSet<Locale>,
}

fn read(text: &str) -> Reading {
    let plain = plain(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let is_long = words.len() > SENTENCE_WORDS || text.trim().chars().count() > CHARS_READ;
    let mut reading = Reading {
        wish: Wish::Unclear,
        known: 0,
        named: None,
        votes: BTreeMap::new(),
        fits: Locale::ALL.into(),
    };
    let (mut senses, mut all_known, mut at) = (Vec::new(), !is_long, 0);
    while let Some(rest) = words
        .get(at..)
        .filter(|rest| !rest.is_empty() && at < WORDS_HEARD)
    {
        let Some((entry, taken)) = lexicon::first_of(rest) else {
            all_known = false;
            at += 1;
            continue;
        };
        reading.hear(entry.of, entry.also);
        senses.push(entry.sense);
        at += taken;
    }
    let lower = text.to_lowercase();
    if lower.contains("menú") || lower.contains("menu\u{301}") {
        reading.hear(&[Locale::Es], &[]);
    }
    reading.known = senses.len();
    if all_known {
        reading.wish = wish_of(&senses);
        reading.named = only_language(&senses);
    }
    if words.is_empty() && text.contains('?') {
        reading.wish = Wish::Help;
    }
    reading
}

fn wish_of(senses: &[Sense]) -> Wish {
    let named = BY_WEIGHT
        .into_iter()
        .find(|wish| senses.contains(&Sense::Topic(*wish)));
    let opens = |sense: &Sense| match sense {
        Sense::Greeting | Sense::Language(_) => true,
        Sense::Topic(_) | Sense::Filler => false,
    };
    let or_menu = if senses.iter().any(opens) {
        Wish::Menu
    } else {
        Wish::Unclear
    };
    named.unwrap_or(or_menu)
}

fn only_language(senses: &[Sense]) -> Option<Locale> {
    let named: BTreeSet<Locale> = senses
        .iter()
        .filter_map(|sense| match sense {
            Sense::Language(locale) => Some(*locale),
            Sense::Topic(_) | Sense::Greeting | Sense::Filler => None,
        })
        .collect();
    named.first().copied().filter(|_| named.len() == 1)
}

impl Reading {
    fn hear(&mut self, of: &[Locale], also: &[Locale]) {
        for locale in of {
            *self.votes.entry(*locale).or_default() += 1;
        }
        self.fits
            .retain(|locale| of.contains(locale) || also.contains(locale));
    }

    /// The language to answer in from now on, when the words are clearly of another one than `present`: named, or the only
    /// one with most words. What could be said in the present language changes nothing, and a text that is not understood
    /// needs two words.
    fn another_language(&self, present: Locale) -> Option<Locale> {
        if let Some(named) = self.named {
            return Some(named).filter(|named| *named != present);
        }
        if self.fits.contains(&present) {
            return None;
        }
        let most = self.votes.values().copied().max()?;
        let mut leaders = self.votes.iter().filter(|(_, votes)| **votes == most);
        let (leader, rival) = (leaders.next(), leaders.next());
        let present_votes = self.votes.get(&present).copied().unwrap_or_default();
        let is_sure = self.wish != Wish::Unclear || (most > 2 && present_votes == 0);
        leader
            .filter(|_| rival.is_none() && is_sure)
            .map(|(locale, _)| *locale)
            .filter(|locale| *locale != present)
    }
}

/// Lower case, no accents, no punctuation, nothing invisible, single spaces.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars().take(CHARS_READ).flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => out.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            '\u{300}'..='\u{36f}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {}
            c if c.is_alphanumeric() => out.push(c),
            _ => out.push(' '),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The customer wrote.
pub(super) fn said(turn: &mut Turn<'_>, text: &str, about: Option<&RetailerId>) {
    let reading = read(text);
    if let Some(locale) = reading.another_language(turn.locale()) {
        turn.conversation.locale = Some(locale);
    }
    let wish = reading.wish;
    if turn.conversation.mode == Mode::Human {
        if reading.known > CLEAR_WORDS {
            return person_is_coming(turn);
        }
        match wish {
            Wish::Unclear | Wish::Help | Wish::Person => return person_is_coming(turn),
            Wish::Menu | Wish::Cart | Wish::Checkout | Wish::Purchases | Wish::Catalog => {
                turn.leave_human_mode();
            }
        }
    }
    match wish {
        Wish::Menu => browse::menu(turn, 0),
        Wish::Catalog => browse::native_catalog(turn),
        Wish::Cart => carts::show(turn, None),
        Wish::Checkout => checkout::asked(turn),
        Wish::Person => call_person(turn),
        Wish::Purchases => history::list(turn),
        Wish::Unclear if about.is_none() && talks_in_circles(turn) => person_is_coming(turn),
        Wish::Help | Wish::Unclear => {
            if let Some(id) = about {
                return browse::product(turn, id);
            }
            let help = draw::help(turn);
            turn.reply(help);
        }
    }
}

/// A person of the business has taken over: we stay out of it as after a call for a person, and don't announce one.
pub(super) fn person_wrote(turn: &mut Turn<'_>) {
    let wrote_at_ms = turn.occurrence.at_ms;
    let answered_since = turn
        .conversation
        .recent
        .iter()
        .any(|trace| trace.inbound && trace.at_ms > wrote_at_ms);
    if wrote_at_ms > 0 && answered_since {
        return;
    }
    turn.conversation.mode = Mode::Human;
    turn.conversation.person_told_at_ms = turn.facts.now_ms;
}

/// The customer sent something that is no words: never silence.
pub(super) fn arrived(turn: &mut Turn<'_>) {
    if turn.conversation.mode == Mode::Human || talks_in_circles(turn) {
        return person_is_coming(turn);
    }
    let help = draw::help(turn);
    turn.reply(help);
}

/// So many helps within so long, and nothing was understood: likely a machine that answers every message.
const HELPS_IN_A_ROW: usize = 5;
const CIRCLE_MS: i64 = 2 * 60 * 1000;

/// Two machines would talk for ever, and each message costs: from here on a reminder every ten minutes is enough.
fn talks_in_circles(turn: &Turn<'_>) -> bool {
    let since_ms = turn.facts.now_ms.saturating_sub(CIRCLE_MS);
    let said = turn
        .conversation
        .recent
        .iter()
        .rev()
        .filter(|trace| !trace.inbound);
    let only_help = |what: &str| what == Kind::Help.word() || what == Kind::Person.word();
    let in_a_row = said.take_while(|trace| trace.at_ms >= since_ms && only_help(&trace.what));
    let helps = in_a_row.filter(|trace| trace.what == Kind::Help.word());
    helps.take(HELPS_IN_A_ROW).count() == HELPS_IN_A_ROW
}

/// A person, please.
pub(super) fn call_person(turn: &mut Turn<'_>) {
    turn.conversation.mode = Mode::Human;
    turn.conversation.person_told_at_ms = 0;
    let message = draw::person(turn, true);
    turn.reply(message);
}

/// How often a waiting customer is told that a person is on the way.
const REMIND_AFTER_MS: i64 = 10 * 60 * 1000;

fn person_is_coming(turn: &mut Turn<'_>) {
    let told_ago_ms = turn
        .facts
        .now_ms
        .saturating_sub(turn.conversation.person_told_at_ms);
    // Told in the future: the clock was set back, which must not silence the reminder until it has caught up.
    if !(0..REMIND_AFTER_MS).contains(&told_ago_ms) {
        turn.conversation.person_told_at_ms = turn.facts.now_ms;
        let message = draw::person(turn, false);
        turn.reply(message);
    }
}

#[cfg(test)]
mod tests;
