//! Chains as a gateway tells them, and the traces that they become.

use super::*;
use crate::trace::Caused;

const HOME: &str = "a30123456789abcdef0123";

fn told(story: &mut Story, step: Step) -> Vec<Span> {
    let traced = Traced {
        seq: 1,
        at_ms: 1_790_000_000_000,
        step,
    };
    story.spans_of(&traced)
}

fn decision(revision: u64, root: u64, cause: &str) -> Step {
    let caused = Caused {
        effect_id: format!("{HOME}.{revision}.0"),
        effect: "quote",
    };
    Step::Decision {
        conversation: HOME.to_owned(),
        revision,
        root,
        event: "tapped",
        cause: cause.to_owned(),
        outcome: "done",
        effects: vec![caused],
        took_us: 10,
    }
}

fn commit(revision: u64, outcome: &'static str) -> Step {
    Step::Commit {
        conversation: HOME.to_owned(),
        revision,
        events: 1,
        outcome,
        took_us: 400,
    }
}

fn attempt(revision: u64, root: u64, effect: &'static str, toward: &'static str) -> Step {
    Step::Attempt {
        conversation: HOME.to_owned(),
        root,
        effect_id: format!("{HOME}.{revision}.0"),
        effect,
        toward,
        attempt: 1,
        outcome: "done",
        code: None,
        message: None,
        took_us: 900,
    }
}

fn status(revision: u64, root: Option<u64>) -> Step {
    Step::Status {
        effect_id: Some(format!("{HOME}.{revision}.0")),
        root,
        message: "3EB0".to_owned(),
        status: "delivered".to_owned(),
        code: None,
    }
}

fn webhook(cause: &str) -> Step {
    Step::Webhook {
        from: "provider",
        bytes: 700,
        items: vec!["message".to_owned()],
        messages: vec!["3EB1".to_owned()],
        causes: vec![cause.to_owned()],
        http: 200,
        took_us: 2_000,
    }
}

#[test]
fn a_chain_through_two_turns_is_one_tree_in_one_trace() {
    let mut story = Story::new(100);
    let mut spans = Vec::new();
    let answered = format!("{HOME}.5.0:quoted");
    for step in [
        decision(5, 5, "in:3EB1"),
        commit(5, "committed"),
        webhook("in:3EB1"),
        attempt(5, 5, "quote", "merchant"),
        decision(6, 5, &answered),
        commit(6, "committed"),
        attempt(6, 5, "purchase_accepted", "provider"),
        status(6, None),
    ] {
        spans.extend(told(&mut story, step));
    }

    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let expected = [
        "decide",
        "commit",
        "webhook",
        "quote",
        "decide",
        "commit",
        "send purchase_accepted",
        "status delivered",
    ];
    assert_eq!(names, expected);
    assert!(spans.iter().all(|span| span.trace == TraceId::of(HOME, 5)));
    let known: Vec<SpanId> = spans.iter().map(|span| span.id).collect();
    for span in &spans {
        match span.parent {
            Some(parent) => assert!(known.contains(&parent), "{} has a parent", span.name),
            None => assert_eq!(span.name, "webhook"),
        }
    }
}

#[test]
fn a_commit_that_did_not_happen_leaves_no_spans() {
    let mut story = Story::new(100);
    told(&mut story, decision(5, 5, "in:3EB1"));
    assert!(told(&mut story, commit(5, "conflict")).is_empty());
    told(&mut story, decision(6, 6, "in:3EB1"));
    let spans = told(&mut story, commit(6, "committed"));

    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|span| span.trace == TraceId::of(HOME, 6)));
}

#[test]
fn a_status_that_another_replica_hears_is_told_in_the_same_trace_below_the_commit() {
    let (mut here, mut elsewhere) = (Story::new(100), Story::new(100));
    told(&mut here, decision(6, 5, &format!("{HOME}.5.0:quoted")));
    let spans = told(&mut here, commit(6, "committed"));
    let late = told(&mut elsewhere, status(6, Some(5)));

    assert_eq!(
        (late[0].trace, late[0].parent),
        (spans[1].trace, Some(spans[1].id))
    );
}

#[test]
fn what_no_webhook_brought_is_one_tree_that_begins_with_its_decision() {
    let mut story = Story::new(100);
    told(&mut story, decision(5, 5, "api:send:1"));
    let spans = told(&mut story, commit(5, "committed"));

    let [decide, commit] = spans.as_slice() else {
        panic!("two spans: {spans:?}");
    };
    assert_eq!((decide.name.as_str(), decide.parent), ("decide", None));
    assert_eq!(commit.parent, Some(decide.id));
}

#[test]
fn a_late_failure_that_another_replica_hears_is_linked_to_the_trace_of_its_chain() {
    let mut elsewhere = Story::new(100);
    told(&mut elsewhere, status(6, Some(5)));
    told(&mut elsewhere, decision(8, 8, &format!("{HOME}.6.0:failed")));
    let spans = told(&mut elsewhere, commit(8, "committed"));

    let expected = (TraceId::of(HOME, 5), SpanId::commit(HOME, 6));
    assert_eq!(spans[0].link, Some(expected));
}

#[test]
fn spans_have_the_names_that_dashboards_of_others_look_for() {
    let mut story = Story::new(100);
    told(&mut story, decision(5, 5, "in:3EB1"));
    told(&mut story, commit(5, "committed"));
    let entry = told(&mut story, webhook("in:3EB1")).remove(0);
    let mut step = attempt(5, 5, "menu", "provider");
    if let Step::Attempt { outcome, .. } = &mut step {
        *outcome = "retry";
    }
    let failed = told(&mut story, step).remove(0);

    for (span, name, value) in [
        (&entry, "http.request.method", "POST"),
        (&entry, "http.route", "/webhooks/whatsapp"),
        (&failed, "peer.service", "whatsapp"),
        (&failed, "error.type", "retry"),
    ] {
        assert!(span.attributes.contains(&(name, value.into())), "{name}");
    }
    assert!(entry.attributes.iter().all(|(name, _)| *name != "error.type"));
}

#[test]
fn traces_that_are_not_sampled_are_left_out() {
    let mut story = Story::new(0);
    told(&mut story, decision(5, 5, "in:3EB1"));

    assert!(told(&mut story, commit(5, "committed")).is_empty());
}
