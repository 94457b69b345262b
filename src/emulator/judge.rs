//! Brings one body and the state together: what the limits say now, what they will say later, and what a phone shows of
//! it. It changes nothing.

use serde_json::Value;

use super::graph::media;
use super::limits::{self, Catalog, Known, Refusal};
use super::render::{self, Shown};
use super::world::{State, World};

/// A body that was taken.
pub struct Judged {
    pub shown: Shown,
    /// The code of the `failed` status that follows.
    pub late: Option<i64>,
}

/// Checks a body against all that the number knows, except whether its recipient is there and the window is open.
pub fn judge(world: &World, state: &State, body: &Value) -> Result<Judged, Refusal> {
    let catalog = Catalog {
        id: &world.settings.catalog_id,
        items: &state.shop.native,
    };
    let now_ms = world.now_ms();
    let sendable = |id: &str| media::is_there(state, id, now_ms);
    let known = Known {
        now_ms,
        own_digits: &world.settings.business_digits(),
        orders: &state.orders,
        catalog_visible: state.account.number.commerce.is_catalog_visible,
        media: Some(&sendable),
    };
    limits::check(body, catalog, &known)?;
    Ok(Judged {
        shown: render::shown(body, &state.shop.native),
        late: limits::late(body, &known),
    })
}
