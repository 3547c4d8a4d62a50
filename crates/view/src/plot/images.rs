//! Tables of numbers as small images, red and blue.

use std::fmt::Write as _;

use super::{head, red_and_blue};
use crate::svg::escape;

/// The width of the picture, and the least side of an image.
const WIDTH: f64 = 760.0;
const SIDE: f64 = 64.0;
/// Room around an image, and for what stands below it.
const ROOM: f64 = 10.0;
const LABEL: f64 = 16.0;
/// Shades of each colour: neighbours of one shade are one box.
const SHADES: f64 = 24.0;

/// A table of numbers to be shown as an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What stands below it.
    pub label: String,
    /// Rows and columns.
    pub size: [usize; 2],
    /// The numbers, row after row.
    pub numbers: Vec<f64>,
}

/// Tables of numbers as images beside each other: red below 0, white at 0, blue above, each as strong as it is beside the largest of
/// its image. Weights of a first layer, filters, a gradient.
///
/// # Examples
/// ```
/// use wengert_view::plot::{Image, images};
/// let edge = Image { label: "an edge".into(), size: [2, 2], numbers: vec![-1.0, 1.0, -1.0, 1.0] };
/// let picture = images("filters", &[edge]);
/// assert!(picture.contains("#c82828") && picture.contains("#1e50be"));
/// ```
pub fn images(title: &str, images: &[Image]) -> String {
    let letters = images.iter().map(|image| image.label.chars().count()).max().unwrap_or(0);
    let column = (SIDE + ROOM).max(7.0 * letters as f64 + ROOM);
    let columns = ((WIDTH - ROOM) / column).max(1.0) as usize;
    let row = SIDE + ROOM + LABEL;
    let rows = images.len().div_ceil(columns);
    let mut svg = head(title, [WIDTH, 34.0 + row * rows as f64]);
    for (k, image) in images.iter().enumerate() {
        let (x, y) = (ROOM + (k % columns) as f64 * column, 32.0 + (k / columns) as f64 * row);
        write(&mut svg, image, x, y);
    }
    svg + "</svg>\n"
}

fn write(svg: &mut String, image: &Image, x: f64, y: f64) {
    let [rows, columns] = image.size;
    let side = SIDE / rows.max(columns).max(1) as f64;
    let largest = image.numbers.iter().filter(|x| x.is_finite()).fold(0.0, |most: f64, x| most.max(x.abs()));
    let shade = |x: &f64| if largest > 0.0 { (x / largest * SHADES).round() / SHADES } else { *x };
    let shades: Vec<f64> = image.numbers.iter().map(shade).collect();
    for (row, shades) in shades.chunks(columns.max(1)).take(rows).enumerate() {
        let mut start = 0;
        for run in shades.chunk_by(|a, b| a == b) {
            let _ = write!(
                svg,
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{side:.2}\" fill=\"{}\" shape-rendering=\"crispEdges\"/>",
                x + start as f64 * side,
                y + row as f64 * side,
                run.len() as f64 * side,
                red_and_blue(run[0])
            );
            start += run.len();
        }
    }
    let (width, height) = (columns as f64 * side, rows as f64 * side);
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"none\" stroke=\"#6b7480\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
        y + SIDE + 13.0,
        escape(&image.label)
    );
}
