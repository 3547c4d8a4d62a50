//! Parameters: tensors with an identity, which outlives any tape.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

#[cfg(feature = "check")]
use crate::rule::moved::Moved;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that no other parameter of the process has.
fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The identity of a [`Param`]. [Tied](Param::tied) parameters share it, a clone has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(u64);

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {}", self.0)
    }
}

/// A tensor that a model learns.
///
/// [`lift`](crate::Lift::lift) brings it to where another value lives. Lifted twice to one tape (tied or unrolled
/// weights) it is one leaf with one gradient, which [`Gradients::param`](crate::Gradients::param) returns by the
/// parameter's identity. Lifted, changed, and lifted again, it is a leaf for each value.
///
/// A clone is a copy: another parameter that begins with the same numbers. What is to stay one parameter in two places is
/// [tied](Self::tied). Tied parameters that are cloned one after the other, as a derived `Clone` of the model that holds
/// them does, are tied in the copy too.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let w = Param::new(Tensor::from([2.0, 3.0]));
/// let tape = Tape::new();
/// let x = tape.input(Tensor::from([1.0, -1.0]));
/// let y = (x.lift(&w) * x + x.lift(&w)).sum();
/// assert_eq!(y.backward().param(&w).unwrap().data(), [2.0, 0.0]);
///
/// let copy = w.clone();
/// let product = (x.lift(&w) * x.lift(&copy)).sum().backward();
/// assert_eq!(product.param(&copy).unwrap(), w.value());
/// ```
#[derive(Debug)]
pub struct Param<F: Float = f64> {
    /// One for all that are tied.
    identity: Arc<ParamId>,
    /// The number of this place among those that are tied.
    place: u64,
    value: Tensor<F>,
    frozen: bool,
    #[cfg(feature = "check")]
    moved: Moved<F>,
}

impl<F: Float> Param<F> {
    /// A parameter with a new identity.
    pub fn new(value: Tensor<F>) -> Self {
        Param {
            identity: Arc::new(ParamId(next())),
            place: next(),
            value,
            frozen: false,
            #[cfg(feature = "check")]
            moved: Moved::default(),
        }
    }

    /// The identity.
    pub fn id(&self) -> ParamId {
        end_copy();
        *self.identity
    }

    /// The current value.
    pub fn value(&self) -> &Tensor<F> {
        end_copy();
        self.current()
    }

    /// The value that the parameter has now, which a check may have moved on this thread.
    fn current(&self) -> &Tensor<F> {
        #[cfg(feature = "check")]
        if let Some(moved) = self.moved.value_of(*self.identity) {
            return moved;
        }
        &self.value
    }

    /// The current value, for an optimiser to change.
    pub fn value_mut(&mut self) -> &mut Tensor<F> {
        end_copy();
        #[cfg(feature = "check")]
        self.moved.forget();
        &mut self.value
    }

    /// The same parameter for another place of a model, or for a closure that must own what it uses: on a tape both are one
    /// leaf, and a step on a model that holds both changes it once.
    ///
    /// Each place has its value: what is written to one by hand is not seen in the other.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let embedding = Param::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// let output = embedding.tied();
    /// let tape = Tape::new();
    /// let x = tape.input(Tensor::from([[1.0, 1.0]]));
    /// let y = x.matmul(x.lift(&embedding)).matmul(x.lift(&output).t()).sum();
    /// assert_eq!(tape.len(), 6, "one leaf");
    /// assert_eq!(y.backward().param(&embedding)?, y.backward().param(&output)?);
    ///
    /// // a derived `Clone` of a model that holds both is two clones, one after the other
    /// let model = (embedding, output);
    /// let copy = model.clone();
    /// assert!(copy.0.id() == copy.1.id() && copy.0.id() != model.0.id());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn tied(&self) -> Self {
        end_copy();
        self.with(Arc::clone(&self.identity))
    }

    /// The value and whether it is frozen, with an identity.
    fn with(&self, identity: Arc<ParamId>) -> Self {
        Param { identity, frozen: self.frozen, ..Param::new(self.current().clone()) }
    }

    /// Whether the parameter is lifted as a constant and not learned.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Freezes or frees the parameter.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }
}

impl<F: Float> Clone for Param<F> {
    /// A copy: a parameter of its own, with the same value.
    fn clone(&self) -> Self {
        self.with(match Arc::strong_count(&self.identity) {
            1 => Arc::new(ParamId(next())),
            _ => copied(&self.identity, self.place),
        })
    }
}

/// A copy of tied parameters that has begun: a model is cloned field by field, and nobody says where it begins and ends.
struct Copy {
    of: ParamId,
    identity: Weak<ParamId>,
    /// The places that were copied.
    places: Vec<u64>,
}

thread_local! {
    /// The copies of tied parameters that were made since a parameter was last used.
    static COPIES: RefCell<Vec<Copy>> = const { RefCell::new(Vec::new()) };
}

/// The identity of a copy of one place of tied parameters: that of the copy of the other places, if one has begun and this
/// place is not in it yet.
fn copied(identity: &ParamId, place: u64) -> Arc<ParamId> {
    let join = |copies: &RefCell<Vec<Copy>>| {
        let mut copies = copies.borrow_mut();
        if let Some(copy) = copies.iter_mut().find(|copy| copy.of == *identity && !copy.places.contains(&place))
            && let Some(identity) = copy.identity.upgrade()
        {
            copy.places.push(place);
            return identity;
        }
        let begun = Arc::new(ParamId(next()));
        // A second copy of a place says that the first is complete.
        copies.retain(|copy| copy.of != *identity && copy.identity.strong_count() > 0);
        copies.push(Copy { of: *identity, identity: Arc::downgrade(&begun), places: vec![place] });
        begun
    };
    // While the thread ends, every copy stands alone.
    COPIES.try_with(join).unwrap_or_else(|_| Arc::new(ParamId(next())))
}

/// A parameter is used: what was being copied is complete.
fn end_copy() {
    let _ = COPIES.try_with(|copies| {
        let mut copies = copies.borrow_mut();
        if !copies.is_empty() {
            copies.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Model {
        first: Param,
        between: Param,
        last: Param,
    }

    fn tied() -> Model {
        let first = Param::new(Tensor::from([1.0, 2.0]));
        Model { between: Param::new(Tensor::from([3.0])), last: first.tied(), first }
    }

    /// Ids in pairs: of the tied parameters, and of all models.
    fn are_apart(models: &[&Model]) {
        let ids: Vec<[ParamId; 3]> = models.iter().map(|m| [m.first.id(), m.between.id(), m.last.id()]).collect();
        for (k, [first, between, last]) in ids.iter().enumerate() {
            assert_eq!(first, last, "model {k}");
            assert_ne!(first, between, "model {k}");
            for other in &ids[..k] {
                assert!(!other.contains(first) && !other.contains(between), "model {k}");
            }
        }
    }

    #[test]
    fn a_copy_of_a_tied_model_is_tied_and_apart() {
        let model = tied();
        let (a, b) = (model.clone(), model.clone());
        are_apart(&[&model, &a, &b, &a.clone()]);
        let many = vec![model.clone(); 4];
        are_apart(&many.iter().chain([&model]).collect::<Vec<_>>());
    }

    #[test]
    fn a_copy_of_one_place_is_joined_by_no_later_copy() {
        for place in [|m: &Model| m.first.clone(), |m: &Model| m.last.clone()] {
            let model = tied();
            let kept = place(&model);
            assert_eq!(kept.value(), model.first.value());
            let copy = model.clone();
            are_apart(&[&model, &copy]);
            assert!(kept.id() != model.first.id() && kept.id() != copy.first.id());
        }
    }

    #[test]
    fn clones_of_one_place_are_apart() {
        let model = tied();
        let (a, b) = (model.last.clone(), model.last.clone());
        assert_ne!(a.id(), b.id());
        let alone = Param::new(Tensor::from([1.0]));
        let (a, b) = (alone.clone(), alone.clone());
        assert!(a.id() != b.id() && a.id() != alone.id());
    }
}
