//! What a message shows, in shapes that can't be built over a provider's limit: bounded texts and bounded lists. Lists that
//! our code writes are checked when it is compiled or continue on a further page; lists from a store are checked when read.
//!
//! Limits: Meta, interactive messages and catalog pages, 2025-11 to 2026-06.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::button::Action;
use super::device::Device;
use super::ids::RetailerId;
use super::payment::OrderDetails;
use super::text::{
    Body, Header, LABEL_MAX, Label, LongBody, RowDescription, RowTitle, absent_when_blank, fit,
};

/// Most rows in a list, over all sections.
pub const ROWS_MAX: usize = 10;
/// Most sections in a list of rows or products.
pub const SECTIONS_MAX: usize = 10;
/// Most reply buttons.
pub const BUTTONS_MAX: usize = 3;
/// Most products in one product list, over all sections (rule R2).
pub const PRODUCTS_MAX: usize = 30;

/// Why a stored list is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// More or fewer entries than allowed.
    #[error("{count} {entries}, 1 to {max} are allowed")]
    Count {
        /// Of what.
        entries: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// Two entries that nobody can tell apart.
    #[error("two {0} are alike")]
    Alike(&'static str),
}

/// What a tap on a drawn button will ask, and for which cart as of which revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it asks.
    pub action: Action,
    /// Whose cart.
    pub device: Device,
    /// As of which revision.
    pub revision: u64,
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it asks.
    pub target: Target,
    /// Its label.
    pub label: Label,
}

/// One to three reply buttons, no two with the same label or the same target: Meta refuses both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Choice>")]
pub struct Choices(Vec<Choice>);

impl Choices {
    /// These buttons; more than three don't compile. What asks the same twice is shown once, and another button with a label
    /// that is taken gets a number.
    pub fn of<const N: usize>(choices: [Choice; N]) -> Self {
        const { assert!(N > 0 && N <= BUTTONS_MAX, "a message has one to three buttons") };
        let mut kept: Vec<Choice> = Vec::new();
        for choice in choices {
            if kept.iter().all(|known| known.target != choice.target) {
                let label = unlike(&kept, choice.label);
                kept.push(Choice { label, ..choice });
            }
        }
        Self(kept)
    }
}

fn unlike(known: &[Choice], label: Label) -> Label {
    let is_free = |label: &Label| known.iter().all(|choice| choice.label != *label);
    if is_free(&label) {
        return label;
    }
    let short = fit(&label, LABEL_MAX - 2);
    let mut numbered = (2..=BUTTONS_MAX + 1).map(|number| Label::cut(&format!("{short} {number}")));
    numbered.find(is_free).unwrap_or(label)
}

impl Deref for Choices {
    type Target = [Choice];

    fn deref(&self) -> &[Choice] {
        &self.0
    }
}

impl TryFrom<Vec<Choice>> for Choices {
    type Error = Unfit;

    fn try_from(choices: Vec<Choice>) -> Result<Self, Unfit> {
        counted("buttons", choices.len(), BUTTONS_MAX)?;
        let alike = |one: &Choice, other: &Choice| one.label == other.label || one.target == other.target;
        all_unlike("buttons", &choices, alike)?;
        Ok(Self(choices))
    }
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it asks.
    pub target: Target,
    /// Its title.
    pub title: RowTitle,
    /// More about it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "absent_when_blank"
    )]
    pub description: Option<RowDescription>,
}

impl Row {
    /// A row; a title that does not fit is cut, and told whole in the description where that has room.
    pub fn new(target: Target, title: &str, description: Option<&str>) -> Self {
        let short = RowTitle::cut(title);
        let whole = Some(title.trim()).filter(|whole| !whole.is_empty() && **whole != *short);
        let description = match (whole, description) {
            (Some(whole), Some(more)) => Some(format!("{more} · {whole}")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
            (None, None) => None,
        };
        let description = description.filter(|text| !text.trim().is_empty());
        Self {
            target,
            title: short,
            description: description.map(|text| RowDescription::cut(&text)),
        }
    }
}

/// A titled group of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title: required where there are several, so each has one.
    pub title: RowTitle,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One to ten rows in all, in sections that are not empty, no two rows with the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Section>")]
pub struct Sections(Vec<Section>);

impl Sections {
    /// The rows of these groups in their order, on as many pages as they need; none without rows. What asks the same twice
    /// is shown once.
    pub fn pages(groups: Vec<Section>) -> Vec<Self> {
        let mut pages: Vec<Self> = Vec::new();
        let mut seen: Vec<Target> = Vec::new();
        for Section { title, rows } in groups {
            for row in rows {
                if seen.contains(&row.target) {
                    continue;
                }
                seen.push(row.target.clone());
                if pages.last().is_none_or(|page| page.count() >= ROWS_MAX) {
                    pages.push(Self(Vec::new()));
                }
                if let Some(page) = pages.last_mut() {
                    page.add(&title, row);
                }
            }
        }
        pages
    }

    fn count(&self) -> usize {
        self.0.iter().map(|section| section.rows.len()).sum()
    }

    fn add(&mut self, title: &RowTitle, row: Row) {
        match self.0.last_mut().filter(|section| section.title == *title) {
            Some(section) => section.rows.push(row),
            None => self.0.push(Section {
                title: title.clone(),
                rows: vec![row],
            }),
        }
    }
}

impl Deref for Sections {
    type Target = [Section];

    fn deref(&self) -> &[Section] {
        &self.0
    }
}

impl TryFrom<Vec<Section>> for Sections {
    type Error = Unfit;

    fn try_from(sections: Vec<Section>) -> Result<Self, Unfit> {
        counted("sections", sections.len(), SECTIONS_MAX)?;
        for section in &sections {
            counted("rows of a section", section.rows.len(), ROWS_MAX)?;
        }
        let rows: Vec<&Row> = sections.iter().flat_map(|section| &section.rows).collect();
        counted("rows", rows.len(), ROWS_MAX)?;
        all_unlike("rows", &rows, |one, other| one.target == other.target)?;
        Ok(Self(sections))
    }
}

/// A titled group of products.
pub type Shelf = (RowTitle, Vec<RetailerId>);

/// One to thirty products in all, in sections that are not empty (rule R2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Shelf>")]
pub struct Shelves(Vec<Shelf>);

impl Shelves {
    /// The products in their order under one title, on as many pages as they need; none without products.
    pub fn pages(title: &RowTitle, products: &[RetailerId]) -> Vec<Self> {
        let page = |products: &[RetailerId]| Self(vec![(title.clone(), products.to_vec())]);
        products.chunks(PRODUCTS_MAX).map(page).collect()
    }

    /// All products in their order.
    pub fn products(&self) -> impl Iterator<Item = &RetailerId> {
        self.0.iter().flat_map(|(_, products)| products)
    }
}

impl Deref for Shelves {
    type Target = [Shelf];

    fn deref(&self) -> &[Shelf] {
        &self.0
    }
}

impl TryFrom<Vec<Shelf>> for Shelves {
    type Error = Unfit;

    fn try_from(shelves: Vec<Shelf>) -> Result<Self, Unfit> {
        counted("sections", shelves.len(), SECTIONS_MAX)?;
        for (_, products) in &shelves {
            counted("products of a section", products.len(), PRODUCTS_MAX)?;
        }
        let count = shelves.iter().map(|(_, products)| products.len()).sum();
        counted("products", count, PRODUCTS_MAX)?;
        Ok(Self(shelves))
    }
}

fn counted(entries: &'static str, count: usize, max: usize) -> Result<(), Unfit> {
    if (1..=max).contains(&count) {
        Ok(())
    } else {
        Err(Unfit::Count { entries, count, max })
    }
}

fn all_unlike<T>(what: &'static str, all: &[T], alike: impl Fn(&T, &T) -> bool) -> Result<(), Unfit> {
    let has_twin = |(at, one): (usize, &T)| all.iter().skip(at + 1).any(|other| alike(one, other));
    if all.iter().enumerate().any(has_twin) {
        Err(Unfit::Alike(what))
    } else {
        Ok(())
    }
}

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        body: LongBody,
    },
    /// Text with one to three reply buttons.
    Buttons {
        /// A picture above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// The text.
        body: Body,
        /// The buttons.
        choices: Choices,
    },
    /// Text with a list that opens.
    List {
        /// The text.
        body: LongBody,
        /// The label that opens it.
        opener: Label,
        /// Its sections.
        sections: Sections,
    },
    /// Text with a link.
    Link {
        /// The text.
        body: Body,
        /// The link's label.
        label: Label,
        /// Where it leads.
        url: String,
    },
    /// WhatsApp's own message of one product.
    NativeProduct {
        /// A text.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "absent_when_blank"
        )]
        body: Option<Body>,
        /// The product.
        retailer_id: RetailerId,
    },
    /// WhatsApp's own message of up to 30 products.
    NativeProducts {
        /// The header, required.
        header: Header,
        /// The text.
        body: Body,
        /// Title and products of each section.
        sections: Shelves,
    },
    /// WhatsApp's own entrance to the shop's catalog.
    NativeCatalog {
        /// The text.
        body: Body,
        /// The product whose picture is shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thumbnail: Option<RetailerId>,
    },
    /// What a purchase costs, with a Pix code to copy.
    OrderDetails(Box<OrderDetails>),
}

impl Content {
    /// The text that a person reads in it.
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Text { body } | Self::List { body, .. } => Some(body),
            Self::Buttons { body, .. }
            | Self::Link { body, .. }
            | Self::NativeProducts { body, .. }
            | Self::NativeCatalog { body, .. } => Some(body),
            Self::NativeProduct { body, .. } => body.as_deref(),
            Self::OrderDetails(details) => Some(&details.body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(action: Action, label: &str) -> Choice {
        let label = Label::cut(label);
        Choice {
            target: target(action),
            label,
        }
    }

    fn target(action: Action) -> Target {
        Target {
            action,
            device: Device::Android,
            revision: 1,
        }
    }

    #[test]
    fn buttons_that_look_alike_are_numbered_and_one_that_asks_the_same_is_shown_once() {
        let long = "Falar com atendente.";
        let choices = Choices::of([
            choice(Action::Menu, long),
            choice(Action::Cart, long),
            choice(Action::Person, long),
        ]);
        let labels: Vec<&str> = choices.iter().map(|choice| &*choice.label).collect();
        assert_eq!(labels, [long, "Falar com… 2", "Falar com… 3"]);
        let twice = Choices::of([choice(Action::Menu, "A"), choice(Action::Menu, "B")]);
        assert_eq!(twice.len(), 1);
    }

    #[test]
    fn rows_beyond_ten_go_to_a_further_page_under_their_title() {
        let rows = |from: usize, to: usize| -> Vec<Row> {
            (from..to)
                .map(|n| {
                    Row::new(
                        target(Action::Product(RetailerId::new(format!("p{n}")))),
                        "x",
                        None,
                    )
                })
                .collect()
        };
        let section = |title: &str, rows| Section {
            title: RowTitle::cut(title),
            rows,
        };
        let groups = vec![
            section("A", rows(0, 8)),
            section("-", vec![]),
            section("B", rows(6, 12)),
        ];
        let pages = Sections::pages(groups);
        let counts: Vec<Vec<usize>> = pages
            .iter()
            .map(|page| page.iter().map(|section| section.rows.len()).collect())
            .collect();
        assert_eq!(counts, [vec![8, 2], vec![2]]);
        assert_eq!(&*pages[1][0].title, "B");
        assert!(Sections::pages(vec![section("A", vec![])]).is_empty());
    }

    #[test]
    fn a_stored_content_is_read_as_it_was_and_refused_over_a_limit() {
        let stored = |labels: &[&str]| {
            let choices: Vec<serde_json::Value> = labels
                .iter()
                .enumerate()
                .map(|(n, label)| {
                    let target = target(Action::Product(RetailerId::new(format!("p{n}"))));
                    serde_json::json!({ "target": target, "label": label })
                })
                .collect();
            serde_json::json!({ "buttons": { "body": "Oi", "choices": choices } })
        };
        let read = |value: &serde_json::Value| serde_json::from_value::<Content>(value.clone());
        let good = stored(&["A", "B"]);
        assert_eq!(serde_json::to_value(read(&good).unwrap()).unwrap(), good);
        for bad in [
            &["A", "A"][..],
            &[],
            &["A", "B", "C", "D"],
            &["012345678901234567890"],
        ] {
            assert!(read(&stored(bad)).is_err(), "{bad:?}");
        }
        let native = serde_json::json!({ "native_products": { "header": "Loja", "body": "Oi",
            "sections": [["Produtos", ["a", "b"]]] } });
        assert_eq!(serde_json::to_value(read(&native).unwrap()).unwrap(), native);
    }
}
