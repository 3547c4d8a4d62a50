//! The reciprocal differences that derivatives of eigenvectors and singular vectors are made of.

use crate::error::Error;
use crate::ops::{PowerOfTwo, SqueezeExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{away_from_zero::rounding, column, row};

/// `y[…, i, j] = c/(wⱼ − wᵢ)`, or `c²/(wⱼ² − wᵢ²)`, and 0 for `i = j`, with `c` of shape `[…, 1, 1]` a constant of the size of
/// `w`, so that nothing over- or underflows: rejected where two values are equal or not told apart by the rounding of the
/// largest, since vectors have no derivative there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Gaps {
    /// Whether squares are compared: those of singular values, rather than eigenvalues.
    pub squares: bool,
}

impl Gaps {
    /// The gaps of values, and the size that they are taken at.
    #[track_caller]
    pub(super) fn of<A: Algebra>(self, w: &A) -> (A, A) {
        let size = PowerOfTwo::of(&row(w));
        (A::apply(self, &[Arg::Real(w), Arg::Real(&size)]).real(), size)
    }

    /// What the differences are of, as a change of `w` in direction `d` moves it.
    #[track_caller]
    fn moved<A: Algebra>(&self, d: A, w: &A, size: &A) -> A {
        let size = size.squeeze(-1);
        let d = d / &size;
        if self.squares { d * (w.clone() / size) * 2.0 } else { d }
    }
}

impl Op for Gaps {
    #[inline]
    fn name(&self) -> String {
        "gaps".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("gaps({}{})", args[0], if self.squares { "²" } else { "" })
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let Some(n) = args[0].last() else {
            return Err(Error::shape("gaps", "a number has no axis"));
        };
        let mut y = args[0].clone();
        y.push(*n);
        let batch = args[0].rank() - 1;
        match args[1].split_at_checked(batch) {
            Some((size, [1, 1])) if *size == args[0][..batch] => Ok(y),
            _ => Err(Error::shape("gaps", format!("a size of shape {} for values of shape {}", args[1], args[0]))),
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        let n = Tensor::shape(&a[0]).last().copied().unwrap_or(1);
        let (op, values) = if self.squares { ("svd", "singular values") } else { ("eigh", "eigenvalues") };
        for w in a[0].data().chunks_exact(n.max(1)) {
            let bound = rounding(w);
            let equal = |(i, j): &(usize, usize)| num_traits::Float::abs(w[*j] - w[*i]) <= bound;
            if let Some((i, j)) = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).find(equal) {
                let message = format!("{values} {i} and {j} are equal to rounding ({}); no derivative there", w[i]);
                return Err(Error::NoDerivative { op: op.into(), message });
            }
        }
        Ok(())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let n = shape.last().copied().unwrap_or(1);
        let gap = |wi: F, wj: F| (wj - wi) * if self.squares { wj + wi } else { F::one() };
        let reciprocal = |w: &[F], size: F, k: usize| match k / n == k % n {
            true => F::zero(),
            false => F::one() / gap(w[k / n] / size, w[k % n] / size),
        };
        let rows = a[0].data().chunks_exact(n.max(1)).zip(a[1].data());
        let out = rows.flat_map(|(w, size)| (0..n * n).map(move |k| reciprocal(w, *size, k))).collect();
        let mut y = shape.clone();
        y.push(n);
        Tensor::from_parts(y, out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[("dropped term", "the first element is on the diagonal, and 0 whatever the values")]
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let h = g * y * y;
        self.moved(h.sum_over(-1) - h.sum_over(-2), &a[0], &a[1])
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let e = self.moved(d, &a[0], &a[1]);
        (column(&e) - row(&e)) * y * y
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |squares, w: Tensor<f64>, size: f64| {
            let shape = w.shape()[..w.rank() - 1].iter().copied().chain([1, 1]).collect::<Shape>();
            Case::of(Gaps { squares }).exactly(w).exactly(Tensor::full(shape, size))
        };
        vec![
            case(false, Tensor::from([[-1.5, 0.5, 2.0], [0.3, 1.0, 4.0]]), 2.0),
            case(true, Tensor::from([3.0, 2.0, 0.5]), 2.0),
            case(true, Tensor::from([1.5]), 0.5),
            case(false, Tensor::zeros([0]), 1.0),
        ]
    }
}
