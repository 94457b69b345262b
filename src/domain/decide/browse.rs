//! Looking around: the menu, categories in pages, one product, native product messages. A category of any size is reached
//! in a few taps: short ones are paged, long ones are cut into named ranges first.

use super::{Turn, draw};
use crate::domain::button::{Action, Slice};
use crate::domain::facts::{Category, Outline};
use crate::domain::ids::RetailerId;
use crate::domain::message::{
    Body, Choices, Content, Header, Kind, Message, ROW_TITLE_MAX, Row, RowTitle, Section, Shelves,
};
use crate::domain::product::Product;
use crate::domain::replies::Phrase;
use crate::domain::text::{fit, plain, plain_lines};

/// Categories on one page of the menu (10 rows in all; the rest is for cart, purchases, person, next).
const MENU_ROWS: usize = 6;
/// Products on one page.
const PAGE_ROWS: usize = 8;
/// Up to so many products a list is paged; beyond, it is cut into ranges.
const PAGED_MAX: usize = 24;
/// Ranges in one list.
const RANGES: usize = 8;

/// What a list shows for products `from..to` of a category.
enum View {
    Products {
        from: usize,
        to: usize,
        next: Option<(usize, usize)>,
    },
    Ranges(Vec<(usize, usize)>),
}

fn view(count: usize, range: Option<(usize, usize)>) -> View {
    let (from, to) = range.unwrap_or((0, count));
    let (from, to) = (from.min(count), to.min(count));
    let len = to.saturating_sub(from);
    if len <= PAGED_MAX {
        let end = to.min(from + PAGE_ROWS);
        return View::Products {
            from,
            to: end,
            next: (end < to).then_some((end, to)),
        };
    }
    let step = len.div_ceil(RANGES).max(PAGE_ROWS);
    let starts = (from..to).step_by(step);
    View::Ranges(starts.map(|start| (start, (start + step).min(to))).collect())
}

/// Products whose facts are needed to show that part of a category.
pub(super) fn shown(category: &Category, range: Option<(usize, usize)>) -> Vec<RetailerId> {
    let pick = |index: usize| category.products.get(index).cloned();
    match view(category.products.len(), range) {
        View::Products { from, to, .. } => (from..to).filter_map(pick).collect(),
        View::Ranges(ranges) => ranges
            .into_iter()
            .flat_map(|(from, to)| [pick(from), pick(to - 1)])
            .flatten()
            .collect(),
    }
}

/// The shop's entrance.
pub(super) fn menu(turn: &mut Turn<'_>, from: usize) {
    let outline = turn.facts.outline.clone().unwrap_or_default();
    let shop = draw::shop_name(turn);
    let body = if outline.categories.is_empty() {
        turn.say(Phrase::NothingOnSale { shop: &shop })
    } else {
        turn.say(Phrase::Greeting { shop: &shop })
    };
    let from = if from < outline.categories.len() { from } else { 0 };
    let categories: Vec<Row> = outline
        .categories
        .iter()
        .skip(from)
        .take(MENU_ROWS)
        .map(|category| category_row(turn, category))
        .collect();
    let mut more = Vec::new();
    let next = from + MENU_ROWS;
    if next < outline.categories.len() {
        let slice = Slice::Menu {
            from: u16::try_from(next).unwrap_or(u16::MAX),
        };
        more.push(Row::new(
            turn.target(Action::Page(slice)),
            &turn.say(Phrase::NextRow),
            None,
        ));
    }
    more.extend(standing_rows(turn, !outline.categories.is_empty()));
    let sections = vec![
        turn.section(Phrase::CategoriesSection, categories),
        turn.section(Phrase::MoreSection, more),
    ];
    let messages = Message::list(Kind::Menu, &body, &turn.label(Phrase::OptionsOpener), sections);
    turn.reply(messages);
}

/// Cart or WhatsApp's catalog, purchases, person: three rows at most.
fn standing_rows(turn: &Turn<'_>, has_products: bool) -> Vec<Row> {
    let cart = turn.cart();
    let mut rows = Vec::new();
    if !cart.is_empty() {
        let summary = turn.say(Phrase::CartSummary {
            units: cart.units(),
            total: &draw::total_text(turn, &cart),
        });
        rows.push(Row::new(
            turn.target(Action::Cart),
            &turn.say(Phrase::CartLabel),
            Some(&summary),
        ));
    } else if has_products && turn.facts.shop.catalog_id.is_some() {
        let target = turn.target(Action::Page(Slice::NativeCatalog));
        rows.push(Row::new(target, &turn.say(Phrase::NativeCatalogRow), None));
    }
    if !turn.conversation.purchases.is_empty() {
        rows.push(Row::new(
            turn.target(Action::Purchase(None)),
            &turn.say(Phrase::PurchasesRow),
            None,
        ));
    }
    rows.push(Row::new(
        turn.target(Action::Person),
        &turn.say(Phrase::PersonLabel),
        None,
    ));
    rows
}

fn category_row(turn: &Turn<'_>, category: &Category) -> Row {
    let count = turn.say(Phrase::ProductCount {
        count: category.count,
    });
    Row::new(
        turn.target(Action::Category(category.key.clone())),
        &category_title(turn, category),
        Some(&count),
    )
}

fn category_title(turn: &Turn<'_>, category: &Category) -> String {
    category
        .title
        .as_deref()
        .map_or_else(|| turn.say(Phrase::OtherProductsRow), draw::plain_title)
}

/// A category, or a part of it.
pub(super) fn category(turn: &mut Turn<'_>, key: &str, range: Option<(usize, usize)>) {
    let outline = turn.facts.outline.clone().unwrap_or_default();
    let Some(category) = outline.category(key) else {
        return menu(turn, 0);
    };
    let count = category.products.len();
    let title = category_title(turn, category);
    let body = turn.say(Phrase::CategoryBody { title: &title, count });
    let (rows, next) = match view(count, range) {
        View::Products { from, to, next } => (product_rows(turn, category, from, to), next),
        View::Ranges(ranges) => (range_rows(turn, category, &ranges), None),
    };
    let mut more = Vec::new();
    if let Some((from, to)) = next {
        more.push(Row::new(
            turn.target(slice_of(category, from, to)),
            &turn.say(Phrase::NextRow),
            None,
        ));
    }
    more.push(Row::new(
        turn.target(Action::Menu),
        &turn.say(Phrase::MenuLabel),
        None,
    ));
    let sections = vec![
        Section {
            title: RowTitle::cut(&title),
            rows,
        },
        turn.section(Phrase::MoreSection, more),
    ];
    let messages = Message::list(
        Kind::Catalog,
        &body,
        &turn.label(Phrase::ProductsOpener),
        sections,
    );
    turn.reply(messages);
}

fn slice_of(category: &Category, from: usize, to: usize) -> Action {
    let index = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    Action::Page(Slice::Category {
        key: category.key.clone(),
        from: index(from),
        to: index(to),
    })
}

fn product_rows(turn: &mut Turn<'_>, category: &Category, from: usize, to: usize) -> Vec<Row> {
    let ids: Vec<RetailerId> = category
        .products
        .iter()
        .skip(from)
        .take(to - from)
        .cloned()
        .collect();
    let mut rows = Vec::new();
    for id in ids {
        turn.used.insert(id.clone());
        if let Some(product) = turn.facts.product(&id) {
            let price = turn.money(&product.price);
            let title = draw::plain_title(&product.title);
            rows.push(Row::new(turn.target(Action::Product(id)), &title, Some(&price)));
        }
    }
    rows
}

fn range_rows(turn: &Turn<'_>, category: &Category, ranges: &[(usize, usize)]) -> Vec<Row> {
    let title_at = |index: usize| {
        let product = category.products.get(index).and_then(|id| turn.facts.product(id));
        product
            .map(|product| draw::plain_title(&product.title))
            .unwrap_or_default()
    };
    let row = |(from, to): &(usize, usize)| {
        let (first, last) = (title_at(*from), title_at(to - 1));
        let half = (ROW_TITLE_MAX - 3) / 2;
        let title = format!("{} – {}", fit(&first, half), fit(&last, half));
        let count = turn.say(Phrase::ProductCount { count: to - from });
        Row::new(turn.target(slice_of(category, *from, *to)), &title, Some(&count))
    };
    ranges.iter().map(row).collect()
}

/// One product with its picture.
pub(super) fn product(turn: &mut Turn<'_>, id: &RetailerId) {
    turn.used.insert(id.clone());
    let Some(product) = turn.facts.product(id).cloned() else {
        let message = draw::error(turn, Phrase::ProductGone);
        return turn.reply(message);
    };
    let body = product_text(turn, &product);
    let cart = turn.choice(Action::Cart, Phrase::CartLabel);
    let menu = turn.choice(Action::Menu, Phrase::MenuLabel);
    let choices = if product.in_stock() {
        let add = turn.choice(Action::Add(id.clone()), Phrase::AddLabel);
        Choices::of([add, cart, menu])
    } else {
        Choices::of([cart, menu])
    };
    let messages = Message::pictured(Kind::Product, &body, product.image_url, choices);
    turn.reply(messages);
}

fn product_text(turn: &Turn<'_>, product: &Product) -> String {
    let mut text = vec![format!("*{}*", draw::plain_title(&product.title))];
    let description = product.description.as_deref().map(plain_lines);
    text.extend(description.map(|description| fit(&description, 600)));
    let options = product.options.as_deref().map(plain);
    text.extend(options.map(|options| fit(&options, 150)));
    text.retain(|line| !line.is_empty());
    text.push(turn.money(&product.price));
    if !product.in_stock() {
        text.push(turn.say(Phrase::SoldOut));
    }
    if let Some(line) = turn.cart().line(&product.retailer_id) {
        text.push(turn.say(Phrase::InCart {
            quantity: line.quantity,
        }));
    }
    text.join("\n")
}

/// WhatsApp's own catalog, when one is connected; the menu otherwise.
pub(super) fn native_catalog(turn: &mut Turn<'_>) {
    let outline = turn.facts.outline.clone().unwrap_or_default();
    if turn.facts.shop.catalog_id.is_none() || outline.categories.is_empty() {
        return menu(turn, 0);
    }
    let thumbnail = first_product(&outline);
    let body = turn.say(Phrase::NativeCatalogBody {
        shop: &draw::shop_name(turn),
    });
    let content = Content::NativeCatalog {
        body: Body::cut(&body),
        thumbnail,
    };
    turn.reply(vec![Message::new(Kind::Catalog, content)]);
}

fn first_product(outline: &Outline) -> Option<RetailerId> {
    outline
        .categories
        .iter()
        .find_map(|category| category.products.first().cloned())
}

/// The merchant asks to show products: one message for one, groups of up to 30 for more (rule R2). Without a native catalog
/// they are shown as our own messages.
pub(super) fn requested(turn: &mut Turn<'_>, products: &[RetailerId], body: Option<&str>) {
    let known: Vec<RetailerId> = products
        .iter()
        .filter(|id| turn.facts.product(id).is_some())
        .cloned()
        .collect();
    turn.used.extend(known.iter().cloned());
    if turn.facts.shop.catalog_id.is_none() {
        return known.iter().for_each(|id| product(turn, id));
    }
    if let [only] = known.as_slice() {
        let content = Content::NativeProduct {
            body: body.map(Body::cut),
            retailer_id: only.clone(),
        };
        return turn.reply(vec![Message::new(Kind::Product, content)]);
    }
    let title = RowTitle::cut(&turn.say(Phrase::ProductsSection));
    for shelves in Shelves::pages(&title, &known) {
        let message = product_list(turn, shelves, body);
        turn.reply(vec![message]);
    }
}

/// Several products; one that is left over alone is a message of one product.
fn product_list(turn: &Turn<'_>, shelves: Shelves, body: Option<&str>) -> Message {
    let first: Vec<&RetailerId> = shelves.products().take(2).collect();
    if let [only] = first.as_slice() {
        let content = Content::NativeProduct {
            body: None,
            retailer_id: (*only).clone(),
        };
        return Message::new(Kind::Product, content);
    }
    let shop = draw::shop_name(turn);
    let default_body = turn.say(Phrase::ShareBody { shop: &shop });
    let content = Content::NativeProducts {
        header: Header::cut(&shop),
        body: Body::cut(body.unwrap_or(&default_body)),
        sections: shelves,
    };
    Message::new(Kind::Catalog, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taps_to(count: usize, wanted: usize) -> usize {
        let mut range = None;
        for taps in 1..20 {
            match view(count, range) {
                View::Products { from, to, next } => {
                    if (from..to).contains(&wanted) {
                        return taps;
                    }
                    range = next;
                }
                View::Ranges(ranges) => {
                    range = ranges
                        .into_iter()
                        .find(|(from, to)| (*from..*to).contains(&wanted));
                }
            }
        }
        panic!("product {wanted} of {count} is not reachable");
    }

    #[test]
    fn any_of_three_hundred_products_is_at_most_six_taps_away() {
        for count in [1, 8, 9, 24, 25, 64, 300, 5_000] {
            let worst = (0..count).map(|wanted| taps_to(count, wanted)).max().unwrap();
            let limit = if count <= 300 { 6 } else { 8 };
            assert!(worst <= limit, "{count} products need {worst} taps");
        }
    }

    #[test]
    fn a_list_never_needs_more_than_ten_rows() {
        for count in 0..400 {
            match view(count, None) {
                View::Products { from, to, .. } => assert!(to - from <= PAGE_ROWS),
                View::Ranges(ranges) => assert!(ranges.len() <= RANGES && ranges.iter().all(|(a, b)| b > a)),
            }
        }
    }
}
