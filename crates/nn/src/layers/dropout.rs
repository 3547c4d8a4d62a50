//! Dropout.

use rand::RngExt;
use wengert_tape::prelude::*;
use wengert_tape::{Arg, Args, Kind, Op, Value};

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::random::stream;
use crate::saved::Weights;
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
}

impl<F: Float> Module<F> for Dropout {
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        x.clone()
    }

    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        let (key, number) = training.draw();
        let kept = Kept { shape: x.shape(), share: self.share, number };
        x.clone() * A::apply(kept, &[Arg::Index(&key)]).real()
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        Ok(x.clone())
    }

    fn description(&self) -> Option<Description> {
        Some(Description::new("dropout").number("share", self.share))
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

/// What each number is multiplied with: 0 or `1 / (1 − share)`, drawn from stream `number` of a key `[2]`.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    shape: Shape,
    share: f64,
    number: u64,
}

impl Op for Kept {
    fn name(&self) -> String {
        "kept".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, wengert_tape::Error> {
        match args[0].len_elements() {
            2 => Ok(self.shape.clone()),
            n => Err(wengert_tape::Error::Shape {
                op: "kept".into(),
                message: format!("a key of 2 whole numbers is needed, not {n}"),
            }),
        }
    }

    fn output(&self) -> Kind {
        Kind::Real
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let key = a.index(0).data();
        // The two halves of the key and the number are told apart by odd factors of 64 bits.
        let seed =
            (key[0] as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (key[1] as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let rng = &mut stream(seed, self.number);
        let kept = F::from_f64(1.0 / (1.0 - self.share));
        let numbers = (0..self.shape.len_elements()).map(|_| match rng.random::<f64>() < self.share {
            true => F::zero(),
            false => kept,
        });
        Tensor::new(&self.shape, numbers.collect()).into()
    }

    fn active(&self, _arg: usize) -> bool {
        false
    }

    fn flops(&self, _args: &[&Shape], y: &Shape) -> u64 {
        y.len_elements() as u64
    }
}
