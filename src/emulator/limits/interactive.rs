//! Interactive messages: what header, body and footer may be for each, buttons, lists, links, and what a business asks for
//! (one page each, 2025-11 to 2026-06). Products, carousels and orders have their own files.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{
    Checked, at, filled_list, list, object, one_of, optional, optional_object, required, text, web_address,
};
use super::{BODY, Catalog, Known, LONG_BODY, Refusal, carousel, media, orders, products};

const HEADER: usize = 60;
const FOOTER: usize = 60;
const BUTTON: usize = 20;
const BUTTON_ID: usize = 256;
/// The label of a flow's button (flow messages page; Meta's own example has 23 characters).
const FLOW_BUTTON: usize = 30;
/// 138000, calls are switched off for this number.
const NO_CALLS: i64 = 138_000;

const ANY_HEADER: &[&str] = &["text", "image", "video", "document"];
const NO_HEADER: &[&str] = &[];

/// Checks an `interactive` object.
pub fn check(interactive: &Value, catalog: Catalog<'_>, known: &Known<'_>) -> Checked {
    let kind = required(interactive, "/type", BODY)?;
    optional_object(interactive, "/action")?;
    match kind {
        "button" => {
            framed(interactive, ANY_HEADER, BODY, known)?;
            reply_buttons(interactive)
        }
        "list" => {
            framed(interactive, &["text"], LONG_BODY, known)?;
            rows(interactive)
        }
        "cta_url" => {
            framed(interactive, ANY_HEADER, BODY, known)?;
            named(interactive, "cta_url")?;
            link_button(interactive)
        }
        "product" => {
            header(interactive, NO_HEADER, known)?;
            optional(interactive, "/body/text", BODY)?;
            footer(interactive)?;
            products::single(interactive, catalog)
        }
        "product_list" => {
            framed(interactive, &["text"], BODY, known)?;
            required(interactive, "/header/text", HEADER)?;
            products::sections(object(interactive, "/action")?, catalog)
        }
        "catalog_message" => {
            framed(interactive, NO_HEADER, BODY, known)?;
            named(interactive, "catalog_message")?;
            products::whole_catalog(interactive, catalog, known)
        }
        "carousel" => {
            framed(interactive, NO_HEADER, BODY, known)?;
            if at(interactive, "/footer")?.is_some() {
                return Err(Refusal::bad("a carousel has no footer"));
            }
            carousel::check(interactive, catalog, known)
        }
        "order_details" => {
            framed(interactive, &["image"], BODY, known)?;
            named(interactive, "review_and_pay")?;
            orders::message(interactive, known)
        }
        "order_status" => {
            framed(interactive, NO_HEADER, BODY, known)?;
            named(interactive, "review_order")?;
            orders::status(object(interactive, "/action/parameters")?, known)
        }
        asking => asked(interactive, asking, known),
    }
}

/// What the person is asked for.
fn asked(interactive: &Value, kind: &str, known: &Known<'_>) -> Checked {
    let action = match kind {
        "request_contact_info" | "address_message" | "flow" => kind,
        "location_request_message" => "send_location",
        "call_permission_request" | "voice_call" => {
            return Err(Refusal::new(NO_CALLS, "calls are switched off for this number"));
        }
        other => return Err(Refusal::bad(format!("interactive type {other} is not known"))),
    };
    framed(interactive, ANY_HEADER, BODY, known)?;
    named(interactive, action)?;
    if kind == "flow" {
        return flow(object(interactive, "/action/parameters")?);
    }
    Ok(())
}

/// Header, body and footer; the body is required.
fn framed(interactive: &Value, headers: &[&str], body: usize, known: &Known<'_>) -> Checked {
    header(interactive, headers, known)?;
    required(interactive, "/body/text", body)?;
    footer(interactive)
}

fn header(interactive: &Value, allowed: &[&str], known: &Known<'_>) -> Checked {
    let Some(header) = optional_object(interactive, "/header")? else {
        return Ok(());
    };
    if allowed.is_empty() {
        return Err(Refusal::bad("a header is not allowed for this interactive type"));
    }
    match one_of(header, "/type", allowed)? {
        "text" => required(header, "/text", HEADER).map(drop),
        kind => media::source(object(header, &format!("/{kind}"))?, kind, known),
    }
}

fn footer(interactive: &Value) -> Checked {
    match optional_object(interactive, "/footer")? {
        None => Ok(()),
        Some(footer) => required(footer, "/text", FOOTER).map(drop),
    }
}

/// The action carries its own name.
fn named(interactive: &Value, name: &str) -> Checked {
    one_of(interactive, "/action/name", &[name]).map(drop)
}

/// Reply buttons: at most three, ids and titles unique (interactive reply buttons page).
fn reply_buttons(interactive: &Value) -> Checked {
    filled_list(interactive, "/action/buttons")?;
    let buttons = list(interactive, "/action/buttons", 1, 3)?;
    let mut replies = Vec::new();
    for button in buttons {
        one_of(button, "/type", &["reply"])?;
        replies.push(object(button, "/reply")?);
    }
    replies_differ(&replies)
}

/// Buttons of one message: no id and no title twice, and no edge spaces in ids.
pub fn replies_differ(replies: &[&Value]) -> Checked {
    let mut seen = BTreeSet::new();
    for reply in replies {
        let id = required(reply, "/id", BUTTON_ID)?;
        let title = required(reply, "/title", BUTTON)?;
        if id.trim() != id {
            return Err(Refusal::bad("a button id may not begin or end with a space"));
        }
        if !(seen.insert(("id", id)) && seen.insert(("title", title))) {
            return Err(Refusal::bad("button ids and titles must be unique"));
        }
    }
    Ok(())
}

/// List rows: ten sections, ten rows in all (interactive list messages page).
fn rows(interactive: &Value) -> Checked {
    required(interactive, "/action/button", BUTTON)?;
    let sections = filled_list(interactive, "/action/sections")?;
    section_titles(sections)?;
    let (mut seen, mut count) = (BTreeSet::new(), 0);
    for section in sections {
        let rows = filled_list(section, "/rows")?;
        count += rows.len();
        for row in rows {
            required(row, "/title", 24)?;
            optional(row, "/description", 72)?;
            if !seen.insert(required(row, "/id", 200)?) {
                return Err(Refusal::bad("row ids must be unique"));
            }
        }
    }
    if count > 10 {
        return Err(Refusal::bad(format!("a list holds 10 rows in all, not {count}")));
    }
    Ok(())
}

/// Up to ten sections; with more than one, each has a title.
pub fn section_titles(sections: &[Value]) -> Checked {
    if sections.len() > 10 {
        return Err(Refusal::bad("between 1 and 10 sections are allowed"));
    }
    for section in sections {
        if sections.len() > 1 {
            required(section, "/title", 24)?;
        } else {
            optional(section, "/title", 24)?;
        }
    }
    Ok(())
}

/// `action.parameters` of a button that opens a page.
pub fn link_button(holder: &Value) -> Checked {
    required(holder, "/action/parameters/display_text", BUTTON)?;
    web_address(holder, "/action/parameters/url", LONG_BODY).map(drop)
}

/// A flow, by its id or its name (flow messages page).
fn flow(parameters: &Value) -> Checked {
    match (text(parameters, "/flow_id")?, text(parameters, "/flow_name")?) {
        (None, None) => return Err(Refusal::missing("flow_id or flow_name")),
        (Some(_), Some(_)) => return Err(Refusal::bad("a flow is named by flow_id or flow_name, not both")),
        (Some(_), None) => required(parameters, "/flow_id", BODY)?,
        (None, Some(_)) => required(parameters, "/flow_name", BODY)?,
    };
    required(parameters, "/flow_message_version", BUTTON)?;
    required(parameters, "/flow_cta", FLOW_BUTTON)?;
    text(parameters, "/flow_token")?;
    if at(parameters, "/mode")?.is_some() {
        one_of(parameters, "/mode", &["draft", "published"])?;
    }
    let action = match at(parameters, "/flow_action")? {
        None => "navigate",
        Some(_) => one_of(parameters, "/flow_action", &["navigate", "data_exchange"])?,
    };
    match optional_object(parameters, "/flow_action_payload")? {
        Some(payload) if action == "navigate" => {
            required(payload, "/screen", BODY)?;
            optional_object(payload, "/data").map(drop)
        }
        Some(_) | None => Ok(()),
    }
}
