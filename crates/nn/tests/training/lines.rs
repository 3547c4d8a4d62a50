//! The line of a panic is the user's own: where a loss, a metric or a change was written, or, if it is a function of ours, where
//! the training was asked for; on whatever thread it happens.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, Once};

use wengert_nn::prelude::*;

/// A class that no other test has, by which a panic is known.
const CLASS: i64 = 7919;

/// Where the last panic about the class was, and what it said.
static PANIC: Mutex<Option<(String, String)>> = Mutex::new(None);

fn panics_at(call: impl FnOnce()) -> Option<(String, String)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = take_hook();
        set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
            let text = text.unwrap_or_default();
            match text.contains(&CLASS.to_string()) {
                true => *PANIC.lock().unwrap() = info.location().map(|at| (at.file().to_owned(), text.to_owned())),
                false => other(info),
            }
        }));
    });
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    PANIC.lock().unwrap().take()
}

type Data = Dataset<f32>;
type Model = Linear<f32>;

fn no_loss(y: Var<f32>, _: Var<f32, i64>) -> Var<f32> {
    y.sum() * 0.0
}

/// A loss of model and batch that is no closure.
fn of_model(model: &Model, (x, y): (Var<f32>, Var<f32, i64>), _: &mut Training<Var<f32>>) -> Var<f32> {
    cross_entropy(model.forward(&x), y)
}

/// What meets the class, each in batches and shards on some threads.
const CALLS: [(&str, fn(&Data, &mut Model, [usize; 3])); 8] = [
    ("a loss of ours", |data, model, [batch, shard, threads]| {
        let trainer = Trainer::new(cross_entropy).batch(batch).shard(shard);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), data).unwrap();
    }),
    ("a closure", |data, model, [batch, shard, threads]| {
        let trainer = Trainer::new(|y: Var<f32>, t: Var<f32, i64>| cross_entropy(y, t)).batch(batch).shard(shard);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), data).unwrap();
    }),
    ("a loss of the model", |data, model, [batch, shard, threads]| {
        let trainer = Trainer::of(of_model).batch(batch).shard(shard);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), data).unwrap();
    }),
    ("a metric of ours", |data, model, [batch, shard, threads]| {
        let trainer = Trainer::new(no_loss).metric("top", |y, t| top_k_accuracy(1, y, t)).batch(batch).shard(shard);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), data).unwrap();
    }),
    ("evaluate", |data, model, _| drop(Trainer::new(cross_entropy).evaluate(model, data).unwrap())),
    ("validation", |data, model, [batch, shard, threads]| {
        let begin = data.range(0..4);
        let trainer = Trainer::new(cross_entropy).batch(batch).shard(shard).validate(data);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), &begin).unwrap();
    }),
    ("gradients of shards", |data, model, [_, shard, threads]| {
        let batch = (data.inputs().clone(), data.targets().clone());
        drop(Shards::new(shard).threads(threads).gradients(&*model, &batch, (1, 1), of_model).unwrap());
    }),
    ("a change", |data, model, [batch, shard, threads]| {
        let change = |(x, t): (Tensor<f32>, Tensor<i64>), _: &mut Generator| {
            cross_entropy(Tensor::<f32>::zeros([t.len(), 2]), &t);
            (x, t)
        };
        let trainer = Trainer::new(no_loss).change_batch(change).batch(batch).shard(shard);
        trainer.threads(threads).train(model, &mut Sgd::new(0.1), data).unwrap();
    }),
];

#[test]
fn a_panic_in_a_training_is_at_a_line_of_the_users() {
    let classes = Tensor::new([8], vec![0, 1, 0, 1, 0, CLASS, 0, 1]);
    let data: Data = Dataset::new(Tensor::ones([8, 2]), classes).unwrap();
    let mut failures = String::new();
    for (what, call) in CALLS {
        for how in [[8, 8, 1], [8, 2, 1], [8, 2, 2], [8, 1, 4], [2, 2, 1], [1, 1, 1]] {
            let mut model = Model::new(2, 2, &mut generator(1));
            match panics_at(|| call(&data, &mut model, how)) {
                Some((file, text)) if file == file!() && !text.contains("src/") => {}
                at => failures += &format!("{what}, {how:?}: {at:?}\n"),
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
