//! Keys of tapes: the one thing that the threads of a process share.
//!
//! A handle is a key and an id, in eight bytes, so a key has 30 bits; [`Tape::clear`](crate::Tape::clear) takes a new one, so that
//! what points into the old content is an error. A program that clears a tape for each gradient goes through all of them in an
//! hour, and one with a thread for each request must not take more of them than it has tapes. So keys come back:
//!
//! - A thread takes a *block* of keys at a time, and gives back at its end those that it did not come to. They are handed out
//!   first: they never had a tape.
//! - A block of which every key had its tape, and every tape is gone, stands in a queue. It is handed out again after all
//!   others, the one that has waited longest first.
//!
//! So a key has one tape at a time, and the next one only after about a thousand million other tapes: a handle that somebody
//! kept from the first while all of those came and went, and uses just then, would be taken for one of the second. That is
//! the one handle out of date that is not refused.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, ThreadId};

use super::store::GRADIENT_ONLY;
use crate::error::Error;

/// Keys that there are: a key has a bit below the number for `FOLDED` and one above for `GRADIENT_ONLY`.
const KEYS: u32 = 1 << 30;
/// Keys are handed to threads in blocks of this size.
const BLOCK: u32 = 1024;

/// What is known of each block that was ever handed out.
struct Block {
    /// The thread that took it last, for the message of a handle that is used on another.
    owner: ThreadId,
    /// How many of its keys had a tape that is gone, as far as threads have told.
    gone: u32,
}

/// The keys of a process that no thread has.
struct Stock {
    /// By their numbers.
    blocks: Vec<Block>,
    /// What ended threads left of their blocks.
    rests: Vec<Range<u32>>,
    /// Blocks of which all tapes are gone, the one that is so longest first.
    free: VecDeque<u32>,
    /// How many blocks there may be.
    most: u32,
}

static STOCK: Mutex<Stock> = Mutex::new(Stock::of(KEYS / BLOCK));

fn stock() -> MutexGuard<'static, Stock> {
    STOCK.lock().unwrap_or_else(|e| e.into_inner())
}

impl Stock {
    const fn of(blocks: u32) -> Self {
        Stock { blocks: Vec::new(), rests: Vec::new(), free: VecDeque::new(), most: blocks }
    }

    /// Keys of one block, for a thread.
    fn take(&mut self, thread: ThreadId) -> Result<Range<u32>, Error> {
        let fresh = self.blocks.len() as u32;
        let keys = match self.rests.pop() {
            Some(rest) => rest,
            None if fresh < self.most => {
                self.blocks.push(Block { owner: thread, gone: 0 });
                self.begin(fresh)
            }
            None => match self.free.pop_front() {
                Some(block) => self.begin(block),
                None => return Err(Error::KeysExhausted),
            },
        };
        self.blocks[(keys.start / BLOCK) as usize].owner = thread;
        Ok(keys)
    }

    /// All keys of a block. Key 0 is a constant without a tape: its tape is gone from the start.
    fn begin(&mut self, block: u32) -> Range<u32> {
        let first = block * BLOCK;
        self.blocks[block as usize].gone = u32::from(block == 0);
        first.max(1)..first + BLOCK
    }

    /// Notes that the tapes of so many keys of a block are gone.
    fn note_gone(&mut self, block: u32, count: u32) {
        let known = &mut self.blocks[block as usize];
        known.gone += count;
        if known.gone == BLOCK && count > 0 {
            self.free.push_back(block);
        }
    }
}

/// The keys of a thread and float type.
pub(super) struct Keys {
    /// Those that no tape has had.
    rest: Range<u32>,
    /// How many of the block that they are of had a tape that is gone.
    gone: u32,
}

impl Keys {
    pub(super) const fn none() -> Self {
        Keys { rest: 0..0, gone: 0 }
    }

    /// A key that no tape has: a number of 30 bits.
    pub(super) fn take(&mut self) -> Result<u32, Error> {
        if self.rest.is_empty() {
            self.take_from(&mut stock())?;
        }
        let key = self.rest.start;
        self.rest.start += 1;
        Ok(key)
    }

    fn take_from(&mut self, stock: &mut Stock) -> Result<(), Error> {
        self.tell(stock);
        self.rest = stock.take(thread::current().id())?;
        Ok(())
    }

    /// Takes back a key whose tape is gone.
    pub(super) fn give(&mut self, key: u32) {
        if !self.note(key) {
            stock().note_gone(key / BLOCK, 1);
        }
    }

    /// Notes here that a tape of the block in use is gone; else says no.
    fn note(&mut self, key: u32) -> bool {
        let is_here = self.block() == Some(key / BLOCK);
        self.gone += u32::from(is_here);
        is_here
    }

    /// The block in use. At its end `rest` is empty, and begins at the next.
    fn block(&self) -> Option<u32> {
        self.rest.end.checked_sub(1).map(|last| last / BLOCK)
    }

    /// Says which tapes of the block in use are gone.
    fn tell(&mut self, stock: &mut Stock) {
        if let Some(block) = self.block() {
            stock.note_gone(block, std::mem::take(&mut self.gone));
        }
    }

    /// Gives everything back, at the end of a thread.
    fn leave(&mut self, stock: &mut Stock) {
        self.tell(stock);
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            stock.rests.push(rest);
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A thread that made no tape has nothing to say.
        if self.block().is_some() {
            self.leave(&mut stock());
        }
    }
}

/// Why `key` has no tape here.
#[cold]
pub(super) fn missing(key: u32) -> Error {
    let stock = stock();
    match stock.blocks.get(((key & !GRADIENT_ONLY) >> 1) as usize / BLOCK as usize) {
        Some(block) if block.owner != thread::current().id() => Error::ForeignThread,
        _ => Error::StaleHandle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// A thread's keys, from a stock of the test's own.
    struct Thread(Keys);

    impl Thread {
        fn new() -> Self {
            Thread(Keys::none())
        }
        fn take(&mut self, stock: &mut Stock) -> Result<u32, Error> {
            if self.0.rest.is_empty() {
                self.0.take_from(stock)?;
            }
            self.0.take()
        }
        fn give(&mut self, stock: &mut Stock, key: u32) {
            if !self.0.note(key) {
                stock.note_gone(key / BLOCK, 1);
            }
        }
        fn end(mut self, stock: &mut Stock) {
            self.0.leave(stock);
            std::mem::forget(self); // what it has left is not the process's
        }
    }

    #[test]
    fn a_key_has_thirty_bits_and_is_not_that_of_a_constant() {
        let (mut stock, mut thread) = (Stock::of(KEYS / BLOCK), Thread::new());
        assert_eq!(thread.take(&mut stock).unwrap(), 1, "key 0 is a constant's");
        assert_eq!((stock.most - 1) * BLOCK + (BLOCK - 1), KEYS - 1);
        std::mem::forget(thread);
    }

    /// A tape that is cleared again and again, beside one that stays: keys come back, but never the one that is in use, and
    /// each only after nearly all others.
    #[test]
    fn clearing_for_ever_takes_no_more_keys_than_there_are() {
        const BLOCKS: u32 = 4;
        let (mut stock, mut thread) = (Stock::of(BLOCKS), Thread::new());
        let kept = thread.take(&mut stock).unwrap();
        let mut last = vec![None; (BLOCKS * BLOCK) as usize];
        let mut key = thread.take(&mut stock).unwrap();
        for turn in 0..100 * BLOCKS * BLOCK {
            // As `clear` does it: the new key first.
            let new = thread.take(&mut stock).unwrap();
            thread.give(&mut stock, key);
            assert!(new != kept && new != key && new != 0, "turn {turn}: {new}");
            if let Some(before) = last[new as usize].replace(turn) {
                assert!(turn - before > (BLOCKS - 2) * BLOCK, "key {new} after {} turns", turn - before);
            }
            key = new;
        }
        std::mem::forget(thread);
    }

    /// Threads that come and go, a hundred times as many as there are blocks and some at a time, take a key for each tape.
    #[test]
    fn a_thread_costs_the_keys_that_it_used() {
        let (mut stock, mut running) = (Stock::of(8), VecDeque::new());
        for turn in 0..2000 {
            let mut thread = Thread::new();
            let keys = [thread.take(&mut stock).unwrap(), thread.take(&mut stock).unwrap()];
            assert!(running.iter().all(|(_, others)| *others != keys), "turn {turn}");
            running.push_back((thread, keys));
            if running.len() == 4 {
                let Some((mut thread, keys)) = running.pop_front() else { unreachable!("four are running") };
                keys.into_iter().for_each(|key| thread.give(&mut stock, key));
                thread.end(&mut stock);
            }
        }
        // 4,000 keys were used.
        assert!(stock.blocks.len() <= 6, "{}", stock.blocks.len());
        running.into_iter().for_each(|(thread, _)| thread.end(&mut stock));
    }

    #[test]
    fn where_every_block_has_a_tape_there_are_no_keys() {
        let mut stock = Stock::of(3);
        let mut threads: Vec<Thread> = (0..3).map(|_| Thread::new()).collect();
        threads.iter_mut().for_each(|thread| assert!(thread.take(&mut stock).is_ok()));
        let mut late = Thread::new();
        let error = late.take(&mut stock).unwrap_err();
        assert!(matches!(error, Error::KeysExhausted));
        assert!(error.to_string().starts_with("tape keys exhausted: "), "{error}");
        threads.pop().into_iter().for_each(|thread| thread.end(&mut stock));
        assert!(late.take(&mut stock).is_ok(), "a thread has ended");
        threads.into_iter().chain([late]).for_each(std::mem::forget);
    }

    /// With real threads: two thousand of them, one after the other, take no more than a block or two. (Other tests of this
    /// program take some at the same time.)
    #[test]
    fn ended_threads_leave_their_keys() {
        let blocks = || stock().blocks.len();
        let before = blocks();
        for _ in 0..2000 {
            let value = thread::spawn(|| Tape::new().scalar(2.0).powi(3).value()).join();
            assert_eq!(value.ok(), Some(8.0));
        }
        assert!(blocks() - before < 200, "{} blocks", blocks() - before);
    }
}
