//! A variational autoencoder (Kingma and Welling 2014): images of digits from ten normal numbers each.

use wengert::prelude::*;

#[derive(Clone, Debug, Parameters)]
struct Vae {
    encoder: Linear,
    mean: Linear,
    spread: Linear,
    decoder: Mlp,
}

impl Vae {
    /// −ELBO: what the code does not say of an image, and how far it is from normal numbers.
    fn loss(&self, x: Var<f32>, training: &mut Training<Var<f32>>) -> Var<f32> {
        let hidden = self.encoder.forward(&x).relu();
        let (mean, spread) = (self.mean.forward(&hidden), self.spread.forward(&hidden));
        let code = mean + (spread * 0.5).exp() * training.randn(mean.shape());
        let unsaid = self.decoder.forward(&code).binary_cross_entropy_with_logits(x, Reduction::Sum);
        let apart = (mean.square() + spread.exp() - spread - 1.0).sum() * 0.5;
        (unsaid + apart) / x.shape()[0] as f64
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut generator(1);
    let split = digits::<f32>().flattened().split(0.2, rng);
    let (train, test) = (&(split.train().inputs() / 16.0), &(split.test().inputs() / 16.0));
    let [encoder, mean, spread] = [(64, 200), (200, 10), (200, 10)].map(|(from, to)| Linear::new(from, to, rng));
    let decoder = Mlp::new(&[10, 200, 64], Activation::Relu, rng).output(Activation::Identity);
    let mut model = Vae { encoder, mean, spread, decoder };

    let mut trainer = Trainer::of(Vae::loss).epochs(40).batch(64).validate(test).bar();
    trainer.train(&mut model, &mut Adam::new(2e-3), train)?;
    let loss = trainer.evaluate(&model, test)?.loss;
    println!("{} parameters, −ELBO {loss:.2} on {} images that it never saw", model.parameter_count(), test.count());
    for row in model.decoder.forward(&Tensor::randn([1, 10], rng)).sigmoid().reshape([8, 8]).iter() {
        println!("{}", row.data().iter().map(|x| char::from(b" .:-=+*#%@"[(x * 9.99) as usize])).collect::<String>());
    }
    save(&model, &Details::new(), std::env::temp_dir().join("variational_autoencoder.safetensors"))?;
    // The mean image alone, with no code, comes to 27.11; nothing comes below the pixels' own entropy, 13.66.
    assert!(loss < 26.0);
    Ok(())
}
