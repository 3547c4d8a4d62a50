//! What a file claims of its size, held against what there is.

use wengert_tape::check_bytes;

/// Deflate makes at most so many bytes of one: a match of 258 bytes takes a quarter of a byte.
const MOST_OF_ONE: u128 = 1032;

/// Refuses to unpack more than can be in so many packed bytes.
pub(crate) fn honest(claimed: u128, packed: usize) -> Result<(), String> {
    match claimed <= MOST_OF_ONE * packed as u128 {
        true => Ok(()),
        false => Err(format!("damaged: {packed} packed bytes cannot hold the {claimed} that are claimed")),
    }
}

/// Refuses to ask for more bytes than the engine's ceiling.
pub(crate) fn affordable(bytes: u128, what: &str) -> Result<(), String> {
    check_bytes(what, u64::try_from(bytes).unwrap_or(u64::MAX)).map_err(|e| e.to_string())
}

/// A list with room for so many, or an error where an allocation would end the program.
pub(crate) fn room<T>(count: u64) -> Result<Vec<T>, String> {
    let mut list = Vec::new();
    let refused = || format!("there is no memory for {count} numbers of {} bytes", size_of::<T>());
    list.try_reserve_exact(usize::try_from(count).map_err(|_| refused())?).map_err(|_| refused())?;
    Ok(list)
}
