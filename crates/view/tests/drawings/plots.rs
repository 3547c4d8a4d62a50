//! Curves, planes and images.

use roxmltree::Document;
use wengert_tape::ops::AnyOp;
use wengert_view::plot::{Image, Sample, Series, activation, boundary, confusion, curves, images};

/// The numbers of an attribute of all elements of a kind that have it.
fn numbers(picture: &str, element: &str, attribute: &str) -> Vec<f64> {
    let document = Document::parse(picture).unwrap();
    let of = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", element)));
    of.filter_map(|node| node.attribute(attribute)?.parse().ok()).collect()
}

/// The points of the curves.
fn paths(picture: &str) -> Vec<Vec<[f64; 2]>> {
    let document = Document::parse(picture).unwrap();
    let point = |text: &str| -> [f64; 2] {
        let (x, y) = text.split_once(',').unwrap();
        [x.parse().unwrap(), y.parse().unwrap()]
    };
    let curves = document.descendants().filter_map(|node| node.attribute("points"));
    curves.map(|points| points.split_whitespace().map(point).collect()).collect()
}

#[test]
fn curves_go_through_their_points() {
    let down = Series::new("<loss>", [4.0, f64::NAN, 2.0, 1.0]);
    let up = Series::new("accuracy", [1.0, 2.0, 3.0, 4.0]);
    let picture = curves("a & b", "epoch", &[down, up]);
    let paths = paths(&picture);
    assert_eq!(paths.iter().map(Vec::len).collect::<Vec<_>>(), [3, 4]);
    // One begins where the other ends, in height; heights of equal numbers are equal, and steps even.
    let (down, up) = (&paths[0], &paths[1]);
    assert_eq!((down[0][1], down[2][1]), (up[3][1], up[0][1]));
    assert_eq!((down[1], up[1][1]), ([up[2][0], up[1][1]], up[1][1]));
    assert!((up[1][0] - up[0][0] - (up[3][0] - up[2][0])).abs() < 0.11);
    assert!(picture.contains("&lt;loss&gt;") && picture.contains("<title>a &amp; b</title>"));
    for nothing in [vec![], vec![Series::new("x", [])], vec![Series::new("x", [f64::INFINITY])]] {
        Document::parse(&curves("", "", &nothing)).unwrap();
    }
}

#[test]
fn every_activation_has_its_derivative() {
    let mut drawn = 0;
    for named in AnyOp::named().iter().filter(|named| named.operands == 1) {
        let Some(op) = (named.make)(named.attribute.unwrap_or(0.0)) else { continue };
        let picture = activation(&op).unwrap_or_else(|e| panic!("{}: {e}", named.name));
        assert!(Document::parse(&picture).is_ok() && picture.contains("derivative"), "{}", named.name);
        drawn += 1;
    }
    assert!(drawn > 30, "{drawn}");
    let tanh = AnyOp::named().iter().find(|named| named.name == "tanh").and_then(|named| (named.make)(0.0)).unwrap();
    let paths = paths(&activation(&tanh).unwrap());
    // Its slope is largest at 0, where it is 1, which is what tanh comes near at the right end (0.9993 at 4); it rises all along.
    let highest = |path: &[[f64; 2]]| path.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
    let middle = paths[0][100];
    assert_eq!(highest(&paths[1])[0], middle[0]);
    assert!((highest(&paths[1])[1] - paths[0][200][1]).abs() < 0.3 && paths[0].is_sorted_by(|a, b| a[1] >= b[1]));
    let two = AnyOp::named().iter().find(|named| named.operands == 2).and_then(|named| (named.make)(0.0)).unwrap();
    assert!(activation(&two).is_err());
}

/// Left of x = 0.5 is red, right of it blue, and the line is there.
#[test]
fn a_boundary_lies_where_the_network_says_one_half() {
    let corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let samples = corners.map(|at| Sample { at, class: at[0] as usize });
    let picture = boundary("xor", &samples, |points| {
        points.iter().map(|[x, _]| 1.0 / (1.0 + (-8.0 * (x - 0.5)).exp())).collect()
    });
    let document = Document::parse(&picture).unwrap();
    let line = document.descendants().find(|node| node.attribute("class") == Some("boundary")).unwrap();
    let x: Vec<f64> = line
        .attribute("d")
        .unwrap()
        .split(['M', 'L'])
        .filter(|point| !point.is_empty())
        .map(|point| point.split(' ').next().unwrap().parse().unwrap())
        .collect();
    let circles = numbers(&picture, "circle", "cx");
    let middle = 0.25 * circles.iter().sum::<f64>();
    assert!(x.len() > 100 && x.iter().all(|x| (x - middle).abs() < 0.11), "{x:?} beside {middle}");
    assert_eq!(picture.matches("#c82828").count(), 2);
    assert_eq!(picture.matches("#1e50be").count(), 2);
    // What is no number is drawn too.
    Document::parse(&boundary("", &[], |points| vec![f64::NAN; points.len()])).unwrap();
}

#[test]
fn images_are_red_below_and_blue_above() {
    let image = |numbers: [f64; 6]| Image { label: "w".into(), size: [2, 3], numbers: numbers.to_vec() };
    let picture = images("weights", &[image([-2.0, -2.0, 2.0, 0.0, 0.0, 0.0]), image([f64::NAN; 6]), image([0.0; 6])]);
    Document::parse(&picture).unwrap();
    // Two red ones are one box.
    assert_eq!(picture.matches("#c82828").count(), 1);
    assert_eq!(picture.matches("#1e50be").count(), 1);
    assert!(picture.contains("#999") && picture.contains("#ffffff"), "{picture}");
    Document::parse(&images("nothing", &[])).unwrap();
    Document::parse(&images("", &[Image { label: String::new(), size: [0, 0], numbers: Vec::new() }])).unwrap();
}

/// A fifth of a class and more is as red as can be; what did not happen is white.
#[test]
fn a_confusion_is_red_where_it_is_wrong() {
    let picture = confusion("a", &["<x>", "y", "z"], &[vec![8, 2, 0], vec![0, 10, 0], vec![0, 1, 19]]);
    Document::parse(&picture).unwrap();
    assert_eq!(picture.matches("#c82828").count(), 1);
    assert_eq!(picture.matches("#ffffff").count(), 4);
    assert!(
        picture.contains("&lt;x&gt; taken for y: 2 of 10") && picture.contains("z taken for y: 1 of 20"),
        "{picture}"
    );
    Document::parse(&confusion("", &[] as &[&str], &[])).unwrap();
}
