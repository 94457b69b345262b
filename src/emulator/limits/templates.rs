//! Templates: name, language, and the values that fill them (template pages per kind, 2025-12 to 2026-06). Whether a
//! template exists is not asked here.

use serde_json::Value;

use super::fields::{
    Checked, at, filled_list, flag, list, object, one_of, optional_list, optional_object, required, text,
    web_address, whole,
};
use super::{
    BODY, CALLBACK_DATA, Catalog, Known, LONG_BODY, Refusal, carousel, location, media, orders, products,
};

const LANGUAGE: usize = 20;
const HEADER: usize = 60;
/// A filled-in body alone may be that long; beside other components it is [`BODY`].
const BODY_ALONE: usize = 32_768;
/// 132005, a filled-in template is too long.
const TOO_LONG: i64 = 132_005;
/// 132012, a value is of another kind than its place.
const WRONG_KIND: i64 = 132_012;

const KINDS: &[&str] = &[
    "text",
    "currency",
    "date_time",
    "image",
    "video",
    "document",
    "location",
    "product",
    "payload",
    "coupon_code",
    "action",
    "limited_time_offer",
    "order_status",
    "tap_target_configuration",
];

/// What values are judged by.
#[derive(Clone, Copy)]
struct Ground<'a> {
    catalog: Catalog<'a>,
    known: &'a Known<'a>,
    /// Longest text of a body.
    body: usize,
}

/// Checks a `template` object.
pub fn check(template: &Value, catalog: Catalog<'_>, known: &Known<'_>) -> Checked {
    required(template, "/name", CALLBACK_DATA)?;
    required(template, "/language/code", LANGUAGE)?;
    let components = optional_list(template, "/components")?.unwrap_or_default();
    let body = if components.len() > 1 { BODY } else { BODY_ALONE };
    let ground = Ground { catalog, known, body };
    components.iter().try_for_each(|one| component(one, ground))
}

fn component(component: &Value, ground: Ground<'_>) -> Checked {
    match required(component, "/type", BODY)?.to_ascii_lowercase().as_str() {
        "header" => header(component, ground),
        "body" => values(component, &["text", "currency", "date_time"], ground),
        "button" => button(component, ground),
        "carousel" => cards(component, ground),
        "order_status" => values(component, &["order_status"], ground),
        "limited_time_offer" => values(component, &["limited_time_offer"], ground),
        "tap_target_configuration" => values(component, &["tap_target_configuration"], ground),
        "footer" => Ok(()),
        other => Err(Refusal::bad(format!("component type {other} is not known"))),
    }
}

fn header(component: &Value, ground: Ground<'_>) -> Checked {
    let allowed = ["text", "image", "video", "document", "location", "product"];
    values(
        component,
        &allowed,
        Ground {
            body: HEADER,
            ..ground
        },
    )
}

fn values(component: &Value, allowed: &[&str], ground: Ground<'_>) -> Checked {
    for value in optional_list(component, "/parameters")?.unwrap_or_default() {
        let kind = one_of(value, "/type", KINDS)?;
        if !allowed.contains(&kind) {
            return Err(Refusal::new(
                WRONG_KIND,
                format!(
                    "a parameter of type {kind} has no place here; wanted is {}",
                    allowed.join(" or ")
                ),
            ));
        }
        filled(value, kind, ground)?;
    }
    Ok(())
}

/// One value of `header`, `body` and the rarer components.
fn filled(value: &Value, kind: &str, ground: Ground<'_>) -> Checked {
    match kind {
        "text" => words(value, ground.body),
        "currency" => {
            required(value, "/currency/fallback_value", BODY)?;
            required(value, "/currency/code", 3)?;
            match whole(value, "/currency/amount_1000")? {
                None => Err(Refusal::missing("currency.amount_1000")),
                Some(_) => Ok(()),
            }
        }
        "date_time" => required(value, "/date_time/fallback_value", BODY).map(drop),
        "location" => location::check(object(value, "/location")?),
        "product" => {
            let product = object(value, "/product")?;
            products::same_catalog(product, "/catalog_id", ground.catalog)?;
            products::known_product(product, "/product_retailer_id", ground.catalog)
        }
        "order_status" => orders::status(object(value, "/order_status")?, ground.known),
        "limited_time_offer" => match whole(value, "/limited_time_offer/expiration_time_ms")? {
            None => Err(Refusal::missing("limited_time_offer.expiration_time_ms")),
            Some(_) => Ok(()),
        },
        "tap_target_configuration" => tap_target(value),
        loaded => media::source(object(value, &format!("/{loaded}"))?, loaded, ground.known),
    }
}

/// Where a tap on the message leads. Meta's page (2026-05-21) has a list of one; whatsapp-api-js sends the one alone.
fn tap_target(value: &Value) -> Checked {
    let target = match value.get("tap_target_configuration") {
        Some(Value::Array(targets)) => targets.first(),
        other => other,
    };
    let target = target.ok_or_else(|| Refusal::missing("tap_target_configuration"))?;
    required(target, "/title", BODY)?;
    web_address(target, "/url", LONG_BODY).map(drop)
}

fn words(value: &Value, limit: usize) -> Checked {
    let text = required(value, "/text", usize::MAX)?;
    let length = text.chars().count();
    if length <= limit {
        return Ok(());
    }
    Err(Refusal::new(
        TOO_LONG,
        format!("this text holds {limit} characters, not {length}"),
    ))
}

fn button(component: &Value, ground: Ground<'_>) -> Checked {
    index(component)?;
    let kind = required(component, "/sub_type", BODY)?.to_ascii_lowercase();
    let allowed: &[&str] = match kind.as_str() {
        "quick_reply" => &["payload", "text"],
        "url" => &["text"],
        "copy_code" => &["coupon_code"],
        "catalog" | "mpm" | "flow" | "order_details" => &["action"],
        "spm" | "voice_call" | "phone_number" | "request_contact_info" => return Ok(()),
        other => return Err(Refusal::bad(format!("button sub_type {other} is not known"))),
    };
    let parameters = optional_list(component, "/parameters")?.unwrap_or_default();
    if parameters.is_empty() && matches!(kind.as_str(), "mpm" | "order_details") {
        return Err(Refusal::missing("parameters"));
    }
    for value in parameters {
        let found = one_of(value, "/type", KINDS)?;
        if !allowed.contains(&found) {
            return Err(Refusal::new(
                WRONG_KIND,
                format!("a {kind} button takes {}, not {found}", allowed.join(" or ")),
            ));
        }
        pressed(value, kind.as_str(), found, ground)?;
    }
    Ok(())
}

/// `index` is the button's place, 0 to 9; Meta's own examples write it as a number and as text.
fn index(component: &Value) -> Checked {
    let found = match at(component, "/index")? {
        None => return Err(Refusal::missing("index")),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => return Err(Refusal::invalid("index must be a number")),
    };
    if found.is_some_and(|index| index <= 9) {
        return Ok(());
    }
    Err(Refusal::bad("index is 0 to 9"))
}

fn pressed(value: &Value, button: &str, kind: &str, ground: Ground<'_>) -> Checked {
    match (button, kind) {
        ("quick_reply", "payload") => required(value, "/payload", LONG_BODY).map(drop),
        // Meta's "Send Sample Issue Resolution Template" has true and false here (OpenAPI, 2025-11-21).
        ("quick_reply", _) => flag(value, "/text").or_else(|_| text(value, "/text").map(drop)),
        ("copy_code", _) => required(value, "/coupon_code", BODY).map(drop),
        ("catalog", _) => {
            optional_object(value, "/action")?;
            products::thumbnail(value, "/action/thumbnail_product_retailer_id", ground.catalog)
        }
        ("mpm", _) => {
            let action = object(value, "/action")?;
            products::known_product(action, "/thumbnail_product_retailer_id", ground.catalog)?;
            products::shelves(action, ground.catalog)
        }
        ("order_details", _) => orders::details(object(value, "/action/order_details")?, ground.known),
        ("flow", _) => {
            text(value, "/action/flow_token")?;
            optional_object(value, "/action/flow_action_data").map(drop)
        }
        _ => required(value, "/text", LONG_BODY).map(drop),
    }
}

/// Cards of a carousel template: each is filled in like a template of its own.
fn cards(component: &Value, ground: Ground<'_>) -> Checked {
    filled_list(component, "/cards")?;
    let cards = list(component, "/cards", 2, 10)?;
    carousel::indexes(cards)?;
    for card in cards {
        for part in filled_list(card, "/components")? {
            if required(part, "/type", BODY)?.eq_ignore_ascii_case("carousel") {
                return Err(Refusal::bad("a card holds no carousel"));
            }
            self::component(part, ground)?;
        }
    }
    Ok(())
}
