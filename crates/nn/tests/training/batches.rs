//! What belongs to a whole batch: statistics of layers and losses that are no means over samples, however a batch is cut,
//! over however many threads, and in a loop of one's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_nn::History;
use wengert_nn::prelude::*;

fn bits(model: &impl Parameters<f64>) -> Vec<u64> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(f64::to_bits).collect()
}

/// The largest distance between parameters of the same name.
fn apart(a: &impl Parameters<f64>, b: &impl Parameters<f64>) -> f64 {
    let pairs = a.parameters().into_iter().zip(b.parameters());
    let of_pair = |((name, a), (other, b)): ((String, &Param), (String, &Param))| {
        assert_eq!(name, other);
        a.value().data().iter().zip(b.value().data()).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>()
    };
    pairs.flat_map(of_pair).fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}

fn moved_moons(samples: usize, seed: u64) -> Dataset<f64> {
    let data: Dataset<f64> = moons(samples, 0.2, &mut generator(seed));
    data.with_inputs(data.inputs() + 20.0).unwrap()
}

/// With two layers of statistics that have nothing in common.
fn normed() -> Sequential<f64> {
    let rng = &mut generator(4);
    Sequential::new()
        .then(BatchNorm::new(2))
        .then(Linear::new(2, 8, rng))
        .then(BatchNorm::new(8).momentum(0.3))
        .then(Activation::Tanh)
        .then(Linear::new(8, 2, rng))
}

/// A pass over all samples in one batch, as PyTorch's users write it.
fn by_hand(
    model: &mut (impl Module<f64> + Send + Sync),
    loss: impl Fn(Var, Var<f64, i64>) -> Var,
    data: &Dataset<f64>,
) -> f64 {
    let tape = Tape::new();
    let mut training = Training::new(tape.input(Tensor::from([0, 1])));
    let outputs = model.forward_training(&tape.input(data.inputs().clone()), &mut training);
    let loss = loss(outputs, tape.input(data.targets().clone()));
    Sgd::new(0.5).step(model, &loss.backward());
    training.apply(model);
    loss.item()
}

/// Of a feature that is always 10 the mean is 10 and the variance 0, for every number of samples and every way to cut them.
#[test]
fn running_statistics_are_those_of_the_batch() {
    for samples in (2..=40).chain([257]) {
        let inputs = Tensor::full([samples, 2], 10.0);
        let data: Dataset<f64, f64> = Dataset::new(inputs, Tensor::zeros([samples, 2])).unwrap();
        for (shard, threads) in [(16, 1), (16, 3), (1, 2), (4, 1), (samples, 1)] {
            let mut model = BatchNorm::new(2).momentum(1.0);
            let mut trainer =
                Trainer::new(|y: Var, t| mse(y, t)).epochs(1).batch(samples).shard(shard).threads(threads);
            let history = trainer.train(&mut model, &mut Sgd::new(0.0), &data).unwrap();
            let how = format!("{samples} samples in shards of {shard}");
            assert_eq!(model.running_mean.value().data(), [10.0, 10.0], "{how}");
            assert_eq!(model.running_var.value().data(), [0.0, 0.0], "{how}");
            assert_eq!(history.loss(), 0.0, "{how}");
        }
    }
}

/// The trainer's step is the step of a loop of one's own on the whole batch, also in the last batch of an epoch.
#[test]
fn a_step_is_that_of_the_whole_batch() {
    for samples in [2, 3, 15, 16, 17, 31, 32, 33] {
        let data = moved_moons(samples, 3);
        let mut expected = normed();
        let loss = by_hand(&mut expected, |y, t| cross_entropy(y, t), &data);
        for (shard, threads) in [(16, 1), (16, 2), (5, 3), (1, 8)] {
            let mut model = normed();
            let mut trainer = Trainer::new(cross_entropy).epochs(1).batch(samples).shard(shard).threads(threads);
            let history = trainer.train(&mut model, &mut Sgd::new(0.5), &data).unwrap();
            let apart = apart(&model, &expected);
            assert!(apart < 1e-11, "{samples} samples, shards of {shard}: {apart}");
            assert!((history.loss() - loss).abs() < 1e-12);
        }
    }
}

/// One sample has no variance: it joins the batch before, and batches of one are refused as PyTorch refuses them.
#[test]
fn no_batch_is_of_one_sample() {
    let train = |samples: usize, batch: usize, threads: usize| {
        let mut model = normed();
        let mut trainer = Trainer::new(cross_entropy).epochs(2).batch(batch).threads(threads);
        trainer.train(&mut model, &mut Sgd::new(0.1), &moved_moons(samples, 3)).map(|history| (bits(&model), history))
    };
    let steps = |history: &History| history.epochs.iter().map(|epoch| epoch.steps).collect::<Vec<_>>();
    for (samples, batch, expected) in [(33, 32, 1), (65, 32, 2), (66, 32, 3), (5, 2, 2), (17, 17, 1), (17, 100, 1)] {
        let (bits, history) = train(samples, batch, 1).unwrap();
        assert_eq!(steps(&history), [expected; 2], "{samples} in batches of {batch}");
        assert!(history.loss() < 2.0, "{samples} in batches of {batch}: {}", history.loss());
        assert_eq!(train(samples, batch, 3).unwrap().0, bits);
    }
    let expected =
        "batch_norm: training needs more than one number in each channel: take batches of at least 2 samples";
    for (samples, batch) in [(17, 1), (1, 32)] {
        assert_eq!(train(samples, batch, 1).unwrap_err().to_string(), expected);
    }
    let pass =
        || BatchNorm::<f64>::new(3).forward_training(&Tensor::zeros([1, 3]), &mut Training::new(Tensor::from([0, 0])));
    let payload = catch_unwind(pass).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some(expected));
    // One image has many values in each channel.
    let image = BatchNorm::<f64>::new(1);
    let y = image.forward_training(&Tensor::from([[[1.0, 3.0]]]), &mut Training::new(Tensor::from([0, 0])));
    assert!((y - Tensor::from([[[-1.0, 1.0]]])).abs().max().item() < 1e-5);
}

/// A model of one's own that uses a layer twice in a pass.
#[derive(Clone, Debug)]
struct Twice {
    norm: BatchNorm<f64>,
    other: BatchNorm<f64>,
}
impl Parameters<f64> for Twice {
    parameters! { f64: norm, other }
}
impl Module<f64> for Twice {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        self.norm.forward(&(self.other.forward(&self.norm.forward(x)) + 50.0))
    }
    fn forward_training<A: Reader<f64>>(&self, x: &A, training: &mut Training<A>) -> A {
        let x = self.norm.forward_training(x, training);
        let x = self.other.forward_training(&x, training) + 50.0;
        self.norm.forward_training(&x, training)
    }
}

/// As in PyTorch, the running mean moves at each use: from 0 by 0.1 to 10, and then by 0.1 to 50.
#[test]
fn a_layer_that_is_used_twice_sees_both() {
    let x = Tensor::from([[9.0], [10.0], [11.0]]);
    let model = || Twice { norm: BatchNorm::new(1), other: BatchNorm::new(1) };
    let expected = 0.9 * (0.9 * 0.0 + 0.1 * 10.0) + 0.1 * 50.0;
    let close = |model: &Twice| {
        let (mean, other) = (model.norm.running_mean.value().item(), model.other.running_mean.value().item());
        assert!((mean - expected).abs() < 1e-12 && other.abs() < 1e-12, "{mean} {other}");
    };
    let mut recorded = model();
    let tape = Tape::new();
    let mut training = Training::new(tape.input(Tensor::from([0, 0])));
    let _ = recorded.forward_training(&tape.input(x.clone()), &mut training);
    training.apply(&mut recorded);
    close(&recorded);

    let mut plain = model();
    let mut training = Training::new(Tensor::from([0, 0]));
    let _ = plain.forward_training(&x, &mut training);
    training.apply(&mut plain);
    close(&plain);

    let data = Dataset::new(x.clone(), x).unwrap();
    for shard in [1, 2, 16] {
        let mut trained = model();
        let mut trainer = Trainer::new(|y: Var, t| mse(y, t)).epochs(1).shard(shard).threads(2);
        trainer.train(&mut trained, &mut Sgd::new(0.0), &data).unwrap();
        close(&trained);
    }
}

#[test]
fn a_pass_is_handed_to_its_own_model() {
    let model = normed();
    let mut training = Training::new(Tensor::from([0, 0]));
    let _ = model.forward_training(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]), &mut training);
    let payload = catch_unwind(AssertUnwindSafe(|| training.apply(&mut BatchNorm::<f64>::new(2)))).unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("training: the pass was of another model: this one has no parameter "), "{message}");
}

/// The loop of `docs/from-pytorch.md`: in use, where the running statistics stand for those of the batch, the model is as
/// good as in training.
#[test]
fn a_loop_of_ones_own_learns_the_running_statistics() {
    let (data, validation) = (moved_moons(300, 3), moved_moons(300, 5));
    let (mut model, mut optimiser) = (normed(), Adam::new(0.02));
    let mut rng = generator(6);
    for epoch in 0..30 {
        for (x, y) in data.batches(30).shuffled(&mut rng) {
            let tape = Tape::new();
            let mut training = Training::new(tape.input(Tensor::from([7, epoch])));
            let output = model.forward_training(&tape.input(x), &mut training);
            optimiser.step(&mut model, &cross_entropy(output, tape.input(y)).backward());
            training.apply(&mut model);
        }
    }
    let on = |data: &Dataset<f64>| accuracy(&model.forward(data.inputs()), data.targets());
    assert!(on(&data) > 0.93 && on(&validation) > 0.93, "{} {}", on(&data), on(&validation));
}

/// A model of one's own that looks at the batch and tells nobody.
#[derive(Clone, Debug)]
struct Silent(Linear<f64>);
impl Parameters<f64> for Silent {
    fn visit<'a>(&'a self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::Visit<'_, 'a, f64>) {
        self.0.visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::VisitMut<'_, 'a, f64>) {
        self.0.visit_mut(at, visit);
    }
}
impl Module<f64> for Silent {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        self.0.forward(x)
    }
    fn forward_training<A: Reader<f64>>(&self, x: &A, _: &mut Training<A>) -> A {
        let y = self.0.forward(x);
        y.clone() - y.mean_keeping(0)
    }
}

type Loss = fn(Var, Var<f64, i64>) -> Var;

/// Losses, with whether they are means over samples.
fn losses() -> Vec<(&'static str, Loss)> {
    let weighted = |y: Var, t: Var<f64, i64>| {
        y.cross_entropy(t, &CrossEntropy { weights: vec![1.0, 5.0], ..CrossEntropy::default() })
    };
    let ignoring =
        |y: Var, t: Var<f64, i64>| y.cross_entropy(t, &CrossEntropy { ignore: 1, ..CrossEntropy::default() });
    let smooth = |y: Var, t: Var<f64, i64>| {
        let how = CrossEntropy { smoothing: 0.1, weights: vec![2.0, 0.5], ..CrossEntropy::default() };
        y.cross_entropy(t, &how)
    };
    let summed = |y: Var, t: Var<f64, i64>| {
        y.cross_entropy(t, &CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() }) * 0.01
    };
    let spread = |y: Var, t: Var<f64, i64>| cross_entropy(y, t) + y.std_over(0, 1.0).sum();
    let worst = |y: Var, t: Var<f64, i64>| cross_entropy(y, t) + y.square().max();
    vec![
        ("cross_entropy", |y, t| cross_entropy(y, t)),
        ("cross_entropy with weights", weighted),
        ("cross_entropy without a class", ignoring),
        ("cross_entropy, smooth", smooth),
        ("cross_entropy, summed", summed),
        ("with the deviation of the batch", spread),
        ("with the worst of the batch", worst),
    ]
}

/// Every loss, model, number of shards and of threads: a step is the step on the whole batch, and an evaluation that of all
/// samples.
#[test]
fn losses_that_are_no_means_are_those_of_the_batch() {
    let mut failures = Vec::new();
    let plain = || Sequential::new().then(Linear::new(2, 2, &mut generator(4)));
    let zeros = || Sequential::new().then(Linear::with(2, 2, Initialiser::Zeros, &mut generator(4)));
    let silent = || Sequential::new().then(Silent(Linear::new(2, 2, &mut generator(4))));
    let models: [(&str, &dyn Fn() -> Sequential<f64>); 4] =
        [("plain", &plain), ("zeros", &zeros), ("silent", &silent), ("batch norm", &normed)];
    for (loss_name, loss) in losses() {
        for (name, model) in models {
            for samples in [17, 40, 83] {
                let data = moved_moons(samples, 3).with_inputs(moved_moons(samples, 3).inputs() - 20.0).unwrap();
                let mut expected = model();
                let value = by_hand(&mut expected, loss, &data);
                for (shard, threads) in [(16, 1), (7, 3)] {
                    let mut found = model();
                    let mut trainer = Trainer::new(loss).epochs(1).batch(samples).shard(shard).threads(threads);
                    let history = trainer.train(&mut found, &mut Sgd::new(0.5), &data).unwrap();
                    let apart = apart(&found, &expected);
                    if !(apart < 1e-12 && (history.loss() - value).abs() < 1e-12) {
                        failures.push(format!("{loss_name}, {name}, {samples} in shards of {shard}: {apart}"));
                    }
                }
            }
        }
        let (data, model) = (moved_moons(600, 3), plain());
        let tape = Tape::new();
        let expected = loss(tape.input(model.forward(data.inputs())), tape.input(data.targets().clone()));
        let found = Trainer::new(loss).evaluate(&model, &data).unwrap().loss;
        if (found - expected.item()).abs() > 1e-12 * found {
            failures.push(format!("{loss_name}: evaluated {found}, not {}", expected.item()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Batches whose gradients are accumulated are one large batch, also where the last is smaller.
#[test]
fn accumulated_batches_are_one_batch() {
    let data = moved_moons(43, 3).one_hot();
    type Loss = fn(Var, Var) -> Var;
    let losses: [(&str, Loss); 6] = [
        ("mse", |y, t| mse(y, t)),
        ("half_squared_error", |y, t| half_squared_error(y, t)),
        ("huber", |y, t| y.huber_loss(t, 0.3, Reduction::Mean)),
        ("l1", |y, t| y.l1_loss(t, Reduction::Mean)),
        ("bce", |y, t| y.binary_cross_entropy_with_logits(t, Reduction::Mean)),
        ("of softmax", |y, t| -(y.log_softmax(-1) * t).sum_over(-1).mean()),
    ];
    for (name, loss) in losses {
        let train = |batch: usize, accumulate: usize, shard: usize| {
            let mut model = Sequential::new().then(Linear::new(2, 2, &mut generator(4)));
            let mut trainer = Trainer::new(loss).epochs(2).batch(batch).accumulate(accumulate).shard(shard);
            trainer.train(&mut model, &mut Sgd::new(0.001), &data).unwrap();
            model
        };
        for shard in [3, 16] {
            for (batch, accumulate) in [(10, 5), (20, 3), (1, 43), (43, 1)] {
                let apart = apart(&train(batch, accumulate, shard), &train(43, 1, shard));
                assert!(apart < 1e-13, "{name}, {accumulate} batches of {batch}, shards of {shard}: {apart}");
            }
        }
    }
}

/// What is explained of a variance belongs to all samples.
#[test]
fn metrics_are_of_all_samples() {
    let inputs = Tensor::<f64>::arange(600).reshape([600, 1]);
    let data = Dataset::new(inputs.clone(), inputs.square()).unwrap();
    let model = Linear::from_weights(Tensor::from([[500.0]]), None);
    let trainer = Trainer::new(|y: Var, t| mse(y, t)).metric("r²", r_squared);
    let expected = r_squared(&model.forward(&inputs), &inputs.square());
    assert_eq!(trainer.evaluate(&model, &data).unwrap().get("r²"), Some(expected));
}

/// Whether samples are looked at together does not hang on how a batch is cut: a last batch of one sample joins the one before
/// also where each batch is one shard.
#[test]
fn a_loss_of_the_whole_batch_does_not_depend_on_the_shards() {
    type Loss = fn(Var, Var<f64, i64>) -> Var;
    let losses: [(&str, Loss); 5] = [
        ("centred", |y, _| (y - y.mean_over(0)).square().sum()),
        ("a deviation", |y, t| cross_entropy(y / (y.std_over(0, 0.0) + 0.1), t)),
        ("weights", |y, t| y.cross_entropy(t, &CrossEntropy { weights: vec![1.0, 3.0], ..CrossEntropy::default() })),
        ("an ignored class", |y, t| y.cross_entropy(t, &CrossEntropy { ignore: 1, ..CrossEntropy::default() })),
        ("a sum", |y, t| y.cross_entropy(t, &CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() })),
    ];
    let mut failures = String::new();
    for (what, loss) in losses {
        for (samples, batch) in [(17, 8), (17, 16), (9, 4), (20, 8), (13, 3)] {
            let data = moved_moons(samples, 3);
            let train = |own: bool, shard: usize| {
                let mut model = Linear::<f64>::new(2, 2, &mut generator(1));
                let of_model =
                    move |m: &Linear<f64>, (x, t): (Var, Var<f64, i64>), _: &mut Training<Var>| loss(m.forward(&x), t);
                let optimiser = &mut Sgd::new(0.01);
                match own {
                    true => {
                        Trainer::of(of_model).epochs(2).batch(batch).shard(shard).train(&mut model, optimiser, &data)
                    }
                    false => Trainer::new(loss).epochs(2).batch(batch).shard(shard).train(&mut model, optimiser, &data),
                }
                .map(|_| bits(&model))
                .map_err(|e| e.to_string())
            };
            for own in [false, true] {
                let expected = train(own, 1);
                if let Some(shard) = [2, 3, batch, 16, 100].into_iter().find(|shard| train(own, *shard) != expected) {
                    failures += &format!("{what}, {samples} in batches of {batch}, own {own}: shards of {shard}\n");
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// What a part of a batch cannot be given is given the whole of it.
#[test]
fn a_loss_that_refuses_a_part_of_a_batch_gets_the_whole() {
    let data = moved_moons(24, 3);
    for shard in [1, 4, 8, 16] {
        let mut model = Linear::<f64>::new(2, 2, &mut generator(1));
        let optimiser = &mut Sgd::new(0.01);
        let loss = |y: Var, _: Var<f64, i64>| y.reshape([4, 2, 2]).square().mean();
        Trainer::new(loss).epochs(1).batch(8).shard(shard).train(&mut model, optimiser, &data).unwrap();
        let loss = |m: &Linear<f64>, (x, _): (Var, Var<f64, i64>), _: &mut Training<Var>| {
            m.forward(&x).reshape([4, 2, 2]).square().mean()
        };
        Trainer::of(loss).epochs(1).batch(8).shard(shard).train(&mut model, optimiser, &data).unwrap();
    }
}
