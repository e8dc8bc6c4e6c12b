//! Exact decimals as JSON numbers: basis points and hundredths go out without passing through floating point.

use serde_json::Number;

/// `units` of 10^-`places` as a JSON number, without zeros at its end: 8000 of 4 places is `0.8`.
#[must_use]
pub(crate) fn decimal(units: i64, places: u8) -> Number {
    let places = usize::from(places);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let text = if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
    // Always a number as JSON writes it; the parser keeps its text.
    text.parse().unwrap_or_else(|_| Number::from(0))
}

/// Basis points as a share: 10000 is `1`.
#[must_use]
pub(crate) fn share(basis_points: i64) -> Number {
    decimal(basis_points, 4)
}

#[cfg(test)]
mod tests {
    use florin_domain::id::MAX_ID;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (units, places, expected) in [
            (0, 4, "0"),
            (1, 4, "0.0001"),
            (8_000, 4, "0.8"),
            (9_999, 4, "0.9999"),
            (10_000, 4, "1"),
            (12_345, 4, "1.2345"),
            (MAX_ID, 4, "900719925474.0991"),
            (1_250, 2, "12.5"),
            (3_000, 2, "30"),
            (-1, 2, "-0.01"),
            (7, 0, "7"),
            (i64::MIN, 2, "-92233720368547758.08"),
        ] {
            assert_eq!(serde_json::to_string(&decimal(units, places)).unwrap(), expected);
        }
        assert_eq!(serde_json::json!({"ratio": share(8_000)}).to_string(), r#"{"ratio":0.8}"#);
    }
}
