//! Models that are not tensor to tensor, and losses that see the model: trained by the trainer and in loops.

use wengert_nn::Error;
use wengert_nn::prelude::*;

fn bits<F: Float>(model: &impl Parameters<F>) -> Vec<u64> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(|x| Float::to_f64(x).to_bits()).collect()
}

/// Letters to the letters that follow.
#[derive(Clone, Debug, Parameters)]
struct Letters {
    table: Embedding,
    memory: Recurrent,
    dropout: Dropout,
    next: Linear,
}

impl Letters {
    fn new() -> Self {
        let rng = &mut generator(1);
        let memory = Recurrent::new(Cell::Gru, 5, 8, 1, rng);
        Letters { table: Embedding::new(4, 5, rng), memory, dropout: Dropout::new(0.1), next: Linear::new(8, 4, rng) }
    }

    fn loss(&self, (seen, next): (Var<f32, i64>, Var<f32, i64>), training: &mut Training<Var<f32>>) -> Var<f32> {
        let h = self.memory.forward(&self.table.lookup(&seen));
        let outputs = self.next.forward(&self.dropout.forward_training(&h, training));
        cross_entropy(outputs.reshape([-1, 4]), next.reshape([-1]))
    }

    fn data(samples: usize) -> Dataset<i64, i64> {
        let from = |first: usize| {
            Tensor::new([samples, 8], (0..8 * samples).map(|k| ((k / 8 + k % 8 + first) % 4) as i64).collect())
        };
        Dataset::new(from(0), from(1)).unwrap()
    }
}

/// The same bits on any number of threads, with a checkpoint in between, and in a loop.
#[test]
fn a_language_model() {
    let (data, unseen) = (Letters::data(40), Letters::data(7));
    let trainer = || Trainer::of(Letters::loss).epochs(12).batch(16).shard(4).seed(3).validate(&unseen);
    let mut model = Letters::new();
    let before = trainer().evaluate(&model, &data).unwrap().loss;
    let history = trainer().train(&mut model, &mut Adam::new(0.03), &data).unwrap();
    let after = trainer().evaluate(&model, &data).unwrap().loss;
    assert!(after < 0.1 && before > 1.0, "{before} {after}");
    // In use nothing is dropped: the look is the same again, and better than the loss in training.
    assert_eq!(trainer().evaluate(&model, &data).unwrap().loss, after);
    assert!(history.epochs[11].validation.as_ref().unwrap().loss < history.loss());

    let path = std::env::temp_dir().join(format!("wengert-own-loss-{}.safetensors", std::process::id()));
    let _ = std::fs::remove_file(&path);
    for (threads, epochs) in [(3, 5), (2, 12)] {
        let mut resumed = Letters::new();
        let mut trainer = trainer().threads(threads).epochs(epochs).checkpoint(&path).resume(true);
        trainer.train(&mut resumed, &mut Adam::new(0.03), &data).unwrap();
        assert_eq!(bits(&resumed) == bits(&model), epochs == 12);
    }
    std::fs::remove_file(path).unwrap();

    for threads in [1, 2, 5] {
        let (mut found, mut optimiser, shards) = (Letters::new(), Adam::new(0.03), Shards::new(4).threads(threads));
        let mut step = 0;
        for epoch in 1..=12 {
            for batch in data.batches(16).in_epoch(3, epoch) {
                step += 1;
                shards.gradients(&found, &batch, (3, step), Letters::loss).unwrap().step(&mut optimiser, &mut found);
            }
        }
        assert_eq!(bits(&found), bits(&model), "{threads} threads");
    }
}

/// Two images through one network, and whether they show the same: three tensors in, a loss of pairs.
#[test]
fn a_siamese_network() {
    #[derive(Clone, Debug, Parameters)]
    struct Siamese(Mlp);
    impl Siamese {
        fn apart<A: Reader<f32>>(&self, a: &A, b: &A) -> A {
            (self.0.forward(a) - self.0.forward(b)).square().sum_over(-1)
        }
        /// Hadsell, Chopra and LeCun's: d² of the same, max(0, 1 − d)² of others.
        fn loss(&self, (a, b, same): (Var<f32>, Var<f32>, Var<f32>), _: &mut Training<Var<f32>>) -> Var<f32> {
            let squared = self.apart(&a, &b);
            let others = (-(squared + 1e-6).sqrt() + 1.0).relu().square();
            (same * squared + (-same + 1.0) * others).mean()
        }
    }
    let points = blobs::<f32>(&[[-1.0, 0.0], [1.0, 0.0]], 60, 0.2, &mut generator(2));
    let (a, b): (Vec<usize>, Vec<usize>) = (0..120).map(|k| (k, (k * 7 + 1) % 120)).unzip();
    let (a, b) = (points.rows(&a), points.rows(&b));
    let same: Vec<f32> =
        a.targets().data().iter().zip(b.targets().data()).map(|(a, b)| f32::from(u8::from(a == b))).collect();
    let pairs = (a.inputs().clone(), b.inputs().clone(), Tensor::from(same.clone()));
    let mut model = Siamese(Mlp::new(&[2, 8, 2], Activation::Tanh, &mut generator(3)).output(Activation::Identity));
    Trainer::of(Siamese::loss).epochs(60).batch(20).train(&mut model, &mut Adam::new(0.01), &pairs).unwrap();
    let apart = model.apart(&pairs.0, &pairs.1);
    let right = apart.data().iter().zip(&same).filter(|(d, same)| (**d < 0.25) == (**same == 1.0)).count();
    assert!(right > 110, "{right} of 120");
}

/// A step of each side of a generative adversarial network, with one optimiser for both.
#[test]
fn adversaries() {
    #[derive(Clone, Debug, Parameters)]
    struct Gan {
        generator: Linear<f64>,
        discriminator: Mlp<f64>,
    }
    impl Gan {
        fn loss_of_discriminator(&self, (real, noise): (Var, Var), _: &mut Training<Var>) -> Var {
            let made = self.generator.forward(&noise).stop_gradient();
            (-self.discriminator.forward(&real)).softplus().mean() + self.discriminator.forward(&made).softplus().mean()
        }
        fn loss_of_generator(&self, noise: Var, _: &mut Training<Var>) -> Var {
            (-self.discriminator.forward(&self.generator.forward(&noise))).softplus().mean()
        }
    }
    let rng = &mut generator(1);
    let discriminator = Mlp::new(&[1, 16, 1], Activation::Tanh, rng).output(Activation::Identity);
    let mut model = Gan { generator: Linear::new(1, 1, rng), discriminator };
    let mut optimiser = Adam::new(0.01);
    let shards = Shards::new(16).threads(2);
    for step in 0..600 {
        let real = Tensor::<f64>::normal([32, 1], 3.0, 0.5, rng);
        let noise = Tensor::<f64>::randn([32, 1], rng);
        let both = (real, noise.clone());
        let gradients = shards.gradients(&model, &both, (1, step), Gan::loss_of_discriminator).unwrap();
        assert_eq!(gradients.step(&mut optimiser, &mut model).unreached, ["generator.weight", "generator.bias"]);
        let gradients = shards.gradients(&model, &noise, (2, step), Gan::loss_of_generator).unwrap();
        // The generator's part alone.
        optimiser.step(&mut model.generator, &gradients.gradients);
    }
    let mean = model.generator.forward(&Tensor::<f64>::randn([1000, 1], rng)).mean().item();
    assert!((mean - 3.0).abs() < 0.5, "{mean}");
}

/// The gradients of a batch are those of the batch on one tape, and the same bits on any number of threads; a batch norm looks
/// at the whole batch, and its statistics arrive with the step.
#[test]
fn gradients_of_shards() {
    let (x, y) = digits::<f64>().flattened().batches(50).next().unwrap();
    for batch_norm in [false, true] {
        let model = || {
            let rng = &mut generator(1);
            let mut model = Sequential::<f64>::new().then(Linear::new(64, 12, rng));
            if batch_norm {
                model.push(BatchNorm::new(12));
            }
            model.then(Activation::Tanh).then(Linear::new(12, 10, rng))
        };
        let mut whole = model();
        let tape = Tape::new();
        let mut training = Training::new(tape.input(Tensor::from([0, 0])));
        let loss = cross_entropy(whole.forward_training(&tape.input(x.clone()), &mut training), &y);
        Sgd::new(0.1).step(&mut whole, &loss.backward());
        training.apply(&mut whole);
        let mut first = None;
        for threads in [1, 2, 3, 8] {
            for size in [7, 50, 1000] {
                let mut found = model();
                let gradients = Shards::new(size).threads(threads);
                let gradients =
                    gradients.gradients(&found, &(x.clone(), y.clone()), (1, 1), |model, (x, y), training| {
                        cross_entropy(model.forward_training(&x, training), y)
                    });
                let gradients = gradients.unwrap();
                assert!((gradients.loss - loss.item()).abs() < 1e-14 && gradients.samples == 50);
                gradients.step(&mut Sgd::new(0.1), &mut found);
                for ((name, a), (_, b)) in found.parameters().into_iter().zip(whole.parameters()) {
                    let apart = (a.value() - b.value()).abs().max().item();
                    assert!(apart < 1e-13, "{name}, {threads} threads, shards of {size}: {apart}");
                }
                if size == 7 {
                    assert_eq!(first.get_or_insert_with(|| bits(&found)), &bits(&found), "{threads} threads");
                }
            }
        }
    }
}

#[test]
fn what_has_no_gradients_is_said() {
    let model = Linear::<f64>::new(2, 1, &mut generator(1));
    let of = |x: Tensor, loss: fn(&Linear<f64>, Var, &mut Training<Var>) -> Var| {
        Shards::new(2).gradients(&model, &x, (1, 1), loss).map(|g| g.loss).unwrap_err().to_string()
    };
    let x = || Tensor::<f64>::ones([3, 2]);
    assert_eq!(
        of(Tensor::zeros([0, 2]), |m, x, _| m.forward(&x).sum()),
        "gradients: there are no samples in the batch"
    );
    assert_eq!(of(x(), |m, x, _| m.forward(&x)), "trainer: a loss of shape [2, 1] is not one number");
    let error = of(x(), |m, x, _| (m.forward(&x) * 0.0).ln().sum());
    assert!(error.starts_with("gradients: the loss is -inf; the first number that is not finite: ln ("), "{error}");
    let error = of(x(), |m, x, _| (m.forward(&x) - m.forward(&x)).sqrt().sum());
    assert!(error.starts_with("gradients: a gradient is not finite, though the loss is; "), "{error}");
    let panics = std::panic::catch_unwind(|| of(x(), |_, _, _| panic!("on purpose")));
    assert_eq!(panics.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
    let uneven = (x(), Tensor::<f64>::ones([4]));
    let error = wengert_tape::try_with(|| uneven.count()).unwrap_err().to_string();
    assert_eq!(error, "batches: the parts of the samples are [3, 4] and not as many");
    let none: Result<_, Error> = Trainer::of(|m: &Linear<f64>, x: Var, _: &mut Training<Var>| m.forward(&x).mean())
        .train(&mut model.clone(), &mut Sgd::new(0.1), &Tensor::<f64>::zeros([0, 2]));
    assert_eq!(none.unwrap_err().to_string(), "trainer: there are no samples");
}

/// A loss that is no mean over samples is found out, as with targets.
#[test]
fn a_loss_of_all_samples_together_is_not_cut() {
    let x = Tensor::<f64>::randn([24, 2], &mut generator(5));
    let loss = |m: &Linear<f64>, x: Var, _: &mut Training<Var>| {
        let y = m.forward(&x);
        (y - y.mean()).square().sum()
    };
    let train = |shard: usize| {
        let mut model = Linear::<f64>::new(2, 1, &mut generator(1));
        Trainer::of(loss).epochs(2).batch(12).shard(shard).train(&mut model, &mut Sgd::new(0.01), &x).unwrap();
        bits(&model)
    };
    assert_eq!(train(4), train(12));
}
