//! Images from folders of PNG files.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use png::{ColorType, DecodeOptions, Decoder, Info, Limits, Transformations};
use wengert_tape::{Float, Shape, Tensor};

use super::Dataset;
use crate::error::Error;
use crate::files::{self, affordable, honest, room};

/// The images of a folder, with a folder inside it for each class, named as the class: `cats/one.png`, `dogs/two.png`.
/// Classes and files are in the order of their names, pixels are from 0 to 1.
///
/// # Errors
/// [`Error::File`] if there is no image, one cannot be read, or one is of another size or has other channels than the
/// first.
pub fn image_folder<F: Float>(folder: impl AsRef<Path>) -> Result<Dataset<F>, Error> {
    let folder = folder.as_ref();
    let classes: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    let (mut names, mut images, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    let mut first: Option<(Shape, PathBuf)> = None;
    for class in classes {
        for path in entries(&class)?.into_iter().filter(|path| is_png(path)) {
            let image = read_png::<F>(&path)?;
            match &first {
                Some((shape, of)) if shape != image.shape() => {
                    let message = format!("an image of shape {}, {} has {shape}", image.shape(), of.display());
                    return Err(Error::file(path, message));
                }
                Some(_) => {}
                None => first = Some((image.shape().clone(), path)),
            }
            let all = images.len() as u128 + image.len() as u128;
            affordable(all * size_of::<F>() as u128, "the images").map_err(|message| Error::file(folder, message))?;
            images.extend_from_slice(image.data());
            targets.push(names.len() as i64);
        }
        names.push(class.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned()));
    }
    let Some((shape, _)) = first else {
        return Err(Error::file(folder, "no folder in it holds a PNG file"));
    };
    let shape: Shape = [targets.len()].into_iter().chain(shape.iter().copied()).collect();
    Dataset::of_classes(Tensor::new(shape, images), targets.into(), names)
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let error = |e: std::io::Error| Error::file(folder, e.to_string());
    let mut paths = fs::read_dir(folder)
        .map_err(error)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(error)?;
    paths.sort();
    Ok(paths)
}

/// An image `[channels, height, width]` with pixels from 0 to 1: 1 channel for grey, 2 for grey with transparency, 3 for
/// colours, 4 for colours with transparency. Palettes are looked up, 16 bits are read as 8.
///
/// # Errors
/// [`Error::File`] if the file cannot be read or is not PNG.
pub fn read_png<F: Float>(path: impl AsRef<Path>) -> Result<Tensor<F>, Error> {
    let path = path.as_ref();
    let bytes = files::read(path)?;
    decode(&bytes).map_err(|message| Error::file(path, message))
}

fn decode<F: Float>(file: &[u8]) -> Result<Tensor<F>, String> {
    let text = |e: png::DecodingError| e.to_string();
    let mut options = DecodeOptions::default();
    // A part with a wrong checksum is damage, not something to do without: transparency would be lost with it.
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(file), options);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(text)?;
    honest(unpacked(info), file.len())?;
    let pixels = u128::from(info.width) * u128::from(info.height);
    // Of at most four channels, once as bytes and once as numbers.
    affordable(4 * pixels * (1 + size_of::<F>()) as u128, "an image of this size")?;
    decoder.set_limits(Limits { bytes: wengert_tape::max_bytes() });
    let mut reader = decoder.read_info().map_err(text)?;
    let size = reader.output_buffer_size().ok_or("the image does not fit into memory")?;
    let mut bytes = room(size as u64)?;
    bytes.resize(size, 0);
    let info = reader.next_frame(&mut bytes).map_err(text)?;
    // To the end: what follows the pixels may be cut too.
    reader.finish().map_err(text)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let channels = match info.color_type {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        ColorType::Indexed => return Err("a palette that was not looked up".into()),
    };
    let mut pixels = room((channels * width * height) as u64)?;
    for channel in 0..channels {
        let of_channel = bytes.iter().skip(channel).step_by(channels);
        pixels.extend(of_channel.map(|byte| F::from_f64(f64::from(*byte) / 255.0)));
    }
    Tensor::try_new([channels, height, width], pixels).map_err(|e| e.to_string())
}

/// The bytes that are packed in a file: for each row one that says how it was written, and its pixels.
fn unpacked(info: &Info<'_>) -> u128 {
    let bits = u128::from(info.width) * (info.color_type.samples() as u128) * (info.bit_depth as u128);
    u128::from(info.height) * (1 + bits.div_ceil(8))
}
