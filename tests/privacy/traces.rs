//! A purchase as a collector of traces sees it: one trace from the webhook to the status, which the merchant was told too; and
//! nothing at all without a collector.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::collector;
use super::stage::{Form, Stage};
use crate::support::program::eventually;

/// Buys by taps; returns how many calls the merchant got about it.
async fn buys(stage: &Stage) -> usize {
    stage.outside.post("/shop/payment", json!({ "pix": false })).await;
    let phone = stage.outside.phone("Ana").await;
    let cart = phone.fills_a_cart().await;
    let summary = phone.taps(&cart, "checkout", "summary").await;
    phone.taps(&summary, "confirm", "payment_link").await;
    let read = format!("/emulator/phones/{}/read", phone.id);
    stage.outside.post(&read, json!({})).await;
    stage.between.calls("/purchases").len()
}

fn text<'a>(span: &'a Value, key: &str) -> &'a str {
    span[key].as_str().unwrap_or_default()
}

/// Spans by trace.
fn by_trace(spans: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut traces: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for span in spans {
        traces.entry(text(span, "traceId")).or_default().push(span);
    }
    traces
}

/// What a purchase's trace is made of.
const STEPS: [&str; 8] = [
    "webhook",
    "decide",
    "commit",
    "forward",
    "send payment_link",
    "status sent",
    "status delivered",
    "status read",
];

/// The trace of the purchase among these spans, once all of its steps were told and the parent of each span. They come in batches,
/// and statuses in any order.
fn whole_purchase(spans: &[Value]) -> Option<String> {
    let bought = spans.iter().find(|span| span["name"] == "forward")?;
    let trace = text(bought, "traceId");
    let own = || spans.iter().filter(|span| text(span, "traceId") == trace);
    let names: BTreeSet<&str> = own().map(|span| text(span, "name")).collect();
    let ids: BTreeSet<&str> = own().map(|span| text(span, "spanId")).collect();
    let is_orphan = |parent: &str| !parent.is_empty() && !ids.contains(parent);
    let has_orphan = own().any(|span| is_orphan(text(span, "parentSpanId")));
    let is_whole = !has_orphan && STEPS.iter().all(|step| names.contains(step));
    is_whole.then(|| trace.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_one_trace_from_the_webhook_over_the_merchant_to_the_status() {
    let stage = Stage::start(Form::Json, true);
    stage.collector.is_busy_for(1);
    assert_eq!(buys(&stage).await, 1);
    let seen = eventually(|| async {
        let spans = stage.collector.spans();
        whole_purchase(&spans).map(|trace| (trace, spans))
    });
    let Some((trace, spans)) = seen.await else {
        panic!(
            "not all of {STEPS:?} are in one trace, or a span is an orphan: {:#?}",
            stage.collector.spans()
        );
    };
    let chain = by_trace(&spans).remove(trace.as_str()).unwrap();
    let roots = chain.iter().filter(|span| span["parentSpanId"].is_null());
    assert_eq!(
        roots.map(|span| text(span, "name")).collect::<Vec<_>>(),
        ["webhook"]
    );

    let call = &stage.between.calls("/purchases")[0];
    let forward = chain.iter().find(|span| span["name"] == "forward").unwrap();
    let expected = format!("00-{trace}-{}-01", text(forward, "spanId"));
    assert_eq!(call.traceparent.as_deref(), Some(expected.as_str()));
    let quote = stage.between.calls("/quotes")[0].traceparent.clone().unwrap();
    let asked = spans.iter().find(|span| span["name"] == "quote").unwrap();
    assert!(quote.contains(text(asked, "traceId")) && quote.contains(text(asked, "spanId")));
    let of_catalog = stage.between.calls("/products");
    assert!(of_catalog.iter().all(|call| call.traceparent.is_none()));
    let keys = stage.collector.keys();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.as_deref() == Some(collector::HEADER.1)));
    stage.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_nothing_goes_out_and_the_merchant_is_told_nothing() {
    let stage = Stage::start(Form::Plain, false);
    assert_eq!(buys(&stage).await, 1);
    let calls = stage.between.calls("");
    assert!(calls.len() > 2 && calls.iter().all(|call| call.traceparent.is_none()));

    let written = stage.ends().await;

    assert_eq!(written.spans, "");
    assert!(!written.log.contains("trace_id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_last_is_exported_before_the_end() {
    let stage = Stage::start(Form::Plain, true);
    let phone = stage.outside.phone("Ana").await;
    phone.text("oi").await;
    phone.waits_for("menu", 1).await;
    drop(phone);

    let written = stage.ends().await;

    assert!(written.spans.contains("\"send menu\""), "{}", written.spans);
}
