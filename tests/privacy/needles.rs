//! What must stand nowhere, in every form in which it could, and the one check for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// One thing to look for: what it is, and how it is written.
pub struct Needle {
    what: &'static str,
    written: String,
}

/// Things to look for.
#[derive(Default)]
pub struct Needles(Vec<Needle>);

impl Needles {
    /// A text as it is, and as JSON inside JSON would write it.
    pub fn text(&mut self, what: &'static str, text: &str) {
        assert!(text.len() >= 4, "too short to be told from others: {text}");
        self.add(what, text.to_owned());
        let escaped: String = text
            .chars()
            .map(|c| match c {
                '\u{0}'..='\u{7f}' => c.to_string(),
                _ => format!("\\u{:04x}", u32::from(c)),
            })
            .collect();
        self.add(what, escaped);
    }

    /// A name, whole and by its words.
    pub fn name(&mut self, what: &'static str, name: &str) {
        self.text(what, name);
        for word in name.split(' ').filter(|word| word.len() >= 4) {
            self.text(what, word);
        }
    }

    /// A Brazilian phone number: with country, area and bare; as people write it; and as a message id hides it.
    pub fn number(&mut self, what: &'static str, wa_id: &str) {
        let (area, own) = (&wa_id[2..4], &wa_id[4..]);
        for form in [
            wa_id.to_owned(),
            wa_id[2..].to_owned(),
            own.to_owned(),
            format!("{}-{}", &own[..5], &own[5..]),
            format!("({area}) {}", &own[..5]),
        ] {
            self.add(what, form);
        }
        // In a wamid the number begins at a multiple of three bytes, so it always looks the same.
        let hidden = STANDARD_NO_PAD.encode(wa_id);
        self.add(what, hidden[..16].to_owned());
    }

    fn add(&mut self, what: &'static str, written: String) {
        if self.0.iter().all(|known| known.written != written) {
            self.0.push(Needle { what, written });
        }
    }

    /// What stands in `text`: each with some of what is around it.
    pub fn found_in(&self, place: &str, text: &str) -> Vec<String> {
        let found = self.0.iter().filter_map(|needle| {
            let at = text.find(&needle.written)?;
            let line = text[..at].rfind('\n').map_or(0, |start| start + 1);
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
            let around: String = text[line..end].chars().take(600).collect();
            Some(format!(
                "{} ({}) is in {place}: {around}",
                needle.what, needle.written
            ))
        });
        found.collect()
    }

    /// Every form of everything, to try the check itself.
    fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|needle| needle.written.as_str())
    }
}

#[test]
fn whatever_is_planted_is_found_in_each_of_its_forms() {
    let mut needles = Needles::default();
    needles.name("a name", "Zoroastro Quintanilha");
    needles.number("a number", "5511987650143");
    needles.text("words", "é só um presente");
    let clean = r#"{"level":"DEBUG","conversation":"a30123456789abcdef0123","outcome":"done"}"#;
    assert_eq!(needles.found_in("a log", clean), Vec::<String>::new());
    let forms: Vec<String> = needles.all().map(ToOwned::to_owned).collect();
    assert!(forms.len() >= 10, "{forms:?}");
    for planted in forms {
        let log = format!("{clean}\n{{\"text\":\"{planted}\"}}\n{clean}");
        assert!(!needles.found_in("a log", &log).is_empty(), "{planted}");
    }
}

#[test]
fn a_message_id_that_holds_a_number_is_found() {
    let mut needles = Needles::default();
    needles.number("a number", "5511987650143");
    let mut thrift = vec![0x1c, 0x18, 13];
    thrift.extend_from_slice(b"5511987650143");
    thrift.extend_from_slice(&[0x15, 0x02, 0x00, 0x12]);
    let id = format!(
        "wamid.{}",
        base64::engine::general_purpose::STANDARD.encode(thrift)
    );
    assert_eq!(needles.found_in("a log", &id).len(), 1, "{id}");
}
