//! Message templates, and how a send is held against what was declared. While nobody has declared any, and
//! `strict.templates` is off, each name passes: most tests send one and don't care to declare it. Declaring is done in
//! `template_edges`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::limits::Refusal;
use super::super::world::State;
use super::fields::{self, Fields};

const WRONG_COUNT: i64 = 132_000;
const NOT_THERE: i64 = 132_001;
/// When quality was looked at last: never yet, so the day that the account began.
const QUALITY_S: i64 = 1_767_225_600;
/// What was declared, by name and language in one key (see [`Template::key`]).
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Templates {
    pub declared: BTreeMap<String, Template>,
}

/// One template in one language.
#[derive(Clone, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: String,
    pub language: String,
    pub category: String,
    /// Its variables have names, not numbers.
    pub named: bool,
    pub components: Value,
}

impl Templates {
    /// The sample and all declared ones.
    pub fn all(&self) -> impl Iterator<Item = Template> + '_ {
        std::iter::once(hello_world()).chain(self.declared.values().cloned())
    }

    /// The one of this name in this language.
    pub fn find(&self, name: &str, language: &str) -> Option<Template> {
        self.all()
            .find(|template| template.name == name && template.language == language)
    }

    /// The category of a template message, for `pricing` of its status; utility for one that nobody declared.
    pub fn category_of(&self, body: &Value) -> String {
        let template = sent(body).and_then(|(name, language)| self.find(name, language));
        template.map_or_else(
            || "utility".to_owned(),
            |template| template.category.to_lowercase(),
        )
    }
}

impl Template {
    /// All its fields, as the Graph API names them.
    pub fn fields(&self) -> Fields {
        fields::object(json!({
            "id": self.id, "name": self.name, "language": self.language, "category": self.category,
            "status": "APPROVED", "components": self.components,
            "parameter_format": if self.named { "NAMED" } else { "POSITIONAL" },
            "quality_score": {"score": "UNKNOWN", "date": QUALITY_S}, "rejected_reason": "NONE", "sub_category": null,
            "message_send_ttl_seconds": null, "correct_category": null, "previous_category": null,
            "library_template_name": null, "cta_url_link_tracking_opted_out": null, "degrees_of_freedom_spec": null,
        }))
    }

    /// Its place in lists: `name language`.
    pub fn key(&self) -> String {
        format!("{} {}", self.name, self.language)
    }

    fn part(&self, kind: &str) -> Option<&Value> {
        let parts = self.components.as_array()?;
        parts.iter().find(|part| is_kind(part, kind))
    }
}

/// The sample that each account has and that can't be deleted.
pub fn hello_world() -> Template {
    Template {
        id: "1192339204654487".to_owned(),
        name: "hello_world".to_owned(),
        language: "en_US".to_owned(),
        category: "UTILITY".to_owned(),
        named: false,
        components: json!([
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            {"type": "BODY", "text": "Welcome and congratulations! This message shows that you can send a template."},
            {"type": "FOOTER", "text": "Sacola emulator"},
        ]),
    }
}

/// Holds a template message against what was declared; the count of values for header and body must fit.
pub fn check(state: &State, body: &Value) -> Result<(), Refusal> {
    let Some((name, language)) = sent(body) else {
        return Ok(());
    };
    let templates = &state.account.templates;
    let Some(template) = templates.find(name, language) else {
        if state.strict.templates || !templates.declared.is_empty() {
            let details = format!("template name ({name}) does not exist in {language}");
            return Err(Refusal::new(NOT_THERE, details));
        }
        return Ok(());
    };
    for kind in ["header", "body"] {
        let text = template.part(kind).and_then(|part| part.get("text"));
        let Some(text) = text.and_then(Value::as_str) else {
            continue;
        };
        let (expected, given) = (placeholders(text).len(), values(body, kind));
        if expected != given {
            let details = format!(
                "{kind}: number of localizable_params ({given}) does not match the expected number of params ({expected})"
            );
            return Err(Refusal::new(WRONG_COUNT, details));
        }
    }
    Ok(())
}

/// Name and language of the template in a message.
fn sent(body: &Value) -> Option<(&str, &str)> {
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    Some((at("/template/name")?, at("/template/language/code")?))
}

fn values(body: &Value, kind: &str) -> usize {
    let parts = body.pointer("/template/components").and_then(Value::as_array);
    let part = parts.and_then(|parts| parts.iter().find(|part| is_kind(part, kind)));
    let given = part
        .and_then(|part| part.get("parameters"))
        .and_then(Value::as_array);
    given.map_or(0, Vec::len)
}

/// True when a component is of this kind.
pub fn is_kind(part: &Value, kind: &str) -> bool {
    let named = part.get("type").and_then(Value::as_str);
    named.is_some_and(|named| named.eq_ignore_ascii_case(kind))
}

/// `{{1}}` or `{{first_name}}`, each once.
fn placeholders(text: &str) -> BTreeSet<&str> {
    let parts = text.split("{{").skip(1);
    parts
        .filter_map(|part| part.split_once("}}"))
        .map(|(name, _)| name.trim())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, values: usize) -> Value {
        let parameters: Vec<Value> = (0..values)
            .map(|_| json!({"type": "text", "text": "x"}))
            .collect();
        json!({"type": "template", "template": {"name": name, "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": parameters}]}})
    }

    fn code(state: &State, body: &Value) -> Option<i64> {
        check(state, body).err().map(|refusal| refusal.code)
    }

    #[test]
    fn any_name_passes_until_the_first_is_declared() {
        let mut state = State::default();
        assert_eq!(code(&state, &message("anything", 3)), None);
        assert_eq!(code(&state, &message("hello_world", 0)), None);
        assert_eq!(code(&state, &message("hello_world", 1)), Some(WRONG_COUNT));

        let known = Template {
            name: "sale".to_owned(),
            components: json!([{"type": "BODY", "text": "Hi {{1}}, {{2}} of {{1}} today."}]),
            ..hello_world()
        };
        state.account.templates.declared.insert(known.key(), known);

        assert_eq!(code(&state, &message("anything", 3)), Some(NOT_THERE));
        assert_eq!(code(&state, &message("sale", 2)), None);
        assert_eq!(code(&state, &message("sale", 3)), Some(WRONG_COUNT));
    }
}
