//! What one call may ask for, in bytes. One test, in a program of its own: the ceiling is one number for the whole of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use wengert_tape::{check_bytes, max_bytes, prelude::*, set_max_bytes};

fn message(call: impl FnOnce()) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(()) => "no error".into(),
        Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| "a raw panic".into()),
    }
}

#[test]
fn what_takes_more_than_the_ceiling_is_refused_in_the_name_of_what_asked() {
    assert!(max_bytes() > 1 << 20);
    assert!(
        check_bytes("read", u64::MAX).unwrap_err().to_string().starts_with("read: takes 18446744073709551615 bytes")
    );
    let huge = 1 << 46; // 512 TiB of f64
    let table: &[(&str, fn(usize))] = &[
        ("full", |n| drop(Tensor::full([n], true))),
        ("zeros", |n| drop(Tensor::<f64>::zeros([n]))),
        ("ones", |n| drop(Tensor::<f32>::ones([4, n]))),
        ("arange", |n| drop(Tensor::<f64>::arange(n))),
        ("linspace", |n| drop(Tensor::<f64>::linspace(0.0, 1.0, n))),
        ("eye", |n| drop(Tensor::<f64>::eye(n.isqrt() * 2))),
        ("eye", |_| drop(Tensor::<f64>::eye(usize::MAX))),
        ("eye", |_| drop(Tensor::<f64>::eye(usize::MAX / 2))),
        ("rand", |n| drop(Tensor::<f64>::rand([n], &mut Xoshiro256PlusPlus::seed_from_u64(1)))),
        ("randn", |n| drop(Tensor::<f64>::randn([n], &mut Xoshiro256PlusPlus::seed_from_u64(1)))),
        ("add", |n| drop(Tensor::<f64>::ones([n.isqrt(), 1].map(|k| k.min(1 << 23))) + Tensor::ones([1 << 23]))),
        ("matmul", |_| drop(Tensor::<f64>::ones([1 << 22, 1]).matmul(Tensor::ones([1, 1 << 23])))),
        ("broadcast_to", |n| drop(Tensor::<f64>::ones([1]).broadcast_to([n]))),
        ("expand", |n| drop(Tensor::<f64>::ones([1]).expand([n]))),
        ("repeat", |n| drop(Tensor::<f64>::ones([2]).repeat([n]))),
        ("tile", |n| drop(Tensor::<f64>::ones([2]).tile([n]))),
        ("repeat_interleave", |n| drop(Tensor::<f64>::ones([2]).repeat_interleave(0, n))),
        ("pad", |n| drop(Tensor::<f64>::ones([2]).pad([(n, 0)], PadMode::Constant(0.0)))),
        ("pad", |n| drop(Tensor::<f64>::ones([2]).pad([(0, n)], PadMode::Constant(1.0)))),
        ("pad", |n| drop(Tensor::<f64>::ones([2]).pad([(0, n)], PadMode::Replicate))),
        ("one_hot", |n| drop(Tensor::from([0, 1]).one_hot::<f64>(n))),
        ("interpolate", |n| drop(Tensor::<f64>::ones([1, 1, 2]).interpolate(n, Interpolation::Linear))),
        ("interpolate_by", |_| drop(Tensor::<f64>::ones([1, 1, 2]).interpolate_by(1e14, Interpolation::Nearest))),
        ("adaptive_average_pool", |n| drop(Tensor::<f64>::ones([1, 1, 2]).adaptive_average_pool(n))),
        ("adaptive_max_pool", |n| drop(Tensor::<f64>::ones([1, 1, 2]).adaptive_max_pool(n))),
        ("conv", |n| drop(Tensor::<f64>::ones([1, 1, 2]).conv(Tensor::ones([1, 1, 1]), Conv::default().padding(n)))),
        ("index_add", |n| drop(Tensor::<f64>::ones([2]).index_add(0, n, Tensor::from([0, 1])))),
        ("diag_embed", |_| drop(Tensor::<f64>::ones([2]).diag_embed(1 << 23))),
        ("outer", |_| drop(Tensor::<f64>::ones([1 << 23]).outer(Tensor::ones([1 << 23])))),
        ("meshgrid", |_| drop(meshgrid(&[&Tensor::<f64>::ones([1 << 23]), &Tensor::ones([1 << 23])]))),
        ("normal", |n| drop(Tensor::<f64>::normal([n], 0.0, 1.0, &mut Xoshiro256PlusPlus::seed_from_u64(1)))),
        ("randint", |n| drop(Tensor::randint([n], 0..2, &mut Xoshiro256PlusPlus::seed_from_u64(1)))),
        ("randperm", |n| drop(Tensor::randperm(n, &mut Xoshiro256PlusPlus::seed_from_u64(1)))),
        ("multinomial", |n| {
            drop(Tensor::from([1.0, 2.0]).multinomial(n, true, &mut Xoshiro256PlusPlus::seed_from_u64(1)));
        }),
        ("less", |_| drop(Tensor::<f64>::ones([1 << 24, 1]).less(Tensor::ones([1 << 24])))),
        ("max_pool", |_| {
            // Small operand and result; what is looked at on the way is not.
            drop(Tensor::<f64>::ones([1, 1, 1, 1 << 20]).max_pool(Pool::new([1, 1 << 19]).stride(1)));
        }),
    ];
    let mut failures = Vec::new();
    let mut check = |ceiling: Option<usize>, n: usize| {
        for (name, call) in table {
            let said = message(|| call(n));
            let start = said.split(':').next().unwrap_or_default();
            let tells = said.contains("WENGERT_MAX_BYTES") || said.contains("more elements than can be addressed");
            if start != *name || !tells {
                failures.push(format!("{name} under {ceiling:?}: {said}"));
            }
        }
    };
    check(None, huge);
    let small = 192 << 20;
    set_max_bytes(small);
    assert_eq!(max_bytes(), small);
    check(Some(small), 1 << 28);
    // What fits is made, small things are not asked about, and the ceiling can be taken away.
    assert_eq!(Tensor::<f64>::zeros([small / 8]).len(), small / 8);
    set_max_bytes(1);
    assert_eq!((Tensor::from([1.0, 2.0]) + 1.0).data(), [2.0, 3.0]);
    assert!(
        message(|| drop(Tensor::<f64>::zeros([256]))).starts_with("zeros: a result of shape [256] takes 2048 bytes")
    );
    // An error inside a sweep, a differential operator and on a tape is returned.
    set_max_bytes(1 << 20);
    let x = Tensor::<f64>::ones([1 << 10, 1]);
    let error = try_with(|| grad(|x| x.matmul(x.t()).sum(), &x)).unwrap_err().to_string();
    assert!(error.starts_with("matmul: a result of shape [1024, 1024] takes 8388608 bytes"), "{error}");
    set_max_bytes(usize::MAX);
    assert!(message(|| drop(Tensor::<f64>::zeros([1 << 58]))).contains("takes 2305843009213693952 bytes"));
    set_max_bytes(0);
    assert!(max_bytes() > 1 << 20);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
