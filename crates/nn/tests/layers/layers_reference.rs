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

/// Every activation that PyTorch has as a layer.
const ACTIVATIONS: [&str; 20] = [
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu(0.2)",
    "relu6",
    "elu(0.5)",
    "celu(2)",
    "selu",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "softsign",
    "hardtanh(-2, 0.5)",
    "hardsigmoid",
    "hardswish",
    "log_sigmoid",
    "softmax",
    "log_softmax",
];

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
    layer(
        "conv_transpose1d",
        Box::new(ConvTranspose1d::new(2, 3, 4, conv().stride(2).padding(1), rng).output_padding(1)),
    );
    let spread = conv().stride(2).padding(1).dilation(2).groups(2);
    layer("conv_transpose2d", Box::new(ConvTranspose2d::new(4, 6, 3, spread, rng).output_padding(1)));
    layer("conv_transpose3d", Box::new(ConvTranspose3d::new(2, 3, 2, conv().stride(2), rng)));
    layer("max_pool2d", Box::new(MaxPool2d::new(3).stride(2)));
    layer("average_pool2d", Box::new(AvgPool2d::new(3).stride(2)));
    layer("layer_norm", Box::new(LayerNorm::new([3, 5])));
    layer("layer_norm without weights", Box::new(LayerNorm::new([5]).without_weights()));
    layer("rms_norm", Box::new(RmsNorm::new([5]).epsilon(1e-6)));
    layer("group_norm", Box::new(GroupNorm::new(2, 6)));
    layer("batch_norm use", Box::new(BatchNorm::new(3)));
    layer("attention", Box::new(MultiHeadAttention::new(6, 2, rng)));
    layer("attention causal", Box::new(MultiHeadAttention::new(6, 3, rng).causal(true)));
    layer("tanh cell", Box::new(Recurrent::new(Cell::Tanh, 3, 4, 1, rng)));
    layer("relu cell", Box::new(Recurrent::new(Cell::Relu, 3, 4, 2, rng)));
    layer("lstm", Box::new(Recurrent::new(Cell::Lstm, 3, 4, 2, rng)));
    layer("gru", Box::new(Recurrent::new(Cell::Gru, 3, 4, 2, rng)));
    let options = Pool::new([3, 2]).stride([2, 3]).padding([1, 0]).ceil(true);
    let mut layer = |name, layer: Box<dyn Layer<f64>>| all.push((name, layer, false));
    layer("max_pool1d", Box::new(MaxPool1d::new(2)));
    layer("max_pool2d with options", Box::new(MaxPool2d::from(options.dilation([1, 2]))));
    layer("max_pool3d", Box::new(MaxPool3d::new(2).stride(1)));
    layer("avg_pool1d", Box::new(AvgPool1d::from(Pool::new(3).stride(2).padding(1))));
    layer("avg_pool2d with options", Box::new(AvgPool2d::from(options)));
    layer("avg_pool2d, padding not counted", Box::new(AvgPool2d::from(options.count_padding(false))));
    layer("avg_pool3d", Box::new(AvgPool3d::new(2)));
    layer("adaptive_max_pool1d", Box::new(AdaptiveMaxPool1d::new(3)));
    layer("adaptive_max_pool2d", Box::new(AdaptiveMaxPool2d::new([2, 3])));
    layer("adaptive_avg_pool1d", Box::new(AdaptiveAvgPool1d::new(3)));
    layer("adaptive_avg_pool2d", Box::new(AdaptiveAvgPool2d::new([2, 3])));
    for name in ACTIVATIONS {
        layer(name, Box::new(name.parse::<Activation>().unwrap()));
    }
    all.push(("batch_norm without weights", Box::new(BatchNorm::new(3).without_weights()), true));
    all.push(("batch_norm training", Box::new(BatchNorm::new(3).momentum(0.2)), true));
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
            // The sixth in PyTorch's derivative of hardsigmoid is a number of 32 bits, also for f64.
            if !(apart <= if name == "hardsigmoid" { 1e-8 } else { 1e-12 }) {
                failures.push(format!("{name}, {what}: {apart}"));
            }
        };
        compare("output", &output.value(), &y);
        let buffers = case["buffers"].as_object().unwrap();
        pass.apply(&mut layer);
        for (parameter, param) in layer.parameters().into_iter().filter(|(name, _)| buffers.contains_key(name)) {
            compare(&parameter, param.value(), &tensor(&buffers[&parameter]));
        }
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

#[test]
fn masked_attention_to_others_is_pytorchs() {
    let case = &file("layers.json")["attention to others, masked"];
    let mut layer = MultiHeadAttention::<f64>::new(6, 2, &mut generator(1));
    let parameters = &case["parameters"];
    layer.parameters_mut().into_iter().for_each(|(name, param)| *param.value_mut() = tensor(&parameters[&name]));
    let mask = Tensor::from([
        [true, false, true, true, false],
        [false, true, true, true, true],
        [true, true, false, false, true],
    ]);
    let tape = Tape::new();
    let (x, memory) = (tape.var(tensor(&case["x"])), tape.input(tensor(&case["memory"])));
    let y = layer.attend_where(&x, &memory, &memory, mask);
    assert!(apart(&y.value(), &tensor(&case["y"])) <= 1e-12);
    let weights = Tensor::arange(y.value().len()).map(f64::cos).reshape(y.shape());
    let gradients = (y * tape.input(weights)).sum().backward();
    assert!(apart(&gradients[x], &tensor(&case["gx"])) <= 1e-12);
    for (name, param) in layer.parameters() {
        assert!(apart(gradients.param(param).unwrap(), &tensor(&case["gradients"][&name])) <= 1e-12, "{name}");
    }
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
    let apart = apart_from_its_file(&mut model, "torch_model");
    assert!(apart <= 1e-6, "{apart}");
}

/// The same with batch norm, whose running means and variances stand in the file, and a count of batches that nothing here
/// asks for.
#[test]
fn a_model_with_batch_norm_saved_by_pytorch_is_read() {
    let rng = &mut generator(1);
    let mut first = Conv2d::new(1, 4, 3, Conv::default().padding(1), rng);
    first.bias = None;
    let mut model = Sequential::<f32>::new()
        .then(first)
        .then(BatchNorm::new(4))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(64, 6, rng))
        .then(BatchNorm::new(6).epsilon(1e-3).momentum(0.3))
        .then(Activation::Tanh)
        .then(Linear::new(6, 3, rng));
    let apart = apart_from_its_file(&mut model, "torch_batch_norm");
    assert!(apart <= 1e-6, "{apart}");
    let (_, mean) = model.parameters().into_iter().find(|(name, _)| name == "6.running_mean").unwrap();
    assert!(mean.is_frozen() && mean.value().data().iter().all(|x| *x != 0.0));
}

/// How far the outputs of a model with the parameters of PyTorch's file are from what PyTorch's model gave.
fn apart_from_its_file(model: &mut Sequential<f32>, name: &str) -> f64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference");
    load_parameters(model, folder.join(format!("{name}.safetensors"))).unwrap();
    let case = file(&format!("{name}.json"));
    let y = model.forward(&tensor(&case["x"]).cast()).cast::<f64>();
    apart(&y, &tensor(&case["y"]))
}
