//! Requests of the merchant API by route and class of status. A route is one of ours or `other`, so that no caller can grow the
//! metrics.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

/// Counts an answer.
pub(super) fn answer(request: &HttpRequest, status: StatusCode) {
    let route = request.match_pattern().unwrap_or_else(|| "other".to_owned());
    metrics::counter!("sacola_api_requests_total", "route" => route, "status" => class(status)).increment(1);
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        // nothing below /v1 leads elsewhere
        ..400 => "2xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_class() {
        let classes = [200, 202, 400, 429, 503].map(|status| class(StatusCode::from_u16(status).unwrap()));
        assert_eq!(classes, ["2xx", "2xx", "4xx", "4xx", "5xx"]);
    }
}
