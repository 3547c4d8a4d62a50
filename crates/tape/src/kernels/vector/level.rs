//! Which instructions the processor has, and the loops for it.

#![allow(unsafe_code)] // what is compiled for a processor is called where it is found to be one

use std::sync::OnceLock;

use super::registers::{Function, Registers, Step};
use super::{Binary, Unary, loops};
use crate::rule::number::Num;
use crate::rule::real::Real;

/// A set of instructions.
#[derive(Clone, Copy, Debug)]
enum Level {
    /// What every processor of the target has.
    Plain,
    /// AVX2 and FMA: x86-64-v3.
    V3,
    /// AVX-512: x86-64-v4.
    V4,
}

/// The highest that the processor has; [`Level::Plain`] where `WENGERT_KERNELS` is `plain`.
#[inline]
fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| match plain_is_asked_for() {
        true => Level::Plain,
        false => found(),
    })
}

/// Whether `WENGERT_KERNELS` is `plain`: then no instruction is taken that not every processor has.
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
    /// Steps over a tile of `len` numbers, in registers that lie `stride` apart: what each reads are numbers, operands, and registers
    /// that earlier ones have written.
    fn steps(list: &[Step], numbers: &[Self], tiles: &[&[Self]], registers: &mut [Self], lengths: (usize, usize));
}

/// The loops for one level of processor, compiled for its instructions.
macro_rules! at_level {
    ($level:ident $float:ident $(#[$feature:meta])?) => {
        pub(super) mod $level {
            use super::super::{Binary, Function, Num, Real, Registers, Step, Unary, loops};

            $(#[$feature])?
            pub(in super::super) fn unary(f: Unary, x: &[$float], y: &mut [$float]) {
                loops::unary(f, x, y);
            }
            $(#[$feature])?
            pub(in super::super) fn binary(f: Binary, a: &[$float], b: &[$float], y: &mut [$float]) {
                loops::binary(f, a, b, y);
            }
            $(#[$feature])?
            pub(in super::super) fn select(mask: &[$float], a: &[$float], b: &[$float], y: &mut [$float]) {
                loops::select(mask, a, b, y);
            }
            $(#[$feature])?
            pub(in super::super) fn add_to(y: &mut [$float], x: &[$float]) {
                loops::add_to(y, x);
            }
            $(#[$feature])?
            pub(in super::super) fn steps(
                list: &[Step],
                numbers: &[$float],
                tiles: &[&[$float]],
                registers: &mut [$float],
                lengths: (usize, usize),
            ) {
                for step in list {
                    let (registers, y) = Registers::around(registers, step, lengths);
                    let [a, b, c] = step.from;
                    let read = |source| registers.read(source, numbers, tiles);
                    match step.function {
                        Function::Unary(f) => unary(f, read(a), y),
                        Function::Binary(f) => binary(f, read(a), read(b), y),
                        Function::Select => select(read(a), read(b), read(c), y),
                        Function::Repeat => y.fill(read(a)[0]),
                        Function::Polygamma(order) => {
                            y.iter_mut().zip(read(a)).for_each(|(y, x)| *y = Num(*x).polygamma(order).0);
                        }
                    }
                }
            }
        }
    };
}

/// For each float type, each loop at each level of processor.
macro_rules! loops_at_levels {
    ($module:ident $float:ident: $(fn $name:ident($($arg:ident: $type:ty),*);)*) => {
        /// The loops for this float type, at a level that the processor has.
        mod $module {
            use super::{Binary, Level, Step, Unary};

            at_level! { plain $float }
            #[cfg(target_arch = "x86_64")]
            at_level! { v3 $float #[target_feature(enable = "avx2,fma,bmi2")] }
            #[cfg(target_arch = "x86_64")]
            at_level! { v4 $float #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2")] }

            $(
                #[inline]
                pub(super) fn $name(level: Level, $($arg: $type),*) {
                    match level {
                        // SAFETY: `found` has asked the processor for every feature that is named above.
                        #[cfg(target_arch = "x86_64")]
                        Level::V4 => unsafe { v4::$name($($arg),*) },
                        // SAFETY: likewise.
                        #[cfg(target_arch = "x86_64")]
                        Level::V3 => unsafe { v3::$name($($arg),*) },
                        _ => plain::$name($($arg),*),
                    }
                }
            )*
        }

        impl Vector for $float {
            $(
                fn $name($($arg: $type),*) {
                    $module::$name(level(), $($arg),*);
                }
            )*
        }
    };
}
macro_rules! vectors {
    ($($module:ident $float:ident)*) => { $(
        loops_at_levels! { $module $float:
            fn unary(f: Unary, x: &[$float], y: &mut [$float]);
            fn binary(f: Binary, a: &[$float], b: &[$float], y: &mut [$float]);
            fn select(mask: &[$float], a: &[$float], b: &[$float], y: &mut [$float]);
            fn add_to(y: &mut [$float], x: &[$float]);
            fn steps(
                list: &[Step],
                numbers: &[$float],
                tiles: &[&[$float]],
                registers: &mut [$float],
                lengths: (usize, usize)
            );
        }
    )* };
}
vectors! { single f32 double f64 }

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all sizes and signs, and those that are none.
    fn numbers() -> Vec<f64> {
        let ends = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MIN_POSITIVE, f64::MAX];
        let sizes = (-300..300).map(|k| 1.37 * 10_f64.powf(f64::from(k) / 10.0));
        ends.into_iter().chain(sizes.flat_map(|x| [x, -x])).collect()
    }

    /// Every function has the same bits at every level that the processor has.
    #[test]
    fn levels_have_the_same_bits() {
        let lower = [Level::Plain, Level::V3, Level::V4].into_iter().take(found() as usize + 1);
        let (x, z) = (numbers(), numbers().into_iter().rev().collect::<Vec<_>>());
        let [x32, z32] = [&x, &z].map(|x| x.iter().map(|x| *x as f32).collect::<Vec<_>>());
        // of what is no number there are many, which say the same
        let bits = |y: &f64| if y.is_nan() { f64::NAN.to_bits() } else { y.to_bits() };
        let bits32 = |y: &f32| if y.is_nan() { f32::NAN.to_bits() } else { y.to_bits() };
        let of = |level: Level| {
            let (mut all, mut all32) = (Vec::new(), Vec::new());
            let (mut y, mut y32) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            for f in Unary::ALL {
                double::unary(level, f, &x, &mut y);
                single::unary(level, f, &x32, &mut y32);
                all.push(y.iter().map(bits).collect::<Vec<_>>());
                all32.push(y32.iter().map(bits32).collect::<Vec<_>>());
            }
            for f in Binary::ALL {
                double::binary(level, f, &x, &z, &mut y);
                single::binary(level, f, &x32, &z32, &mut y32);
                all.push(y.iter().map(bits).collect());
                all32.push(y32.iter().map(bits32).collect());
            }
            (all, all32)
        };
        let plain = of(Level::Plain);
        for level in lower {
            let (found, found32) = of(level);
            for k in 0..plain.0.len() {
                let first = found[k].iter().zip(&plain.0[k]).position(|(a, b)| a != b);
                let first32 = found32[k].iter().zip(&plain.1[k]).position(|(a, b)| a != b);
                assert!(first.is_none() && first32.is_none(), "function {k} at {level:?}: {first:?} {first32:?}");
            }
        }
    }
}
