//! Pointwise formulas over whole tensors, tile by tile, with broadcasting. Compiled once for each float type, and not for each
//! formula.

use smallvec::SmallVec;

use super::threads;
use super::tile::{Desk, Room, STEPS, Tile};
use super::under::{Numbers, Under};
use super::update::{self, Together};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// A formula of up to three operands.
pub(crate) type OfOperands<'f, F> = dyn for<'a> Fn([Tile<'a, F>; 3]) -> Tile<'a, F> + Sync + 'f;

/// A formula that changes numbers: it sees the number, the result of an operation, and the operands of that.
pub(crate) type Change<'f, F> = dyn for<'a> Fn(Tile<'a, F>, Tile<'a, F>, [Tile<'a, F>; 3]) -> Tile<'a, F> + Sync + 'f;

/// Operands under a result.
struct Walk<'x, F> {
    operands: SmallVec<[&'x [F]; 5]>,
    under: Under,
}

impl<'x, F: Float> Walk<'x, F> {
    fn new(shape: &Shape, operands: &[&'x Tensor<F>]) -> Self {
        let mut under = Under::new();
        operands.iter().for_each(|x| under.push(shape, x.shape()));
        Walk { operands: operands.iter().map(|x| x.data()).collect(), under }
    }

    /// The numbers of an operand that lie under a tile of the result.
    fn under<'a>(&'a self, operand: usize, at: usize, len: usize, desk: &'a Desk<'a, F>) -> Tile<'a, F> {
        // room is taken only for what has to be laid there
        let numbers = Numbers::Real(self.operands[operand]);
        if let Some(x) = self.under.there(operand, numbers, (at, len)) {
            return Tile::new(x, desk);
        }
        let slot = desk.slot(len);
        self.under.lay(operand, numbers, at, slot);
        Tile::new(slot, desk)
    }

    /// [`under`](Self::under) of the first so many operands; what is missing of three is the first.
    fn first<'a>(&'a self, count: usize, at: usize, len: usize, desk: &'a Desk<'a, F>) -> [Tile<'a, F>; 3] {
        let first = self.under(0, at, len, desk);
        [0, 1, 2].map(|k| if (1..count).contains(&k) { self.under(k, at, len, desk) } else { first })
    }
}

/// A formula of operands under a tile: from a place on, so many numbers, and what these are before.
type OfTile<'f, 'x, F> = dyn for<'a> Fn(&'a Walk<'x, F>, usize, usize, &[F], &'a Desk<'a, F>) -> Tile<'a, F> + 'f;

/// Writes what a formula gives for each tile of `out`, which is the part of the result from `first` on. It is asked for the numbers
/// from a place on, so many, as long as the desk is too small for its steps.
fn fill<'x, F: Float>(walk: &Walk<'x, F>, first: usize, out: &mut [F], formula: &OfTile<'_, 'x, F>) {
    let mut room = Room::new();
    let mut done = 0;
    while done < out.len() {
        let len = walk.under.tile(first + done, out.len() - done);
        let out = &mut out[done..done + len];
        let mut steps = STEPS;
        loop {
            let desk = room.desk(steps, len);
            let y = formula(walk, first + done, len, out, &desk);
            if !desk.is_short() {
                y.write(out);
                break;
            }
            steps *= 2;
        }
        done += len;
    }
}

/// Formulas over whole tensors, compiled for each float type with this crate.
#[doc(hidden)]
pub trait OnTiles: Sized {
    /// The result of a formula of the elements of `x`, broadcast against each other to `shape`; `flops` are those of an element.
    fn formula_value(x: &[&Tensor<Self>], shape: Shape, flops: u64, formula: &OfOperands<'_, Self>) -> Tensor<Self>
    where
        Self: Float;
    /// Changes each of the numbers `g`, which has the shape of `y`, a result of `x`.
    fn change_by_formula(
        g: &mut Tensor<Self>,
        y: &Tensor<Self>,
        x: &[&Tensor<Self>],
        flops: u64,
        formula: &Change<'_, Self>,
    ) where
        Self: Float;
    /// Changes a tensor and up to three slices as long together, by another that is read; what there is less than four of is the first.
    fn change_together(
        first: &mut Tensor<Self>,
        others: &mut [&mut [Self]],
        read: &[Self],
        flops: u64,
        formula: &Together<'_, Self>,
    ) where
        Self: Float;
}

macro_rules! formulas {
    ($($float:ident)*) => { $(
        impl OnTiles for $float {
            fn formula_value(x: &[&Tensor<$float>], shape: Shape, flops: u64, formula: &OfOperands<'_, $float>) -> Tensor<$float> {
                value(x, shape, flops, formula)
            }
            fn change_by_formula(
                g: &mut Tensor<$float>,
                y: &Tensor<$float>,
                x: &[&Tensor<$float>],
                flops: u64,
                formula: &Change<'_, $float>,
            ) {
                change(g, y, x, flops, formula);
            }
            fn change_together(
                first: &mut Tensor<$float>,
                others: &mut [&mut [$float]],
                read: &[$float],
                flops: u64,
                formula: &Together<'_, $float>,
            ) {
                update::change(first, others, read, flops, formula);
            }
        }
    )* };
}
formulas! { f32 f64 }

/// The result of a formula of the elements of `x`, broadcast against each other to `shape`; `flops` are those of an element.
fn value<F: Float>(x: &[&Tensor<F>], shape: Shape, flops: u64, formula: &OfOperands<'_, F>) -> Tensor<F> {
    let n = shape.len_elements();
    let walk = Walk::new(&shape, x);
    let mut out = Buffer::<F>::any(n);
    let of = |first: usize, out: &mut [F]| {
        fill(&walk, first, out, &|walk, at, len, _, desk| formula(walk.first(x.len(), at, len, desk)));
    };
    over_parts(&walk, &mut out, flops, &of);
    Tensor::from_parts(shape, out)
}

/// Changes each of the numbers `g`, which has the shape of `y`, a result of `x`: where they lie, if nothing else uses them.
fn change<F: Float>(g: &mut Tensor<F>, y: &Tensor<F>, x: &[&Tensor<F>], flops: u64, formula: &Change<'_, F>) {
    let used = (!g.is_alone()).then(|| g.clone());
    let mut operands: SmallVec<[&Tensor<F>; 5]> = SmallVec::from_slice(x);
    operands.push(y);
    operands.extend(&used);
    let walk = Walk::new(y.shape(), &operands);
    let of = |first: usize, out: &mut [F]| {
        fill(&walk, first, out, &|walk, at, len, out, desk| {
            let under = |k: usize| walk.under(k, at, len, desk);
            let g = if operands.len() > x.len() + 1 { under(x.len() + 1) } else { Tile::copied(out, desk) };
            formula(g, under(x.len()), walk.first(x.len(), at, len, desk))
        });
    };
    if used.is_none() {
        return over_parts(&walk, g.data_mut(), flops, &of);
    }
    let mut out = Buffer::<F>::any(y.len());
    over_parts(&walk, &mut out, flops, &of);
    *g = Tensor::from_parts(y.shape().clone(), out);
}

/// Calls `of` for parts of a result, over threads if that pays.
fn over_parts<F: Float>(walk: &Walk<'_, F>, out: &mut [F], flops: u64, of: &(dyn Fn(usize, &mut [F]) + Sync)) {
    let part = walk.under.part();
    if out.len() <= part.max(1) {
        return of(0, out);
    }
    let work = threads::work_of(out.len(), flops);
    threads::each(out.chunks_mut(part).enumerate(), work, |(k, out)| of(k * part, out));
}
