//! What is done with gradients before a step: sums, lengths, limits, one vector of all.

use std::ops::Range;
use std::panic::Location;

use super::Gradients;
use crate::by_id::ById;
use crate::error::Error;
use crate::float::Float;
use crate::param::ParamId;
use crate::shape::Shape;
use crate::tape::store::CONSTANT;

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
        let squares = self.of_leaves().flatten().map(|x| Float::to_f64(*x).powi(2));
        F::from_f64(squares.sum::<f64>().sqrt())
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
    /// `clip_grad_norm_`, the factor is `limit / (length + 10⁻⁶)`.
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
        let norm = self.norm();
        let factor = limit / (norm.to_f64() + 1e-6);
        if factor < 1.0 {
            self.scale(factor);
        }
        norm
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

    /// Adds other gradients: of the same tape by leaf, of another tape (the next part of a batch) by parameter.
    ///
    /// # Errors
    /// [`Error::ForeignTape`] for gradients of another tape by leaves that are no parameters: which belongs to which is
    /// not known.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let w = Param::new(Tensor::from([1.0, 2.0]));
    /// let part = |x: Tensor| {
    ///     let tape = Tape::new();
    ///     let x = tape.input(x);
    ///     (x.lift(&w) * x).sum().backward()
    /// };
    /// let mut sum = part(Tensor::from([1.0, 0.0]));
    /// sum.accumulate(&part(Tensor::from([3.0, 4.0])))?;
    /// assert_eq!(sum.param(&w)?.data(), [4.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn accumulate(&mut self, other: &Gradients<F>) -> Result<(), Error> {
        let known: ById<ParamId> = other.params.iter().map(|(p, id)| (*id, *p)).collect();
        let own = self.key == other.key;
        let unknown = |id: u32| other.leaves.contains(id) && !known.contains(id);
        if !own && (!other.scalars.is_empty() || other.tensors.ids().into_iter().any(unknown)) {
            return Err(Error::ForeignTape);
        }
        for (id, g) in other.tensors.iter() {
            let place = match known.get(id) {
                _ if own => id,
                None => continue,
                Some(param) => match self.id_of(*param) {
                    Some(id) => id,
                    None => {
                        // An id that no node has: nodes are numbered from below.
                        let free = (0..CONSTANT).rev().find(|id| !self.tensors.contains(*id)).unwrap_or_default();
                        let at = self.params.partition_point(|(p, _)| p < param);
                        self.params.insert(at, (*param, free));
                        self.leaves.insert(free, other.leaves.get(id).copied().unwrap_or((Location::caller(), false)));
                        free
                    }
                },
            };
            match self.tensors.get_mut(place) {
                Some(sum) => *sum += g,
                None => self.tensors.insert(place, g.clone()),
            }
        }
        if own {
            self.accumulate_scalars(other);
        }
        Ok(())
    }

    /// Adds the gradients of numbers, of another output of the same tape.
    fn accumulate_scalars(&mut self, other: &Gradients<F>) {
        let mut ids: Vec<u32> =
            self.runs.iter().chain(&other.runs).flat_map(|(first, len, _)| *first..first + len).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        let sums: Vec<Option<F>> = ids
            .iter()
            .map(|id| match (self.scalar(*id), other.scalar(*id)) {
                (Some(a), Some(b)) => Some(*a + *b),
                (a, b) => a.or(b).copied(),
            })
            .collect();
        self.unreached = ids.iter().zip(&sums).filter(|(_, g)| g.is_none()).map(|(id, _)| *id).rev().collect();
        self.reached = match (self.reached.take(), &other.reached) {
            (Some(mut ids), Some(others)) => {
                ids.extend(others);
                ids.sort_unstable_by(|a, b| b.cmp(a));
                ids.dedup();
                Some(ids)
            }
            _ => None,
        };
        self.direct = 0;
        self.scalars = sums.iter().map(|g| g.unwrap_or_else(F::zero)).collect();
        self.runs = ids.iter().enumerate().map(|(at, id)| (*id, 1, at)).collect();
        for (id, g) in other.kept.iter() {
            *self.kept.get_or_insert_with(id, F::zero) += *g;
        }
        self.root = self.root.max(other.root);
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
        let params: ById<ParamId> = self.params.iter().map(|(p, id)| (*id, *p)).collect();
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
