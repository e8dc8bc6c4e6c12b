//! Exact money: an `i64` of minor units and an ISO 4217 currency with its own exponent.

use std::fmt;

/// The largest amount of one expense: 10^12 minor units (rules.md, "Money, dates, months").
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// Why an amount or a currency was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not `0` or digits without a leading zero, with at most one point and digits behind it.
    #[error("must be a plain decimal number such as 1250.75, without sign, exponent or leading zeros")]
    Malformed,
    /// More digits behind the point than the currency has.
    #[error("has more decimals than the currency has")]
    TooManyDecimals,
    /// Zero where a positive amount is needed.
    #[error("must be more than zero")]
    NotPositive,
    /// Above [`MAX_AMOUNT`].
    #[error("must be at most 10^12 minor units")]
    TooLarge,
    /// A sum that does not fit 64 bits.
    #[error("the sum is too large")]
    Overflow,
    /// Not a currency of ISO 4217 with minor units.
    #[error("must be a currency code of ISO 4217, such as INR")]
    UnknownCurrency,
}

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// ISO 4217 codes by how many decimals they have. Funds, metals and testing codes are left out: nobody pays with them.
const BY_EXPONENT: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY \
         COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS \
         INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR \
         MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
         SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// Reads an ISO 4217 code in capitals.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for any other text.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        BY_EXPONENT
            .iter()
            .find(|(_, codes)| codes.split_ascii_whitespace().any(|known| known.as_bytes() == bytes))
            .map(|(exponent, _)| Self { code: bytes, exponent: *exponent })
            .ok_or(MoneyError::UnknownCurrency)
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// How many decimals the currency has: 2 for INR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn exponent(&self) -> u8 {
        self.exponent
    }

    /// Reads an amount of zero or more, exactly from its text: `0` or digits without a leading zero, then optionally a
    /// point and at most [`Self::exponent`] digits. The result is in minor units.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`], [`MoneyError::TooManyDecimals`] or, above [`MAX_AMOUNT`], [`MoneyError::TooLarge`].
    pub fn parse_amount(&self, text: &str) -> Result<i64, MoneyError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(MoneyError::Malformed),
            Some(parts) => parts,
            None => (text, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || (whole.len() > 1 && whole.starts_with('0'))
        {
            return Err(MoneyError::Malformed);
        }
        let exponent = usize::from(self.exponent);
        if fraction.len() > exponent {
            return Err(MoneyError::TooManyDecimals);
        }
        let padding = std::iter::repeat_n(b'0', exponent - fraction.len());
        whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0_i64, |n, b| {
                let n = n * 10 + i64::from(b - b'0');
                (n <= MAX_AMOUNT).then_some(n)
            })
            .ok_or(MoneyError::TooLarge)
    }

    /// Reads the amount of an expense: as [`Self::parse_amount`], and more than zero.
    ///
    /// # Errors
    /// Those of [`Self::parse_amount`], and [`MoneyError::NotPositive`].
    pub fn parse_positive(&self, text: &str) -> Result<i64, MoneyError> {
        match self.parse_amount(text)? {
            0 => Err(MoneyError::NotPositive),
            minor => Ok(minor),
        }
    }

    /// Writes minor units as text with exactly [`Self::exponent`] decimals: `125075` INR is `1250.75`.
    #[must_use]
    pub fn format(&self, minor: i64) -> String {
        let sign = if minor < 0 { "-" } else { "" };
        let exponent = usize::from(self.exponent);
        let digits = format!("{:0>width$}", minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Adds minor units.
///
/// # Errors
/// [`MoneyError::Overflow`] instead of wrapping.
pub fn add(a: i64, b: i64) -> Result<i64, MoneyError> {
    a.checked_add(b).ok_or(MoneyError::Overflow)
}

/// Sums minor units.
///
/// # Errors
/// [`MoneyError::Overflow`] instead of wrapping.
pub fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, MoneyError> {
    amounts.into_iter().try_fold(0, add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn amounts_are_read_exactly() {
        for (code, text, minor) in [
            ("INR", "1250.75", 125_075),
            ("INR", "1250.7", 125_070),
            ("INR", "1250", 125_000),
            ("INR", "0.01", 1),
            ("JPY", "1250", 1250),
            ("KWD", "1.005", 1005),
            ("INR", "10000000000.00", MAX_AMOUNT),
            ("INR", "0", 0),
        ] {
            assert_eq!(currency(code).parse_amount(text), Ok(minor), "{code} {text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use MoneyError::{Malformed, TooLarge, TooManyDecimals};
        for (code, text, error) in [
            ("INR", "1.000", TooManyDecimals),
            ("JPY", "1.0", TooManyDecimals),
            ("INR", "-1", Malformed),
            ("INR", "+1", Malformed),
            ("INR", "1e3", Malformed),
            ("INR", "NaN", Malformed),
            ("INR", "", Malformed),
            ("INR", ".5", Malformed),
            ("INR", "5.", Malformed),
            ("INR", "01", Malformed),
            ("INR", "00", Malformed),
            ("INR", "1,000", Malformed),
            ("INR", " 1", Malformed),
            ("INR", "1 ", Malformed),
            ("INR", "１", Malformed),
            ("INR", "1.2.3", Malformed),
            ("INR", "10000000000.01", TooLarge),
            ("INR", "99999999999999999999999", TooLarge),
        ] {
            assert_eq!(currency(code).parse_amount(text), Err(error), "{code} {text:?}");
        }
        assert_eq!(currency("INR").parse_positive("0.00"), Err(MoneyError::NotPositive));
        for code in ["inr", "IN", "INRX", "XXX", "", "₹₹₹"] {
            assert_eq!(Currency::parse(code), Err(MoneyError::UnknownCurrency), "{code:?}");
        }
    }

    #[test]
    fn a_currency_tells_its_code_and_decimals() {
        for (code, exponent) in [("JPY", 0), ("INR", 2), ("KWD", 3), ("CLF", 4)] {
            let currency = currency(code);
            assert_eq!((currency.code(), currency.exponent(), currency.to_string()), (code, exponent, code.to_owned()));
        }
    }

    #[test]
    fn amounts_are_written_with_all_their_decimals() {
        for (code, minor, text) in [
            ("INR", 125_075, "1250.75"),
            ("INR", 0, "0.00"),
            ("INR", 5, "0.05"),
            ("INR", -5, "-0.05"),
            ("INR", -125_075, "-1250.75"),
            ("JPY", 0, "0"),
            ("JPY", -7, "-7"),
            ("KWD", 1005, "1.005"),
            ("INR", i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(currency(code).format(minor), text);
        }
    }

    #[test]
    fn sums_do_not_wrap() {
        assert_eq!(sum([i64::MAX, 1]), Err(MoneyError::Overflow));
        assert_eq!(sum([1, 2, 3]), Ok(6));
    }

    proptest! {
        #![proptest_config(crate::cases::cases(10_000))]

        #[test]
        fn printing_and_reading_are_inverse(minor in 0..=MAX_AMOUNT, code in prop::sample::select(vec!["INR", "JPY", "KWD", "CLF"])) {
            let currency = currency(code);
            prop_assert_eq!(currency.parse_amount(&currency.format(minor)), Ok(minor));
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,24}") {
            if let Ok(minor) = currency("INR").parse_amount(&text) {
                prop_assert!((0..=MAX_AMOUNT).contains(&minor));
            }
        }
    }
}
