//! Rows that come as a late `failed` status of a message that had been taken: a view is never repeated, words that may help
//! are said, and what stops the number or the merchant closes a gate that only a quiet knock opens.

use futures::future::join_all;
use sacola::delivery::Stopped;
use sacola::domain::verdict::StopScope;
use sacola::whatsapp::errors::{Advice, Late, Row, row, rows};

use super::house::House;
use super::{KNOCK_MS, closes, gate, late};

/// So long at least a gate that was closed late waits after a knock, and a little more.
const PROVEN_MS: i64 = 10_000;
const PROOF_MS: i64 = PROVEN_MS + 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_fails_late_is_not_repeated_and_answered_otherwise_only_when_it_is_final() {
    let house = House::opens().await;
    let passing: Vec<&Row> = rows().filter(|row| closes(row.late).is_none()).collect();
    let phones = join_all(passing.iter().map(|row| house.greets(late(row.first)))).await;
    join_all(phones.iter().map(|phone| house.hears(phone, "failed:menu"))).await;
    house.settles().await;
    house.passes(KNOCK_MS).await;
    for (row, phone) in passing.iter().zip(&phones) {
        let code = row.first;
        let kinds: &[&str] = match row.late {
            Late::Final => &["menu", "help"],
            // Only where no limit stands against it something is said at once.
            Late::TellAgain if row.advice == Advice::Retry { pause_ms: 0 } => &["menu", "help"],
            Late::TellAgain | Late::WindowClosed => &["menu"],
            Late::StopNumber | Late::StopMerchant => panic!("{code} closes a gate"),
        };
        assert_eq!(phone.kinds().await, kinds, "{code}");
        assert_eq!(phone.messages().await[0]["status"], "failed", "{code}");
        assert!(phone.refusals().await.is_empty(), "{code}");
    }
    assert!(house.letters().await.is_empty());
    assert!(house.stopped().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_stop_ends_ten_seconds_after_a_knock_that_no_failure_follows() {
    let house = House::opens().await;
    let mut rows_played = 0;
    for row in rows() {
        if let Some(scope) = closes(row.late) {
            stops_and_goes_on(&house, row, scope).await;
            rows_played += 1;
        }
    }
    assert!(rows_played > 0);
}

async fn stops_and_goes_on(house: &House, row: &Row, scope: StopScope) {
    let code = row.first;
    let ana = house.greets(late(code)).await;
    house.hears(&ana, "failed:menu").await;
    is_closed(&house.stopped(), row, scope);
    let (bia, caio) = (
        house.outside.phone("Bia").await,
        house.outside.phone("Caio").await,
    );
    for (phone, said) in [(&bia, "oi"), (&caio, "oi"), (&bia, "atendente")] {
        assert_eq!(phone.text(said).await, 200);
    }
    house.rests().await;
    assert!(
        bia.kinds().await.is_empty() && caio.kinds().await.is_empty(),
        "{code}"
    );
    for pause_ms in [KNOCK_MS, PROOF_MS / 2] {
        house.passes(pause_ms).await;
        let passed = [bia.messages().await, caio.messages().await].concat();
        let stopped = house.stopped();
        let knocked_ms = passed
            .iter()
            .filter_map(|message| message["at_ms"].as_i64())
            .min();
        let knocked_ms = knocked_ms.unwrap_or_else(|| panic!("{code}: nobody knocked"));
        // A machine that stands still for long comes here when the gate is open again.
        if house.now_ms() < knocked_ms + PROVEN_MS {
            assert_eq!(passed.len(), 1, "{code}: only the knock passes");
            is_closed(&stopped, row, scope);
        }
    }
    house.passes(PROOF_MS / 2 + 1_000).await;
    house.settles().await;
    assert_eq!(ana.kinds().await, ["menu"], "{code}");
    assert_eq!(bia.kinds().await, ["menu", "person"], "{code}");
    assert_eq!(caio.kinds().await, ["menu"], "{code}");
    assert!(house.stopped().is_empty(), "{code}");
    assert!(house.letters().await.is_empty(), "{code}");
}

fn is_closed(stopped: &[Stopped], row: &Row, scope: StopScope) {
    assert_eq!(stopped.len(), 1, "{}: {stopped:?}", row.first);
    assert_eq!(stopped[0].gate, gate(scope), "{}", row.first);
    assert_eq!(stopped[0].code, row.first);
    assert_eq!((stopped[0].cause, stopped[0].mend), (row.cause, row.mend));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_knock_that_fails_late_keeps_the_gate_closed() {
    let house = House::opens().await;
    let row = row(131_042).unwrap();
    let scope = closes(row.late).unwrap();
    let ana = house.greets(late(row.first)).await;
    house.hears(&ana, "failed:menu").await;
    let bia = house.greets(late(row.first)).await;
    house.passes(KNOCK_MS).await;
    house.hears(&bia, "failed:menu").await;
    let caio = house.outside.phone("Caio").await;
    assert_eq!(caio.text("oi").await, 200);
    house.passes(PROOF_MS).await;
    is_closed(&house.stopped(), row, scope);
    assert!(caio.kinds().await.is_empty());
    house.passes(KNOCK_MS).await;
    assert_eq!(caio.kinds().await, ["menu"]);
    is_closed(&house.stopped(), row, scope);
    house.passes(PROOF_MS).await;
    assert!(house.stopped().is_empty(), "nobody need knock again");
    let davi = house.outside.phone("Davi").await;
    assert_eq!(davi.text("oi").await, 200);
    house.rests().await;
    assert_eq!(davi.kinds().await, ["menu"]);
}
