//! The error of a difference against its step, as a picture: what a gradient check saw.

use std::fmt::Write;

use wengert_tape::check::{Report, StepError};

use crate::numeral;
use crate::svg::escape;

/// The size of the picture, and the room around the plot: left, top, right, bottom.
const SIZE: [f64; 2] = [560.0, 380.0];
const ROOM: [f64; 4] = [66.0, 58.0, 18.0, 50.0];
/// The most powers of ten along an axis that have a line of their own.
const LINES: i32 = 8;
/// An error of nothing is drawn where the smallest that a float can have would be, this far below the smallest seen.
const BELOW: f64 = 0.1;

/// What the parts look like, on light and on dark ground.
const STYLE: &[(&str, &str)] = &[
    ("text", "font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1b1f24"),
    (".title", "font-weight:bold"),
    (".quiet", "fill:#59626d"),
    (".ground", "fill:#fff;stroke:#6b7480"),
    (".grid", "stroke:#d5d9de"),
    (".slope", "stroke:#b06f00;stroke-width:1.5;stroke-dasharray:5 4"),
    (".slope-text", "fill:#a33a0b"),
    (".bar", "stroke:#3f8a46;stroke-width:1.5;stroke-dasharray:2 3"),
    (".bar-text", "fill:#2c6a33"),
    (".curve", "fill:none;stroke:#3a76c4;stroke-width:1.5"),
    (".point", "fill:#3a76c4"),
];

/// Pictures of reports.
pub trait ReportExt {
    /// The error of the central difference against its step, both in powers of ten, as an SVG picture: for the worst
    /// derivative of the report. With a right gradient the error falls as the square of the step, until round-off lets
    /// it rise again; with a wrong one it stays where it is. The slope that was seen is written beside it, and the error
    /// bar of the measured derivative is a line.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::prelude::*;
    /// let report = check_gradients(|x| x.sin().sum(), &Tensor::from([0.7]))?;
    /// let picture = report.curve_svg();
    /// assert!(picture.starts_with("<svg") && picture.contains("slope 2.0"));
    /// # Ok::<(), Error>(())
    /// ```
    fn curve_svg(&self) -> String;
}

impl ReportExt for Report {
    fn curve_svg(&self) -> String {
        let worst = self.worst().first().map(|e| (e.name.clone(), e.verdict.to_string(), e.bar));
        let (name, verdict, bar) = worst.unwrap_or_else(|| ("nothing".into(), "nothing to measure".into(), 0.0));
        let plot = Plot::new(&self.curve, bar);
        let mut svg = head(&name);
        let title = format!("error of the difference by {name}: {verdict}");
        let _ = writeln!(svg, "<text class=\"title\" x=\"{}\" y=\"22\">{}</text>", ROOM[0], escape(&title));
        let Some(plot) = plot else {
            let _ = writeln!(svg, "<text class=\"quiet\" x=\"{}\" y=\"44\">no step was measured</text>", ROOM[0]);
            return svg + "</svg>\n";
        };
        plot.write_grid(&mut svg);
        plot.write_bar(&mut svg, bar);
        plot.write_slope(&mut svg, self.curve_slope());
        plot.write_points(&mut svg);
        svg + "</svg>\n"
    }
}

/// Points in powers of ten, and what of the axes is shown.
struct Plot {
    points: Vec<[f64; 2]>,
    low: [i32; 2],
    high: [i32; 2],
}

impl Plot {
    /// `None` if there is nothing to show.
    fn new(curve: &[StepError], bar: f64) -> Option<Self> {
        let seen = |x: f64| x > 0.0 && x.is_finite();
        let curve: Vec<&StepError> = curve.iter().filter(|p| seen(p.step) && p.error.is_finite()).collect();
        let smallest = curve.iter().map(|p| p.error).filter(|e| seen(*e)).fold(f64::INFINITY, f64::min);
        let nothing = if smallest.is_finite() { BELOW * smallest } else { f64::EPSILON };
        let points: Vec<[f64; 2]> =
            curve.iter().map(|p| [p.step.log10(), p.error.max(nothing).max(f64::MIN_POSITIVE).log10()]).collect();
        let bar = Some(bar).filter(|bar| seen(*bar)).map(f64::log10);
        let range = |axis: usize, also: Option<f64>| {
            let all = points.iter().map(|p| p[axis]).chain(also);
            let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
            (low.floor() as i32, (high.ceil() as i32).max(low.floor() as i32 + 1))
        };
        if points.is_empty() {
            return None;
        }
        let ((x_low, x_high), (y_low, y_high)) = (range(0, None), range(1, bar));
        Some(Plot { points, low: [x_low, y_low], high: [x_high, y_high] })
    }

    /// Where a point lies in the picture.
    fn at(&self, point: [f64; 2]) -> [f64; 2] {
        let share = |axis: usize| {
            (point[axis] - f64::from(self.low[axis])) / f64::from(self.high[axis] - self.low[axis]).max(1.0)
        };
        let [width, height] = extent();
        [ROOM[0] + share(0) * width, ROOM[1] + (1.0 - share(1)) * height]
    }

    /// Whether a point lies on the plot.
    fn holds(&self, point: [f64; 2]) -> bool {
        (0..2).all(|k| point[k] >= f64::from(self.low[k]) && point[k] <= f64::from(self.high[k]))
    }

    /// The frame, a line for each power of ten or every few, and the words beside them.
    fn write_grid(&self, svg: &mut String) {
        let [width, height] = extent();
        let _ = writeln!(
            svg,
            "<rect class=\"ground\" x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\"/>",
            ROOM[0], ROOM[1]
        );
        for axis in 0..2 {
            let every = (self.high[axis] - self.low[axis]).div_euclid(LINES) + 1;
            for power in (self.low[axis]..=self.high[axis]).filter(|p| p.rem_euclid(every) == 0) {
                let mut ends = [[f64::from(self.low[0]), f64::from(self.low[1])]; 2];
                ends[1] = [f64::from(self.high[0]), f64::from(self.high[1])];
                ends.iter_mut().for_each(|end| end[axis] = f64::from(power));
                line(svg, "grid", ends.map(|end| self.at(end)));
                let [x, y] = self.at(ends[0]);
                let (x, y, anchor) = if axis == 0 { (x, y + 18.0, "middle") } else { (x - 7.0, y + 4.0, "end") };
                let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">1e{power}</text>");
            }
        }
        let (x, y) = (ROOM[0] + 0.5 * width, SIZE[1] - 12.0);
        let _ = writeln!(svg, "<text class=\"quiet\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">step</text>");
    }

    /// The error bar of what was extrapolated from the differences.
    fn write_bar(&self, svg: &mut String, bar: f64) {
        let height = bar.log10();
        if bar > 0.0 && self.holds([f64::from(self.low[0]), height]) {
            let ends = [self.low[0], self.high[0]].map(|x| self.at([f64::from(x), height]));
            line(svg, "bar", ends);
        }
        let text = format!("error bar {}", numeral::number(bar, 2));
        let x = SIZE[0] - ROOM[2];
        let _ = writeln!(svg, "<text class=\"bar-text\" x=\"{x}\" y=\"44\" text-anchor=\"end\">{text}</text>");
    }

    /// A line of the slope that was seen, through the point at the longest step.
    fn write_slope(&self, svg: &mut String, slope: Option<f64>) {
        let text = match slope {
            // no sign on a slope of nothing
            Some(slope) => format!("slope {:.1}", (10.0 * slope).round() / 10.0 + 0.0),
            None => "no slope: round-off at every step".into(),
        };
        let _ = writeln!(svg, "<text class=\"slope-text\" x=\"{}\" y=\"44\">{text}</text>", ROOM[0]);
        let longest = self.points.iter().copied().max_by(|a, b| a[0].total_cmp(&b[0]));
        let (Some(slope), Some([x, y])) = (slope, longest) else { return };
        // As far as the plot goes.
        let down = if slope > 0.0 { (y - f64::from(self.low[1])) / slope } else { f64::INFINITY };
        let reach = down.min(x - f64::from(self.low[0]));
        line(svg, "slope", [self.at([x, y]), self.at([x - reach, y - slope * reach])]);
    }

    fn write_points(&self, svg: &mut String) {
        let mut points: Vec<[f64; 2]> = self.points.iter().map(|p| self.at(*p)).collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let path: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, "<polyline class=\"curve\" points=\"{}\"/>", path.join(" "));
        for [x, y] in points {
            let _ = writeln!(svg, "<circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
        }
    }
}

/// The width and height of the plot.
fn extent() -> [f64; 2] {
    [SIZE[0] - ROOM[0] - ROOM[2], SIZE[1] - ROOM[1] - ROOM[3]]
}

fn line(svg: &mut String, class: &str, [[a, b], [c, d]]: [[f64; 2]; 2]) {
    let _ = writeln!(svg, "<line class=\"{class}\" x1=\"{a:.1}\" y1=\"{b:.1}\" x2=\"{c:.1}\" y2=\"{d:.1}\"/>");
}

/// The beginning of the picture. The style holds in it alone, also within a page.
fn head(name: &str) -> String {
    let [width, height] = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wengert-curve\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>Error against step: {}</title>\n<style>\n",
        escape(name)
    );
    for (selector, style) in STYLE {
        let _ = writeln!(svg, ".wengert-curve {selector}{{{style}}}");
    }
    svg + "</style>\n"
}
