//! A network 64-32-10 on digits in `f64`, by a loop of one's own.

use wengert::prelude::*;

fn main() {
    let mut rng = generator(0);
    let data = digits::<f64>().flattened().split(0.2, &mut rng);
    let (train, test) = (data.train(), data.test());
    let mut model = Mlp::<f64>::new(&[64, 32, 10], Activation::Tanh, &mut rng).output(Activation::Identity);
    let mut optimiser = AdamW::new(0.01);
    for _ in 0..20 {
        for (x, y) in train.batches(64).shuffled(&mut rng) {
            let tape = Tape::new();
            let loss = cross_entropy(model.forward(&tape.input(x)), &y);
            optimiser.step(&mut model, &loss.backward());
        }
    }
    println!("{}", accuracy(&model.forward(test.inputs()), test.targets()));
}
