//! Work done ahead of time on another thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{IntoIter, sync_channel};
use std::thread::Scope;

/// The items of `items`, computed on a thread of their own up to `depth` items ahead of who takes them: loading and
/// batching beside training. The thread ends with the items, or soon after nobody takes them any more.
///
/// # Panics
/// A panic in `items` goes on, with its own message, in who takes the item.
///
/// # Examples
/// ```
/// use wengert_nn::data::ahead;
/// use wengert_nn::prelude::*;
/// let data = digits::<f32>();
/// let samples: usize = std::thread::scope(|scope| {
///     let batches = data.batches(32).shuffled(&mut generator(1));
///     ahead(scope, batches, 4).map(|(x, _)| x.shape()[0]).sum()
/// });
/// assert_eq!(samples, 1797);
/// ```
pub fn ahead<'scope, I>(scope: &'scope Scope<'scope, '_>, items: I, depth: usize) -> Ahead<I::Item>
where
    I: IntoIterator + Send + 'scope,
    I::Item: Send + 'scope,
{
    let (give, take) = sync_channel(depth);
    scope.spawn(move || {
        // Caught here: a scope whose thread panics says no more than that.
        let mut items = match catch_unwind(AssertUnwindSafe(|| items.into_iter())) {
            Ok(items) => items,
            Err(panic) => {
                let _ = give.send(Err(panic));
                return;
            }
        };
        loop {
            let item = match catch_unwind(AssertUnwindSafe(|| items.next())) {
                Ok(Some(item)) => Ok(item),
                Ok(None) => return,
                Err(panic) => Err(panic),
            };
            let ended = item.is_err();
            if give.send(item).is_err() || ended {
                return;
            }
        }
    });
    Ahead(take.into_iter())
}

/// Items that another thread computes: [`ahead`].
///
/// # Examples
/// ```
/// use wengert_nn::data::{Ahead, ahead};
/// std::thread::scope(|scope| {
///     let squares: Ahead<u32> = ahead(scope, (1..4).map(|k| k * k), 2);
///     assert_eq!(squares.collect::<Vec<_>>(), [1, 4, 9]);
/// });
/// ```
#[derive(Debug)]
pub struct Ahead<T>(IntoIter<Result<T, Box<dyn Any + Send>>>);

impl<T> Iterator for Ahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|item| item.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}
