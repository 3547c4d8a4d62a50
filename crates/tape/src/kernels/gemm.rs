//! Matrix products, by the kernels of the crate family `gemm` (see `docs/decisions/0002-matrix-products.md`).

#![allow(unsafe_code)] // the library is called with pointers

use std::ops::Range;

use crate::kernels::running::{self, RunningSums};
use crate::kernels::threads;
use crate::kernels::vector::plain_is_asked_for;
use crate::shape::product;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Products of at most this many multiplications are a plain loop: for them the library's set-up costs more.
const TINY: usize = 256;

/// The library adds inner entries one after the other: of more than this many, parts are added with what roundings lose.
const LONG: usize = 4096;

/// The entries of such a part.
const PART: usize = 512;

/// What a vector is multiplied by is read once, so that shorter parts cost next to nothing.
const PART_OF_VECTOR: usize = 128;

/// From this many multiplications on a product is shared by threads, each of which has at least half as many.
const SHARED: usize = 1 << 20;

/// The library sums otherwise in products of at most this many rows and columns: no part is made one of these.
const SMALL: usize = 64;

/// A matrix in row-major storage, or the transpose of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, F> {
    pub(crate) data: &'a [F],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// The data holds the columns one after another.
    pub(crate) transposed: bool,
}

impl<F> Matrix<'_, F> {
    /// Distance in elements between neighbouring rows, and between neighbouring columns.
    fn strides(&self) -> (usize, usize) {
        match self.transposed {
            false => (self.columns, 1),
            true => (1, self.rows),
        }
    }
}

/// The matrix product of a float type.
#[doc(hidden)]
pub trait Gemm: Sized {
    /// `c ← a·b`, or `c ← c + a·b` if `add`, with the strides (row, column) of each.
    ///
    /// # Safety
    /// The pointers must be valid for the `m × k`, `k × n` and `m × n` elements that the strides reach, and `c` must
    /// not overlap the others.
    unsafe fn gemm(
        size: [usize; 3],
        a: (*const Self, [usize; 2]),
        b: (*const Self, [usize; 2]),
        add: bool,
        c: (*mut Self, [usize; 2]),
    );
}

macro_rules! gemm {
    ($($f:ident $function:path;)*) => { $(
        impl Gemm for $f {
            #[inline]
            unsafe fn gemm(
                [m, k, n]: [usize; 3],
                (a, [a_row, a_column]): (*const Self, [usize; 2]),
                (b, [b_row, b_column]): (*const Self, [usize; 2]),
                add: bool,
                (c, [c_row, c_column]): (*mut Self, [usize; 2]),
            ) {
                // The library's kernels write columns: the transposed product bᵀ·aᵀ = cᵀ is asked of it.
                let stride = |s: usize| s as isize;
                // SAFETY: the caller's promise is the one that the library asks for.
                unsafe {
                    $function()(
                        n, m, k,
                        c, stride(c_row), stride(c_column), add,
                        b, stride(b_row), stride(b_column),
                        a, stride(a_row), stride(a_column),
                        1.0, 1.0, false, false, false, gemm_common::Parallelism::None,
                    );
                }
            }
        }
    )* };
}
gemm! {
    f32 gemm_f32::gemm::f32::get_gemm_fn;
    f64 gemm_f64::gemm::f64::get_gemm_fn;
}

/// `c ← a·b`, or `c ← c + a·b` if `add`; `c` is row-major.
pub(crate) fn multiply<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], add: bool) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(k, b.rows);
    // A product of lengths that is too great for any buffer is the length of none.
    assert_eq!((a.data.len(), b.data.len(), c.len()), (product(&[m, k]), product(&[k, n]), product(&[m, n])));
    let ((ar, ac), (br, bc)) = (a.strides(), b.strides());
    if product(&[m, n]) == 1 {
        let start = if add { c[0] } else { F::zero() };
        let [product] = running::sums_over([a.data, b.data], |[a, b]| [a * b]);
        c[0] = start + product;
        return;
    }
    if product(&[m, k, n]) <= TINY {
        for (i, row) in (0..m).zip(c.chunks_exact_mut(n.max(1))) {
            for (j, c) in row.iter_mut().enumerate() {
                let start = if add { *c } else { F::zero() };
                *c = (0..k).fold(start, |sum, l| sum + a.data[i * ar + l * ac] * b.data[l * br + j * bc]);
            }
        }
        return;
    }
    let step = match m == 1 || n == 1 {
        true => PART_OF_VECTOR,
        false if k > LONG => PART,
        false => k,
    };
    let whole =
        Product { size: [m, k, n], a: (a.data, [ar, ac]), b: (b.data, [br, bc]), add, c: Place(c.as_mut_ptr()) };
    // SAFETY: the lengths asserted above are what the strides of row-major or transposed storage reach; `c` is a unique reference
    // to `m × n` elements, of which each part writes its own.
    threads::each(parts(m, k, n), u64::MAX, |part| unsafe { whole.part(part, step) });
}

/// Where a product is written, by several threads in parts that do not overlap.
struct Place<F>(*mut F);

// SAFETY: a pointer to numbers, which may be sent; that each thread writes other numbers is held by `Product::part`.
unsafe impl<F: Send> Sync for Place<F> {}

/// A product of two matrices, given by the strides (row, column) of each, to be computed in parts.
struct Product<'a, F> {
    size: [usize; 3],
    a: (&'a [F], [usize; 2]),
    b: (&'a [F], [usize; 2]),
    add: bool,
    c: Place<F>,
}

impl<F: Float> Product<'_, F> {
    /// Computes some rows or some columns of the result, `step` inner entries at a time.
    ///
    /// # Safety
    /// As for [`Gemm::gemm`], with `c` row-major; no part may be computed twice at a time.
    unsafe fn part(&self, (rows, columns): (Range<usize>, Range<usize>), step: usize) {
        let ([_, k, n], add) = (self.size, self.add);
        let [height, width] = [rows.len(), columns.len()];
        // SAFETY: the rows and columns are among those that the caller vouches for.
        let c = unsafe { self.c.0.add(rows.start * n + columns.start) };
        if k <= step {
            // SAFETY: likewise.
            return unsafe { self.inner(0..k, &rows, &columns, add, (c, n)) };
        }
        let mut sums = RunningSums::new(height * width);
        let mut some = Buffer::any(height * width);
        // SAFETY: likewise; no two rows overlap.
        let row = |i: usize| unsafe { std::slice::from_raw_parts_mut(c.add(i * n), width) };
        if add {
            (0..height).for_each(|i| sums.add_row(i * width, row(i)));
        }
        for first in (0..k).step_by(step) {
            let entries = first..k.min(first + step);
            // SAFETY: likewise, and written is a buffer of this part's own.
            unsafe { self.inner(entries, &rows, &columns, false, (some.as_mut_ptr(), width)) };
            sums.add_row(0, &some);
        }
        Buffer::recycle(some);
        let sums = sums.values();
        (0..height).for_each(|i| row(i).copy_from_slice(&sums[i * width..][..width]));
        Buffer::recycle(sums);
    }

    /// Writes what some inner entries give to some rows and columns, to rows that lie so far apart.
    ///
    /// # Safety
    /// As for [`part`](Self::part), of the place that is given.
    unsafe fn inner(
        &self,
        entries: Range<usize>,
        rows: &Range<usize>,
        columns: &Range<usize>,
        add: bool,
        (c, apart): (*mut F, usize),
    ) {
        let ((a, [ar, ac]), (b, [br, bc])) = (self.a, self.b);
        let a = &a[rows.start * ar + entries.start * ac..];
        let b = &b[columns.start * bc + entries.start * br..];
        let [m, k, n] = [rows.len(), entries.len(), columns.len()];
        if plain_is_asked_for() {
            for i in 0..m {
                // SAFETY: a row of those that the caller vouches for.
                let c = unsafe { std::slice::from_raw_parts_mut(c.add(i * apart), n) };
                plain_row(k, (&a[i * ar..], ac), (b, [br, bc]), add, c);
            }
            return;
        }
        // SAFETY: the rows, columns and entries are among those that the caller vouches for.
        unsafe { F::gemm([m, k, n], (a.as_ptr(), [ar, ac]), (b.as_ptr(), [br, bc]), add, (c, [apart, 1])) };
    }
}

/// A row of a product, by additions in the order of the inner entries: the same bits on every processor.
fn plain_row<F: Float>(
    k: usize,
    (a, a_step): (&[F], usize),
    (b, [b_row, b_column]): (&[F], [usize; 2]),
    add: bool,
    c: &mut [F],
) {
    if !add {
        c.fill(F::zero());
    }
    for l in 0..k {
        let (a, b) = (a[l * a_step], &b[l * b_row..]);
        match b_column {
            1 => c.iter_mut().zip(b).for_each(|(c, b)| *c += a * *b),
            step => c.iter_mut().enumerate().for_each(|(j, c)| *c += a * b[j * step]),
        }
    }
}

/// The parts of a product `m × k` by `k × n` for the threads at hand: rows or columns of the result. Each number of the result is
/// the same sum in the same order, however many parts there are.
fn parts(m: usize, k: usize, n: usize) -> impl ExactSizeIterator<Item = (Range<usize>, Range<usize>)> + Send {
    let by_rows = m >= n;
    let (length, other) = if by_rows { (m, n) } else { (n, m) };
    let least = if other > SMALL { SMALL } else { 2 * SMALL };
    let most = (product(&[m, k, n]) / (SHARED / 2)).min(length / least);
    let count = if most > 1 { threads::threads().min(most) } else { 1 };
    let bound = move |part: usize| if part == count { length } else { part * length / count / 16 * 16 };
    (0..count).map(move |part| {
        let range = bound(part)..bound(part + 1);
        if by_rows { (range, 0..n) } else { (0..m, range) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// The numbers have the same bits on any number of threads, along rows and columns, in either order of storage.
    #[test]
    fn threads_change_no_bit() {
        for (m, k, n) in [
            (300, 700, 60),
            (60, 700, 300),
            (130, 784, 512),
            (512, 130, 784),
            (129, 5000, 70),
            (1, 2000, 3000),
            (3000, 2000, 1),
        ] {
            let (a, b) = (Tensor::<f32>::linspace(-1.0, 2.0, m * k), Tensor::<f32>::linspace(3.0, -1.0, k * n));
            for flags in 0..4 {
                let left = Matrix { data: a.data(), rows: m, columns: k, transposed: flags & 1 != 0 };
                let right = Matrix { data: b.data(), rows: k, columns: n, transposed: flags & 2 != 0 };
                let results = [1, 2, 3, 8].map(|count| {
                    let mut c = vec![0.5; m * n];
                    threads::with_threads(count, || multiply(left, right, &mut c, true));
                    c.iter().map(|c| c.to_bits()).collect::<Vec<_>>()
                });
                assert!(results.iter().all(|c| *c == results[0]), "[{m}, {k}] · [{k}, {n}], {flags}");
            }
        }
    }

    /// A row by plain additions, in each order of storage, is the sum that defines it, to the bit.
    #[test]
    fn a_plain_row_is_its_sum() {
        let (k, n) = (7, 5);
        let (a, b) = (Tensor::<f64>::linspace(-1.0, 2.0, 2 * k), Tensor::<f64>::linspace(3.0, -1.0, k * n));
        for (a_step, strides, add) in [(1, [n, 1], false), (2, [1, k], true)] {
            let mut c = vec![0.5; n];
            plain_row(k, (a.data(), a_step), (b.data(), strides), add, &mut c);
            for (j, c) in c.iter().enumerate() {
                let term = |l: usize| a.data()[l * a_step] * b.data()[l * strides[0] + j * strides[1]];
                assert_eq!(*c, (0..k).fold(if add { 0.5 } else { 0.0 }, |sum, l| sum + term(l)));
            }
        }
    }

    /// Every size around the crossover, both orders of storage, against the sum that defines the product.
    #[test]
    fn agrees_with_the_definition() {
        let mut wrong = Vec::new();
        for (m, k, n) in [
            (1, 1, 1),
            (2, 3, 5),
            (7, 5, 8),
            (9, 17, 4),
            (1, 300, 2),
            (33, 1, 40),
            (3, 0, 2),
            (0, 3, 2),
            (1, 9000, 1),
            (2, 9000, 3),
        ] {
            let (a, b) = (Tensor::<f64>::linspace(-1.0, 2.0, m * k), Tensor::<f64>::linspace(3.0, -1.0, k * n));
            for flags in 0..8 {
                let (ta, tb, add) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
                let mut c = vec![0.5; m * n];
                let left = Matrix { data: a.data(), rows: m, columns: k, transposed: ta };
                let right = Matrix { data: b.data(), rows: k, columns: n, transposed: tb };
                multiply(left, right, &mut c, add);
                for i in 0..m {
                    for j in 0..n {
                        let a = |l| a.data()[if ta { l * m + i } else { i * k + l }];
                        let b = |l| b.data()[if tb { j * k + l } else { l * n + j }];
                        let sum: f64 = (0..k).map(|l| a(l) * b(l)).sum::<f64>() + if add { 0.5 } else { 0.0 };
                        if (c[i * n + j] - sum).abs() > 1e-12 * (1.0 + sum.abs()) {
                            wrong.push((m, k, n, flags, i, j));
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
