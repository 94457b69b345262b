//! A merchant's backend as a stateful world: products, quotes, purchases by idempotency key, moods.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use sacola::domain::event::{DeclineReason, Objection};
use sacola::domain::ids::{PurchaseId, RetailerId};
use sacola::domain::money::{Currency, Money};
use sacola::domain::payment::{Pix, PixKeyType};
use sacola::domain::product::{Availability, Product};
use sacola::domain::purchase::{Purchase, PurchaseLine, Quote};
use sacola::merchants::{
    Buyer, Callback, CallbackError, CallbackHeaders, Connector, ConnectorError, MerchantPurchase,
    ProductPage, SubmitAnswer,
};
use tokio::sync::watch;

/// How the shop meets the next purchase call.
#[derive(Clone, Debug)]
pub enum Mood {
    /// It takes the purchase and the answer is lost on the wire.
    AnswerLost,
    /// The request never arrives.
    RequestLost,
    /// Nobody listens.
    Away,
    /// As many calls as may are under way already: nothing leaves.
    Full,
    /// It declines.
    Declines(DeclineReason, Vec<Objection>),
    /// It asks for another total than was confirmed.
    OtherTotal(&'static str),
    /// It answers with a link on a host that nobody listed.
    ForeignLink,
    /// It refuses with that status.
    Refuses(u16),
    /// The same id has another body there.
    KeyReused,
}

#[derive(Debug, Default)]
struct Inner {
    products: BTreeMap<RetailerId, Product>,
    purchases: BTreeMap<PurchaseId, (Purchase, MerchantPurchase)>,
    moods: VecDeque<Mood>,
    quotes_fail: u32,
    quotes: bool,
    posts: usize,
    finds: usize,
    shipping: Option<Money>,
    pix: Option<Paying>,
}

/// What the shop gives to pay with beside or instead of its link.
#[derive(Clone, Debug)]
struct Paying {
    pix: Pix,
    link: bool,
    until_ms: i64,
}

/// The shop.
#[derive(Debug)]
pub struct Shop {
    inner: Mutex<Inner>,
    hangs: watch::Sender<bool>,
}

/// Reais.
pub fn brl(text: &str) -> Money {
    Money::parse(text, Currency::BRL).unwrap()
}

/// A product in stock.
pub fn product(id: &str, title: &str, category: &str, price: &str) -> Product {
    Product {
        retailer_id: RetailerId::new(id),
        title: title.to_owned(),
        description: None,
        category: Some(category.to_owned()),
        price: brl(price),
        availability: Availability::InStock,
        stock: None,
        image_url: None,
        url: None,
        options: None,
        version: None,
    }
}

impl Shop {
    pub fn new(products: Vec<Product>) -> Self {
        let products = products
            .into_iter()
            .map(|product| (product.retailer_id.clone(), product))
            .collect();
        Self {
            inner: Mutex::new(Inner {
                products,
                ..Inner::default()
            }),
            hangs: watch::Sender::new(false),
        }
    }

    /// From now on it takes calls and answers none, until it hangs no more.
    pub fn hangs(&self, does: bool) {
        self.hangs.send_replace(does);
    }

    async fn answers(&self) {
        let mut hangs = self.hangs.subscribe();
        hangs.wait_for(|does| !does).await.unwrap();
    }

    /// How the next purchase calls are met, in order.
    pub fn feels(&self, moods: impl IntoIterator<Item = Mood>) {
        self.inner.lock().unwrap().moods.extend(moods);
    }

    /// The next lookups fail.
    pub fn lookups_fail(&self, times: u32) {
        self.inner.lock().unwrap().quotes_fail = times;
    }

    /// Offers quotes, with that shipping.
    pub fn quotes_with_shipping(&self, amount: &str) {
        let mut inner = self.inner.lock().unwrap();
        inner.quotes = true;
        inner.shipping = Some(brl(amount));
    }

    /// Gives a Pix code from now on, with its link or without.
    pub fn gives_pix(&self, link: bool, until_ms: i64) {
        let pix = Pix {
            code: "00020126360014br.gov.bcb.pix0114+5511999999999".to_owned(),
            merchant_name: "Café da Praça".to_owned(),
            key: "+5511999999999".to_owned(),
            key_type: PixKeyType::Phone,
        };
        self.inner.lock().unwrap().pix = Some(Paying { pix, link, until_ms });
    }

    /// Changes a product.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Product)) -> Product {
        let mut inner = self.inner.lock().unwrap();
        let product = inner.products.get_mut(&RetailerId::new(id)).unwrap();
        change(product);
        product.clone()
    }

    /// Stops selling a product.
    pub fn drop_product(&self, id: &str) {
        self.inner.lock().unwrap().products.remove(&RetailerId::new(id));
    }

    /// All purchases.
    pub fn purchases(&self) -> Vec<Purchase> {
        self.inner
            .lock()
            .unwrap()
            .purchases
            .values()
            .map(|(purchase, _)| purchase.clone())
            .collect()
    }

    /// How often a purchase was posted.
    pub fn posts(&self) -> usize {
        self.inner.lock().unwrap().posts
    }

    /// How often a purchase was asked for by id.
    pub fn finds(&self) -> usize {
        self.inner.lock().unwrap().finds
    }
}

fn answer(purchase: &Purchase, paying: Option<&Paying>) -> MerchantPurchase {
    let link = paying.is_none_or(|paying| paying.link);
    MerchantPurchase {
        merchant_order_id: format!("P-{}", &purchase.purchase_id.as_str()[..6]),
        total: purchase.quote.total,
        payment_url: link.then(|| format!("https://pay.example.com/{}", purchase.purchase_id)),
        pix: paying.map(|paying| paying.pix.clone()),
        expires_at_ms: paying.map(|paying| paying.until_ms),
        state: None,
    }
}

#[async_trait]
impl Connector for Shop {
    async fn list_products(&self, _cursor: Option<&str>, _limit: u32) -> Result<ProductPage, ConnectorError> {
        let products = self.inner.lock().unwrap().products.values().cloned().collect();
        Ok(ProductPage {
            products,
            ..ProductPage::default()
        })
    }

    async fn look_up(
        &self,
        ids: &[RetailerId],
    ) -> Result<BTreeMap<RetailerId, Option<Product>>, ConnectorError> {
        self.answers().await;
        let mut inner = self.inner.lock().unwrap();
        if inner.quotes_fail > 0 {
            inner.quotes_fail -= 1;
            return Err(ConnectorError::Lost("timeout".to_owned()));
        }
        Ok(ids
            .iter()
            .map(|id| (id.clone(), inner.products.get(id).cloned()))
            .collect())
    }

    async fn quote(&self, _buyer: &Buyer, lines: &[PurchaseLine]) -> Result<Option<Quote>, ConnectorError> {
        let inner = self.inner.lock().unwrap();
        if !inner.quotes {
            return Ok(None);
        }
        let mut quote = Quote::of_lines(lines.to_vec(), Currency::BRL, i64::MAX).unwrap();
        quote.shipping = inner.shipping;
        quote.total = quote.subtotal.plus(&inner.shipping.unwrap()).unwrap();
        Ok(Some(quote))
    }

    async fn submit(&self, _buyer: &Buyer, purchase: &Purchase) -> Result<SubmitAnswer, ConnectorError> {
        self.answers().await;
        let mut inner = self.inner.lock().unwrap();
        let paying = inner.pix.clone();
        let mood = inner.moods.pop_front();
        inner.posts += usize::from(!matches!(mood, Some(Mood::Full)));
        let keep = |inner: &mut Inner, answer: MerchantPurchase| {
            let kept = inner.purchases.entry(purchase.purchase_id.clone());
            kept.or_insert_with(|| (purchase.clone(), answer)).1.clone()
        };
        match mood {
            None => Ok(SubmitAnswer::Accepted(keep(
                &mut inner,
                answer(purchase, paying.as_ref()),
            ))),
            Some(Mood::AnswerLost) => {
                keep(&mut inner, answer(purchase, paying.as_ref()));
                Err(ConnectorError::Lost("cut after commit".to_owned()))
            }
            Some(Mood::RequestLost) => Err(ConnectorError::Lost("cut before commit".to_owned())),
            Some(Mood::Away) => Err(ConnectorError::Unreachable("refused".to_owned())),
            Some(Mood::Full) => Err(ConnectorError::Full),
            Some(Mood::Declines(reason, objections)) => Ok(SubmitAnswer::Declined { reason, objections }),
            Some(Mood::OtherTotal(total)) => {
                let other = MerchantPurchase {
                    total: brl(total),
                    ..answer(purchase, paying.as_ref())
                };
                Ok(SubmitAnswer::Accepted(keep(&mut inner, other)))
            }
            Some(Mood::ForeignLink) => {
                let url = Some("https://evil.example.net/pay".to_owned());
                Ok(SubmitAnswer::Accepted(keep(
                    &mut inner,
                    MerchantPurchase {
                        payment_url: url,
                        ..answer(purchase, paying.as_ref())
                    },
                )))
            }
            Some(Mood::Refuses(http)) => Err(ConnectorError::Refused {
                http,
                detail: String::new(),
            }),
            Some(Mood::KeyReused) => Ok(SubmitAnswer::KeyReused),
        }
    }

    async fn find(&self, id: &PurchaseId) -> Result<Option<MerchantPurchase>, ConnectorError> {
        self.answers().await;
        let mut inner = self.inner.lock().unwrap();
        inner.finds += 1;
        Ok(inner.purchases.get(id).map(|(_, answer)| answer.clone()))
    }

    fn verify_callback(&self, _: &CallbackHeaders, _: &[u8], _: i64) -> Result<String, CallbackError> {
        Err(CallbackError::Signature)
    }

    fn parse_callback(&self, _: &str, _: &[u8], _: i64) -> Result<Callback, CallbackError> {
        Err(CallbackError::Signature)
    }

    fn read_product(&self, value: serde_json::Value) -> Result<Product, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}
