//! Which instructions the processor has, and the loops for it.

#![allow(unsafe_code)] // what is compiled for a processor is called where it is found to be one

use std::sync::OnceLock;

use super::{Binary, Unary, loops};

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor of the target has.
    Plain,
    /// AVX2 and FMA: x86-64-v3.
    V3,
    /// AVX-512: x86-64-v4.
    V4,
}

/// The highest that the processor has; [`Level::Plain`] where `WENGERT_KERNELS` is `plain`.
#[inline]
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| match plain_is_asked_for() {
        true => Level::Plain,
        false => found(),
    })
}

/// Whether `WENGERT_KERNELS` is `plain`: then nothing depends on the processor.
pub(crate) fn plain_is_asked_for() -> bool {
    static PLAIN: OnceLock<bool> = OnceLock::new();
    *PLAIN.get_or_init(|| std::env::var("WENGERT_KERNELS").is_ok_and(|kernels| kernels == "plain"))
}

#[cfg(target_arch = "x86_64")]
fn found() -> Level {
    let v3 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("bmi2");
    let v4 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (v3, v4) {
        (true, true) => Level::V4,
        (true, false) => Level::V3,
        _ => Level::Plain,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn found() -> Level {
    Level::Plain
}

/// Loops over slices, compiled once for each float type.
#[doc(hidden)]
pub trait Vector: Sized {
    /// `y[i] ← f(x[i])`
    fn unary(f: Unary, x: &[Self], y: &mut [Self]);
    /// `y[i] ← f(a[i], b[i])`, where one of the operands may be a single number.
    fn binary(f: Binary, a: &[Self], b: &[Self], y: &mut [Self]);
    /// `y[i] ← if mask[i] is not 0 { a[i] } else { b[i] }`
    fn select(mask: &[Self], a: &[Self], b: &[Self], y: &mut [Self]);
    /// `y[i] ← y[i] + x[i]`
    fn add_to(y: &mut [Self], x: &[Self]);
}

/// For each float type, each loop at each level of processor, and the choice between them.
macro_rules! vector {
    ($float:ident: $(fn $name:ident($($arg:ident: $type:ty),*);)*) => {
        impl Vector for $float {
            $(
                fn $name($($arg: $type),*) {
                    #[cfg(target_arch = "x86_64")]
                    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2")]
                    fn v4($($arg: $type),*) {
                        loops::$name($($arg),*);
                    }
                    #[cfg(target_arch = "x86_64")]
                    #[target_feature(enable = "avx2,fma,bmi2")]
                    fn v3($($arg: $type),*) {
                        loops::$name($($arg),*);
                    }
                    match level() {
                        // SAFETY: the level was found by asking the processor for every feature that is named above.
                        #[cfg(target_arch = "x86_64")]
                        Level::V4 => unsafe { v4($($arg),*) },
                        // SAFETY: likewise.
                        #[cfg(target_arch = "x86_64")]
                        Level::V3 => unsafe { v3($($arg),*) },
                        _ => loops::$name($($arg),*),
                    }
                }
            )*
        }
    };
}
macro_rules! vectors {
    ($($float:ident)*) => { $(
        vector! { $float:
            fn unary(f: Unary, x: &[$float], y: &mut [$float]);
            fn binary(f: Binary, a: &[$float], b: &[$float], y: &mut [$float]);
            fn select(mask: &[$float], a: &[$float], b: &[$float], y: &mut [$float]);
            fn add_to(y: &mut [$float], x: &[$float]);
        }
    )* };
}
vectors! { f32 f64 }
