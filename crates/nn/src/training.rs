//! What a forward pass gets in training, beside its input.

use std::collections::BTreeMap;

use wengert_tape::{Algebra, Arg, Args, Error, Float, Kind, Op, Param, ParamId, Shape, Tensor, Value};

use crate::module::{Name, Parameters};

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
}

/// Numbers that a layer saw, for a parameter that follows them and not a gradient.
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
        Training { key, drawn: 0, observed: Vec::new() }
    }

    /// A key of one whole number that no other draw of this pass gets.
    #[track_caller]
    pub fn draw(&mut self) -> A::Index {
        self.drawn += 1;
        A::apply(Drawn { number: self.drawn }, &[Arg::Index(&self.key)]).index()
    }

    /// Notes numbers for a parameter that follows them: the running mean of a batch norm.
    #[track_caller]
    pub fn observe<F: Float>(&mut self, param: &Param<F>, share: f64, numbers: A) {
        self.observed.push(Observed { param: param.id(), share, numbers });
    }

    /// What layers saw.
    pub fn observed(self) -> Vec<Observed<A>> {
        self.observed
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

/// Lets the parameters of a model follow what its layers saw in a pass, or the mean over several passes.
pub(crate) fn follow<F: Float>(model: &mut dyn Parameters<F>, observed: &[Observed<Tensor<F>>]) {
    if observed.is_empty() {
        return;
    }
    let by: BTreeMap<ParamId, &Observed<Tensor<F>>> = observed.iter().map(|seen| (seen.param, seen)).collect();
    model.visit_mut(Name::ROOT, &mut |_, param| {
        if let Some(seen) = by.get(&param.id()) {
            let share = F::from_f64(seen.share);
            let numbers = param.value_mut().data_mut().iter_mut().zip(seen.numbers.data());
            numbers.for_each(|(p, x)| *p += share * (*x - *p));
        }
    });
}
