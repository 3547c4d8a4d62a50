//! What sees gradients on their way: [`Var::on_gradient`](crate::Var::on_gradient).

use std::cell::Cell;

use crate::error::Error;
use crate::tape::store::{self, Store};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

thread_local! {
    /// Whether a gradient is being shown: a sweep that is started meanwhile shows none, so that no hook calls itself.
    static SHOWING: Cell<bool> = const { Cell::new(false) };
}

/// Calls what was asked to see the gradient of a node.
pub(crate) fn run_hooks<F: Float>(key: u32, id: u32, g: &Tensor<F>) -> Result<(), Error> {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            SHOWING.set(false);
        }
    }
    let hooks = store::with_store(key, |store: &mut Store<F>| store.hooks.get(id).cloned())?;
    SHOWING.set(true);
    let _showing = Guard;
    hooks.iter().flatten().for_each(|hook| hook(g));
    Ok(())
}

/// The nodes whose gradients this sweep has to show, in ascending order.
pub(crate) fn hooked<F: Float>(key: u32) -> Result<Vec<u32>, Error> {
    if SHOWING.get() {
        return Ok(Vec::new());
    }
    store::with_store(key, |store: &mut Store<F>| store.hooks.ids())
}
