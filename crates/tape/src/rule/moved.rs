//! Another value for a parameter while a function runs: how a check measures what the function does with it.
//!
//! A model is borrowed by the function that is checked, and cannot be changed. So the parameter itself answers otherwise on
//! this thread, wherever it is read: where it is lifted to a tape, and where its numbers are taken beside it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::OnceLock;

use crate::rule::param::ParamId;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

thread_local! {
    /// The parameter that has another value on this thread, and that value.
    static MOVING: RefCell<Option<(ParamId, Box<dyn Any>)>> = const { RefCell::new(None) };
    /// Whether it was read since.
    static READ: Cell<bool> = const { Cell::new(false) };
}

/// Runs a function while a parameter has another value on this thread; `None` if nobody read it.
pub(crate) fn with_value<F: Float, T>(param: ParamId, value: Tensor<F>, run: impl FnOnce() -> T) -> Option<T> {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            MOVING.set(None);
        }
    }
    MOVING.set(Some((param, Box::new(value))));
    READ.set(false);
    let guard = Guard;
    let result = run();
    drop(guard);
    READ.get().then_some(result)
}

/// The other values that a parameter had. They live as long as it, or until it is changed, since who reads one borrows the
/// parameter.
pub(crate) struct Moved<F: Float>(OnceLock<Box<(Tensor<F>, Moved<F>)>>);

impl<F: Float> Moved<F> {
    /// The other value of the parameter `param`, whose values these are, if it has one now.
    pub(crate) fn value_of(&self, param: ParamId) -> Option<&Tensor<F>> {
        let value = MOVING.with_borrow(|moving| match moving {
            Some((id, value)) if *id == param => value.downcast_ref::<Tensor<F>>().cloned(),
            _ => None,
        })?;
        READ.set(true);
        let mut slot = self;
        loop {
            let (held, next) = &**slot.0.get_or_init(|| Box::new((value.clone(), Moved::default())));
            if held.is(&value) {
                return Some(held);
            }
            slot = next;
        }
    }

    /// Drops them.
    pub(crate) fn forget(&mut self) {
        self.0.take();
    }
}

impl<F: Float> Default for Moved<F> {
    fn default() -> Self {
        Moved(OnceLock::new())
    }
}

impl<F: Float> Clone for Moved<F> {
    /// A copy of a parameter begins without.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<F: Float> fmt::Debug for Moved<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moved")
    }
}
