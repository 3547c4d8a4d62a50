//! A gated recurrent unit reads the pages of this repository letter by letter, and writes on.

use wengert::prelude::*;

/// How many letters are read in a row.
const SEEN: usize = 64;

#[derive(Clone, Debug, Parameters)]
struct LanguageModel(Embedding, Recurrent, Linear);

type State<P> = RecurrentState<<P as Positions<f32>>::Numbers>;

impl LanguageModel {
    fn outputs<P: Positions<f32>>(&self, letters: &P, state: Option<&State<P>>) -> (P::Numbers, State<P>) {
        let (h, state) = self.1.forward_from(&self.0.lookup(letters), state);
        (self.2.forward(&h), state)
    }

    fn loss(&self, (seen, next): (Var<f32, i64>, Var<f32, i64>), _: &mut Training<Var<f32>>) -> Var<f32> {
        cross_entropy(self.outputs(&seen, None).0.flatten([0, 1]), next.reshape([-1]))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = include_str!("../docs/architecture.md").to_string() + include_str!("../docs/performance.md");
    let mut alphabet: Vec<char> = text.chars().collect();
    alphabet.sort_unstable();
    alphabet.dedup();
    let numbered = |text: &str| text.chars().map(|c| alphabet.partition_point(|a| *a < c) as i64).collect::<Vec<i64>>();
    let (letters, n, rng) = (numbered(&text), alphabet.len(), &mut generator(1));
    let windows = (letters.len() - 1) / SEEN;
    let from = |first: usize| Tensor::new([windows, SEEN], letters[first..first + windows * SEEN].to_vec());
    let split = Dataset::new(from(0), from(1))?.split(0.1, rng);

    let (memory, next) = (Recurrent::new(Cell::Gru, 48, 128, 1, rng), Linear::new(128, n, rng));
    let mut model = LanguageModel(Embedding::new(n, 48, rng), memory, next);
    let mut trainer = Trainer::of(LanguageModel::loss).epochs(12).batch(16).clip_norm(1.0).validate(split.test()).bar();
    let history = trainer.train(&mut model, &mut AdamW::new(5e-3), split.train())?;
    let loss = history.epochs.last().and_then(|epoch| epoch.validation.as_ref()).map_or(f64::NAN, |seen| seen.loss);
    println!("{} letters, {n} of them different: {loss:.3} nats a letter of what it never saw", letters.len());

    let mut written = String::from("The tape ");
    let (mut outputs, mut state) =
        model.outputs(&Tensor::from([numbered(&written).try_into().unwrap_or([0; 9])]), None);
    for _ in 0..200 {
        let letter = (outputs.at(1, -1) * 1.25).softmax(-1).multinomial(1, true, rng);
        written.push(alphabet[letter.item() as usize]);
        (outputs, state) = model.outputs(&letter, Some(&state));
    }
    println!("{written}");
    assert!(loss < 2.4);
    Ok(())
}
