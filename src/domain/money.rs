//! Exact money: decimal text in, decimal text or integer minor units out, the currency's ISO 4217 exponent always kept.
//! It refuses floats, rounding and mixed currencies.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Codes in use (ISO 4217, list one), separated by spaces.
const IN_USE: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND \
    BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK \
    DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU \
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR \
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP \
    STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU \
    UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";
/// Codes without minor units (ISO 4217 table A.1, exponent 0).
const EXPONENT_0: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF",
];
/// Codes with three decimals (ISO 4217 table A.1, exponent 3).
const EXPONENT_3: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

impl Currency {
    /// The Brazilian real.
    pub const BRL: Self = Self(*b"BRL");

    /// Reads a three-letter code.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code
            .as_bytes()
            .try_into()
            .map_err(|_| MoneyError::Currency(code.to_owned()))?;
        if IN_USE.split(' ').any(|known| known == code) {
            Ok(Self(bytes))
        } else {
            Err(MoneyError::Currency(code.to_owned()))
        }
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimal digits of the minor unit.
    pub fn exponent(self) -> u32 {
        let code = self.code();
        match code {
            "XPF" => 0,
            "CLF" | "UYW" => 4,
            _ if EXPONENT_0.contains(&code) => 0,
            _ if EXPONENT_3.contains(&code) => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// Why a text is no money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a three-letter upper-case code.
    #[error("{0:?} is no ISO 4217 currency code such as BRL")]
    Currency(String),
    /// Not plain decimal text.
    #[error("{0:?} is no decimal amount such as \"12.90\"")]
    Amount(String),
    /// More digits than the currency's minor unit; never rounded.
    #[error("{amount:?} has more than {digits} decimals, which {currency} does not have")]
    TooPrecise {
        /// The text.
        amount: String,
        /// The currency.
        currency: String,
        /// Decimals that it has.
        digits: u32,
    },
    /// Past the largest amount that is handled.
    #[error("the amount is too large")]
    TooLarge,
    /// Two currencies in one sum.
    #[error("{0} and {1} can't be added")]
    Mixed(String, String),
}

/// An exact amount, zero or more, in one currency; at most 10^15 major units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

/// Longest amount text that is looked at.
const AMOUNT_CHARS_MAX: usize = 24;
/// Largest number of major units: far above any cart, far below where decimals overflow.
const MAJOR_UNITS_MAX: i64 = 1_000_000_000_000_000;

impl Money {
    /// Nothing, in that currency.
    pub fn zero(currency: Currency) -> Self {
        Self {
            amount: Decimal::new(0, currency.exponent()),
            currency,
        }
    }

    /// Reads decimal text (`12.9`, `12.90`, `30`): digits with at most one dot, no sign, no exponent.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Amount(text.chars().take(AMOUNT_CHARS_MAX).collect());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if text.len() > AMOUNT_CHARS_MAX || !digits(whole) || !digits(fraction) {
            return Err(wrong());
        }
        let amount = Decimal::from_str_exact(text).map_err(|_| wrong())?;
        if amount > Decimal::from(MAJOR_UNITS_MAX) {
            return Err(MoneyError::TooLarge);
        }
        let exponent = currency.exponent();
        let mut normal = amount.normalize();
        if normal.scale() > exponent {
            return Err(MoneyError::TooPrecise {
                amount: text.to_owned(),
                currency: currency.code().to_owned(),
                digits: exponent,
            });
        }
        normal.rescale(exponent);
        Ok(Self {
            amount: normal,
            currency,
        })
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Decimal text with exactly the currency's decimals: `12.90`.
    pub fn amount_text(&self) -> String {
        self.amount.to_string()
    }

    /// The amount as a whole number of the currency's smallest unit: 1290 for 12.90 BRL.
    pub fn minor_units(&self) -> Option<i64> {
        let factor = Decimal::from(10_i64.checked_pow(self.currency.exponent())?);
        i64::try_from(self.amount.checked_mul(factor)?).ok()
    }

    /// True for nothing.
    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }

    /// Sum of two amounts of one currency.
    pub fn plus(&self, other: &Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount = self
            .amount
            .checked_add(other.amount)
            .filter(|sum| *sum <= Decimal::from(MAJOR_UNITS_MAX))
            .ok_or(MoneyError::TooLarge)?;
        Ok(Self {
            amount,
            currency: self.currency,
        })
    }

    /// Difference; `TooLarge` when it would be below zero.
    pub fn minus(&self, other: &Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount = self
            .amount
            .checked_sub(other.amount)
            .ok_or(MoneyError::TooLarge)?;
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self {
            amount,
            currency: self.currency,
        })
    }

    /// That many times the amount.
    pub fn times(&self, quantity: u8) -> Result<Self, MoneyError> {
        let amount = self
            .amount
            .checked_mul(Decimal::from(quantity))
            .filter(|product| *product <= Decimal::from(MAJOR_UNITS_MAX))
            .ok_or(MoneyError::TooLarge)?;
        // A product of zero has lost its decimals: "0.00" stays "0.00".
        if amount.is_zero() {
            return Ok(Self::zero(self.currency));
        }
        Ok(Self {
            amount,
            currency: self.currency,
        })
    }

    fn same_currency(&self, other: &Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(
                self.currency.code().to_owned(),
                other.currency.code().to_owned(),
            ))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Serialize, Deserialize)]
struct MoneyText {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyText {
            amount: self.amount_text(),
            currency: self.currency,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = MoneyText::deserialize(deserializer)?;
        Self::parse(&text.amount, text.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brl(text: &str) -> Money {
        Money::parse(text, Currency::BRL).unwrap()
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(brl("0.1").plus(&brl("0.2")).unwrap(), brl("0.30"));
        assert_eq!(brl("19.99").times(3).unwrap().amount_text(), "59.97");
        assert_eq!(brl("0").times(3).unwrap().amount_text(), "0.00");
        assert_eq!(brl("500.01").minus(&brl("0.01")).unwrap(), brl("500"));
        assert!(brl("1").minus(&brl("1.01")).is_err());
    }

    #[test]
    fn the_exponent_is_the_currencys_and_nothing_is_rounded() {
        let jpy = Currency::parse("JPY").unwrap();
        let kwd = Currency::parse("KWD").unwrap();
        assert_eq!(Money::parse("1000", jpy).unwrap().amount_text(), "1000");
        assert!(matches!(
            Money::parse("7.5", jpy),
            Err(MoneyError::TooPrecise { .. })
        ));
        assert_eq!(Money::parse("7.125", kwd).unwrap().amount_text(), "7.125");
        assert!(matches!(
            Money::parse("7.999", Currency::BRL),
            Err(MoneyError::TooPrecise { .. })
        ));
        assert_eq!(brl("7.990").amount_text(), "7.99");
    }

    #[test]
    fn what_is_not_plain_decimal_text_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "NaN", "0x1", "1.2.3", "٣",
        ] {
            assert!(Money::parse(text, Currency::BRL).is_err(), "{text:?} was taken");
        }
        assert!(Money::parse("99999999999999999999", Currency::BRL).is_err());
    }

    #[test]
    fn money_of_two_currencies_is_not_added() {
        let usd = Money::parse("1", Currency::parse("USD").unwrap()).unwrap();
        assert!(matches!(brl("1").plus(&usd), Err(MoneyError::Mixed(..))));
        assert!(Currency::parse("brl").is_err());
        assert!(Currency::parse("ZZZ").is_err());
        assert_eq!(IN_USE.split(' ').count(), IN_USE.split_whitespace().count());
    }
}
