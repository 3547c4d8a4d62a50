//! How large a picture is.

/// Width and height of an SVG picture.
pub(crate) fn size(svg: &str) -> [f64; 2] {
    ["width", "height"].map(|name| {
        let rest = svg.split_once(&format!(" {name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.parse().unwrap()
    })
}
