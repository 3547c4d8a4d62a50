//! What is hidden, ignored, dropped or padded is not read: NaN and infinity there reach nothing.

use std::fmt::Write;

use wengert_tape::prelude::*;

const BAD: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// Three queries, four keys and values. Key 1 is hidden from all, key 3 from all but the last.
fn attend(causal: bool, [q, k, v]: [Var; 3]) -> Var {
    let mask = Tensor::from([[true, false, true, false], [true, false, true, false], [true, false, true, true]]);
    q.masked_attention(k, v, q.mask(mask), causal)
}

fn inputs() -> [Tensor; 3] {
    [
        Tensor::linspace(-1.0, 1.0, 6).reshape([3, 2]),
        Tensor::linspace(2.0, -1.0, 8).reshape([4, 2]),
        Tensor::linspace(0.5, 3.0, 8).reshape([4, 2]),
    ]
}

/// With a bad number in what is hidden everything is as with 0 there.
#[test]
fn attention_does_not_read_what_is_masked() {
    let mut out = String::new();
    for causal in [false, true] {
        for slot in [1, 2] {
            let of = |bad: f64| {
                let mut x = inputs();
                x[slot].data_mut()[2..4].fill(bad);
                let tape = Tape::new();
                let vars = x.clone().map(|x| tape.var(x));
                let y = attend(causal, vars);
                let weights = Tensor::linspace(1.0, 2.0, 6).reshape([3, 2]);
                let g = (y * &weights).sum().backward();
                let recorded = (y * &weights).sum().backward_recorded();
                let second = (recorded[vars[0]] * recorded[vars[0]]).sum().backward();
                let mut all = vec![y.value()];
                for v in vars {
                    all.extend([g[v].clone(), recorded[v].value(), second[v].clone()]);
                }
                for along in 0..3 {
                    let f = |moved: Var| {
                        let mut args = [0, 1, 2].map(|k| Lift::constant(&moved, x[k].clone()));
                        args[along] = moved;
                        attend(causal, args)
                    };
                    all.push(jvp(f, &x[along], &Tensor::ones(x[along].shape())).unwrap().1);
                }
                all
            };
            let good = of(0.0);
            for bad in BAD {
                for (k, (found, expected)) in of(bad).iter().zip(&good).enumerate() {
                    let apart = found.data().iter().zip(expected.data()).any(|(a, b)| !((a - b).abs() < 1e-13));
                    if apart {
                        writeln!(
                            out,
                            "  {bad} in argument {slot}, causal {causal}: result {k} is {found}, not {expected}"
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

/// A bad number that one query sees and others do not stays with it: key and value 3, and all of query 2.
#[test]
fn what_one_query_sees_stays_with_it() {
    for slot in [0, 1, 2] {
        let mut x = inputs();
        let row = if slot == 0 { 2 } else { 3 };
        x[slot].data_mut()[2 * row..2 * row + 2].fill(f64::NAN);
        let tape = Tape::new();
        let vars = x.map(|x| tape.var(x));
        let y = attend(false, vars);
        let finite = |t: &Tensor| t.data().iter().all(|x| x.is_finite());
        assert!(finite(&y.value().slice(0, 0..2)), "argument {slot}: {}", y.value());
        assert!(y.value().data()[4..].iter().all(|y| y.is_nan()), "argument {slot}: {}", y.value());
        let g = y.slice(0, 0..2).sum().backward();
        assert!(vars.iter().all(|v| finite(&g[*v])), "argument {slot}: {:?}", vars.map(|v| g[v].clone()));
    }
}

/// Each is asked for the gradient with a bad number in a place that does not count, which is element 1 of its argument.
#[test]
fn what_does_not_count_is_not_read() {
    let table: Vec<(&str, Vec<usize>, fn(Var) -> Var)> = vec![
        ("masked_fill", vec![3], |x| x.masked_fill(x.mask(Tensor::from([false, true, false])), 0.0).square().sum()),
        ("select", vec![3], |x| select(x.mask(Tensor::from([true, false, true])), &x.square(), 1.0).sum()),
        ("masked_select", vec![3], |x| x.masked_select(x.mask(Tensor::from([true, false, true]))).square().sum()),
        ("cross_entropy, ignored", vec![3, 1], |x| {
            let x = x * Tensor::from([[1.0, 2.0]]);
            x.cross_entropy(Tensor::from([0, -100, 1]), &CrossEntropy::default())
        }),
        ("nll_loss, ignored", vec![3, 1], |x| {
            let x = x * Tensor::from([[1.0, 2.0]]);
            x.nll_loss(Tensor::from([0, -100, 1]), &CrossEntropy::default())
        }),
        ("nll_loss, other class", vec![2, 2], |x| x.nll_loss(Tensor::from([0, 1]), &CrossEntropy::default())),
        ("nll_loss, weight 0", vec![2, 2], |x| {
            let how = CrossEntropy { weights: vec![1.0, 0.0], ..CrossEntropy::default() };
            x.nll_loss(Tensor::from([0, 0]), &how)
        }),
        ("kl_div, target 0", vec![3], |x| x.kl_div(Tensor::from([0.5, 0.0, 0.5]), Reduction::Sum)),
        ("dropout", vec![3], |x| {
            // a key with which element 1 is dropped
            let dropped = |key: &i64| Tensor::<f64>::ones([3]).dropout(0.5, Tensor::from(*key)).data()[1] == 0.0;
            x.dropout(0.5, Tensor::from((0..).find(dropped).unwrap())).sum()
        }),
        ("average_pool", vec![1, 1, 3], |x| x.average_pool(Pool::new(1).stride(2)).sum()),
        ("max_pool", vec![1, 1, 3], |x| x.max_pool(Pool::new(1).stride(2)).sum()),
        ("interpolate", vec![1, 1, 3], |x| x.interpolate(2, Interpolation::LinearAligned).sum()),
        ("embedding", vec![3, 1], |x| x.embedding(Tensor::from([0, 2])).square().sum()),
        ("gather", vec![3], |x| x.gather(0, Tensor::from([0, 2, 2])).square().sum()),
        ("max", vec![3], |x| x.slice(0, 0..1).max() + x.slice(0, 2..3).max()),
    ];
    let mut out = String::new();
    for (name, shape, f) in table {
        let n = shape.iter().product::<usize>();
        let of = |bad: f64| {
            let mut x = Tensor::linspace(-1.0, 0.5, n).reshape(Shape::from(&shape[..]));
            x.data_mut()[1] = bad;
            let (y, g) = value_and_grad(f, &x).unwrap();
            let (_, d) = jvp(f, &x, &Tensor::ones(x.shape())).unwrap();
            [&[y, d.item()], g.data()].concat()
        };
        let good = of(-0.7);
        for bad in BAD {
            let found = of(bad);
            if found.iter().zip(&good).any(|(a, b)| !((a - b).abs() < 1e-14)) {
                writeln!(out, "  {name} beside {bad}: {found:?} instead of {good:?}").unwrap();
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}
