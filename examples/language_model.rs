//! A gated recurrent unit reads the pages of this repository byte by byte, and writes on.

use wengert::prelude::*;

#[derive(Clone, Debug, Parameters)]
struct LanguageModel(Embedding, Recurrent, Linear);

type State<P> = RecurrentState<<P as Positions<f32>>::Numbers>;

impl LanguageModel {
    fn outputs<P: Positions<f32>>(&self, bytes: &P, state: Option<&State<P>>) -> (P::Numbers, State<P>) {
        let (h, state) = self.1.forward_from(&self.0.lookup(bytes), state);
        (self.2.forward(&h), state)
    }
    fn loss(&self, (seen, next): (Var<f32, i64>, Var<f32, i64>), _: &mut Training<Var<f32>>) -> Var<f32> {
        cross_entropy(self.outputs(&seen, None).0.flatten([0, 1]), next.reshape([-1]))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = [&include_bytes!("../docs/architecture.md")[..], include_bytes!("../docs/performance.md")].concat();
    let (windows, rng) = (text.len() / 64 - 1, &mut generator(1));
    let from =
        |at: usize| Tensor::new([windows, 64], text[at..].iter().take(windows * 64).map(|b| *b as i64).collect());
    let data = Dataset::new(from(0), from(1))?.split(0.1, rng);
    let (memory, next) = (Recurrent::new(Cell::Gru, 48, 128, 1, rng), Linear::new(128, 256, rng));
    let mut model = LanguageModel(Embedding::new(256, 48, rng), memory, next);
    let mut trainer = Trainer::of(LanguageModel::loss).epochs(10).batch(16).clip_norm(1.0).bar();
    trainer.train(&mut model, &mut AdamW::new(5e-3), data.train())?;
    let loss = trainer.evaluate(&model, data.test())?.loss;
    println!("{} parameters: {loss:.3} nats a byte of what it never saw", model.parameter_count());

    let (mut outputs, mut state) = model.outputs(&Tensor::from([b"The tape ".map(i64::from)]), None);
    for _ in 0..200 {
        let byte = (outputs.at(1, -1) * 1.25).softmax(-1).multinomial(1, true, rng);
        print!("{}", char::from(byte.item() as u8));
        (outputs, state) = model.outputs(&byte, Some(&state));
    }
    assert!(loss < 2.3);
    Ok(())
}
