//! The reference for carts: from what customers did, the carts that a conversation may have after each commit. Whether an old
//! button is stale is the program's own business; what a button may change, and whose cart, is not.

use std::collections::{BTreeMap, BTreeSet};

use sacola::domain::cart::{Cart, Checkout, QUANTITY_MAX};
use sacola::domain::conversation::Conversation;
use sacola::domain::device::Device;
use sacola::domain::ids::{HomeId, PurchaseId, RetailerId};
use sacola::domain::purchase::{Purchase, PurchaseState};
use sacola::store::{Commit, DoneMark};

/// What a customer's event asks of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// One unit more.
    Add(RetailerId),
    /// So many units.
    Set(RetailerId, u8),
    /// No unit.
    Remove(RetailerId),
    /// No line.
    Empty,
    /// Buy all of it, as this purchase.
    Confirm(PurchaseId),
    /// Take over what another device has.
    Copy(Device),
}

/// A customer's event.
#[derive(Clone, Debug)]
pub struct Asked {
    pub device: Device,
    pub act: Act,
    /// The cart revision that its button was drawn for.
    pub drawn_at: u64,
    pub expires_at_ms: i64,
}

/// Units by device and product.
type Quantities = BTreeMap<Device, BTreeMap<RetailerId, u8>>;

#[derive(Debug, Default)]
pub struct Carts {
    asked: BTreeMap<DoneMark, Asked>,
    before: BTreeMap<HomeId, Conversation>,
}

impl Carts {
    /// A customer does something that will arrive under this mark.
    pub fn expect(&mut self, mark: DoneMark, asked: Asked) {
        self.asked.insert(mark, asked);
    }

    /// All of them.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.before.values()
    }

    /// Judges a commit; returns what is wrong with it.
    pub fn committed(&mut self, commit: &Commit) -> Vec<String> {
        let Ok(after) = serde_json::from_str::<Conversation>(&commit.state) else {
            return vec![format!("the state of {} can't be read", commit.home)];
        };
        let before = self.before.remove(&commit.home);
        let before = before.unwrap_or_else(|| Conversation::new(after.home.clone(), after.number.clone()));
        let mut wrong = Vec::new();
        let events = u64::try_from(commit.marks.len()).unwrap_or(0);
        if commit.revision != before.revision + events {
            wrong.push(format!(
                "{}: {events} events lead from revision {} to {}",
                commit.home, before.revision, commit.revision
            ));
        }
        let mut possible: BTreeSet<Quantities> = [quantities(&before)].into();
        for mark in &commit.marks {
            possible = match self.asked.get(mark) {
                Some(asked) => apply(&possible, asked, &after),
                None => restore(&possible, &before, &after),
            };
        }
        let found = quantities(&after);
        if !possible.contains(&found) {
            wrong.push(format!(
                "{} revision {}: the carts are {found:?}, which nobody asked for",
                commit.home, commit.revision
            ));
        }
        if let [mark] = commit.marks.as_slice()
            && let Some(asked) = self.asked.get(mark)
        {
            wrong.extend(ignored(&before, &after, asked));
        }
        for mark in &commit.marks {
            if let Some(Asked {
                device,
                act: Act::Confirm(id),
                ..
            }) = self.asked.get(mark)
            {
                wrong.extend(other_lines(&before, &after, *device, id, commit.marks.len()));
            }
        }
        self.before.insert(commit.home.clone(), after);
        wrong
    }
}

fn quantities(conversation: &Conversation) -> Quantities {
    let of_device = |(device, cart): (&Device, &Cart)| {
        let lines = cart.lines.iter();
        let lines: BTreeMap<_, _> = lines
            .map(|line| (line.retailer_id.clone(), line.quantity))
            .collect();
        (!lines.is_empty()).then_some((*device, lines))
    };
    conversation.carts.iter().filter_map(of_device).collect()
}

/// The carts before and those that the event may have made of them.
fn apply(possible: &BTreeSet<Quantities>, asked: &Asked, after: &Conversation) -> BTreeSet<Quantities> {
    let mut next = possible.clone();
    for carts in possible {
        let mut carts = carts.clone();
        let other = |device: &Device| carts.get(device).cloned().unwrap_or_default();
        let mut own = other(&asked.device);
        match &asked.act {
            Act::Nothing => {}
            Act::Add(id) => {
                let units = own.entry(id.clone()).or_default();
                *units = (*units + 1).min(QUANTITY_MAX);
            }
            Act::Set(id, units) => {
                own.insert(id.clone(), *units);
            }
            Act::Remove(id) => {
                own.remove(id);
            }
            Act::Empty => own.clear(),
            Act::Confirm(id) => {
                if after.purchase(id).is_some() {
                    own.clear();
                }
            }
            Act::Copy(from) => {
                for (id, units) in other(from) {
                    let here = own.entry(id).or_default();
                    *here = units.max(*here);
                }
            }
        }
        if own.is_empty() {
            carts.remove(&asked.device);
        } else {
            carts.insert(asked.device, own);
        }
        next.insert(carts);
    }
    next
}

/// News of our own: a declined purchase gives its lines back, nothing else touches a cart.
fn restore(
    possible: &BTreeSet<Quantities>,
    before: &Conversation,
    after: &Conversation,
) -> BTreeSet<Quantities> {
    let was_open = |id: &PurchaseId| {
        before
            .purchase(id)
            .is_none_or(|known| known.state != PurchaseState::Declined)
    };
    let declined: Vec<&Purchase> = after
        .purchases
        .iter()
        .filter(|purchase| purchase.state == PurchaseState::Declined && was_open(&purchase.purchase_id))
        .collect();
    let mut next = possible.clone();
    for purchase in declined {
        for mut carts in next.clone() {
            let own = carts.entry(purchase.device).or_default();
            for line in &purchase.quote.lines {
                let here = own.entry(line.retailer_id.clone()).or_default();
                *here = here.saturating_add(line.quantity).min(QUANTITY_MAX);
            }
            next.insert(carts);
        }
    }
    next
}

/// A button that was drawn for the very cart as it is, on the same device, must do what it says; unless there is news about the
/// cart, which the customer must see first.
fn ignored(before: &Conversation, after: &Conversation, asked: &Asked) -> Option<String> {
    let (old, new) = (before.cart(asked.device), after.cart(asked.device));
    let is_noticed = |cart: &Cart| cart.lines.iter().any(|line| line.noticed.is_some());
    let is_over = asked.expires_at_ms <= after.changed_at_ms;
    if old.revision != asked.drawn_at || is_noticed(&old) || is_noticed(&new) || is_over {
        return None;
    }
    let units = |cart: &Cart, id: &RetailerId| cart.line(id).map_or(0, |line| line.quantity);
    let is_done = match &asked.act {
        Act::Add(id) => units(&new, id) == (units(&old, id) + 1).min(QUANTITY_MAX),
        Act::Set(id, wanted) => units(&old, id) == 0 || units(&new, id) == *wanted,
        Act::Remove(id) => units(&new, id) == 0,
        Act::Empty => new.is_empty(),
        Act::Confirm(id) => !may_confirm(&old, after) || after.purchase(id).is_some(),
        Act::Nothing | Act::Copy(_) => true,
    };
    (!is_done).then(|| format!("{}: {:?} was not done", after.home, asked.act))
}

/// True when the cart's quote was shown for it as it is, and still holds.
fn may_confirm(cart: &Cart, after: &Conversation) -> bool {
    match &cart.checkout {
        Some(Checkout::Shown { revision, quote }) => {
            *revision == cart.revision && quote.expires_at_ms > after.changed_at_ms
        }
        Some(Checkout::Asked { .. }) | None => false,
    }
}

/// What a confirmation buys is the cart that it was drawn for, line by line.
fn other_lines(
    before: &Conversation,
    after: &Conversation,
    device: Device,
    id: &PurchaseId,
    marks: usize,
) -> Option<String> {
    let purchase = after.purchase(id).filter(|_| before.purchase(id).is_none())?;
    let bought: BTreeMap<_, _> = purchase
        .quote
        .lines
        .iter()
        .map(|line| (line.retailer_id.clone(), line.quantity))
        .collect();
    let cart = quantities(before).remove(&device).unwrap_or_default();
    (marks == 1 && bought != cart).then(|| format!("{id} buys {bought:?}, the cart was {cart:?}"))
}
