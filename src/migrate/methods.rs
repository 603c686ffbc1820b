//! The methods of Go's values: of labels and lists of alerts, of times and durations.

use super::kind::Kind;
use super::tree::{At, Trouble, trouble};
use super::value::{Code, Value};

/// The layout of Go's `Time.String`.
pub(super) const TIME: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// What `receiver.name arguments…` makes.
///
/// # Errors
/// The arguments are wrong, or it has no counterpart.
pub(super) fn method(receiver: Value, name: &str, arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
    let Value { kind, code } = receiver;
    let given = arguments.len();
    let made = match kind {
        Kind::Data => of_data(given),
        Kind::Labels | Kind::Pairs | Kind::Alerts => of_collection(code, name, &arguments),
        Kind::Time => of_time(code, name, arguments),
        Kind::Span => of_span(code, name, &arguments),
        _ => None,
    };
    match made {
        Some(value) => Ok(value),
        None => trouble(at, format!(".{name} cannot be turned with {given} arguments: write the value out")),
    }
}

/// `.AtMobiles`
fn of_data(given: usize) -> Option<Value> {
    (given == 0).then(|| Value::call(Kind::list(Kind::Text), "mobiles", []))
}

fn of_collection(code: Code, name: &str, arguments: &[Value]) -> Option<Value> {
    let call = |kind, helper| Some(Value::call(kind, helper, [code.clone()]));
    match (name, arguments) {
        ("SortedPairs", []) => call(Kind::Pairs, "sortedPairs"),
        ("Names", []) => call(Kind::list(Kind::Text), "names"),
        ("Values", []) => call(Kind::list(Kind::Text), "values"),
        ("Firing", []) => call(Kind::Alerts, "firing"),
        ("Resolved", []) => call(Kind::Alerts, "resolved"),
        ("Remove", [names]) => Some(Value::call(Kind::Labels, "remove", [code, names.code.clone()])),
        _ => None,
    }
}

fn of_time(code: Code, name: &str, arguments: Vec<Value>) -> Option<Value> {
    let given: Vec<Value> = arguments;
    let layout = |layout: &str| Some(formatted(code.clone(), layout));
    let part = |part: &str| Some(Value::call(Kind::Whole, "timePart", [code.clone(), Value::text(part).code]));
    let call = |kind: Kind, helper: &'static str| {
        let arguments = std::iter::once(code.clone()).chain(given.iter().map(|value| value.code.clone()));
        Some(Value::call(kind, helper, arguments))
    };
    match (name, given.as_slice()) {
        ("Format", [_]) => call(Kind::Text, "format"),
        ("Add", [by]) => Some(Value::call(Kind::Time, "addDuration", [code.clone(), span(by)])),
        ("AddDate", [_, _, _]) => call(Kind::Time, "addDate"),
        ("Sub", [_]) => call(Kind::Span, "subTime"),
        ("Unix", []) => call(Kind::Whole, "unix"),
        ("UnixMilli", []) => call(Kind::Whole, "unixMilli"),
        ("UnixNano", []) => call(Kind::Whole, "unixNano"),
        ("IsZero", []) => call(Kind::Bool, "isZero"),
        ("Before", [_]) => call(Kind::Bool, "before"),
        ("After", [_]) => call(Kind::Bool, "after"),
        ("Equal", [_]) => call(Kind::Bool, "sameTime"),
        ("Local", []) => call(Kind::Time, "local"),
        ("UTC", []) => call(Kind::Time, "utc"),
        ("Truncate", [by]) => Some(Value::call(Kind::Time, "truncateTime", [code.clone(), by.code.clone()])),
        ("String", []) => layout(TIME),
        // As it is printed; as a number it is hardly ever used.
        ("Month", []) => layout("January"),
        ("Weekday", []) => layout("Monday"),
        ("Year", []) => part("year"),
        ("Day", []) => part("day"),
        ("Hour", []) => part("hour"),
        ("Minute", []) => part("minute"),
        ("Second", []) => part("second"),
        ("Nanosecond", []) => part("nanosecond"),
        ("YearDay", []) => part("yearDay"),
        _ => None,
    }
}

/// A time in a Go layout.
pub(super) fn formatted(time: Code, layout: &str) -> Value {
    Value::call(Kind::Text, "format", [time, Value::text(layout).code])
}

/// A duration as an argument: one that is written as a number of nanoseconds reads better with its unit.
fn span(by: &Value) -> Code {
    const UNITS: [(i64, &str); 3] = [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s")];
    match by.as_whole() {
        Some(0) | None => by.code.clone(),
        Some(nanoseconds) => match UNITS.iter().find(|(unit, _)| nanoseconds % unit == 0) {
            Some((unit, letter)) => Value::text(format!("{}{letter}", nanoseconds / unit)).code,
            None => Value::whole(nanoseconds).code,
        },
    }
}

fn of_span(code: Code, name: &str, arguments: &[Value]) -> Option<Value> {
    let in_unit = |kind, unit: &str| Some(Value::call(kind, "durationIn", [code.clone(), Value::text(unit).code]));
    match (name, arguments) {
        ("Hours", []) => in_unit(Kind::Float, "h"),
        ("Minutes", []) => in_unit(Kind::Float, "m"),
        ("Seconds", []) => in_unit(Kind::Float, "s"),
        ("Milliseconds", []) => in_unit(Kind::Whole, "ms"),
        ("Microseconds", []) => in_unit(Kind::Whole, "us"),
        ("Nanoseconds", []) => in_unit(Kind::Whole, "ns"),
        ("String", []) => Some(Value::call(Kind::Text, "goDuration", [code])),
        ("Round", [unit]) => Some(Value::call(Kind::Span, "roundDuration", [code, whole(unit)])),
        ("Truncate", [unit]) => Some(Value::call(Kind::Span, "truncateDuration", [code, whole(unit)])),
        _ => None,
    }
}

/// A number of nanoseconds that may be written as `1e9`.
fn whole(value: &Value) -> Code {
    value.as_whole().map_or_else(|| value.code.clone(), |whole| Value::whole(whole).code)
}
