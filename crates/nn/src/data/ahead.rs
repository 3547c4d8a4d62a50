//! Work done ahead of time on another thread.

use std::sync::mpsc::{IntoIter, sync_channel};
use std::thread::Scope;

/// The items of `items`, computed on a thread of their own up to `depth` items ahead of who takes them: loading and
/// batching beside training. The thread ends with the items, or soon after nobody takes them any more.
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
pub fn ahead<'scope, I>(scope: &'scope Scope<'scope, '_>, items: I, depth: usize) -> IntoIter<I::Item>
where
    I: IntoIterator + Send + 'scope,
    I::Item: Send + 'scope,
{
    let (give, take) = sync_channel(depth);
    scope.spawn(move || {
        for item in items {
            if give.send(item).is_err() {
                return;
            }
        }
    });
    take.into_iter()
}
