//! Factorisations of matrices, by the crate `faer` (see `docs/decisions/0011-linear-algebra.md`).
//!
//! What is generic in `faer` is compiled here, once for each float type, and not in every program that calls it.

use std::cell::RefCell;
use std::rc::Rc;

use faer::linalg::solvers::{Llt, PartialPivLu, Qr, SelfAdjointEigen, Svd};
use faer::traits::RealField;
use faer::{Mat, MatRef, Side};

use super::triangles::{Lu, eliminate};
use crate::shape::product;
use crate::tensor::Tensor;
use crate::tensor::float::{self, Float};

/// `A = U·S·Vᵀ` of an `m × n` matrix with `k = min(m, n)`: `U` is `m × k`, `V` `n × k`, `S` descending.
#[derive(Debug)]
#[doc(hidden)]
pub struct SvdParts<F> {
    pub(crate) u: Vec<F>,
    pub(crate) s: Vec<F>,
    pub(crate) v: Vec<F>,
}

/// `A = V·diag(w)·Vᵀ` of a symmetric matrix, `w` ascending.
#[derive(Debug)]
#[doc(hidden)]
pub struct EighParts<F> {
    pub(crate) w: Vec<F>,
    pub(crate) v: Vec<F>,
}

/// What was factorised last on this thread, of each kind. The values and vectors of a decomposition are operations of
/// their own, and a check comes before each: without a memory the same matrix would be factorised again for each.
#[derive(Debug)]
#[doc(hidden)]
pub struct Memory<F: Float> {
    lu: Last<F, Vec<Lu<F>>>,
    cholesky: Last<F, Result<Vec<F>, (usize, usize)>>,
    eigh: Last<F, Option<Vec<EighParts<F>>>>,
    svd: Last<F, Option<Vec<SvdParts<F>>>>,
}

/// A tensor and what was made of it.
type Last<F, T> = Option<(Tensor<F>, Rc<T>)>;

impl<F: Float> Memory<F> {
    const fn new() -> Self {
        Memory { lu: None, cholesky: None, eigh: None, svd: None }
    }
}

/// Larger tensors are not remembered: the memory would outlive them.
const REMEMBERED: usize = 1 << 16;

/// The factorisations of a float type. All matrices are row-major.
#[doc(hidden)]
pub trait Factor: Sized {
    fn memory<R>(f: impl FnOnce(&RefCell<Memory<Self>>) -> R) -> Option<R>
    where
        Self: Float;
    fn lu(a: &[Self], n: usize) -> Lu<Self>;
    fn cholesky(a: &[Self], n: usize) -> Result<Vec<Self>, usize>;
    fn qr(a: &[Self], m: usize, n: usize) -> Vec<Self>;
    /// `None` if there is a NaN or an infinity, or the iteration does not converge.
    fn eigh(a: &[Self], n: usize) -> Option<EighParts<Self>>;
    /// As `eigh`.
    fn svd(a: &[Self], m: usize, n: usize) -> Option<SvdParts<Self>>;
}

macro_rules! factor {
    ($($f:ident)*) => { $(const _: () = {
        thread_local! {
            static MEMORY: RefCell<Memory<$f>> = const { RefCell::new(Memory::new()) };
        }
        impl Factor for $f {
            fn memory<R>(f: impl FnOnce(&RefCell<Memory<Self>>) -> R) -> Option<R> {
                MEMORY.try_with(f).ok()
            }
            fn lu(a: &[Self], n: usize) -> Lu<Self> {
                lu(a, n)
            }
            fn cholesky(a: &[Self], n: usize) -> Result<Vec<Self>, usize> {
                cholesky(a, n)
            }
            fn qr(a: &[Self], m: usize, n: usize) -> Vec<Self> {
                qr(a, m, n)
            }
            fn eigh(a: &[Self], n: usize) -> Option<EighParts<Self>> {
                if !a.iter().all(|x| x.is_finite()) {
                    return None;
                }
                eigh(a, n)
            }
            fn svd(a: &[Self], m: usize, n: usize) -> Option<SvdParts<Self>> {
                if !a.iter().all(|x| x.is_finite()) {
                    return None;
                }
                at_ordinary_size(a, |a| svd(a, m, n), |parts, unit| {
                    parts.iter_mut().flat_map(|p| &mut p.s).for_each(|s| *s *= unit);
                })
            }
        }
    };)* };
}
factor! { f32 f64 }

/// The power of two at or below the largest element; 1 if there is none but zeros, or one that is not finite.
pub(crate) fn power_of_two<F: Float>(a: &[F]) -> F {
    let size = |x: &F| num_traits::Float::abs(*x);
    let largest = a.iter().map(size).fold(F::zero(), |m, x| if x > m || x.is_nan() { x } else { m });
    match largest > F::zero() && num_traits::Float::is_finite(largest) {
        true => F::from_f64(float::power_of_two(largest.to_f64())),
        false => F::one(),
    }
}

/// Within this power of the largest power of two that a number may be, no square of a square over- or underflows.
const ORDINARY: f64 = 0.19;

/// A factorisation of a matrix that is brought to ordinary size by an even power of two, which rounds nothing, where
/// numbers inside it might over- or underflow; `back` undoes it.
fn at_ordinary_size<F: Float, T>(a: &[F], factorise: impl FnOnce(&[F]) -> T, back: impl FnOnce(&mut T, F)) -> T {
    let exponent = power_of_two(a).to_f64().log2();
    let range = <F as num_traits::Float>::max_value().to_f64().log2();
    if exponent.abs() <= ORDINARY * range {
        return factorise(a);
    }
    // The power itself and its inverse are normal numbers.
    let exponent = (exponent / 2.0).floor().clamp(4.0 - range / 2.0, range / 2.0 - 4.0) * 2.0;
    let unit = |sign: f64| F::from_f64((sign * exponent).exp2());
    let down = unit(-1.0);
    let scaled: Vec<F> = a.iter().map(|x| *x * down).collect();
    let mut parts = factorise(&scaled);
    back(&mut parts, unit(1.0));
    parts
}

fn rows<T: RealField + Copy>(a: MatRef<'_, T>) -> Vec<T> {
    (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| a[(i, j)])).collect()
}

fn lu<T: RealField + Copy + num_traits::Float>(a: &[T], n: usize) -> Lu<T> {
    let lu = PartialPivLu::new(MatRef::from_row_major_slice(a, n, n));
    let (l, u) = (lu.L(), lu.U());
    let both = (0..n).flat_map(|i| (0..n).map(move |j| if j < i { l[(i, j)] } else { u[(i, j)] })).collect();
    let rows: Vec<usize> = lu.P().arrays().0.to_vec();
    // A permutation is odd if it has an odd number of cycles of even length.
    let (mut seen, mut odd) = (vec![false; n], false);
    for start in 0..n {
        let (mut at, mut length) = (start, 0);
        while !seen[at] {
            seen[at] = true;
            at = rows[at];
            length += 1;
        }
        odd ^= length > 0 && length % 2 == 0;
    }
    let lu = Lu { lu: both, rows, odd };
    // A column without a pivot is divided by it.
    let is_nan = |a: &[T]| a.iter().any(|x| num_traits::Float::is_nan(*x));
    if is_nan(&lu.lu) && !is_nan(a) { eliminate(a, n) } else { lu }
}

fn cholesky<T: RealField + Copy>(a: &[T], n: usize) -> Result<Vec<T>, usize> {
    let faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index } =
        match Llt::new(MatRef::from_row_major_slice(a, n, n), Side::Lower) {
            Ok(llt) => return Ok(rows(llt.L())),
            Err(e) => e,
        };
    Err(index)
}

/// `Q` with the signs that make the diagonal of `R` positive.
fn qr<T: RealField + Copy + num_traits::Float>(a: &[T], m: usize, n: usize) -> Vec<T> {
    if m * n == 0 {
        return Vec::new();
    }
    let qr = Qr::new(MatRef::from_row_major_slice(a, m, n));
    let (mut q, r) = (qr.compute_thin_Q(), qr.thin_R());
    for j in 0..n {
        if r[(j, j)] < <T as num_traits::Zero>::zero() {
            flip(&mut q, j);
        }
    }
    rows(q.as_ref())
}

fn flip<T: RealField + Copy>(q: &mut Mat<T>, column: usize) {
    for i in 0..q.nrows() {
        q[(i, column)] = -q[(i, column)];
    }
}

/// Whether a vector is to be turned: the first of its elements that are at least half as large as its largest is
/// negative. A rule by the largest element alone would turn on rounding where two are equally large.
fn is_reversed<T: RealField + Copy + num_traits::Float>(q: &Mat<T>, column: usize) -> bool {
    let size = |i: usize| num_traits::Float::abs(q[(i, column)]);
    let largest = (0..q.nrows()).map(size).fold(<T as num_traits::Zero>::zero(), num_traits::Float::max);
    let first = (0..q.nrows()).find(|i| size(*i) + size(*i) >= largest);
    first.is_some_and(|i| q[(i, column)] < <T as num_traits::Zero>::zero())
}

fn eigh<T: RealField + Copy + num_traits::Float>(a: &[T], n: usize) -> Option<EighParts<T>> {
    if n == 0 {
        return Some(EighParts { w: Vec::new(), v: Vec::new() });
    }
    let eigen = SelfAdjointEigen::new(MatRef::from_row_major_slice(a, n, n), Side::Lower).ok()?;
    let mut v = eigen.U().to_owned();
    for j in 0..n {
        if is_reversed(&v, j) {
            flip(&mut v, j);
        }
    }
    let w = eigen.S().column_vector();
    Some(EighParts { w: (0..n).map(|i| w[i]).collect(), v: rows(v.as_ref()) })
}

fn svd<T: RealField + Copy + num_traits::Float>(a: &[T], m: usize, n: usize) -> Option<SvdParts<T>> {
    if m * n == 0 {
        return Some(SvdParts { u: Vec::new(), s: Vec::new(), v: Vec::new() });
    }
    let svd = Svd::new_thin(MatRef::from_row_major_slice(a, m, n)).ok()?;
    let (mut u, mut v) = (svd.U().to_owned(), svd.V().to_owned());
    for j in 0..m.min(n) {
        if is_reversed(&u, j) {
            flip(&mut u, j);
            flip(&mut v, j);
        }
    }
    let s = svd.S().column_vector();
    Some(SvdParts { u: rows(u.as_ref()), s: (0..m.min(n)).map(|i| s[i]).collect(), v: rows(v.as_ref()) })
}

/// The last two lengths of a tensor.
fn sides<F: Float>(a: &Tensor<F>) -> (usize, usize) {
    let shape = a.shape();
    (shape[shape.rank() - 2], shape[shape.rank() - 1])
}

/// The matrices of a batch.
pub(crate) fn matrices<F: Float>(a: &Tensor<F>) -> impl Iterator<Item = &[F]> {
    let (m, n) = sides(a);
    // `chunks_exact` gives none of size 0, and a batch of empty matrices may have any number.
    let count = product(&a.shape()[..a.rank() - 2]);
    let data = a.data();
    (0..count).map(move |k| &data[k * m * n..][..m * n])
}

/// What `make` makes of a tensor, or made of it last.
fn remembered<F: Float, T>(
    slot: fn(&mut Memory<F>) -> &mut Last<F, T>,
    a: &Tensor<F>,
    make: impl FnOnce() -> T,
) -> Rc<T> {
    let last = F::memory(|memory| match slot(&mut memory.borrow_mut()) {
        Some((of, made)) if of.is(a) => Some(Rc::clone(made)),
        _ => None,
    });
    if let Some(made) = last.flatten() {
        return made;
    }
    let made = Rc::new(make());
    if a.len() <= REMEMBERED {
        // What is forgotten is dropped after the borrow has ended.
        drop(F::memory(|memory| slot(&mut memory.borrow_mut()).replace((a.clone(), Rc::clone(&made)))));
    }
    made
}

/// The factorisation of every matrix of a batch of square ones.
pub(crate) fn lu_of<F: Float>(a: &Tensor<F>) -> Rc<Vec<Lu<F>>> {
    remembered(|m| &mut m.lu, a, || matrices(a).map(|x| F::lu(x, sides(a).0)).collect())
}

/// The lower factor of every matrix of a batch of symmetric ones, of which the mean of both triangles is read; or which
/// matrix is not positive definite, and at which row that shows.
pub(crate) fn cholesky_of<F: Float>(a: &Tensor<F>) -> Rc<Result<Vec<F>, (usize, usize)>> {
    let n = sides(a).0;
    remembered(
        |m| &mut m.cholesky,
        a,
        || {
            let mut all = Vec::with_capacity(a.len());
            for (k, x) in matrices(a).enumerate() {
                all.extend(F::cholesky(&symmetric(x, n), n).map_err(|row| (k, row))?);
            }
            Ok(all)
        },
    )
}

/// Values and vectors of every matrix of a batch of symmetric ones, of which the mean of both triangles is read; `None`
/// if the iteration does not converge.
pub(crate) fn eigh_of<F: Float>(a: &Tensor<F>) -> Rc<Option<Vec<EighParts<F>>>> {
    let n = sides(a).0;
    remembered(|m| &mut m.eigh, a, || matrices(a).map(|x| F::eigh(&symmetric(x, n), n)).collect())
}

/// The three factors of every matrix of a batch; `None` if the iteration does not converge.
pub(crate) fn svd_of<F: Float>(a: &Tensor<F>) -> Rc<Option<Vec<SvdParts<F>>>> {
    let (m, n) = sides(a);
    remembered(|m| &mut m.svd, a, || matrices(a).map(|x| F::svd(x, m, n)).collect())
}

/// `(a + aᵀ)/2`
fn symmetric<F: Float>(a: &[F], n: usize) -> Vec<F> {
    let half = F::from_f64(0.5);
    (0..n * n).map(|k| a[k] * half + a[k % n * n + k / n] * half).collect()
}
