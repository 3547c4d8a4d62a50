//! What is done with gradients before a step: lengths, limits, one vector of all.

use std::ops::Range;

use super::Gradients;
use crate::kernels::groups::length;
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::tape::node_map::NodeMap;
use crate::tensor::float::Float;

impl<F: Float> Gradients<F> {
    /// The gradients of the leaves, of numbers and of tensors.
    fn of_leaves(&self) -> impl Iterator<Item = &[F]> {
        let tensors = self.tensors.iter().filter(|(id, _)| self.leaves.contains(*id)).map(|(_, g)| g.data());
        std::iter::once(&self.scalars[..]).chain(tensors)
    }

    /// The length of the gradients of all leaves, parameters among them, as one vector.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let (a, w) = (tape.scalar(1.0), tape.var(Tensor::from([1.0, 1.0])));
    /// let g = (a * 2.0 + (w * Tensor::from([3.0, 6.0])).sum()).backward();
    /// assert_eq!(g.norm(), 7.0);
    /// ```
    pub fn norm(&self) -> F {
        F::from_f64(self.length())
    }

    /// [`norm`](Self::norm) in `f64`, which holds that of the largest numbers of `f32`.
    fn length(&self) -> f64 {
        length(|| self.of_leaves().flatten().map(|x| Float::to_f64(*x)))
    }

    fn each(&mut self, f: impl Fn(F) -> F) {
        self.scalars.iter_mut().chain(self.kept.values_mut()).for_each(|x| *x = f(*x));
        self.tensors.values_mut().flat_map(|t| t.data_mut()).for_each(|x| *x = f(*x));
    }

    /// Multiplies every gradient with a number.
    pub fn scale(&mut self, factor: f64) {
        let factor = F::from_f64(factor);
        self.each(|x| x * factor);
    }

    /// Shortens the gradients, as one vector, to a length of at most `limit`, and returns the length before. As PyTorch's
    /// `clip_grad_norm_`, the factor is `limit / (length + 10⁻⁶)`; for a length below 1 it is `limit / (length · (1 + 10⁻⁶))`,
    /// so that short gradients are not cut to nothing.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let w = tape.var(Tensor::from([3.0, 4.0]));
    /// let mut g = (w * w).sum().backward();
    /// assert_eq!(g.clip_norm(5.0), 10.0);
    /// assert!((g.norm() - 5.0).abs() < 1e-6);
    /// ```
    pub fn clip_norm(&mut self, limit: f64) -> F {
        let length = self.length();
        let longer = length + 1e-6 * length.min(1.0);
        if limit < longer {
            // The factor alone might underflow.
            self.each(|x| F::from_f64(Float::to_f64(x) / longer * limit));
        }
        F::from_f64(length)
    }

    /// Cuts every number to between −`limit` and `limit`. NaN stays.
    pub fn clip_value(&mut self, limit: f64) {
        let limit = F::from_f64(limit);
        self.each(|x| {
            if x > limit {
                limit
            } else if x < -limit {
                -limit
            } else {
                x
            }
        });
    }

    /// The gradients of all leaves that the output reaches, one after another in the order in which the leaves were
    /// recorded, and the name and place of each. A parameter has the name that `name` gives it, or its number; another
    /// leaf that of its source line.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (w, b) = (Param::new(Tensor::from([[1.0, 2.0]])), Param::new(Tensor::from([0.5])));
    /// let tape = Tape::new();
    /// let x = tape.input(Tensor::from([[3.0, 4.0]]));
    /// let g = ((x * x.lift(&w)).sum() + x.lift(&b).sum()).backward();
    /// let vector = g.vector(|id| (id == w.id()).then(|| "weight".to_owned()));
    /// assert_eq!(vector.values, [3.0, 4.0, 1.0]);
    /// assert_eq!((vector.parts[0].name.as_str(), vector.parts[0].range.clone()), ("weight", 0..2));
    /// ```
    pub fn vector(&self, name: impl Fn(ParamId) -> Option<String>) -> GradientVector<F> {
        let params: NodeMap<ParamId> = self.params.iter().map(|(p, id)| (*id, *p)).collect();
        let mut found: Vec<(u32, String, Shape, &[F])> = Vec::new();
        for (id, g) in self.tensors.iter() {
            let Some((line, _)) = self.leaves.get(id) else { continue };
            let name = match params.get(id) {
                Some(param) => name(*param).unwrap_or_else(|| param.to_string()),
                None => format!("var at {line}"),
            };
            found.push((id, name, g.shape().clone(), g.data()));
        }
        for (first, len, at) in &self.runs {
            let reached = (0..*len).filter(|k| self.unreached.binary_search(&(first + k)).is_err());
            found.extend(reached.map(|k| {
                let at = at + k as usize;
                (first + k, format!("scalar %{}", first + k), Shape::scalar(), &self.scalars[at..at + 1])
            }));
        }
        found.sort_by_key(|(id, ..)| *id);
        let mut vector = GradientVector { values: Vec::new(), parts: Vec::new() };
        for (_, name, shape, g) in found {
            let start = vector.values.len();
            vector.values.extend_from_slice(g);
            vector.parts.push(GradientPart { name, shape, range: start..vector.values.len() });
        }
        vector
    }

    /// Whether every gradient is finite.
    pub fn is_finite(&self) -> bool {
        let tensors = self.tensors.iter().flat_map(|(_, t)| t.data());
        self.scalars.iter().chain(tensors).all(|x| num_traits::Float::is_finite(*x))
    }
}

/// Gradients one after another: [`Gradients::vector`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientVector<F> {
    /// The numbers.
    pub values: Vec<F>,
    /// What they belong to, in order.
    pub parts: Vec<GradientPart>,
}

/// The gradient of one leaf in a [`GradientVector`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientPart {
    /// The name of the leaf.
    pub name: String,
    /// The shape of the leaf.
    pub shape: Shape,
    /// Where its gradient stands.
    pub range: Range<usize>,
}
