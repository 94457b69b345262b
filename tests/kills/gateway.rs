//! The gateway dies by SIGKILL at each of its await points, under load, and another one starts on the same store at once.

use std::sync::Arc;

use futures::StreamExt;
use sacola::clock::{Clock, MovableClock};
use sacola::faults::Point;
use sacola::tasks::Tasks;

use super::counts::{Toll, is_thorough, runs};
use super::crowd::{Crowd, Plan};
use super::outside::TAPPED;
use super::stand::{Settings, Stand};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// Runs that go on side by side: most of each is waiting.
const AT_ONCE: usize = 5;
/// A replica that dies while it walks a price update keeps its right to for so long.
const WALK_HOLD_MS: i64 = 15_000;
/// News that was stored by a replica that died then is taken up after so long.
const INTENT_MS: i64 = 60_000;
/// How much longer a slow machine may take: so a walk has a minute in all, as whatever else is waited for here.
const SLOW_MS: i64 = 45_000;
/// Longest that the merchant waits until its news is taken.
const NEWS_MS: u64 = 60_000;
const PLAN: Plan = Plan {
    customers: 30,
    at_once: 30,
    per_second: 120,
    taps: 4,
    gateways: 1,
};

#[derive(Clone, Copy, Debug)]
enum Keeping {
    Redis,
    Embedded,
}

impl Keeping {
    fn name(self) -> &'static str {
        match self {
            Self::Redis => "Redis, always",
            Self::Embedded => "embedded",
        }
    }

    /// A server of its own and its address; neither for the embedded store.
    fn server(self) -> (Option<RedisServer>, Option<String>) {
        match self {
            Self::Redis => {
                let server = RedisServer::start(AppendOnly::Always).unwrap();
                let url = server.url();
                (Some(server), Some(url))
            }
            Self::Embedded => (None, None),
        }
    }
}

/// The points of a webhook and of its effects, in their order.
fn points_of_a_turn() -> Vec<Point> {
    Point::ALL
        .into_iter()
        .filter(|point| !is_of_products(*point))
        .collect()
}

fn is_of_products(point: Point) -> bool {
    matches!(point, Point::ProductStored | Point::WalkedSome)
}

/// At which passing the gateway dies: in the midst of the load, elsewhere in each run.
fn passing(point: Point, run: u32) -> u32 {
    if point == Point::ProductStored {
        1
    } else if point == Point::WalkedSome {
        1 + (4 + run * 5) % 12
    } else {
        20 + (run * 7) % 20
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_of_a_turn_nothing_is_lost_or_doubled_on_redis() {
    killed_at_each(Keeping::Redis, &points_of_a_turn()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_of_a_turn_nothing_is_lost_or_doubled_embedded() {
    killed_at_each(Keeping::Embedded, &points_of_a_turn()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_amid_news_of_a_product_every_cart_with_it_is_told_once_on_redis() {
    killed_at_each(Keeping::Redis, &[Point::ProductStored, Point::WalkedSome]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_amid_news_of_a_product_every_cart_with_it_is_told_once_embedded() {
    killed_at_each(Keeping::Embedded, &[Point::ProductStored, Point::WalkedSome]).await;
}

/// Runs all, writes the rows, then holds what is promised: a row with losses is seen too.
async fn killed_at_each(keeping: Keeping, points: &[Point]) {
    let jobs = points
        .iter()
        .flat_map(|point| (0..runs()).map(move |run| killed_at(keeping, *point, run)));
    let all: Vec<(Point, Toll)> = futures::stream::iter(jobs)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut rows = Vec::new();
    for point in points {
        let mut sum = Toll::default();
        for (_, toll) in all.iter().filter(|(of, _)| of == point) {
            sum.joins(toll.clone());
        }
        let fault = format!("gateway, kill -9 at {} ({})", point.word(), keeping.name());
        sum.report(&fault, "");
        rows.push((fault, sum));
    }
    for (fault, sum) in rows {
        sum.holds(&fault);
        assert_eq!(
            sum.messages_doubled, 0,
            "{fault}: the statuses tell what arrived before anything is sent again"
        );
    }
}

async fn killed_at(keeping: Keeping, point: Point, run: u32) -> (Point, Toll) {
    let (server, store) = keeping.server();
    let mut stand = Stand::new(&Settings {
        store,
        gateways: 1,
        lease_ms: 1_000,
        tells_statuses: true,
    });
    let fault = format!("{}:{}", point.word(), passing(point, run));
    stand.starts(0, Some(&fault)).await;
    let crowd = stand.crowd(PLAN);
    let news = Tasks::new();
    if is_of_products(point) {
        tell_news(&stand, &crowd, &news);
    }
    stand.dies(0).await;
    stand.starts(0, None).await;
    let mut toll = stand.toll(&crowd).await;
    if is_of_products(point) {
        assert!(news.stop(NEWS_MS).await, "the merchant's news was not taken");
        counts_told(&stand, &crowd, point, &mut toll).await;
    }
    stand.comes_to_rest(&crowd, &mut toll).await;
    stand.ends_all().await;
    drop(server);
    (point, toll)
}

/// The merchant tells a new price, in the background, once most customers have the product in their carts.
fn tell_news(stand: &Stand, crowd: &Arc<Crowd>, news: &Tasks) {
    let (outside, post, crowd) = (
        Arc::clone(&stand.outside),
        Arc::clone(&stand.post),
        Arc::clone(crowd),
    );
    let enough = usize::try_from(PLAN.customers).unwrap() * 2 / 3;
    news.spawn("news", async move {
        let clock = MovableClock::fixed();
        let holders = || {
            let deeds = crowd.deeds().into_iter();
            deeds.filter(|deed| deed.tapped.contains(&TAPPED[0])).count()
        };
        while holders() < enough && !post.is_over() {
            clock.sleep_ms(10).await;
        }
        let body = outside.becomes_dearer(TAPPED[0]);
        post.callback(0, "evt_dearer", body.to_string().as_bytes()).await;
    });
}

/// Every cart that holds the product at its old price has been told the new one, once.
async fn counts_told(stand: &Stand, crowd: &Crowd, point: Point, toll: &mut Toll) {
    let patience_ms = match point {
        Point::ProductStored if !is_thorough() => return,
        Point::ProductStored => INTENT_MS + SLOW_MS,
        Point::WalkedSome
        | Point::Received
        | Point::Loaded
        | Point::Decided
        | Point::Committed
        | Point::Leased
        | Point::Started
        | Point::Performed
        | Point::Answered
        | Point::Settled => WALK_HOLD_MS + SLOW_MS,
    };
    let mut holders = Vec::new();
    for deed in crowd.deeds() {
        let conversation = stand.conversation(&deed.user_id).await;
        let mut lines = conversation["carts"][0]["lines"].as_array().into_iter().flatten();
        let is_old =
            lines.any(|line| line["retailer_id"] == TAPPED[0] && line["unit_price"]["amount"] == "6.50");
        if is_old {
            holders.push(deed.wa_id);
        }
    }
    assert!(!holders.is_empty(), "nobody holds the product");
    let told = |wa_id: &String| -> usize {
        let messages = stand.outside.messages_to(wa_id);
        messages
            .iter()
            .filter(|message| message.kind == "price_change")
            .count()
    };
    let until_ms = stand.now_ms() + patience_ms;
    while stand.now_ms() < until_ms && holders.iter().map(&told).any(|times| times == 0) {
        stand.waits(100).await;
    }
    let times: Vec<usize> = holders.iter().map(&told).collect();
    let untold = times.iter().filter(|times| **times == 0).count();
    let told_again = times.iter().filter(|times| **times > 1).count();
    toll.lost += u64::try_from(untold).unwrap();
    toll.doubled += u64::try_from(told_again).unwrap();
    if untold + told_again > 0 {
        let sentence = format!(
            "{untold} of {} carts were not told, {told_again} twice",
            holders.len()
        );
        toll.found.insert(0, sentence);
    }
}

/// Without a status nobody can know whether a message that was under way arrived: it is sent once more, because silence
/// after a payment is worse than a repetition. The merchant is asked instead.
#[tokio::test(flavor = "multi_thread")]
async fn killed_without_any_status_a_message_may_come_twice_and_a_purchase_may_not() {
    let mut sum = Toll::default();
    for run in 0..runs() {
        let (server, store) = Keeping::Redis.server();
        let mut stand = Stand::new(&Settings {
            store,
            gateways: 1,
            lease_ms: 1_000,
            tells_statuses: false,
        });
        let fault = format!("performed:{}", passing(Point::Performed, run));
        stand.starts(0, Some(&fault)).await;
        let crowd = stand.crowd(PLAN);
        stand.dies(0).await;
        stand.starts(0, None).await;
        let mut toll = stand.toll(&crowd).await;
        stand.comes_to_rest(&crowd, &mut toll).await;
        sum.joins(toll);
        stand.ends_all().await;
        drop(server);
    }
    let fault = "gateway, kill -9 at performed, the provider tells no status (Redis, always)";
    sum.report(
        fault,
        "a message that was under way may come twice, never more often",
    );
    sum.holds(fault);
    assert!(sum.most <= 2, "a message came {} times", sum.most);
}
