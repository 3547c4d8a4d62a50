//! A frame with two axes.

use std::fmt::Write as _;

use crate::numeral;
use crate::svg::escape;

/// About so many lines along an axis.
const LINES: f64 = 5.0;

/// Where a plot lies in its picture, and the numbers at its edges.
pub(super) struct Axes {
    /// Left, top, width, height.
    pub(super) place: [f64; 4],
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

impl Axes {
    /// Axes that hold these points. Where they have no extent along one, it gets some.
    pub(super) fn around(place: [f64; 4], points: impl Iterator<Item = [f64; 2]>, margin: f64) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in points.filter(|point| point.iter().all(|x| x.is_finite())) {
            for k in 0..2 {
                (low[k], high[k]) = (low[k].min(point[k]), high[k].max(point[k]));
            }
        }
        for k in 0..2 {
            if low[k] > high[k] {
                (low[k], high[k]) = (0.0, 1.0);
            }
            let room = match high[k] - low[k] {
                0.0 => 0.5 * high[k].abs().max(1.0),
                extent => margin * extent,
            };
            (low[k], high[k]) = (low[k] - room, high[k] + room);
        }
        Axes { place, low, high }
    }

    /// Where a point lies in the picture.
    pub(super) fn at(&self, point: [f64; 2]) -> [f64; 2] {
        let [left, top, width, height] = self.place;
        let share = |k: usize| (point[k] - self.low[k]) / (self.high[k] - self.low[k]);
        [left + share(0) * width, top + (1.0 - share(1)) * height]
    }

    /// The frame.
    pub(super) fn ground(&self, svg: &mut String) {
        let [x, y, width, height] = self.place;
        let _ = writeln!(svg, "<rect class=\"ground\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>");
    }

    /// Lines at round numbers, the numbers beside them, and what goes to the right.
    pub(super) fn write(&self, svg: &mut String, x_is: &str, grid: bool) {
        let [left, top, width, height] = self.place;
        for axis in 0..2 {
            for number in ticks(self.low[axis], self.high[axis]) {
                let mut ends = [self.low, self.high];
                ends.iter_mut().for_each(|end| end[axis] = number);
                let [[a, b], [c, d]] = ends.map(|end| self.at(end));
                if grid {
                    let _ =
                        writeln!(svg, "<line class=\"grid\" x1=\"{a:.1}\" y1=\"{b:.1}\" x2=\"{c:.1}\" y2=\"{d:.1}\"/>");
                }
                let (x, y, anchor) = if axis == 0 { (a, b + 16.0, "middle") } else { (a - 6.0, b + 4.0, "end") };
                let text = numeral::number(number, 4);
                let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
            }
        }
        let (x, y) = (left + 0.5 * width, top + height + 34.0);
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>", escape(x_is));
    }
}

/// Round numbers between two: steps of 1, 2 or 5.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let least = (high - low) / LINES;
    let power = 10.0_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|k| k * power).into_iter().find(|step| *step >= least).unwrap_or(least);
    let first = (low / step).ceil();
    // no sign on nothing
    (0..20).map(|k| (first + f64::from(k)) * step + 0.0).take_while(|x| *x <= high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let close = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        for (low, high, expected) in [
            (0.0, 1.0, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0][..]),
            (-3.0, 9.0, &[0.0, 5.0]),
            (0.013, 0.021, &[0.014, 0.016, 0.018, 0.02]),
        ] {
            assert!(close(&ticks(low, high), expected), "{:?}", ticks(low, high));
        }
    }
}
