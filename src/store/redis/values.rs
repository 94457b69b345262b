//! Reading answers: every surprise is an [`Error::Corrupt`] that names where it was found.

use redis::{FromRedisValue, Value};

use crate::store::Error;

use super::error::corrupt;

/// An answer as `T`.
pub(super) fn read<T: FromRedisValue>(value: Value, at: &str) -> Result<T, Error> {
    redis::from_redis_value::<T>(value).map_err(|problem| corrupt(at, problem))
}

/// An answer that must be a list.
pub(super) fn list(value: Value, at: &str) -> Result<Vec<Value>, Error> {
    if let Value::Array(items) = value {
        Ok(items)
    } else {
        Err(corrupt(at, "a list was expected"))
    }
}

/// A list that is read from front to back.
pub(super) struct Reply {
    at: String,
    items: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(super) fn of(value: Value, at: &str) -> Result<Self, Error> {
        Ok(Self {
            at: at.to_owned(),
            items: list(value, at)?.into_iter(),
        })
    }

    pub(super) fn part<T: FromRedisValue>(&mut self) -> Result<T, Error> {
        let value = self
            .items
            .next()
            .ok_or_else(|| corrupt(&self.at, "the answer is too short"))?;
        read(value, &self.at)
    }

    pub(super) fn rest(self) -> std::vec::IntoIter<Value> {
        self.items
    }
}

/// Counters are kept as exact integers below 2^53; a negative one is a fault.
pub(super) fn counter(value: i64, at: &str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|problem| corrupt(at, problem))
}
