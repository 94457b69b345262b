//! What a failure of the server or of the wire means for the caller: nothing happened, or nobody knows.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::Error;

/// Server answers that certainly come before anything was run.
const REFUSALS: [&str; 14] = [
    "OOM",
    "READONLY",
    "NOREPLICAS",
    "LOADING",
    "MISCONF",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "MOVED",
    "ASK",
    "TRYAGAIN",
    "BUSY",
    "NOAUTH",
    "NOPERM",
    "WRONGPASS",
];

/// An error that came back for a call that had been sent.
pub(super) fn after_sending(error: &RedisError) -> Error {
    let text = error.to_string();
    if is_refusal(error) || is_half_moved(&text) {
        return Error::Unavailable(text);
    }
    if error.code() == Some("WRONGTYPE") {
        return Error::Corrupt {
            key: "the key of a call".to_owned(),
            problem: text,
        };
    }
    Error::Unknown(text)
}

/// For calls that change nothing: a lost answer changed nothing either.
pub(super) fn reading<T>(answer: Result<T, Error>) -> Result<T, Error> {
    answer.map_err(|error| {
        if let Error::Unknown(text) = error {
            Error::Unavailable(text)
        } else {
            error
        }
    })
}

/// Something stored that can't be read.
pub(super) fn corrupt(key: impl Into<String>, problem: impl std::fmt::Display) -> Error {
    Error::Corrupt {
        key: key.into(),
        problem: problem.to_string(),
    }
}

/// An error for each of several callers who waited for the same call.
pub(super) fn same(error: &Error) -> Error {
    match error {
        Error::Unavailable(text) => Error::Unavailable(text.clone()),
        Error::Unknown(text) => Error::Unknown(text.clone()),
        Error::NotReplicated { confirmed, wanted } => Error::NotReplicated {
            confirmed: *confirmed,
            wanted: *wanted,
        },
        Error::Corrupt { key, problem } => Error::Corrupt {
            key: key.clone(),
            problem: problem.clone(),
        },
        Error::Unfit(text) => Error::Unfit(text.clone()),
    }
}

/// True when the server answered that it does not know the script.
pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// True when a cluster answered that the slot lies elsewhere or is on its way: nothing was changed, the next attempt asks anew.
/// Only an answer counts. What the client itself says of a call ("no connection found") it also says of calls that were
/// under way when it lost its way, so that nobody knows what became of them.
pub(super) fn is_redirect(error: &RedisError) -> bool {
    error.code() == Some("MOVED") || is_on_its_way(error) || is_half_moved(&error.to_string())
}

/// True when a key has gone ahead of its slot, whose other keys may still be there.
pub(super) fn is_on_its_way(error: &RedisError) -> bool {
    matches!(error.code(), Some("ASK" | "TRYAGAIN"))
}

/// True when a script met a key that is not on the server of its slot: while a slot is on its way, its keys go one by one.
/// Scripts read or declare what they change before they change anything, so it changed nothing.
pub(super) fn is_half_moved(text: &str) -> bool {
    text.contains("attempted to access a non local key")
}

/// True when the connection can't be used again, or leads to a server that takes no writes (any more).
pub(super) fn is_connection_spent(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN"))
}

/// True when the client of a cluster has lost its way: a node does not answer, or there is no connection to any that should.
pub(super) fn is_way_lost(error: &RedisError) -> bool {
    is_connection_spent(error)
        || error.is_timeout()
        || error.kind() == ErrorKind::ClusterConnectionNotFound
        || error.code() == Some("CLUSTERDOWN")
}

fn is_refusal(error: &RedisError) -> bool {
    error.code().is_some_and(|code| REFUSALS.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str) -> RedisError {
        redis::make_extension_error(code.to_owned(), Some("said the server".to_owned()))
    }

    #[test]
    fn a_refusal_changed_nothing_and_a_cut_is_unknown() {
        assert!(matches!(after_sending(&server("OOM")), Error::Unavailable(_)));
        assert!(matches!(
            after_sending(&server("NOREPLICAS")),
            Error::Unavailable(_)
        ));
        assert!(matches!(
            after_sending(&server("WRONGTYPE")),
            Error::Corrupt { .. }
        ));
        let cut = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(matches!(after_sending(&cut), Error::Unknown(_)));
        assert!(is_connection_spent(&cut));
        let late = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert!(matches!(after_sending(&late), Error::Unknown(_)));
        assert!(matches!(
            reading::<()>(Err(after_sending(&late))),
            Err(Error::Unavailable(_))
        ));
    }

    #[test]
    fn only_an_answer_tells_that_a_call_may_be_sent_again() {
        for code in ["MOVED", "ASK", "TRYAGAIN"] {
            assert!(is_redirect(&server(code)), "{code}");
        }
        let text = "Script attempted to access a non local key in a cluster node script: 0123";
        let half_moved = redis::make_extension_error("ERR".to_owned(), Some(text.to_owned()));
        assert!(is_redirect(&half_moved));
        assert!(matches!(after_sending(&half_moved), Error::Unavailable(_)));
        let lost = RedisError::from((ErrorKind::ClusterConnectionNotFound, "No connections found"));
        assert!(!is_redirect(&lost));
        assert!(matches!(after_sending(&lost), Error::Unknown(_)));
        let refused = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert!(!is_redirect(&refused));
        assert!(matches!(after_sending(&refused), Error::Unknown(_)));
    }
}
