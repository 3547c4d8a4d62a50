//! The formula of a pointwise operation on whole tensors with tangents, in one pass.

use crate::kernels::elementwise::{for_each_run, times_partial};
use crate::reader::Dual;
use crate::rule::number::{DualNumber, Num};
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::rule::real::Real;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// [`times_partial`] on values with tangents.
pub(crate) fn dual_times_partial<F: Float, P: Pointwise>(
    op: &P,
    arg: usize,
    g: Dual<Tensor<F>>,
    x: Of<P, &Dual<Tensor<F>>>,
    y: &Dual<Tensor<F>>,
) -> Dual<Tensor<F>> {
    let x = x.as_ref();
    let values = P::Arity::from_fn(|k| &x[k].value);
    if op.slope(arg).is_some() || x.iter().all(|x| x.tangent.is_none()) && y.tangent.is_none() {
        return Dual {
            value: times_partial(op, arg, g.value, values, &y.value),
            tangent: g.tangent.map(|d| times_partial(op, arg, d, values, &y.value)),
        };
    }
    let operand = |k: usize| x[if k < x.len() { k } else { 0 }];
    let operands = [operand(0), operand(1), operand(2)];
    products(&g, operands, P::Arity::N, y, &|x, y| op.partial(arg, P::Arity::from_fn(|k| x[k]), y))
}

/// `g` times a derivative of the elements of the first `count` operands and of `y`, element by element.
fn products<F: Float>(
    g: &Dual<Tensor<F>>,
    x: [&Dual<Tensor<F>>; 3],
    count: usize,
    y: &Dual<Tensor<F>>,
    partial: &dyn Fn([DualNumber<F>; 3], DualNumber<F>) -> DualNumber<F>,
) -> Dual<Tensor<F>> {
    let shape = y.value.shape();
    let dual = |t: &Dual<Tensor<F>>, at: usize| DualNumber {
        value: Num(t.value.data()[at]),
        tangent: Num(t.tangent.as_ref().map_or(F::zero(), |d| d.data()[at])),
    };
    let mut value = Buffer::<F>::any(shape.len_elements());
    let mut tangent = Buffer::<F>::any(shape.len_elements());
    let shapes = x.map(|x| x.value.shape());
    for_each_run(shape, &shapes[..count], &mut |range, at, inner| {
        for (i, flat) in range.enumerate() {
            let arg = |k: usize| {
                let k = if k < count { k } else { 0 };
                dual(x[k], at[k] + i * inner[k])
            };
            let args = [arg(0), arg(1), arg(2)];
            let product = dual(g, flat).chain(partial(args, dual(y, flat)));
            value[flat] = product.value.0;
            tangent[flat] = product.tangent.0;
        }
    });
    Dual { value: Tensor::from_parts(shape.clone(), value), tangent: Some(Tensor::from_parts(shape.clone(), tangent)) }
}
