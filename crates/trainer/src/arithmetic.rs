//! Exponentials and logarithms from additions and multiplications only, which every machine computes alike: with those
//! of a mathematical library the same inputs would train other bytes elsewhere.

/// e to the `x`.
pub(crate) fn exp(x: f32) -> f32 {
    let x = f64::from(x.clamp(-80.0, 80.0));
    // e^x = (e^(x/1024))^1024
    let y = x / 1024.0;
    let mut power = 1.0 + y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0)));
    for _ in 0..10 {
        power *= power;
    }
    narrow(power)
}

/// The natural logarithm of a positive `x`, by Newton's method on [`exp`].
pub(crate) fn ln(x: f32) -> f32 {
    let mut y = 0.0_f32;
    for _ in 0..60 {
        let e = exp(y);
        y += 2.0 * (x - e) / (x + e);
    }
    y
}

/// `x` to the power of `y`, `x` positive.
pub(crate) fn power(x: f32, y: f32) -> f32 {
    exp(y * ln(x))
}

#[allow(clippy::cast_possible_truncation, reason = "rounding to the nearest is what is wanted")]
pub(crate) const fn narrow(x: f64) -> f32 {
    x as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_they_say() {
        for x in [-20.0_f32, -1.0, 0.0, 0.5, 1.0, 10.0] {
            assert!((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs() < 1e-6, "{x}");
        }
        for x in [0.01_f32, 0.5, 1.0, 2.0, 300.0] {
            assert!((ln(x) - x.ln()).abs() < 1e-5, "{x}");
        }
        assert!((power(8.0, 1.0 / 3.0) - 2.0).abs() < 1e-5);
    }
}
