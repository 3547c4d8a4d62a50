//! Pictures of a training, as SVG: curves, regions of a plane, weights as images.
//!
//! Each function takes plain numbers and gives one picture, to be written to a file or put into a page.
//!
//! ```
//! use wengert_view::plot::{Series, curves};
//! let loss = Series::new("loss", [0.7, 0.4, 0.2, 0.1]);
//! let picture = curves("a training", "epoch", &[loss]);
//! assert!(picture.starts_with("<svg") && picture.contains("<polyline"));
//! ```

mod axes;
mod confusion;
mod curves;
mod images;
mod plane;

pub use confusion::confusion;
pub use curves::{Series, activation, curves};
pub use images::{Image, images};
pub use plane::{Sample, boundary};

use crate::svg::escape;

/// The colours of series and classes.
const COLOURS: [&str; 8] = ["#3a76c4", "#c8501e", "#3f8a46", "#8a4fb0", "#b06f00", "#2a8f94", "#b83b6b", "#59626d"];

fn colour(k: usize) -> &'static str {
    COLOURS[k % COLOURS.len()]
}

/// The beginning of a picture. The style holds in it alone, also within a page.
fn head(title: &str, [width, height]: [f64; 2]) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wengert-plot\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n<style>.wengert-plot text{{font:12px \
         system-ui,sans-serif;fill:#1b1f24}}.wengert-plot .title{{font-weight:bold}}.wengert-plot .ground{{fill:#fff;\
         stroke:#6b7480}}.wengert-plot .grid{{stroke:#e3e6e9}}.wengert-plot polyline{{fill:none;stroke-width:1.8}}</style>\n\
         <text class=\"title\" x=\"12\" y=\"20\">{title}</text>\n"
    )
}

/// A colour between red for −1, white for 0 and blue for 1; grey for what is no number.
fn red_and_blue(x: f64) -> String {
    if !x.is_finite() {
        return "#999".into();
    }
    let faint = |part: f64| (255.0 - (255.0 - part) * x.abs().min(1.0)).round() as u8;
    let [r, g, b] = if x < 0.0 { [200.0, 40.0, 40.0] } else { [30.0, 80.0, 190.0] };
    format!("#{:02x}{:02x}{:02x}", faint(r), faint(g), faint(b))
}
