//! A layer around which the input goes as well.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Layer, Module, Name, Parameters, Reader, Visit, VisitMut};
use crate::saved::weights::Weights;
use crate::training::Training;

/// `y = x + inner(x)` (He et al. 2016): however deep a network of these is, the gradient finds a way around each.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let doubled = Residual::<f64>::new(Activation::Identity);
/// assert_eq!(doubled.forward(&Tensor::from([1.0, -2.0])).data(), [2.0, -4.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Residual<F: Float = f32> {
    inner: Box<dyn Layer<F>>,
}

impl<F: Float> Residual<F> {
    /// A way around this layer, whose output must have the shape of its input.
    pub fn new(inner: impl Layer<F> + 'static) -> Self {
        Residual { inner: Box::new(inner) }
    }

    /// The layer.
    pub fn inner(&self) -> &dyn Layer<F> {
        &*self.inner
    }
}

/// Parameters have the names that they have in the layer: the way around has none.
impl<F: Float> Parameters<F> for Residual<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.inner.visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.inner.visit_mut(at, visit);
    }

    fn description(&self) -> Option<Description> {
        Some(Description::new("residual").parts(vec![self.inner.description()?]))
    }
}

impl<F: Float> Module<F> for Residual<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.inner.forward(x) + x
    }

    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        self.inner.forward_training(x, training) + x
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let y = self.inner.output_shape(x)?;
        match y == *x {
            true => Ok(y),
            false => Err(Error::shape("residual", format!("the layer makes {y} of {x}: they cannot be added"))),
        }
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        self.inner.multiply_adds(x)
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        self.inner.nearest_input(x)
    }
}

impl<F: Float> Described<F> for Residual<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        match description.inside() {
            [inner] => Ok(Residual { inner: super::build(inner, weights)? }),
            other => Err(Error::shape("residual", format!("one layer is needed, not {}", other.len()))),
        }
    }
}
