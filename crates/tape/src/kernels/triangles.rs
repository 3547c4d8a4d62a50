//! Triangles: systems of equations that are solved with them, and what a factorisation into two of them tells.

use crate::tensor::float::Float;

/// `P·A = L·U`: both triangles in one row-major matrix, the ones on the diagonal of `L` left out.
#[derive(Debug)]
#[doc(hidden)]
pub struct Lu<F> {
    pub(crate) lu: Vec<F>,
    /// Row `i` of `P·A` is row `rows[i]` of `A`.
    pub(crate) rows: Vec<usize>,
    /// Whether `P` is odd.
    pub(crate) odd: bool,
}

/// The product of some numbers: it over- or underflows only if it does as a whole.
pub(crate) fn product<F: Float>(factors: impl Iterator<Item = F>) -> F {
    let (mut mantissa, mut exponent) = (1.0, 0_i32);
    for x in factors {
        let (m, e) = libm::frexp(x.to_f64());
        let (product, carried) = libm::frexp(mantissa * m);
        mantissa = product;
        exponent = exponent.saturating_add(e).saturating_add(carried);
    }
    F::from_f64(libm::ldexp(mantissa, exponent))
}

/// The factors of a singular matrix: a column in which no pivot is left is left as it is.
pub(crate) fn eliminate<T: Copy + num_traits::Float>(a: &[T], n: usize) -> Lu<T> {
    let mut lu = Lu { lu: a.to_vec(), rows: (0..n).collect(), odd: false };
    for k in 0..n {
        let size = |i: &usize| lu.lu[i * n + k].abs();
        let pivot = (k..n).fold(k, |best, i| if size(&i) > size(&best) { i } else { best });
        if size(&pivot) == T::zero() {
            continue;
        }
        if pivot != k {
            (0..n).for_each(|j| lu.lu.swap(pivot * n + j, k * n + j));
            lu.rows.swap(pivot, k);
            lu.odd = !lu.odd;
        }
        for i in k + 1..n {
            let factor = lu.lu[i * n + k] / lu.lu[k * n + k];
            lu.lu[i * n + k] = factor;
            for j in k + 1..n {
                lu.lu[i * n + j] = lu.lu[i * n + j] - factor * lu.lu[k * n + j];
            }
        }
    }
    lu
}

/// Which triangle of a matrix is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Triangle {
    /// The lower one.
    Lower,
    /// The upper one.
    Upper,
    /// The lower one, with ones for its diagonal, which is not read.
    UnitLower,
    /// The upper one, with ones for its diagonal, which is not read.
    UnitUpper,
}

impl Triangle {
    /// Whether the diagonal is not read.
    pub(crate) fn is_unit(self) -> bool {
        matches!(self, Triangle::UnitLower | Triangle::UnitUpper)
    }

    /// That of the transpose.
    pub(crate) fn transposed(self) -> Self {
        match self {
            Triangle::Lower => Triangle::Upper,
            Triangle::Upper => Triangle::Lower,
            Triangle::UnitLower => Triangle::UnitUpper,
            Triangle::UnitUpper => Triangle::UnitLower,
        }
    }
}

/// `b ← t⁻¹·b` for a triangle `t` of the `n × n` matrix `a`, and `b` of `k` columns.
pub(crate) fn substitute<F: Float>(a: &[F], n: usize, triangle: Triangle, b: &mut [F], k: usize) {
    let upper = matches!(triangle, Triangle::Upper | Triangle::UnitUpper);
    for step in 0..n {
        let i = if upper { n - 1 - step } else { step };
        let known = if upper { i + 1..n } else { 0..i };
        for j in known {
            let factor = a[i * n + j];
            let (first, second) = b.split_at_mut(i.max(j) * k);
            let (row, other) = match upper {
                true => (&mut first[i * k..][..k], &second[..k]),
                false => (&mut second[..k], &first[j * k..][..k]),
            };
            row.iter_mut().zip(other).for_each(|(x, y)| *x -= factor * *y);
        }
        if !triangle.is_unit() {
            let pivot = a[i * n + i];
            b[i * k..][..k].iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

impl<F: Float> Lu<F> {
    /// `a⁻¹·b` for `b` of `k` columns.
    pub(crate) fn solve(&self, b: &[F], k: usize) -> Vec<F> {
        let n = self.rows.len();
        let mut x: Vec<F> = self.rows.iter().flat_map(|i| b[i * k..][..k].iter().copied()).collect();
        substitute(&self.lu, n, Triangle::UnitLower, &mut x, k);
        substitute(&self.lu, n, Triangle::Upper, &mut x, k);
        x
    }

    /// `a⁻¹`
    pub(crate) fn inverse(&self) -> Vec<F> {
        let n = self.rows.len();
        let one = |k: usize| if k / n == k % n { F::one() } else { F::zero() };
        self.solve(&(0..n * n).map(one).collect::<Vec<F>>(), n)
    }

    /// The diagonal of `U`.
    pub(crate) fn pivots(&self) -> impl Iterator<Item = F> {
        let n = self.rows.len();
        self.lu.iter().step_by(n + 1).copied()
    }

    /// The determinant.
    pub(crate) fn determinant(&self) -> F {
        product([if self.odd { -F::one() } else { F::one() }].into_iter().chain(self.pivots()))
    }
}
