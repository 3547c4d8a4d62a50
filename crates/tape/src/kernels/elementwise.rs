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

/// How up to three operands lie under the elements of a result: runs along which each goes on or stands still.
///
/// One type for every operation, so that the walk is compiled once.
struct Runs {
    /// Elements in a run.
    width: usize,
    /// The step of each operand from one element of a run to the next.
    inner: [usize; 3],
    /// Where the next run begins in each operand.
    at: [usize; 3],
    /// The axes outside of a run, last first: length, position, and the step of each operand.
    outer: SmallVec<[(usize, usize, [usize; 3]); 4]>,
    /// Runs that are left.
    left: usize,
}

impl Runs {
    fn new(shape: &Shape, operands: &[&Shape]) -> Self {
        let n = shape.len_elements();
        let mut runs = Runs { width: n, inner: [0; 3], at: [0; 3], outer: SmallVec::new(), left: usize::from(n > 0) };
        // Operands of the result's shape, and single numbers: one run.
        if operands.iter().all(|o| *o == shape || o.len_elements() == 1) {
            for (inner, operand) in runs.inner.iter_mut().zip(operands) {
                *inner = usize::from(*operand == shape && n > 1);
            }
            return runs;
        }
        let steps: SmallVec<[SmallVec<[usize; 4]>; 3]> = operands.iter().map(|o| o.steps_in(shape)).collect();
        let along = |axis: usize| {
            let mut all = [0; 3];
            all.iter_mut().zip(&steps).for_each(|(all, steps)| *all = steps[axis]);
            all
        };
        let Some(last) = shape.rank().checked_sub(1) else { return runs };
        runs.width = shape[last];
        runs.inner = along(last);
        runs.outer = (0..last).rev().map(|axis| (shape[axis], 0, along(axis))).collect();
        runs.left = n.checked_div(runs.width).unwrap_or(0);
        runs
    }

    /// Whether the first `count` operands go on in every run.
    fn contiguous(&self, count: usize) -> bool {
        self.width == 1 || self.inner[..count].iter().all(|step| *step == 1)
    }
}

impl Iterator for Runs {
    type Item = [usize; 3];

    fn next(&mut self) -> Option<[usize; 3]> {
        self.left = self.left.checked_sub(1)?;
        let begin = self.at;
        for (len, position, steps) in &mut self.outer {
            *position += 1;
            for (at, step) in self.at.iter_mut().zip(&*steps) {
                *at += step;
            }
            if position < len {
                break;
            }
            for (at, step) in self.at.iter_mut().zip(&*steps) {
                *at -= step * *len;
            }
            *position = 0;
        }
        Some(begin)
    }
}

/// The common shape of operands that were checked to have one.
fn common(shapes: &[&Shape]) -> Shape {
    shapes
        .iter()
        .skip(1)
        .fold(shapes[0].clone(), |all, s| if **s == all { all } else { all.broadcast(s).unwrap_or(all) })
}

fn shapes_of<'a, E: Element>(x: &[&'a Tensor<E>]) -> SmallVec<[&'a Shape; 3]> {
    let mut shapes = SmallVec::new();
    x.iter().for_each(|t| shapes.push(t.shape()));
    shapes
}

/// Applies `f` to the elements of `x`, broadcast against each other.
///
/// The loops over whole runs are plain loops over slices, which the compiler vectorises.
#[inline(always)]
fn broadcast<A: Arity, E: Element, T: Element>(x: A::Of<&Tensor<E>>, f: impl Fn(A::Of<E>) -> T) -> Tensor<T> {
    let x = x.as_ref();
    if A::N == 1 {
        let mut out = Buffer::<T>::any(x[0].len());
        for (y, a) in out.iter_mut().zip(x[0].data()) {
            *y = f(A::from_fn(|_| *a));
        }
        return Tensor::from_parts(x[0].shape().clone(), out);
    }
    let shapes = shapes_of(x);
    let shape = common(&shapes);
    let runs = Runs::new(&shape, &shapes);
    let (width, inner) = (runs.width, runs.inner);
    let mut out = Buffer::<T>::any(shape.len_elements());
    let data = A::from_fn(|k| x[k].data());
    let data = data.as_ref();
    for (y, at) in out.chunks_exact_mut(width.max(1)).zip(runs) {
        match (A::N, inner) {
            (2, [1, 1, _]) => {
                let (a, b) = (&data[0][at[0]..][..width], &data[1][at[1]..][..width]);
                for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                    *y = f(A::from_fn(|k| if k == 0 { *a } else { *b }));
                }
            }
            (2, [1, 0, _]) => {
                let b = data[1][at[1]];
                for (y, a) in y.iter_mut().zip(&data[0][at[0]..][..width]) {
                    *y = f(A::from_fn(|k| if k == 0 { *a } else { b }));
                }
            }
            (2, [0, 1, _]) => {
                let a = data[0][at[0]];
                for (y, b) in y.iter_mut().zip(&data[1][at[1]..][..width]) {
                    *y = f(A::from_fn(|k| if k == 0 { a } else { *b }));
                }
            }
            _ => {
                for (j, y) in y.iter_mut().enumerate() {
                    *y = f(A::from_fn(|k| data[k][at[k] + j * inner[k]]));
                }
            }
        }
    }
    Tensor::from_parts(shape, out)
}

/// The value of a pointwise operation.
pub(crate) fn eval<F: Float, P: Pointwise>(op: &P, x: Of<P, &Tensor<F>>) -> Tensor<F> {
    broadcast::<P::Arity, F, F>(x, |x| op.eval(P::Arity::from_fn(|k| Num(x.as_ref()[k]))).0)
}

/// A function of two tensors, element by element.
pub(crate) fn zip<E: Element, T: Element>(a: &Tensor<E>, b: &Tensor<E>, f: impl Fn(&E, &E) -> T) -> Tensor<T> {
    broadcast::<Two, E, T>([a, b], |[a, b]| f(&a, &b))
}

/// `a` where the mask holds, else `b`.
pub(crate) fn choose<F: Float>(mask: &Tensor<bool>, a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    let shape = common(&[a.shape(), b.shape()]);
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
            g.data_mut().iter_mut().for_each(|g| *g *= c);
        }
        return g;
    }
    let tensors = x.as_ref();
    if P::Arity::N == 1 {
        for ((g, y), a) in g.data_mut().iter_mut().zip(y.data()).zip(tensors[0].data()) {
            *g = Num(*g).chain(op.partial(arg, P::Arity::from_fn(|_| Num(*a)), Num(*y))).0;
        }
        return g;
    }
    let runs = Runs::new(y.shape(), &shapes_of(tensors));
    let (width, inner, contiguous) = (runs.width, runs.inner, runs.contiguous(P::Arity::N));
    let data = P::Arity::from_fn(|k| tensors[k].data());
    let data = data.as_ref();
    let rows = g.data_mut().chunks_exact_mut(width.max(1)).zip(y.data().chunks_exact(width.max(1)));
    for ((g, y), at) in rows.zip(runs) {
        if contiguous {
            let x = P::Arity::from_fn(|k| &data[k][at[k]..][..width]);
            let x = x.as_ref();
            for (j, (g, y)) in g.iter_mut().zip(y).enumerate() {
                *g = Num(*g).chain(op.partial(arg, P::Arity::from_fn(|k| Num(x[k][j])), Num(*y))).0;
            }
        } else {
            for (j, (g, y)) in g.iter_mut().zip(y).enumerate() {
                let x = P::Arity::from_fn(|k| Num(data[k][at[k] + j * inner[k]]));
                *g = Num(*g).chain(op.partial(arg, x, Num(*y))).0;
            }
        }
    }
    g
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
    let shape = y.value.shape();
    let mut operands: SmallVec<[&Shape; 3]> = SmallVec::new();
    x.iter().for_each(|t| operands.push(t.value.shape()));
    let runs = Runs::new(shape, &operands);
    let (width, inner) = (runs.width, runs.inner);
    let dual = |t: &Dual<Tensor<F>>, at: usize| DualNumber {
        value: Num(t.value.data()[at]),
        tangent: Num(t.tangent.as_ref().map_or(F::zero(), |d| d.data()[at])),
    };
    let mut value = Buffer::<F>::any(shape.len_elements());
    let mut tangent = Buffer::<F>::any(shape.len_elements());
    for (run, at) in runs.enumerate() {
        for j in 0..width {
            let flat = run * width + j;
            let args = P::Arity::from_fn(|k| dual(x[k], at[k] + j * inner[k]));
            let product = dual(&g, flat).chain(op.partial(arg, args, dual(y, flat)));
            value[flat] = product.value.0;
            tangent[flat] = product.tangent.0;
        }
    }
    Dual { value: Tensor::from_parts(shape.clone(), value), tangent: Some(Tensor::from_parts(shape.clone(), tangent)) }
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
