//! Ctrl-C, and being asked to end by the system.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// The exit code of a program that Ctrl-C ended at once.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets, or the system when it asks the program to end. A
/// [`Trainer`](crate::Trainer::stop) stops by it after a step and saves; a loop of one's own looks at it. `tell` is called then, on
/// a thread of its own, to say what happens. The second Ctrl-C ends the process at once, with exit code 130.
///
/// A process has one such handler, so that this is for programs, and not for libraries.
///
/// # Errors
/// [`Error::Interrupt`] if the process has a handler already, or the system allows none.
///
/// # Examples
/// ```
/// use std::sync::atomic::Ordering;
/// use wengert_nn::{on_interrupt, prelude::*};
/// let stop = on_interrupt(|| eprintln!("stopping after this step; Ctrl-C again ends at once"))?;
/// let (data, mut optimiser) = (xor::<f32>(), Adam::new(0.1));
/// let mut model = Mlp::<f32>::new(&[2, 8, 1], Activation::Tanh, &mut generator(1));
/// let history = Trainer::new(mse).epochs(5).stop(stop.clone()).train(&mut model, &mut optimiser, &data)?;
/// assert!(!history.stopped && !stop.load(Ordering::Relaxed));
/// assert!(on_interrupt(|| ()).is_err(), "there is one already");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn on_interrupt(tell: impl Fn() + Send + 'static) -> Result<Arc<AtomicBool>, Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    let handler = move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        tell();
    };
    match ctrlc::set_handler(handler) {
        Ok(()) => Ok(flag),
        Err(e) => Err(Error::Interrupt { message: e.to_string() }),
    }
}
