//! Asks about merchants' catalogs, markers and interest.

use proptest::prelude::*;
use sacola::domain::ids::RetailerId;
use sacola::store::{ProductWrite, UnixMs};

use super::asks::Answer;
use super::known::{
    HOMES, Known, MERCHANTS, PRODUCTS, home_of, interest_of, merchant_of, product_of, products,
};
use super::stores::Side;

#[derive(Clone, Debug)]
pub enum CatalogAsk {
    Read {
        merchant: usize,
    },
    Generation {
        merchant: usize,
    },
    Products {
        merchant: usize,
        products: Vec<usize>,
    },
    Put {
        merchant: usize,
        writes: Vec<News>,
    },
    Raise {
        product: (usize, usize),
        version: u64,
    },
    Interested {
        /// A conversation in the shard that is asked for.
        home: usize,
        product: (usize, usize),
        after: Option<usize>,
        limit: usize,
    },
}

/// News of a product.
#[derive(Clone, Debug)]
pub struct News {
    product: usize,
    /// What customers are told, and what they are not told; `None`: it is gone.
    shown: Option<(usize, usize)>,
    merchant_version: Option<u64>,
    /// How long ago it was learned.
    age_ms: i64,
}

pub fn asks() -> impl Strategy<Value = CatalogAsk> {
    let some = prop::sample::subsequence((0..PRODUCTS).collect::<Vec<usize>>(), 0..=PRODUCTS);
    let after = prop::option::weighted(0.3, 0..HOMES);
    prop_oneof![
        1 => (0..MERCHANTS).prop_map(|merchant| CatalogAsk::Read { merchant }),
        1 => (0..MERCHANTS).prop_map(|merchant| CatalogAsk::Generation { merchant }),
        1 => (0..MERCHANTS, some).prop_map(|(merchant, products)| CatalogAsk::Products { merchant, products }),
        4 => (0..MERCHANTS, prop::collection::vec(news(), 1..4))
            .prop_map(|(merchant, writes)| CatalogAsk::Put { merchant, writes }),
        3 => (products(), 0..4_u64).prop_map(|(product, version)| CatalogAsk::Raise { product, version }),
        2 => (0..HOMES, products(), after, 1..4_usize).prop_map(|(home, product, after, limit)| {
            CatalogAsk::Interested { home, product, after, limit }
        }),
    ]
}

fn news() -> impl Strategy<Value = News> {
    let age_ms = prop::sample::select(vec![0_i64, 400, 800]);
    let shown = prop::option::weighted(0.75, (0..3_usize, 0..2_usize));
    let merchant_version = prop::option::weighted(0.3, 0..20_u64);
    (0..PRODUCTS, shown, merchant_version, age_ms).prop_map(|(product, shown, merchant_version, age_ms)| {
        News {
            product,
            shown,
            merchant_version,
            age_ms,
        }
    })
}

fn write_of(news: &News, now_ms: UnixMs) -> ProductWrite {
    ProductWrite {
        retailer_id: product_of(news.product),
        product: news
            .shown
            .map(|(offer, rest)| format!("{{\"offer\":{offer},\"|\":{rest}}}")),
        offer: news
            .shown
            .map_or_else(String::new, |(offer, _)| format!("offer {offer}")),
        merchant_version: news.merchant_version,
        learned_at_ms: now_ms - news.age_ms,
    }
}

pub async fn answer(side: &Side, known: &Known, ask: &CatalogAsk) -> Answer {
    let store = &side.store;
    match ask {
        CatalogAsk::Read { merchant } => Answer::of(&store.catalog(&merchant_of(*merchant)).await),
        CatalogAsk::Generation { merchant } => {
            Answer::of(&store.catalog_generation(&merchant_of(*merchant)).await)
        }
        CatalogAsk::Products { merchant, products } => {
            let ids: Vec<RetailerId> = products.iter().map(|n| product_of(*n)).collect();
            Answer::of(&store.products(&merchant_of(*merchant), &ids).await)
        }
        CatalogAsk::Put { merchant, writes } => {
            let writes: Vec<ProductWrite> = writes.iter().map(|one| write_of(one, known.now_ms)).collect();
            Answer::of(&store.put_products(&merchant_of(*merchant), &writes).await)
        }
        CatalogAsk::Raise { product, version } => {
            let of = interest_of(*product);
            let raised = store.raise_markers(&of.merchant, &of.retailer_id, *version);
            Answer::of(&raised.await)
        }
        CatalogAsk::Interested {
            home,
            product,
            after,
            limit,
        } => {
            let (shard, of) = (home_of(*home).shard(), interest_of(*product));
            let after = after.map(home_of);
            let homes = store.interested(shard, &of, after.as_ref(), *limit);
            Answer::of(&homes.await)
        }
    }
}
