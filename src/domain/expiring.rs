//! What is used until a moment: secrets of which several are live at once while one takes the place of another.

use std::fmt;

/// A value that is used until a moment. As it is a secret, its `Debug` output tells its end alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Expiring<T> {
    value: T,
    expires_at_ms: Option<i64>,
}

impl<T> fmt::Debug for Expiring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiring")
            .field("expires_at_ms", &self.expires_at_ms)
            .finish_non_exhaustive()
    }
}

impl<T> Expiring<T> {
    /// Used until `expires_at_ms` (Unix milliseconds, itself not included); `None`: without end.
    pub fn new(value: T, expires_at_ms: Option<i64>) -> Self {
        Self { value, expires_at_ms }
    }

    /// Used without end.
    pub fn lasting(value: T) -> Self {
        Self::new(value, None)
    }

    /// The value, while it is used.
    pub fn at(&self, now_ms: i64) -> Option<&T> {
        let has_ended = self.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms);
        (!has_ended).then_some(&self.value)
    }
}

/// Those of several that are used now, in their order.
pub fn live<T>(all: &[Expiring<T>], now_ms: i64) -> impl Iterator<Item = &T> {
    all.iter().filter_map(move |one| one.at(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_ends_and_the_other_stays() {
        let both = [Expiring::new("old", Some(1_000)), Expiring::lasting("new")];
        assert_eq!(live(&both, 999).collect::<Vec<_>>(), [&"old", &"new"]);
        assert_eq!(live(&both, 1_000).collect::<Vec<_>>(), [&"new"]);
    }

    #[test]
    fn it_never_prints_its_value() {
        let printed = format!("{:?}", Expiring::new("hunter2", Some(1_000)));
        assert_eq!(printed, "Expiring { expires_at_ms: Some(1000), .. }");
    }
}
