//! Ctrl-C, and being asked to end by the system.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wengert::nn::{Error, on_interrupt};

use crate::output;

/// A flag that the first Ctrl-C sets. The second one ends the process.
pub(crate) fn flag() -> Result<Arc<AtomicBool>, Error> {
    on_interrupt(|| output::say("\nstopping after this step, then saving; Ctrl-C again ends at once"))
}
