//! Sliding windows over the spatial axes of an image: what convolution and pooling share, for any number of axes.

use smallvec::SmallVec;

use crate::float::Element;

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
    /// How many windows fit along an axis of length `len`; `None` if not even one.
    pub fn count(&self, len: usize) -> Option<usize> {
        self.count_in(len + 2 * self.padding)
    }

    /// How many windows fit along an axis that has length `len` with its padding; `None` if not even one.
    pub(crate) fn count_in(&self, len: usize) -> Option<usize> {
        Some(len.checked_sub(self.span()?)? / self.stride + 1)
    }

    /// The length from the first entry of a window to its last, both included; `None` for a window without entries.
    pub(crate) fn span(&self) -> Option<usize> {
        Some(self.dilation * self.size.checked_sub(1)? + 1)
    }

    /// As [`count`](Self::count), with a last window that may reach beyond the padding, but begins inside the image or
    /// the padding before it (PyTorch's ceil mode).
    pub(crate) fn count_ceil(&self, len: usize) -> Option<usize> {
        let beyond = (len + 2 * self.padding).checked_sub(self.span()?)?;
        let count = beyond.div_ceil(self.stride) + 1;
        Some(if (count - 1) * self.stride >= len + self.padding { count - 1 } else { count })
    }

    /// Where entry `k` of window `i` lies on the axis, or `None` in the padding.
    pub(crate) fn at(&self, i: usize, k: usize, len: usize) -> Option<usize> {
        (i * self.stride + k * self.dilation).checked_sub(self.padding).filter(|at| *at < len)
    }

    /// The windows whose entry `k` lies on the axis, as a range.
    fn inside(&self, k: usize, len: usize, count: usize) -> (usize, usize) {
        let shift = k * self.dilation;
        let first = self.padding.saturating_sub(shift).div_ceil(self.stride);
        let end = (len + self.padding).saturating_sub(shift).div_ceil(self.stride);
        (first.min(count), end.min(count).max(first.min(count)))
    }
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
    let area: usize = counts.iter().product();
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
                        at_step: down.stride * width,
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
