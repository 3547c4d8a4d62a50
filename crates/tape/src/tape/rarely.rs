//! How a hot path calls what is off it.

/// Declares a function for what happens rarely, by a calling convention that leaves most vector registers to the caller.
///
/// On x86-64 Linux and macOS a call of any function may change every vector register. A path that is never taken, but
/// comes back, then costs the hot path dearly: what lives across it is kept in memory, and each number that a formula
/// passes on is written and read again. The convention `win64` keeps ten of them. It can be used on every system of that
/// processor; the conventions of others keep some registers as they are.
///
/// Such a function must not panic, since that ends the process. It returns an error in a box, which is one register, and
/// its caller raises that.
macro_rules! rarely {
    ($(#[$meta:meta])* $visibility:vis extern fn $($rest:tt)*) => {
        #[cfg(target_arch = "x86_64")]
        $(#[$meta])*
        #[cold]
        #[inline(never)]
        $visibility extern "win64" fn $($rest)*

        #[cfg(not(target_arch = "x86_64"))]
        $(#[$meta])*
        #[cold]
        #[inline(never)]
        $visibility extern "C" fn $($rest)*
    };
}

pub(super) use rarely;
