//! Recurrent layers with state in and out, and embeddings as modules.

use wengert_nn::prelude::*;
use wengert_tape::try_with;

const CELLS: [Cell; 4] = [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru];

/// A sequence in parts, of any lengths, gives the bits of the whole; so do its gradients up to rounding.
#[test]
fn a_sequence_in_parts_is_the_sequence() {
    for cell in CELLS {
        for layers in [1, 3] {
            let layer = Recurrent::<f64>::new(cell, 3, 5, layers, &mut generator(1));
            for shape in [vec![2, 7, 3], vec![7, 3]] {
                let x = Tensor::<f64>::randn(&shape[..], &mut generator(2));
                let (time, expected) = (shape.len() as isize - 2, layer.forward(&x));
                for cuts in [vec![0, 7], vec![0, 1, 7], vec![0, 1, 2, 3, 4, 5, 6, 7]] {
                    let (mut state, mut parts) = (None, Vec::new());
                    for cut in cuts.windows(2) {
                        let (y, next) = layer.forward_from(&x.slice(time, cut[0]..cut[1]), state.as_ref());
                        parts.push(y);
                        state = Some(next);
                    }
                    // Products of other sizes round otherwise.
                    let apart = (concat(&parts.iter().collect::<Vec<_>>(), time) - &expected).abs().max().item();
                    let state = state.unwrap();
                    let end = (&state.hidden[layers - 1] - expected.at(time, -1)).abs().max().item();
                    assert!(apart < 1e-14 && end < 1e-14, "{cell}, {layers}, {shape:?}: {apart}, {end}");
                    assert_eq!(state.cell.len(), if cell == Cell::Lstm { layers } else { 0 });
                }
                let gradient = |cuts: &[usize]| {
                    let tape = Tape::new();
                    let (leaf, mut state, mut loss) = (tape.var(x.clone()), None, tape.var(Tensor::from(0.0)));
                    for cut in cuts.windows(2) {
                        let (y, next) = layer.forward_from(&leaf.slice(time, cut[0]..cut[1]), state.as_ref());
                        loss += y.square().sum();
                        state = Some(next);
                    }
                    loss.backward()[leaf].clone()
                };
                let apart = (gradient(&[0, 3, 4, 7]) - gradient(&[0, 7])).abs().max().item();
                assert!(apart < 1e-14, "{cell}: {apart}");
            }
        }
    }
}

#[test]
fn a_state_of_something_else_is_refused() {
    let layer = |cell| Recurrent::<f64>::new(cell, 3, 5, 2, &mut generator(1));
    let x = Tensor::<f64>::zeros([2, 4, 3]);
    let state = |of: &Recurrent<f64>, x: &Tensor| of.forward_from(x, None).1;
    let message = |layer: &Recurrent<f64>, state: &RecurrentState<Tensor>| {
        try_with(|| layer.forward_from(&x, Some(state))).unwrap_err().to_string()
    };
    let (gru, lstm) = (layer(Cell::Gru), layer(Cell::Lstm));
    assert_eq!(message(&lstm, &state(&gru, &x)), "recurrent: a state of 2 outputs and 0 memories for 2 layers of lstm");
    assert_eq!(
        message(&gru, &state(&gru, &Tensor::zeros([4, 3]))),
        "recurrent: a state of shape [5] for an input [2, 4, 3], not [2, 5]"
    );
}

/// An embedding in a sequence of layers reads positions as numbers: saved, loaded, summed up and trained as any layer.
#[test]
fn an_embedding_is_a_module() {
    let rng = &mut generator(1);
    let mut model = Sequential::<f32>::new()
        .then(Embedding::new(4, 6, rng).with_padding(3))
        .then(Recurrent::new(Cell::Gru, 6, 8, 1, rng))
        .then(Linear::new(8, 4, rng));
    assert_eq!(model.forward(&Shape::from([5, 7])), [5, 7, 4]);
    let text = summary(&model, &Shape::from([5, 7])).to_string();
    assert!(text.contains("embedding(things=4, width=6, padding=[3])"), "{text}");

    // The next of 0, 1, 2, 0, 1, 2, …
    let from = |first: usize| Tensor::new([6, 8], (0..48).map(|k| ((k / 8 + k % 8 + first) % 3) as i64).collect());
    let (seen, next) = (from(0).map(|k| k as f32), from(1));
    let data = Dataset::new(seen.clone(), next.clone()).unwrap();
    let loss = |y: Var<f32>, next: Var<f32, i64>| cross_entropy(y.reshape([-1, 4]), next.reshape([-1]));
    Trainer::new(loss).epochs(60).batch(6).train(&mut model, &mut Adam::new(0.03), &data).unwrap();
    assert_eq!(model.forward(&seen).arg_max(-1), next);

    let path = std::env::temp_dir().join(format!("wengert-embedding-{}.safetensors", std::process::id()));
    save(&model, &Details::new(), &path).unwrap();
    assert_eq!(load::<f32>(&path).unwrap().model.forward(&seen), model.forward(&seen));
    std::fs::remove_file(path).unwrap();

    let message = |x: f32| try_with(|| model.forward(&Tensor::from([[x]]))).unwrap_err().to_string();
    assert!(message(0.5).contains("0.5 is no whole number of at most 16777216"), "{}", message(0.5));
    assert!(message(f32::NAN).contains("NaN is no whole number"), "{}", message(f32::NAN));
    assert!(message(4.0).contains('4'), "{}", message(4.0));
}
