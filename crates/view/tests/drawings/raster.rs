//! Pictures as PNG.

use wengert_tape::prelude::*;
use wengert_view::plot::{Image, Sample, Series, boundary, curves, images};
use wengert_view::{Profile, ViewExt, png};

/// Width and height, as the head of a PNG file has them.
fn size(png: &[u8]) -> [u32; 2] {
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
}

#[test]
fn every_picture_can_be_pixels() {
    let tape = Tape::new();
    let y = (tape.scalar(0.5) * tape.scalar(-2.0)).tanh();
    let weights = Image { label: "w".into(), size: [1, 2], numbers: vec![-1.0, 1.0] };
    let samples = [Sample { at: [0.0, 0.0], class: 0 }, Sample { at: [1.0, 1.0], class: 1 }];
    let pictures = [
        (curves("loss", "epoch", &[Series::new("training", [0.7, 0.4])]), [560, 340]),
        (boundary("plane", &samples, |points| points.iter().map(|[x, _]| *x).collect()), [420, 440]),
        (images("weights", &[weights]), [760, 124]),
        (Profile::default().flame_svg(), [960, 22]),
    ];
    for (picture, expected) in &pictures {
        assert_eq!(size(&png(picture, 1.0).unwrap()), *expected);
        assert_eq!(size(&png(picture, 2.0).unwrap()), expected.map(|side| 2 * side));
    }
    size(&png(&y.svg(), 1.0).unwrap());
    // What is drawn is more than white.
    assert!(png(&pictures[1].0, 1.0).unwrap().len() > 2 * png(&pictures[3].0, 1.0).unwrap().len());
}

#[test]
fn what_is_no_picture_is_refused() {
    let said = |svg: &str, scale: f64| png(svg, scale).unwrap_err().to_string();
    assert!(said("loss", 1.0).contains("png: this is no SVG picture"));
    let picture = curves("", "", &[]);
    for scale in [0.0, -1.0, 1e9, f64::NAN] {
        assert!(said(&picture, scale).contains("give a scale for 1 to 16384"), "{scale}");
    }
}
