//! A plane with regions and the samples on it.

use std::fmt::Write as _;

use super::axes::Axes;
use super::{colour, head, red_and_blue};

const SIZE: [f64; 2] = [420.0, 440.0];
const PLACE: [f64; 4] = [52.0, 34.0, 356.0, 356.0];
/// So many places along each axis are asked about.
const CELLS: usize = 72;

/// A sample on a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Where it is.
    pub at: [f64; 2],
    /// Its class: 0 or 1.
    pub class: usize,
}

/// The plane around samples, coloured by what a network says there, from red for class 0 to blue for class 1, with the line
/// between them, and the samples on it. `share` gives for each of many points the share of class 1, from 0 to 1.
///
/// # Examples
/// ```
/// use wengert_view::plot::{Sample, boundary};
/// let samples = [Sample { at: [-1.0, 0.0], class: 0 }, Sample { at: [1.0, 0.5], class: 1 }];
/// let picture = boundary("a line", &samples, |points| points.iter().map(|[x, _]| f64::from(*x > 0.0)).collect());
/// assert_eq!(picture.matches("<circle").count(), 2);
/// ```
pub fn boundary(title: &str, samples: &[Sample], share: impl FnOnce(&[[f64; 2]]) -> Vec<f64>) -> String {
    let axes = Axes::around(PLACE, samples.iter().map(|sample| sample.at), 0.15);
    let along =
        |axis: usize, k: usize| axes.low[axis] + (k as f64 + 0.5) / CELLS as f64 * (axes.high[axis] - axes.low[axis]);
    let points: Vec<[f64; 2]> = (0..CELLS * CELLS).map(|k| [along(0, k % CELLS), along(1, k / CELLS)]).collect();
    let shares = share(&points);
    let mut svg = head(title, SIZE);
    axes.ground(&mut svg);
    let side = PLACE[2] / CELLS as f64;
    for (row, shares) in shares.chunks(CELLS).take(CELLS).enumerate() {
        let y = PLACE[1] + PLACE[3] - (row + 1) as f64 * side;
        // Neighbours that look the same are one box; half as strong, so that samples are seen on it.
        let shades: Vec<i32> =
            shares.iter().map(|share| ((share.clamp(0.0, 1.0) - 0.5) * 16.0).round() as i32).collect();
        let mut start = 0;
        for run in shades.chunk_by(|a, b| a == b) {
            let (x, width) = (PLACE[0] + start as f64 * side, run.len() as f64 * side + 0.3);
            let fill = red_and_blue(f64::from(run[0]) / 16.0);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>",
                side + 0.3
            );
            start += run.len();
        }
    }
    write_line(&mut svg, &axes, &shares, &points);
    axes.write(&mut svg, "", false);
    for Sample { at, class } in samples.iter().filter(|sample| sample.at.iter().all(|x| x.is_finite())) {
        let [x, y] = axes.at(*at);
        let fill =
            [red_and_blue(-1.0), red_and_blue(1.0)].get(*class).cloned().unwrap_or_else(|| colour(*class).into());
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"{fill}\" stroke=\"#fff\"/>");
    }
    svg + "</svg>\n"
}

/// The line where the share is a half: between neighbours of which one is above and one is not, where a straight line between
/// them has it.
fn write_line(svg: &mut String, axes: &Axes, shares: &[f64], points: &[[f64; 2]]) {
    let mut path = String::new();
    for k in 0..points.len().min(shares.len()) {
        let mut crossings = Vec::new();
        // The four corners of a square of points, around.
        let corners = [k, k + 1, k + CELLS + 1, k + CELLS];
        if k % CELLS + 1 == CELLS || corners[2] >= shares.len() {
            continue;
        }
        for (a, b) in (0..4).map(|side| (corners[side], corners[(side + 1) % 4])) {
            let (from, to) = (shares[a] - 0.5, shares[b] - 0.5);
            if (from > 0.0) != (to > 0.0) {
                let t = from / (from - to);
                crossings.push(axes.at([0, 1].map(|axis| points[a][axis] + t * (points[b][axis] - points[a][axis]))));
            }
        }
        for pair in crossings.chunks_exact(2) {
            let _ = write!(path, "M{:.1} {:.1}L{:.1} {:.1}", pair[0][0], pair[0][1], pair[1][0], pair[1][1]);
        }
    }
    let _ =
        writeln!(svg, "<path class=\"boundary\" d=\"{path}\" stroke=\"#1b1f24\" stroke-width=\"1.6\" fill=\"none\"/>");
}
