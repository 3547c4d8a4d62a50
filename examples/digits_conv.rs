//! Handwritten digits by a small convolution network, and what one of its filters looks for.

use wengert::nn::{Adam, Optimiser, accuracy, cross_entropy, data};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = generator(3);
    let split = data::digits::<f32>().split_stratified(0.25, &mut rng);
    let (train, test) = (split.train(), split.test());

    // [batch, 1, 8, 8] → 16 filters of 3 × 3 → largest of each 2 × 2 → 10 classes
    let conv = Conv::default().padding(1);
    let mut model = Sequential::<f32>::new()
        .then(Conv2d::new(1, 16, 3, conv, &mut rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(16 * 4 * 4, 10, &mut rng));
    println!("shapes: {:?}", model.shapes(&Shape::from([32, 1, 8, 8]))?);

    let mut optimiser = Adam::new(0.005);
    let mut tape = Tape::of::<f32>();
    for epoch in 1..=8 {
        let (mut total, mut batches) = (0.0, 0);
        for (x, y) in train.batches(32).shuffled(&mut rng) {
            tape.clear();
            let loss = cross_entropy(model.forward(&tape.input(x)), tape.input(y));
            optimiser.step(&mut model, &loss.backward());
            total += loss.item();
            batches += 1;
        }
        println!("epoch {epoch}  loss {:.4}", total / batches as f32);
    }

    // Without a tape the same model computes at once.
    let share = accuracy(&model.forward(test.inputs()), test.targets());
    println!("{:.1} % of {} digits that it never saw", 100.0 * share, test.len());
    assert!(share > 0.95);

    // A layer behind a pointer gives its parameters by name: `0.weight` are the filters, [16, 1, 3, 3].
    let parameters = model.parameters();
    let (_, filters) = parameters.iter().find(|(name, _)| name == "0.weight").ok_or("there are no filters")?;
    let filters: Vec<&[f32]> = filters.value().data().chunks_exact(9).collect();
    let strength = |filter: &[f32]| filter.iter().map(|w| w * w).sum::<f32>();
    let strongest = (0..filters.len()).max_by(|a, b| strength(filters[*a]).total_cmp(&strength(filters[*b])));
    let filter = filters[strongest.ok_or("there are no filters")?];
    println!("the strongest filter: ink where it is above 0, paper where it is below");
    for row in filter.chunks_exact(3) {
        println!("{:6.2} {:6.2} {:6.2}", row[0], row[1], row[2]);
    }

    // It answers most to what it looks like: no patch of ink from 0 to 1 gives it more than its own positive part.
    let answer = |patch: &[f32]| patch.iter().zip(filter).map(|(ink, weight)| ink * weight).sum::<f32>();
    let own: Vec<f32> = filter.iter().map(|weight| if *weight > 0.0 { 1.0 } else { 0.0 }).collect();
    let turned: Vec<f32> = own.iter().map(|ink| 1.0 - ink).collect();
    println!("answer to a patch that looks like it {:.2}, to the opposite {:.2}", answer(&own), answer(&turned));
    assert!(answer(&own) > 0.0 && answer(&turned) < 0.0);
    Ok(())
}
