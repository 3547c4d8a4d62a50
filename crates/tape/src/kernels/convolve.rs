//! The trilinear form of convolution, solved for each of its three tensors, by matrix products with the windows of an
//! image laid out as a matrix. One image at a time: its matrix stays in the second-level cache, and one product over the
//! whole batch was measured to be no faster. Threads take images.

use std::ops::Range;

use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::running::RunningSums;
use crate::kernels::threads;
use crate::kernels::windows::{Window, entries, fold, unfold};
use crate::shape::{product, work};
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Images whose parts of a filter's cotangent are added one after the other; the sums of so many keep their digits.
const TOGETHER: usize = 64;

/// The shares into which a batch is cut for threads.
const SHARES: usize = 16;

/// Filters of which there are more numbers in all shares than this are not cut: the products are, over threads too.
const MOST_SHARED: usize = 1 << 22;

/// The sizes of a convolution.
pub(crate) struct Sizes<'a> {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Channels of one group, and its filters.
    pub(crate) channels: usize,
    pub(crate) filters: usize,
    pub(crate) windows: &'a [Window],
    /// The spatial lengths of the image, and of the result.
    pub(crate) lengths: &'a [usize],
    pub(crate) counts: &'a [usize],
}

impl Sizes<'_> {
    /// Elements of one channel of an image.
    fn plane(&self) -> usize {
        product(self.lengths)
    }

    /// Entries of a window, in one channel.
    fn entries(&self) -> usize {
        entries(self.windows)
    }

    /// Entries of a window over all channels of a group: the rows of the matrix of windows.
    fn rows(&self) -> usize {
        product(&[self.channels, self.entries()])
    }

    /// Windows: the columns of that matrix.
    fn columns(&self) -> usize {
        product(self.counts)
    }

    /// Groups of images, over the batch.
    fn parts(&self) -> usize {
        self.batch * self.groups
    }

    /// Calls `f` for each group of each image, with its number over the batch, its part of `out`, and room for a matrix of windows; over
    /// threads if that pays.
    fn for_each<F: Float>(&self, out: &mut [F], f: impl Fn(usize, &mut [F], &mut [F]) + Sync) {
        if out.is_empty() {
            return;
        }
        let size = out.len() / self.parts();
        let together = self.parts().div_ceil(SHARES);
        threads::each_or_inside(out.chunks_mut(size * together).enumerate(), self.work(), |(first, out)| {
            let mut scratch = self.scratch();
            for (k, out) in out.chunks_mut(size).enumerate() {
                f(first * together + k, out, &mut scratch);
            }
            Buffer::recycle(scratch);
        });
    }

    /// The multiplications of one of the three convolutions.
    fn work(&self) -> u64 {
        work([self.parts(), self.filters, self.rows(), self.columns()])
    }

    /// Whether each window is one element, so that the image is its own matrix of windows.
    fn is_pointwise(&self) -> bool {
        self.lengths == self.counts && self.windows.iter().all(|w| (w.size, w.stride, w.padding) == (1, 1, 0))
    }

    /// The matrix of windows of one group of one image, in `scratch` where it is not the image itself.
    fn matrix<'a, F: Float>(&self, x: &'a [F], part: usize, scratch: &'a mut [F]) -> &'a [F] {
        let (plane, size) = (self.plane(), product(&[self.entries(), self.columns()]));
        let image = &x[part * self.channels * plane..][..self.channels * plane];
        if self.is_pointwise() {
            return image;
        }
        for (c, out) in scratch.chunks_exact_mut(size.max(1)).enumerate() {
            unfold(&image[c * plane..][..plane], self.windows, self.lengths, self.counts, out);
        }
        scratch
    }

    /// Room for a matrix of windows, where that is not the image.
    fn scratch<F: Float>(&self) -> Vec<F> {
        let len = product(&[self.channels, self.entries(), self.columns()]);
        if self.is_pointwise() { Vec::new() } else { Buffer::any(len) }
    }

    fn weights<'a, F>(&self, w: &'a [F], group: usize, transposed: bool) -> Matrix<'a, F> {
        let (rows, columns) = if transposed { (self.rows(), self.filters) } else { (self.filters, self.rows()) };
        Matrix { data: &w[group * rows * columns..][..rows * columns], rows, columns, transposed }
    }

    fn results<'a, F>(&self, y: &'a [F], part: usize) -> Matrix<'a, F> {
        let (rows, columns) = (self.filters, self.columns());
        Matrix { data: &y[part * rows * columns..][..rows * columns], rows, columns, transposed: false }
    }

    /// `y = w ⋆ x`
    pub(crate) fn result<F: Float>(&self, x: &[F], w: &[F]) -> Vec<F> {
        let (rows, columns) = (self.rows(), self.columns());
        let mut y = Buffer::any(self.parts() * self.filters * columns);
        self.for_each(&mut y, |part, y, scratch| {
            let windows = Matrix { data: self.matrix(x, part, scratch), rows, columns, transposed: false };
            multiply(self.weights(w, part % self.groups, false), windows, y, false);
        });
        y
    }

    /// The image's cotangent from that of the result.
    pub(crate) fn image<F: Float>(&self, g: &[F], w: &[F]) -> Vec<F> {
        let (plane, size) = (self.plane(), product(&[self.entries(), self.columns()]));
        let mut x = Buffer::any(self.parts() * self.channels * plane);
        self.for_each(&mut x, |part, image, scratch| {
            let (w, g) = (self.weights(w, part % self.groups, true), self.results(g, part));
            if self.is_pointwise() {
                return multiply(w, g, image, false);
            }
            multiply(w, g, scratch, false);
            image.fill(F::zero());
            for (c, matrix) in scratch.chunks_exact(size.max(1)).enumerate() {
                fold(matrix, self.windows, self.lengths, self.counts, &mut image[c * plane..][..plane]);
            }
        });
        x
    }

    /// The filters' cotangent from that of the result: of some images together, in shares that threads may take, and then the sum of
    /// these, in their order.
    pub(crate) fn weight<F: Float>(&self, x: &[F], g: &[F]) -> Vec<F> {
        let size = product(&[self.groups, self.filters, self.rows()]);
        let together = match product(&[size, SHARES]) <= MOST_SHARED {
            true => self.batch.div_ceil(SHARES).clamp(1, TOGETHER),
            false => TOGETHER,
        };
        let shares = self.batch.div_ceil(together).max(1);
        // As many at a time as there are of a usual batch, so that a large one takes no more memory.
        let mut some = Buffer::any(size * shares.min(SHARES));
        let mut sums = RunningSums::new(if shares > 1 { size } else { 0 });
        for first in (0..shares).step_by(SHARES) {
            let some = &mut some[..size * SHARES.min(shares - first)];
            threads::each(some.chunks_mut(size.max(1)).enumerate(), self.work(), |(k, w)| {
                let images = (first + k) * together..((first + k + 1) * together).min(self.batch);
                self.weight_of(images, x, g, w);
            });
            if shares > 1 {
                some.chunks(size.max(1)).for_each(|w| sums.add_row(0, w));
            }
        }
        if shares > 1 {
            Buffer::recycle(std::mem::replace(&mut some, sums.values()));
        }
        some
    }

    /// The filters' cotangent from that of the results of some images.
    fn weight_of<F: Float>(&self, images: Range<usize>, x: &[F], g: &[F], w: &mut [F]) {
        let (rows, columns) = (self.rows(), self.columns());
        w.fill(F::zero());
        let mut scratch = self.scratch();
        for part in images.start * self.groups..images.end * self.groups {
            let data = self.matrix(x, part, &mut scratch);
            let windows = Matrix { data, rows: columns, columns: rows, transposed: true };
            let w = &mut w[part % self.groups * self.filters * rows..][..self.filters * rows];
            multiply(self.results(g, part), windows, w, true);
        }
        Buffer::recycle(scratch);
    }
}
