//! The trilinear form of convolution, solved for each of its three tensors, by matrix products with the windows of an
//! image laid out as a matrix. One image at a time: its matrix stays in the second-level cache, and one product over the
//! whole batch was measured to be no faster.

use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::running::RunningSums;
use crate::kernels::windows::{Window, entries, fold, unfold};
use crate::shape::product;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Images whose parts of a filter's cotangent are added one after the other; the sums of so many keep their digits.
const TOGETHER: usize = 64;

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

    /// Calls `f` with the number of each group of each image, over the batch, and of the group.
    fn for_each(&self, mut f: impl FnMut(usize, usize)) {
        for image in 0..self.batch {
            for group in 0..self.groups {
                f(image * self.groups + group, group);
            }
        }
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

    fn scratch<F: Float>(&self) -> Vec<F> {
        Buffer::filled(product(&[self.channels, self.entries(), self.columns()]), F::zero())
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
        let size = self.filters * columns;
        let mut y = Buffer::filled(self.batch * self.groups * size, F::zero());
        let mut scratch = self.scratch();
        self.for_each(|part, group| {
            let data = self.matrix(x, part, &mut scratch);
            let windows = Matrix { data, rows, columns, transposed: false };
            multiply(self.weights(w, group, false), windows, &mut y[part * size..][..size], false);
        });
        Buffer::recycle(scratch);
        y
    }

    /// The image's cotangent from that of the result.
    pub(crate) fn image<F: Float>(&self, g: &[F], w: &[F]) -> Vec<F> {
        let (plane, size) = (self.plane(), product(&[self.entries(), self.columns()]));
        let mut x = Buffer::filled(self.batch * self.groups * self.channels * plane, F::zero());
        let mut scratch = self.scratch();
        self.for_each(|part, group| {
            let image = &mut x[part * self.channels * plane..][..self.channels * plane];
            let (w, g) = (self.weights(w, group, true), self.results(g, part));
            if self.is_pointwise() {
                return multiply(w, g, image, false);
            }
            multiply(w, g, &mut scratch, false);
            for (c, matrix) in scratch.chunks_exact(size.max(1)).enumerate() {
                fold(matrix, self.windows, self.lengths, self.counts, &mut image[c * plane..][..plane]);
            }
        });
        Buffer::recycle(scratch);
        x
    }

    /// The filters' cotangent from that of the result.
    pub(crate) fn weight<F: Float>(&self, x: &[F], g: &[F]) -> Vec<F> {
        let (rows, columns) = (self.rows(), self.columns());
        let size = self.filters * rows;
        let mut w = Buffer::filled(self.groups * size, F::zero());
        let mut sums = (self.batch > TOGETHER).then(|| RunningSums::new(self.groups * size));
        let mut scratch = self.scratch();
        self.for_each(|part, group| {
            if let Some(sums) = &mut sums
                && part.is_multiple_of(TOGETHER * self.groups)
            {
                sums.add_row(0, &w);
                w.fill(F::zero());
            }
            let data = self.matrix(x, part, &mut scratch);
            let windows = Matrix { data, rows: columns, columns: rows, transposed: true };
            multiply(self.results(g, part), windows, &mut w[group * size..][..size], true);
        });
        Buffer::recycle(scratch);
        if let Some(mut sums) = sums {
            sums.add_row(0, &w);
            Buffer::recycle(std::mem::replace(&mut w, sums.values()));
        }
        w
    }
}
