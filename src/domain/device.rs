//! The class of device that a customer writes from: a hint read from a message id. It chooses a cart; it never guards money.

use serde::{Deserialize, Serialize};

/// A class of device, not a handset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The Android app.
    Android,
    /// The iPhone app.
    Ios,
    /// WhatsApp Web (desktop apps of today look the same).
    Web,
    /// Older desktop apps.
    Desktop,
    /// No hint.
    Unknown,
}

impl Device {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Android, Self::Ios, Self::Web, Self::Desktop, Self::Unknown];

    /// One letter, used in button ids.
    pub fn letter(self) -> char {
        match self {
            Self::Android => 'a',
            Self::Ios => 'i',
            Self::Web => 'w',
            Self::Desktop => 'd',
            Self::Unknown => 'u',
        }
    }

    /// The class of that letter.
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|device| device.letter() == letter)
    }

    /// True for clients that run in a browser or on a desktop (rule R5).
    pub fn is_web_client(self) -> bool {
        matches!(self, Self::Web | Self::Desktop)
    }
}
