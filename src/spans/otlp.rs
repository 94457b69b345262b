//! Spans as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding": ids as hexadecimal text, 64-bit numbers as
//! decimal text, enums as numbers). It encodes and reads the answer; it refuses to send.

use serde_json::{Value as Json, json};

use super::span::{Span, Value};

/// The body of one call.
pub(super) fn body(spans: &[Span], service_name: &str, instance: &str) -> Vec<u8> {
    let resource = [
        ("service.name", Value::from(service_name)),
        ("service.version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("service.instance.id", Value::from(instance)),
    ];
    let body = json!({
        "resourceSpans": [{
            "resource": { "attributes": attributes(&resource) },
            "scopeSpans": [{
                "scope": { "name": "sacola" },
                "spans": spans.iter().map(span).collect::<Vec<Json>>(),
            }],
        }],
    });
    body.to_string().into_bytes()
}

/// How many spans the collector did not take of a call that it answered with success.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let answer: Json = serde_json::from_slice(answer).unwrap_or(Json::Null);
    let count = answer.pointer("/partialSuccess/rejectedSpans");
    count
        .and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok()))
        .unwrap_or(0)
}

fn span(span: &Span) -> Json {
    let mut json = json!({
        "traceId": span.trace.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": nanoseconds(span.start_us),
        "endTimeUnixNano": nanoseconds(span.end_us),
        "attributes": attributes(&span.attributes),
        // 2 is an error, 0 says nothing (OTLP 1.x, `Status.StatusCode`).
        "status": { "code": if span.failed { 2 } else { 0 } },
    });
    if let (Some(object), Some(parent)) = (json.as_object_mut(), span.parent) {
        object.insert("parentSpanId".to_owned(), parent.to_string().into());
    }
    if let (Some(object), Some((trace, id))) = (json.as_object_mut(), span.link) {
        let link = json!([{ "traceId": trace.to_string(), "spanId": id.to_string() }]);
        object.insert("links".to_owned(), link);
    }
    json
}

fn nanoseconds(us: i64) -> String {
    us.max(0).saturating_mul(1000).to_string()
}

fn attributes(attributes: &[(&'static str, Value)]) -> Vec<Json> {
    let one = |(key, value): &(&'static str, Value)| {
        let value = match value {
            Value::Text(text) => json!({ "stringValue": text }),
            Value::Number(number) => json!({ "intValue": number.to_string() }),
        };
        json!({ "key": key, "value": value })
    };
    attributes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::span::Kind;
    use super::*;
    use crate::trace::{SpanId, TraceId};

    #[test]
    fn a_span_is_written_as_the_protocol_says() {
        let (trace, id) = (TraceId::of("home", 1), SpanId::commit("home", 1));
        let parent = SpanId::entry("home", 1);
        let made = Span::ended((trace, id, Some(parent)), "commit", Kind::Internal, 2_000, 500)
            .with("sacola.revision", 1_u64)
            .with("sacola.outcome", "committed")
            .linked(Some((TraceId::of("home", 3), parent)));

        let body: Json = serde_json::from_slice(&body(&[made], "shop", "a1")).unwrap();

        let resource = &body["resourceSpans"][0];
        assert_eq!(
            resource["resource"]["attributes"][0]["value"]["stringValue"],
            "shop"
        );
        assert_eq!(
            resource["resource"]["attributes"][2]["value"]["stringValue"],
            "a1"
        );
        let span = &resource["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], trace.to_string());
        assert_eq!(span["parentSpanId"], parent.to_string());
        assert_eq!(span["kind"], 1);
        assert_eq!(span["startTimeUnixNano"], "1999500000");
        assert_eq!(span["endTimeUnixNano"], "2000000000");
        assert_eq!(
            span["attributes"][0],
            json!({ "key": "sacola.revision", "value": { "intValue": "1" } })
        );
        assert_eq!(span["links"][0]["traceId"], TraceId::of("home", 3).to_string());
        assert_eq!(span["status"]["code"], 0);
    }

    #[test]
    fn a_partial_success_says_how_many_were_not_taken() {
        assert_eq!(rejected(b"{}"), 0);
        assert_eq!(rejected(b"not json"), 0);
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedSpans":"3"}}"#), 3);
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedSpans":4}}"#), 4);
    }
}
