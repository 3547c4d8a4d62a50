//! Normalisation: numbers brought to mean 0 and deviation 1 over some axes.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::groups::Groups;
use crate::ops::mean::terms;
use crate::ops::sum::reduced;
use crate::ops::{Axes, HypotExt, MeanTo, ReciprocalExt, RootMeanSquare};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y = (x − μ) / σ` over the axes along which a tensor of the given shape would repeat, with the mean μ and
/// `σ = √(mean of (x − μ)² + ε)`; μ = 0 if it is not `centred`. [`NormaliseInput`] is its rule.
///
/// Batch, layer, group and RMS normalisation are this operation over different axes, and a [`MulAdd`](crate::ops::MulAdd).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Normalise {
    /// The shape of the means, which broadcasts to that of `x`.
    pub shape: Shape,
    /// What is added to the variance, so that equal numbers can be divided by σ.
    pub epsilon: f64,
    /// Whether the mean is taken out.
    pub centred: bool,
}

/// The cotangent of `x` in [`Normalise`], `(g − mean of g − y · mean of g y) / σ`, without the mean of `g` if it is not
/// centred. It is linear in `g` and its own transpose: its rule by `g` is itself.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct NormaliseInput {
    /// What was normalised, and how.
    pub of: Normalise,
}

impl Normalise {
    /// μ and 1 / σ of each group.
    fn statistics<F: Float>(&self, x: &Tensor<F>, groups: &Groups<'_>) -> [Vec<F>; 2] {
        let means = match self.centred {
            true => groups.means(x.data(), groups.size()),
            false => Buffer::filled(self.shape.len_elements(), F::zero()),
        };
        let mut deviations = groups.roots(x.data(), &means, groups.size());
        let least = F::from_f64(self.epsilon.sqrt());
        let inverse = |d: F| num_traits::Float::recip(num_traits::Float::hypot(d, least));
        deviations.iter_mut().for_each(|d| *d = inverse(*d));
        [means, deviations]
    }

    /// The mean of each group.
    #[track_caller]
    fn mean<A: Algebra>(&self, x: A) -> A {
        MeanTo::of(&self.shape, &x)
    }

    /// 1 / σ of each group, and x − μ.
    #[track_caller]
    fn parts<A: Algebra>(&self, x: &A) -> (A, A) {
        let centred = if self.centred { x.clone() - self.mean(x.clone()) } else { x.clone() };
        let deviation =
            RootMeanSquare { shape: self.shape.clone(), terms: terms(&x.shape(), &self.shape) }.of(&centred);
        (deviation.hypot(self.epsilon.sqrt()).reciprocal(), centred)
    }

    #[track_caller]
    fn of<A: Algebra>(&self, x: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(x)]).real()
    }

    #[track_caller]
    fn input<A: Algebra>(&self, g: &A, x: &A) -> A {
        A::apply(NormaliseInput { of: self.clone() }, &[Arg::Real(g), Arg::Real(x)]).real()
    }
}

/// Refuses an ε that is negative or NaN.
#[inline]
pub(crate) fn not_negative(op: &str, epsilon: f64) -> Result<(), Error> {
    match epsilon >= 0.0 {
        true => Ok(()),
        false => Err(Error::shape(op, format!("epsilon {epsilon} is negative or not a number"))),
    }
}

impl Op for Normalise {
    #[inline]
    fn name(&self) -> String {
        if self.centred { "normalise" } else { "rms_normalise" }.into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}({}, {})", self.name(), args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        not_negative(&self.name(), self.epsilon)?;
        match self.shape.broadcasts_to(args[0]) {
            true => Ok(args[0].clone()),
            false => Err(Error::shape(self.name(), format!("{} does not broadcast to {}", self.shape, args[0]))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = &a[0];
        let groups = Groups::new(Tensor::shape(x), &self.shape);
        let [means, inverse] = self.statistics(x, &groups);
        let y = groups.map([x.data()], [&means, &inverse], |[x], [m, s]| (x - m) * s);
        [means, inverse].into_iter().for_each(Buffer::recycle);
        Tensor::from_parts(Tensor::shape(x).clone(), y).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        self.input(&g, &a[0])
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        self.input(&d, &a[0])
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let (inverse, centred) = self.parts(&a[0]);
        Some(centred * inverse)
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([6, args[0].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        samples().into_iter().map(|(op, x)| Case::of(op).real(x)).collect()
    }
}

/// Operations with shapes to try them at.
#[inline]
fn samples() -> Vec<(Normalise, Shape)> {
    let table: &[(&[usize], &[usize], f64, bool)] = &[
        (&[2, 3], &[2, 1], 1e-5, true),
        (&[5, 3], &[1, 3], 0.1, true),
        (&[2, 3, 5], &[1, 3, 1], 1e-5, true),
        (&[2, 11], &[2, 1], 1e-5, true),
        (&[3], &[], 1e-3, true),
        (&[0, 3], &[0, 1], 1e-5, true),
        (&[2, 3], &[2, 1], 1e-6, false),
        (&[5, 3], &[1, 3], 0.1, false),
    ];
    let case = |(x, to, epsilon, centred): &(&[usize], &[usize], f64, bool)| {
        (Normalise { shape: Shape::from(*to), epsilon: *epsilon, centred: *centred }, Shape::from(*x))
    };
    table.iter().map(case).collect()
}

impl Op for NormaliseInput {
    #[inline]
    fn name(&self) -> String {
        format!("{}_input", self.of.name())
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}({}, {}, {})", self.name(), args[0], args[1], self.of.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if args[0] != args[1] {
            return Err(Error::shape(self.name(), format!("a cotangent {} for {}", args[0], args[1])));
        }
        self.of.shape(&args[1..])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (g, x) = (&a[0], &a[1]);
        let groups = Groups::new(Tensor::shape(x), &self.of.shape);
        let [means, inverse] = self.of.statistics(x, &groups);
        let n = F::from_f64(groups.size());
        // y and not x − μ, whose product with g may overflow where that with y does not
        let terms = |[g, x]: [F; 2], [m, s]: [F; 2]| [g, g * ((x - m) * s)];
        let [mut g_mean, mut along] = groups.sums([g.data(), x.data()], [&means, &inverse], terms);
        along.iter_mut().for_each(|sum| *sum /= n);
        g_mean.iter_mut().for_each(|m| *m = if self.of.centred { *m / n } else { F::zero() });
        let parameters = [&means[..], &inverse, &g_mean, &along];
        let gx = groups.map([g.data(), x.data()], parameters, |[g, x], [m, s, mg, c]| (g - mg - (x - m) * s * c) * s);
        [means, inverse, g_mean, along].into_iter().for_each(Buffer::recycle);
        Tensor::from_parts(Tensor::shape(x).clone(), gx).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, h: A, a: Args<'_, A>, p: &A) -> A {
        let of = &self.of;
        let (g, x) = (&a[0], &a[1]);
        if arg == 0 {
            return of.input(&h, x);
        }
        // With P(d) = (d − mean d − y · mean(d y)) / σ, which is y's derivative along d, and σ's derivative mean(d y):
        // ⟨h, derivative of P(g) along d⟩ = ⟨d, −(mean(h P(g)) y + mean(g y) P(h) + mean(h y) P(g)) / σ⟩
        let (inverse, _) = of.parts(x);
        let y = of.of(x);
        let along_y = of.mean(h.clone() * p) * &y;
        let along_h = of.mean(g.clone() * &y) * of.input(&h, x);
        let along_p = of.mean(h * &y) * p;
        -((along_y + along_h + along_p) * inverse)
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, p: &A) -> A {
        let of = &self.of;
        let (g, x) = (&a[0], &a[1]);
        if arg == 0 {
            return of.input(&d, x);
        }
        let (inverse, _) = of.parts(x);
        let y = of.of(x);
        let dy = of.input(&d, x);
        let along_y = of.mean(g.clone() * &dy) * &y;
        let along_d = of.mean(g.clone() * &y) * &dy;
        let along_p = of.mean(d * &y) * p;
        -((along_y + along_d + along_p) * inverse)
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let of = &self.of;
        let (inverse, centred) = of.parts(&a[1]);
        let (g, y) = (a[0].clone(), centred * &inverse);
        let along = of.mean(g.clone() * &y) * y;
        let g = if of.centred { g.clone() - of.mean(g) } else { g };
        Some((g - along) * inverse)
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([13, args[0].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        samples().into_iter().map(|(of, x)| Case::of(NormaliseInput { of }).real(x.clone()).real(x)).collect()
    }
}

/// The methods of [`Normalise`].
pub trait NormaliseExt: Algebra {
    /// `(x − μ) / σ` over some axes, with the mean μ and `σ = √(variance + ε)`; the variance is that of the numbers
    /// themselves, divided by their count.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([[1.0, 3.0], [10.0, 10.0]]).normalise(1, 0.0625);
    /// assert!((y[[0, 0]] + 1.0 / 1.0625_f64.sqrt()).abs() < 1e-15);
    /// assert_eq!(y[[1, 0]], 0.0);
    /// ```
    #[track_caller]
    fn normalise(&self, axes: impl Into<Axes>, epsilon: f64) -> Self {
        let _called = called("normalise");
        let (shape, _) = reduced("normalise", &self.shape(), &axes.into());
        Normalise { shape, epsilon, centred: true }.of(self)
    }

    /// `x / √(mean of x² + ε)` over some axes.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([3.0, 4.0]).rms_normalise(0, 0.0);
    /// assert!((y[[0]] - 3.0 / 12.5_f64.sqrt()).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn rms_normalise(&self, axes: impl Into<Axes>, epsilon: f64) -> Self {
        let _called = called("rms_normalise");
        let (shape, _) = reduced("rms_normalise", &self.shape(), &axes.into());
        Normalise { shape, epsilon, centred: false }.of(self)
    }
}

impl<A: Algebra> NormaliseExt for A {}
