//! The networks of the books on MNIST, each as one recipe: Nielsen's "Neural Networks and Deep Learning" and the network of
//! 3Blue1Brown's chapters.
//!
//! A recipe says everything but the seed. The same seed gives the same bits on any number of threads, and after any
//! interruption.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wengert_tape::prelude::*;

use crate::data::{Dataset, Mnist, shifted};
use crate::error::Error;
use crate::initialiser::Initialiser;
use crate::layers::{Activation, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Mlp, Sequential};
use crate::losses::{cross_entropy, half_squared_error};
use crate::metrics::accuracy;
use crate::module::Parameters;
use crate::optimisers::{Adam, Groups, Optimiser, Sgd};
use crate::random::stream;
use crate::schedules::Cosine;
use crate::trainer::{History, Monitor, Progress, Trainer};

/// The stream of a seed from which weights are drawn.
const WEIGHTS: u64 = 2;

/// A network of a book: what it is, what was published, and what it is trained with here.
///
/// # Examples
/// ```
/// use wengert_nn::published::Recipe;
/// let recipe = Recipe::ALL.iter().find(|recipe| recipe.name == "mnist-784-30-10").unwrap();
/// assert_eq!((recipe.source, recipe.published), ("Nielsen, chapter 1", 95.42));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// The name, as in `mnist-784-30-10`.
    pub name: &'static str,
    /// Where it is published.
    pub source: &'static str,
    /// The published accuracy in percent.
    pub published: f64,
    /// What ours must reach, in percent.
    pub wanted: f64,
    /// The number of epochs.
    pub epochs: usize,
    /// Whether a softmax makes shares of the outputs; of the others, each output is a number of its own.
    pub softmax: bool,
    /// Whether the learning rate falls over all epochs.
    falls: bool,
    plan: Plan,
}

/// What a recipe makes small: a function of the outputs and the targets of a batch.
///
/// # Examples
/// ```
/// use wengert_nn::published::{Loss, Recipe};
/// use wengert_tape::prelude::*;
/// let Loss::OneHot(loss) = Recipe::named("mnist-784-30-10")?.loss() else { unreachable!() };
/// let tape = Tape::of::<f32>();
/// let (a, y) = (tape.var(Tensor::from([[0.5, 0.0]])), tape.input(Tensor::from([[1.0, 0.0]])));
/// assert_eq!(loss(a, y).item(), 0.125); // half of 0.5²
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// A target is a row of numbers with a 1 at the place of the class.
    OneHot(LossOf<f32>),
    /// A target is the number of the class.
    Class(LossOf<i64>),
}

/// A loss on targets of type `T`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::published::LossOf;
/// let loss: LossOf<f32> = |a, y| half_squared_error(a, y);
/// let tape = Tape::of::<f32>();
/// let (a, y) = (tape.var(Tensor::from([[1.0, 0.0]])), tape.input(Tensor::from([[0.0, 0.0]])));
/// assert_eq!(loss(a, y).item(), 0.5);
/// ```
pub type LossOf<T> = fn(Var<f32>, Var<f32, T>) -> Var<f32>;

/// A loss, and what trains by it.
#[derive(Clone, Copy, Debug)]
enum Plan {
    OneHot(LossOf<f32>, Train<f32>),
    Class(LossOf<i64>, Train<i64>),
}

type Train<T> = fn(&Recipe, LossOf<T>, &Mnist<f32>, Run<'_>) -> Result<Trained, Error>;

/// How a recipe is run.
///
/// # Examples
/// ```
/// use wengert_nn::published::Run;
/// let run = Run { seed: 7, threads: 2, ..Run::default() };
/// assert!(run.epochs.is_none()); // the recipe's
/// ```
#[derive(Default)]
pub struct Run<'a> {
    /// What everything random follows from.
    pub seed: u64,
    /// The number of threads, 1 if it is 0. It changes nothing but the time.
    pub threads: usize,
    /// Another number of epochs than the recipe's.
    pub epochs: Option<usize>,
    /// A file to go on from, and to write the state to after each epoch. It must be of the same recipe and seed, and of the
    /// same number of epochs where the rate falls over them.
    pub checkpoint: Option<&'a Path>,
    /// A flag that ends the training.
    pub stop: Option<Arc<AtomicBool>>,
    /// What is called after each step.
    pub on_step: Option<Box<dyn FnMut(&Progress<'_>) + 'a>>,
    /// What is called after each epoch.
    pub on_epoch: Option<Box<dyn FnMut(&Progress<'_>) + 'a>>,
}

/// A trained network. Each epoch of its history has an `accuracy` on validation and test samples.
///
/// # Examples
/// ```
/// use wengert_nn::published::Trained;
/// fn report(trained: &Trained) {
///     if let Some((best, last)) = trained.test_accuracy() {
///         println!("{:.2} % at the best epoch, {:.2} % at the last", 100.0 * best, 100.0 * last);
///     }
/// }
/// # let _ = report;
/// ```
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network at the end of the epoch that was best on the validation samples.
    pub model: Sequential<f32>,
    /// How training went.
    pub history: History,
}

impl Trained {
    /// The share of test images read rightly at the epoch that was best on the validation images, and at the last.
    pub fn test_accuracy(&self) -> Option<(f64, f64)> {
        let of = |epoch: &crate::Epoch| epoch.test.as_ref()?.get("accuracy");
        Some((of(self.history.best_epoch()?)?, of(self.history.epochs.last()?)?))
    }
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Recipe; 8] = [
        Recipe {
            name: "mnist-784-30-10",
            source: "Nielsen, chapter 1",
            published: 95.42,
            wanted: 94.5,
            epochs: 30,
            softmax: false,
            falls: false,
            plan: Plan::OneHot(half_squared_error::<Var<f32>>, chapter_1),
        },
        Recipe {
            name: "mnist-784-100-10",
            source: "Nielsen, chapter 3",
            published: 97.92,
            wanted: 97.7,
            epochs: 30,
            softmax: false,
            falls: false,
            plan: Plan::OneHot(cross_entropy_of_each, chapter_3),
        },
        Recipe {
            name: "mnist-784-16-16-10",
            source: "3Blue1Brown, chapter 1",
            published: 96.0,
            wanted: 95.5,
            epochs: 20,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, sixteen),
        },
        Recipe {
            name: "mnist-conv",
            source: "Nielsen, chapter 6: conv-pool, 100",
            published: 98.78,
            wanted: 98.5,
            epochs: 15,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, |recipe, loss, data, run| {
                Convolutional { filters: &[20], ..SIGMOID }.run(recipe, loss, data, run)
            }),
        },
        Recipe {
            name: "mnist-conv-conv",
            source: "Nielsen, chapter 6: two conv-pool, sigmoid",
            published: 99.06,
            wanted: 98.8,
            epochs: 15,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, |recipe, loss, data, run| {
                SIGMOID.run(recipe, loss, data, run)
            }),
        },
        Recipe {
            name: "mnist-conv-conv-relu",
            source: "Nielsen, chapter 6: two conv-pool, ReLU, L2",
            published: 99.23,
            wanted: 98.9,
            epochs: 15,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, |recipe, loss, data, run| RELU.run(recipe, loss, data, run)),
        },
        Recipe {
            name: "mnist-conv-conv-expanded",
            source: "Nielsen, chapter 6: the same on 250,000 images",
            published: 99.37,
            wanted: 99.1,
            epochs: 5,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, |recipe, loss, data, run| {
                RELU.run(recipe, loss, &expanded(data)?, run)
            }),
        },
        Recipe {
            name: "mnist-dropout-expanded",
            source: "Nielsen, chapter 6: two conv-pool, 1,000 + 1,000 with dropout, 250,000 images",
            published: 99.6,
            wanted: 99.3,
            epochs: 10,
            softmax: true,
            falls: true,
            plan: Plan::Class(cross_entropy::<Var<f32>>, |recipe, loss, data, run| {
                DROPOUT.run(recipe, loss, &expanded(data)?, run)
            }),
        },
    ];

    /// The recipe of this name.
    ///
    /// # Errors
    /// If there is none; the message lists those that there are.
    pub fn named(name: &str) -> Result<Recipe, Error> {
        Recipe::ALL.into_iter().find(|recipe| recipe.name == name).ok_or_else(|| {
            let names: Vec<&str> = Recipe::ALL.iter().map(|recipe| recipe.name).collect();
            Error::parse(name, format!("a recipe; there are {}", names.join(", ")))
        })
    }

    /// Trains the network. Pixels must be from 0 to below 1, as [`mnist`](crate::data::mnist) reads them with a scale of
    /// 1/256.
    ///
    /// # Errors
    /// What [`Trainer::train`] returns.
    pub fn run(&self, data: &Mnist<f32>, run: Run<'_>) -> Result<Trained, Error> {
        match self.plan {
            Plan::OneHot(loss, train) => train(self, loss, data, run),
            Plan::Class(loss, train) => train(self, loss, data, run),
        }
    }

    /// The loss that training makes small.
    pub fn loss(&self) -> Loss {
        match self.plan {
            Plan::OneHot(loss, _) => Loss::OneHot(loss),
            Plan::Class(loss, _) => Loss::Class(loss),
        }
    }

    /// Trains `model` on `train`, and keeps the best epoch.
    fn train<T: wengert_tape::Stored<f32>>(
        &self,
        (model, optimiser): (Sequential<f32>, &mut dyn Optimiser<f32>),
        trainer: Trainer<'_, f32, T>,
        train: &Dataset<f32, T>,
        run: Run<'_>,
    ) -> Result<Trained, Error> {
        let (mut model, epochs) = (model, run.epochs.unwrap_or(self.epochs));
        // Where the rate falls over all epochs, another number of them is another training.
        let over = if self.falls { format!(" over {epochs} epochs") } else { String::new() };
        let mut trainer = trainer
            .named(format!("{}{over}", self.name))
            .epochs(epochs)
            .seed(run.seed)
            .threads(run.threads.max(1))
            .keep_best(Monitor::most("accuracy"));
        if let Some(path) = run.checkpoint {
            trainer = trainer.checkpoint(path).resume(true);
        }
        if let Some(stop) = run.stop {
            trainer = trainer.stop(stop);
        }
        if let Some(on_step) = run.on_step {
            trainer = trainer.on_step(on_step);
        }
        if let Some(on_epoch) = run.on_epoch {
            trainer = trainer.on_epoch(on_epoch);
        }
        let history = trainer.train(&mut model, optimiser, train)?;
        Ok(Trained { model, history })
    }
}

/// A perceptron of the book: weights and biases normal, the weights over the root of the number of inputs if asked for.
fn perceptron(sizes: &[usize], initialiser: Initialiser, output: Activation, seed: u64) -> Sequential<f32> {
    let rng = &mut stream(seed, WEIGHTS);
    let mut mlp = Mlp::with(sizes, Activation::Sigmoid, initialiser, rng).output(output);
    for layer in &mut mlp.layers {
        let outputs = layer.outputs();
        layer.bias = Some(Param::new(Tensor::randn([outputs], rng)));
    }
    mlp.into()
}

/// The share of samples whose largest output is where the 1 of the target is.
fn hot_accuracy(outputs: &Tensor<f32>, targets: &Tensor<f32>) -> f64 {
    accuracy(outputs, &targets.arg_max(-1))
}

/// The parts of a set as rows, with a 1 at the place of the class.
fn hot(data: &Mnist<f32>) -> [Dataset<f32, f32>; 3] {
    [&data.train, &data.validation, &data.test].map(|part| part.flattened().one_hot())
}

/// Sigmoid, half the squared error, plain descent with rate 3 and batches of 10.
fn chapter_1(recipe: &Recipe, loss: LossOf<f32>, data: &Mnist<f32>, run: Run<'_>) -> Result<Trained, Error> {
    let [train, validation, test] = hot(data);
    let model = perceptron(&[784, 30, 10], Initialiser::Normal, Activation::Sigmoid, run.seed);
    let trainer = Trainer::new(loss).batch(10).metric("accuracy", hot_accuracy).validate(&validation).test(&test);
    recipe.train((model, &mut Sgd::new(3.0)), trainer, &train, run)
}

/// The book's cross-entropy −Σ [y ln a + (1 − y) ln(1 − a)] of a = σ(z), the mean over a batch. With σ in it ln a is safe.
fn cross_entropy_of_each(z: Var<f32>, y: Var<f32>) -> Var<f32> {
    z.binary_cross_entropy_with_logits(y, Reduction::Sum) / z.shape()[0] as f64
}

/// Sigmoid, the cross-entropy of each output, rate 0.5, batches of 10, and L2 with λ = 5: weights shrink by η λ / n in each step,
/// biases do not.
fn chapter_3(recipe: &Recipe, loss: LossOf<f32>, data: &Mnist<f32>, run: Run<'_>) -> Result<Trained, Error> {
    let [train, validation, test] = hot(data);
    // The last sigmoid is in the loss.
    let model = perceptron(&[784, 100, 10], Initialiser::NormalOverRoot, Activation::Identity, run.seed);
    let trainer = Trainer::new(loss).batch(10).metric("accuracy", hot_accuracy).validate(&validation).test(&test);
    let decay = 5.0 / data.train.len() as f64;
    let optimiser = Groups::new(Sgd::new(0.5).weight_decay(decay)).group(|name| name.ends_with("bias"), Sgd::new(0.5));
    let mut optimiser = optimiser;
    recipe.train((model, &mut optimiser), trainer, &train, run)
}

/// 784-16-16-10 with ReLU and softmax, by Adam with a falling rate.
fn sixteen(recipe: &Recipe, loss: LossOf<i64>, data: &Mnist<f32>, run: Run<'_>) -> Result<Trained, Error> {
    let [train, validation, test] = [&data.train, &data.validation, &data.test].map(Dataset::flattened);
    let rng = &mut stream(run.seed, WEIGHTS);
    let mlp = Mlp::new(&[784, 16, 16, 10], Activation::Relu, rng).output(Activation::Identity);
    let model = Sequential::from(mlp);
    assert_eq!(model.parameter_count(), 13_002);
    let trainer = Trainer::new(loss).batch(32).metric("accuracy", accuracy);
    let trainer = trainer.validate(&validation).test(&test).schedule_epochs(falling(recipe, &run));
    recipe.train((model, &mut Adam::new(0.002)), trainer, &train, run)
}

/// Filters of 5 × 5 with pools of 2 × 2, fully connected layers and softmax, by Adam with a falling rate.
struct Convolutional {
    /// The filters of each convolution.
    filters: &'static [usize],
    activation: Activation,
    /// The neurons of each fully connected layer before the last.
    hidden: &'static [usize],
    /// The share of its inputs that each fully connected layer does without in training.
    dropout: f64,
    decay: f64,
    batch: usize,
}

const SIGMOID: Convolutional = Convolutional {
    filters: &[20, 40],
    activation: Activation::Sigmoid,
    hidden: &[100],
    dropout: 0.0,
    decay: 0.0,
    batch: 32,
};

const RELU: Convolutional = Convolutional { activation: Activation::Relu, decay: 1e-5, ..SIGMOID };

const DROPOUT: Convolutional =
    Convolutional { activation: Activation::Relu, hidden: &[1000, 1000], dropout: 0.5, batch: 64, ..SIGMOID };

impl Convolutional {
    fn model(&self, seed: u64) -> Sequential<f32> {
        let rng = &mut stream(seed, WEIGHTS);
        let (mut model, mut channels, mut side) = (Sequential::new(), 1, 28);
        let initialiser = self.activation.initialiser();
        for filters in self.filters {
            let conv = Conv2d::with(channels, *filters, 5, Conv::default(), initialiser, rng);
            // The largest first and the activation then is the same, since it grows, and a quarter of the work.
            model = model.then(conv).then(MaxPool2d::new(2)).then(self.activation);
            (channels, side) = (*filters, (side - 4) / 2);
        }
        let (mut model, mut inputs) = (model.then(Flatten), channels * side * side);
        let drop = |model: Sequential<f32>| match self.dropout > 0.0 {
            true => model.then(Dropout::new(self.dropout)),
            false => model,
        };
        for outputs in self.hidden {
            let linear = Linear::with(inputs, *outputs, initialiser, rng);
            model = drop(model).then(linear).then(self.activation);
            inputs = *outputs;
        }
        drop(model).then(Linear::with(inputs, 10, Initialiser::XavierUniform, rng))
    }

    fn run(&self, recipe: &Recipe, loss: LossOf<i64>, data: &Mnist<f32>, run: Run<'_>) -> Result<Trained, Error> {
        let trainer = Trainer::new(loss).batch(self.batch).shard(self.batch / 2).metric("accuracy", accuracy);
        let trainer = trainer.validate(&data.validation).test(&data.test).schedule_epochs(falling(recipe, &run));
        let mut optimiser = Adam::new(0.001).weight_decay(self.decay);
        recipe.train((self.model(run.seed), &mut optimiser), trainer, &data.train, run)
    }
}

/// Half a wave of the cosine to nearly nothing over all epochs.
fn falling(recipe: &Recipe, run: &Run<'_>) -> Cosine {
    Cosine::new(run.epochs.unwrap_or(recipe.epochs) as u64, 1e-5)
}

/// The book's expanded set: every training image, and the same moved by one pixel up, down, left and right.
fn expanded(data: &Mnist<f32>) -> Result<Mnist<f32>, Error> {
    let mut train = data.train.clone();
    for (down, right) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let moved = data.train.with_inputs(shifted(data.train.inputs(), down, right)?)?;
        train = train.followed_by(&moved)?;
    }
    Ok(Mnist { train, ..data.clone() })
}
