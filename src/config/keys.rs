//! What a key is: its name, the kind of value that it takes, its default, and how it is explained. The keys themselves
//! are in `table`. It refuses to judge values beyond their type: that is for `checks` and the readers of the sections.

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text, judged by the reader of its section.
    Text,
    /// `ip:port`.
    Address,
    /// An address with a scheme.
    Url,
    /// The same, or where it is kept as a secret is: it may hold a password.
    UrlOrSecret,
    /// A whole number from the first to the second, both included.
    Integer(i64, i64),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// Some of these texts.
    Choices(&'static [&'static str]),
    /// Any texts.
    Texts,
    /// One secret.
    Secret,
    /// One secret, or a list of them.
    SecretOrSecrets,
    /// Secrets without names.
    Secrets,
    /// Secrets with an `id` each.
    NamedSecrets,
}

impl Kind {
    /// The type in words, for faults and for the reference.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Address => "address, ip:port".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::UrlOrSecret => "URL, or secret".to_owned(),
            Self::Integer(min, max) => format!("integer, {min}–{max}"),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::Choices(choices) => format!("list of {}", choices.join(", ")),
            Self::Texts => "list of texts".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::SecretOrSecrets => "secret, or list of secrets".to_owned(),
            Self::Secrets => "list of secrets".to_owned(),
            Self::NamedSecrets => "list of secrets, each with an id".to_owned(),
        }
    }
}

/// What happens when a key is absent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need {
    /// A fault.
    Required,
    /// Nothing: the meaning says what that does.
    Optional,
    /// This value, written as in the file but without quotes; for a list, nothing is the empty list.
    Default(&'static str),
}

/// One key of a section.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    /// A value in TOML.
    pub(super) example: &'static str,
    /// One or two sentences of Markdown, with units.
    pub(super) meaning: &'static str,
}

/// One table of the file: `[name]`, or `[[name]]` when there may be many.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) many: bool,
    pub(super) meaning: &'static str,
    pub(super) keys: &'static [Key],
}

impl Key {
    /// The key with its example, as a line of the file.
    pub(super) fn example_line(&self) -> String {
        format!("{} = {}", self.name, self.example)
    }

    /// The default, if there is one.
    pub(super) fn default_text(&self) -> Option<&'static str> {
        match self.need {
            Need::Default(text) => Some(text),
            Need::Required | Need::Optional => None,
        }
    }
}

impl Section {
    /// `[store]` or `[[number]]`.
    pub(super) fn heading(&self) -> String {
        if self.many {
            format!("[[{}]]", self.name)
        } else {
            format!("[{}]", self.name)
        }
    }

    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of its keys.
    pub(super) fn key_names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

/// The known word that `word` was probably meant to be: one that is near enough, capitals and dashes aside, or else the
/// only one that holds it or is held by it.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = plain(word);
    let measured = known.iter().map(|candidate| {
        let distance = strsim::damerau_levenshtein(&word, &plain(candidate));
        (distance, *candidate)
    });
    let (distance, best) = measured.min()?;
    if distance <= (best.chars().count() / 3).max(1) {
        return Some(best);
    }
    let mut alike = known.iter().filter(|candidate| {
        let candidate = plain(candidate);
        word.len().min(candidate.len()) >= 4 && (candidate.contains(&word) || word.contains(&candidate))
    });
    alike.next().filter(|_| alike.next().is_none()).copied()
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_recognised_by_its_letters_or_by_what_it_holds() {
        let known = ["phone_number_id", "waba_id", "access_token", "merchant"];
        for (word, meant) in [
            ("phoneNumberId", Some("phone_number_id")),
            ("Phone-Number-ID", Some("phone_number_id")),
            ("wabaid", Some("waba_id")),
            ("token", Some("access_token")),
            ("merchant_name_of_the_shop", Some("merchant")),
            ("colour", None),
            ("id", None),
        ] {
            assert_eq!(nearest(word, &known), meant, "{word}");
        }
    }
}
