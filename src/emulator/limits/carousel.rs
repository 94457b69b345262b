//! Free-form carousels: two to ten cards, all of products or all of media with the same buttons (interactive carousel
//! pages, December 2025).

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{Checked, at, filled_list, list, object, one_of, optional, whole};
use super::{Catalog, Known, Refusal, interactive, media, products};

const CARD_BODY: usize = 160;
const CARD_BREAKS: usize = 2;
const CARD_BUTTONS: usize = 3;

/// Checks the cards of an `interactive` carousel.
pub fn check(interactive: &Value, catalog: Catalog<'_>, known: &Known<'_>) -> Checked {
    filled_list(interactive, "/action/cards")?;
    let cards = list(interactive, "/action/cards", 2, 10)?;
    indexes(cards)?;
    let mut shapes = BTreeSet::new();
    for card in cards {
        let kind = one_of(card, "/type", &["product", "cta_url", "quick_reply"])?;
        shapes.insert(if kind == "product" {
            product_card(card, catalog)?
        } else {
            media_card(card, known)?
        });
    }
    if shapes.len() > 1 {
        return Err(Refusal::bad(
            "all cards of a carousel have the same kind and number of buttons",
        ));
    }
    Ok(())
}

/// `card_index` is 0 to 9, each once.
pub fn indexes(cards: &[Value]) -> Checked {
    let mut seen = BTreeSet::new();
    for card in cards {
        let index = whole(card, "/card_index")?.ok_or_else(|| Refusal::missing("card_index"))?;
        if !(0..=9).contains(&index) || !seen.insert(index) {
            return Err(Refusal::bad(
                "card_index is 0 to 9, and each card has another one",
            ));
        }
    }
    Ok(())
}

/// Kind and number of buttons, the same on all cards.
type Shape = (&'static str, usize);

fn product_card(card: &Value, catalog: Catalog<'_>) -> Result<Shape, Refusal> {
    for part in ["header", "footer"] {
        if at(card, &format!("/{part}"))?.is_some() {
            return Err(Refusal::bad(format!("a {part} is not allowed on a product card")));
        }
    }
    if at(card, "/action/buttons")?.is_some() {
        return Err(Refusal::bad("buttons are not allowed on a product card"));
    }
    products::single(card, catalog)?;
    Ok(("product", 0))
}

fn media_card(card: &Value, known: &Known<'_>) -> Result<Shape, Refusal> {
    let header = object(card, "/header")?;
    let kind = one_of(header, "/type", &["image", "video"])?;
    media::source(object(header, &format!("/{kind}"))?, kind, known)?;
    if let Some(body) = optional(card, "/body/text", CARD_BODY)?
        && body.matches('\n').count() > CARD_BREAKS
    {
        return Err(Refusal::bad(format!(
            "the body of a card holds {CARD_BREAKS} line breaks"
        )));
    }
    if at(card, "/action/buttons")?.is_none() {
        one_of(card, "/action/name", &["cta_url"])?;
        interactive::link_button(card)?;
        return Ok(("link", 1));
    }
    let mut replies = Vec::new();
    for button in list(card, "/action/buttons", 1, CARD_BUTTONS)? {
        one_of(button, "/type", &["quick_reply"])?;
        replies.push(object(button, "/quick_reply")?);
    }
    interactive::replies_differ(&replies)?;
    Ok(("reply", replies.len()))
}
