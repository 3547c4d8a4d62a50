//! What is asked of recorded values and leads to a sweep: their gradients.

use std::panic::Location;

use super::gradients::{Gradients, RecordedGradients};
use super::non_finite::{self, NonFinite};
use crate::error::{Error, OrRaise};
use crate::sweep;
use crate::tape::graph::{GraphNode, GraphView};
use crate::tape::store::{CONSTANT, GRADIENT_ONLY};
use crate::tape::{Scalar, Tape, Var, is_active, line_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

impl<F: Float> Scalar<F> {
    /// The derivatives of this number by the leaves of its tape: one sweep backwards over the tape.
    ///
    /// The gradients are a value: the sweep records nothing and may be repeated.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped; [`try_backward`](Self::try_backward) returns it.
    #[track_caller]
    pub fn backward(&self) -> Gradients<F> {
        self.try_backward().or_raise()
    }

    /// [`backward`](Self::backward), with errors returned.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a constant, [`Error::StaleHandle`], [`Error::ForeignThread`].
    pub fn try_backward(&self) -> Result<Gradients<F>, Error> {
        non_finite::backward(self.connected()?, self.id(), self.slope().into(), false)
    }

    /// [`backward`](Self::backward), keeping the derivative by every node and not by leaves alone.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_all(&self) -> Gradients<F> {
        self.graph("keep every gradient")
            .and_then(|key| non_finite::backward(key, self.id(), F::one().into(), true))
            .or_raise()
    }

    /// The derivatives of this number as recorded values, which can be differentiated again.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_recorded(&self) -> RecordedGradients<F> {
        self.graph("record gradients")
            .and_then(|key| non_finite::backward_recorded(Var::new(key, self.id())))
            .or_raise()
    }

    fn graph(&self, wanted: &'static str) -> Result<u32, Error> {
        if self.is_folding() {
            return Err(Error::NoGraph { wanted });
        }
        self.connected()
    }
}

impl<F: Float> Var<F> {
    /// The derivatives of this number by the leaves of its tape: one sweep backwards over the tape.
    ///
    /// The gradients are a value: the sweep records nothing and may be repeated.
    ///
    /// # Panics
    /// If the output is not a single number, or its tape is gone; [`try_backward`](Self::try_backward) returns it.
    #[track_caller]
    pub fn backward(&self) -> Gradients<F> {
        self.try_backward().or_raise()
    }

    /// [`backward`](Self::backward), with errors returned.
    ///
    /// # Errors
    /// [`Error::NotScalar`], [`Error::NotConnected`] for a constant, [`Error::StaleHandle`], [`Error::ForeignThread`].
    pub fn try_backward(&self) -> Result<Gradients<F>, Error> {
        let seed = self.seed()?;
        non_finite::backward(self.key, self.id, seed, false)
    }

    /// The product of `cotangent` with the derivatives of this tensor by the leaves of its tape.
    ///
    /// # Errors
    /// [`Error::Shape`] if the cotangent has another shape; then as [`try_backward`](Self::try_backward).
    pub fn backward_from(&self, cotangent: Tensor<F>) -> Result<Gradients<F>, Error> {
        let shape = self.try_value()?.shape().clone();
        if *cotangent.shape() != shape {
            return Err(Error::shape(
                "vjp",
                format!("the cotangent has shape {}, the output {shape}", cotangent.shape()),
            ));
        }
        self.connected()?;
        non_finite::backward(self.key, self.id, cotangent, false)
    }

    /// [`backward`](Self::backward), keeping the derivative by every node and not by leaves alone.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_all(&self) -> Gradients<F> {
        self.graph("keep every gradient")
            .and_then(|()| self.seed())
            .and_then(|seed| non_finite::backward(self.key, self.id, seed, true))
            .or_raise()
    }

    /// The derivatives of this number as recorded values, which can be differentiated again.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_recorded(&self) -> RecordedGradients<F> {
        self.try_backward_recorded().or_raise()
    }

    /// [`backward_recorded`](Self::backward_recorded), with errors returned.
    ///
    /// # Errors
    /// As [`try_backward`](Self::try_backward), and [`Error::NoGraph`].
    pub fn try_backward_recorded(&self) -> Result<RecordedGradients<F>, Error> {
        self.graph("record gradients")?;
        self.seed()?;
        non_finite::backward_recorded(*self)
    }

    fn seed(&self) -> Result<Tensor<F>, Error> {
        let value = self.try_value()?;
        if value.len() != 1 {
            return Err(Error::NotScalar {
                shape: value.shape().clone(),
                at: line_of::<F>(self.key, self.id)?.unwrap_or(Location::caller()),
            });
        }
        self.connected()?;
        Ok(Tensor::full(value.shape().clone(), F::one()))
    }

    fn connected(&self) -> Result<(), Error> {
        F::connected(*self)
    }

    pub(crate) fn connected_in(self) -> Result<(), Error> {
        let reason = match self.id & CONSTANT {
            0 if is_active::<F>(self.key, self.id) => return Ok(()),
            0 => sweep::why_inactive::<F>(self.key, self.id)?,
            _ => "the output is a constant and depends on no leaf".into(),
        };
        Err(Error::NotConnected { reason })
    }

    fn graph(&self, wanted: &'static str) -> Result<(), Error> {
        match self.key & GRADIENT_ONLY {
            0 => Ok(()),
            _ => Err(Error::NoGraph { wanted }),
        }
    }
}

impl<F: Float> Tape<F> {
    /// The first recorded node that made a NaN or an infinity of finite numbers; `None` if all values are finite.
    ///
    /// # Errors
    /// [`Error::NoGraph`](crate::Error::NoGraph) on a gradient-only tape, which keeps no values.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([[1.0, 2.0], [3.0, 0.0]]));
    /// let y = select(x.greater(0.5), &x.ln(), 0.0);
    /// let found = tape.first_non_finite()?.unwrap();
    /// assert_eq!((found.op.as_str(), &found.index[..], found.cause.as_str()), ("ln", &[1, 1][..], "ln of 0"));
    /// assert!(found.to_string().contains("; the branch not taken of `select` at "));
    /// // and what was not taken has no part in the gradient
    /// assert_eq!(y.sum().backward()[x].data(), [1.0, 0.5, 1.0 / 3.0, 0.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn first_non_finite(&self) -> Result<Option<NonFinite>, Error> {
        Ok(non_finite::first_value(&GraphView::of_tape(self)?))
    }
}

impl<F: Float> GraphView<F> {
    /// The gradient of a node, if the sweep kept it; [`Var::backward_all`] keeps all. Gradients of another tape have
    /// none.
    pub fn gradient(&self, node: &GraphNode<F>, gradients: &Gradients<F>) -> Option<Tensor<F>> {
        gradients.of_node(self.key(), node.id?)
    }
}
