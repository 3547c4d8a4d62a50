//! Models: what has parameters, and what computes an output from an input under every reader.
//!
//! One thing in two halves: a forward pass in training takes a [`Training`], which knows the parameters of a model (`training.rs`).

use std::collections::BTreeSet;
use std::fmt::{self, Debug};

use wengert_tape::{Algebra, Dual, Float, Lift, Param, Shape, Tensor, Var, through_pointer};

use crate::description::Description;
use crate::error::Error;
use crate::training::Training;

/// Where a parameter stands in a model, as PyTorch writes it: `conv1.weight`, `0.bias`.
///
/// # Examples
/// ```
/// use wengert_nn::Name;
/// let name = Name::ROOT.field("encoder");
/// assert_eq!(name.position(2).field("weight").to_string(), "encoder.2.weight");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    parent: Option<&'a Name<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'a> {
    Root,
    Field(&'a str),
    Position(usize),
}

impl<'a> Name<'a> {
    /// The name of the whole model: empty.
    pub const ROOT: Name<'static> = Name { parent: None, segment: Segment::Root };

    /// The name of a part.
    pub fn field(&'a self, field: &'a str) -> Name<'a> {
        Name { parent: Some(self), segment: Segment::Field(field) }
    }

    /// The name of one of several parts.
    pub fn position(&'a self, position: usize) -> Name<'a> {
        Name { parent: Some(self), segment: Segment::Position(position) }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|p| !matches!(p.segment, Segment::Root)) {
            write!(f, "{parent}.")?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Field(field) => f.write_str(field),
            Segment::Position(position) => write!(f, "{position}"),
        }
    }
}

/// What is called with the name and value of each parameter.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::{Name, Visit};
/// let model = Linear::<f32>::new(3, 2, &mut generator(1));
/// let mut numbers = 0;
/// let count: &mut Visit<'_, '_, f32> = &mut |_, param| numbers += param.value().len();
/// model.visit(Name::ROOT, count);
/// assert_eq!(numbers, 3 * 2 + 2);
/// ```
pub type Visit<'v, 'a, F> = dyn FnMut(Name<'_>, &'a Param<F>) + 'v;
/// What is called with the name and value of each parameter, and may change it.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::{Name, VisitMut};
/// let mut model = Linear::<f32>::new(3, 2, &mut generator(1));
/// let freeze: &mut VisitMut<'_, '_, f32> = &mut |name, param| param.set_frozen(name.to_string() == "bias");
/// model.visit_mut(Name::ROOT, freeze);
/// assert!(model.bias.unwrap().is_frozen() && !model.weight.is_frozen());
/// ```
pub type VisitMut<'v, 'a, F> = dyn FnMut(Name<'_>, &'a mut Param<F>) + 'v;

/// What has parameters: a model, a layer, or a single [`Param`].
///
/// A model of one's own derives it: every field is walked over, in order, by its name, except those that are marked
/// `#[parameters(skip)]`. The float type of the model is its type parameter that is a [`Float`], else `f64` if a field names that,
/// else `f32`, or what `#[parameters(float = ..)]` says. The macro [`parameters!`](crate::parameters) lists the fields instead.
///
/// ```
/// use wengert_nn::prelude::*;
/// #[derive(Clone, Debug, Parameters)]
/// struct Encoder {
///     hidden: Linear,
///     outputs: (Linear, Linear),
///     #[parameters(skip)]
///     width: usize,
/// }
/// let rng = &mut generator(1);
/// let outputs = (Linear::new(8, 2, rng), Linear::new(8, 2, rng));
/// let encoder = Encoder { hidden: Linear::new(4, 8, rng), outputs, width: 8 };
/// let names: Vec<String> = encoder.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names[..3], ["hidden.weight", "hidden.bias", "outputs.0.weight"]);
/// ```
///
/// # Copies and tied weights
/// A clone of a model is a copy: it begins with the same numbers and goes its own way. What is tied inside the model is tied
/// inside the copy. What is to stay one is said to be tied: [`Param::tied`], [`Parameters::tied`].
///
/// ```
/// use wengert_nn::prelude::*;
/// # let rng = &mut generator(1);
/// # let x = Tensor::<f32>::randn([4, 2], rng);
/// // A target network: the clone keeps its numbers while the model learns, on one tape too.
/// let mut model = Mlp::<f32>::new(&[2, 8, 3], Activation::Tanh, rng);
/// let target = model.clone();
/// let before = target.forward(&x);
/// let mut optimiser = Adam::new(0.1);
/// for _ in 0..3 {
///     let tape = Tape::of::<f32>();
///     let x = tape.input(x.clone());
///     let loss = mse(model.forward(&x), target.forward(&x) + 1.0);
///     optimiser.step(&mut model, &loss.backward());
/// }
/// assert_eq!(target.forward(&x), before);
/// assert_ne!(model.forward(&x), before);
///
/// // A stack of equal layers: each learns by itself.
/// let layer = Linear::<f32>::new(2, 2, rng);
/// let stack = vec![layer.clone(); 3];
/// assert_eq!(stack.parameter_count(), 3 * layer.parameter_count());
///
/// // One layer used three times: tied, it learns from all uses.
/// let unrolled: Vec<Linear<f32>> = (0..3).map(|_| layer.tied()).collect();
/// assert_eq!(unrolled.parameter_count(), layer.parameter_count());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no parameters of `{F}`",
    label = "no `Parameters<{F}>`",
    note = "a field that holds none is marked `#[parameters(skip)]`; of a model of one's own `#[derive(Parameters)]` finds the fields \
            that do, and `#[parameters(float = f64)]` says the float type where no field names it"
)]
pub trait Parameters<F: Float> {
    /// Calls `visit` with each parameter and its name, in order of definition; `at` is the name of this part.
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>);

    /// [`visit`](Self::visit), with parameters that can be changed.
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>);

    /// How a file says what this is, if it can be built again from that and its parameters.
    fn description(&self) -> Option<Description> {
        None
    }

    /// The parameters by name.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let layer = Linear::<f32>::new(3, 2, &mut generator(1));
    /// let names: Vec<String> = layer.parameters().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["weight", "bias"]);
    /// ```
    fn parameters(&self) -> Vec<(String, &Param<F>)> {
        let mut all = Vec::new();
        self.visit(Name::ROOT, &mut |name, param| all.push((name.to_string(), param)));
        all
    }

    /// The parameters by name, for changing them.
    fn parameters_mut(&mut self) -> Vec<(String, &mut Param<F>)> {
        let mut all = Vec::new();
        self.visit_mut(Name::ROOT, &mut |name, param| all.push((name.to_string(), param)));
        all
    }

    /// The number of numbers that training changes: a frozen parameter does not count, a tied one counts once.
    fn parameter_count(&self) -> usize {
        let (mut seen, mut count) = (BTreeSet::new(), 0);
        self.visit(Name::ROOT, &mut |_, param| {
            if !param.is_frozen() && seen.insert(param.id()) {
                count += param.value().len();
            }
        });
        count
    }

    /// The same model for another place: each parameter is [tied](Param::tied) to its own here. For a closure or a layer
    /// that must own the model whose parameters it uses.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let layer = Linear::<f32>::new(3, 3, &mut generator(1));
    /// let twice = Sequential::<f32>::new().then(layer.tied()).then(Activation::Tanh).then(layer.tied());
    /// assert_eq!(twice.parameter_count(), 3 * 3 + 3);
    /// let tape = Tape::of::<f32>();
    /// let gradients = twice.forward(&tape.input(Tensor::ones([1, 3]))).sum().backward();
    /// assert!(gradients.param(&layer.weight).is_ok());
    /// ```
    fn tied(&self) -> Self
    where
        Self: Clone,
    {
        let (mut copy, mut all) = (self.clone(), Vec::new());
        self.visit(Name::ROOT, &mut |_, param| all.push(param));
        let mut own = all.into_iter();
        copy.visit_mut(Name::ROOT, &mut |_, param| {
            if let Some(own) = own.next() {
                *param = own.tied();
            }
        });
        copy
    }

    /// Freezes or frees every parameter.
    fn set_frozen(&mut self, frozen: bool) {
        self.visit_mut(Name::ROOT, &mut |_, param| param.set_frozen(frozen));
    }
}

/// Writes the two methods of [`Parameters`] from the names of the fields that hold parameters or parts with parameters.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
///
/// #[derive(Clone, Debug)]
/// struct Net {
///     hidden: Linear,
///     output: Linear,
/// }
/// impl Parameters<f32> for Net {
///     parameters! { f32: hidden, output }
/// }
/// impl Module<f32> for Net {
///     fn forward<A: Reader<f32>>(&self, x: &A) -> A {
///         self.output.forward(&self.hidden.forward(x).tanh())
///     }
/// }
///
/// let mut rng = generator(1);
/// let net = Net { hidden: Linear::new(2, 3, &mut rng), output: Linear::new(3, 1, &mut rng) };
/// assert_eq!(net.parameter_count(), 2 * 3 + 3 + 3 + 1);
/// assert_eq!(net.parameters()[2].0, "output.weight");
/// ```
#[macro_export]
macro_rules! parameters {
    ($float:ty: $($field:ident),* $(,)?) => {
        fn visit<'a>(&'a self, at: $crate::Name<'_>, visit: &mut $crate::Visit<'_, 'a, $float>) {
            $($crate::Parameters::<$float>::visit(&self.$field, at.field(stringify!($field)), visit);)*
            let _ = (at, visit);
        }
        fn visit_mut<'a>(&'a mut self, at: $crate::Name<'_>, visit: &mut $crate::VisitMut<'_, 'a, $float>) {
            $($crate::Parameters::<$float>::visit_mut(&mut self.$field, at.field(stringify!($field)), visit);)*
            let _ = (at, visit);
        }
    };
}

impl<F: Float> Parameters<F> for Param<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        visit(at, self);
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        visit(at, self);
    }
}

impl<F: Float, P: Parameters<F>> Parameters<F> for Option<P> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.iter().for_each(|part| part.visit(at, visit));
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.iter_mut().for_each(|part| part.visit_mut(at, visit));
    }
}

impl<F: Float, P: Parameters<F>> Parameters<F> for Vec<P> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.iter().enumerate().for_each(|(k, part)| part.visit(at.position(k), visit));
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.iter_mut().enumerate().for_each(|(k, part)| part.visit_mut(at.position(k), visit));
    }
}

impl<F: Float, P: Parameters<F>, const N: usize> Parameters<F> for [P; N] {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.iter().enumerate().for_each(|(k, part)| part.visit(at.position(k), visit));
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.iter_mut().enumerate().for_each(|(k, part)| part.visit_mut(at.position(k), visit));
    }
}

macro_rules! tuples {
    ($($part:ident $k:tt),*) => {
        impl<F: Float, $($part: Parameters<F>),*> Parameters<F> for ($($part,)*) {
            fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
                $(self.$k.visit(at.position($k), visit);)*
            }
            fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
                $(self.$k.visit_mut(at.position($k), visit);)*
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);

impl<F: Float, P: Parameters<F> + ?Sized> Parameters<F> for Box<P> {
    fn description(&self) -> Option<Description> {
        (**self).description()
    }
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        (**self).visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        (**self).visit_mut(at, visit);
    }
}

/// A model or a layer: an output computed from an input, in the user's own functions.
///
/// `forward` is written once and read in many ways: on a [`Tensor`] it computes and records nothing, on a [`Var`] it is
/// recorded, on a [`Shape`] it is a dry run, on a [`Dual`] it carries a tangent.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Mlp::<f32>::new(&[3, 4, 2], Activation::Tanh, &mut generator(1));
/// let x = Tensor::from([[0.5, -1.0, 2.0]]);
/// let tape = Tape::of::<f32>();
/// assert_eq!(model.forward(&x), model.forward(&tape.input(x)).value());
/// assert_eq!(model.forward(&Shape::from([7, 3])), Shape::from([7, 2]));
/// ```
pub trait Module<F: Float>: Parameters<F> {
    /// The output.
    ///
    /// # Panics
    /// If the input's shape does not fit; [`output_shape`](Self::output_shape) says so beforehand.
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A;

    /// The output in training, where some layers do other than in use: dropout drops, batch norm looks at the batch.
    ///
    /// A model of one's own with such layers inside writes this beside [`forward`](Self::forward); any other need not.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, _training: &mut Training<A>) -> A {
        self.forward(x)
    }

    /// The shape of the output for an input of shape `x`: a dry run.
    ///
    /// A model of one's own that does not write this gets [`forward`](Self::forward) on shapes, which panics where this
    /// would return an error.
    ///
    /// # Errors
    /// If an input of this shape does not fit.
    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        Ok(self.forward(x))
    }

    /// The layers inside, by name, if each is fed with the result of the one before: what [`summary`](crate::summary) opens.
    fn parts(&self) -> Vec<(String, &dyn Layer<F>)> {
        Vec::new()
    }

    /// The multiplications with a weight, each with an addition, for an input of a shape that fits. A model of one's own that
    /// has weights and does not write this has an unknown number, and a [`summary`](crate::summary) says so.
    fn multiply_adds(&self, _x: &Shape) -> u64 {
        0
    }

    /// The shape nearest to `x` that fits, for a [`summary`](crate::summary) to go on with.
    fn nearest_input(&self, _x: &Shape) -> Option<Shape> {
        None
    }
}

/// A reader of modules: numbers, recorded, with tangents, or shapes, all of the float type of the model.
///
/// # Examples
/// A model of `f32` is run on a tape of `f32`, which is made by `Tape::of::<f32>()`:
/// ```compile_fail,E0277
/// use wengert_nn::prelude::*;
/// let model = Linear::<f32>::new(2, 1, &mut generator(1));
/// let tape = Tape::new(); // of f64
/// let _ = model.forward(&tape.var(Tensor::ones([1, 2])));
/// ```
#[diagnostic::on_unimplemented(
    message = "a model of `{F}` does not read `{Self}`",
    label = "this is not of `{F}`",
    note = "a model of `f32` (as `Linear`, `Mlp` and `Sequential` are if nothing else is said) is run on tensors of `f32` and on a \
            tape of `f32`, which is made by `Tape::of::<f32>()`; `Tape::new()` is of `f64`, as a `Linear::<f64>` is"
)]
pub trait Reader<F: Float>: Lift<F> {
    /// How this reader reads a layer whose type is not known.
    #[doc(hidden)]
    fn read_layer(layer: &dyn Layer<F>) -> &dyn ForwardOn<F, Self>;
}

/// [`Module::forward`] on one reader, which can stand behind a pointer.
#[doc(hidden)]
pub trait ForwardOn<F: Float, A: Algebra> {
    #[track_caller]
    fn forward_on(&self, x: &A) -> A;
    #[track_caller]
    fn forward_training_on(&self, x: &A, training: &mut Training<A>) -> A;
}

impl<F: Float, A: Reader<F>, M: Module<F>> ForwardOn<F, A> for M {
    #[track_caller]
    fn forward_on(&self, x: &A) -> A {
        self.forward(x)
    }
    #[track_caller]
    fn forward_training_on(&self, x: &A, training: &mut Training<A>) -> A {
        self.forward_training(x, training)
    }
}

/// A module behind a pointer: every [`Module`] that can be cloned and sent is one, and nothing needs to be written for
/// it. `Box<dyn Layer<F>>` is itself a module.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layers: Vec<Box<dyn Layer<f32>>> = vec![Box::new(Linear::new(3, 2, &mut generator(1))), Box::new(Activation::Relu)];
/// let y = layers.iter().fold(Shape::from([5, 3]), |x, layer| layer.forward(&x));
/// assert_eq!(y, [5, 2]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer of `{F}`",
    label = "not a layer of `{F}`",
    note = "a layer is a `Module<{F}>` that is `Clone + Debug + Send + Sync + 'static`; the float type of a model is said where it \
            begins: `Sequential::<f64>::new()`"
)]
pub trait Layer<F: Float>:
    Parameters<F>
    + ForwardOn<F, Tensor<F>>
    + ForwardOn<F, Var<F>>
    + ForwardOn<F, Dual<Tensor<F>>>
    + ForwardOn<F, Shape>
    + Debug
    + Send
    + Sync
{
    /// [`Module::output_shape`]
    fn layer_output_shape(&self, x: &Shape) -> Result<Shape, Error>;
    /// [`Parameters::description`]
    fn layer_description(&self) -> Option<Description>;
    /// [`Module::parts`]
    fn layer_parts(&self) -> Vec<(String, &dyn Layer<F>)>;
    /// [`Module::multiply_adds`]
    fn layer_multiply_adds(&self, x: &Shape) -> u64;
    /// [`Module::nearest_input`]
    fn layer_nearest_input(&self, x: &Shape) -> Option<Shape>;
    /// A copy, as `clone`.
    fn boxed(&self) -> Box<dyn Layer<F>>;
}

impl<F: Float, M: Module<F> + Clone + Debug + Send + Sync + 'static> Layer<F> for M {
    fn layer_output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        self.output_shape(x)
    }
    fn layer_description(&self) -> Option<Description> {
        self.description()
    }
    fn layer_parts(&self) -> Vec<(String, &dyn Layer<F>)> {
        self.parts()
    }
    fn layer_multiply_adds(&self, x: &Shape) -> u64 {
        self.multiply_adds(x)
    }
    fn layer_nearest_input(&self, x: &Shape) -> Option<Shape> {
        self.nearest_input(x)
    }
    fn boxed(&self) -> Box<dyn Layer<F>> {
        Box::new(self.clone())
    }
}

impl<F: Float> Clone for Box<dyn Layer<F>> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl<F: Float> Module<F> for Box<dyn Layer<F>> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        through_pointer(file!(), || A::read_layer(&**self).forward_on(x))
    }
    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        through_pointer(file!(), || A::read_layer(&**self).forward_training_on(x, training))
    }
    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        (**self).layer_output_shape(x)
    }
    fn parts(&self) -> Vec<(String, &dyn Layer<F>)> {
        (**self).layer_parts()
    }
    fn multiply_adds(&self, x: &Shape) -> u64 {
        (**self).layer_multiply_adds(x)
    }
    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        (**self).layer_nearest_input(x)
    }
}

/// A pointer to a layer turns into one to how a reader reads it.
macro_rules! readers {
    ($($reader:ty)*) => { $(
        impl<F: Float> Reader<F> for $reader {
            fn read_layer(layer: &dyn Layer<F>) -> &dyn ForwardOn<F, Self> {
                layer
            }
        }
    )* };
}
readers! { Tensor<F> Var<F> Dual<Tensor<F>> Shape }
