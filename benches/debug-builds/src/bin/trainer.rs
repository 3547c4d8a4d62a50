//! A network 64-32-10 on digits in `f32`, by a `Trainer`.

use wengert::prelude::*;

fn main() -> Result<(), wengert::nn::Error> {
    let mut rng = generator(0);
    let data = digits::<f32>().flattened().split(0.2, &mut rng);
    let (train, test) = (data.train(), data.test());
    let mut model = Mlp::<f32>::new(&[64, 32, 10], Activation::Relu, &mut rng).output(Activation::Identity);
    let mut trainer = Trainer::new(cross_entropy).metric("accuracy", accuracy).epochs(20).batch(64);
    trainer.train(&mut model, &mut AdamW::new(0.01), train)?;
    println!("{}", trainer.evaluate(&model, test)?.metrics[0].1);
    Ok(())
}
