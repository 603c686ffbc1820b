//! Numbers as one writes them: so many digits, and where the point is.

/// `digits` × 10^-`scale`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    digits: i128,
    scale: u32,
}

/// Digits after the point of a quotient.
const QUOTIENT: u32 = 16;

// === impl Decimal ===

impl Decimal {
    /// The shortest that is this number; none when it is too large or too small.
    pub(super) fn of(number: f64) -> Option<Self> {
        let written = format!("{number:e}");
        let (mantissa, exponent) = written.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = i32::try_from(fraction.len()).ok()? - exponent;
        match u32::try_from(scale) {
            Ok(scale) => Some(Self { digits, scale }),
            Err(_) => Some(Self { digits: digits.checked_mul(ten(scale.unsigned_abs())?)?, scale: 0 }),
        }
    }

    pub(super) fn value(self) -> f64 {
        format!("{}e-{}", self.digits, self.scale).parse().unwrap_or(f64::NAN)
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.at(scale)?.checked_add(other.at(scale)?)?;
        Some(Self { digits, scale })
    }

    pub(super) fn sub(self, other: Self) -> Option<Self> {
        self.add(Self { digits: -other.digits, scale: other.scale })
    }

    pub(super) fn mul(self, other: Self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_mul(other.digits)?, scale: self.scale + other.scale })
    }

    pub(super) fn div(self, other: Self) -> Option<Self> {
        let upper = self.digits.checked_mul(ten(other.scale + QUOTIENT)?)?;
        let lower = other.digits.checked_mul(ten(self.scale)?)?;
        let (quotient, rest) = (upper.checked_div(lower)?, upper.checked_rem(lower)?);
        let up = rest.unsigned_abs() >= lower.unsigned_abs().div_ceil(2);
        let away = if (upper < 0) == (lower < 0) { 1 } else { -1 };
        Some(Self { digits: if up { quotient + away } else { quotient }, scale: QUOTIENT })
    }

    /// The digits with the point at `scale`.
    fn at(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(ten(scale - self.scale)?)
    }
}

fn ten(power: u32) -> Option<i128> {
    10i128.checked_pow(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reckons_as_on_paper() {
        let of = |number| Decimal::of(number).expect("a decimal");
        assert_eq!(of(0.1).add(of(0.2)).map(Decimal::value), Some(0.3));
        assert_eq!(of(0.3).sub(of(0.1)).map(Decimal::value), Some(0.2));
        assert_eq!(of(1.1).mul(of(1.1)).map(Decimal::value), Some(1.21));
        assert_eq!(of(1.0).div(of(3.0)).map(Decimal::value), Some(0.333_333_333_333_333_3));
        assert_eq!(of(-2.0).div(of(3.0)).map(Decimal::value), Some(-0.666_666_666_666_666_7));
        assert_eq!(of(1e20).add(of(1.0)).map(Decimal::value), Some(1e20));
        assert!(of(1.0).div(of(0.0)).is_none());
        assert!(Decimal::of(1e300).is_none());
    }
}
