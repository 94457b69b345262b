//! How amounts are written in each language: symbol, groups, decimals. It refuses rounding: every digit that an amount has
//! is written, but for cents of zero where nobody writes them.

use super::Locale;
use crate::domain::money::Money;

#[cfg(test)]
mod tests;

/// Between a currency and its amount. CLDR has a no-break space here; a plain one is what people type when they search
/// a chat.
const SPACE: char = ' ';
/// Currencies whose cents exist in ISO 4217 and are never written when there are none.
const CENTS_SELDOM: [&str; 2] = ["COP", "IDR"];
/// Currencies that Spanish writes with a decimal comma, as their countries do; the others have a point, as in Mexico.
const SPANISH_COMMA: [&str; 14] = [
    "ARS", "BOB", "BRL", "CLF", "CLP", "COP", "CRC", "EUR", "PYG", "UYI", "UYU", "UYW", "VED", "VES",
];

/// Writes an amount as that language does (CLDR 47, number patterns and currency symbols). All digits are kept.
pub fn money(locale: Locale, amount: &Money) -> String {
    let currency = amount.currency();
    let text = amount.amount_text();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let decimals = usize::try_from(currency.exponent()).unwrap_or_default();
    let fraction = format!("{fraction:0<decimals$}");
    let (group, point) = marks(locale, currency.code());
    let mut written = symbol(locale, currency.code()).to_owned();
    let is_sign = written.ends_with(['$', '€', '£', '¥', '₡']);
    if point == ',' || !is_sign {
        written.push(SPACE);
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            written.push(group);
        }
        written.push(digit);
    }
    let says_nothing = fraction.bytes().all(|digit| digit == b'0') && CENTS_SELDOM.contains(&currency.code());
    if !fraction.is_empty() && !says_nothing {
        written.push(point);
        written.push_str(&fraction);
    }
    written
}

/// What stands between thousands, and before the decimals.
fn marks(locale: Locale, code: &str) -> (char, char) {
    let is_comma = match locale {
        Locale::PtBr | Locale::Id => true,
        Locale::En => false,
        Locale::Es => SPANISH_COMMA.contains(&code),
    };
    if is_comma { ('.', ',') } else { (',', '.') }
}

/// The sign of a currency where that language has one that is not mistaken for another currency's; its code otherwise.
/// The peso signs are for Spanish alone: there a shop's `$` is its country's.
fn symbol(locale: Locale, code: &str) -> &str {
    match (locale, code) {
        (_, "BRL") => "R$",
        (_, "EUR") => "€",
        (_, "GBP") => "£",
        (_, "IDR") => "Rp",
        (Locale::En, "USD") | (Locale::Es, "ARS" | "CLP" | "COP" | "MXN" | "UYU") => "$",
        (Locale::PtBr | Locale::Es | Locale::Id, "USD") => "US$",
        (Locale::En, "JPY") => "¥",
        (Locale::Es, "BOB") => "Bs",
        (Locale::Es, "CRC") => "₡",
        (Locale::Es, "PEN") => "S/",
        (Locale::Es, "PYG") => "Gs.",
        (Locale::PtBr | Locale::En | Locale::Es | Locale::Id, other) => other,
    }
}
