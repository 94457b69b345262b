//! A shop that takes calls and answers none: it keeps its own customers waiting, and nobody else.

use sacola::delivery::LanesAtOnce;
use sacola::domain::device::Device;
use sacola::domain::message::Kind;

use crate::support::program::eventually;
use crate::support::world::{Settings, World, ana, phone};

/// More than the replica has slots, toward whomever.
const BUYERS: usize = 60;

#[tokio::test]
async fn a_shop_that_hangs_holds_up_no_message_and_each_order_is_priced_when_it_answers_again() {
    let mut world = World::with(Settings {
        lanes: LanesAtOnce {
            provider: 20,
            merchant: 20,
        },
        ..Settings::default()
    })
    .await;
    world.shop.hangs(true);
    world.runs();
    for n in 0..BUYERS {
        let buyer = phone(&format!("BR.9{n:07}"), Device::Android);
        let order = world.ordered(&buyer, &[("coffee", 1, "10.00")]);
        world.engine.take(order).await.unwrap();
        world.clock.advance_ms(20);
    }
    let world = &world;
    world.engine.take(world.said(&ana(), "oi")).await.unwrap();
    let menu = eventually(|| async {
        world.clock.advance_ms(20);
        world.screen(&ana()).await.pop()
    });
    let menu = menu
        .await
        .expect("somebody who only looks waits with those who buy");
    assert_eq!(menu.kind, Kind::Menu);

    world.shop.hangs(false);
    let answered = eventually(|| async {
        world.clock.advance_ms(100);
        (world.shop.posts() == BUYERS).then_some(())
    });
    assert_eq!(
        answered.await,
        Some(()),
        "{} of {BUYERS} orders",
        world.shop.posts()
    );
    assert_eq!(world.shop.purchases().len(), BUYERS);
}
