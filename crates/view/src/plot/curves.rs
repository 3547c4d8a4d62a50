//! Numbers as curves.

use std::fmt::Write as _;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Error, Op, Takes, Tensor, Value};

use super::axes::Axes;
use super::{colour, head};
use crate::rule::value_and_slope;
use crate::svg::escape;

const SIZE: [f64; 2] = [560.0, 340.0];
/// Left, top, width and height of the plot.
const PLACE: [f64; 4] = [64.0, 52.0, 478.0, 238.0];
/// The ends of the axis of an activation, and the points on it.
const REACH: f64 = 4.0;
const POINTS: u32 = 201;

/// Points with a name, to be joined by lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name.
    pub name: String,
    /// The points. What is not finite is left out.
    pub points: Vec<[f64; 2]>,
}

impl Series {
    /// Numbers for 1, 2, 3, …: of epochs or steps.
    pub fn new(name: impl Into<String>, numbers: impl IntoIterator<Item = f64>) -> Self {
        let points = numbers.into_iter().zip(1..).map(|(y, x)| [f64::from(x), y]).collect();
        Series { name: name.into(), points }
    }
}

/// Series as curves on common axes, with `x_is` below them: the loss of each epoch, the accuracy on two sets.
///
/// # Examples
/// ```
/// use wengert_view::plot::{Series, curves};
/// let (train, test) = (Series::new("training", [0.5, 0.8, 0.95]), Series::new("test", [0.4, 0.7, 0.8]));
/// let picture = curves("accuracy", "epoch", &[train, test]);
/// assert_eq!(picture.matches("<polyline").count(), 2);
/// ```
pub fn curves(title: &str, x_is: &str, series: &[Series]) -> String {
    let axes = Axes::around(PLACE, series.iter().flat_map(|series| series.points.iter().copied()), 0.04);
    let mut svg = head(title, SIZE);
    axes.ground(&mut svg);
    axes.write(&mut svg, x_is, true);
    let mut left = PLACE[0];
    for (k, Series { name, points }) in series.iter().enumerate() {
        let points: Vec<[f64; 2]> =
            points.iter().filter(|point| point.iter().all(|x| x.is_finite())).map(|point| axes.at(*point)).collect();
        let path: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        let colour = colour(k);
        match points[..] {
            [[x, y]] => writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"),
            _ => writeln!(svg, "<polyline stroke=\"{colour}\" points=\"{}\"/>", path.join(" ")),
        }
        .unwrap_or_else(|e| unreachable!("text is written: {e}"));
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"42\" style=\"fill:{colour}\">━ {}</text>", escape(name));
        left += 30.0 + 7.5 * name.chars().count() as f64;
    }
    svg + "</svg>\n"
}

/// An operation of one operand, such as an activation, with its derivative by its own rule, from −4 to 4.
///
/// # Errors
/// [`Error::Argument`] if it is not of one number that acts element by element.
///
/// # Examples
/// ```
/// use wengert_tape::ops::{AnyOp, Tanh};
/// let picture = wengert_view::plot::activation(&AnyOp::new(Tanh))?;
/// assert!(picture.contains("tanh(x)") && picture.contains("derivative"));
/// # Ok::<(), wengert_tape::Error>(())
/// ```
pub fn activation(op: &AnyOp) -> Result<String, Error> {
    let refused = Error::Argument(format!("{}: it is no function of one number, element by element", op.name()));
    if op.takes() != Takes::ONE || op.formulas().is_none() {
        return Err(refused);
    }
    let at = |k: u32| REACH * (2.0 * f64::from(k) / f64::from(POINTS - 1) - 1.0);
    let zero: Value<f64> = Tensor::from(0.0).into();
    let found: Vec<(f64, Option<[f64; 2]>)> =
        (0..POINTS).map(|k| (at(k), value_and_slope(op, 0, &[&zero], at(k)))).collect();
    let points = |which: usize| found.iter().filter_map(move |(x, found)| Some([*x, (*found)?[which]])).collect();
    let value = Series { name: op.text(&["x"]), points: points(0) };
    let slope = Series { name: "derivative".into(), points: points(1) };
    Ok(curves(&op.name(), "x", &[value, slope]))
}
