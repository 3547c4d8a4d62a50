//! A model of one's own: a struct, the names of its fields, and its formula.

use wengert::prelude::*;

/// Two ways from the input to the output, of which a gate, itself learned, chooses between.
#[derive(Clone, Debug, Parameters)]
struct Gated {
    left: Linear,
    right: Linear,
    gate: Linear,
    output: Linear,
}

impl Module<f32> for Gated {
    fn forward<A: Reader<f32>>(&self, x: &A) -> A {
        let (left, right) = (self.left.forward(x).tanh(), self.right.forward(x).relu());
        let gate = self.gate.forward(x).sigmoid();
        self.output.forward(&(&gate * left + (-gate + 1.0) * right))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut generator(1);
    let mut new = |inputs, outputs| Linear::new(inputs, outputs, rng);
    let mut model = Gated { left: new(2, 24), right: new(2, 24), gate: new(2, 24), output: new(24, 2) };
    let split = spirals::<f32>(2, 150, 1.0, 0.02, &mut generator(2)).split_stratified(0.3, &mut generator(3));
    let mut trainer = Trainer::new(cross_entropy).epochs(300).batch(30).metric("accuracy", accuracy);
    let history = trainer.train(&mut model, &mut Adam::new(0.01), split.train())?;
    let share = accuracy(&model.forward(split.test().inputs()), split.test().targets());
    println!("{} parameters, the first is {}", model.parameter_count(), model.parameters()[0].0);
    println!("loss {:.4}; {:.1} % of {} points that it never saw", history.loss(), 100.0 * share, split.test().len());
    assert!(share > 0.9);
    Ok(())
}
