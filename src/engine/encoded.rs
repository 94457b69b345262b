//! The encoded form of a conversation. Versioned: a newer form is refused, never misread.

use crate::domain::conversation::{Conversation, FORMAT};
use crate::store;

/// Reads a stored conversation.
pub(super) fn decode(state: &str, key: &str) -> Result<Conversation, store::Error> {
    let corrupt = |problem: String| store::Error::Corrupt {
        key: key.to_owned(),
        problem,
    };
    let conversation: Conversation =
        serde_json::from_str(state).map_err(|error| corrupt(error.to_string()))?;
    if conversation.format > FORMAT {
        return Err(corrupt(format!(
            "format {} is newer than this version's {FORMAT}",
            conversation.format
        )));
    }
    Ok(conversation)
}

/// Encodes a conversation.
pub(super) fn encode(conversation: &Conversation) -> Result<String, store::Error> {
    serde_json::to_string(conversation).map_err(|error| store::Error::Corrupt {
        key: conversation.home.to_string(),
        problem: error.to_string(),
    })
}
