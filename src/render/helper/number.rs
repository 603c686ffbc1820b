//! Helpers that calculate.
//!
//! A text with a number in it counts as the number, because labels and annotations are text; any other text is 0.

mod decimal;

use handlebars::{Helper, RenderError};
use serde_json::{Number, Value};

use self::decimal::Decimal;
use super::{Arguments, Declared, MANY, Scope, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("add", (1, MANY), "{{add total.firing 1}}", |_, helper| whole(helper, |sum, next| Ok(sum.checked_add(next)))),
    value("add1", (1, 1), "{{add1 repeats}}", |_, helper| { let given = Arguments::of(helper); fits(&given, given.integer(0)?.checked_add(1)) }),
    value("sub", (2, 2), "{{sub total.firing (len firing)}}", |_, helper| whole(helper, |left, right| Ok(left.checked_sub(right)))),
    value("mul", (1, MANY), "{{mul repeats 60}}", |_, helper| whole(helper, |product, next| Ok(product.checked_mul(next)))),
    value("div", (2, 2), "{{div delayed 60}}", |_, helper| whole(helper, |left, right| if right == 0 { Err("nothing can be divided by 0") } else { Ok(left.checked_div(right)) })),
    value("mod", (2, 2), "{{mod repeats 10}}", |_, helper| whole(helper, |left, right| if right == 0 { Err("nothing can be divided by 0") } else { Ok(left.checked_rem(right)) })),
    value("max", (1, MANY), "{{max total.firing 1}}", |_, helper| whole(helper, |left, right| Ok(Some(left.max(right))))),
    value("min", (1, MANY), "{{min total.firing 9}}", |_, helper| whole(helper, |left, right| Ok(Some(left.min(right))))),
    value("addf", (1, MANY), "{{addf annotations.value 0.5}}", |_, helper| fraction(helper, |left, right| left + right, Decimal::add)),
    value("subf", (1, MANY), "{{subf annotations.value 0.5}}", |_, helper| fraction(helper, |left, right| left - right, Decimal::sub)),
    value("mulf", (1, MANY), "{{mulf annotations.value 100}}", |_, helper| fraction(helper, |left, right| left * right, Decimal::mul)),
    value("divf", (1, MANY), "{{divf annotations.value 1024}}", |_, helper| fraction(helper, |left, right| left / right, Decimal::div)),
    value("floor", (1, 1), "{{floor annotations.value}}", |_, helper| rounded(helper, f64::floor)),
    value("ceil", (1, 1), "{{ceil annotations.value}}", |_, helper| rounded(helper, f64::ceil)),
    value("round", (2, 2), "{{round annotations.value 2}}", round),
    value("int", (1, 1), "{{int annotations.value}}", truncated),
    value("int64", (1, 1), "{{int64 annotations.value}}", truncated),
    value("float64", (1, 1), "{{float64 annotations.value}}", |_, helper| rounded(helper, |number| number)),
    value("atoi", (1, 1), "{{atoi annotations.value}}", |_, helper| Ok(Value::from(Arguments::of(helper).text(0)?.parse::<i64>().unwrap_or(0)))),
    value("toDecimal", (1, 1), r#"{{toDecimal "0755"}}"#, |_, helper| Ok(Value::from(i64::from_str_radix(&Arguments::of(helper).text(0)?, 8).unwrap_or(0)))),
];

/// What comes of all arguments as whole numbers, one after the other.
fn whole(helper: &Helper<'_>, step: fn(i64, i64) -> Result<Option<i64>, &'static str>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut so_far = given.integer(0)?;
    for value in given.values(1) {
        let next = step(so_far, given.whole(value)?).map_err(|message| given.wrong(message))?;
        so_far = next.ok_or_else(|| too_large(&given))?;
    }
    Ok(Value::from(so_far))
}

fn fits(given: &Arguments<'_>, number: Option<i64>) -> Result<Value, RenderError> {
    number.map(Value::from).ok_or_else(|| too_large(given))
}

fn too_large(given: &Arguments<'_>) -> RenderError {
    given.wrong("the result is too large for a whole number")
}

/// What comes of all arguments as numbers with fractions, reckoned as one does on paper: 0.1 and 0.2 are 0.3.
fn fraction(
    helper: &Helper<'_>,
    roughly: fn(f64, f64) -> f64,
    exactly: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut so_far = given.float(given.value(0))?;
    let mut exact = Decimal::of(so_far);
    for value in given.values(1) {
        let next = given.float(value)?;
        exact = exact.zip(Decimal::of(next)).and_then(|(left, right)| exactly(left, right));
        so_far = exact.map_or_else(|| roughly(so_far, next), Decimal::value);
    }
    finite(&given, so_far)
}

fn finite(given: &Arguments<'_>, number: f64) -> Result<Value, RenderError> {
    Number::from_f64(number).map(Value::Number).ok_or_else(|| given.wrong("the result is no number"))
}

fn rounded(helper: &Helper<'_>, round: fn(f64) -> f64) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    finite(&given, round(given.float(given.value(0))?))
}

/// To so many digits after the point; a half goes up, away from 0.
fn round(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (number, digits) = (given.float(given.value(0))?, given.integer(1)?.clamp(-400, 400));
    let power = 10f64.powi(digits as i32);
    let shifted = (number * power).round();
    // What has no digits there is round already.
    finite(&given, if shifted.is_finite() && power > 0.0 { shifted / power } else { number })
}

fn truncated(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::from(Arguments::of(helper).integer(0)?))
}
