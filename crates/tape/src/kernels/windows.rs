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
        let span = self.dilation * (self.size.checked_sub(1)?) + 1;
        Some((len + 2 * self.padding).checked_sub(span)? / self.stride + 1)
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

/// Calls `run` for every maximal run of windows along the last axis at which one window entry lies inside the image:
/// `run(row, column, count, at)` says that in row `row` of the matrix of windows (one row for each entry of a window),
/// the `count` columns from `column` lie at image positions `at`, `at + stride`, ….
fn for_each_run(
    windows: &[Window],
    lengths: &[usize],
    counts: &[usize],
    mut run: impl FnMut(usize, usize, usize, usize),
) {
    let (inner, outer) = match windows.split_last() {
        Some(split) => split,
        None => return run(0, 0, 1, 0),
    };
    let d = outer.len();
    let sizes: SmallVec<[usize; 3]> = windows.iter().map(|w| w.size).collect();
    let mut row = 0;
    for_each_index(&sizes, |entry| {
        let (first, end) = inner.inside(entry[d], lengths[d], counts[d]);
        let mut column = 0;
        if first < end {
            let start = first * inner.stride + entry[d] * inner.dilation - inner.padding;
            for_each_index(&counts[..d], |position| {
                let mut at = Some(0);
                for k in 0..d {
                    at = at.and_then(|at| Some(at * lengths[k] + outer[k].at(position[k], entry[k], lengths[k])?));
                }
                if let Some(at) = at {
                    run(row, column + first, end - first, at * lengths[d] + start);
                }
                column += counts[d];
            });
        }
        row += 1;
    });
}

/// Lays the windows of an image out as a matrix: a row for each entry of a window, a column for each window, zeros where
/// a window reaches into the padding.
pub(crate) fn unfold<E: Element + num_traits::Zero>(
    image: &[E],
    windows: &[Window],
    lengths: &[usize],
    counts: &[usize],
    out: &mut [E],
) {
    let columns: usize = counts.iter().product();
    let stride = windows.last().map_or(1, |w| w.stride);
    out.fill(E::zero());
    for_each_run(windows, lengths, counts, |row, column, count, at| {
        let out = &mut out[row * columns + column..][..count];
        if stride == 1 {
            out.copy_from_slice(&image[at..at + count]);
        } else {
            out.iter_mut().zip(image[at..].iter().step_by(stride)).for_each(|(o, x)| *o = *x);
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
    let columns: usize = counts.iter().product();
    let stride = windows.last().map_or(1, |w| w.stride);
    for_each_run(windows, lengths, counts, |row, column, count, at| {
        let row = &matrix[row * columns + column..][..count];
        image[at..].iter_mut().step_by(stride).zip(row).for_each(|(x, m)| *x += *m);
    });
}
