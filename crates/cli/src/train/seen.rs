//! What a report shows of a trained network: weights, mistakes, the boundary, layers, time, remarks.

use wengert::Stored;
use wengert::nn::summary;
use wengert::prelude::*;
use wengert::view::plot::{self, Image, Sample};

use super::job::outputs;
use super::page::{Section, escape, preformatted};
use super::why::view;

/// So many images are shown.
const MOST: usize = 40;
/// A table of more classes is left out.
const MOST_CLASSES: usize = 30;
/// So many samples are drawn on a plane.
const MOST_SAMPLES: usize = 400;

/// A trained network, and what it is shown with.
pub(super) struct Seen<'a, T: Stored<f32>> {
    pub(super) model: &'a Sequential<f32>,
    pub(super) loss: &'a dyn Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
    pub(super) train: &'a Dataset<f32, T>,
    pub(super) test: &'a Dataset<f32, T>,
    /// The class of each test sample; none where the target is no class.
    pub(super) classes: Vec<usize>,
    pub(super) names: &'a [String],
    /// The rows and columns of an input that is an image.
    pub(super) image: Option<[usize; 2]>,
    /// The first weights before the training, if they are known.
    pub(super) before: Vec<Image>,
    /// What follows the hidden layers, by name.
    pub(super) activation: Option<String>,
}

impl<'a, T: Stored<f32>> Seen<'a, T> {
    /// A network that was trained elsewhere: what it began with is not known, and a batch of the test samples is looked at.
    pub(super) fn new(
        model: &'a Sequential<f32>,
        loss: &'a dyn Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
        samples: &'a Dataset<f32, T>,
        classes: Vec<usize>,
        names: &'a [String],
        image: Option<[usize; 2]>,
    ) -> Self {
        let (before, activation) = (Vec::new(), None);
        Seen { model, loss, train: samples, test: samples, classes, names, image, before, activation }
    }

    pub(super) fn sections(&self) -> Vec<Section> {
        let answers = answers(&outputs(self.model, self.test));
        let view = view(self.model, self.loss, self.train);
        let lint = view.lint();
        let remarks: String =
            lint.remarks.iter().map(|remark| format!("<li>{}</li>\n", escape(&remark.to_string()))).collect();
        let remarks = if lint.is_clean() { "<p>Nothing.</p>".into() } else { format!("<ul>\n{remarks}</ul>") };
        let profile = view.profile();
        let one: Shape = [1].into_iter().chain(self.train.input_shape().iter().copied()).collect();
        let all = [
            self.confusion(&answers),
            self.mistakes(&answers),
            self.boundary(),
            self.weights(),
            self.activation.as_deref().and_then(activation),
            Some(("Layers", preformatted(&summary(self.model, &one).to_string()))),
            Some(("Time and memory", format!("{}{}", preformatted(&profile.to_string()), profile.flame_svg()))),
            Some(("What looks wrong", remarks)),
        ];
        all.into_iter().flatten().collect()
    }

    /// Which classes were taken for which, the wrong ones as red as they are many.
    fn confusion(&self, answers: &[usize]) -> Option<Section> {
        let count = self.names.len();
        if self.classes.is_empty() || !(2..=MOST_CLASSES).contains(&count) {
            return None;
        }
        let mut table = vec![vec![0_usize; count]; count];
        self.classes.iter().zip(answers).for_each(|(class, answer)| table[*class][*answer] += 1);
        let heads: String = self.names.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
        let row = |(class, row): (usize, &Vec<usize>)| {
            let all = row.iter().sum::<usize>().max(1) as f64;
            let cell = |(answer, count): (usize, &usize)| {
                let (shade, colour) = (*count as f64 / all, if answer == class { "30,120,60" } else { "200,40,40" });
                let strong = if answer == class { 0.45 * shade } else { (2.0 * shade).min(0.8) };
                format!("<td style=\"background:rgba({colour},{strong:.2})\">{count}</td>")
            };
            let cells: String = row.iter().enumerate().map(cell).collect();
            format!("<tr><th>{}</th>{cells}</tr>\n", escape(&self.names[class]))
        };
        let rows: String = table.iter().enumerate().map(row).collect();
        let about = "<p>Rows: what it is; columns: what the network says.</p>";
        Some((
            "Confusion",
            format!("{about}<div class=\"scroll\"><table><tr><th></th>{heads}</tr>\n{rows}</table></div>"),
        ))
    }

    /// The images that were taken for something else.
    fn mistakes(&self, answers: &[usize]) -> Option<Section> {
        let wrong: Vec<usize> = (0..self.classes.len()).filter(|k| self.classes[*k] != answers[*k]).collect();
        let size = self.image.filter(|_| !self.classes.is_empty())?;
        let pixels = size[0] * size[1];
        let name = |class: usize| self.names.get(class).cloned().unwrap_or_else(|| class.to_string());
        let image = |k: &usize| {
            let numbers = &self.test.inputs().data()[k * pixels..(k + 1) * pixels];
            let label = format!("{}, said {}", name(self.classes[*k]), name(answers[*k]));
            Image { label, size, numbers: numbers.iter().map(|x| f64::from(*x)).collect() }
        };
        let shown: Vec<Image> = wrong.iter().take(MOST).map(image).collect();
        let about = format!("<p>{} of {} were taken for something else.</p>", wrong.len(), self.classes.len());
        Some(("Mistakes", about + &if shown.is_empty() { String::new() } else { plot::images("what it is", &shown) }))
    }

    /// What the network says over the plane of two inputs.
    fn boundary(&self) -> Option<Section> {
        let two = self.test.input_shape() == [2] && !self.classes.is_empty() && self.classes.iter().all(|c| *c < 2);
        let points = self.test.inputs().data().chunks_exact(2).zip(&self.classes).filter(|_| two);
        let samples: Vec<Sample> = points
            .take(MOST_SAMPLES)
            .map(|(at, class)| Sample { at: [at[0], at[1]].map(f64::from), class: *class })
            .collect();
        let share = |points: &[[f64; 2]]| {
            let numbers: Vec<f32> = points.iter().flatten().map(|x| *x as f32).collect();
            let y = self.model.forward(&Tensor::new([points.len(), 2], numbers));
            match y.len() / points.len() {
                // sums of two classes, of which the softmax is a sigmoid of their difference
                2 => y.data().chunks_exact(2).map(|y| 1.0 / (1.0 + f64::from(y[0] - y[1]).exp())).collect(),
                _ => y.data().iter().map(|y| f64::from(*y)).collect(),
            }
        };
        (!samples.is_empty()).then(|| ("Boundary", plot::boundary("what the network says", &samples, share)))
    }

    /// The weights of the first layer, before and after.
    fn weights(&self) -> Option<Section> {
        let after = first_weights(self.model, self.image);
        let before = if self.before.is_empty() { String::new() } else { plot::images("before", &self.before) };
        (!after.is_empty())
            .then(|| ("Weights of the first layer", before + &plot::images("after the training", &after)))
    }
}

/// The activation with its derivative, if an operation has its name.
fn activation(name: &str) -> Option<Section> {
    let named = wengert::ops::AnyOp::named().into_iter().find(|named| named.name == name)?;
    let op = (named.make)(named.attribute.unwrap_or(0.0))?;
    Some(("Activation", plot::activation(&op).ok()?))
}

/// The weights of the first layer that has some: a filter or a neuron on an image as an image, else all as a table.
pub(super) fn first_weights(model: &Sequential<f32>, image: Option<[usize; 2]>) -> Vec<Image> {
    let parameters = model.parameters();
    let Some((name, param)) = parameters.iter().find(|(_, param)| param.value().rank() > 1) else { return Vec::new() };
    let (shape, data) = (param.value().shape(), param.value().data());
    let pixels = |[rows, columns]: [usize; 2]| rows * columns;
    let size = match shape[..] {
        [_, inputs] => image.filter(|size| pixels(*size) == inputs),
        [_, 1, rows, columns] => Some([rows, columns]),
        _ => None,
    };
    let numbers = |data: &[f32]| data.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    match size {
        Some(size) if pixels(size) > 0 => data
            .chunks_exact(pixels(size))
            .take(MOST)
            .enumerate()
            .map(|(k, part)| Image { label: format!("{k}"), size, numbers: numbers(part) })
            .collect(),
        _ => {
            let size = [shape[0], data.len() / shape[0].max(1)];
            vec![Image { label: name.to_string(), size, numbers: numbers(data) }]
        }
    }
}

/// The rows and columns of inputs of this shape, if they are images of one channel.
pub(super) fn image_of(shape: &[usize]) -> Option<[usize; 2]> {
    match *shape {
        [rows, columns] | [1, rows, columns] => Some([rows, columns]),
        _ => None,
    }
}

/// The class that outputs say: the largest of several, or whether the only one is above a half.
fn answers(outputs: &Tensor<f32>) -> Vec<usize> {
    let width = outputs.shape()[1].max(1);
    let largest = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a))).unwrap_or(0);
    let answer = |row: &[f32]| if width == 1 { usize::from(row[0] > 0.5) } else { largest(row) };
    outputs.data().chunks_exact(width).map(answer).collect()
}
