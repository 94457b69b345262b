//! What stands behind `?`: read as a whole, unknown and repeated names refused. Nothing is cut to what fits: a limit out of
//! range is an error, so that nobody takes half a list for the whole.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, Code};

/// Most entries on a page of any list.
pub(super) const LIMIT_MAX: usize = 100;

/// How a list is paged.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<String>,
}

/// No parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The query of a request.
pub(super) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let read = Query::<T>::from_query(request.query_string());
    read.map(Query::into_inner).map_err(|error| {
        // of what actix says only the part that is about the query
        let told = error.to_string();
        let told = told.strip_prefix("Query deserialize error: ").unwrap_or(&told);
        let detail = format!("{told}; the parameters of this route are in /openapi.json");
        ApiError::new(Code::InvalidRequest, detail)
    })
}

/// Refuses a query where there is none to be.
pub(super) fn no_query(request: &HttpRequest) -> Result<(), ApiError> {
    query::<Nothing>(request).map(drop)
}

/// The number of entries that is asked for, or the usual one.
pub(super) fn limit(given: Option<&str>, usual: usize) -> Result<usize, ApiError> {
    let Some(text) = given else {
        return Ok(usual);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text
        .parse::<usize>()
        .ok()
        .filter(|limit| digits && (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        let detail = format!("limit must be a whole number from 1 to {LIMIT_MAX}");
        ApiError::new(Code::InvalidRequest, detail)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_limit_is_a_whole_number_in_its_range() {
        assert_eq!(limit(None, 50).unwrap(), 50);
        assert_eq!(limit(Some("100"), 50).unwrap(), 100);
        for text in ["", "0", "101", "-1", "+5", "5.0", "many", "99999999999999999999"] {
            assert!(limit(Some(text), 50).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_with_an_unknown_or_a_repeated_name_is_refused() {
        let read = |query_string: &str| {
            let request = TestRequest::with_uri(&format!("/v1/products?{query_string}"));
            query::<Paging>(&request.to_http_request()).map(|paging| (paging.cursor, paging.limit))
        };
        let (cursor, limit) = read("limit=5&cursor=a%20b").unwrap();
        assert_eq!((cursor.as_deref(), limit.as_deref()), (Some("a b"), Some("5")));
        assert!(read("").is_ok());
        for (text, told) in [
            ("curser=x", "unknown field `curser`"),
            ("limit=5&limit=6", "duplicate field `limit`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.detail().starts_with(told), "{}", error.detail());
        }
        let request = TestRequest::with_uri("/v1/purchases/x?a=b").to_http_request();
        assert!(no_query(&request).is_err());
    }
}
