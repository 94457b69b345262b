//! Webhooks and callbacks on their way: each is posted until somebody answers 200, sometimes twice at once, sometimes again
//! after that, in any order. What was accepted is written down.

use std::sync::{Arc, Mutex, PoisonError};

use sacola::delivery::Learned;
use sacola::domain::event::Event;
use sacola::domain::ids::{EffectId, HomeId, PurchaseId};
use sacola::domain::product::Product;
use sacola::domain::purchase::PurchaseState;
use sacola::engine::addresses::mark;
use sacola::engine::{Engine, Happened, Taken, What, Who};
use sacola::store::{DeliveryStatus, DoneMark};
use sacola::whatsapp::inbound::DeliveryWord;

use super::outside::StatusNews;
use super::phones::Deed;
use super::replica::{Replica, merchant};
use super::stage::ReplicaId;
use super::statuses;

/// What is posted.
#[derive(Clone, Debug)]
pub enum Content {
    /// A customer's message.
    Deed(Box<Deed>),
    /// A product of the shop has changed.
    Product(Box<Product>),
    /// A purchase has moved on.
    News {
        purchase: PurchaseId,
        state: PurchaseState,
        serial: u64,
        at_ms: i64,
    },
    /// What became of a message.
    Status(Box<StatusNews>),
}

#[derive(Clone, Debug)]
pub struct Mail {
    pub content: Content,
    pub is_accepted: bool,
    /// Replicas that are at it.
    pub under_way: Vec<ReplicaId>,
}

/// How a post ended.
#[derive(Debug)]
pub struct Ended {
    pub mail: usize,
    pub replica: ReplicaId,
    /// The mark that must be found later on, when it was accepted.
    pub accepted: Result<Option<(HomeId, DoneMark)>, String>,
}

/// Posts that have ended.
pub type Post = Arc<Mutex<Vec<Ended>>>;

impl Mail {
    pub fn new(content: Content) -> Self {
        Self {
            content,
            is_accepted: false,
            under_way: Vec::new(),
        }
    }

    /// What it says of one of our effects.
    pub fn status(&self) -> Option<(EffectId, DeliveryStatus)> {
        let Content::Status(news) = &self.content else {
            return None;
        };
        let status = match news.word {
            DeliveryWord::Sent => DeliveryStatus::Sent,
            DeliveryWord::Delivered => DeliveryStatus::Delivered,
            DeliveryWord::Read => DeliveryStatus::Read,
            DeliveryWord::Failed => DeliveryStatus::Failed,
        };
        news.has_callback_data.then(|| (news.effect.clone(), status))
    }

    pub fn what(&self) -> String {
        match &self.content {
            Content::Deed(deed) => deed.what.clone(),
            Content::Product(product) => format!(
                "{} now costs {}",
                product.retailer_id,
                product.price.amount_text()
            ),
            Content::News { purchase, state, .. } => format!("{purchase} is {state:?}"),
            Content::Status(news) => format!("{} is {}", news.effect, news.word.word()),
        }
    }
}

/// Posts a mail to a replica, in the background.
pub fn post(mail: usize, content: Content, home: Option<HomeId>, replica: &Replica, ended: &Post) {
    let (id, ended) = (replica.id, Arc::clone(ended));
    let (engine, dispatcher) = (Arc::clone(&replica.engine), Arc::clone(&replica.dispatcher));
    replica.tasks.spawn("post", async move {
        let accepted = match content {
            Content::Deed(deed) => take(&engine, deed.happened, home).await,
            Content::Product(product) => {
                let news = Learned {
                    retailer_id: product.retailer_id.clone(),
                    product: Some(*product),
                    learned_at_ms: engine.clock().now_ms(),
                };
                let learned = dispatcher.learn(&merchant(), vec![news]).await;
                learned.map(|_| None).map_err(|error| error.to_string())
            }
            Content::News {
                purchase,
                state,
                serial,
                at_ms,
            } => news(&engine, purchase, state, serial, at_ms).await,
            Content::Status(news) => statuses::arrives(&dispatcher, &news).await.map(|()| None),
        };
        let one = Ended {
            mail,
            replica: id,
            accepted,
        };
        ended.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    });
}

type Accepted = Result<Option<(HomeId, DoneMark)>, String>;

async fn take(engine: &Arc<Engine>, happened: Happened, home: Option<HomeId>) -> Accepted {
    let mark = mark(&happened.id, happened.at_ms);
    match engine.take(happened).await {
        Ok(Taken::Done { .. } | Taken::Duplicate) => Ok(home.map(|home| (home, mark))),
        Ok(Taken::NoConversation) => Err("there is no such conversation".to_owned()),
        Err(refused) => Err(refused.to_string()),
    }
}

/// As the callback route does: the purchase's record leads to its conversation.
async fn news(
    engine: &Arc<Engine>,
    purchase: PurchaseId,
    state: PurchaseState,
    serial: u64,
    at_ms: i64,
) -> Accepted {
    let record = engine
        .purchase(&purchase)
        .await
        .map_err(|error| error.to_string())?;
    let Some(record) = record else {
        return Err("the purchase is not known yet".to_owned());
    };
    let event = Event::PurchaseNews {
        purchase_id: purchase,
        state,
        total: Some(record.purchase.quote.total),
        merchant_order_id: None,
        tracking_url: None,
        reason: None,
        record: Some(Box::new(record.purchase.clone())),
    };
    let happened = Happened {
        who: Who::Home(record.home.clone()),
        id: format!("callback:cafe:{serial}"),
        at_ms,
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(event),
    };
    take(engine, happened, Some(record.home)).await
}
