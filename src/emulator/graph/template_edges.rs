//! The edges of message templates: list, declare, change, delete. What is declared is approved at once; Meta reviews it.

use serde_json::{Value, json};

use super::super::wamid;
use super::call::Call;
use super::failure::Failure;
use super::fields;
use super::paging::{self, Entry};
use super::templates::{Template, Templates, hello_world, is_kind};
use super::{Answered, success};

/// Templates of an account at most (Meta, templates page, 2025-12).
const TEMPLATES: usize = 250;
const NAME: usize = 512;
const BODY: usize = 1_024;
const TOO_MANY: i64 = 2_388_019;
const BODY_MALFORMED: i64 = 2_388_072;
const EDGE_PLACEHOLDER: i64 = 2_388_299;
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

/// `GET /{waba}/message_templates`.
pub fn list(call: &Call<'_>) -> Answered {
    let filters: Vec<(&str, String)> = ["name", "language", "category", "status"]
        .into_iter()
        .filter_map(|field| Some((field, call.text(field)?)))
        .collect();
    let found: Vec<Template> = call.world.state().account.templates.all().collect();
    let (all_templates, mut entries) = (found.len(), Vec::new());
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
    let listed = entries.len();
    let mut page = paging::page(call, entries)?;
    if let (Some(_), Some(fields)) = (call.text("summary"), page.as_object_mut()) {
        let summary = json!({
            "total_count": listed, "message_template_count": all_templates, "message_template_limit": TEMPLATES,
            "are_translations_complete": true,
        });
        fields.insert("summary".to_owned(), summary);
    }
    Ok(page)
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
        return Err(Failure::parameter("An account has 250 templates at most").with_subcode(TOO_MANY));
    }
    templates.declared.insert(template.key(), template);
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
        return Err(
            Failure::parameter("A body holds between 1 and 1024 characters").with_subcode(BODY_MALFORMED)
        );
    }
    let text = text.trim();
    if text.starts_with("{{") || text.ends_with("}}") {
        let message = "Variables can't be at the start or the end of the template";
        return Err(Failure::parameter(message).with_subcode(EDGE_PLACEHOLDER));
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
    match templates.declared.get_mut(&template.key()) {
        Some(declared) => {
            let answer = json!({
                "success": true, "id": template.id, "name": template.name, "category": template.category,
            });
            *declared = template;
            Ok(answer)
        }
        None => Err(Failure::parameter("The sample template can't be changed")),
    }
}
