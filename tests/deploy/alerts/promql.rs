//! What an expression of PromQL uses: metrics with what they are selected by, and groupings with what they group. It judges no
//! syntax: promtool and Prometheus do.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// An expression, cut into words, texts and marks.
pub struct Expression {
    tokens: Vec<Token>,
}

/// A metric where an expression uses it.
#[derive(Debug)]
pub struct Use {
    pub metric: String,
    /// The labels of its selector, each with the words that it is compared with.
    pub selected: Vec<(String, Vec<String>)>,
    at: usize,
}

/// An aggregation: its labels, the metrics in its operand, and the texts there that may name labels which the operand makes.
#[derive(Debug)]
pub struct Grouping {
    pub labels: Vec<String>,
    pub over: Vec<String>,
    pub made: BTreeSet<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    fn word(&self) -> Option<&String> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Mark(_) => None,
        }
    }

    fn text(&self) -> Option<&String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Word(_) | Self::Mark(_) => None,
        }
    }
}

impl Expression {
    pub fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.next() {
            if next == '"' {
                tokens.push(Token::Text(quoted(&mut rest)));
            } else if is_of_word(next) {
                let mut word = String::from(next);
                while let Some(more) = rest.next_if(|&more| is_of_word(more)) {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
            } else if !next.is_whitespace() {
                tokens.push(Token::Mark(next));
            }
        }
        Self { tokens }
    }

    /// The metrics, in their order.
    pub fn uses(&self) -> Vec<Use> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let Some(word) = token.word() else { continue };
            let is_metric = word.starts_with("sacola_")
                || word.starts_with("sacola:")
                || word == "up"
                || word == "ALERTS";
            if is_metric {
                found.push(Use {
                    metric: word.clone(),
                    selected: self.selector(at + 1),
                    at,
                });
            }
        }
        found
    }

    /// What is grouped `by` what, the outermost of the left side first.
    pub fn groupings(&self) -> Vec<Grouping> {
        let uses = self.uses();
        let mut found = Vec::new();
        for (at, _) in self.all("by") {
            let list = at + 1..self.closing(at + 1);
            let operand = list.end + 1..self.closing(list.end + 1);
            let inside = &self.tokens[operand.clone()];
            let makes = inside.iter().any(|token| token.is_word("label_replace"));
            let over = uses.iter().filter(|one| operand.contains(&one.at));
            found.push(Grouping {
                labels: self.words(list.start, list.end),
                over: over.map(|one| one.metric.clone()).collect(),
                made: inside
                    .iter()
                    .filter(|_| makes)
                    .filter_map(Token::text)
                    .cloned()
                    .collect(),
            });
        }
        found
    }

    /// The labels that two sides are matched `on`.
    pub fn matched(&self) -> Vec<String> {
        self.all("on")
            .flat_map(|(at, _)| self.words(at + 1, self.closing(at + 1)))
            .collect()
    }

    fn all(&self, word: &str) -> impl Iterator<Item = (usize, &Token)> {
        self.tokens
            .iter()
            .enumerate()
            .filter(move |(_, token)| token.is_word(word))
    }

    fn words(&self, from: usize, to: usize) -> Vec<String> {
        self.tokens[from..to]
            .iter()
            .filter_map(Token::word)
            .cloned()
            .collect()
    }

    fn selector(&self, from: usize) -> Vec<(String, Vec<String>)> {
        if self.tokens.get(from) != Some(&Token::Mark('{')) {
            return Vec::new();
        }
        let to = self.closing(from);
        let texts = self.tokens[from..to].iter().filter_map(Token::text);
        let labels = self.words(from, to);
        assert_eq!(labels.len(), texts.clone().count(), "{labels:?}");
        labels
            .into_iter()
            .zip(texts.map(|text| text.split('|').map(str::to_owned).collect()))
            .collect()
    }

    /// Where the bracket that opens at `from` is closed.
    fn closing(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            match token {
                Token::Mark('(' | '{' | '[') => depth += 1,
                Token::Mark(')' | '}' | ']') if depth == 1 => return at,
                Token::Mark(')' | '}' | ']') => depth -= 1,
                Token::Mark(_) | Token::Word(_) | Token::Text(_) => {}
            }
            assert!(depth > 0, "a bracket should open at {token:?}");
        }
        panic!("a bracket stays open");
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

fn quoted(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '"' => break,
            '\\' => text.extend(rest.next()),
            other => text.push(other),
        }
    }
    text
}

#[test]
fn metrics_selectors_and_groupings_are_found() {
    let expression = Expression::of(
        r#"sum by (job, outcome) (rate(sacola_webhooks_total{outcome=~"taken|lost", job="sacola"}[5m]))
           and on (job) max by (list) (label_replace(up, "list", "$1", "job", "(.+)[(]\"")) > 0.5"#,
    );
    let uses = expression.uses();
    let metrics: Vec<&str> = uses.iter().map(|one| one.metric.as_str()).collect();
    assert_eq!(metrics, ["sacola_webhooks_total", "up"]);
    let outcome = ("outcome".to_owned(), vec!["taken".to_owned(), "lost".to_owned()]);
    assert_eq!(uses[0].selected[0], outcome);
    let groupings = expression.groupings();
    assert_eq!(groupings[0].labels, ["job", "outcome"]);
    assert_eq!(groupings[0].over, ["sacola_webhooks_total"]);
    assert!(groupings[0].made.is_empty());
    assert_eq!(groupings[1].over, ["up"]);
    assert!(groupings[1].made.contains("list"));
    assert_eq!(expression.matched(), ["job"]);
}
