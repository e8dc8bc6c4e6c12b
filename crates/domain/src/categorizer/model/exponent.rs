//! Powers of two on integers: the same on every machine, which a mathematical library's are not.

/// One, in the fixed point of the results.
const ONE: u64 = 1 << 30;

/// The coefficients of 2^-x between 0 and 1, after the leading one, alternating in sign: ln 2 to the n over n factorial,
/// in units of 2^-30.
const COEFFICIENTS: [u64; 7] = [744_261_118, 257_941_248, 59_597_083, 10_327_387, 1_431_680, 165_394, 16_377];

/// 2 to the minus `x`, `x` in units of 2^-16, the result in units of 2^-30. It is right to 2^-26.
pub(super) fn inverse_power_of_two(x: u64) -> u64 {
    let whole = x >> 16;
    if whole > 30 {
        return 0;
    }
    let fraction = (x & 0xffff) << 14;
    // Horner's scheme on alternating signs: a1 - f (a2 - f (a3 - ...)) stays positive.
    let inner = COEFFICIENTS.iter().rev().fold(0, |inner, coefficient| coefficient - ((inner * fraction) >> 30));
    (ONE - ((inner * fraction) >> 30)) >> whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_half_powers() {
        assert_eq!([0, 1, 2, 30].map(|whole| inverse_power_of_two(whole << 16)), [ONE, ONE / 2, ONE / 4, 1]);
        assert_eq!(inverse_power_of_two(31 << 16), 0);
        assert_eq!(inverse_power_of_two(u64::MAX), 0);
        // 2^30 / sqrt(2)
        assert!(inverse_power_of_two(1 << 15).abs_diff(759_250_125) < 16);
    }

    #[test]
    fn it_never_rises() {
        for x in 0..(4 << 16) {
            assert!(inverse_power_of_two(x + 1) <= inverse_power_of_two(x), "{x}");
        }
    }
}
