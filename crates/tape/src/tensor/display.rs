//! Tensors as text: aligned in columns, abridged when large.

use std::fmt::{self, Display, Write};

use super::Tensor;
use crate::shape::Shape;
use crate::tensor::float::Element;

/// Above this number of elements, only the ends of each axis are shown.
const ABRIDGE_ABOVE: usize = 1000;
/// How many entries at each end of an abridged axis.
const ENDS: usize = 3;

impl<E: Element> Display for Tensor<E> {
    /// Rows in brackets, columns aligned. A precision is passed on to the elements: `{:.3}`.
    ///
    /// ```
    /// use wengert_tape::Tensor;
    /// let t = Tensor::from([[1.0, -0.5], [10.0, 2.25]]);
    /// assert_eq!(t.to_string(), "[[ 1   , -0.5 ],\n [10   ,  2.25]]");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let abridged = self.len() > ABRIDGE_ABOVE;
        let mut shown = Vec::new();
        for_each_shown(self.shape(), abridged, &mut |at| {
            shown.push(match f.precision() {
                Some(p) => format!("{:.p$}", self.data()[at]),
                None => number(self.data()[at].to_string()),
            })
        });
        let widths = |part: fn(&str) -> usize| shown.iter().map(|s| part(s)).max().unwrap_or(0);
        let (before, after) = (widths(point), widths(|s| s.chars().count() - point(s)));
        let mut column = shown.iter().map(|s| {
            let left = before - point(s);
            let right = after - (s.chars().count() - point(s));
            format!("{}{s}{}", " ".repeat(left), " ".repeat(right))
        });
        write_axis(self.shape(), abridged, 0, &mut column, f)
    }
}

impl<E: Element> fmt::Debug for Tensor<E> {
    /// The shape, then the elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{} ", self.shape())?;
        Display::fmt(self, f)
    }
}

/// The position of the decimal point, or the length without one.
fn point(s: &str) -> usize {
    s.chars().position(|c| c == '.' || c == 'e').unwrap_or(s.chars().count())
}

/// A number as short as it can be read: at most six significant decimals.
fn number(plain: String) -> String {
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    if digits <= 7 || !plain.contains('.') && digits < 16 {
        return plain;
    }
    match plain.parse::<f64>() {
        Ok(v) if v.is_finite() && (1e-4..1e7).contains(&v.abs()) => {
            let s = format!("{v:.6}");
            s.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        Ok(v) if v.is_finite() => format!("{v:.4e}"),
        _ => plain,
    }
}

/// The indices shown along an axis; `None` stands for the gap.
fn entries(n: usize, abridged: bool) -> impl Iterator<Item = Option<usize>> {
    let cut = abridged && n > 2 * ENDS;
    let head = if cut { ENDS } else { n };
    let tail = if cut { n - ENDS..n } else { n..n };
    (0..head).map(Some).chain(cut.then_some(None)).chain(tail.map(Some))
}

/// Calls `f` with the row-major position of each element that is shown.
fn for_each_shown(shape: &Shape, abridged: bool, f: &mut dyn FnMut(usize)) {
    fn walk(shape: &[usize], strides: &[usize], abridged: bool, at: usize, f: &mut dyn FnMut(usize)) {
        match shape {
            [] => f(at),
            [n, rest @ ..] => entries(*n, abridged)
                .flatten()
                .for_each(|i| walk(rest, &strides[1..], abridged, at + i * strides[0], f)),
        }
    }
    walk(shape, &shape.strides(), abridged, 0, f);
}

fn write_axis(
    shape: &[usize],
    abridged: bool,
    axis: usize,
    column: &mut dyn Iterator<Item = String>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if axis == shape.len() {
        return f.write_str(&column.next().unwrap_or_default());
    }
    f.write_char('[')?;
    for (k, entry) in entries(shape[axis], abridged).enumerate() {
        if k > 0 {
            let below = shape.len() - axis - 1;
            f.write_str(if below == 0 { ", " } else { "," })?;
            for _ in 0..below {
                f.write_char('\n')?;
            }
            if below > 0 {
                f.write_str(&" ".repeat(axis + 1))?;
            }
        }
        match entry {
            Some(_) => write_axis(shape, abridged, axis + 1, column, f)?,
            None => f.write_char('…')?,
        }
    }
    f.write_char(']')
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn what_a_person_reads() {
        assert_eq!(Tensor::from(2.5).to_string(), "2.5");
        assert_eq!(Tensor::from([1i64, -20]).to_string(), "[  1, -20]");
        assert_eq!(Tensor::from([[[1i64, 2]], [[3, 4]]]).to_string(), "[[[1, 2]],\n\n [[3, 4]]]");
        assert_eq!(Tensor::<f64>::zeros([0, 2]).to_string(), "[]");
        assert_eq!(Tensor::from([1.0 / 3.0, 1e-9 / 3.0]).to_string(), "[0.333333  , 3.3333e-10]");
        assert_eq!(format!("{:.2}", Tensor::from([1.0, 2.345])), "[1.00, 2.35]");
        let large = Tensor::<f64>::arange(2000).to_string();
        assert_eq!(large, "[   0,    1,    2, …, 1997, 1998, 1999]");
    }
}
