//! Sums of many numbers that keep their digits.
//!
//! One running sum of 10⁷ numbers of `f32` is wrong in the second digit: each addition rounds to the size of what there is
//! already. Here 128 numbers at a time are added in sixteen lanes, which the compiler makes vectors of, and the sums of those
//! blocks in a running sum that takes what one addition
//! rounds off into the next (Kahan 1965, with Knuth's error of a sum, "The Art of Computer Programming" 4.2.2).
//! However many numbers there are, the result is as if a dozen had been added. The order depends on nothing but the shapes.

use smallvec::SmallVec;

use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The numbers that are added by plain additions.
const BLOCK: usize = 128;
pub(crate) const LANES: usize = 16;

/// A sum on its way, and what its last rounding has lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running<F> {
    sum: F,
    lost: F,
}

impl<F: Float> Running<F> {
    pub(crate) fn new() -> Self {
        Running { sum: F::zero(), lost: F::zero() }
    }

    /// Adds a number.
    #[inline(always)]
    pub(crate) fn add(&mut self, x: F) {
        add(&mut self.sum, &mut self.lost, x);
    }

    /// The sum.
    #[inline(always)]
    pub(crate) fn value(self) -> F {
        self.sum + self.lost
    }
}

/// `sum + x`, with what was lost before; what this addition rounds off is lost next.
#[inline(always)]
fn add<F: Float>(sum: &mut F, lost: &mut F, x: F) {
    let x = x + *lost;
    let next = *sum + x;
    let part = next - *sum;
    let error = (*sum - (next - part)) + (x - part);
    // of a sum that is not finite it means nothing
    *lost = if num_traits::Float::is_finite(next) { error } else { F::zero() };
    *sum = next;
}

/// The sum of a slice.
pub(crate) fn sum<F: Float>(x: &[F]) -> F {
    if x.len() <= BLOCK {
        return block(x);
    }
    let mut total = Running::new();
    x.chunks(BLOCK).for_each(|x| total.add(block(x)));
    total.value()
}

/// The sum of `term(0)`, …, `term(n − 1)`.
#[inline(always)]
pub(crate) fn sum_of<F: Float>(n: usize, term: impl Fn(usize) -> F) -> F {
    let mut total = Running::new();
    let mut terms = [F::zero(); BLOCK];
    for start in (0..n).step_by(BLOCK) {
        let count = BLOCK.min(n - start);
        terms[..count].iter_mut().enumerate().for_each(|(i, x)| *x = term(start + i));
        total.add(block(&terms[..count]));
    }
    total.value()
}

/// The sums of each entry of `f(elements of each of x)`, over slices of one length.
#[inline(always)]
pub(crate) fn sums_over<F: Float, const M: usize, const N: usize>(
    x: [&[F]; M],
    f: impl Fn([F; M]) -> [F; N],
) -> [F; N] {
    let mut totals = [Running::new(); N];
    let n = x.first().map_or(0, |x| x.len());
    for start in (0..n).step_by(BLOCK) {
        let count = BLOCK.min(n - start);
        let parts: [(&[[F; LANES]], &[F]); M] = std::array::from_fn(|m| x[m][start..start + count].as_chunks());
        let mut lanes = [[F::zero(); LANES]; N];
        let mut add = |lane: usize, x: [F; M]| {
            let terms = f(x);
            (0..N).for_each(|k| lanes[k][lane] += terms[k]);
        };
        for c in 0..count / LANES {
            let chunk: [&[F; LANES]; M] = std::array::from_fn(|m| &parts[m].0[c]);
            (0..LANES).for_each(|lane| add(lane, std::array::from_fn(|m| chunk[m][lane])));
        }
        (0..count % LANES).for_each(|lane| add(lane, std::array::from_fn(|m| parts[m].1[lane])));
        totals.iter_mut().zip(&lanes).for_each(|(total, lanes)| total.add(tree(lanes)));
    }
    totals.map(Running::value)
}

/// The sum of at most [`BLOCK`] numbers.
#[inline(always)]
fn block<F: Float>(x: &[F]) -> F {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [F::zero(); LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += *x);
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane += *x);
    tree(&lanes)
}

/// The sum of the lanes, neighbours first.
#[inline(always)]
fn tree<F: Float>(lanes: &[F; LANES]) -> F {
    let mut lanes = *lanes;
    let mut left = LANES / 2;
    while left > 0 {
        (0..left).for_each(|k| lanes[k] += lanes[k + left]);
        left /= 2;
    }
    lanes[0]
}

/// Many sums on their way, to which numbers are added in any order.
pub(crate) struct RunningSums<F> {
    sums: SmallVec<[F; FEW]>,
    lost: SmallVec<[F; FEW]>,
}

/// So many sums need no memory of their own.
const FEW: usize = 32;

/// As many zeros.
fn zeros<F: Float>(count: usize) -> SmallVec<[F; FEW]> {
    match count <= FEW {
        true => SmallVec::from_elem(F::zero(), count),
        false => SmallVec::from_vec(Buffer::filled(count, F::zero())),
    }
}

/// Gives memory back that is no longer needed.
fn recycle<F: Float>(x: SmallVec<[F; FEW]>) {
    if x.spilled() {
        Buffer::recycle(x.into_vec());
    }
}

impl<F: Float> RunningSums<F> {
    /// As many sums, each 0.
    pub(crate) fn new(count: usize) -> Self {
        RunningSums { sums: zeros(count), lost: zeros(count) }
    }

    /// Adds a number to the sum `at`.
    #[inline(always)]
    pub(crate) fn add(&mut self, at: usize, x: F) {
        add(&mut self.sums[at], &mut self.lost[at], x);
    }

    /// Adds a row of numbers to the sums from `at` on.
    #[inline(always)]
    pub(crate) fn add_row(&mut self, at: usize, row: &[F]) {
        self.add_each(at, row.len(), |j| row[j]);
    }

    /// Adds `x(j)` to each sum `at + j`.
    #[inline(always)]
    pub(crate) fn add_each(&mut self, at: usize, width: usize, x: impl Fn(usize) -> F) {
        let (sums, lost) = (&mut self.sums[at..at + width], &mut self.lost[at..at + width]);
        for j in 0..width {
            add(&mut sums[j], &mut lost[j], x(j));
        }
    }

    /// Adds rows of a width, one after the other, to the sums from `at` on.
    #[inline(always)]
    pub(crate) fn add_rows(&mut self, at: usize, width: usize, rows: &[F]) {
        if let Some(r) = eight(rows, width) {
            let x =
                |j: usize| ((r[0][j] + r[1][j]) + (r[2][j] + r[3][j])) + ((r[4][j] + r[5][j]) + (r[6][j] + r[7][j]));
            return self.add_each(at, width, x);
        }
        rows.chunks_exact(width.max(1)).for_each(|row| self.add_row(at, row));
    }

    /// The sums.
    pub(crate) fn values(mut self) -> Vec<F> {
        self.sums.iter_mut().zip(&self.lost).for_each(|(sum, lost)| *sum += *lost);
        recycle(self.lost);
        self.sums.into_vec()
    }

    /// Writes the sums.
    pub(crate) fn write(self, out: &mut [F]) {
        let sums = self.sums.iter().zip(&self.lost);
        out.iter_mut().zip(sums).for_each(|(out, (sum, lost))| *out = *sum + *lost);
        recycle(self.sums);
        recycle(self.lost);
    }
}

/// Eight rows, if there are so many.
#[inline(always)]
fn eight<F>(rows: &[F], width: usize) -> Option<[&[F]; 8]> {
    (width > 0 && rows.len() == 8 * width).then(|| std::array::from_fn(|k| &rows[k * width..][..width]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose sum is known: all the same, as each power of two is added exactly, and all different.
    #[test]
    fn sums_keep_their_digits_however_many_there_are() {
        let n = 10_000_000;
        let x = vec![0.1_f32; n];
        let expected = f64::from(0.1_f32) * n as f64;
        let near = |found: f32| assert!((f64::from(found) / expected - 1.0).abs() < 1e-6, "{found}");
        near(sum(&x));
        near(sum_of(n, |i| x[i]));
        let mut sums = RunningSums::new(1);
        x.chunks(1000).for_each(|x| x.chunks_exact(8).for_each(|rows| sums.add_rows(0, 1, rows)));
        near(sums.values()[0]);
        let mut running = Running::new();
        x.iter().for_each(|x| running.add(*x));
        near(running.value());
        // Σ i to a million is n (n + 1) / 2
        let whole: Vec<f32> = (1..=1_000_000).map(|i| i as f32).collect();
        assert_eq!(sum(&whole), 500_000_500_000.0_f32);
    }

    #[test]
    fn what_is_not_finite_stays_as_it_is() {
        let inf = f64::INFINITY;
        for (terms, expected) in [(vec![inf, 1.0], inf), (vec![1.0, -inf], -inf), (vec![f64::MAX, f64::MAX, 1.0], inf)]
        {
            let mut running = Running::new();
            terms.iter().for_each(|x| running.add(*x));
            assert_eq!((sum(&terms), running.value()), (expected, expected), "{terms:?}");
        }
        assert!(sum(&[inf, -inf]).is_nan() && sum_of(3, |_| f64::NAN).is_nan());
    }
}
