//! Images from folders of PNG files.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use png::{ColorType, Decoder, Transformations};
use wengert_tape::{Float, Shape, Tensor};

use super::Dataset;
use crate::error::Error;

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
    decode(path).map_err(|message| Error::file(path, message))
}

fn decode<F: Float>(path: &Path) -> Result<Tensor<F>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut decoder = Decoder::new(BufReader::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    let size = reader.output_buffer_size().ok_or("the image does not fit into memory")?;
    let mut bytes = vec![0; size];
    let info = reader.next_frame(&mut bytes).map_err(|e| e.to_string())?;
    let (width, height) = (info.width as usize, info.height as usize);
    let channels = match info.color_type {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        ColorType::Indexed => return Err("a palette that was not looked up".into()),
    };
    let pixel = |c: usize, k: usize| F::from_f64(f64::from(bytes[k * channels + c]) / 255.0);
    let pixels = (0..channels).flat_map(|c| (0..width * height).map(move |k| (c, k))).map(|(c, k)| pixel(c, k));
    Tensor::try_new([channels, height, width], pixels.collect()).map_err(|e| e.to_string())
}
