//! A model as a table, from a dry run on shapes.

use std::collections::BTreeSet;
use std::fmt;

use wengert_tape::{Float, Shape, cost, try_with};

use crate::module::{Layer, Module, Parameters};

/// What a model is, layer by layer, for an input of one shape: [`summary`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Sequential::<f32>::new().then(Linear::new(3, 4, &mut generator(1))).then(Activation::Relu);
/// let summary = summary(&model, &Shape::from([10, 3]));
/// assert_eq!((summary.layers.len(), summary.learned, summary.frozen), (2, 16, 0));
/// ```
#[derive(Clone, Debug)]
pub struct Summary {
    /// The shape of the input.
    pub input: Shape,
    /// The layers, in order; containers are opened.
    pub layers: Vec<LayerSummary>,
    /// The numbers that training changes; shared ones count once.
    pub learned: usize,
    /// Those that are frozen.
    pub frozen: usize,
    /// The bytes of a number.
    bytes: usize,
}

/// One layer of a [`Summary`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Sequential::<f32>::new().then(Linear::new(3, 4, &mut generator(1))).then(Linear::new(5, 2, &mut generator(2)));
/// let summary = summary(&model, &Shape::from([10, 3]));
/// let second = &summary.layers[1];
/// assert_eq!((second.name.as_str(), second.parameters), ("1", 12));
/// assert!(second.error.is_some()); // 4 outputs for 5 inputs
/// ```
#[derive(Clone, Debug)]
pub struct LayerSummary {
    /// Where it stands, as parameters are named.
    pub name: String,
    /// What it is.
    pub layer: String,
    /// The shape of its output, if the shapes so far fit or could be guessed.
    pub output: Option<Shape>,
    /// What does not fit.
    pub error: Option<String>,
    /// The numbers of its parameters.
    pub parameters: usize,
    /// Multiplications with a weight, each with an addition; 0 where they are not known.
    pub multiply_adds: u64,
    /// Whether the multiplications are known. Of a model of one's own that has weights they are if it says so in
    /// [`Module::multiply_adds`].
    pub counted: bool,
    /// The bytes of results that a tape keeps for the backward pass.
    pub kept: u64,
}

/// Looks at every layer of `model` for an input of shape `x`. Nothing is computed: it is a dry run on shapes.
///
/// Where a layer does not accept what comes, that is noted, and the run goes on with what the layer would have given for
/// the input nearest to it: all errors are found at once.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Mlp::<f32>::new(&[784, 16, 16, 10], Activation::Sigmoid, &mut generator(1));
/// let summary = summary(&model, &Shape::from([1, 784]));
/// assert_eq!((summary.learned, summary.multiply_adds()), (13_002, 784 * 16 + 16 * 16 + 16 * 10));
/// assert_eq!(summary.counts(), (4, 2)); // with the input, and hidden: both ways of counting layers
/// println!("{summary}");
/// ```
pub fn summary<F: Float, M: Module<F>>(model: &M, x: &Shape) -> Summary {
    let mut layers = Vec::new();
    let parts = model.parts();
    match parts.is_empty() {
        true => {
            let layer = model.description().map_or("model".into(), |description| description.to_string());
            let about = About { name: String::new(), layer, parameters: size(model, |_| true) };
            let output = model.output_shape(x).map_err(|e| e.to_string());
            let counted = model.description().is_some() || !has_weights(model);
            layers.push(row::<F>(about, x, output, || model.forward(x), || model.multiply_adds(x), counted));
        }
        false => drop(walk(&parts, "", x, &mut layers)),
    }
    let learned = size(model, |frozen| !frozen);
    let frozen = size(model, |frozen| frozen);
    Summary { input: x.clone(), layers, learned, frozen, bytes: size_of::<F>() }
}

/// [`summary`] of a model that is not from a tensor to a tensor: `run` is what it does with an input of shape `x`, as far as is to be
/// looked at, and gives an output. There is a row for each part that has parameters, and one for all, with what the run keeps and
/// what does not fit.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::summary_of;
/// #[derive(Parameters)]
/// struct Encoder { hidden: Linear, mean: Linear, spread: Linear }
/// impl Encoder {
///     fn forward<A: Reader<f32>>(&self, x: &A) -> (A, A) {
///         let h = self.hidden.forward(x).relu();
///         (self.mean.forward(&h), self.spread.forward(&h))
///     }
/// }
/// let rng = &mut generator(1);
/// let mut linear = |inputs, outputs| Linear::new(inputs, outputs, rng);
/// let model = Encoder { hidden: linear(784, 400), mean: linear(400, 20), spread: linear(400, 20) };
/// let summary = summary_of(&model, &Shape::from([64, 784]), |model, x| model.forward(x).0);
/// let rows: Vec<(&str, usize)> = summary.layers.iter().map(|row| (&row.name[..], row.parameters)).collect();
/// assert_eq!(rows, [("hidden", 314_000), ("mean", 8_020), ("spread", 8_020), ("", 0)]);
/// assert_eq!((summary.learned, summary.layers[3].output.clone()), (330_040, Some(Shape::from([64, 20]))));
///
/// let wrong = summary_of(&model, &Shape::from([64, 783]), |model, x| model.forward(x).0);
/// assert!(wrong.errors()[0].contains("783"), "{:?}", wrong.errors());
/// ```
pub fn summary_of<F: Float, P: Parameters<F>>(model: &P, x: &Shape, run: impl Fn(&P, &Shape) -> Shape) -> Summary {
    let mut layers: Vec<LayerSummary> = Vec::new();
    for (name, param) in model.parameters() {
        let (part, own) = name.rsplit_once('.').unwrap_or(("", &name));
        let numbers = param.value().len();
        match layers.last_mut().filter(|row| row.name == part && !part.is_empty()) {
            Some(row) => row.parameters += numbers,
            None => {
                let (name, layer) = if part.is_empty() { (own, "parameter") } else { (part, "layer") };
                layers.push(LayerSummary {
                    name: name.into(),
                    layer: layer.into(),
                    output: None,
                    error: None,
                    parameters: numbers,
                    multiply_adds: 0,
                    counted: false,
                    kept: 0,
                });
            }
        }
    }
    let output = try_with(|| run(model, x)).map_err(|e| e.to_string());
    let about = About { name: String::new(), layer: "model".into(), parameters: 0 };
    layers.push(row::<F>(about, x, output, || run(model, x), || 0, false));
    let (learned, frozen) = (size(model, |frozen| !frozen), size(model, |frozen| frozen));
    Summary { input: x.clone(), layers, learned, frozen, bytes: size_of::<F>() }
}

/// What is known of a layer before the run.
struct About {
    name: String,
    layer: String,
    parameters: usize,
}

fn row<F: Float>(
    about: About,
    x: &Shape,
    output: Result<Shape, String>,
    run: impl FnOnce() -> Shape,
    multiply_adds: impl FnOnce() -> u64,
    counted: bool,
) -> LayerSummary {
    let About { name, layer, parameters } = about;
    let (output, error) = match output {
        Ok(shape) => (Some(shape), None),
        Err(message) => (None, Some(message)),
    };
    let fits = error.is_none() && !x.contains(&0);
    let kept = if fits { cost(run).1.results * size_of::<F>() as u64 } else { 0 };
    let multiply_adds = if error.is_none() { multiply_adds() } else { 0 };
    LayerSummary { name, layer, output, error, parameters, multiply_adds, counted: counted || multiply_adds > 0, kept }
}

/// Each layer with the output of the one before; the last output, if it is known.
fn walk<F: Float>(
    parts: &[(String, &dyn Layer<F>)],
    at: &str,
    x: &Shape,
    layers: &mut Vec<LayerSummary>,
) -> Option<Shape> {
    let mut input = Some(x.clone());
    for (name, part) in parts {
        let name = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let inside = part.layer_parts();
        if let (false, Some(x)) = (inside.is_empty(), &input) {
            input = walk(&inside, &name, x, layers);
            continue;
        }
        let layer = part.description().map_or("layer".into(), |description| description.to_string());
        let about = About { name, layer, parameters: size(*part, |_| true) };
        let Some(x) = &input else {
            let About { name, layer, parameters } = about;
            let (output, error, multiply_adds, kept) = (None, None, 0, 0);
            layers.push(LayerSummary { name, layer, output, error, parameters, multiply_adds, counted: false, kept });
            continue;
        };
        let output = part.layer_output_shape(x).map_err(|e| e.to_string());
        let counted = part.description().is_some() || !has_weights(*part);
        let count = || part.layer_multiply_adds(x);
        let mut row = row::<F>(about, x, output, || part.forward_on(x), count, counted);
        if row.error.is_some() {
            row.output = part.layer_nearest_input(x).and_then(|x| part.layer_output_shape(&x).ok());
        }
        input = row.output.clone();
        layers.push(row);
    }
    input
}

/// Whether there are parameters that can be multiplied with inputs: tables, and not one number for each feature.
fn has_weights<F: Float>(model: &(impl Parameters<F> + ?Sized)) -> bool {
    model.parameters().iter().any(|(_, param)| param.value().rank() > 1)
}

/// The numbers of the parameters that are frozen or not, a shared one once.
fn size<F: Float>(model: &(impl Parameters<F> + ?Sized), wanted: impl Fn(bool) -> bool) -> usize {
    let mut seen = BTreeSet::new();
    let all = model.parameters().into_iter().map(|(_, param)| param);
    all.filter(|param| wanted(param.is_frozen()) && seen.insert(param.id())).map(|param| param.value().len()).sum()
}

impl Summary {
    /// Everything that does not fit, with the names of the layers.
    pub fn errors(&self) -> Vec<String> {
        let named = |layer: &LayerSummary| Some(format!("layer {}: {}", layer.name, layer.error.as_ref()?));
        self.layers.iter().filter_map(named).collect()
    }

    /// The multiplications with a weight, each with an addition, of all layers where they are known.
    pub fn multiply_adds(&self) -> u64 {
        self.layers.iter().map(|layer| layer.multiply_adds).sum()
    }

    /// The bytes that a tape keeps for the backward pass: the results of all layers, and the input.
    pub fn kept(&self) -> u64 {
        let input = (self.input.len_elements() * self.bytes) as u64;
        input + self.layers.iter().map(|layer| layer.kept).sum::<u64>()
    }

    /// The number of layers as the books count them: with the input as one, and those that are hidden. A layer is what has
    /// parameters that are products with its inputs, such as a fully connected one or a convolution; a model of one's own that
    /// does not say how many multiplications it makes counts as one.
    pub fn counts(&self) -> (usize, usize) {
        let weighted = self
            .layers
            .iter()
            .filter(|layer| layer.multiply_adds > 0 || layer.error.is_some() || !layer.counted)
            .count();
        (weighted + 1, weighted.saturating_sub(1))
    }
}

impl fmt::Display for Summary {
    /// A table; below it the errors, or the sums.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "layer", "output", "parameters", "multiply-adds", "bytes kept"].map(String::from);
        let unknown = || "?".to_string();
        let rows = self.layers.iter().map(|layer| {
            let fits = layer.error.is_none() && layer.output.is_some();
            let output = layer.output.as_ref().map_or_else(unknown, Shape::to_string);
            [
                layer.name.clone(),
                layer.layer.clone(),
                if layer.error.is_some() { format!("({output})") } else { output },
                layer.parameters.to_string(),
                if fits && layer.counted { layer.multiply_adds.to_string() } else { unknown() },
                if fits { layer.kept.to_string() } else { unknown() },
            ]
        });
        let rows: Vec<[String; 6]> = [head].into_iter().chain(rows).collect();
        let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in &rows {
            let mut line = String::new();
            for (k, (cell, width)) in row.iter().zip(widths).enumerate() {
                let gap = if k == 0 { "" } else { "  " };
                line += &if k < 3 { format!("{gap}{cell:width$}") } else { format!("{gap}{cell:>width$}") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        let errors = self.errors();
        if !errors.is_empty() {
            return write!(f, "{}", errors.join("\n"));
        }
        let (all, hidden) = self.counts();
        let depth = if hidden > 1 { "deep" } else { "shallow" };
        let frozen = if self.frozen > 0 { format!(", {} frozen", self.frozen) } else { String::new() };
        let (learned, kept, input) = (self.learned, self.kept(), &self.input);
        if self.layers.iter().any(|layer| !layer.counted) {
            let what = format!("{learned} parameters{frozen}; {kept} bytes kept for an input {input}");
            return write!(
                f,
                "{what}\nmultiply-adds and depth unknown: a layer of one's own does not say what it multiplies"
            );
        }
        write!(
            f,
            "{learned} parameters{frozen}; {} multiply-adds and {kept} bytes kept for an input {input}\n\
             {all} layers with the input, {hidden} hidden: {depth}",
            self.multiply_adds(),
        )
    }
}
