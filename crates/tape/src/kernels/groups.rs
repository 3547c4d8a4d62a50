//! Loops over the groups of elements that share an entry of a smaller tensor.

use crate::kernels::reduce::{Block, for_each_block};
use crate::kernels::running::{LANES, RunningSums, sums_over};
use crate::shape::Shape;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::{Float, power_of_two};

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
        let mut sums: [RunningSums<F>; N] = std::array::from_fn(|_| RunningSums::new(self.to.len_elements()));
        for_each_block(self.shape, self.to, |block| match block {
            Block::Row { first, width, at } => {
                let p = std::array::from_fn(|k| p[k][at]);
                let x: [&[F]; M] = std::array::from_fn(|m| &x[m][first..first + width]);
                let parts = sums_over(x, |x| f(x, p));
                (0..N).for_each(|n| sums[n].add(at, parts[n]));
            }
            Block::Rows { first, width, rows, at } => {
                let x: [&[F]; M] = std::array::from_fn(|m| &x[m][first..first + rows * width]);
                // By a few columns, whose sums over the rows stay in registers.
                for start in (0..width).step_by(LANES) {
                    let columns = LANES.min(width - start);
                    let p: [&[F]; P] = std::array::from_fn(|k| &p[k][at + start..][..columns]);
                    let mut parts = [[F::zero(); LANES]; N];
                    for row in 0..rows {
                        let x: [&[F]; M] = std::array::from_fn(|m| &x[m][row * width + start..][..columns]);
                        for j in 0..columns {
                            let terms = f(std::array::from_fn(|m| x[m][j]), std::array::from_fn(|k| p[k][j]));
                            (0..N).for_each(|n| parts[n][j] += terms[n]);
                        }
                    }
                    (0..N).for_each(|n| sums[n].add_row(at + start, &parts[n][..columns]));
                }
            }
        });
        sums.map(RunningSums::values)
    }

    /// `f(elements of each of x, numbers of the group in each of p)` for every element.
    pub(crate) fn map<F: Float, const M: usize, const P: usize>(
        &self,
        x: [&[F]; M],
        p: [&[F]; P],
        f: impl Fn([F; M], [F; P]) -> F,
    ) -> Vec<F> {
        let mut out = Buffer::room(self.shape.len_elements());
        for_each_block(self.shape, self.to, |block| match block {
            Block::Row { first, width, at } => {
                let x: [&[F]; M] = std::array::from_fn(|m| &x[m][first..first + width]);
                let p = std::array::from_fn(|k| p[k][at]);
                out.extend((0..width).map(|j| f(std::array::from_fn(|m| x[m][j]), p)));
            }
            Block::Rows { first, width, rows, at } => {
                let p: [&[F]; P] = std::array::from_fn(|k| &p[k][at..at + width]);
                for row in 0..rows {
                    let x: [&[F]; M] = std::array::from_fn(|m| &x[m][first + row * width..][..width]);
                    let at = |j: usize| f(std::array::from_fn(|m| x[m][j]), std::array::from_fn(|k| p[k][j]));
                    out.extend((0..width).map(at));
                }
            }
        });
        out
    }

    /// The sums of each group over `terms`.
    pub(crate) fn means<F: Float>(&self, x: &[F], terms: f64) -> Vec<F> {
        let terms_of = F::from_f64(terms);
        let [mut means] = self.sums([x], [], |[x], []| [x]);
        means.iter_mut().for_each(|sum| *sum /= terms_of);
        if means.iter().all(|mean| num_traits::Float::is_finite(*mean)) {
            return means;
        }
        // A sum may overflow where the mean does not: by a power of two no digit changes.
        let small = F::from_f64(0.5 / power_of_two(self.size()));
        let [smaller] = self.sums([x], [], |[x], []| [x * small]);
        let over = means.iter_mut().zip(smaller).filter(|(mean, _)| !num_traits::Float::is_finite(**mean));
        over.for_each(|(mean, sum)| *mean = sum / (terms_of * small));
        means
    }

    /// The root of the sum of the squares of `x` less `centre` of its group, over `terms`: no square overflows or vanishes.
    pub(crate) fn roots<F: Float>(&self, x: &[F], centres: &[F], terms: f64) -> Vec<F> {
        let terms = F::from_f64(terms);
        let [mut roots] = self.sums([x], [centres], |[x], [c]| [(x - c) * (x - c)]);
        // Below this, squares have lost digits that count.
        let smallest = F::min_positive_value() / num_traits::Float::powi(F::epsilon(), 2);
        let keeps = |square: F| num_traits::Float::is_finite(square) && square >= smallest;
        if !roots.iter().all(|square| keeps(*square)) {
            let units = self.units(x, centres);
            let [scaled] = self.sums([x], [centres, &units], |[x], [c, unit]| {
                let part = (x - c) / unit;
                [part * part]
            });
            for ((root, scaled), unit) in roots.iter_mut().zip(scaled).zip(&units) {
                *root = num_traits::Float::sqrt(scaled / terms) * *unit;
            }
            return roots;
        }
        roots.iter_mut().for_each(|square| *square = num_traits::Float::sqrt(*square / terms));
        roots
    }

    /// For each group a power of two near the largest distance of its elements from its centre; 1 if that is 0 or not finite.
    fn units<F: Float>(&self, x: &[F], centres: &[F]) -> Vec<F> {
        let mut largest = Buffer::filled(self.to.len_elements(), F::zero());
        let mut note = |at: usize, x: F| {
            let distance = num_traits::Float::abs(x - centres[at]);
            if distance > largest[at] {
                largest[at] = distance;
            }
        };
        for_each_block(self.shape, self.to, |block| match block {
            Block::Row { first, width, at } => (first..first + width).for_each(|i| note(at, x[i])),
            Block::Rows { first, width, rows, at } => {
                (0..rows * width).for_each(|i| note(at + i % width, x[first + i]));
            }
        });
        largest.iter_mut().for_each(|distance| {
            let known = *distance > F::zero() && num_traits::Float::is_finite(*distance);
            *distance = if known { F::from_f64(power_of_two(distance.to_f64())) } else { F::one() };
        });
        largest
    }
}

/// The length of a vector, of which no square overflows or vanishes.
pub(crate) fn length<I: Iterator<Item = f64>>(numbers: impl Fn() -> I) -> f64 {
    let in_units = |unit: f64| numbers().map(|x| (x / unit).powi(2)).sum::<f64>().sqrt() * unit;
    let plain = in_units(1.0);
    if plain.is_nan() || (1e-140..f64::INFINITY).contains(&plain) {
        return plain;
    }
    match numbers().fold(0.0, |largest: f64, x| largest.max(x.abs())) {
        0.0 | f64::INFINITY => plain,
        largest => in_units(power_of_two(largest)),
    }
}
