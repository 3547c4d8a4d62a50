//! Ctrl-C, and being asked to end by the system.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

/// The exit code of a program that Ctrl-C ended at once.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets. The second one ends the process.
pub(crate) fn flag() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        output::say("\nstopping after this step, then saving; Ctrl-C again ends at once");
    })?;
    Ok(flag)
}
