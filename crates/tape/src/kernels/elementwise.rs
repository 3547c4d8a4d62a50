//! Pointwise formulas over whole tensors, in one pass, with broadcasting.

use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::float::{Element, Float};
use crate::number::{DualNumber, Num};
use crate::pointwise::{Arity, Of, Pointwise, Two};
use crate::readers::Dual;
use crate::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Calls `row` for each run along the last axis of `shape`, with the offset at which the run begins in each operand.
/// The runs are in row-major order; `steps[k]` are operand `k`'s steps along the axes.
pub(crate) fn for_each_row<const N: usize>(shape: &[usize], steps: [&[usize]; N], mut row: impl FnMut([usize; N])) {
    let outer = &shape[..shape.len().saturating_sub(1)];
    if shape.contains(&0) {
        return;
    }
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
    let mut at = [0; N];
    loop {
        row(at);
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            for k in 0..N {
                at[k] += steps[k][axis];
            }
            if index[axis] < outer[axis] {
                break;
            }
            for k in 0..N {
                at[k] -= steps[k][axis] * outer[axis];
            }
            index[axis] = 0;
        }
    }
}

/// Applies `f` to the elements of `x`, broadcast against each other to `shape`.
///
/// The loop over equal shapes is a plain loop over slices, which the compiler vectorises.
#[inline(always)]
fn broadcast<A: Arity, E: Element, T: Element>(
    shape: Shape,
    x: A::Of<&Tensor<E>>,
    f: impl Fn(A::Of<E>) -> T,
) -> Tensor<T> {
    let x = x.as_ref();
    let n = shape.len_elements();
    let mut out = Buffer::room(n);
    let whole = |k: usize| x[k].shape() == &shape;
    if A::N == 1 {
        out.extend(x[0].data().iter().map(|a| f(A::from_fn(|_| *a))));
    } else if A::N == 2 && whole(0) && whole(1) {
        let both = x[0].data().iter().zip(x[1].data());
        out.extend(both.map(|(a, b)| f(A::from_fn(|k| if k == 0 { *a } else { *b }))));
    } else if A::N == 2 && whole(0) && x[1].len() == 1 {
        let b = x[1].data()[0];
        out.extend(x[0].data().iter().map(|a| f(A::from_fn(|k| if k == 0 { *a } else { b }))));
    } else if A::N == 2 && whole(1) && x[0].len() == 1 {
        let a = x[0].data()[0];
        out.extend(x[1].data().iter().map(|b| f(A::from_fn(|k| if k == 0 { a } else { *b }))));
    } else {
        let data = A::from_fn(|k| x[k].data());
        let steps: SmallVec<[_; 3]> = x.iter().map(|t| t.shape().steps_in(&shape)).collect();
        let none: &[usize] = &[];
        let steps: [&[usize]; 3] = std::array::from_fn(|k| steps.get(k).map_or(none, |s| &s[..]));
        let last = |k: usize| steps[k].last().copied().unwrap_or(0);
        let inner = A::from_fn(last);
        let width = shape.last().copied().unwrap_or(1);
        // The operands that there are not stay at offset 0.
        let zeros: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.rank());
        let outer: [&[usize]; 3] = std::array::from_fn(|k| if k < A::N { steps[k] } else { &zeros[..] });
        for_each_row(&shape, outer, |at| {
            for j in 0..width {
                out.push(f(A::from_fn(|k| data.as_ref()[k][at[k] + j * inner.as_ref()[k]])));
            }
        });
    }
    Tensor::from_parts(shape, out)
}

/// The common shape of operands that were checked to have one.
fn common<E: Element>(x: &[&Tensor<E>]) -> Shape {
    x.iter().skip(1).fold(x[0].shape().clone(), |all, t| {
        if *t.shape() == all { all } else { all.broadcast(t.shape()).unwrap_or(all) }
    })
}

/// The value of a pointwise operation.
pub(crate) fn eval<F: Float, P: Pointwise>(op: &P, x: Of<P, &Tensor<F>>) -> Tensor<F> {
    broadcast::<P::Arity, F, F>(common(x.as_ref()), x, |x| op.eval(P::Arity::from_fn(|k| Num(x.as_ref()[k]))).0)
}

/// A function of two tensors, element by element.
pub(crate) fn zip<E: Element, T: Element>(a: &Tensor<E>, b: &Tensor<E>, f: impl Fn(&E, &E) -> T) -> Tensor<T> {
    broadcast::<Two, E, T>(common(&[a, b]), [a, b], |[a, b]| f(&a, &b))
}

/// `a` where the mask holds, else `b`.
pub(crate) fn choose<F: Float>(mask: &Tensor<bool>, a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    let shape = common(&[a, b]);
    let shape = shape.broadcast(mask.shape()).unwrap_or(shape);
    let steps = [mask.shape().steps_in(&shape), a.shape().steps_in(&shape), b.shape().steps_in(&shape)];
    let inner: [usize; 3] = std::array::from_fn(|k| steps[k].last().copied().unwrap_or(0));
    let width = shape.last().copied().unwrap_or(1);
    let (mask, a, b) = (mask.data(), a.data(), b.data());
    let mut out = Buffer::room(shape.len_elements());
    for_each_row(&shape, [&steps[0], &steps[1], &steps[2]], |at| {
        let at = |k: usize, j: usize| at[k] + j * inner[k];
        out.extend((0..width).map(|j| if mask[at(0, j)] { a[at(1, j)] } else { b[at(2, j)] }));
    });
    Tensor::from_parts(shape, out)
}

/// `g` times the derivative of `op` by argument `arg`, in the shape of `y`, which `g` has too. The buffer of `g` is used
/// if nothing else does.
pub(crate) fn times_partial<F: Float, P: Pointwise>(
    op: &P,
    arg: usize,
    mut g: Tensor<F>,
    x: Of<P, &Tensor<F>>,
    y: &Tensor<F>,
) -> Tensor<F> {
    if let Some(c) = op.slope(arg) {
        if c != 1.0 {
            let c = F::from_f64(c);
            in_place(&mut g, |g| g.iter_mut().for_each(|g| *g *= c));
        }
        return g;
    }
    let tensors = x.as_ref();
    if tensors.iter().all(|t| t.shape() == y.shape()) {
        in_place(&mut g, |g| match P::Arity::N {
            1 => {
                for ((g, y), a) in g.iter_mut().zip(y.data()).zip(tensors[0].data()) {
                    *g = Num(*g).chain(op.partial(arg, P::Arity::from_fn(|_| Num(*a)), Num(*y))).0;
                }
            }
            2 => {
                let both = tensors[0].data().iter().zip(tensors[1].data());
                for ((g, y), (a, b)) in g.iter_mut().zip(y.data()).zip(both) {
                    let x = P::Arity::from_fn(|k| Num(if k == 0 { *a } else { *b }));
                    *g = Num(*g).chain(op.partial(arg, x, Num(*y))).0;
                }
            }
            _ => {
                let data = P::Arity::from_fn(|k| tensors[k].data());
                for (j, (g, y)) in g.iter_mut().zip(y.data()).enumerate() {
                    let x = P::Arity::from_fn(|k| Num(data.as_ref()[k][j]));
                    *g = Num(*g).chain(op.partial(arg, x, Num(*y))).0;
                }
            }
        });
        return g;
    }
    let data = P::Arity::from_fn(|k| tensors[k].data());
    let steps: SmallVec<[_; 3]> = tensors.iter().map(|t| t.shape().steps_in(y.shape())).collect();
    let zeros: SmallVec<[usize; 4]> = SmallVec::from_elem(0, y.rank());
    let outer: [&[usize]; 3] = std::array::from_fn(|k| if k < P::Arity::N { &steps[k][..] } else { &zeros[..] });
    let inner = P::Arity::from_fn(|k| steps[k].last().copied().unwrap_or(0));
    let width = y.shape().last().copied().unwrap_or(1);
    let shape = y.shape().clone();
    let y = y.data();
    in_place(&mut g, |g| {
        let mut flat = 0;
        for_each_row(&shape, outer, |at| {
            for j in 0..width {
                let x = P::Arity::from_fn(|k| Num(data.as_ref()[k][at[k] + j * inner.as_ref()[k]]));
                g[flat] = Num(g[flat]).chain(op.partial(arg, x, Num(y[flat]))).0;
                flat += 1;
            }
        });
    });
    g
}

/// Changes the elements of `g`; the work is done in its own buffer, or in a copy if that is shared.
fn in_place<F: Float>(g: &mut Tensor<F>, f: impl FnOnce(&mut [F])) {
    f(g.data_mut());
}

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
    let shape = y.value.shape().clone();
    let width = shape.last().copied().unwrap_or(1);
    let steps: SmallVec<[_; 3]> = x.iter().map(|t| t.value.shape().steps_in(&shape)).collect();
    let zeros: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.rank());
    let outer: [&[usize]; 3] = std::array::from_fn(|k| if k < P::Arity::N { &steps[k][..] } else { &zeros[..] });
    let inner = P::Arity::from_fn(|k| steps[k].last().copied().unwrap_or(0));
    let dual = |t: &Dual<Tensor<F>>, at: usize| DualNumber {
        value: Num(t.value.data()[at]),
        tangent: Num(t.tangent.as_ref().map_or(F::zero(), |d| d.data()[at])),
    };
    let mut value = Buffer::room(shape.len_elements());
    let mut tangent = Buffer::room(shape.len_elements());
    for_each_row(&shape, outer, |at| {
        for j in 0..width {
            let flat = value.len();
            let args = P::Arity::from_fn(|k| dual(x[k], at[k] + j * inner.as_ref()[k]));
            let product = dual(&g, flat).chain(op.partial(arg, args, dual(y, flat)));
            value.push(product.value.0);
            tangent.push(product.tangent.0);
        }
    });
    Dual { value: Tensor::from_parts(shape.clone(), value), tangent: Some(Tensor::from_parts(shape, tangent)) }
}

/// `a ← a + b` for equal shapes.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub(crate) fn add_to<F: Float>(a: &mut Tensor<F>, b: &Tensor<F>) {
    assert_eq!(a.shape(), b.shape(), "add_assign: shapes differ");
    for (a, b) in a.data_mut().iter_mut().zip(b.data()) {
        *a += *b;
    }
}
