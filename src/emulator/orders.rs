//! `order_details`: the sums and shapes Meta validates (payments in Brazil, orders page, 2026).

use serde_json::Value;

use super::limits::{Refusal, required};
use super::render::array_at;

/// Checks `interactive.action` of an `order_details` message.
pub fn check_details(interactive: &Value) -> Result<(), Refusal> {
    let missing = || Refusal::missing("action.parameters");
    let parameters = interactive.pointer("/action/parameters").ok_or_else(missing)?;
    required(parameters, "/reference_id", 60)?;
    required(parameters, "/currency", 3)?;
    let reference = parameters
        .get("reference_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !reference
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    {
        return Err(Refusal::bad("reference_id may hold letters, digits, _ . - only"));
    }
    let total = amount(parameters, "/total_amount")?;
    if total <= 0 {
        return Err(Refusal::bad("total_amount must be positive"));
    }
    match parameters.get("order") {
        None | Some(Value::Null) => Ok(()),
        Some(order) => check_sums(order, total),
    }
}

fn check_sums(order: &Value, total: i64) -> Result<(), Refusal> {
    let items = array_at(order, "/items");
    if items.is_empty() {
        return Err(Refusal::missing("order.items"));
    }
    let mut sum = 0_i64;
    for item in items {
        required(item, "/name", 60)?;
        let priced = if item.get("sale_amount").is_some() {
            "/sale_amount"
        } else {
            "/amount"
        };
        let quantity = item.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        sum = sum.saturating_add(amount(item, priced)?.saturating_mul(quantity));
    }
    let subtotal = amount(order, "/subtotal")?;
    let extra = optional(order, "/tax")?.saturating_add(optional(order, "/shipping")?);
    let discount = optional(order, "/discount")?;
    if sum != subtotal || subtotal.saturating_add(extra).saturating_sub(discount) != total {
        return Err(Refusal::bad("the order's sums do not match"));
    }
    Ok(())
}

fn optional(value: &Value, pointer: &str) -> Result<i64, Refusal> {
    if value.pointer(pointer).is_some() {
        amount(value, pointer)
    } else {
        Ok(0)
    }
}

/// An amount is an integer with an offset of 100.
fn amount(value: &Value, pointer: &str) -> Result<i64, Refusal> {
    let found = value
        .pointer(pointer)
        .ok_or_else(|| Refusal::missing(pointer.trim_start_matches('/')))?;
    let offset = found.get("offset").and_then(Value::as_i64);
    match (found.get("value").and_then(Value::as_i64), offset) {
        (Some(amount), Some(100)) if amount >= 0 => Ok(amount),
        _ => Err(Refusal::bad(format!(
            "{pointer} must be an integer value with offset 100"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details(total: i64) -> Value {
        let money = |value: i64| json!({"value": value, "offset": 100});
        json!({"action": {"name": "review_and_pay", "parameters": {
            "reference_id": "P-1001", "currency": "BRL", "total_amount": money(total),
            "order": {"items": [{"name": "Coado", "amount": money(600), "quantity": 2}],
                "subtotal": money(1200), "tax": money(0), "discount": money(200)}}}})
    }

    #[test]
    fn sums_must_match() {
        assert_eq!(check_details(&details(1000)), Ok(()));
        assert_eq!(
            check_details(&details(1001)).map_err(|refusal| refusal.code),
            Err(131_009)
        );
    }
}
