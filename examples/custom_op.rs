//! An operation of one's own: the same file that the library's operations are.
//!
//! It is recorded, differentiated twice, differentiated forwards, and checked. `docs/add-an-op.md` explains each line.

use wengert::prelude::*;
use wengert::{Case, Elementwise, Number, One, Pointwise, Real};

/// `y = x / √(1 + x²)`, a squashing function; `y′ = (1 − y²)^{3/2}`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Isru;

impl Pointwise for Isru {
    type Arity = One;
    const NAME: &'static str = "isru";

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x / (x * x + 1.0).sqrt()
    }

    fn partial<R: Real>(&self, _arg: usize, [_x]: [R; 1], y: R) -> R {
        (-(y * y) + 1.0).powf(1.5)
    }
}

trait IsruExt: Elementwise {
    /// `x / √(1 + x²)`
    fn isru(&self) -> Self {
        Self::pointwise(Isru, [self])
    }
}
impl<A: Elementwise> IsruExt for A {}

fn main() -> Result<(), Error> {
    // on plain numbers, on a scalar tape, on tensors
    println!("isru(2) = {}", Tensor::from([2.0]).isru().item());
    let tape = Tape::new();
    let x = tape.scalar(2.0);
    let y = x.isru();
    println!("isru′(2) = {}, by hand {}", y.backward()[x], 5f64.powf(-1.5));

    // second derivatives by forward over reverse: isru″(x) = −3 x (1 + x²)^{−5/2}
    let at = Tensor::from([2.0, -0.5]);
    let second = hvp(|x| x.isru().sum(), &at, &Tensor::ones([2]))?;
    let by_hand = at.map(|x: f64| -3.0 * x * (1.0 + x * x).powf(-2.5));
    println!("isru″ = {second}, by hand {by_hand}");
    assert!((second - by_hand).abs().max().item() < 1e-12);

    // and it is checked like any other
    check_gradients(|x: Var| x.isru().sum(), &at)?;
    println!("checked: {} sample inputs come with it", <Isru as wengert::Op>::cases().iter().map(Case::label).count());
    Ok(())
}
