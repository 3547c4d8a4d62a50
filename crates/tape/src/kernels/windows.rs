//! Sliding windows over the spatial axes of an image: what convolution and pooling share, for any number of axes.

use std::ops::Range;

use smallvec::SmallVec;

use crate::shape::product;
use crate::tensor::float::Element;

/// How windows lie along one spatial axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// The number of entries in a window.
    pub size: usize,
    /// The distance between neighbouring windows.
    pub stride: usize,
    /// The number of entries added before the first entry and after the last.
    pub padding: usize,
    /// The distance between neighbouring entries of a window.
    pub dilation: usize,
}

impl Window {
    /// How many windows fit along an axis of length `len`; `None` if not even one, or none can be counted: with a size, stride
    /// or dilation of 0, or where numbers are too great.
    pub fn count(&self, len: usize) -> Option<usize> {
        self.count_in(self.padded(len)?)
    }

    /// The length of an axis of length `len` with its padding; `None` where it is too great.
    pub(crate) fn padded(&self, len: usize) -> Option<usize> {
        len.checked_add(self.padding.checked_mul(2)?)
    }

    /// How many windows fit along an axis that has length `len` with its padding; `None` if not even one.
    pub(crate) fn count_in(&self, len: usize) -> Option<usize> {
        Some(len.checked_sub(self.span()?)?.checked_div(self.stride)? + 1)
    }

    /// The length from the first entry of a window to its last, both included; `None` for a window without entries, and for
    /// one that is longer than any axis.
    pub(crate) fn span(&self) -> Option<usize> {
        self.dilation.checked_mul(self.size.checked_sub(1)?)?.checked_add(1)
    }

    /// As [`count`](Self::count), with a last window that may reach beyond the padding, but begins inside the image or
    /// the padding before it (PyTorch's ceil mode).
    pub(crate) fn count_ceil(&self, len: usize) -> Option<usize> {
        let beyond = self.padded(len)?.checked_sub(self.span()?)?;
        let last = if self.stride == 0 { return None } else { beyond.div_ceil(self.stride) };
        Some(if last.saturating_mul(self.stride) >= len + self.padding { last } else { last + 1 })
    }

    /// Where entry `k` of window `i` lies on the axis, or `None` in the padding.
    pub(crate) fn at(&self, i: usize, k: usize, len: usize) -> Option<usize> {
        let place = i.checked_mul(self.stride)?.checked_add(k.checked_mul(self.dilation)?)?;
        place.checked_sub(self.padding).filter(|at| *at < len)
    }

    /// The entries of window `i` that lie before `end`, counted from the first place of the padding, and not before `begin`.
    fn entries_between(&self, i: usize, begin: usize, end: usize) -> Range<usize> {
        let to =
            |place: usize| place.saturating_sub(i.saturating_mul(self.stride)).div_ceil(self.dilation).min(self.size);
        to(begin)..to(end).max(to(begin))
    }

    /// The entries of window `i` that lie on the axis, and not in the padding. (They are found without looking at those in the
    /// padding, which may be many more.)
    pub(crate) fn entries_on(&self, i: usize, len: usize) -> Range<usize> {
        self.entries_between(i, self.padding, self.padding.saturating_add(len))
    }

    /// How many entries of window `i` lie on the axis or in its padding.
    pub(crate) fn entries_in_padded(&self, i: usize, len: usize) -> usize {
        self.entries_between(i, 0, self.padded(len).unwrap_or(usize::MAX)).len()
    }

    /// Whether each of the windows on an axis of length `len` has an entry that is not in the padding, for windows that
    /// [fit](Self::count) and padding of at most half their size.
    ///
    /// A window that begins on the axis has its first entry there, and none begins behind it. One that begins before it steps
    /// over all of it if its dilation is greater than `len`; such a window fits only if it has no more than two entries, thus
    /// no more than one of padding: it is the first.
    pub(crate) fn all_meet(&self, len: usize) -> bool {
        !self.entries_on(0, len).is_empty()
    }

    /// The windows whose entry `k` lies on the axis, as a range.
    fn inside(&self, k: usize, len: usize, count: usize) -> (usize, usize) {
        let shift = k * self.dilation;
        let first = self.padding.saturating_sub(shift).div_ceil(self.stride);
        let end = (len + self.padding).saturating_sub(shift).div_ceil(self.stride);
        (first.min(count), end.min(count).max(first.min(count)))
    }
}

/// The number of entries in a window over all axes.
pub(crate) fn entries(windows: &[Window]) -> usize {
    product(&windows.iter().map(|w| w.size).collect::<SmallVec<[usize; 4]>>())
}

/// The windows along each spatial axis.
pub(crate) type Windows = SmallVec<[Window; 2]>;

/// Calls `f` for every index below `lengths`, in row-major order.
pub(crate) fn for_each_index(lengths: &[usize], mut f: impl FnMut(&[usize])) {
    if lengths.contains(&0) {
        return;
    }
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, lengths.len());
    loop {
        f(&index);
        let mut axis = lengths.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < lengths[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// Part of a matrix of windows (a row for each entry of a window, a column for each window) that lies as a rectangle in
/// the image: `lines` lines of `count` elements, `stride` apart in the image.
struct Block {
    /// Where the first element lies in the matrix, and in the image.
    column: usize,
    at: usize,
    lines: usize,
    count: usize,
    /// From one line to the next in the matrix, and in the image.
    column_step: usize,
    at_step: usize,
    stride: usize,
}

/// Calls `block` for each window entry and each place along the axes before the last two, with the elements that lie
/// inside the image.
fn for_each_block(windows: &[Window], lengths: &[usize], counts: &[usize], mut block: impl FnMut(Block)) {
    // One window of one entry stands for an axis that a signal lacks to be an image.
    const POINT: Window = Window { size: 1, stride: 1, padding: 0, dilation: 1 };
    let d = windows.len();
    let window = |from_end: usize| d.checked_sub(from_end).map_or(POINT, |k| windows[k]);
    let length = |all: &[usize], from_end: usize| d.checked_sub(from_end).map_or(1, |k| all[k]);
    let (down, across) = (window(2), window(1));
    let [height, width] = [2, 1].map(|k| length(lengths, k));
    let [rows, columns] = [2, 1].map(|k| length(counts, k));
    let outer = d.saturating_sub(2);
    let sizes: SmallVec<[usize; 4]> = windows[..outer].iter().map(|w| w.size).collect();
    let area = product(counts);
    let mut row = 0;
    for_each_index(&sizes, |entry| {
        for (y, x) in (0..down.size).flat_map(|y| (0..across.size).map(move |x| (y, x))) {
            let (top, bottom) = down.inside(y, height, rows);
            let (left, right) = across.inside(x, width, columns);
            let begin = row * area + top * columns + left;
            row += 1;
            if top == bottom || left == right {
                continue;
            }
            let first = |w: &Window, i: usize, k: usize| i * w.stride + k * w.dilation - w.padding;
            let begin_at = first(&down, top, y) * width + first(&across, left, x);
            let mut place = 0;
            for_each_index(&counts[..outer], |position| {
                let plane = (0..outer).try_fold(0, |plane, k| {
                    Some(plane * lengths[k] + windows[k].at(position[k], entry[k], lengths[k])?)
                });
                if let Some(plane) = plane {
                    block(Block {
                        column: begin + place * rows * columns,
                        at: plane * height * width + begin_at,
                        lines: bottom - top,
                        count: right - left,
                        column_step: columns,
                        // the stride of a single line may be greater than any image
                        at_step: if bottom - top > 1 { down.stride * width } else { 0 },
                        stride: across.stride,
                    });
                }
                place += 1;
            });
        }
    });
}

/// Calls `$piece::<_, N>` for the lines of a block cut into pieces of eight elements and a rest. The compiler knows how
/// long a piece is and moves it in a register or two, where a call for each short line costs more than the work.
macro_rules! in_pieces {
    ($piece:ident, $from:expr, $to:expr, $block:expr) => {{
        let rest = $block.count / 8 * 8;
        for offset in (0..rest).step_by(8) {
            $piece::<_, 8>($from, $to, &$block, offset);
        }
        match $block.count % 8 {
            0 => {}
            1 => $piece::<_, 1>($from, $to, &$block, rest),
            2 => $piece::<_, 2>($from, $to, &$block, rest),
            3 => $piece::<_, 3>($from, $to, &$block, rest),
            4 => $piece::<_, 4>($from, $to, &$block, rest),
            5 => $piece::<_, 5>($from, $to, &$block, rest),
            6 => $piece::<_, 6>($from, $to, &$block, rest),
            _ => $piece::<_, 7>($from, $to, &$block, rest),
        }
    }};
}

/// `N` elements of each line of a block, from the image to the matrix.
fn copy<E: Copy, const N: usize>(image: &[E], matrix: &mut [E], block: &Block, offset: usize) {
    for line in 0..block.lines {
        let from = &image[block.at + offset + line * block.at_step..][..N];
        matrix[block.column + offset + line * block.column_step..][..N].copy_from_slice(from);
    }
}

/// `N` elements of each line of a block, added from the matrix to the image.
fn add<E: Copy + std::ops::AddAssign, const N: usize>(matrix: &[E], image: &mut [E], block: &Block, offset: usize) {
    for line in 0..block.lines {
        let from = &matrix[block.column + offset + line * block.column_step..][..N];
        let to = &mut image[block.at + offset + line * block.at_step..][..N];
        to.iter_mut().zip(from).for_each(|(x, m)| *x += *m);
    }
}

/// Lays the windows of an image out as a matrix: a row for each entry of a window, a column for each window, zeros where
/// a window reaches beyond the image.
pub(crate) fn unfold<E: Element + num_traits::Zero>(
    image: &[E],
    windows: &[Window],
    lengths: &[usize],
    counts: &[usize],
    out: &mut [E],
) {
    let inside = |((w, n), c): ((&Window, &usize), &usize)| {
        w.padding == 0 && c.saturating_sub(1) * w.stride + w.size.saturating_sub(1) * w.dilation < *n
    };
    if !windows.iter().zip(lengths).zip(counts).all(inside) {
        out.fill(E::zero());
    }
    for_each_block(windows, lengths, counts, |block| {
        if block.stride == 1 {
            return in_pieces!(copy, image, out, block);
        }
        for line in 0..block.lines {
            let from = image[block.at + line * block.at_step..].iter().step_by(block.stride);
            let to = &mut out[block.column + line * block.column_step..][..block.count];
            to.iter_mut().zip(from).for_each(|(o, x)| *o = *x);
        }
    });
}

/// Adds a matrix of windows to the image that they were taken from: the transpose of [`unfold`].
pub(crate) fn fold<E: Element + std::ops::AddAssign>(
    matrix: &[E],
    windows: &[Window],
    lengths: &[usize],
    counts: &[usize],
    image: &mut [E],
) {
    for_each_block(windows, lengths, counts, |block| {
        if block.stride == 1 {
            return in_pieces!(add, matrix, image, block);
        }
        for line in 0..block.lines {
            let from = &matrix[block.column + line * block.column_step..][..block.count];
            let to = image[block.at + line * block.at_step..].iter_mut().step_by(block.stride);
            to.zip(from).for_each(|(x, m)| *x += *m);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 5] = [0, 1, 2, 3, 5];

    /// Every window with small numbers, and those that fit on axes of small length.
    fn windows() -> impl Iterator<Item = Window> {
        let each = || SIZES.into_iter().skip(1);
        each().flat_map(move |size| {
            each().flat_map(move |stride| {
                each()
                    .flat_map(move |dilation| (0..=size).map(move |padding| Window { size, stride, padding, dilation }))
            })
        })
    }

    /// What is found by arithmetic is what looking at each entry of each window finds.
    #[test]
    fn entries_are_those_that_a_search_finds() {
        for (w, len) in windows().flat_map(|w| (0..8).map(move |len| (w, len))) {
            for count in [w.count(len), w.count_ceil(len)].into_iter().flatten() {
                for i in 0..count {
                    let on: Vec<usize> = (0..w.size).filter(|k| w.at(i, *k, len).is_some()).collect();
                    assert_eq!(w.entries_on(i, len).collect::<Vec<_>>(), on, "{w:?} {i} {len}");
                    let inside = (0..w.size).filter(|k| i * w.stride + k * w.dilation < len + 2 * w.padding).count();
                    assert_eq!(w.entries_in_padded(i, len), inside, "{w:?} {i} {len}");
                }
                if 2 * w.padding <= w.size && count > 0 {
                    let searched = (0..count).all(|i| (0..w.size).any(|k| w.at(i, k, len).is_some()));
                    assert_eq!(w.all_meet(len), searched, "{w:?} {len}");
                }
            }
        }
    }

    /// No number makes a length wrap: a window that is too long does not fit.
    #[test]
    fn huge_numbers_do_not_wrap() {
        let huge = [1 << 32, 1 << 63, usize::MAX - 1, usize::MAX];
        let w = Window { size: 3, stride: 1, padding: 0, dilation: 1 };
        for n in huge {
            assert_eq!(Window { dilation: n, ..w }.count(5), None, "dilation {n}");
            assert_eq!(Window { size: n, ..w }.count(5), None, "size {n}");
            assert_eq!(Window { stride: n, ..w }.count(5), Some(1), "stride {n}");
            assert_eq!(Window { stride: n, ..w }.count_ceil(5), Some(1), "stride {n}");
            let span = (n - 1).checked_mul(n).and_then(|reach| reach.checked_add(1));
            assert_eq!(Window { dilation: n, size: n, ..w }.span(), span, "{n}");
            let padded = Window { padding: n, ..w };
            assert_eq!(padded.count(5), n.checked_mul(2).map(|p| 5 + p - 2), "padding {n}");
            assert_eq!(padded.at(n, n, 5), None, "{n}");
        }
        assert_eq!(Window { stride: 0, ..w }.count(5), None);
        assert_eq!(Window { stride: 0, ..w }.count_ceil(5), None);
    }
}
