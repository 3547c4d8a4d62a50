//! Layers against PyTorch's: the same parameters under the same names give the same outputs and gradients
//! (`tests/reference/layers.py`).

use std::path::Path;

use serde_json::Value;
use wengert_nn::prelude::*;

fn file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn tensor(value: &Value) -> Tensor {
    let list = |name: &str| value[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap());
    Tensor::new(list("shape").map(|n| n as usize).collect::<Vec<_>>(), list("data").collect())
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    if a.shape() != b.shape() {
        return f64::INFINITY;
    }
    a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Our layer for a case of the file, with any parameters, and whether the case is of training.
fn layers() -> Vec<(&'static str, Box<dyn Layer<f64>>, bool)> {
    let rng = &mut generator(1);
    let conv = Conv::default;
    let mut no_bias = Linear::new(3, 5, rng);
    no_bias.bias = None;
    let mut all: Vec<(&'static str, Box<dyn Layer<f64>>, bool)> = Vec::new();
    let mut layer = |name, layer: Box<dyn Layer<f64>>| all.push((name, layer, false));
    layer("linear", Box::new(Linear::new(3, 5, rng)));
    layer("linear without bias", Box::new(no_bias));
    layer("conv1d", Box::new(Conv1d::new(2, 3, 4, conv().stride(2).padding(1), rng)));
    layer("conv2d", Box::new(Conv2d::new(4, 6, 3, conv().stride(2).padding(1).dilation(2).groups(2), rng)));
    layer("conv3d", Box::new(Conv3d::new(2, 3, 2, conv().stride(2).padding(1), rng)));
    layer("max_pool2d", Box::new(MaxPool2d::new(3).stride(2)));
    layer("tanh cell", Box::new(Recurrent::new(Cell::Tanh, 3, 4, 1, rng)));
    layer("relu cell", Box::new(Recurrent::new(Cell::Relu, 3, 4, 2, rng)));
    layer("lstm", Box::new(Recurrent::new(Cell::Lstm, 3, 4, 2, rng)));
    layer("gru", Box::new(Recurrent::new(Cell::Gru, 3, 4, 2, rng)));
    all
}

#[test]
fn layers_are_pytorchs() {
    let cases = file("layers.json");
    let mut failures = Vec::new();
    for (name, mut layer, training) in layers() {
        let case = &cases[name];
        let parameters = case["parameters"].as_object().unwrap_or_else(|| panic!("no case {name}"));
        let mut names: Vec<String> = layer.parameters().into_iter().map(|(name, _)| name).collect();
        names.sort();
        let mut expected: Vec<String> = parameters.keys().cloned().collect();
        expected.sort();
        assert_eq!(names, expected, "{name}");
        layer.parameters_mut().into_iter().for_each(|(name, param)| *param.value_mut() = tensor(&parameters[&name]));

        let (x, y) = (tensor(&case["x"]), tensor(&case["y"]));
        let tape = Tape::new();
        let input = tape.var(x);
        let mut pass = Training::new(tape.input(Tensor::from([0, 0])));
        let output = if training { layer.forward_training(&input, &mut pass) } else { layer.forward(&input) };
        let weights = Tensor::arange(y.len()).map(f64::cos).reshape(y.shape());
        let gradients = (output * tape.input(weights)).sum().backward();
        let mut compare = |what: &str, found: &Tensor, expected: &Tensor| {
            let apart = apart(found, expected);
            if !(apart <= 1e-12) {
                failures.push(format!("{name}, {what}: {apart}"));
            }
        };
        compare("output", &output.value(), &y);
        compare("gradient of the input", &gradients[input], &tensor(&case["gx"]));
        let learned: Vec<_> = layer.parameters().into_iter().filter(|(_, p)| !p.is_frozen()).collect();
        let expected = case["gradients"].as_object().unwrap();
        assert_eq!(learned.len(), expected.len(), "{name}");
        for (parameter, param) in learned {
            compare(&parameter, gradients.param(param).unwrap(), &tensor(&expected[&parameter]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Positions are no numbers: an embedding is looked up and not fed.
#[test]
fn an_embedding_is_pytorchs() {
    let case = &file("layers.json")["embedding"];
    let table = Embedding::from_weights(tensor(&case["parameters"]["weight"]));
    let tape = Tape::new();
    let positions = tape.input(tensor(&case["x"]).map(|x| x as i64));
    let rows = table.rows(&tape.input(Tensor::from(0.0)), positions);
    let expected = tensor(&case["y"]);
    assert_eq!(rows.value(), expected);
    let weights = Tensor::arange(expected.len()).map(f64::cos).reshape(expected.shape());
    let gradients = (rows * tape.input(weights)).sum().backward();
    assert!(apart(gradients.param(&table.weight).unwrap(), &tensor(&case["gradients"]["weight"])) <= 1e-15);
}

/// A file that PyTorch saved, and what its model gives.
#[test]
fn a_model_saved_by_pytorch_is_read() {
    let rng = &mut generator(1);
    let mut model = Sequential::<f32>::new()
        .then(Conv2d::new(1, 3, 3, Conv::default().padding(1), rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(48, 5, rng))
        .then(Activation::LogSoftmax);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/torch_model.safetensors");
    load_parameters(&mut model, path).unwrap();
    let case = file("torch_model.json");
    let y = model.forward(&tensor(&case["x"]).cast()).cast::<f64>();
    let apart = apart(&y, &tensor(&case["y"]));
    assert!(apart <= 1e-6, "{apart}");
}
