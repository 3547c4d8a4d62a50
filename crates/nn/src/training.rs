//! What a forward pass gets in training, beside its input.
//!
//! The other half of `module.rs`, whose forward passes take it.

use std::collections::{BTreeMap, BTreeSet};

use wengert_tape::{Algebra, Arg, Args, Error, Float, Kind, Op, Param, ParamId, Shape, Tensor, Value, Var};

use crate::module::{Module, Name, Parameters};
use crate::random::generator;

/// The argument that tells training from use: a key for random numbers, and a place for what a layer sees on the way.
///
/// The key is two whole numbers, such as a seed and the number of the step. Everything random in the pass follows from
/// it: the same key draws the same, whatever was drawn before. On a tape it is an input, so that a replay draws anew.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Dropout::new(0.5);
/// let x = Tensor::<f64>::ones([4, 100]);
/// let pass = |step: i64| layer.forward_training(&x, &mut Training::new(Tensor::from([1, step])));
/// assert_eq!(pass(7), pass(7));
/// assert_ne!(pass(7), pass(8));
/// assert_eq!(Module::<f64>::forward(&layer, &x), x); // in use, nothing is dropped
/// ```
#[derive(Debug)]
pub struct Training<A: Algebra> {
    key: A::Index,
    drawn: u64,
    observed: Vec<Observed<A>>,
    together: Together,
    /// Whether the model is in use, and does not learn.
    in_use: bool,
}

/// Whether a layer looked at all samples of a batch together.
#[derive(Debug)]
enum Together {
    /// None did so far.
    Not,
    /// One did.
    Looked,
    /// It is a dry run, in which nothing is computed, or a part of a batch: what a layer refuses is kept for whoever asks.
    Dry { looked: bool, refused: Option<crate::Error> },
}

/// Numbers that a layer saw, for a parameter that follows them and not a gradient.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = BatchNorm::<f64>::new(2);
/// let x = Tensor::from([[1.0, 10.0], [3.0, 30.0]]);
/// let mut training = Training::new(Tensor::from([1, 2]));
/// layer.forward_training(&x, &mut training);
/// let seen = training.observed();
/// assert_eq!((seen[0].numbers.data(), seen[0].share), (&[2.0, 20.0][..], 0.1)); // the mean, a tenth of the way
/// ```
#[derive(Clone, Debug)]
pub struct Observed<A> {
    /// The parameter.
    pub param: ParamId,
    /// How far the parameter moves towards the numbers: `p ← p + share (x − p)`.
    pub share: f64,
    /// The numbers.
    pub numbers: A,
}

impl<A: Algebra> Training<A> {
    /// A forward pass with a key of two whole numbers.
    #[track_caller]
    pub fn new(key: A::Index) -> Self {
        Training { key, drawn: 0, observed: Vec::new(), together: Together::Not, in_use: false }
    }

    /// A pass in which [`forward_training`](Module::forward_training) is [`forward`](Module::forward): for a look at how a model
    /// does, through the same function that it learns by. PyTorch's `model.eval()`.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let (layer, x) = (Dropout::new(0.5), Tensor::<f64>::ones([10]));
    /// let pass = |training: &mut Training<Tensor>| layer.forward_training(&x, training);
    /// assert_ne!(pass(&mut Training::new(Tensor::from([1, 2]))), x);
    /// assert_eq!(pass(&mut Training::in_use(&x)), x);
    /// ```
    ///
    /// So a model of one's own is one function:
    /// ```
    /// use wengert_nn::prelude::*;
    /// #[derive(Clone, Debug, Parameters)]
    /// struct Net(Linear, BatchNorm, Dropout);
    /// impl Module<f32> for Net {
    ///     fn forward<A: Reader<f32>>(&self, x: &A) -> A {
    ///         self.forward_training(x, &mut Training::in_use(x))
    ///     }
    ///     fn forward_training<A: Reader<f32>>(&self, x: &A, training: &mut Training<A>) -> A {
    ///         let h = self.1.forward_training(&self.0.forward(x), training).relu();
    ///         self.2.forward_training(&h, training)
    ///     }
    /// }
    /// let net = Net(Linear::new(3, 4, &mut generator(1)), BatchNorm::new(4), Dropout::new(0.5));
    /// let x = Tensor::<f32>::randn([5, 3], &mut generator(2));
    /// assert_eq!(net.forward(&x), net.1.forward(&net.0.forward(&x)).relu());
    /// ```
    #[track_caller]
    pub fn in_use(x: &A) -> Self {
        Self::in_use_with(x.index(Tensor::from([0, 0])))
    }

    /// [`in_use`](Self::in_use), with a key for what is drawn.
    pub(crate) fn in_use_with(key: A::Index) -> Self {
        Training { in_use: true, ..Training::new(key) }
    }

    /// Whether the model is [in use](Self::in_use): a layer with a `forward_training` of its own then does what `forward` does.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// Numbers drawn from the normal distribution with mean 0 and variance 1, which follow from the key: the noise of a
    /// variational autoencoder. On a tape they are drawn anew in a replay with another key.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let noise = |step: i64| Training::<Tensor>::new(Tensor::from([7, step])).randn([1000]);
    /// assert_eq!(noise(1), noise(1));
    /// assert_ne!(noise(1), noise(2));
    /// assert!(noise(1).mean().item().abs() < 0.1 && (noise(1).square().mean().item() - 1.0).abs() < 0.2);
    /// ```
    #[track_caller]
    pub fn randn(&mut self, shape: impl Into<Shape>) -> A {
        let key = self.draw();
        A::apply(Noise { shape: shape.into() }, &[Arg::Index(&key)]).real()
    }

    /// A key of one whole number that no other draw of this pass gets.
    #[track_caller]
    pub fn draw(&mut self) -> A::Index {
        self.drawn += 1;
        A::apply(Drawn { number: self.drawn }, &[Arg::Index(&self.key)]).index()
    }

    /// Whether anything was drawn.
    pub(crate) fn drew(&self) -> bool {
        self.drawn > 0
    }

    /// Whether a layer looked at all samples of the batch together.
    pub(crate) fn looked(&self) -> bool {
        matches!(self.together, Together::Looked | Together::Dry { looked: true, .. }) || !self.observed.is_empty()
    }

    /// The pass is of a part of a batch, and is done again with the whole if a layer looks at all samples together.
    pub(crate) fn of_part(self) -> Self {
        Training { together: Together::Dry { looked: false, refused: None }, ..self }
    }

    /// Notes that `layer` computes something of all samples together, such as a mean and a variance of `values` numbers
    /// each: a [`Trainer`](crate::Trainer) gives a model with such a layer whole batches and no shards of them.
    ///
    /// The answer is whether there are: in a dry run before a training, where fewer than two are an error of the trainer's,
    /// the layer has nothing to go on with and gives what it got.
    ///
    /// # Panics
    /// If there are fewer than two values, which have no variance.
    #[track_caller]
    #[must_use]
    pub fn look_at_all(&mut self, layer: &str, values: usize) -> bool {
        let error = || {
            let values = if values == 1 { "one number" } else { "no number" };
            let message =
                format!("training needs more than {values} in each channel: take batches of at least 2 samples");
            crate::Error::shape(layer, message)
        };
        match &mut self.together {
            Together::Dry { looked, refused } => {
                *looked = true;
                if values < 2 {
                    refused.get_or_insert_with(error);
                }
            }
            Together::Not | Together::Looked if values < 2 => error().raise(),
            together => *together = Together::Looked,
        }
        values >= 2
    }

    /// Notes numbers for a parameter that follows them: the running mean of a batch norm. A layer that is used several times
    /// in a pass notes several, and the parameter moves towards each, in order.
    #[track_caller]
    pub fn observe<F: Float>(&mut self, param: &Param<F>, share: f64, numbers: A) {
        self.observed.push(Observed { param: param.id(), share, numbers });
    }

    /// What layers saw, in order; [`apply`](Training::<wengert_tape::Var>::apply) hands it to a model.
    pub fn observed(self) -> Vec<Observed<A>> {
        self.observed
    }
}

impl Training<Shape> {
    /// Whether a model, with a batch of inputs of shape `x`, looks at all samples of a batch together.
    ///
    /// # Errors
    /// If that batch is too small for it.
    pub(crate) fn looks_at_all<F: Float>(model: &impl Module<F>, x: &Shape) -> Result<bool, crate::Error> {
        let together = Together::Dry { looked: false, refused: None };
        let key = x.index(Tensor::from([0, 0]));
        let mut pass = Training { together, ..Training::new(key) };
        model.forward_training(x, &mut pass);
        match pass.together {
            Together::Dry { refused: Some(error), .. } => Err(error),
            Together::Dry { looked: true, .. } => Ok(true),
            _ => Ok(!pass.observed.is_empty()),
        }
    }
}

impl<F: Float> Training<Tensor<F>> {
    /// Lets the parameters of a model follow what its layers saw in this pass: the running statistics of a batch norm.
    /// It is the last line of a step in a loop of one's own; a [`Trainer`](crate::Trainer) does it by itself.
    ///
    /// # Panics
    /// If a layer saw something for a parameter that `model` has not: it is another model than that of the pass.
    #[track_caller]
    pub fn apply(self, model: &mut (impl Parameters<F> + ?Sized)) {
        let mut statistics = Statistics::default();
        self.observed.into_iter().for_each(|seen| statistics.observe(seen, 1.0));
        statistics.move_all(model);
    }
}

impl<F: Float> Training<Var<F>> {
    /// Lets the parameters of a model follow what its layers saw in this pass: the running statistics of a batch norm.
    /// It is the last line of a step in a loop of one's own; a [`Trainer`](crate::Trainer) does it by itself.
    ///
    /// # Panics
    /// If a layer saw something for a parameter that `model` has not: it is another model than that of the pass.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let mut model = Sequential::<f64>::new().then(BatchNorm::new(1)).then(Linear::new(1, 1, &mut generator(1)));
    /// let (x, y) = (Tensor::from([[9.0], [11.0]]), Tensor::from([[0.0], [1.0]]));
    /// let mut optimiser = Sgd::new(0.1);
    /// for step in 0..200 {
    ///     let tape = Tape::new();
    ///     let mut training = Training::new(tape.input(Tensor::from([7, step])));
    ///     let output = model.forward_training(&tape.input(x.clone()), &mut training);
    ///     optimiser.step(&mut model, &mse(output, &y).backward());
    ///     training.apply(&mut model);
    /// }
    /// let [mean, variance] = [2, 3].map(|k| model.parameters()[k].1.value().item());
    /// assert!((mean - 10.0).abs() < 1e-6 && (variance - 2.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn apply(self, model: &mut (impl Parameters<F> + ?Sized)) {
        let mut statistics = Statistics::default();
        for Observed { param, share, numbers } in self.observed {
            statistics.observe(Observed { param, share, numbers: numbers.value() }, 1.0);
        }
        statistics.move_all(model);
    }
}

/// Key `number` of a pass, from the pass's two whole numbers.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    number: u64,
}

impl Op for Drawn {
    fn name(&self) -> String {
        "drawn".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].len_elements() {
            2 => Ok(Shape::scalar()),
            n => Err(Error::Shape {
                op: "drawn".into(),
                message: format!("a key of 2 whole numbers is needed, not {n}"),
            }),
        }
    }

    fn output(&self) -> Kind {
        Kind::Index
    }

    /// The three numbers are told apart by odd factors of 64 bits; what draws with the key mixes its bits.
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let key = a.index(0).data();
        let parts = [key[0].cast_unsigned(), key[1].cast_unsigned(), self.number];
        let factors = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9_u64];
        let mixed = parts
            .iter()
            .zip(factors)
            .fold(0, |all: u64, (part, factor)| (all.rotate_left(29) ^ part.wrapping_add(1)).wrapping_mul(factor));
        Tensor::from(mixed.cast_signed()).into()
    }

    fn active(&self, _arg: usize) -> bool {
        false
    }
}

/// Normal numbers that follow from a key of one whole number.
#[derive(Clone, Debug, PartialEq)]
struct Noise {
    shape: Shape,
}

impl Op for Noise {
    fn name(&self) -> String {
        "noise".into()
    }

    fn shape(&self, _args: &[&Shape]) -> Result<Shape, Error> {
        Ok(self.shape.clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        Tensor::<F>::randn(self.shape.clone(), &mut generator(a.index(0).data()[0].cast_unsigned())).into()
    }

    fn active(&self, _arg: usize) -> bool {
        false
    }
}

/// What layers saw in a pass, or in the passes of the parts of a batch: by parameter, and by which use of the layer in a
/// pass it was; never by place among all, since not every part need have seen the same.
#[derive(Clone, Debug)]
pub(crate) struct Statistics<F: Float> {
    by: BTreeMap<(ParamId, usize), Statistic<F>>,
}

/// A weighted mean that a parameter moves towards.
#[derive(Clone, Debug)]
struct Statistic<F: Float> {
    /// How far.
    share: f64,
    /// The sum of the numbers, each times the weight of its part, and the sum of the weights of those that saw any.
    sum: Tensor<F>,
    weight: f64,
}

impl<F: Float> Default for Statistics<F> {
    fn default() -> Self {
        Statistics { by: BTreeMap::new() }
    }
}

impl<F: Float> Statistics<F> {
    /// Takes in what a layer saw in a part of this weight.
    pub(crate) fn observe(&mut self, seen: Observed<Tensor<F>>, weight: f64) {
        let uses = self.by.range((seen.param, 0)..=(seen.param, usize::MAX)).count();
        let factor = F::from_f64(weight);
        let sum = if weight == 1.0 { seen.numbers } else { seen.numbers.map(|x| factor * x) };
        self.by.insert((seen.param, uses), Statistic { share: seen.share, sum, weight });
    }

    /// Takes in what was seen in other parts.
    pub(crate) fn add(&mut self, others: Self) {
        for (which, other) in others.by {
            match self.by.get_mut(&which) {
                Some(statistic) => {
                    statistic.sum += &other.sum;
                    statistic.weight += other.weight;
                }
                None => drop(self.by.insert(which, other)),
            }
        }
    }

    /// Whether nothing was seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// Moves the parameters of a model; those that it has not are returned.
    pub(crate) fn follow(&self, model: &mut (impl Parameters<F> + ?Sized)) -> Vec<ParamId> {
        let mut missing: BTreeSet<ParamId> = self.by.keys().map(|(param, _)| *param).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        model.visit_mut(Name::ROOT, &mut |_, param| {
            missing.remove(&param.id());
            for (_, Statistic { share, sum, weight }) in self.by.range((param.id(), 0)..=(param.id(), usize::MAX)) {
                let (share, weight) = (F::from_f64(*share), F::from_f64(*weight));
                let numbers = param.value_mut().data_mut().iter_mut().zip(sum.data());
                numbers.for_each(|(p, x)| *p += share * (*x / weight - *p));
            }
        });
        missing.into_iter().collect()
    }

    #[track_caller]
    pub(crate) fn move_all(&self, model: &mut (impl Parameters<F> + ?Sized)) {
        let missing = self.follow(model);
        if !missing.is_empty() {
            let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let message = format!("the pass was of another model: this one has no {missing}");
            crate::Error::shape("training", message).raise()
        }
    }
}
