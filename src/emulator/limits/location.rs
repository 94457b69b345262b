//! Locations: a point on earth, with a name and an address if one likes (location messages page).

use rust_decimal::Decimal;
use serde_json::Value;

use super::Refusal;
use super::fields::{Checked, at, text};

/// Checks a `location`.
pub fn check(location: &Value) -> Checked {
    coordinate(location, "latitude", 90)?;
    coordinate(location, "longitude", 180)?;
    text(location, "/name")?;
    text(location, "/address")?;
    Ok(())
}

/// Degrees, as a number or as numeric text: Meta's own specification has both.
fn coordinate(location: &Value, name: &str, limit: i64) -> Checked {
    let digits = match at(location, &format!("/{name}"))? {
        None => return Err(Refusal::missing(name)),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(_) => return Err(Refusal::invalid(format!("{name} must be a number"))),
    };
    let limit = Decimal::from(limit);
    match decimal(&digits) {
        Some(degrees) if degrees.abs() <= limit => Ok(()),
        Some(_) => Err(Refusal::bad(format!("{name} is between -{limit} and {limit}"))),
        None => Err(Refusal::bad(format!("{name} must be a number"))),
    }
}

fn decimal(digits: &str) -> Option<Decimal> {
    let plain = digits.parse().ok();
    plain.or_else(|| Decimal::from_scientific(digits).ok())
}
