//! Amounts in every language: as people write them, and never a digit less than there is.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::money::Currency;

const CURRENCIES: [&str; 18] = [
    "ARS", "BHD", "BRL", "CLF", "CLP", "COP", "CRC", "EUR", "GBP", "IDR", "JPY", "KWD", "MXN", "PEN", "PYG",
    "TND", "USD", "XPF",
];

#[test]
#[expect(clippy::too_many_lines, reason = "a table of examples")]
fn money_is_written_as_people_write_it() {
    for (amount, code, expected) in [
        (
            "1234567.9",
            "BRL",
            [
                "R$ 1.234.567,90",
                "R$1,234,567.90",
                "R$ 1.234.567,90",
                "R$ 1.234.567,90",
            ],
        ),
        ("0.05", "BRL", ["R$ 0,05", "R$0.05", "R$ 0,05", "R$ 0,05"]),
        ("0", "BRL", ["R$ 0,00", "R$0.00", "R$ 0,00", "R$ 0,00"]),
        (
            "1000",
            "BRL",
            ["R$ 1.000,00", "R$1,000.00", "R$ 1.000,00", "R$ 1.000,00"],
        ),
        (
            "1234.56",
            "USD",
            ["US$ 1.234,56", "$1,234.56", "US$1,234.56", "US$ 1.234,56"],
        ),
        ("12.5", "EUR", ["€ 12,50", "€12.50", "€ 12,50", "€ 12,50"]),
        (
            "1234.5",
            "MXN",
            ["MXN 1.234,50", "MXN 1,234.50", "$1,234.50", "MXN 1.234,50"],
        ),
        (
            "1234.5",
            "ARS",
            ["ARS 1.234,50", "ARS 1,234.50", "$ 1.234,50", "ARS 1.234,50"],
        ),
        ("9.9", "PEN", ["PEN 9,90", "PEN 9.90", "S/ 9.90", "PEN 9,90"]),
        (
            "11000",
            "IDR",
            ["Rp 11.000", "Rp 11,000", "Rp 11,000", "Rp 11.000"],
        ),
        (
            "11000.5",
            "IDR",
            ["Rp 11.000,50", "Rp 11,000.50", "Rp 11,000.50", "Rp 11.000,50"],
        ),
        (
            "50000",
            "COP",
            ["COP 50.000", "COP 50,000", "$ 50.000", "COP 50.000"],
        ),
        ("1000", "JPY", ["JPY 1.000", "¥1,000", "JPY 1,000", "JPY 1.000"]),
        (
            "19990",
            "CLP",
            ["CLP 19.990", "CLP 19,990", "$ 19.990", "CLP 19.990"],
        ),
        (
            "1500000",
            "PYG",
            ["PYG 1.500.000", "PYG 1,500,000", "Gs. 1.500.000", "PYG 1.500.000"],
        ),
        (
            "1000.125",
            "KWD",
            ["KWD 1.000,125", "KWD 1,000.125", "KWD 1,000.125", "KWD 1.000,125"],
        ),
        (
            "1000000000000000",
            "BRL",
            [
                "R$ 1.000.000.000.000.000,00",
                "R$1,000,000,000,000,000.00",
                "R$ 1.000.000.000.000.000,00",
                "R$ 1.000.000.000.000.000,00",
            ],
        ),
    ] {
        let amount = Money::parse(amount, Currency::parse(code).unwrap()).unwrap();
        for (locale, text) in Locale::ALL.into_iter().zip(expected) {
            assert_eq!(money(locale, &amount), text, "{}", locale.tag());
        }
    }
}

#[test]
fn what_costs_nothing_is_written_with_all_decimals_even_when_multiplied() {
    let free = Money::zero(Currency::BRL).times(3).unwrap();
    assert_eq!(money(Locale::PtBr, &free), "R$ 0,00");
    let sum = Money::zero(Currency::BRL).plus(&free).unwrap();
    assert_eq!(money(Locale::En, &sum), "R$0.00");
}

/// Reads an amount as a person does: the last mark is decimal when exactly the currency's decimals follow it.
fn read_back(written: &str, currency: Currency) -> Money {
    let digits = written.trim_start_matches(|c: char| !c.is_ascii_digit());
    let decimals = usize::try_from(currency.exponent()).unwrap();
    let is_mark = |c: char| c == '.' || c == ',';
    let (whole, fraction) = digits
        .rsplit_once(is_mark)
        .filter(|(_, tail)| decimals > 0 && tail.len() == decimals)
        .unwrap_or((digits, ""));
    let groups: Vec<&str> = whole.split(is_mark).collect();
    assert!(groups.iter().skip(1).all(|group| group.len() == 3), "{written}");
    assert!((1..=3).contains(&groups[0].len()), "{written}");
    let text = if fraction.is_empty() {
        groups.concat()
    } else {
        format!("{}.{fraction}", groups.concat())
    };
    Money::parse(&text, currency).unwrap()
}

proptest! {
    #[test]
    fn the_digits_of_money_read_back_to_the_exact_amount(
        whole in prop_oneof![0_u64..2_000, 0_u64..1_000_000_000_000_000],
        minor in 0_u64..10_000,
        code in select(CURRENCIES.to_vec()),
        locale in select(Locale::ALL.to_vec()),
    ) {
        let currency = Currency::parse(code).unwrap();
        let decimals = usize::try_from(currency.exponent()).unwrap();
        let minor = minor % 10_u64.pow(currency.exponent());
        let text = if decimals == 0 { whole.to_string() } else { format!("{whole}.{minor:0>decimals$}") };
        let amount = Money::parse(&text, currency).unwrap();
        let written = money(locale, &amount);
        prop_assert_eq!(read_back(&written, currency), amount, "{}", written);
        let marks = written.trim_start_matches(|c: char| !c.is_ascii_digit());
        prop_assert!(marks.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ','), "{}", written);
    }
}

#[test]
fn a_discount_is_written_with_its_sign_before_the_currency() {
    let amount = &money(Locale::PtBr, &Money::parse("5", Currency::BRL).unwrap());
    assert_eq!(
        super::super::say(Locale::PtBr, super::super::Phrase::Discount { amount }),
        "Desconto: −R$ 5,00"
    );
}
