//! Images as rows.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// All axes after the first as one: `[batch, channels, height, width]` becomes `[batch, channels · height · width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// assert_eq!(Module::<f32>::forward(&Flatten, &Shape::from([10, 2, 3, 5])), Shape::from([10, 30]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

impl<F: Float> crate::Parameters<F> for Flatten {
    parameters! { F: }

    fn description(&self) -> Option<Description> {
        Some(Description::new("flatten"))
    }
}

impl<F: Float> Module<F> for Flatten {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        x.flatten(1)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match x.split_first() {
            Some((batch, rest)) => Ok([*batch, rest.iter().product()].into()),
            None => Err(Error::shape("flatten", format!("there is no batch in {x}"))),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(if x.rank() == 0 { [1].into() } else { x.clone() })
    }
}

impl<F: Float> Described<F> for Flatten {
    fn build(_description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        Ok(Flatten)
    }
}
