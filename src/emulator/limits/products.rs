//! Messages about products: each must be in the connected catalog (catalog messages, single- and multi-product pages).

use serde_json::Value;

use super::fields::{Checked, at, filled_list, optional_object, required};
use super::{BODY, Catalog, Known, Refusal, interactive};

const PRODUCTS: usize = 30;
const NOT_FOUND: &str = "Products not found in FB Catalog";

/// One product of the connected catalog, named by `action`.
pub fn single(holder: &Value, catalog: Catalog<'_>) -> Checked {
    same_catalog(holder, "/action/catalog_id", catalog)?;
    known_product(holder, "/action/product_retailer_id", catalog)
}

/// Up to thirty products in all; unknown ones are dropped unless all are (multi-product messages page).
pub fn sections(action: &Value, catalog: Catalog<'_>) -> Checked {
    same_catalog(action, "/catalog_id", catalog)?;
    shelves(action, catalog)
}

/// The sections of `action`, whatever catalog it names.
pub fn shelves(action: &Value, catalog: Catalog<'_>) -> Checked {
    let sections = filled_list(action, "/sections")?;
    interactive::section_titles(sections)?;
    let (mut count, mut found) = (0, 0);
    for section in sections {
        for item in filled_list(section, "/product_items")? {
            let id = required(item, "/product_retailer_id", BODY)?;
            count += 1;
            found += usize::from(catalog.items.contains_key(id));
        }
    }
    if count > PRODUCTS {
        return Err(Refusal::bad(format!(
            "a product list holds {PRODUCTS} products in all, not {count}"
        )));
    }
    if found == 0 {
        return Err(Refusal::bad(NOT_FOUND));
    }
    Ok(())
}

/// The whole catalog behind one button. A number's catalog must be visible (commerce settings page).
pub fn whole_catalog(interactive: &Value, catalog: Catalog<'_>, known: &Known<'_>) -> Checked {
    if !known.catalog_visible {
        return Err(Refusal::bad(
            "the catalog is switched off in the commerce settings of this number",
        ));
    }
    optional_object(interactive, "/action/parameters")?;
    thumbnail(
        interactive,
        "/action/parameters/thumbnail_product_retailer_id",
        catalog,
    )
}

/// The product whose picture stands for the catalog, if one is named.
pub fn thumbnail(holder: &Value, pointer: &str, catalog: Catalog<'_>) -> Checked {
    match at(holder, pointer)? {
        None => Ok(()),
        Some(_) => known_product(holder, pointer, catalog),
    }
}

/// The required catalog id at `pointer` is that of the connected catalog.
pub fn same_catalog(value: &Value, pointer: &str, catalog: Catalog<'_>) -> Checked {
    if required(value, pointer, BODY)? == catalog.id {
        return Ok(());
    }
    Err(Refusal::bad(NOT_FOUND))
}

/// The required product id at `pointer` is in the catalog.
pub fn known_product(value: &Value, pointer: &str, catalog: Catalog<'_>) -> Checked {
    if catalog.items.contains_key(required(value, pointer, BODY)?) {
        return Ok(());
    }
    Err(Refusal::bad(NOT_FOUND))
}
