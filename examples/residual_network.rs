//! A residual network (He et al. 2016) in a loop of one's own, which goes on where it was interrupted: batch norm, augmentation,
//! a schedule, a progress bar, checkpoints.

use wengert::prelude::*;

#[derive(Clone, Debug, Parameters)]
struct Block {
    first: Sequential,
    second: Sequential,
    short: Option<Conv2d>,
}

impl Block {
    fn new(inputs: usize, outputs: usize, stride: usize, rng: &mut Generator) -> Self {
        let mut conv = |inputs, kernel, stride, padding| {
            Conv2d::new(inputs, outputs, kernel, Conv::default().stride(stride).padding(padding), rng)
        };
        let short = (inputs != outputs || stride != 1).then(|| conv(inputs, 1, stride, 0));
        let first = Sequential::new().then(conv(inputs, 3, stride, 1)).then(BatchNorm::new(outputs));
        Block { first, second: Sequential::new().then(conv(outputs, 3, 1, 1)).then(BatchNorm::new(outputs)), short }
    }
}

impl Module<f32> for Block {
    fn forward<A: Reader<f32>>(&self, x: &A) -> A {
        self.forward_training(x, &mut Training::in_use(x))
    }
    fn forward_training<A: Reader<f32>>(&self, x: &A, training: &mut Training<A>) -> A {
        let h = self.first.forward_training(x, training).relu();
        let h = self.second.forward_training(&h, training);
        match &self.short {
            Some(short) => (h + short.forward(x)).relu(),
            None => (h + x).relu(),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut generator(1);
    let data = digits::<f32>().split_stratified(0.25, rng);
    let (train, test, epochs) = (data.train(), data.test(), 5);
    let mut model =
        Sequential::new().then(Conv2d::new(1, 16, 3, Conv::default().padding(1), rng)).then(BatchNorm::new(16));
    model = model.then(Activation::Relu).then(Block::new(16, 16, 1, rng)).then(Block::new(16, 32, 2, rng));
    model = model.then(Block::new(32, 64, 2, rng)).then(AdaptiveAvgPool2d::new(1)).then(Flatten);
    model.push(Linear::new(64, 10, rng));

    let (steps, path) = (train.batches(64).len(), std::env::temp_dir().join("residual_network.safetensors"));
    let mut optimiser = AdamW::new(3e-3).weight_decay(0.05);
    let mut schedule = WarmUp::new(steps as u64, 0.1, Cosine::new(((epochs - 1) * steps) as u64, 0.0));
    let (mut state, augment, bar) = (TrainingState::new(&optimiser), Augmentation::new().shift(1), ProgressBar::new());
    load_checkpoint(&path, &mut model, &mut optimiser, &mut schedule, &mut state)?;
    while state.epoch <= epochs {
        for (x, y) in train.batches(64).in_epoch(7, state.epoch).skip(state.step) {
            let x = augment.apply(&x, state.generator("augmentation", 8))?;
            let (samples, step) = (y.len(), state.updates as usize);
            let gradients = Shards::whole().gradients(&model, &(x, y), (7, step), |model, (x, y), training| {
                cross_entropy(model.forward_training(&x, training), y)
            })?;
            state.set_rate(&schedule, &mut optimiser);
            state.record(gradients.loss, &[], samples);
            gradients.step(&mut optimiser, &mut model);
            bar.step(&state.progress(epochs, steps));
        }
        state.end_epoch(None);
        bar.epoch(&state.progress(epochs, steps));
        save_checkpoint(&path, &model, &optimiser, &schedule, &state)?;
    }
    let right = Trainer::new(cross_entropy).metric("accuracy", accuracy).evaluate(&model, test)?.metrics[0].1;
    println!(
        "{} parameters, {:.1} % of {} images that it never saw",
        model.parameter_count(),
        100.0 * right,
        test.len()
    );
    std::fs::remove_file(path)?;
    assert!(right > 0.95);
    Ok(())
}
