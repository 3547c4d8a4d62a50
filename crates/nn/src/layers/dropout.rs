//! Dropout.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::saved::weights::Weights;
use crate::training::Training;

/// In training each number is 0 with probability `share` and else divided by `1 − share`; in use nothing changes
/// (Srivastava et al. 2014).
///
/// Which numbers are dropped follows from the key of the pass ([`Training`]) and the layer's place among those that draw
/// in it.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::<f64>::ones([10, 100]);
/// let y = Dropout::new(0.2).forward_training(&x, &mut Training::new(Tensor::from([1, 0])));
/// let dropped = y.data().iter().filter(|y| **y == 0.0).count();
/// assert!((150..250).contains(&dropped) && y.data().iter().all(|y| [0.0, 1.25].contains(y)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability with which a number is dropped.
    pub share: f64,
}

impl Dropout {
    /// A layer that drops this share of the numbers.
    ///
    /// # Panics
    /// If the share is not from 0 to below 1.
    #[track_caller]
    pub fn new(share: f64) -> Self {
        assert!((0.0..1.0).contains(&share), "dropout: a share of {share} is not from 0 to below 1");
        Dropout { share }
    }
}

impl<F: Float> crate::Parameters<F> for Dropout {
    parameters! { F: }

    fn description(&self) -> Option<Description> {
        Some(Description::new("dropout").number("share", self.share))
    }
}

impl<F: Float> Module<F> for Dropout {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        x.clone()
    }

    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        match training.is_in_use() {
            true => x.clone(),
            false => x.dropout(self.share, training.draw()),
        }
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        Ok(x.clone())
    }
}

impl<F: Float> Described<F> for Dropout {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        match description.get_number("share")? {
            share if (0.0..1.0).contains(&share) => Ok(Dropout { share }),
            share => Err(Error::shape("dropout", format!("a share of {share} is not from 0 to below 1"))),
        }
    }
}
