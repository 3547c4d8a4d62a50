//! Gradients as recorded values.

use std::ops::Index;

use crate::error::{Error, OrRaise};
use crate::tape::node_map::NodeMap;
use crate::tape::{Scalar, Var};
use crate::tensor::float::Float;

/// Gradients that are themselves recorded: [`Var::backward_recorded`].
#[derive(Clone, Debug)]
pub struct RecordedGradients<F: Float = f64> {
    key: u32,
    recorded: NodeMap<(Var<F>, Option<Scalar<F>>)>,
}

impl<F: Float> RecordedGradients<F> {
    pub(crate) fn new(root: Var<F>, cotangents: NodeMap<Var<F>>) -> Result<Self, Error> {
        let mut recorded = NodeMap::default();
        for (id, var) in cotangents.iter() {
            let scalar = (var.try_value()?.rank() == 0).then(|| var.scalar());
            recorded.insert(id, (*var, scalar));
        }
        Ok(RecordedGradients { key: root.key, recorded })
    }

    /// The recorded gradient by `handle`, which may be any node that the output depends on.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if the output does not depend on it, [`Error::ForeignTape`].
    pub fn get<H: RecordedHandle<F>>(&self, handle: H) -> Result<&H::Gradient, Error> {
        handle.recorded_gradient(self)
    }

    fn find(&self, key: u32, id: u32) -> Result<&(Var<F>, Option<Scalar<F>>), Error> {
        if key == 0 {
            return Err(Error::NotConnected { reason: "it is a constant".into() });
        }
        if key != self.key {
            return Err(Error::ForeignTape);
        }
        self.recorded.get(id).ok_or_else(|| Error::NotConnected { reason: "the output does not depend on it".into() })
    }
}

/// What recorded gradients are looked up by.
pub trait RecordedHandle<F: Float> {
    /// The recorded gradient's type.
    type Gradient;
    /// [`RecordedGradients::get`]
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Self::Gradient, Error>;
}

impl<F: Float> RecordedHandle<F> for Var<F> {
    type Gradient = Var<F>;
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Var<F>, Error> {
        gradients.find(self.key, self.id).map(|(var, _)| var)
    }
}

impl<F: Float> RecordedHandle<F> for Scalar<F> {
    type Gradient = Scalar<F>;
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Scalar<F>, Error> {
        let (_, scalar) = gradients.find(self.key(), self.id())?;
        scalar.as_ref().ok_or_else(|| Error::NotConnected { reason: "the handle is of another kind".into() })
    }
}

impl<F: Float, H: RecordedHandle<F>> Index<H> for RecordedGradients<F> {
    type Output = H::Gradient;
    #[track_caller]
    fn index(&self, handle: H) -> &H::Gradient {
        self.get(handle).or_raise()
    }
}
