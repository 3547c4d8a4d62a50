//! Whether a truth value holds somewhere, or everywhere, over axes.

use smallvec::SmallVec;

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::elementwise::for_each_row;
use crate::ops::Axes;
use crate::rule::algebra::{Algebra, Arg, Args, TruthValues};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Whether truth values hold somewhere, or everywhere, over axes. Of none, none holds and all do.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AnyOver {
    /// Whether every one must hold.
    pub every: bool,
    /// The axes.
    pub axes: SmallVec<[usize; 4]>,
    /// Whether the axes stay, with length 1.
    pub keep: bool,
}

impl AnyOver {
    /// The shape with the axes of length 1.
    #[inline]
    fn kept(&self, x: &Shape) -> Shape {
        self.axes.iter().fold(x.clone(), |s, k| s.with(*k, 1))
    }
}

impl Op for AnyOver {
    #[inline]
    fn name(&self) -> String {
        if self.every { "all" } else { "any" }.into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}({})", self.name(), args[0])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Mask]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        if let Some(axis) = self.axes.iter().find(|k| **k >= x.rank()) {
            return Err(Error::shape(self.name(), format!("axis {axis} of a tensor of rank {}", x.rank())));
        }
        Ok(match self.keep {
            true => self.kept(x),
            false => (0..x.rank()).filter(|k| !self.axes.contains(k)).map(|k| x[k]).collect(),
        })
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Mask
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (a.mask(0), a.mask(0).shape());
        let kept = self.kept(shape);
        let steps = kept.steps_in(shape);
        let (width, inner) = (shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(0));
        let mut out = vec![self.every; kept.len_elements()];
        let mut flat = 0;
        for_each_row(shape, [&steps[..]], |[at]| {
            for j in 0..width {
                let (found, x) = (&mut out[at + j * inner], x.data()[flat]);
                *found = if self.every { *found && x } else { *found || x };
                flat += 1;
            }
        });
        let y = self.shape(&[shape]).or_raise();
        Tensor::new(y, out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let x = Tensor::from([[true, false, true], [false, false, true]]);
        let case = |every, axes: &[usize], keep| Case::of(AnyOver { every, axes: axes.into(), keep });
        vec![
            case(false, &[1], false).exactly(x.clone()),
            case(false, &[0, 1], true).exactly(x.clone()),
            case(true, &[0], false).exactly(x.clone()),
            case(true, &[1], true).exactly(x),
            case(true, &[1], false).exactly(Tensor::new([2, 0], Vec::<bool>::new())),
        ]
    }
}

/// The methods of [`AnyOver`], on truth values.
pub trait AnyOverExt: TruthValues {
    /// Whether one of all holds, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let m = Tensor::from([true, false]);
    /// assert_eq!((m.any().item(), m.all().item()), (true, false));
    /// ```
    #[track_caller]
    fn any(&self) -> Self {
        let _called = called("any");
        over(self, false, whole(self), false)
    }

    /// Whether one holds over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let m = Tensor::from([[true, false], [false, false]]);
    /// assert_eq!(m.any_over(1).data(), [true, false]);
    /// ```
    #[track_caller]
    fn any_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("any_over");
        over(self, false, axes.into(), false)
    }

    /// Whether one holds over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn any_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("any_keeping");
        over(self, false, axes.into(), true)
    }

    /// Whether all hold, of rank 0.
    #[track_caller]
    fn all(&self) -> Self {
        let _called = called("all");
        over(self, true, whole(self), false)
    }

    /// Whether all hold over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let m = Tensor::from([[true, false], [true, true]]);
    /// assert_eq!(m.all_over(1).data(), [false, true]);
    /// ```
    #[track_caller]
    fn all_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("all_over");
        over(self, true, axes.into(), false)
    }

    /// Whether all hold over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn all_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("all_keeping");
        over(self, true, axes.into(), true)
    }
}

impl<M: TruthValues> AnyOverExt for M {}

/// Every axis.
#[track_caller]
fn whole<M: TruthValues>(mask: &M) -> Axes {
    let rank = M::Numbers::shape_of_mask(mask).rank();
    Axes::from(&(0..rank).collect::<Vec<usize>>()[..])
}

#[track_caller]
fn over<M: TruthValues>(mask: &M, every: bool, axes: Axes, keep: bool) -> M {
    let rank = M::Numbers::shape_of_mask(mask).rank();
    let name = if every { "all" } else { "any" };
    let axes = axes.resolve(name, rank).or_raise();
    M::Numbers::apply(AnyOver { every, axes, keep }, &[Arg::Mask(mask)]).mask()
}
