//! Floating-point numbers in the forms that Go prints.

/// `value` in the form of the verb `e`, `E`, `f`, `g`, `G`, `b`, `x` or `X`, with so many digits; without a precision, as
/// many as it takes to tell it from every other number.
pub(in crate::render::helper) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let size = value.abs();
    if size.is_infinite() {
        return if sign.is_empty() { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let shown = match verb {
        'e' | 'E' => Scientific::of(size, precision).show('e'),
        'f' => fixed(size, precision),
        'b' => binary(size),
        'x' | 'X' => hexadecimal(size, precision),
        _ => general(size, precision),
    };
    let shown = if matches!(verb, 'E' | 'G' | 'X') { shown.to_uppercase() } else { shown };
    format!("{sign}{shown}")
}

fn fixed(size: f64, precision: Option<usize>) -> String {
    match precision {
        Some(precision) => format!("{size:.precision$}"),
        None => {
            let number = Scientific::of(size, None);
            let digits = i32::try_from(number.digits.len()).unwrap_or(i32::MAX);
            number.plain(usize::try_from(digits - number.exponent - 1).unwrap_or(0))
        }
    }
}

/// `1.5` or `1.5e+10`: with an exponent when it is large or small.
fn general(size: f64, precision: Option<usize>) -> String {
    let significant = precision.map(|precision| precision.max(1));
    let number = Scientific::of(size, significant.map(|digits| digits - 1)).trimmed();
    let digits = i32::try_from(number.digits.len()).unwrap_or(i32::MAX);
    let most = match significant {
        // What is as short as can be is held to have six digits for this.
        None => 6,
        Some(significant) => i32::try_from(significant).unwrap_or(i32::MAX),
    };
    if number.exponent < -4 || number.exponent >= most {
        return number.show('e');
    }
    let decimals = usize::try_from(digits - number.exponent - 1).unwrap_or(0);
    number.plain(decimals)
}

/// A number as decimal digits, the first of them before the point, times a power of ten.
struct Scientific {
    digits: String,
    exponent: i32,
}

impl Scientific {
    fn of(size: f64, decimals: Option<usize>) -> Self {
        let written = match decimals {
            Some(decimals) => format!("{size:.decimals$e}"),
            None => shortest(size),
        };
        let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        Self { digits: mantissa.replace('.', ""), exponent: exponent.parse().unwrap_or(0) }
    }

    /// Without zeros at the end.
    fn trimmed(mut self) -> Self {
        self.digits.truncate(self.digits.trim_end_matches('0').len().max(1));
        self
    }

    fn show(&self, letter: char) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{first}{point}{rest}{letter}{sign}{:02}", self.exponent.unsigned_abs())
    }

    /// Without an exponent, with so many digits after the point, which hold all of it.
    fn plain(&self, decimals: usize) -> String {
        let before = usize::try_from(self.exponent + 1).unwrap_or(0);
        let zeros = usize::try_from(-self.exponent - 1).unwrap_or(0);
        let mut all = format!("{}{}", "0".repeat(zeros), self.digits);
        while all.len() < before + decimals {
            all.push('0');
        }
        let (whole, fraction) = all.split_at(before);
        let whole = if whole.is_empty() { "0" } else { whole };
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

/// The number in as few digits as tell it from every other. Of two that are as near, Go takes the even one.
fn shortest(size: f64) -> String {
    let written = format!("{size:e}");
    let digits = written.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let even = format!("{size:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(size) { even } else { written }
}

/// Bits of a number's fraction.
const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;

/// The number as a whole number times a power of two.
fn parts(size: f64) -> (u64, i32) {
    let bits = size.to_bits();
    let fraction = bits & ((1 << FRACTION) - 1);
    // The exponent has eleven bits.
    let biased = i32::try_from(bits >> FRACTION).unwrap_or(0);
    match biased {
        0 => (fraction, 1 - 1_023),
        _ => (fraction | 1 << FRACTION, biased - 1_023),
    }
}

/// `4503599627370496p-52`
fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{:+}", exponent - FRACTION.cast_signed())
}

/// `0x1.8p+01`
fn hexadecimal(size: f64, precision: Option<usize>) -> String {
    let (mantissa, exponent) = parts(size);
    // The digit before the point is bit 60; fifteen digits follow.
    let mut fraction = mantissa << (60 - FRACTION);
    let mut exponent = exponent;
    if fraction == 0 {
        exponent = 0;
    } else {
        let shift = fraction.leading_zeros() - 3;
        fraction <<= shift;
        exponent -= shift.cast_signed();
    }
    if let Some(digits) = precision.filter(|digits| *digits < 15) {
        // To the nearest; of two as near, to the even one.
        let dropped = 60 - 4 * digits;
        let half = 1_u64 << (dropped - 1);
        let (kept, rest) = (fraction >> dropped, fraction & ((1 << dropped) - 1));
        let up = rest > half || rest == half && kept & 1 == 1;
        fraction = (kept + u64::from(up)) << dropped;
        if fraction >> 61 != 0 {
            fraction >>= 1;
            exponent += 1;
        }
    }
    let all = format!("{:015x}", fraction & ((1 << 60) - 1));
    let shown = match precision {
        None => all.trim_end_matches('0').to_owned(),
        Some(digits) => format!("{all:0<digits$}")[..digits].to_owned(),
    };
    let point = if shown.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x{}{point}{shown}p{sign}{:02}", fraction >> 60, exponent.unsigned_abs())
}
