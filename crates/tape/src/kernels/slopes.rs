//! The records of a gradient-only tape: for each number its parents and the derivatives by them, in few words.
//!
//! A record describes the number whose id is one more than that of the record before. Records are read backwards, so
//! what kind a record is stands in its last word, above the id of a parent. In words of 32 bits, `s` and `t` being slopes
//! (one word each in `f32`, two in `f64`):
//!
//! | kind | words | the number depends on |
//! | --- | --- | --- |
//! | `PAIR` | `s t p q` | `p` by `s`, `q` by `t` |
//! | `STEEP` | `s t p q` | the same, where a slope may be infinite or NaN |
//! | `UNITS` | `p q` | `p` by 1, `q` by 1 |
//! | `RUN` | `p step q` | `p`, `p + step`, …, `q`, each by 1 |
//! | `GAP` | `count` | nothing: `count` ids belong to leaves or tensors |
//!
//! There are no more kinds because choosing one costs more instructions than it saves words (docs/decisions/0012).

#![allow(unsafe_code)] // records are written and read through pointers

use super::prefetch::{AHEAD, prefetch};
use crate::rule::number::Num;
use crate::rule::real::Real;
use crate::tensor::float::Float;

/// Ids are below this; the bits above hold the kind.
pub(crate) const IDS: u32 = 1 << KIND_SHIFT;
const KIND_SHIFT: u32 = 29;

const PAIR: u32 = 0;
const UNITS: u32 = 1;
const RUN: u32 = 2;
const STEEP: u32 = 3;
const GAP: u32 = 7;

/// No record has more words.
pub(crate) const LONGEST: usize = 6;

/// Words of a slope.
const fn width<F>() -> usize {
    size_of::<F>() / size_of::<u32>()
}

/// The word before the first record of a piece, where a walk backwards ends.
pub(crate) const BEGIN: u32 = GAP << KIND_SHIFT;

/// Appends the record of a number that depends on `p` by `s` and on `q` by `t`, both finite. Returns where it ends.
///
/// # Safety
/// There is room for [`LONGEST`] words at `at`, which nothing else refers to.
#[inline(always)]
pub(crate) unsafe fn write_pair<F: Float>(at: *mut u32, (p, s): (u32, F), (q, t): (u32, F)) -> *mut u32 {
    let wide = width::<F>();
    // SAFETY: two slopes and two ids are written, which the caller has made room for; words are aligned to 4 bytes and a
    // slope may be to 8.
    unsafe {
        at.cast::<F>().write_unaligned(s);
        at.add(wide).cast::<F>().write_unaligned(t);
        at.add(2 * wide).write(p);
        at.add(2 * wide + 1).write(PAIR << KIND_SHIFT | q);
        at.add(2 * wide + 2)
    }
}

/// [`write_pair`] for slopes of which one may be infinite or NaN: a zero adjoint gives nothing by them.
///
/// # Safety
/// As [`write_pair`].
pub(crate) unsafe fn write_steep<F: Float>(at: *mut u32, p: (u32, F), q: (u32, F)) -> *mut u32 {
    // SAFETY: the caller's promise; the last word was just written.
    unsafe {
        let end = write_pair(at, p, q);
        *end.sub(1) |= STEEP << KIND_SHIFT;
        end
    }
}

/// Appends the record of a number that is the sum of `p` and `q`. Returns where it ends.
///
/// # Safety
/// As [`write_pair`].
#[inline(always)]
pub(crate) unsafe fn write_units(at: *mut u32, p: u32, q: u32) -> *mut u32 {
    // SAFETY: two words are written, which the caller has made room for.
    unsafe {
        at.write(p);
        at.add(1).write(UNITS << KIND_SHIFT | q);
        at.add(2)
    }
}

/// Appends the record of a number that is the sum of `first`, `first + step`, …, `last`. Returns where it ends.
///
/// # Safety
/// As [`write_pair`].
#[inline(always)]
pub(crate) unsafe fn write_run(at: *mut u32, first: u32, step: u32, last: u32) -> *mut u32 {
    // SAFETY: three words are written, which the caller has made room for.
    unsafe {
        at.write(first);
        at.add(1).write(step);
        at.add(2).write(RUN << KIND_SHIFT | last);
        at.add(3)
    }
}

/// The record of `count` ids that belong to leaves or tensors.
pub(crate) fn gap(count: u32) -> u32 {
    GAP << KIND_SHIFT | count
}

/// Where a walk backwards over records stands: in which piece, how many of its words are left, and one more than the id
/// of the number whose record ends there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) piece: usize,
    pub(crate) at: usize,
    pub(crate) id: u32,
    /// Whether the sweep met adjoints that lose their last digits: what is no larger than [`negligible`] is then taken for 0.
    pub(crate) underflows: bool,
    /// Whether slopes of 0 absorb infinite adjoints.
    pub(crate) absorbs: bool,
}

/// At this size hardly half of an adjoint's digits are left.
///
/// Where slopes are between ½ and 1, rounding never lets the last of them vanish: 5·10⁻³²⁴ times 0.9 is 5·10⁻³²⁴, and a processor
/// takes up to thirty times longer for each such product.
pub(crate) fn negligible<F: Float>() -> F {
    F::min_positive_value() * num_traits::Float::sqrt(F::epsilon())
}

/// Whether there are adjoints that have lost digits, among some that a sweep looks at next.
pub(crate) fn underflow<F: Float>(adjoints: &[F]) -> bool {
    let last = &adjoints[adjoints.len().saturating_sub(8)..];
    last.iter().any(|x| *x != F::zero() && num_traits::Float::abs(*x) < F::min_positive_value())
}

/// Propagates adjoints through the records of a piece, newest first, until only ids below `first` are left or the piece
/// ends. Each adjoint is read once, left at zero, and skipped if it was zero.
///
/// # Safety
/// `words` is [`BEGIN`] and, up to `place.at`, whole records, written by the functions above, of numbers below
/// `place.id`; the ids in them are smaller than that of their number, and `adjoints` has an entry for every id below
/// `place.id`.
#[inline(never)]
pub(crate) unsafe fn sweep<F: Float, const UNDERFLOWS: bool>(
    words: &[u32],
    place: &mut Place,
    first: u32,
    adjoints: &mut [F],
) {
    let negligible = negligible::<F>();
    let wide = width::<F>();
    let zero = F::zero();
    let adjoints = adjoints.as_mut_ptr();
    // SAFETY: the caller's promise: every record is whole, so that its words lie in the piece; every id is within
    // `adjoints`. Slopes are read unaligned.
    unsafe {
        let base = words.as_ptr();
        let mut end = base.add(place.at);
        // One more than the number whose record ends there.
        let mut number = place.id as usize;
        let first = first as usize;
        let slope = |at: *const u32| at.cast::<F>().read_unaligned();
        let give = |id: u32, part: F| *adjoints.add(id as usize) += part;
        // What a number has to give to the one made just before it goes along here: through memory the next step would
        // wait for it.
        let mut carry = zero;
        let take = |number: usize, carry: &mut F| {
            let place = adjoints.add(number);
            let adjoint = *place + std::mem::replace(carry, zero);
            *place = zero;
            adjoint
        };
        let pass = |id: u32, part: F, number: usize, carry: &mut F| match id as usize + 1 == number {
            true => *carry = part,
            false => give(id, part),
        };
        while number > first {
            let last = *end.sub(1);
            // The commonest kind first. `PAIR` is 0: the word is the id.
            if last < IDS {
                prefetch(end.wrapping_byte_sub(AHEAD));
                number -= 1;
                let adjoint = take(number, &mut carry);
                if UNDERFLOWS && num_traits::Float::abs(adjoint) <= negligible {
                    end = end.sub(2 * wide + 2);
                    continue;
                }
                let (p, s) = (*end.sub(2), adjoint * slope(end.sub(2 * wide + 2)));
                let t = adjoint * slope(end.sub(wide + 2));
                pass(p, s, number, &mut carry);
                pass(last, t, number, &mut carry);
                end = end.sub(2 * wide + 2);
                continue;
            }
            let (kind, q) = (last >> KIND_SHIFT, last & (IDS - 1));
            if kind == UNITS {
                number -= 1;
                let adjoint = take(number, &mut carry);
                pass(*end.sub(2), adjoint, number, &mut carry);
                pass(q, adjoint, number, &mut carry);
                end = end.sub(2);
            } else if kind == RUN {
                number -= 1;
                let adjoint = take(number, &mut carry);
                let (start, step) = (*end.sub(3), *end.sub(2));
                end = end.sub(3);
                if adjoint != zero {
                    give_to_run(adjoints, start, step, q, adjoint);
                } else if q as usize + 1 == number {
                    // Nothing to give to what was most likely made for this sum alone.
                    while number > first && *end.sub(1) < IDS && *adjoints.add(number - 1) == zero {
                        number -= 1;
                        end = end.sub(2 * wide + 2);
                    }
                }
            } else if kind == STEEP {
                number -= 1;
                let adjoint = take(number, &mut carry);
                if adjoint != zero {
                    give(*end.sub(2), adjoint * slope(end.sub(2 * wide + 2)));
                    give(q, adjoint * slope(end.sub(wide + 2)));
                }
                end = end.sub(2 * wide + 2);
            } else if last != BEGIN {
                *adjoints.add(number - 1) += carry;
                carry = zero;
                end = end.sub(1);
                number -= q as usize;
            } else {
                break;
            }
        }
        *adjoints.add(number - 1) += carry;
        place.at = end.offset_from(base) as usize;
        place.id = number as u32;
    }
}

/// [`sweep`] where a slope of 0 absorbs an infinite adjoint. It is asked for when a sweep without gave NaN.
pub(crate) fn sweep_absorbing<F: Float>(words: &[u32], place: &mut Place, first: u32, adjoints: &mut [F]) {
    let wide = width::<F>();
    let slope = |at: usize| {
        let words = &words[at..at + wide];
        // SAFETY: as many words are there as a float has, all of whose bits mean a number.
        unsafe { words.as_ptr().cast::<F>().read_unaligned() }
    };
    while place.id > first && place.at > 1 {
        let end = place.at;
        walk::<F>(words, place, place.id - 1, |number, parents| {
            let adjoint = std::mem::replace(&mut adjoints[number as usize], F::zero());
            let mut give = |id: u32, slope: F| adjoints[id as usize] += Num(adjoint).chain(Num(slope)).0;
            match parents {
                Parents::Two([p, q]) if !matches!(words[end - 1] >> KIND_SHIFT, UNITS) => {
                    give(p, slope(end - 2 * wide - 2));
                    give(q, slope(end - wide - 2));
                }
                parents => parents.for_each(|id| give(id, F::one())),
            }
        });
    }
}

/// Adds to the adjoints of `first`, `first + step`, …, `last`.
///
/// # Safety
/// They all exist.
#[inline(always)]
pub(crate) unsafe fn give_to_run<F: Float>(adjoints: *mut F, first: u32, step: u32, last: u32, part: F) {
    // SAFETY: the caller's promise.
    unsafe {
        let start = adjoints.add(first as usize);
        if step == 1 {
            let count = (last - first) as usize + 1;
            std::slice::from_raw_parts_mut(start, count).iter_mut().for_each(|a| *a += part);
        } else {
            (0..=(last - first) as usize).step_by(step as usize).for_each(|k| *start.add(k) += part);
        }
    }
}

/// Walks back over the records of a piece until only ids below `first` are left or the piece ends, and shows each
/// number with its parents: two, or a run of them.
#[inline]
pub(crate) fn walk<F>(words: &[u32], place: &mut Place, first: u32, mut show: impl FnMut(u32, Parents)) {
    let wide = width::<F>();
    while place.id > first && place.at > 1 {
        let last = words[place.at - 1];
        let (kind, q) = (last >> KIND_SHIFT, last & (IDS - 1));
        if kind == GAP {
            place.at -= 1;
            place.id -= q;
            continue;
        }
        place.id -= 1;
        let (len, parents) = match kind {
            UNITS => (2, Parents::Two([words[place.at - 2], q])),
            PAIR | STEEP => (2 * wide + 2, Parents::Two([words[place.at - 2], q])),
            _ => (3, Parents::Run { first: words[place.at - 3], step: words[place.at - 2], last: q }),
        };
        place.at -= len;
        show(place.id, parents);
    }
}

/// What a number depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Parents {
    /// Two numbers; 0 where there is none.
    Two([u32; 2]),
    /// `first`, `first + step`, …, `last`.
    Run { first: u32, step: u32, last: u32 },
}

impl Parents {
    /// Shows each.
    #[inline]
    pub(crate) fn for_each(self, mut show: impl FnMut(u32)) {
        match self {
            Parents::Two([p, q]) => {
                show(p);
                show(q);
            }
            Parents::Run { first, step, last } => (first..=last).step_by(step as usize).for_each(&mut show),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as they are written, with the length that the table above gives.
    fn check<F: Float>(wide: usize) {
        let [half, third] = [F::from_f64(0.5), F::from_f64(1.0 / 3.0)];
        let one = F::one();
        let id = 10;
        // parents, slopes, words
        let table: [([u32; 2], [F; 2], usize); 6] = [
            ([3, 4], [half, third], 2 * wide + 2),
            ([9, 4], [third, half], 2 * wide + 2),
            ([4, 9], [one, third], 2 * wide + 2),
            ([3, 9], [one, one], 2),
            ([3, 9], [one, F::infinity()], 2 * wide + 2),
            ([9, 8], [F::neg_infinity(), half], 2 * wide + 2),
        ];
        for (parents, slopes, expected) in table {
            let mut words = [BEGIN; 1 + LONGEST];
            // SAFETY: the array has room for the longest record.
            let end = unsafe {
                let at = words.as_mut_ptr().add(1);
                match expected {
                    2 => write_units(at, parents[0], parents[1]),
                    _ if !slopes.iter().all(|s| num_traits::Float::is_finite(*s)) => {
                        write_steep(at, (parents[0], slopes[0]), (parents[1], slopes[1]))
                    }
                    _ => write_pair(at, (parents[0], slopes[0]), (parents[1], slopes[1])),
                }
            };
            let len = (end as usize - words.as_ptr() as usize) / 4;
            assert_eq!(len, 1 + expected, "{parents:?} {slopes:?}");
            let mut place = Place { piece: 0, at: len, id: id + 1, underflows: false, absorbs: false };
            walk::<F>(&words, &mut place, id, |found, p| assert_eq!((found, p), (id, Parents::Two(parents))));
            assert_eq!((place.at, place.id), (1, id));
            let mut adjoints = [F::zero(); 11];
            adjoints[id as usize] = F::from_f64(2.0);
            let mut place = Place { piece: 0, at: len, id: id + 1, underflows: false, absorbs: false };
            // SAFETY: one whole record, whose ids are below 11.
            unsafe { sweep::<_, false>(&words, &mut place, id, &mut adjoints) };
            for (parent, slope) in parents.into_iter().zip(slopes) {
                assert_eq!(adjoints[parent as usize], slope * F::from_f64(2.0), "{parents:?} {slopes:?}");
            }
            assert_eq!((place.at, place.id, adjoints[id as usize]), (1, id, F::zero()));
        }
    }

    #[test]
    fn records_are_as_short_as_the_table_says_and_read_back() {
        check::<f64>(2);
        check::<f32>(1);
    }

    /// What a full tape skips, a zero adjoint, is not multiplied by an infinite slope.
    #[test]
    fn a_zero_adjoint_gives_nothing_by_a_steep_slope() {
        let mut words = [BEGIN; 1 + LONGEST];
        // SAFETY: the array has room for the longest record, whose ids are below 4.
        unsafe {
            write_steep(words.as_mut_ptr().add(1), (1, f64::INFINITY), (2, f64::NAN));
            let mut adjoints = [0.0; 4];
            sweep::<_, false>(
                &words,
                &mut Place { piece: 0, at: 1 + LONGEST, id: 4, underflows: false, absorbs: false },
                3,
                &mut adjoints,
            );
            assert_eq!(adjoints, [0.0; 4]);
        }
    }

    #[test]
    fn runs_and_gaps() {
        // leaves 1, 2, 3; 4 = 1 + 3; 5 = 2 · 4 by slopes 7 and 1
        let mut words = vec![BEGIN, gap(3)];
        words.resize(16, 0);
        // SAFETY: there is room for two records.
        let end = unsafe {
            let at = write_run(words.as_mut_ptr().add(2), 1, 2, 3);
            write_pair(at, (2, 7.0), (4, 1.0))
        };
        let len = (end as usize - words.as_ptr() as usize) / 4;
        let mut adjoints = [0.0, 0.0, 0.0, 0.0, 0.0, 3.0];
        let mut place = Place { piece: 0, at: len, id: 6, underflows: false, absorbs: false };
        // SAFETY: whole records, whose ids are below 6.
        unsafe { sweep::<_, false>(&words, &mut place, 1, &mut adjoints) };
        assert_eq!(adjoints, [0.0, 3.0, 21.0, 3.0, 0.0, 0.0]);
        assert_eq!((place.at, place.id), (1, 1));
        let mut seen = Vec::new();
        let mut place = Place { piece: 0, at: len, id: 6, underflows: false, absorbs: false };
        walk::<f64>(&words, &mut place, 1, |id, parents| parents.for_each(|p| seen.push((id, p))));
        assert_eq!(seen, [(5, 2), (5, 4), (4, 1), (4, 3)]);
    }
}
