//! Convolution against the sums that define it, and what convolution and pooling reject.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::prelude::*;

fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let n = shape.iter().product();
    Tensor::new(shape, (0..n).map(|i| (1.3 * i as f64 + seed).sin()).collect())
}

/// The element of an image at a place that may lie outside: 0 there.
fn at(x: &Tensor, image: usize, channel: usize, place: &[isize]) -> f64 {
    let index: Option<Vec<usize>> = place.iter().map(|p| usize::try_from(*p).ok()).collect();
    let index = index.map(|place| [&[image, channel], &place[..]].concat());
    index.and_then(|index| x.get(&index).copied()).unwrap_or(0.0)
}

/// Every index below `lengths`, in row-major order.
fn indices(lengths: &[usize]) -> Vec<Vec<usize>> {
    lengths.iter().fold(vec![vec![]], |all, n| {
        all.iter().flat_map(|head| (0..*n).map(move |i| [&head[..], &[i]].concat())).collect()
    })
}

/// `y[n, o, p] = Σ w[o, c, k] · x[n, c, sign·(d·k) + s·p − q]`: with `sign` 1 the textbook's cross-correlation, with −1 its
/// convolution, at places that begin at `q`.
fn by_the_sum(
    x: &Tensor,
    w: &Tensor,
    conv: [usize; 3],
    groups: usize,
    sign: isize,
    first: &[isize],
    y: &[usize],
) -> Tensor {
    let [stride, dilation, _] = conv;
    let (per_group, filters) = (w.shape()[1], w.shape()[0] / groups);
    let element = |index: &Vec<usize>| {
        let (image, filter, place) = (index[0], index[1], &index[2..]);
        let group = filter / filters;
        let mut sum = 0.0;
        for k in indices(&w.shape()[1..]) {
            let from: Vec<isize> = (0..place.len())
                .map(|a| (place[a] * stride) as isize + sign * (k[a + 1] * dilation) as isize + first[a])
                .collect();
            sum += w.get(&[&[filter], &k[..]].concat()).unwrap() * at(x, image, group * per_group + k[0], &from);
        }
        sum
    };
    Tensor::new(y, indices(y).iter().map(element).collect())
}

fn differ(found: &Tensor, expected: &Tensor) -> bool {
    found.shape() != expected.shape()
        || found.data().iter().zip(expected.data()).any(|(a, b)| !((a - b).abs() <= 1e-13 * (1.0 + b.abs())))
}

/// Image, filters, stride, dilation, padding, groups.
type Row<'a> = (&'a [usize], &'a [usize], usize, usize, usize, usize);

const TABLE: &[Row<'_>] = &[
    (&[2, 1, 7], &[3, 1, 3], 1, 1, 0, 1),
    (&[1, 2, 9], &[2, 2, 3], 2, 2, 1, 1),
    (&[1, 4, 6], &[6, 2, 2], 1, 1, 1, 2),
    (&[2, 3, 6], &[3, 1, 4], 1, 1, 0, 3),
    (&[1, 1, 5], &[1, 1, 2], 4, 1, 0, 1),
    (&[1, 1, 3], &[1, 1, 5], 1, 1, 1, 1),
    (&[2, 2, 5, 4], &[3, 2, 3, 2], 1, 1, 0, 1),
    (&[1, 2, 6, 7], &[2, 2, 3, 2], 3, 2, 2, 1),
    // Lines longer than a piece of eight, and longer than two.
    (&[1, 1, 11, 29], &[2, 1, 3, 4], 1, 1, 0, 1),
    (&[1, 3, 12, 12], &[2, 3, 5, 5], 1, 1, 2, 1),
    (&[1, 2, 3, 4], &[5, 2, 1, 1], 1, 1, 0, 1),
    (&[1, 1, 3, 4, 3], &[2, 1, 2, 3, 2], 2, 1, 1, 1),
    (&[1, 2, 2, 3, 4, 3], &[1, 2, 2, 1, 2, 2], 1, 1, 1, 1),
    (&[0, 2, 4], &[3, 2, 2], 1, 1, 0, 1),
];

#[test]
fn cross_correlation_is_its_sum() {
    let mut failures = String::new();
    for row @ (image, filters, stride, dilation, padding, groups) in TABLE {
        let (x, w) = (numbers(image, 0.2), numbers(filters, 0.9));
        let conv = Conv::default().stride(*stride).dilation(*dilation).padding(*padding).groups(*groups);
        let y = x.cross_correlation(&w, conv);
        // y_j = Σ w_i x_{j+i}
        let first = vec![-(*padding as isize); image.len() - 2];
        if differ(&y, &by_the_sum(&x, &w, [*stride, *dilation, *padding], *groups, 1, &first, y.shape())) {
            writeln!(failures, "{row:?}").unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn convolution_is_its_sum() {
    let mut failures = String::new();
    for row @ (image, filters, stride, dilation, padding, groups) in TABLE {
        let (x, w) = (numbers(image, 0.2), numbers(filters, 0.9));
        let conv = Conv::default().stride(*stride).dilation(*dilation).padding(*padding).groups(*groups);
        let y = x.convolution(&w, conv);
        // y_j = Σ w_i x_{j−i}: the first window begins `padding` before the image, so its last entry is at span − 1.
        let first: Vec<isize> =
            filters[2..].iter().map(|k| (dilation * (k - 1)) as isize - *padding as isize).collect();
        if differ(&y, &by_the_sum(&x, &w, [*stride, *dilation, *padding], *groups, -1, &first, y.shape())) {
            writeln!(failures, "{row:?}").unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn full_convolution_multiplies_polynomials() {
    let full = |x: &[f64], w: &[f64]| {
        let signal = |x: &[f64]| Tensor::new([1, 1, x.len()], x.to_vec());
        signal(x).convolution(signal(w), Conv::default().padding(Padding::Full)).to_vec()
    };
    assert_eq!(full(&[1.0, 2.0, 3.0], &[4.0, 5.0]), [4.0, 13.0, 22.0, 15.0]);
    // in either order
    assert_eq!(full(&[4.0, 5.0], &[1.0, 2.0, 3.0]), [4.0, 13.0, 22.0, 15.0]);
}

/// ⟨conv(x), g⟩ = ⟨x, conv_transpose(g)⟩
#[test]
fn the_transpose_is_the_adjoint() {
    let mut failures = String::new();
    for row @ (image, filters, stride, dilation, padding, groups) in TABLE.iter().filter(|row| row.0[0] > 0) {
        let (x, w) = (numbers(image, 0.2), numbers(filters, 0.9));
        let conv = Conv::default().stride(*stride).dilation(*dilation).padding(*padding).groups(*groups);
        let y = x.conv(&w, conv);
        let g = numbers(y.shape(), 0.5);
        // What the stride leaves out at the end of the image.
        let left: Vec<usize> =
            (2..image.len()).map(|a| (image[a] + 2 * padding - dilation * (filters[a] - 1) - 1) % stride).collect();
        let back = g.conv_transpose(&w, conv, &left[..]);
        let dot = |a: &Tensor, b: &Tensor| a.data().iter().zip(b.data()).map(|(a, b)| a * b).sum::<f64>();
        if back.shape() != x.shape() || (dot(&y, &g) - dot(&x, &back)).abs() > 1e-12 {
            writeln!(failures, "{row:?}: {} for {}", back.shape(), x.shape()).unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn paddings_by_name() {
    let (x, w) = (Shape::from([2, 3, 8, 9]), Shape::from([4, 3, 3, 4]));
    let lengths = |padding: Padding| x.conv(&w, Conv::default().padding(padding))[2..].to_vec();
    assert_eq!(lengths(Padding::Valid), [6, 6]);
    assert_eq!(lengths(Padding::Same), [8, 9]);
    assert_eq!(lengths(Padding::Full), [10, 12]);
    assert_eq!(lengths([1, 0].into()), [8, 6]);
    assert_eq!(lengths(Padding::Sides([(0, 1), (2, 3)].as_slice().into())), [7, 11]);
    // An even filter has one zero more after the image than before it.
    let (x, w) = (Tensor::new([1, 1, 3], vec![1.0, 2.0, 3.0]), Tensor::new([1, 1, 2], vec![1.0, 10.0]));
    assert_eq!(x.conv(&w, Conv::default().padding(Padding::Same)).data(), [21.0, 32.0, 3.0]);
}

#[test]
fn an_image_may_come_without_its_batch() {
    let (x, w) = (numbers(&[2, 5, 4], 0.1), numbers(&[3, 2, 2, 2], 0.2));
    let batch = x.reshape([1, 2, 5, 4]);
    let conv = || Conv::default().padding(1);
    assert_eq!(x.conv2d(&w, conv()), batch.conv2d(&w, conv()).reshape([3, 6, 5]));
    let (x, w) = (numbers(&[2, 4], 0.1), numbers(&[2, 3, 2], 0.2));
    assert_eq!(x.conv_transpose1d(&w, conv(), 0).shape(), &[3, 3]);
    assert_eq!(x.depthwise_conv(numbers(&[4, 1, 2], 0.0), conv()).shape(), &[4, 5]);
}

/// The message of a panic.
fn message(f: impl FnOnce() -> Shape) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it is accepted");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn what_does_not_fit_is_rejected_with_its_numbers() {
    let s = |lengths: &[usize]| Shape::from(lengths);
    let conv = Conv::default;
    let (image, filters) = (s(&[2, 4, 5, 6]), s(&[6, 4, 3, 3]));
    let of = |options: Conv| message(|| image.conv(&filters, options));
    let table: &[(String, &str)] = &[
        (of(conv().stride(0)), "conv: stride [0], dilation [1] and groups 1 must be at least 1"),
        (of(conv().dilation([1, 0])), "conv: stride [1], dilation [1, 0] and groups 1 must be at least 1"),
        (of(conv().groups(0)), "conv: stride [1], dilation [1] and groups 0 must be at least 1"),
        (of(conv().groups(3)), "conv: 3 groups do not divide 4 channels and 6 filters"),
        (
            of(conv().groups(2)),
            "conv: filters [6, 4, 3, 3] see 4 channels in each of 2 groups, the image [2, 4, 5, 6] has 4",
        ),
        (of(conv().stride([1, 1, 1])), "conv: 3 numbers of stride for 2 spatial axes"),
        (of(conv().padding([1, 2, 3])), "conv: 3 numbers of padding for 2 spatial axes"),
        (of(conv().padding(Padding::Sides([(1, 0)].as_slice().into()))), "conv: 1 pairs of padding for 2 spatial axes"),
        (of(conv().stride(2).padding(Padding::Same)), "conv: padding that keeps the lengths has stride 1, not [2]"),
        (
            of(conv().dilation(3)),
            "conv: filters [6, 4, 3, 3] span 7 along axis 2, the image [2, 4, 5, 6] padded by 0 and 0 has 5",
        ),
        (message(|| image.conv(s(&[6, 4, 0, 3]), conv())), "conv: filters [6, 4, 0, 3] have no entries"),
        (
            message(|| image.conv(s(&[6, 4]), conv())),
            "conv: an image [batch, channels, …] and filters of the same rank are needed, not [2, 4, 5, 6] and [6, 4]",
        ),
        (message(|| image.conv1d(&filters, conv())), "conv1d: filters of rank 3 are needed, not [6, 4, 3, 3]"),
        (message(|| image.conv3d(&filters, conv())), "conv3d: filters of rank 5 are needed, not [6, 4, 3, 3]"),
        (
            message(|| image.conv_transpose(&filters, conv(), 0)),
            "conv_transpose: filters [6, 4, 3, 3] in 1 groups see 6 channels, the image [2, 4, 5, 6] has 4",
        ),
        (
            message(|| image.conv_transpose(s(&[4, 2, 3, 3]), conv().stride(2), [1, 2])),
            "conv_transpose: output padding 2 is neither below stride 2 nor below dilation 1",
        ),
        (
            message(|| s(&[1, 1, 1]).conv_transpose(s(&[1, 1, 2]), conv().padding(1), 0)),
            "conv_transpose: axis 2 of the result would have length 2 + 0 − 1 − 1",
        ),
        (message(|| image.max_pool(Pool::new(0))), "max_pool: size 0, stride 0 and dilation 1 must be at least 1"),
        (
            message(|| image.max_pool(Pool::new(2).stride(0))),
            "max_pool: size 2, stride 0 and dilation 1 must be at least 1",
        ),
        (message(|| image.max_pool(Pool::new(2).padding(2))), "max_pool: padding 2 is more than half of size 2"),
        (
            message(|| image.average_pool(Pool::new(7))),
            "average_pool: windows of 7 do not fit in [2, 4, 5, 6] padded by 0 along axis 2",
        ),
        (
            message(|| s(&[1, 1, 4]).max_pool(Pool::new(2).padding(1).dilation(5).over(1))),
            "max_pool: window 0 along axis 2 of [1, 1, 4] has all its entries in the padding",
        ),
        (message(|| image.max_pool(Pool::new([2, 2, 2]).over(2))), "max_pool: 3 numbers of size for 2 spatial axes"),
        (message(|| image.max_pool1d(2, 2)), "max_pool1d: an image of rank 3 is needed, not [2, 4, 5, 6]"),
        (
            message(|| s(&[5]).average_pool(Pool::new(2))),
            "average_pool: an image [batch, channels, …] is needed, not [1, 5]",
        ),
        (message(|| image.adaptive_max_pool([1, 2, 3])), "adaptive_max_pool: 3 lengths for 2 spatial axes"),
        (
            message(|| s(&[2, 4, 0]).adaptive_average_pool(2)),
            "adaptive_average_pool: an image of shape [2, 4, 0] has no entries",
        ),
        (
            message(|| image.interpolate(0, Interpolation::Linear)),
            "interpolate: [2, 4, 5, 6] resized to lengths [0, 0]",
        ),
        (
            message(|| image.interpolate_by(0.1, Interpolation::Nearest)),
            "interpolate_by: [2, 4, 5, 6] times 0.1 has lengths [0, 0]",
        ),
    ];
    let wrong: Vec<_> = table.iter().filter(|(found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pooling_at_the_edges() {
    let x = Tensor::new([1, 1, 5], vec![3.0, f64::NAN, 1.0, 2.0, 2.0]);
    let y = x.max_pool(Pool::new(2).stride(3).over(1));
    assert!(y.data()[0].is_nan() && y.data()[1] == 2.0);
    // Ties go to the first, and −∞ is not the padding.
    let x = Tensor::new([1, 1, 4], vec![2.0, 2.0, f64::NEG_INFINITY, f64::NEG_INFINITY]);
    assert_eq!(x.arg_max_pool(Pool::new(2)).data(), [0, 2]);
    // Windows that leave entries out, and a window as large as the image.
    let x = Tensor::new([1, 1, 5], vec![1.0, 9.0, 2.0, 3.0, 8.0]);
    assert_eq!(x.max_pool(Pool::new(1).stride(3).over(1)).data(), [1.0, 3.0]);
    assert_eq!(x.average_pool(Pool::new(5).over(1)).data(), [4.6]);
    // A last window of ceil mode would begin in the padding after the image: there is none.
    assert_eq!(x.max_pool(Pool::new(2).padding(1).ceil(true).over(1)).shape(), &[1, 1, 3]);
    let none = Tensor::<f64>::zeros([0, 2, 4]);
    assert_eq!(none.max_pool(Pool::new(2).over(1)).shape(), &[0, 2, 2]);
    assert_eq!(none.average_pool(Pool::new(2).over(1)).shape(), &[0, 2, 2]);
    assert_eq!(none.interpolate(7, Interpolation::Linear).shape(), &[0, 2, 7]);
}
