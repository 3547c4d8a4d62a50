//! Pictures as PNG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};
use wengert_tape::Error;

/// The most pixels along a side.
const MOST: f64 = 16_384.0;

/// An SVG picture as PNG, on white, `scale` times as large as it says: of a plot, a graph, a flame, the curve of a check. Letters are
/// of the fonts of this machine; where it has none, pictures have no letters.
///
/// # Errors
/// [`Error::Argument`] if the text is no picture, or it would have no pixels or more than 16,384 along a side.
///
/// # Examples
/// ```
/// use wengert_view::plot::{Series, curves};
/// let picture = curves("loss", "epoch", &[Series::new("training", [0.7, 0.4, 0.2])]);
/// let bytes = wengert_view::png(&picture, 2.0)?; // write them to a file
/// assert_eq!(bytes[..4], [0x89, b'P', b'N', b'G']);
/// # Ok::<(), wengert_tape::Error>(())
/// ```
pub fn png(svg: &str, scale: f64) -> Result<Vec<u8>, Error> {
    let refused = |why: String| Error::Argument(format!("png: {why}"));
    let mut options = Options { fontdb: fonts(), ..Options::default() };
    if let Some(family) = options.fontdb.faces().find_map(|face| Some(face.families.first()?.0.clone())) {
        options.font_family = family;
    }
    let tree = Tree::from_str(svg, &options).map_err(|e| refused(format!("this is no SVG picture: {e}")))?;
    let sides = [tree.size().width(), tree.size().height()].map(|side| (f64::from(side) * scale).round());
    if !sides.iter().all(|side| (1.0..=MOST).contains(side)) {
        let [width, height] = sides;
        return Err(refused(format!("{width} × {height} pixels are asked for; give a scale for 1 to {MOST} of each")));
    }
    let pixels = Pixmap::new(sides[0] as u32, sides[1] as u32);
    let mut pixels =
        pixels.ok_or_else(|| refused(format!("there is no room for {} × {} pixels", sides[0], sides[1])))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| refused(e.to_string()))
}

/// The fonts of this machine, read once. Generic families are those that there are.
fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let read = || {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        let families: Vec<String> = fonts.faces().filter_map(|face| Some(face.families.first()?.0.clone())).collect();
        let named =
            |wanted: &str| families.iter().find(|family| family.ends_with(wanted)).or(families.first()).cloned();
        let (plain, mono) = (named("Sans"), named("Mono"));
        plain.into_iter().for_each(|family| fonts.set_sans_serif_family(family));
        mono.into_iter().for_each(|family| fonts.set_monospace_family(family));
        Arc::new(fonts)
    };
    FONTS.get_or_init(read).clone()
}
