//! The coordinates of a grid.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::{BroadcastToExt, ReshapeExt};
use crate::rule::algebra::{Algebra, Args, shapes_of};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Listed;
use crate::shape::Shape;

/// The coordinates of the grid over given axes: of `n` vectors, `n` tensors of rank `n`, of which the one for vector `k`
/// varies along axis `k` alone. PyTorch's and NumPy's `indexing="ij"`; for `"xy"` exchange the first two vectors and
/// results.
///
/// # Panics
/// If there are no vectors, or one has not rank 1.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let grid = meshgrid(&[&Tensor::from([1.0, 2.0]), &Tensor::from([10.0, 20.0, 30.0])]);
/// assert_eq!(grid[0], Tensor::from([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]));
/// assert_eq!(grid[1], Tensor::from([[10.0, 20.0, 30.0], [10.0, 20.0, 30.0]]));
/// ```
#[track_caller]
pub fn meshgrid<A: Algebra>(axes: &[impl Listed<A>]) -> Vec<A> {
    let _called = called("meshgrid");
    let axes: Vec<&A> = axes.iter().map(|x| x.listed()).collect();
    let shapes = shapes_of(&axes);
    if let Some(other) = shapes.iter().find(|shape| shape.rank() != 1) {
        Error::shape("meshgrid", format!("an axis has shape {other}, not that of a vector")).raise()
    }
    if axes.is_empty() {
        Error::shape("meshgrid", "no vectors").raise()
    }
    let grid: Shape = shapes.iter().map(|shape| shape[0]).collect();
    let along = |k: usize| (0..grid.rank()).map(|j| if j == k { grid[k] } else { 1 }).collect::<Shape>();
    let mut coordinates = Vec::with_capacity(axes.len());
    for (k, x) in axes.iter().enumerate() {
        coordinates.push(ReshapeExt::reshape(*x, along(k)).broadcast_to(&grid));
    }
    coordinates
}

/// [`meshgrid`], as the tests of all functions see it: one of the coordinates.
#[derive(Clone, Debug)]
pub struct Meshgrid(usize);

impl Function for Meshgrid {
    const NAME: &'static str = "meshgrid";
    const TEXT: &'static str = "the coordinates of a grid";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        // The other vectors have a part of zeros in the sum, so that each has a gradient.
        let vectors: Vec<&A> = (0..a.len()).map(|k| &a[k]).collect();
        let mut grid = meshgrid(&vectors);
        let chosen = grid.swap_remove(self.0);
        grid.into_iter().fold(chosen, |sum, other| sum + other * 0.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |k, x: &[usize]| (Meshgrid(k), x.iter().fold(Case::function(), |case, n| case.real(*n)));
        vec![case(0, &[2, 3]), case(1, &[2, 3]), case(1, &[2, 3, 5]), case(0, &[3]), case(1, &[2, 0])]
    }
}
