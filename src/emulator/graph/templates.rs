//! Message templates: declared ones are approved at once, and a send is held against what was declared. While nobody has
//! declared any, and `strict.templates` is off, each name passes: most tests send one and don't care to declare it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::limits::Refusal;
use super::super::wamid;
use super::super::world::State;
use super::call::Call;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::paging::{self, Entry};
use super::{Answered, success};

/// Templates of an account at most (Meta, templates page, 2025-12).
const TEMPLATES: usize = 250;
const NAME: usize = 512;
const BODY: usize = 1_024;
const TOO_MANY: i64 = 2_388_019;
const BODY_MALFORMED: i64 = 2_388_072;
const EDGE_PLACEHOLDER: i64 = 2_388_299;
const WRONG_COUNT: i64 = 132_000;
const NOT_THERE: i64 = 132_001;
/// Subcodes of 100, as seen in answers of Meta: the language exists; the template doesn't.
const EXISTS: i64 = 2_388_024;
const NOT_FOUND: i64 = 2_593_002;
const CATEGORIES: [&str; 3] = ["AUTHENTICATION", "MARKETING", "UTILITY"];
const DEFAULT: [&str; 7] = [
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "id",
];

/// What was declared, by name and language.
#[derive(Default)]
pub struct Templates {
    declared: BTreeMap<(String, String), Template>,
}

#[derive(Clone)]
struct Template {
    id: String,
    name: String,
    language: String,
    category: String,
    named: bool,
    components: Value,
}

impl Templates {
    fn all(&self) -> impl Iterator<Item = Template> + '_ {
        std::iter::once(hello_world()).chain(self.declared.values().cloned())
    }

    fn find(&self, name: &str, language: &str) -> Option<Template> {
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
    fn fields(&self) -> Fields {
        fields::object(json!({
            "id": self.id, "name": self.name, "language": self.language, "category": self.category,
            "status": "APPROVED", "components": self.components,
            "parameter_format": if self.named { "NAMED" } else { "POSITIONAL" },
            "quality_score": {"score": "UNKNOWN"}, "rejected_reason": "NONE", "sub_category": null,
        }))
    }

    fn key(&self) -> String {
        format!("{} {}", self.name, self.language)
    }

    fn part(&self, kind: &str) -> Option<&Value> {
        let parts = self.components.as_array()?;
        parts.iter().find(|part| is_kind(part, kind))
    }
}

/// The sample that each account has and that can't be deleted.
fn hello_world() -> Template {
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

fn is_kind(part: &Value, kind: &str) -> bool {
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

/// `GET /{waba}/message_templates`.
pub fn list(call: &Call<'_>) -> Answered {
    let filters: Vec<(&str, String)> = ["name", "language", "category", "status"]
        .into_iter()
        .filter_map(|field| Some((field, call.text(field)?)))
        .collect();
    let found: Vec<Template> = call.world.state().account.templates.all().collect();
    let mut entries = Vec::new();
    for template in found {
        let all = template.fields();
        let fits = |(field, wanted): &(&str, String)| {
            let value = all.get(*field).and_then(Value::as_str);
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        if filters.iter().all(fits) {
            let key = template.key();
            let value = fields::pick(call, all, &DEFAULT, "MessageTemplate")?;
            entries.push(Entry { key, value });
        }
    }
    paging::page(call, entries)
}

/// `POST /{waba}/message_templates`.
pub fn create(call: &Call<'_>) -> Answered {
    let template = read(call)?;
    let answer = json!({"id": template.id, "status": "APPROVED", "category": template.category});
    let mut state = call.world.state();
    let templates = &mut state.account.templates;
    if templates.find(&template.name, &template.language).is_some() {
        let message = "There is already content for this template in this language";
        return Err(Failure::parameter(message).with_subcode(EXISTS));
    }
    if templates.declared.len() >= TEMPLATES {
        return Err(Failure::new(TOO_MANY, "An account has 250 templates at most"));
    }
    let key = (template.name.clone(), template.language.clone());
    templates.declared.insert(key, template);
    Ok(answer)
}

fn read(call: &Call<'_>) -> Result<Template, Failure> {
    let name = call.required("name")?;
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.chars().count() > NAME || !name.chars().all(plain) {
        return Err(Failure::parameter(
            "Param name may hold lower-case letters, digits and _ only, 512 at most",
        ));
    }
    let category = call.required("category")?.to_uppercase();
    if !CATEGORIES.contains(&category.as_str()) {
        return Err(Failure::parameter(format!(
            "Param category must be one of {{{}}}",
            CATEGORIES.join(", ")
        )));
    }
    let language = call.required("language")?;
    let components = call
        .value("components")
        .ok_or_else(|| Failure::missing("components"))?;
    checked(&components)?;
    Ok(Template {
        id: wamid::decimal(&call.world.mixed(), 16),
        name,
        language,
        category,
        named: call
            .text("parameter_format")
            .is_some_and(|format| format.eq_ignore_ascii_case("named")),
        components,
    })
}

fn checked(components: &Value) -> Result<(), Failure> {
    let parts = components
        .as_array()
        .ok_or_else(|| Failure::parameter("Param components must be a list"))?;
    let body = parts.iter().find(|part| is_kind(part, "body"));
    let body = body.ok_or_else(|| Failure::parameter("A template needs a component of type BODY"))?;
    let Some(text) = body.get("text").and_then(Value::as_str) else {
        return Ok(());
    };
    if text.is_empty() || text.chars().count() > BODY {
        return Err(Failure::new(
            BODY_MALFORMED,
            "A body holds between 1 and 1024 characters",
        ));
    }
    let text = text.trim();
    if text.starts_with("{{") || text.ends_with("}}") {
        return Err(Failure::new(
            EDGE_PLACEHOLDER,
            "Variables can't be at the start or the end of the template",
        ));
    }
    Ok(())
}

/// `DELETE /{waba}/message_templates?name=`, with `hsm_id` one language of it only.
pub fn delete(call: &Call<'_>) -> Answered {
    let (name, id) = (call.required("name")?, call.text("hsm_id"));
    if name == hello_world().name {
        return Err(Failure::parameter("The sample template can't be deleted"));
    }
    let mut state = call.world.state();
    let declared = &mut state.account.templates.declared;
    let before = declared.len();
    declared.retain(|_, template| {
        let other_id = id.as_ref().is_some_and(|id| *id != template.id);
        template.name != name || other_id
    });
    if declared.len() == before {
        return Err(Failure::parameter("Message Template Not Found").with_subcode(NOT_FOUND));
    }
    Ok(success())
}

/// `GET` and `POST /{template}`; `None` when no template has this id.
pub fn one(call: &Call<'_>) -> Option<Answered> {
    let mut state = call.world.state();
    let templates = &mut state.account.templates;
    let template = templates
        .all()
        .find(|template| template.id == call.route.object)?;
    let answer = match call.verb() {
        "GET" => fields::pick(call, template.fields(), &DEFAULT, "MessageTemplate"),
        "POST" => edit(call, templates, template),
        verb => Err(Failure::unsupported(verb)),
    };
    Some(answer)
}

fn edit(call: &Call<'_>, templates: &mut Templates, mut template: Template) -> Answered {
    if let Some(components) = call.value("components") {
        checked(&components)?;
        template.components = components;
    }
    let key = (template.name.clone(), template.language.clone());
    match templates.declared.get_mut(&key) {
        Some(declared) => {
            *declared = template;
            Ok(success())
        }
        None => Err(Failure::parameter("The sample template can't be changed")),
    }
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
        let key = ("sale".to_owned(), "en_US".to_owned());
        state.account.templates.declared.insert(key, known);

        assert_eq!(code(&state, &message("anything", 3)), Some(NOT_THERE));
        assert_eq!(code(&state, &message("sale", 2)), None);
        assert_eq!(code(&state, &message("sale", 3)), Some(WRONG_COUNT));
    }
}
