//! Where a function is differentiated: numbers, tensors, and tuples, arrays and slices of them.

use std::panic::Location;

use smallvec::SmallVec;

use crate::error::{Error, OrRaise};
use crate::ops::{BroadcastToExt, SumToExt};
use crate::rule::algebra::Algebra;
use crate::shape::Shape;
use crate::sweep::gradients::{Gradients, RecordedGradients};
use crate::tape::store::{self, CONSTANT, Origin};
use crate::tape::{Scalar, Tape, Var};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// How the gradients at a point are found: [`Numbers`] or [`Recorded`].
pub trait Sweep<F: Float> {
    /// What the function's value is returned as.
    type Value;
    /// What a sweep returns.
    type Gradients;
    /// The gradient by one leaf.
    type Leaf;
    /// The value of an output.
    fn value(y: Var<F>) -> Result<Self::Value, Error>;
    /// The gradients of an output.
    fn gradients(y: Var<F>) -> Result<Self::Gradients, Error>;
}

/// At plain numbers and tensors the gradient is numbers.
#[derive(Clone, Copy, Debug)]
pub enum Numbers {}
/// At recorded tensors the gradient is recorded too.
#[derive(Clone, Copy, Debug)]
pub enum Recorded {}

impl<F: Float> Sweep<F> for Numbers {
    type Value = F;
    type Gradients = Gradients<F>;
    type Leaf = Tensor<F>;
    fn value(y: Var<F>) -> Result<F, Error> {
        y.try_value().map(|t| t.data().first().copied().unwrap_or_else(F::nan))
    }
    fn gradients(y: Var<F>) -> Result<Gradients<F>, Error> {
        y.try_backward()
    }
}

impl<F: Float> Sweep<F> for Recorded {
    type Value = Var<F>;
    type Gradients = RecordedGradients<F>;
    type Leaf = Var<F>;
    fn value(y: Var<F>) -> Result<Var<F>, Error> {
        Ok(y)
    }
    fn gradients(y: Var<F>) -> Result<RecordedGradients<F>, Error> {
        y.try_backward_recorded()
    }
}

/// Puts the leaves of a point on a tape and remembers them, in order.
#[derive(Debug)]
pub struct Recorder<'a, F: Float> {
    tape: &'a Tape<F>,
    /// Other values for the leaves, instead of the point's own.
    values: Option<&'a [Tensor<F>]>,
    leaves: Vec<Var<F>>,
}

impl<'a, F: Float> Recorder<'a, F> {
    /// A recorder of the point's own values.
    pub(crate) fn new(tape: &'a Tape<F>) -> Self {
        Recorder { tape, values: None, leaves: Vec::new() }
    }

    /// A recorder of other values, one for each leaf.
    #[cfg(feature = "check")]
    pub(crate) fn with_values(tape: &'a Tape<F>, values: &'a [Tensor<F>]) -> Self {
        Recorder { tape, values: Some(values), leaves: Vec::new() }
    }

    /// The leaves, in order.
    pub(crate) fn into_leaves(self) -> Vec<Var<F>> {
        self.leaves
    }

    #[track_caller]
    fn tensor(&mut self, own: &Tensor<F>) -> Var<F> {
        let value = self.values.map_or(own, |v| &v[self.leaves.len()]);
        let var = self.tape.var(value.clone());
        self.leaves.push(var);
        var
    }

    #[track_caller]
    fn number(&mut self, own: F) -> Scalar<F> {
        let value = self.values.map_or(own, |v| v[self.leaves.len()].item());
        let scalar = self.tape.scalar(value);
        self.leaves.push(Var::from(scalar));
        scalar
    }
}

/// Where a function can be differentiated. The gradient has the form of the point.
pub trait Point {
    /// The float type.
    type F: Float;
    /// Numbers, or recorded.
    type Sweep: Sweep<Self::F>;
    /// What the function is called with.
    type Recorded: Clone;
    /// What the gradient is returned as.
    type Gradient;
    /// The form of the point with a `T` in the place of each number and tensor.
    type Form<T>;
    /// Puts the point on a tape.
    #[track_caller]
    fn record(&self, recorder: &mut Recorder<'_, Self::F>) -> Self::Recorded;
    /// The gradient by what was put there.
    fn collect(
        recorded: &Self::Recorded,
        gradients: &<Self::Sweep as Sweep<Self::F>>::Gradients,
    ) -> Result<Self::Gradient, Error>;
    /// A gradient made of one for each leaf, in order.
    fn assemble(
        recorded: &Self::Recorded,
        next: &mut dyn FnMut() -> <Self::Sweep as Sweep<Self::F>>::Leaf,
    ) -> Self::Gradient;
    /// The form of the point, filled with one `T` for each leaf, in order.
    fn fill<T>(recorded: &Self::Recorded, next: &mut dyn FnMut() -> T) -> Self::Form<T>;
}

impl<F: Float> Point for Tensor<F> {
    type F = F;
    type Sweep = Numbers;
    type Recorded = Var<F>;
    type Gradient = Tensor<F>;
    type Form<T> = T;
    fn record(&self, recorder: &mut Recorder<'_, F>) -> Var<F> {
        recorder.tensor(self)
    }
    fn collect(recorded: &Var<F>, gradients: &Gradients<F>) -> Result<Tensor<F>, Error> {
        gradients.get(*recorded).cloned()
    }
    fn assemble(_recorded: &Var<F>, next: &mut dyn FnMut() -> Tensor<F>) -> Tensor<F> {
        next()
    }
    fn fill<T>(_recorded: &Var<F>, next: &mut dyn FnMut() -> T) -> T {
        next()
    }
}

impl<F: Float> Point for Var<F> {
    type F = F;
    type Sweep = Recorded;
    type Recorded = Var<F>;
    type Gradient = Var<F>;
    type Form<T> = T;
    /// The point is a node of its own, so that the gradient is by the function's argument, and not by what else the function
    /// uses of the outer program.
    fn record(&self, _recorder: &mut Recorder<'_, F>) -> Var<F> {
        match self.id & CONSTANT {
            0 => {
                let shape = Var::shape(self);
                let longer: Shape = [1].into_iter().chain(shape.iter().copied()).collect();
                self.broadcast_to(longer).sum_to(&shape)
            }
            _ => {
                store::push_wide(self.key, Origin::Var, SmallVec::new(), self.value().into(), Location::caller(), true)
                    .map(|id| Var::new(self.key, id))
                    .or_raise()
            }
        }
    }
    fn collect(recorded: &Var<F>, gradients: &RecordedGradients<F>) -> Result<Var<F>, Error> {
        gradients.get(*recorded).copied()
    }
    fn assemble(_recorded: &Var<F>, next: &mut dyn FnMut() -> Var<F>) -> Var<F> {
        next()
    }
    fn fill<T>(_recorded: &Var<F>, next: &mut dyn FnMut() -> T) -> T {
        next()
    }
}

impl<F: Float> Point for Scalar<F> {
    type F = F;
    type Sweep = Recorded;
    type Recorded = Scalar<F>;
    type Gradient = Scalar<F>;
    type Form<T> = T;
    /// As a recorded tensor.
    fn record(&self, recorder: &mut Recorder<'_, F>) -> Scalar<F> {
        match self.key() {
            // A number of no tape: there is nothing to differentiate by, as the gradient will say.
            0 => *self,
            _ => Var::from(*self).record(recorder).scalar(),
        }
    }
    fn collect(recorded: &Scalar<F>, gradients: &RecordedGradients<F>) -> Result<Scalar<F>, Error> {
        gradients.get(*recorded).copied()
    }
    fn assemble(_recorded: &Scalar<F>, next: &mut dyn FnMut() -> Var<F>) -> Scalar<F> {
        next().scalar()
    }
    fn fill<T>(_recorded: &Scalar<F>, next: &mut dyn FnMut() -> T) -> T {
        next()
    }
}

macro_rules! numbers {
    ($($f:ident)*) => { $(
        impl Point for $f {
            type F = $f;
            type Sweep = Numbers;
            type Recorded = Scalar<$f>;
            type Gradient = $f;
            type Form<T> = T;
            #[inline]
            fn record(&self, recorder: &mut Recorder<'_, $f>) -> Scalar<$f> {
                recorder.number(*self)
            }
            #[inline]
            fn collect(recorded: &Scalar<$f>, gradients: &Gradients<$f>) -> Result<$f, Error> {
                gradients.get(*recorded).copied()
            }
            #[inline]
            fn assemble(_recorded: &Scalar<$f>, next: &mut dyn FnMut() -> Tensor<$f>) -> $f {
                next().item()
            }
            #[inline]
            fn fill<T>(_recorded: &Scalar<$f>, next: &mut dyn FnMut() -> T) -> T {
                next()
            }
        }
    )* };
}
numbers! { f32 f64 }

impl<P: Point + ?Sized> Point for &P {
    type F = P::F;
    type Sweep = P::Sweep;
    type Recorded = P::Recorded;
    type Gradient = P::Gradient;
    type Form<T> = P::Form<T>;
    fn record(&self, recorder: &mut Recorder<'_, P::F>) -> P::Recorded {
        (**self).record(recorder)
    }
    fn collect(r: &P::Recorded, g: &<P::Sweep as Sweep<P::F>>::Gradients) -> Result<P::Gradient, Error> {
        P::collect(r, g)
    }
    fn assemble(r: &P::Recorded, next: &mut dyn FnMut() -> <P::Sweep as Sweep<P::F>>::Leaf) -> P::Gradient {
        P::assemble(r, next)
    }
    fn fill<T>(r: &P::Recorded, next: &mut dyn FnMut() -> T) -> P::Form<T> {
        P::fill(r, next)
    }
}

impl<P: Point, const N: usize> Point for [P; N] {
    type F = P::F;
    type Sweep = P::Sweep;
    type Recorded = [P::Recorded; N];
    type Gradient = [P::Gradient; N];
    type Form<T> = [P::Form<T>; N];
    fn record(&self, recorder: &mut Recorder<'_, P::F>) -> Self::Recorded {
        self.each_ref().map(|p| p.record(recorder))
    }
    fn collect(r: &Self::Recorded, g: &<P::Sweep as Sweep<P::F>>::Gradients) -> Result<Self::Gradient, Error> {
        let all: Vec<P::Gradient> = r.iter().map(|r| P::collect(r, g)).collect::<Result<_, _>>()?;
        Ok(all.try_into().unwrap_or_else(|_| unreachable!("one gradient for each entry")))
    }
    fn assemble(r: &Self::Recorded, next: &mut dyn FnMut() -> <P::Sweep as Sweep<P::F>>::Leaf) -> Self::Gradient {
        r.each_ref().map(|r| P::assemble(r, next))
    }
    fn fill<T>(r: &Self::Recorded, next: &mut dyn FnMut() -> T) -> Self::Form<T> {
        r.each_ref().map(|r| P::fill(r, next))
    }
}

impl<P: Point> Point for [P] {
    type F = P::F;
    type Sweep = P::Sweep;
    type Recorded = Vec<P::Recorded>;
    type Gradient = Vec<P::Gradient>;
    type Form<T> = Vec<P::Form<T>>;
    fn record(&self, recorder: &mut Recorder<'_, P::F>) -> Self::Recorded {
        self.iter().map(|p| p.record(recorder)).collect()
    }
    fn collect(r: &Self::Recorded, g: &<P::Sweep as Sweep<P::F>>::Gradients) -> Result<Self::Gradient, Error> {
        r.iter().map(|r| P::collect(r, g)).collect()
    }
    fn assemble(r: &Self::Recorded, next: &mut dyn FnMut() -> <P::Sweep as Sweep<P::F>>::Leaf) -> Self::Gradient {
        r.iter().map(|r| P::assemble(r, next)).collect()
    }
    fn fill<T>(r: &Self::Recorded, next: &mut dyn FnMut() -> T) -> Self::Form<T> {
        r.iter().map(|r| P::fill(r, next)).collect()
    }
}

impl<P: Point> Point for Vec<P> {
    type F = P::F;
    type Sweep = P::Sweep;
    type Recorded = Vec<P::Recorded>;
    type Gradient = Vec<P::Gradient>;
    type Form<T> = Vec<P::Form<T>>;
    fn record(&self, recorder: &mut Recorder<'_, P::F>) -> Self::Recorded {
        self.as_slice().record(recorder)
    }
    fn collect(r: &Self::Recorded, g: &<P::Sweep as Sweep<P::F>>::Gradients) -> Result<Self::Gradient, Error> {
        <[P]>::collect(r, g)
    }
    fn assemble(r: &Self::Recorded, next: &mut dyn FnMut() -> <P::Sweep as Sweep<P::F>>::Leaf) -> Self::Gradient {
        r.iter().map(|r| P::assemble(r, next)).collect()
    }
    fn fill<T>(r: &Self::Recorded, next: &mut dyn FnMut() -> T) -> Self::Form<T> {
        r.iter().map(|r| P::fill(r, next)).collect()
    }
}

macro_rules! tuples {
    ($(($first:ident $($p:ident $i:tt)*))*) => { $(
        impl<$first: Point, $($p: Point<F = $first::F, Sweep = $first::Sweep>),*> Point for ($first, $($p,)*) {
            type F = $first::F;
            type Sweep = $first::Sweep;
            type Recorded = ($first::Recorded, $($p::Recorded,)*);
            type Gradient = ($first::Gradient, $($p::Gradient,)*);
            type Form<T> = ($first::Form<T>, $($p::Form<T>,)*);
            fn record(&self, recorder: &mut Recorder<'_, Self::F>) -> Self::Recorded {
                (self.0.record(recorder), $(self.$i.record(recorder),)*)
            }
            fn collect(
                r: &Self::Recorded,
                g: &<Self::Sweep as Sweep<Self::F>>::Gradients,
            ) -> Result<Self::Gradient, Error> {
                Ok(($first::collect(&r.0, g)?, $($p::collect(&r.$i, g)?,)*))
            }
            fn assemble(
                r: &Self::Recorded,
                next: &mut dyn FnMut() -> <Self::Sweep as Sweep<Self::F>>::Leaf,
            ) -> Self::Gradient {
                ($first::assemble(&r.0, next), $($p::assemble(&r.$i, next),)*)
            }
            fn fill<T>(r: &Self::Recorded, next: &mut dyn FnMut() -> T) -> Self::Form<T> {
                ($first::fill(&r.0, next), $($p::fill(&r.$i, next),)*)
            }
        }
    )* };
}
tuples! { (A) (A B 1) (A B 1 C 2) (A B 1 C 2 D 3) (A B 1 C 2 D 3 E 4) (A B 1 C 2 D 3 E 4 G 5) }

/// What a differentiated function may return: a recorded number or tensor.
pub trait Output<F: Float> {
    /// The output as a recorded tensor.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a number that belongs to no tape.
    fn output(&self) -> Result<Var<F>, Error>;
}

impl<F: Float> Output<F> for Var<F> {
    fn output(&self) -> Result<Var<F>, Error> {
        Ok(*self)
    }
}

impl<F: Float> Output<F> for Scalar<F> {
    fn output(&self) -> Result<Var<F>, Error> {
        match self.key() {
            0 => Err(Error::NotConnected { reason: "the output is a constant and depends on no leaf".into() }),
            _ => Ok(Var::from(*self)),
        }
    }
}
