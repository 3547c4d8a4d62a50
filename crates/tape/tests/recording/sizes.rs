//! Numbers that are too great: shapes that claim more than there is, windows that are longer than any axis, results that no
//! memory holds. Each is a named error, at once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::{Window, cost, prelude::*};

/// Three times this is 200 beyond 2⁶⁴.
const THIRD: usize = 6_148_914_691_236_517_272;
const BIG: [usize; 5] = [1 << 32, 1 << 40, usize::MAX / 2, usize::MAX - 1, usize::MAX];

fn message(call: impl FnOnce()) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(()) => "no error".into(),
        Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| "a raw panic".into()),
    }
}

#[test]
fn a_shape_that_claims_more_than_can_be_is_no_tensor() {
    let lengths: [&[usize]; 6] = [
        &[2, 3, THIRD],
        &[1 << 32, 1 << 32],
        &[usize::MAX],
        &[0, 1 << 40, 1 << 40],
        &[1 << 32, 0, 1 << 32],
        &[THIRD, 3],
    ];
    for lengths in lengths {
        for elements in [0, 200, 400] {
            let error = Tensor::try_new(lengths, vec![1.0; elements]).unwrap_err().to_string();
            assert!(error.starts_with("tensor: shape ") && error.contains("more elements than"), "{error}");
        }
    }
    let x = Tensor::<f64>::zeros([2, 0]);
    for to in [vec![1 << 32, 0, 1 << 32], vec![0, usize::MAX], vec![usize::MAX, 0]] {
        assert!(message(|| drop(x.reshape(to.clone()))).starts_with("reshape: "), "{to:?}");
    }
}

/// What an operation would make of shapes: on shapes alone, where nothing is computed, and on numbers.
#[test]
fn no_operation_has_an_impossible_result() {
    let (a, b) = (Shape::from([1 << 32, 0]), Shape::from([0, 1 << 32]));
    assert_eq!(
        message(|| drop(a.matmul(b))),
        "matmul: a result of shape [4294967296, 4294967296] has more elements than can be addressed"
    );
    let table: &[(&str, fn(&Shape))] = &[
        ("broadcast_to", |x| drop(x.broadcast_to([1 << 32, 1 << 32]))),
        ("add", |_| drop(Shape::from([1 << 32, 1]) + Shape::from([1 << 32]))),
        ("concat", |_| drop(concat(&[&Shape::from([usize::MAX / 2]); 3], 0))),
        ("one_hot", |_| drop(one_hot::<Shape>(&Shape::from([1 << 31, 3]).arg_max(1), 1 << 40))),
        ("repeat", |x| drop(x.repeat([usize::MAX, 2]))),
        ("tile", |x| drop(x.tile([usize::MAX]))),
        ("repeat_interleave", |x| drop(x.repeat_interleave(0, usize::MAX))),
        ("pad", |x| drop(x.pad([(usize::MAX, 1)], PadMode::Constant(0.0)))),
        ("pad", |x| drop(x.pad([(1_usize << 62, 1 << 62)], PadMode::Replicate))),
        ("diag_embed", |x| drop(x.diag_embed(isize::MAX))),
        ("diag_embed", |x| drop(x.diag_embed(isize::MIN))),
        ("expand", |x| drop(x.expand([1_isize << 40, 1 << 40, -1, -1]))),
        ("interpolate", |x| drop(x.unsqueeze(0).interpolate(usize::MAX, Interpolation::Linear))),
        ("interpolate_by", |x| drop(x.unsqueeze(0).interpolate_by(1e300, Interpolation::Nearest))),
        ("index_add", |x| drop(x.index_add(0, usize::MAX, Tensor::from([0, 1])))),
        ("reshape", |x| drop(x.reshape([usize::MAX]))),
        ("reshape", |x| drop(x.reshape([1_usize << 32, 1 << 32]))),
        ("slice", |x| drop(x.slice(0, 0..usize::MAX))),
        ("slice", |x| drop(x.slice(0, usize::MAX..))),
        ("narrow", |x| drop(x.narrow(0, 1, usize::MAX))),
        ("split_sizes", |x| drop(x.split_sizes(0, &[usize::MAX, 3]))),
        ("squeeze", |x| drop(x.squeeze(usize::MAX))),
        ("sum_over", |x| drop(x.sum_over(usize::MAX))),
        ("adaptive_average_pool", |x| drop(x.unsqueeze(0).adaptive_average_pool(usize::MAX))),
        ("adaptive_max_pool", |x| drop(x.unsqueeze(0).adaptive_max_pool(usize::MAX))),
    ];
    let mut failures = Vec::new();
    for (k, (name, call)) in table.iter().enumerate() {
        let said = message(|| call(&Shape::from([2, 3])));
        // The method is named; of those that only hand over, what they hand over to.
        let start = said.split(':').next().unwrap_or_default();
        let fits =
            start == *name || ["resample", "unslice", "arg_max_pool"].contains(&start) && name.contains(['_', 'p']);
        if !fits || said == "no error" {
            failures.push(format!("{k} {name}: {said}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Numbers of windows: every option at every size, of every operation that has windows.
#[test]
fn windows_of_any_numbers_are_counted_or_refused_at_once() {
    let x = Shape::from([1, 2, 8, 8]);
    let w = Shape::from([2, 2, 3, 3]);
    let mut failures = Vec::new();
    let mut check = |what: String, call: &dyn Fn() -> Shape| {
        let said = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(y) if y.is_possible() => return,
            Ok(y) => format!("an impossible result {y}"),
            Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| "a raw panic".into()),
        };
        let named =
            said.split(": ").next().is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        if !named {
            failures.push(format!("{what}: {said}"));
        }
    };
    for n in [0, 1, 2, 7, 1 << 20, 1 << 31].into_iter().chain(BIG).chain([THIRD, THIRD / 3]) {
        for ceil in [false, true] {
            for pool in [
                Pool::new(2).stride(n),
                Pool::new(2).padding(n),
                Pool::new(2).dilation(n),
                Pool::new(n),
                Pool::new(n).padding(n / 2),
                Pool::new(n).stride(n).padding(n / 2).dilation(n),
                Pool::new(2).padding(1).dilation(n).stride(n),
            ] {
                let pool = pool.ceil(ceil);
                check(format!("max_pool {pool:?}"), &|| x.max_pool(pool));
                check(format!("average_pool {pool:?}"), &|| x.average_pool(pool));
            }
        }
        let convs = [
            Conv::default().stride(n),
            Conv::default().padding(n),
            Conv::default().dilation(n),
            Conv::default().groups(n),
            Conv::default().padding(Padding::Full).dilation(n),
            Conv::default().padding(Padding::Same).dilation(n),
            Conv::default().padding(Padding::Sides([(n, 0), (0, n)].as_slice().into())).stride(n),
        ];
        for conv in convs {
            check(format!("conv {conv:?}"), &|| x.conv(&w, conv));
            check(format!("conv_transpose {conv:?}"), &|| x.conv_transpose(&w, conv, 0));
            check(format!("conv_transpose {conv:?} more {n}"), &|| x.conv_transpose(&w, conv, n));
            // A convolution before a pool, as a file may ask for.
            check(format!("conv, pool {conv:?}"), &|| x.conv(&w, conv).max_pool(Pool::new(3).stride(2).padding(1)));
        }
        for window in [
            Window { size: n, stride: 1, padding: 0, dilation: 1 },
            Window { size: 2, stride: n, padding: 0, dilation: 1 },
            Window { size: 2, stride: 1, padding: n, dilation: 1 },
            Window { size: 2, stride: 1, padding: 0, dilation: n },
            Window { size: n, stride: n, padding: n, dilation: n },
        ] {
            check(format!("unfold {window:?}"), &|| x.unfold(&[window; 2]));
            check(format!("fold {window:?}"), &|| Shape::from([1, 8, 16]).fold(&[window; 2], &[n, 8]));
        }
        check(format!("sliding {n}"), &|| x.sliding(-1, n, 1));
        check(format!("sliding by {n}"), &|| x.sliding(-1, 3, n));
        check(format!("adaptive {n}"), &|| x.adaptive_average_pool([n, 1]));
        check(format!("adaptive max {n}"), &|| x.adaptive_max_pool([n, 1]));
        check(format!("interpolate {n}"), &|| x.interpolate([n, 1], Interpolation::Nearest));
        let image = Shape::from([0, n, 4, n]);
        check(format!("max_pool of {image}"), &|| image.max_pool(Pool::new(2)));
        check(format!("average_pool of {image}"), &|| image.average_pool(Pool::new(2)));
    }
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures[..failures.len().min(50)].join("\n"));
}

/// A dry run takes time in the number of axes. (With a search in it over what these lengths say, it would not end.)
#[test]
fn a_dry_run_does_not_depend_on_the_lengths() {
    let (y, cost) = cost(|| {
        let x = Shape::from([1, 1, 1 << 20, 1 << 20]);
        let x = x.average_pool(Pool::new(1 << 18).stride(1).padding(1 << 17));
        let x = x.max_pool(Pool::new(1 << 19).stride(1).padding(1 << 18).ceil(true));
        x.adaptive_average_pool([1 << 25, 1 << 25]).interpolate([1 << 24, 1 << 24], Interpolation::Linear)
    });
    assert_eq!(y, [1, 1, 1 << 24, 1 << 24]);
    assert!(cost.flops > 1 << 50);
    // Windows beyond the image are not looked at one by one either, when numbers are pooled.
    let x = Tensor::new([1, 1, 4], vec![1.0, 2.0, 3.0, 4.0]);
    let pool = || Pool::new(1 << 40).stride(3).padding(1 << 39);
    assert_eq!(x.max_pool(pool()).data(), [4.0, 4.0]);
    assert_eq!(x.average_pool(pool().count_padding(false)).data(), [2.5, 2.5]);
}

/// An empty result is not computed, however long the axes are along which nothing lies.
#[test]
fn empty_results_and_operands_take_no_time() {
    let x = Tensor::<f64>::zeros([0, 1, 1 << 40]);
    assert_eq!(x.max_pool1d(2, 2).shape(), &[0, 1, 1 << 39]);
    assert_eq!(x.average_pool1d(2, 1).shape(), &[0, 1, (1 << 40) - 1]);
    assert_eq!(x.interpolate(1 << 41, Interpolation::Nearest).shape(), &[0, 1, 1 << 41]);
    assert_eq!(x.sum().item(), 0.0);
    assert_eq!(x.sum_over([0, 2]).data(), [0.0]);
    assert_eq!(x.t().sum_over(2).shape(), &[0, 1 << 40]);
    assert_eq!(x.softmax(1).sort(2, true).0.cumsum(2).flip(2).shape(), x.shape());
    let wide = Tensor::<f64>::zeros([1 << 40, 0]);
    assert_eq!(wide.sum().item(), 0.0);
    assert_eq!(wide.sum_over(0).shape(), &[0]);
    assert!(wide.mean().item().is_nan());
    assert_eq!(wide.exp().matmul(Tensor::zeros([0, 0])).shape(), &[1 << 40, 0]);
    assert_eq!(Tensor::<f64>::zeros([3, 0]).matmul(Tensor::zeros([0, 2])).data(), [0.0; 6]);
    let tape = Tape::new();
    let v = tape.var(wide);
    assert_eq!(v.sin().sum().backward()[v].shape(), &[1 << 40, 0]);
}

/// The attack of a matrix product on a buffer that is too short, by every way to it.
#[test]
fn products_read_no_further_than_their_buffers() {
    let make = || Tensor::try_new([2, 3, THIRD], vec![1.0; 400]);
    assert!(make().is_err());
    let (x, y) = (Tensor::<f64>::ones([2, 0, 3]), Tensor::<f64>::ones([2, 3, 0]));
    for n in BIG {
        for to in [[2, n, 0], [n, n, 0], [0, n, n]] {
            let said = message(|| drop(x.reshape(to)));
            assert!(said == "no error" || said.starts_with("reshape: "), "{to:?}: {said}");
        }
    }
    assert_eq!(x.matmul(&y).shape(), &[2, 0, 0]);
}
