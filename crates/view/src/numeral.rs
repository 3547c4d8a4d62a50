//! Numbers and tensors on one line.

use wengert_tape::{Any, Element, Float, Tensor, Value};

/// How much room a number and a whole value may take.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// Significant digits of a number.
    pub(crate) digits: usize,
    /// Characters of a value; what needs more is summed up.
    pub(crate) width: usize,
}

/// A number with at most `digits` significant digits, without trailing zeros; the very large and very small with an
/// exponent.
pub(crate) fn number(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let scientific = format!("{x:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..=6) => {
            let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
            trim_zeros(&format!("{x:.decimals$}")).into()
        }
        _ => format!("{}e{exponent}", trim_zeros(mantissa)),
    }
}

/// A decimal without zeros at its end; a whole number as it is.
fn trim_zeros(decimal: &str) -> &str {
    match decimal.contains('.') {
        true => decimal.trim_end_matches('0').trim_end_matches('.'),
        false => decimal,
    }
}

/// A value on one line: all of it where there is room, else what it ranges over.
pub(crate) fn value<F: Float>(value: &Value<F>, room: Room) -> String {
    match value {
        Any::Real(t) => real(t, room),
        Any::Index(t) => whole(t, room, |i| i.to_string()).unwrap_or_else(|| {
            let (low, high) = t.data().iter().fold((i64::MAX, i64::MIN), |(l, h), i| (l.min(*i), h.max(*i)));
            format!("{low} … {high}")
        }),
        Any::Mask(t) => whole(t, room, |b| b.to_string()).unwrap_or_else(|| {
            let holds = t.data().iter().filter(|b| **b).count();
            format!("{holds} of {} true", t.len())
        }),
    }
}

/// A tensor of numbers on one line, with fewer digits where more elements fit for it.
pub(crate) fn real<F: Float>(t: &Tensor<F>, room: Room) -> String {
    let within = |digits: usize| whole(t, room, |x| number(Float::to_f64(*x), digits));
    within(room.digits).or_else(|| within(3)).unwrap_or_else(|| summary(t, 4))
}

/// Every element, in brackets; `None` where there is no room.
fn whole<E: Element>(t: &Tensor<E>, room: Room, element: impl Fn(&E) -> String) -> Option<String> {
    // Each element but the last takes three characters or more.
    if t.len() > room.width / 3 + 1 {
        return None;
    }
    let mut text = String::new();
    write_axis(&mut text, t.shape(), t.data(), &element);
    (t.rank() == 0 || text.chars().count() <= room.width).then_some(text)
}

fn write_axis<E>(text: &mut String, shape: &[usize], data: &[E], element: &impl Fn(&E) -> String) {
    let [n, below @ ..] = shape else {
        data.iter().for_each(|x| text.push_str(&element(x)));
        return;
    };
    text.push('[');
    let step = data.len() / n.max(&1);
    for k in 0..*n {
        if k > 0 {
            text.push_str(", ");
        }
        write_axis(text, below, &data[k * step..][..step], element);
    }
    text.push(']');
}

/// The smallest and the largest number and the mean; and how many are not numbers.
fn summary<F: Float>(t: &Tensor<F>, digits: usize) -> String {
    let numbers = || t.data().iter().map(|x| Float::to_f64(*x)).filter(|x| !x.is_nan());
    let (low, high) = numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let count = numbers().count();
    let mut text = match count {
        0 => String::new(),
        _ if low == high => format!("all {}", number(low, digits)),
        _ => {
            let mean = numbers().sum::<f64>() / count as f64;
            format!("{} … {}, mean {}", number(low, digits), number(high, digits), number(mean, digits))
        }
    };
    if count < t.len() {
        let separator = if text.is_empty() { "" } else { ", " };
        text.push_str(&format!("{separator}{} NaN", t.len() - count));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let table: &[(f64, usize, &str)] = &[
            (0.0, 4, "0"),
            (-0.0, 4, "-0"),
            (0.5, 4, "0.5"),
            (-2.0, 4, "-2"),
            (1.0 / 3.0, 4, "0.3333"),
            (2.0 / 3.0, 6, "0.666667"),
            (0.99999, 4, "1"),
            (1234.5678, 4, "1235"),
            (1234567.0, 6, "1234567"),
            (12345678.0, 6, "1.23457e7"),
            (0.00012345, 3, "0.000123"),
            (0.000012345, 3, "1.23e-5"),
            (1e300, 4, "1e300"),
            (100.0, 2, "100"),
            (f64::NAN, 4, "NaN"),
            (f64::NEG_INFINITY, 4, "-inf"),
        ];
        let wrong: Vec<String> = table
            .iter()
            .filter(|(x, digits, text)| number(*x, *digits) != *text)
            .map(|(x, digits, text)| format!("{x} in {digits} digits: {} instead of {text}", number(*x, *digits)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn values_fit_a_line() {
        let nan = f64::NAN;
        let many = |n: usize| Tensor::<f64>::arange(n);
        let table: Vec<(Value<f64>, &str)> = vec![
            (Tensor::from(0.25).into(), "0.25"),
            (Tensor::from([[1.0, -2.0], [0.5, 3.0]]).into(), "[[1, -2], [0.5, 3]]"),
            (Tensor::<f64>::zeros([0, 3]).into(), "[]"),
            (Tensor::<f64>::zeros([2, 0]).into(), "[[], []]"),
            (Tensor::from([1.23456, 2.34567, 3.45678]).into(), "[1.23, 2.35, 3.46]"),
            (many(101).into(), "0 … 100, mean 50"),
            (Tensor::full([10, 10], 1.5).into(), "all 1.5"),
            (Tensor::full([40], nan).into(), "40 NaN"),
            (Tensor::from(vec![2.0; 39].into_iter().chain([nan]).collect::<Vec<_>>()).into(), "all 2, 1 NaN"),
            (Tensor::from([3i64, -1]).into(), "[3, -1]"),
            (Tensor::from((0..50i64).collect::<Vec<_>>()).into(), "0 … 49"),
            (Tensor::from([true, false]).into(), "[true, false]"),
            (Tensor::from((0..30).map(|k| k % 3 == 0).collect::<Vec<_>>()).into(), "10 of 30 true"),
        ];
        let room = Room { digits: 6, width: 24 };
        let wrong: Vec<String> = table
            .iter()
            .filter(|(v, text)| value(v, room) != *text)
            .map(|(v, text)| format!("{} instead of {text}", value(v, room)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
