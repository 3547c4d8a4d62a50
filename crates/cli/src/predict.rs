//! `wengert predict`: what a saved model says about new samples.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use wengert::nn::data::{Column, Encoding, Missing, Table, read_idx, read_png};
use wengert::nn::{Details, Loaded, load};
use wengert::prelude::*;

use crate::output;
use crate::train::{RANGE, SUMS, outputs};

/// Ask a model that `wengert train` saved about new samples: a line for each, its answer first
///
/// Examples:
///   wengert predict iris.safetensors flowers.csv
///   wengert predict digits.safetensors digits.csv       (64 numbers in a line, from 0 for paper to 16 for ink)
///   wengert predict mnist-784-30-10.safetensors seven.png
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct PredictArgs {
    /// The model
    model: PathBuf,

    /// The samples: a CSV file, a PNG picture, or a file of IDX images (`.gz` too). For a model of `train csv`, columns are
    /// found by their names; for others, a line is one input, and one number more at its end is the right answer. Numbers are in
    /// the unit that the model learned from; a picture is brought to it, black as paper and white as ink
    file: PathBuf,

    /// Print one JSON object, with all outputs of the network
    #[arg(long)]
    json: bool,
}

/// Why there is no answer, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file that cannot be used.
    #[error("{}: {message}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The model, or the samples.
    #[error(transparent)]
    Network(#[from] wengert::nn::Error),
    /// Output cannot be written.
    #[error(transparent)]
    Output(#[from] std::io::Error),
}

impl Error {
    fn file(path: &Path, message: impl Into<String>) -> Self {
        Error::File { path: path.into(), message: message.into() }
    }
}

/// Runs the command.
pub(crate) fn run(args: &PredictArgs) -> Result<(), Error> {
    let Loaded { model, details } = load::<f32>(&args.model)?;
    if let Some((name, param)) = model.parameters().iter().find(|(_, param)| first_odd(param.value()).is_some()) {
        let number = first_odd(param.value()).map_or(f32::NAN, |(_, x)| x);
        let message = format!("parameter `{name}` holds {number}: its training broke, and there is nothing to ask it");
        return Err(Error::file(&args.model, message));
    }
    let asked = Asked::read(args, &details)?;
    let shape: Shape = [1].into_iter().chain(asked.inputs.shape()[1..].iter().copied()).collect();
    model.output_shape(&shape).map_err(|e| Error::file(&args.file, format!("the model refuses it: {e}")))?;
    let nobody = Tensor::<i64>::full([asked.inputs.shape()[0]], 0);
    let answers = outputs(&model, &Dataset::new(asked.inputs, nobody)?);
    let width = answers.shape()[1];
    if !asked.classes.is_empty() && asked.classes.len() != width {
        let message = format!("the file names {} classes, and its network has {width} outputs", asked.classes.len());
        return Err(Error::file(&args.model, message));
    }
    if let Some((at, number)) = first_odd(&answers) {
        let message = format!("the network's answer to sample {} is {number}", at / width.max(1) + 1);
        return Err(Error::file(&args.file, message));
    }
    let report = Answers {
        outputs: answers,
        classes: asked.classes,
        right: asked.right,
        target: details.get("target"),
        sums: details.get("outputs").is_some_and(|kind| kind == SUMS),
    };
    if let Some(accuracy) = report.accuracy() {
        output::say(&format!("{:.2} % of {} as the file says", 100.0 * accuracy, report.outputs.shape()[0]));
    }
    if let Some(error) = report.error() {
        let samples = report.outputs.shape()[0];
        output::say(&format!(
            "off by {error:.4} on average (mean absolute error) from the {samples} that the file says"
        ));
    }
    output::print(&if args.json { report.json(args) } else { report.text() })?;
    Ok(())
}

/// The first number that is not finite, and where it is.
fn first_odd(numbers: &Tensor<f32>) -> Option<(usize, f32)> {
    numbers.data().iter().copied().enumerate().find(|(_, x)| !x.is_finite())
}

/// The numbers that a network was fed with when it learned.
#[derive(Clone, Copy)]
struct Unit {
    /// From paper to ink, if the model says that.
    range: Option<[f64; 2]>,
    /// What they were multiplied by.
    scale: f64,
}

impl Unit {
    /// What the model's file says.
    fn read(args: &PredictArgs, details: &Details) -> Result<Self, Error> {
        let wrong = |name: &str, text: &str| {
            Error::file(&args.model, format!("the file says the {name} {text}, which cannot be understood"))
        };
        let scale = match details.get("scale") {
            None => 1.0,
            Some(text) => {
                let scale = text.parse().ok().filter(|scale: &f64| scale.is_finite() && *scale != 0.0);
                scale.ok_or_else(|| wrong("scale", text))?
            }
        };
        let range = match details.get(RANGE) {
            // Before ranges were kept, a scale was that of bytes.
            None => details.contains_key("scale").then_some([0.0, 255.0]),
            Some(text) => {
                let range: Option<[f64; 2]> = serde_json::from_str(text).ok();
                Some(range.filter(|[least, most]| least < most).ok_or_else(|| wrong(RANGE, text))?)
            }
        };
        Ok(Unit { range, scale })
    }

    /// What the network is fed with for pixels from 0 to 1.
    fn of_pixels(self, args: &PredictArgs, pixels: Tensor<f32>) -> Result<Tensor<f32>, Error> {
        let Some([least, most]) = self.range else {
            let message = "the file does not say which numbers paper and ink are, so that it cannot be asked about a picture; \
                           train the model again";
            return Err(Error::file(&args.model, message));
        };
        Ok(pixels.map(|p| ((least + f64::from(p) * (most - least)) * self.scale) as f32))
    }

    /// What the network is fed with for numbers in the unit that it learned from.
    fn of_numbers(self, args: &PredictArgs, numbers: Tensor<f32>) -> Result<Tensor<f32>, Error> {
        let samples = numbers.shape()[0].max(1);
        if let Some([least, most]) = self.range
            && let Some(at) = numbers.data().iter().position(|x| !(least..=most).contains(&f64::from(*x)))
        {
            let (sample, number) = (at / (numbers.len() / samples) + 1, numbers.data()[at]);
            let message =
                format!("sample {sample} has {number}; the model learned from {least} for paper to {most} for ink");
            return Err(Error::file(&args.file, message));
        }
        Ok(numbers * self.scale)
    }
}

/// What is asked about.
struct Asked {
    inputs: Tensor<f32>,
    classes: Vec<String>,
    /// The right answers, if the file has them.
    right: Option<Vec<String>>,
}

impl Asked {
    fn read(args: &PredictArgs, details: &Details) -> Result<Self, Error> {
        let list = |name: &str| details.get(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let strings = |value: Value| value.as_array()?.iter().map(|v| Some(v.as_str()?.to_string())).collect();
        let sizes = |value: Value| value.as_array()?.iter().map(|v| usize::try_from(v.as_u64()?).ok()).collect();
        let classes: Option<Vec<String>> = list("classes").and_then(strings);
        let input: Option<Vec<usize>> = list("input").and_then(sizes);
        let (Some(classes), Some(input)) = (classes, input) else {
            let message = "the file does not say what its network is fed with; give one that `wengert train` saved";
            return Err(Error::file(&args.model, message));
        };
        let unit = Unit::read(args, details)?;
        let path = &args.file;
        let (inputs, right) = match (details.get("encoding"), kind(&args.file)) {
            (Some(encoding), _) => by_name(path, &Encoding::from_text(encoding)?, details)?,
            (None, Kind::Csv) => {
                let (inputs, right) = by_place(path, &input)?;
                (unit.of_numbers(args, inputs)?, right)
            }
            (None, Kind::Idx) => (unit.of_numbers(args, images(read_idx(path)?, 1, &input, path)?)?, None),
            (None, Kind::Png) => (unit.of_pixels(args, images(read_png(path)?, 0, &input, path)?)?, None),
        };
        Ok(Asked { inputs, classes, right })
    }
}

/// What a file is, by its name.
enum Kind {
    Csv,
    Idx,
    Png,
}

fn kind(path: &Path) -> Kind {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match name.trim_end_matches(".gz") {
        name if name.ends_with("ubyte") || name.ends_with(".idx") => Kind::Idx,
        name if name.ends_with(".png") => Kind::Png,
        _ => Kind::Csv,
    }
}

type Samples = (Tensor<f32>, Option<Vec<String>>);

/// A table with names, for a model that learned from one. The target may be there or not.
fn by_name(path: &Path, encoding: &Encoding, details: &Details) -> Result<Samples, Error> {
    let table = Table::read(path)?;
    // Whatever else a file may say, a missing cell is not passed over.
    let missing = match details.get("missing").map(String::as_str) {
        Some("impute") => Missing::Nan,
        _ => Missing::Refuse,
    };
    let inputs = encoding.encode(&table, missing)?;
    let right = details.get("target").and_then(|target| table.column(target).ok()).and_then(texts);
    Ok((inputs, right))
}

/// The cells of a column as texts, if none is missing.
fn texts(column: &Column) -> Option<Vec<String>> {
    match column {
        Column::Numbers(cells) => cells.iter().map(|cell| cell.map(|x| x.to_string())).collect(),
        Column::Categories(cells, names) => cells.iter().map(|cell| cell.map(|k| names[k].clone())).collect(),
    }
}

/// Lines of numbers, each an input, perhaps with the right answer at its end.
fn by_place(path: &Path, input: &[usize]) -> Result<Samples, Error> {
    let table = Table::read_without_header(path)?;
    let (width, columns) = (input.iter().product::<usize>(), table.names().len());
    if columns != width && columns != width + 1 {
        let message = format!("{columns} numbers in a line; the model wants {width}, or one more for the right answer");
        return Err(Error::file(path, message));
    }
    let answer = (columns == width + 1).then(|| columns.to_string());
    let but: Vec<&str> = answer.iter().map(String::as_str).collect();
    let encoding = table.encoding(&but)?;
    let is_word = |name: &&String| !matches!(table.column(name), Ok(Column::Numbers(_)));
    if let Some(name) = table.names()[..width].iter().find(is_word) {
        return Err(Error::file(path, format!("column {name} holds words; the model wants numbers")));
    }
    let inputs = encoding.encode::<f32>(&table, Missing::Refuse)?;
    let right = answer.and_then(|answer| table.column(&answer).ok()).and_then(texts);
    let shape: Shape = [table.len()].into_iter().chain(input.iter().copied()).collect();
    Ok((inputs.reshape(shape), right))
}

/// Images, whose shape without its first axes, `before`, must be that of an input, or have as many pixels as a row of numbers.
fn images(images: Tensor<f32>, before: usize, input: &[usize], path: &Path) -> Result<Tensor<f32>, Error> {
    let shape = images.shape().clone();
    let image: Vec<usize> = shape.iter().copied().skip(before).collect();
    let sides = |shape: &[usize]| shape.iter().copied().filter(|n| *n != 1).collect::<Vec<_>>();
    let (width, pixels) = (input.iter().product::<usize>(), image.iter().product::<usize>());
    let fits = if input.len() == 1 { width == pixels } else { sides(input) == sides(&image) };
    if !fits || images.is_empty() {
        return Err(Error::file(path, format!("images of shape {shape}; the model wants {}", Shape::from(input))));
    }
    let all: Shape = [images.len() / width].into_iter().chain(input.iter().copied()).collect();
    Ok(images.reshape(all))
}

/// What the model says.
struct Answers<'a> {
    outputs: Tensor<f32>,
    classes: Vec<String>,
    right: Option<Vec<String>>,
    target: Option<&'a String>,
    /// Whether the outputs are sums, of which a softmax makes shares.
    sums: bool,
}

impl Answers<'_> {
    fn names(&self) -> Option<Vec<&String>> {
        let of = |class: &i64| &self.classes[*class as usize];
        (!self.classes.is_empty()).then(|| self.outputs.arg_max(-1).data().iter().map(of).collect())
    }

    fn accuracy(&self) -> Option<f64> {
        let (names, right) = (self.names()?, self.right.as_ref()?);
        let hits = names.iter().zip(right).filter(|(name, right)| *name == right).count();
        Some(hits as f64 / right.len() as f64)
    }

    /// How far numbers are from those of the file on average, if it has them.
    fn error(&self) -> Option<f64> {
        let (None, Some(right)) = (self.names(), self.right.as_ref()) else { return None };
        let right: Option<Vec<f32>> = right.iter().map(|text| text.parse().ok()).collect();
        let right = right.filter(|right| right.len() == self.outputs.len())?;
        Some(mean_absolute_error(&self.outputs, &Tensor::new(self.outputs.shape(), right)))
    }

    /// A CSV table: each answer with its share or its output; without classes, the outputs.
    fn text(&self) -> String {
        let rows = self.outputs.data().chunks_exact(self.outputs.shape()[1].max(1));
        let Some(names) = self.names() else {
            let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
            let head = self.target.map_or(String::new(), |target| quoted(target) + "\n");
            return head + &rows.map(line).collect::<String>();
        };
        let (column, outputs) = match self.sums {
            true => ("share", self.outputs.softmax(-1)),
            false => ("output", self.outputs.clone()),
        };
        let mut text = format!("{},{column}\n", quoted(self.target.map_or("answer", String::as_str)));
        for (name, row) in names.into_iter().zip(outputs.data().chunks_exact(self.classes.len())) {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            text += &format!("{},{largest:.4}\n", quoted(name));
        }
        text
    }

    fn json(&self, args: &PredictArgs) -> String {
        let rows: Vec<&[f32]> = self.outputs.data().chunks_exact(self.outputs.shape()[1].max(1)).collect();
        let object = json!({
            "model": args.model.display().to_string(),
            "file": args.file.display().to_string(),
            "samples": rows.len(),
            "classes": self.classes,
            "answers": self.names(),
            "accuracy": self.accuracy(),
            "mean_absolute_error": self.error(),
            "outputs": rows,
        });
        format!("{object}\n")
    }
}

/// A cell of a CSV file.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into(),
    }
}
