//! What a file claims of its size, held against what there is.

/// Deflate makes at most so many bytes of one: a match of 258 bytes takes a quarter of a byte.
const MOST_OF_ONE: u128 = 1032;

/// Refuses to unpack more than can be in so many packed bytes.
pub(crate) fn honest(claimed: u128, packed: usize) -> Result<(), String> {
    match claimed <= MOST_OF_ONE * packed as u128 {
        true => Ok(()),
        false => Err(format!("damaged: {packed} packed bytes cannot hold the {claimed} that are claimed")),
    }
}

/// The most bytes that may be asked for; refuses to ask for more.
pub(crate) fn affordable(bytes: u128, what: &str) -> Result<u64, String> {
    let most = ceiling();
    match bytes <= u128::from(most) {
        true => Ok(most),
        false => Err(format!(
            "{what} takes {bytes} bytes, more than the {most} that may be asked for at once (WENGERT_MAX_BYTES sets another limit)"
        )),
    }
}

/// A list with room for so many, or an error where an allocation would end the program.
pub(crate) fn room<T>(count: u64) -> Result<Vec<T>, String> {
    let mut list = Vec::new();
    let refused = || format!("there is no memory for {count} numbers of {} bytes", size_of::<T>());
    list.try_reserve_exact(usize::try_from(count).map_err(|_| refused())?).map_err(|_| refused())?;
    Ok(list)
}

/// The most bytes that may be asked for at once.
fn ceiling() -> u64 {
    /// Where the machine does not say how much memory it has.
    const UNKNOWN: u64 = 1 << 34;
    let set = std::env::var("WENGERT_MAX_BYTES").ok().and_then(|text| text.trim().parse().ok());
    set.or_else(|| Some(memory()? / 5 * 4)).unwrap_or(UNKNOWN)
}

/// The bytes of this machine's memory, where Linux says them.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
