//! Cursors: where a list goes on, as text that only we read. Each kind of list has a mark of its own, so that a cursor of
//! another list, or of nobody, is refused and never taken for a place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::{ApiError, Code};

/// The cursor of a place in a kind of list.
pub(super) fn cursor(kind: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{place}"))
}

/// The place that a cursor of that kind means.
pub(super) fn place(kind: &str, cursor: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text
        .as_deref()
        .and_then(|text| text.strip_prefix(kind)?.strip_prefix(':'));
    place.map(ToOwned::to_owned).ok_or_else(foreign)
}

/// A cursor that no list of ours gave.
pub(super) fn foreign() -> ApiError {
    ApiError::new(
        Code::InvalidRequest,
        "the cursor is none of ours: repeat the request without it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_by_its_own_kind_alone() {
        for id in ["café-1", "", "a:b", "%2F"] {
            assert_eq!(place("p1", &cursor("p1", id)).unwrap(), id);
            assert!(place("t1", &cursor("p1", id)).is_err());
        }
        for text in ["", "cafe", "p1:a", "%", "cDE"] {
            assert!(place("p1", text).is_err(), "{text}");
        }
    }
}
