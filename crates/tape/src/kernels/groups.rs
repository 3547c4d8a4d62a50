//! Loops over the groups of elements that share an entry of a smaller tensor.

use crate::buffer::Buffer;
use crate::float::Float;
use crate::kernels::elementwise::for_each_row;
use crate::shape::Shape;

/// The elements of tensors of shape `shape`, in groups: those that meet the same entry of a tensor of shape `to`, which
/// broadcasts to it.
pub(crate) struct Groups<'a> {
    shape: &'a Shape,
    to: &'a Shape,
}

impl<'a> Groups<'a> {
    pub(crate) fn new(shape: &'a Shape, to: &'a Shape) -> Self {
        Groups { shape, to }
    }

    /// The number of elements in a group.
    pub(crate) fn size(&self) -> f64 {
        self.shape.len_elements() as f64 / self.to.len_elements() as f64
    }

    /// The sums over each group of `f(elements of each of x, numbers of the group in each of p)`.
    pub(crate) fn sums<F: Float, const M: usize, const P: usize, const N: usize>(
        &self,
        x: [&[F]; M],
        p: [&[F]; P],
        f: impl Fn([F; M], [F; P]) -> [F; N],
    ) -> [Vec<F>; N] {
        let mut sums: [Vec<F>; N] = std::array::from_fn(|_| Buffer::filled(self.to.len_elements(), F::zero()));
        self.rows(|flat, at, width, inner| {
            let x: [&[F]; M] = std::array::from_fn(|m| &x[m][flat..flat + width]);
            if inner == 0 {
                let p = std::array::from_fn(|k| p[k][at]);
                let parts = row_sums(x, |x| f(x, p));
                (0..N).for_each(|n| sums[n][at] += parts[n]);
                return;
            }
            let p: [&[F]; P] = std::array::from_fn(|k| &p[k][at..at + width]);
            for j in 0..width {
                let parts = f(std::array::from_fn(|m| x[m][j]), std::array::from_fn(|k| p[k][j]));
                (0..N).for_each(|n| sums[n][at + j] += parts[n]);
            }
        });
        sums
    }

    /// `f(elements of each of x, numbers of the group in each of p)` for every element.
    pub(crate) fn map<F: Float, const M: usize, const P: usize>(
        &self,
        x: [&[F]; M],
        p: [&[F]; P],
        f: impl Fn([F; M], [F; P]) -> F,
    ) -> Vec<F> {
        let mut out = Buffer::room(self.shape.len_elements());
        self.rows(|flat, at, width, inner| {
            let x: [&[F]; M] = std::array::from_fn(|m| &x[m][flat..flat + width]);
            if inner == 0 {
                let p = std::array::from_fn(|k| p[k][at]);
                out.extend((0..width).map(|j| f(std::array::from_fn(|m| x[m][j]), p)));
                return;
            }
            let p: [&[F]; P] = std::array::from_fn(|k| &p[k][at..at + width]);
            let at = |j: usize| f(std::array::from_fn(|m| x[m][j]), std::array::from_fn(|k| p[k][j]));
            out.extend((0..width).map(at));
        });
        out
    }

    /// Calls `row(first element, its group, length, step of the group)` for each run along the last axis.
    #[inline(always)]
    fn rows(&self, mut row: impl FnMut(usize, usize, usize, usize)) {
        let steps = self.to.steps_in(self.shape);
        let (width, inner) = (self.shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(0));
        let mut flat = 0;
        for_each_row(self.shape, [&steps[..]], |[at]| {
            row(flat, at, width, inner);
            flat += width;
        });
    }
}

/// The sums of `f` over rows of equal length, in eight running sums: faster than one, and closer to the exact sum.
#[inline(always)]
fn row_sums<F: Float, const M: usize, const N: usize>(x: [&[F]; M], f: impl Fn([F; M]) -> [F; N]) -> [F; N] {
    let mut lanes = [[F::zero(); 8]; N];
    let chunks: [(&[[F; 8]], &[F]); M] = std::array::from_fn(|m| x[m].as_chunks::<8>());
    let (whole, rest) = chunks.first().map_or((0, 0), |(chunks, rest)| (chunks.len(), rest.len()));
    let mut add = |lane: usize, x: [F; M]| {
        let parts = f(x);
        (0..N).for_each(|n| lanes[n][lane] += parts[n]);
    };
    (0..whole).for_each(|c| {
        let chunk: [&[F; 8]; M] = std::array::from_fn(|m| &chunks[m].0[c]);
        (0..8).for_each(|j| add(j, std::array::from_fn(|m| chunk[m][j])));
    });
    (0..rest).for_each(|i| add(0, std::array::from_fn(|m| chunks[m].1[i])));
    lanes.map(|l| ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7])))
}
