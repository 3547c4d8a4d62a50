//! The same workloads as programs: recorded once, compiled, run.

use common::{Bench, Lcg, W10_OPS, W9_N};
use wengert::Program;
use wengert::prelude::*;

use crate::{VERSION, classes, t, w5_loss, w5_params};

/// All rows that are asked for.
pub fn all(r: &mut Lcg) {
    let b = Bench::new("wengert-program", VERSION);
    let none = |_| String::new();
    if b.wants("W4") {
        let tape = Tape::of::<f32>();
        let x = tape.input(t(r, &[10, 784], 1.0));
        let y = tape.input(Tensor::<f32>::eye(10));
        let shapes = [(784, 30), (30, 10)];
        let w = shapes.map(|(i, o)| tape.var(t(r, &[i, o], 1.0 / (i as f32).sqrt())));
        let c = shapes.map(|(_, o)| tape.var(Tensor::zeros([o])));
        let a = w.iter().zip(&c).fold(x, |a, (w, c)| (a.matmul(*w) + *c).sigmoid());
        let loss = (a - y).square().sum() * 0.05;
        let g = loss.backward_recorded();
        let leaves: Vec<Var<f32>> = w.into_iter().chain(c).collect();
        let next = leaves.iter().map(|p| *p - g[*p] * 3.0);
        let mut program = Program::of(std::iter::once(loss).chain(next)).unwrap();
        leaves.iter().enumerate().for_each(|(k, p)| program.carry(k + 1, *p).unwrap());
        let (data, wanted) = (x.value(), y.value());
        b.run("W4_nielsen", none, || {
            program.set(x, data.clone()).unwrap();
            program.set(y, wanted.clone()).unwrap();
            program.run().unwrap();
        });
        explain(&program);
    }
    if b.wants("W5") {
        let tape = Tape::of::<f32>();
        let (x, y) = (tape.input(t(r, &[128, 784], 1.0)), tape.input(classes(128)));
        let p: Vec<Var<f32>> = w5_params(r).into_iter().map(|p| tape.var(p)).collect();
        let loss = w5_loss(x, y, &p);
        let g = loss.backward_recorded();
        let zeros = || p.iter().map(|p| tape.input(Tensor::zeros(p.value().shape()))).collect::<Vec<_>>();
        let (m, v) = (zeros(), zeros());
        let size = tape.input(Tensor::from(1e-4_f32));
        let root = tape.input(Tensor::from(1.0_f32));
        let mut outputs = vec![loss];
        for k in 0..p.len() {
            let g = g[p[k]];
            let m = m[k] + (g - m[k]) * 0.1;
            let v = v[k] + (g * g - v[k]) * 0.001;
            outputs.extend([p[k] - m * size / (v.sqrt() * root + 1e-8), m, v]);
        }
        let mut program = Program::of(outputs).unwrap();
        for k in 0..p.len() {
            program.carry(1 + 3 * k, p[k]).unwrap();
            program.carry(2 + 3 * k, m[k]).unwrap();
            program.carry(3 + 3 * k, v[k]).unwrap();
        }
        let (data, wanted) = (x.value(), y.value());
        let mut steps = 0;
        b.run("W5_mlp", none, || {
            steps += 1;
            program.set(x, data.clone()).unwrap();
            program.set(y, wanted.clone()).unwrap();
            let correct = |beta: f64| 1.0 - beta.powi(steps);
            program.set_numbers(size, &[(1e-4 / correct(0.9)) as f32]).unwrap();
            program.set_numbers(root, &[(1.0 / correct(0.999).sqrt()) as f32]).unwrap();
            program.run().unwrap();
        });
        explain(&program);
    }
    if b.wants("W9") {
        let tape = Tape::of::<f32>();
        let (x, w, c) = (tape.var(t(r, &[W9_N], 2.0)), tape.scalar(0.7), tape.scalar(0.1));
        let loss = ((x * w + c).sigmoid() * x.tanh()).sum();
        let g = loss.backward_recorded();
        let mut program = Program::of([loss, g[x], Var::from(g[w]), Var::from(g[c])]).unwrap();
        b.run("W9_elementwise", |us| format!("\"ms\":{:.3}", us / 1e3), || program.run().unwrap());
        explain(&program);
    }
    if b.wants("W10") {
        for params in [false, true] {
            let [x, c, d] = [0; 3].map(|_| t(r, &[4], 1.0));
            let tape = Tape::of::<f32>();
            let leaf = |t: &Tensor<f32>| if params { tape.var(t.clone()) } else { tape.constant(t.clone()) };
            let (x, c, d) = (tape.var(x), leaf(&c), leaf(&d));
            let y = (0..W10_OPS).fold(x, |v, i| match i % 3 {
                0 => v + c,
                1 => v * d,
                _ => v.tanh(),
            });
            let loss = y.sum();
            let g = loss.backward_recorded();
            let mut outputs = vec![loss, g[x]];
            if params {
                outputs.extend([g[c], g[d]]);
            }
            let begin = std::time::Instant::now();
            let mut program = Program::of(outputs).unwrap();
            eprintln!("compiled in {:.2} ms", begin.elapsed().as_secs_f64() * 1e3);
            let name = if params { "W10_chain_params" } else { "W10_chain" };
            b.run(name, |us| format!("\"ns_per_op\":{us:.2}"), || program.run().unwrap());
            explain(&program);
        }
    }
    if b.wants("W13") {
        let tape = Tape::of::<f32>();
        let (x, y) = (tape.input(t(r, &[128, 784], 1.0)), tape.input(classes(128)));
        let p: Vec<Var<f32>> = w5_params(r).into_iter().map(|p| tape.var(p)).collect();
        let v: Vec<Var<f32>> = p.iter().map(|p| tape.input(t(r, p.value().shape(), 1.0))).collect();
        let g = w5_loss(x, y, &p).backward_recorded();
        let mut gradient = Program::of(p.iter().map(|p| g[*p])).unwrap();
        let tg = b.run("W13_grad", none, || gradient.run().unwrap());
        let dot = p.iter().zip(&v).map(|(p, v)| (g[*p] * *v).sum()).reduce(|a, b| a + b).unwrap();
        let h = dot.backward_recorded();
        let mut program = Program::of(p.iter().map(|p| h[*p])).unwrap();
        let ratio = |us: f64| format!("\"ratio_to_grad\":{:.2}", us / tg);
        b.run("W13_hvp", ratio, || program.run().unwrap());
        explain(&program);
    }
}

fn explain(program: &Program<f32>) {
    if std::env::var("BENCH_EXPLAIN").is_ok() {
        eprintln!("{}", program.explain());
    }
}
