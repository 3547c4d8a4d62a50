//! Classes as a distribution over the classes.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Classes as a distribution: along a new axis 1 (axis 0 of a single class) stand `1 − smoothing` at the class and
/// `smoothing / count` at every class, each times the weight of its class; zeros for the ignored class.
///
/// | argument | shape |
/// | --- | --- |
/// | classes | `[batch, …]`, or `[]` |
/// | result | `[batch, count, …]`, or `[count]` |
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ClassTargets {
    /// The number of classes.
    pub count: usize,
    /// The class that counts for nothing.
    pub ignore: Option<i64>,
    /// The share that is given to all classes equally.
    pub smoothing: f64,
    /// The weight of each class; none is 1 for each.
    pub weights: Vec<f64>,
}

impl ClassTargets {
    /// The axis of the classes.
    #[inline]
    fn axis(classes: &Shape) -> usize {
        classes.rank().min(1)
    }

    /// The targets of `classes` beside the outputs `x`, of which there is one for each class along axis 1, or along the
    /// only axis.
    #[track_caller]
    pub(crate) fn of<A: Algebra>(&self, loss: &str, x: &A, classes: &A::Index) -> A {
        let (shape, given) = (x.shape(), A::shape_of_index(classes));
        let axis = shape.rank().saturating_sub(1).min(1);
        if shape.rank() == 0 || shape.without(axis) != given {
            let message = format!("outputs {shape} and classes {given} are not [n, m, …] and [n, …]");
            Error::shape(loss, message).raise()
        }
        let op = ClassTargets { count: shape[axis], ..self.clone() };
        // Beside recorded outputs the classes are recorded, and the targets of constant ones are a constant.
        A::apply(op, &[Arg::Index(classes)]).real()
    }
}

impl Op for ClassTargets {
    #[inline]
    fn name(&self) -> String {
        "class_targets".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("class_targets({}, {} classes)", args[0], self.count)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if !self.weights.is_empty() && self.weights.len() != self.count {
            let message = format!("{} weights for {} classes", self.weights.len(), self.count);
            return Err(Error::shape("class_targets", message));
        }
        if !(0.0..=1.0).contains(&self.smoothing) {
            let message = format!("smoothing {} is not between 0 and 1", self.smoothing);
            return Err(Error::shape("class_targets", message));
        }
        let axis = Self::axis(args[0]);
        let (before, after) = args[0].split_at(axis);
        Ok(before.iter().chain([&self.count]).chain(after).copied().collect())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        let fits = |class: &&i64| !(0..self.count as i64).contains(*class) && Some(**class) != self.ignore;
        match a.index(0).data().iter().find(fits) {
            None => Ok(()),
            Some(class) => Err(Error::shape("class_targets", format!("class {class} of {}", self.count))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let classes = a.index(0);
        let width = product(classes.shape().get(1..).unwrap_or_default());
        let weight = |k: usize| F::from_f64(self.weights.get(k).copied().unwrap_or(1.0));
        let share = F::from_f64(self.smoothing / self.count as f64);
        let at_class = F::from_f64(1.0 - self.smoothing);
        let mut out = Buffer::filled(classes.len() * self.count, F::zero());
        for (i, class) in classes.data().iter().enumerate().filter(|(_, class)| Some(**class) != self.ignore) {
            let (n, j) = (i / width.max(1), i % width.max(1));
            let at = |k: usize| (n * self.count + k) * width + j;
            if self.smoothing > 0.0 {
                (0..self.count).for_each(|k| out[at(k)] = share * weight(k));
            }
            out[at(*class as usize)] += at_class * weight(*class as usize);
        }
        let shape = Self::axis(classes.shape());
        let (before, after) = classes.shape().split_at(shape);
        let shape = before.iter().chain([&self.count]).chain(after).copied().collect();
        Tensor::from_parts(shape, out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |op: ClassTargets, classes: Tensor<i64>| Case::of(op).exactly(classes);
        let plain = |count| ClassTargets { count, ..ClassTargets::default() };
        vec![
            case(plain(3), Tensor::from([2, 0])),
            case(ClassTargets { ignore: Some(-100), smoothing: 0.3, ..plain(3) }, Tensor::from([1, -100])),
            case(ClassTargets { weights: vec![0.5, 2.0], ..plain(2) }, Tensor::from([[1, 0, 0], [1, 1, 0]])),
            case(plain(5), Tensor::from(4)),
            case(plain(3), Tensor::new([0], vec![])),
        ]
    }
}
