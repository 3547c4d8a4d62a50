//! Keys of tapes, which are never used twice: the one thing that the threads of a process share.

use std::ops::Range;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use super::store::GRADIENT_ONLY;
use crate::error::Error;

/// Tapes that a process can make: a key has a bit below the number for `FOLDED` and one above for `GRADIENT_ONLY`.
const KEYS: u32 = 1 << 30;
/// Keys are handed to threads in blocks of this size.
const KEY_BLOCK: u32 = 1024;

/// Which thread owns each block of keys, for the message of a handle that is used on another.
static OWNERS: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

pub(super) fn new_block() -> Result<Range<u32>, Error> {
    let mut owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    block_of(thread::current().id(), &mut owners)
}

/// The next block of keys, for a thread.
fn block_of(thread: ThreadId, owners: &mut Vec<ThreadId>) -> Result<Range<u32>, Error> {
    let block = owners.len() as u32;
    if block >= KEYS / KEY_BLOCK {
        return Err(Error::KeysExhausted);
    }
    owners.push(thread);
    // Key 0 is a constant without a tape.
    let first = block * KEY_BLOCK;
    Ok(first.max(1)..first + KEY_BLOCK)
}

/// Why `key` has no tape here.
#[cold]
pub(super) fn missing(key: u32) -> Error {
    let owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    match owners.get(((key & !GRADIENT_ONLY) >> 1) as usize / KEY_BLOCK as usize) {
        Some(owner) if *owner != thread::current().id() => Error::ForeignThread,
        _ => Error::StaleHandle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_until_they_run_out() {
        let here = thread::current().id();
        let mut owners = Vec::new();
        assert_eq!(block_of(here, &mut owners).unwrap(), 1..KEY_BLOCK, "key 0 is a constant's");
        assert_eq!(block_of(here, &mut owners).unwrap(), KEY_BLOCK..2 * KEY_BLOCK);
        owners.resize((KEYS / KEY_BLOCK) as usize - 1, here);
        let last = block_of(here, &mut owners).unwrap();
        assert_eq!(last.end, KEYS, "a key has 30 bits between one that says folded and one that says gradient-only");
        for _ in 0..2 {
            let error = block_of(here, &mut owners).unwrap_err();
            assert!(matches!(error, Error::KeysExhausted));
            let expected = "tape keys exhausted: this process made or cleared a thousand million tapes";
            assert_eq!(error.to_string(), expected);
        }
    }
}
