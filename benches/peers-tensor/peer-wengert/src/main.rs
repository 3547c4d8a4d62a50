//! The product itself, by its fastest public idiom: one tape that is cleared, parameters lifted, the tape cleared before
//! the optimiser's step (else the step copies every parameter, since the tape still shares their buffers).
//!
//! `pwengert [W4 …]` measures; `pwengert VERIFY DIR` writes data, weights and results for `py/verify_wengert.py`.
mod programs;
mod verify;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

use common::{ticks, w8_flops, Bench, Lcg, W10_OPS, W8, W9_N};
use wengert::prelude::*;
use wengert::{IndexOperand, Stored};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub fn t(r: &mut Lcg, shape: &[usize], scale: f32) -> Tensor<f32> {
    Tensor::new(Shape::from(shape), r.vec(shape.iter().product(), scale))
}
pub fn classes(n: usize) -> Tensor<i64> {
    Tensor::new([n], (0..n as i64).map(|i| i % 10).collect())
}
pub fn mlp(sizes: &[usize], activation: Activation) -> Mlp<f32> {
    Mlp::new(sizes, activation, &mut generator(1))
}
pub fn lenet() -> Sequential<f32> {
    let rng = &mut generator(1);
    Sequential::new()
        .then(Conv2d::new(1, 6, 5, Conv::default().padding(2), rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, 5, Conv::default(), rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(400, 120, rng))
        .then(Activation::Relu)
        .then(Linear::new(120, 84, rng))
        .then(Activation::Relu)
        .then(Linear::new(84, 10, rng))
}
/// `x` through the network of W5 with weights `[in, out]`, for W13.
pub fn w5_loss(x: Var<f32>, y: impl IndexOperand<Var<f32>>, p: &[Var<f32>]) -> Var<f32> {
    let a = (x.matmul(p[0]) + p[1]).relu();
    let a = (a.matmul(p[2]) + p[3]).relu();
    cross_entropy(a.matmul(p[4]) + p[5], y)
}
pub fn w5_params(r: &mut Lcg) -> Vec<Tensor<f32>> {
    let mut all = Vec::new();
    for (i, o) in [(784, 512), (512, 512), (512, 10)] {
        all.push(t(r, &[i, o], 1.0 / (i as f32).sqrt()));
        all.push(Tensor::zeros([o]));
    }
    all
}

/// A network of one's own with weights `[in, out]`, so that their gradients come out of the product as they are stored
/// (`Linear` keeps `[out, in]`, whose gradient is laid out anew at each step).
#[derive(Clone, Debug)]
pub struct OwnMlp {
    weights: Vec<Param<f32>>,
    biases: Vec<Param<f32>>,
}
impl OwnMlp {
    pub fn new(sizes: &[usize], r: &mut Lcg) -> Self {
        let weight = |w: &[usize]| Param::new(t(r, w, 1.0 / (w[0] as f32).sqrt()));
        OwnMlp {
            weights: sizes.windows(2).map(weight).collect(),
            biases: sizes[1..].iter().map(|n| Param::new(Tensor::zeros([*n]))).collect(),
        }
    }
}
impl Parameters<f32> for OwnMlp {
    parameters! { f32: weights, biases }
}
impl Module<f32> for OwnMlp {
    fn forward<A: Reader<f32>>(&self, x: &A) -> A {
        let last = self.weights.len() - 1;
        self.weights.iter().zip(&self.biases).enumerate().fold(x.clone(), |x, (k, (w, b))| {
            let y = x.matmul(x.lift(w)) + x.lift(b);
            if k < last { y.relu() } else { y }
        })
    }
}

/// One training step: forward, backward, update.
pub fn step<T: Stored<f32>>(
    tape: &mut Tape<f32>,
    model: &mut impl Module<f32>,
    opt: &mut impl Optimiser<f32>,
    x: &Tensor<f32>,
    y: &Tensor<T>,
    loss: impl Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
) -> f32 {
    tape.clear();
    let l = loss(model.forward(&tape.input(x.clone())), tape.input(y.clone()));
    let value = l.item();
    let g = l.backward();
    tape.clear();
    opt.step(model, &g);
    value
}

/// The library's own trainer, its steps timed from outside: shuffled mini-batches of a larger data set, one shard for each
/// thread.
fn trainer<T: Stored<f32> + 'static>(
    workload: &str,
    mut model: impl Module<f32> + Send + Sync,
    mut opt: impl Optimiser<f32>,
    data: &Dataset<f32, T>,
    batch: usize,
    loss: impl Fn(Var<f32>, Var<f32, T>) -> Var<f32> + Send + Sync,
) {
    let b = Bench::new("wengert-trainer", VERSION);
    let budget: f64 = std::env::var("BENCH_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1.5);
    let stop = Arc::new(AtomicBool::new(false));
    let (times, begin) = (RefCell::new(Vec::<Instant>::new()), RefCell::new(((0.0, 0.0), (0.0, 0.0))));
    let (flag, start) = (Arc::clone(&stop), Instant::now());
    let mut trainer = Trainer::new(loss)
        .epochs(1_000_000)
        .batch(batch)
        .shard(batch.div_ceil(b.threads))
        .threads(b.threads)
        .stop(stop)
        .on_step(|_| {
            let now = Instant::now();
            if now.duration_since(start).as_secs_f64() < 0.5 {
                begin.borrow_mut().0 = ticks();
                return;
            }
            let mut times = times.borrow_mut();
            times.push(now);
            if now.duration_since(times[0]).as_secs_f64() > budget && times.len() > 7 {
                begin.borrow_mut().1 = ticks();
                flag.store(true, Ordering::Relaxed);
            }
        });
    trainer.train(&mut model, &mut opt, data).unwrap();
    drop(trainer);
    let times = times.into_inner();
    let all = times[times.len() - 1].duration_since(times[0]).as_secs_f64();
    let inner = (0.002 / (all / (times.len() - 1) as f64)).ceil().max(1.0) as usize;
    let at: Vec<Instant> = times.iter().step_by(inner).copied().collect();
    let mut us: Vec<f64> =
        at.windows(2).map(|w| w[1].duration_since(w[0]).as_secs_f64() * 1e6 / inner as f64).collect();
    us.sort_by(f64::total_cmp);
    let (k0, k1) = begin.into_inner();
    let bg = ((k1.0 - k0.0) - (k1.1 - k0.1)).max(0.0) / 100.0 / all;
    b.emit(
        workload,
        us[us.len() / 2],
        &format!(
            "\"min_us\":{:.3},\"p90_us\":{:.3},\"samples\":{},\"inner\":{inner},\"bg\":{bg:.2},\"shard\":{}",
            us[0], us[us.len() * 9 / 10], us.len(), batch.div_ceil(b.threads)
        ),
    );
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("VERIFY") {
        return verify::write(&std::env::args().nth(2).expect("a folder"));
    }
    let b = Bench::new("wengert", VERSION);
    let bare = Bench::new("wengert-bare", VERSION);
    let seeded = Bench::new("wengert-seeded-g", VERSION);
    let mut r = Lcg(1);
    if std::env::var("BENCH_TRAINER").is_ok_and(|v| v == "1") {
        return trainers(&b, &mut r);
    }
    let none = |_| String::new();
    if std::env::var("BENCH_PROGRAMS").is_ok_and(|v| v == "1") {
        return programs::all(&mut r);
    }

    if b.wants("W4") {
        let (x, y) = (t(&mut r, &[10, 784], 1.0), Tensor::<f32>::eye(10));
        let mut model = mlp(&[784, 30, 10], Activation::Sigmoid);
        let mut opt = Sgd::new(3.0);
        let mut tape = Tape::of::<f32>();
        let l0 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| half_squared_error(a, y));
        b.run("W4_nielsen", none, || {
            step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| half_squared_error(a, y));
        });
        let l1 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| half_squared_error(a, y));
        eprintln!("check W4 loss {l0} -> {l1}");
        // parameters [in, out], the update written out
        let shapes = [(784, 30), (30, 10)];
        let mut w = shapes.map(|(i, o)| Param::new(t(&mut r, &[i, o], 1.0 / (i as f32).sqrt())));
        let mut c = shapes.map(|(_, o)| Param::new(Tensor::<f32>::zeros([o])));
        bare.run("W4_nielsen", none, || {
            tape.clear();
            let mut a = tape.input(x.clone());
            for (w, c) in w.iter().zip(&c) {
                a = (a.matmul(a.lift(w)) + a.lift(c)).sigmoid();
            }
            let g = ((a - &y).square().sum() * 0.05).backward();
            tape.clear();
            for p in w.iter_mut().chain(&mut c) {
                let d = g.param(p).unwrap().clone();
                p.value_mut().data_mut().iter_mut().zip(d.data()).for_each(|(p, d)| *p -= 3.0 * d);
            }
        });
    }
    if b.wants("W5") {
        let (x, y) = (t(&mut r, &[128, 784], 1.0), classes(128));
        let mut model = mlp(&[784, 512, 512, 10], Activation::Relu).output(Activation::Identity);
        let (mut opt, mut tape) = (Adam::new(1e-4), Tape::of::<f32>());
        let l0 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        b.run("W5_mlp", none, || {
            step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        });
        let l1 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        eprintln!("check W5 loss {l0} -> {l1}");
        let mut own = OwnMlp::new(&[784, 512, 512, 10], &mut r);
        let mut opt = Adam::new(1e-4);
        let l0 = step(&mut tape, &mut own, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        bare.run("W5_mlp", none, || {
            step(&mut tape, &mut own, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        });
        let l1 = step(&mut tape, &mut own, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        eprintln!("check W5 bare loss {l0} -> {l1}");
        b.run("W5_mlp_gradonly", none, || {
            tape.clear();
            std::hint::black_box(cross_entropy(model.forward(&tape.input(x.clone())), tape.input(y.clone())).backward());
        });
    }
    if b.wants("W6") {
        let (x, y) = (t(&mut r, &[64, 1, 28, 28], 1.0), classes(64));
        let (mut model, mut opt, mut tape) = (lenet(), Sgd::new(0.01), Tape::of::<f32>());
        let l0 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        b.run("W6_lenet", none, || {
            step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        });
        let l1 = step(&mut tape, &mut model, &mut opt, &x, &y, |a, y| cross_entropy(a, y));
        eprintln!("check W6 loss {l0} -> {l1}");
    }
    if b.wants("W7") {
        for n in [64usize, 256, 1024] {
            let [a, c, g] = [0; 3].map(|_| t(&mut r, &[n, n], 1.0));
            let mut tape = Tape::of::<f32>();
            let flops = |us: f64| format!("\"gflops\":{:.2}", 6.0 * (n as f64).powi(3) / us / 1e3);
            b.run(&format!("W7_matmul_n{n}"), flops, || {
                tape.clear();
                let (a, c) = (tape.var(a.clone()), tape.var(c.clone()));
                std::hint::black_box((a.matmul(c) * &g).sum().backward());
            });
            seeded.run(&format!("W7_matmul_n{n}"), flops, || {
                tape.clear();
                let (a, c) = (tape.var(a.clone()), tape.var(c.clone()));
                std::hint::black_box(a.matmul(c).backward_from(g.clone()).unwrap());
            });
        }
    }
    if b.wants("W8") {
        let (n, ci, h, co, k) = W8;
        let (x, w, g) = (t(&mut r, &[n, ci, h, h], 1.0), t(&mut r, &[co, ci, k, k], 1.0), t(&mut r, &[n, co, h, h], 1.0));
        let mut tape = Tape::of::<f32>();
        let flops = |us: f64| format!("\"gflops\":{:.2},\"ms\":{:.3}", w8_flops() / us / 1e3, us / 1e3);
        b.run("W8_conv2d", flops, || {
            tape.clear();
            let (x, w) = (tape.var(x.clone()), tape.var(w.clone()));
            std::hint::black_box((x.conv2d(w, Conv::default().padding(1)) * &g).sum().backward());
        });
        seeded.run("W8_conv2d", flops, || {
            tape.clear();
            let (x, w) = (tape.var(x.clone()), tape.var(w.clone()));
            std::hint::black_box(x.conv2d(w, Conv::default().padding(1)).backward_from(g.clone()).unwrap());
        });
        tape.clear();
        b.run(
            "W8_conv2d_fwdonly",
            |us| format!("\"gflops\":{:.2},\"ms\":{:.3}", w8_flops() / 3.0 / us / 1e3, us / 1e3),
            || {
                std::hint::black_box(x.conv2d(&w, Conv::default().padding(1)));
            },
        );
    }
    if b.wants("W9") {
        let x = t(&mut r, &[W9_N], 2.0);
        let mut tape = Tape::of::<f32>();
        b.run("W9_elementwise", |us| format!("\"ms\":{:.3}", us / 1e3), || {
            tape.clear();
            let (x, w, c) = (tape.var(x.clone()), tape.scalar(0.7), tape.scalar(0.1));
            std::hint::black_box(((x * w + c).sigmoid() * x.tanh()).sum().backward());
        });
    }
    if b.wants("W10") {
        for params in [false, true] {
            let [x, c, d] = [0; 3].map(|_| t(&mut r, &[4], 1.0));
            let mut tape = Tape::of::<f32>();
            b.run(if params { "W10_chain_params" } else { "W10_chain" }, |us| format!("\"ns_per_op\":{us:.2}"), || {
                tape.clear();
                let mut v = tape.var(x.clone());
                let leaf = |t: &Tensor<f32>| if params { tape.var(t.clone()) } else { tape.constant(t.clone()) };
                let (c, d) = (leaf(&c), leaf(&d));
                for i in 0..W10_OPS {
                    v = match i % 3 {
                        0 => v + c,
                        1 => v * d,
                        _ => v.tanh(),
                    };
                }
                std::hint::black_box(v.sum().backward());
            });
        }
    }
    if b.wants("W13") {
        let (x, y, p) = (t(&mut r, &[128, 784], 1.0), classes(128), w5_params(&mut r));
        let v: Vec<Tensor<f32>> = p.iter().map(|p| t(&mut r, p.shape(), 1.0)).collect();
        let f = |p: Vec<Var<f32>>| w5_loss(p[0].constant(x.clone()), &y, &p);
        let tg = b.run("W13_grad", none, || {
            std::hint::black_box(value_and_grad(f, &p).unwrap());
        });
        let ratio = |us: f64| format!("\"ratio_to_grad\":{:.2}", us / tg);
        Bench::new("wengert-hvp", VERSION).run("W13_hvp", ratio, || {
            std::hint::black_box(hvp(f, &p, &v).unwrap());
        });
        let mut tape = Tape::of::<f32>();
        Bench::new("wengert-double-backward", VERSION).run("W13_hvp", ratio, || {
            tape.clear();
            let p: Vec<Var<f32>> = p.iter().map(|p| tape.var(p.clone())).collect();
            let g = w5_loss(tape.input(x.clone()), tape.input(y.clone()), &p).backward_recorded();
            let dot = p.iter().zip(&v).map(|(p, v)| (g[*p] * v).sum()).reduce(|a, b| a + b).unwrap();
            std::hint::black_box(dot.backward());
        });
    }
}

/// `BENCH_TRAINER=1`: W4, W5 and W6 by the library's trainer, and nothing else.
fn trainers(b: &Bench, r: &mut Lcg) {
    if b.wants("W4") {
        let n = 10 * 200;
        let data = Dataset::new(t(r, &[n, 784], 1.0), one_hot(n)).unwrap();
        let model = mlp(&[784, 30, 10], Activation::Sigmoid);
        trainer("W4_nielsen", model, Sgd::new(3.0), &data, 10, |a, y| half_squared_error(a, y));
    }
    if b.wants("W5") {
        let n = 128 * 32;
        let data = Dataset::new(t(r, &[n, 784], 1.0), classes(n)).unwrap();
        let model = mlp(&[784, 512, 512, 10], Activation::Relu).output(Activation::Identity);
        trainer("W5_mlp", model, Adam::new(1e-4), &data, 128, |a, y| cross_entropy(a, y));
    }
    if b.wants("W6") {
        let n = 64 * 32;
        let data = Dataset::new(t(r, &[n, 1, 28, 28], 1.0), classes(n)).unwrap();
        trainer("W6_lenet", lenet(), Sgd::new(0.01), &data, 64, |a, y| cross_entropy(a, y));
    }
}

fn one_hot(n: usize) -> Tensor<f32> {
    Tensor::new([n, 10], (0..n * 10).map(|k| f32::from((k / 10 % 10 == k % 10) as u8)).collect())
}
