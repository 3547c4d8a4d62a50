//! Every layer under every reader, against formulas written out, and its gradients against differences.

use wengert_nn::prelude::*;
use wengert_tape::Dual;
use wengert_tape::check::{Checker, Verdict};

/// Every layer of the crate, with the shape of an input.
pub(crate) fn layers() -> Vec<(&'static str, Box<dyn Layer<f64>>, Vec<usize>)> {
    let rng = &mut generator(5);
    let conv = Conv::default().stride(2).padding(1).groups(2);
    let mut no_bias = Linear::new(3, 2, rng);
    no_bias.bias = None;
    let small = Sequential::new()
        .then(Conv2d::new(1, 2, 3, Conv::default().padding(1), rng))
        .then(Activation::Tanh)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Sequential::new().then(Linear::new(12, 3, rng)).then(Activation::LogSoftmax));
    let mut no_bias_transposed = ConvTranspose2d::new(2, 3, 2, Conv::default(), rng);
    no_bias_transposed.bias = None;
    let mut batch_norm = BatchNorm::new(3);
    *batch_norm.running_mean.value_mut() = Tensor::from([0.3, -0.5, 1.0]);
    *batch_norm.running_var.value_mut() = Tensor::from([0.5, 1.5, 2.0]);
    let options = Pool::new([3, 2]).stride([2, 3]).padding([1, 0]).ceil(true);
    let whiten = Whiten::within_classes(&Tensor::randn([7, 3], rng), &Tensor::from([0, 1, 0, 1, 0, 1, 0])).unwrap();
    let standardise = Standardise::fit(&Tensor::randn([7, 3], rng));
    let mut all: Vec<(&'static str, Box<dyn Layer<f64>>, Vec<usize>)> = vec![
        ("linear", Box::new(Linear::new(3, 5, rng)), vec![2, 3]),
        ("linear of rank 3", Box::new(Linear::with(3, 5, Initialiser::XavierNormal, rng)), vec![2, 4, 3]),
        ("linear without bias", Box::new(no_bias), vec![5, 3]),
        ("conv2d", Box::new(Conv2d::new(2, 3, 3, Conv::default(), rng)), vec![2, 2, 5, 4]),
        ("conv2d with options", Box::new(Conv2d::with(4, 6, 3, conv, Initialiser::Normal, rng)), vec![2, 4, 7, 5]),
        ("conv1d", Box::new(Conv1d::new(2, 3, 3, Conv::default().stride(2), rng)), vec![2, 2, 7]),
        ("conv3d", Box::new(Conv3d::new(1, 2, 2, Conv::default().padding(1), rng)), vec![2, 1, 2, 3, 2]),
        ("recurrent, tanh", Box::new(Recurrent::new(Cell::Tanh, 3, 2, 1, rng)), vec![2, 4, 3]),
        ("recurrent, relu", Box::new(Recurrent::new(Cell::Relu, 3, 2, 1, rng)), vec![2, 3, 3]),
        ("recurrent, lstm", Box::new(Recurrent::new(Cell::Lstm, 3, 2, 2, rng)), vec![2, 3, 3]),
        ("recurrent, gru", Box::new(Recurrent::new(Cell::Gru, 3, 2, 2, rng)), vec![2, 3, 3]),
        ("residual", Box::new(Residual::new(Linear::new(3, 3, rng))), vec![5, 3]),
        ("dropout", Box::new(Dropout::new(0.3)), vec![5, 3]),
        ("impute", Box::new(Impute::fit(&Tensor::randn([7, 3], rng))), vec![5, 3]),
        (
            "conv1d with padding by name",
            Box::new(Conv1d::new(2, 3, 3, Conv::default().padding(Padding::Same), rng)),
            vec![2, 2, 4],
        ),
        (
            "conv1d, full",
            Box::new(Conv1d::new(2, 3, 3, Conv::default().padding(Padding::Full).dilation(2), rng)),
            vec![2, 2, 3],
        ),
        (
            "conv_transpose1d",
            Box::new(ConvTranspose1d::new(2, 3, 3, Conv::default().stride(2), rng).output_padding(1)),
            vec![2, 2, 3],
        ),
        (
            "conv_transpose2d",
            Box::new(ConvTranspose2d::new(
                4,
                2,
                2,
                Conv::default().stride([2, 1]).padding([0, 1]).dilation(2).groups(2),
                rng,
            )),
            vec![1, 4, 2, 3],
        ),
        ("conv_transpose2d without bias", Box::new(no_bias_transposed), vec![1, 2, 2, 3]),
        (
            "conv_transpose3d",
            Box::new(ConvTranspose3d::new(1, 2, 2, Conv::default().stride(2), rng)),
            vec![2, 1, 2, 1, 2],
        ),
        ("batch_norm", Box::new(batch_norm.clone()), vec![5, 3]),
        ("batch_norm of images", Box::new(batch_norm.clone().epsilon(0.1).momentum(0.3)), vec![2, 3, 2, 4]),
        ("batch_norm without weights", Box::new(batch_norm.clone().without_weights()), vec![2, 3, 4]),
        ("batch_norm of one image", Box::new(batch_norm), vec![1, 3, 4]),
        ("layer_norm", Box::new(LayerNorm::new([5])), vec![2, 3, 5]),
        ("layer_norm over two axes", Box::new(LayerNorm::new([3, 5]).epsilon(0.1)), vec![2, 3, 5]),
        ("layer_norm without bias", Box::new(LayerNorm::new([5]).without_bias()), vec![3, 5]),
        ("layer_norm without weights", Box::new(LayerNorm::new([5]).without_weights()), vec![3, 5]),
        ("rms_norm", Box::new(RmsNorm::new([5])), vec![2, 3, 5]),
        ("rms_norm with options", Box::new(RmsNorm::new([3, 5]).without_weights().epsilon(0.1)), vec![2, 3, 5]),
        ("group_norm", Box::new(GroupNorm::new(2, 4)), vec![3, 4, 2]),
        (
            "group_norm of one channel each",
            Box::new(GroupNorm::new(3, 3).without_weights().epsilon(0.1)),
            vec![2, 3, 2, 3],
        ),
        ("attention", Box::new(MultiHeadAttention::new(6, 2, rng)), vec![2, 4, 6]),
        (
            "attention with options",
            Box::new(MultiHeadAttention::new(6, 3, rng).causal(true).without_bias()),
            vec![2, 3, 6],
        ),
        ("max_pool1d", Box::new(MaxPool1d::new(2)), vec![2, 3, 6]),
        ("max_pool2d", Box::new(MaxPool2d::new(3).stride(2)), vec![2, 3, 7, 5]),
        ("max_pool2d with options", Box::new(MaxPool2d::from(options.dilation([1, 2]))), vec![2, 3, 5, 6]),
        ("max_pool3d", Box::new(MaxPool3d::new(2)), vec![1, 2, 2, 4, 3]),
        ("avg_pool1d", Box::new(AvgPool1d::new(2)), vec![2, 3, 6]),
        ("avg_pool2d with options", Box::new(AvgPool2d::from(options)), vec![2, 3, 5, 6]),
        ("avg_pool2d, padding not counted", Box::new(AvgPool2d::from(options.count_padding(false))), vec![2, 3, 5, 6]),
        ("avg_pool3d", Box::new(AvgPool3d::new(2)), vec![1, 2, 2, 4, 3]),
        ("adaptive_max_pool1d", Box::new(AdaptiveMaxPool1d::new(3)), vec![2, 3, 7]),
        ("adaptive_max_pool2d", Box::new(AdaptiveMaxPool2d::new([2, 3])), vec![2, 1, 5, 4]),
        ("adaptive_max_pool3d", Box::new(AdaptiveMaxPool3d::new(1)), vec![1, 2, 2, 3, 2]),
        ("adaptive_avg_pool1d", Box::new(AdaptiveAvgPool1d::new(3)), vec![2, 3, 7]),
        ("adaptive_avg_pool2d", Box::new(AdaptiveAvgPool2d::new([2, 3])), vec![2, 1, 5, 4]),
        ("adaptive_avg_pool3d", Box::new(AdaptiveAvgPool3d::new(1)), vec![1, 2, 2, 3, 2]),
        ("flatten", Box::new(Flatten), vec![2, 3, 1, 5]),
        ("mlp", Box::new(Mlp::new(&[3, 5, 2], Activation::Softplus, rng).output(Activation::Identity)), vec![7, 3]),
        ("perceptron", Box::new(Perceptron::with_threshold(&[0.3, -0.7, 0.2], 0.1)), vec![5, 3]),
        (
            "perceptron, tanh",
            Box::new(Perceptron::with_threshold(&[0.3, -0.7, 0.2], 0.1).activation(Activation::Tanh)),
            vec![5, 3],
        ),
        ("standardise", Box::new(standardise.clone()), vec![5, 3]),
        ("standardise, taken back", Box::new(standardise.inverse()), vec![5, 3]),
        ("whiten", Box::new(whiten), vec![5, 3]),
        ("sequential", Box::new(small), vec![2, 1, 4, 6]),
    ];
    let others = [
        Activation::LeakyRelu { slope: 0.3 },
        Activation::Elu { alpha: 0.5 },
        Activation::Celu { alpha: 2.0 },
        Activation::HardTanh { min: -0.5, max: 0.8 },
    ];
    let activations = Activation::ALL.into_iter().chain(others);
    all.extend(activations.map(|a| ("activation", Box::new(a) as Box<dyn Layer<f64>>, vec![3, 5])));
    // Weights of 1 and biases of 0 would hide what is done with them.
    for (_, layer, _) in &mut all {
        for (_, param) in layer.parameters_mut().into_iter().filter(|(_, param)| !param.is_frozen()) {
            let noise = Tensor::<f64>::randn(param.value().shape(), rng);
            *param.value_mut() += &noise.map(|x| 0.1 * x);
        }
    }
    all
}

/// `Σ y · c` with fixed numbers `c`, so that no two outputs count alike.
pub(crate) fn weighted<A: Reader<f64>>(y: &A) -> A {
    let n = y.shape().len_elements();
    let c = Tensor::new(y.shape(), (0..n).map(|i| 0.5 + (i as f64 * 0.7).sin()).collect());
    (y.clone() * y.constant(c)).sum()
}

#[test]
fn every_reader_agrees() {
    let mut failures = Vec::new();
    for (name, layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        let y = layer.forward(&x);
        let tape = Tape::new();
        let dual = layer.forward(&Dual { value: x.clone(), tangent: Some(Tensor::ones(x.shape())) });
        let dry = layer.output_shape(x.shape()).unwrap();
        if layer.forward(&tape.var(x.clone())).value() != y {
            failures.push(format!("{name}: recorded and plain numbers differ"));
        }
        if layer.forward(&tape.input(x.clone())).value() != y {
            failures.push(format!("{name}: on an input"));
        }
        if dual.value != y || dual.tangent.is_none() {
            failures.push(format!("{name}: with a tangent"));
        }
        if layer.forward(x.shape()) != *y.shape() || dry != *y.shape() {
            failures.push(format!("{name}: the dry run says {dry}, not {}", y.shape()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The gradient by every parameter, and by the input, against central differences of the plain forward pass.
#[test]
fn gradients_are_those_of_differences() {
    let step = 1e-5;
    let close = |g: f64, difference: f64| (g - difference).abs() <= 1e-7 * (1.0 + g.abs());
    let mut failures = Vec::new();
    for (name, mut layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        let tape = Tape::new();
        let input = tape.var(x.clone());
        let gradients = weighted(&layer.forward(&input)).backward();
        for at in 0..x.len() {
            let moved = |by: f64| {
                let mut x = x.clone();
                x.data_mut()[at] += by;
                weighted(&layer.forward(&x)).item()
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            if !close(gradients[input].data()[at], difference) {
                failures.push(format!("{name}: input {at}: {} and {difference}", gradients[input].data()[at]));
            }
        }
        let learned = layer.parameters().into_iter().filter(|(_, p)| !p.is_frozen());
        let learned: Vec<(String, Tensor)> = learned.map(|(n, p)| (n, gradients.param(p).unwrap().clone())).collect();
        for (parameter, gradient) in learned {
            for at in 0..gradient.len() {
                let mut moved = |by: f64| {
                    let change = |layer: &mut Box<dyn Layer<f64>>, by: f64| {
                        let found = layer.parameters_mut().into_iter().find(|(n, _)| *n == parameter);
                        found.unwrap().1.value_mut().data_mut()[at] += by;
                    };
                    change(&mut layer, by);
                    let y = weighted(&layer.forward(&x)).item();
                    change(&mut layer, -by);
                    y
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                if !close(gradient.data()[at], difference) {
                    failures.push(format!("{name}: {parameter} {at}: {} and {difference}", gradient.data()[at]));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The engine's own checker on each layer, by its input and its parameters, in use and in training: every node is asked
/// alone, and by every method.
#[test]
fn every_layer_passes_the_checker() {
    let mut failures = Vec::new();
    for (name, layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        let training = |x: Var| {
            let key = Tensor::from([3, 4]);
            weighted(&layer.forward_training(&x, &mut Training::new(Algebra::index(&x, key))))
        };
        let learned = || layer.parameters().into_iter().filter(|(_, param)| !param.is_frozen());
        let checker = Checker::new().names(["x"]).parameters(learned().map(|(name, param)| (name, param.id())));
        let reports = [
            ("use", checker.report(|x: Var| weighted(&layer.forward(&x)), &x)),
            ("training", checker.report(training, &x)),
        ];
        for (when, report) in reports {
            let report = report.unwrap();
            if report.verdict != Verdict::Pass {
                failures.push(format!("{name}, in {when}: {report}"));
            }
            for (parameter, param) in learned() {
                let of_param = report.elements.iter().filter(|e| e.name.starts_with(&format!("{parameter}[")));
                if of_param.count() != param.value().len() {
                    failures.push(format!("{name}, in {when}: {parameter} was not checked"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Attention to others, through a mask, by the queries, the keys, the values and every parameter.
#[test]
fn masked_attention_passes_the_checker() {
    let rng = &mut generator(6);
    let layer = MultiHeadAttention::<f64>::new(4, 2, rng);
    let mask = Tensor::from([[true, false, true], [true, true, false]]);
    let others = [3, 3].map(|n| Tensor::<f64>::randn([2, n, 4], rng));
    let x = (&Tensor::randn([2, 2, 4], rng), &others[0], &others[1]);
    let named = layer.parameters().into_iter().map(|(name, param)| (name, param.id()));
    let checker = Checker::new().names(["query", "key", "value"]).parameters(named);
    let attend = |(q, k, v): (Var, Var, Var)| weighted(&layer.attend_where(&q, &k, &v, mask.clone()));
    let report = checker.report(attend, x).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert_eq!(report.elements.len(), 2 * (2 + 3 + 3) * 4 + layer.parameter_count());
}

/// Of a last batch of one sample each layer makes what it makes of that sample among others; in training it does, or refuses
/// a sample alone.
#[test]
fn every_layer_takes_a_batch_of_one() {
    let mut failures = Vec::new();
    for (name, layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        let (y, one) = (layer.forward(&x), layer.forward(&x.rows([0])));
        let close = |a: &Tensor, b: &Tensor| a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-13);
        if one.shape()[..] != y.rows([0]).shape()[..] || !close(&one, &y) {
            failures.push(format!("{name}, in use: {one}, and among others {}", y.rows([0])));
        }
        let tape = Tape::new();
        let pass = |x: Tensor| {
            let mut training = Training::new(tape.input(Tensor::from([3, 4])));
            let x = tape.var(x);
            let y = layer.forward_training(&x, &mut training);
            (y.value(), weighted(&y).backward()[x].clone())
        };
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pass(x.rows([0])))) {
            Ok((one, gradient)) => {
                let fine = one.data().iter().chain(gradient.data()).all(|x| x.is_finite());
                // What looks at the batch or draws for it does not find the same in a sample alone.
                let apart = name.starts_with("batch_norm") || name == "dropout";
                if !fine || !apart && !close(&one, &pass(x).0) {
                    failures.push(format!("{name}, in training: {one}, with the gradient {gradient}"));
                }
            }
            Err(payload) => {
                let message = payload.downcast_ref::<String>().cloned().unwrap_or_default();
                let expected = "batch_norm: training needs more than one number in each channel: take batches of at least 2 samples";
                if message != expected || x.rank() > 2 {
                    failures.push(format!("{name}, in training: {message}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What a file says of a layer makes the same layer again, to the bit.
#[test]
fn every_layer_is_saved_and_read_back() {
    let path = std::env::temp_dir().join(format!("wengert-every-layer-{}.safetensors", std::process::id()));
    let mut failures = Vec::new();
    for (name, layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        let mut model = Sequential::new();
        model.push(layer);
        save(&model, &Details::new(), &path).unwrap();
        match load::<f64>(&path) {
            Err(e) => failures.push(format!("{name}: {e}")),
            Ok(loaded) if loaded.model.forward(&x) != model.forward(&x) => failures.push(format!("{name}: differs")),
            Ok(loaded) if loaded.model.layer_description() != model.description() => {
                failures.push(format!("{name}: {:?}", loaded.model.layer_description()));
            }
            Ok(_) => {}
        }
    }
    std::fs::remove_file(path).unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Of shapes that a layer does not take, the table of a model says so, and goes on with one that it takes.
#[test]
fn every_layer_names_an_input_that_fits() {
    let mut failures = Vec::new();
    let mut refused = 0;
    for (name, layer, _) in layers() {
        for x in [vec![], vec![4], vec![2, 7], vec![2, 7, 1], vec![2, 7, 1, 1], vec![2, 7, 1, 1, 1]] {
            let x = Shape::from(x);
            if layer.output_shape(&x).is_ok() {
                continue;
            }
            refused += 1;
            match layer.nearest_input(&x).map(|x| layer.output_shape(&x)) {
                Some(Ok(_)) => {}
                // The table opens what has parts, and asks those.
                None if !layer.layer_parts().is_empty() => {}
                other => failures.push(format!("{name}, {x}: {other:?}")),
            }
        }
    }
    assert!(refused > 100, "{refused}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn formulas_written_out() {
    let linear = Linear::<f64>::new(3, 2, &mut generator(1));
    let (w, b) = (linear.weight.value(), linear.bias.as_ref().unwrap().value());
    let x = Tensor::randn([4, 3], &mut generator(2));
    let y = linear.forward(&x);
    for n in 0..4 {
        for o in 0..2 {
            let sum: f64 = (0..3).map(|i| x[[n, i]] * w[[o, i]]).sum::<f64>() + b[[o]];
            assert!((y[[n, o]] - sum).abs() < 1e-14, "linear [{n}, {o}]");
        }
    }

    let conv = Conv2d::<f64>::new(2, 3, 2, Conv::default().stride(2).padding(1), &mut generator(1));
    let (w, b) = (conv.weight.value(), conv.bias.as_ref().unwrap().value());
    let x = Tensor::<f64>::randn([2, 2, 4, 5], &mut generator(2));
    let pixel = |n: usize, c: usize, i: isize, j: isize| match (usize::try_from(i), usize::try_from(j)) {
        (Ok(i), Ok(j)) => x.get(&[n, c, i, j]).copied().unwrap_or(0.0),
        _ => 0.0,
    };
    let y = conv.forward(&x);
    assert_eq!(y.shape(), &[2, 3, 3, 3]);
    for (n, o, i, j) in indices([2, 3, 3, 3]) {
        let mut sum = b[[o]];
        for (c, k, l) in (0..2).flat_map(|c| (0..2).flat_map(move |k| (0..2).map(move |l| (c, k, l)))) {
            sum += w[[o, c, k, l]] * pixel(n, c, (2 * i + k) as isize - 1, (2 * j + l) as isize - 1);
        }
        assert!((y[[n, o, i, j]] - sum).abs() < 1e-14, "conv2d [{n}, {o}, {i}, {j}]");
    }
}

fn indices(s: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..s.iter().product::<usize>()).map(move |k| {
        let (l, k) = (k % s[3], k / s[3]);
        let (j, k) = (k % s[2], k / s[2]);
        (k / s[1], k % s[1], j, l)
    })
}

#[test]
fn names_and_layouts_are_those_of_pytorch() {
    let rng = &mut generator(1);
    let grouped = Conv2d::<f32>::new(4, 6, 3, Conv::default().groups(2), rng);
    let names = |model: &dyn Layer<f32>| -> Vec<(String, Vec<usize>)> {
        model.parameters().into_iter().map(|(name, p)| (name, p.value().shape().to_vec())).collect()
    };
    let named = |all: &[(&str, &[usize])]| -> Vec<(String, Vec<usize>)> {
        all.iter().map(|(name, shape)| (name.to_string(), shape.to_vec())).collect()
    };
    let mlp = Mlp::<f32>::new(&[4, 5, 3], Activation::Relu, rng);
    let mlp_names = named(&[("0.weight", &[5, 4]), ("0.bias", &[5]), ("2.weight", &[3, 5]), ("2.bias", &[3])]);
    assert_eq!(names(&mlp), mlp_names);
    assert_eq!(names(&Sequential::from(mlp)), mlp_names);
    assert_eq!(names(&grouped), named(&[("weight", &[6, 2, 3, 3]), ("bias", &[6])]));
    assert_eq!(names(&Sequential::new().then(Sequential::new().then(grouped))).first().unwrap().0, "0.0.weight");
}

#[test]
fn a_shape_that_does_not_fit_is_named_by_its_layer() {
    let rng = &mut generator(1);
    let model = Sequential::<f32>::new()
        .then(Conv2d::new(1, 2, 3, Conv::default(), rng))
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(19, 3, rng));
    for (x, expected) in [
        ([5, 1, 8, 8], "layer 3: linear: inputs […, 19] are needed, not [5, 18]"),
        (
            [5, 3, 8, 8],
            "layer 0: conv: filters [2, 1, 3, 3] see 1 channels in each of 1 groups, the image [5, 3, 8, 8] has 3",
        ),
        ([5, 1, 3, 3], "layer 1: max_pool2d: windows of 2 do not fit in [5, 2, 1, 1] padded by 0 along axis 2"),
    ] {
        assert_eq!(model.output_shape(&Shape::from(x)).unwrap_err().to_string(), expected);
    }
}

/// A model that is not in the library: a residual block with its own forward.
#[derive(Clone, Debug)]
struct Around {
    inner: Linear<f64>,
    gain: Param<f64>,
}
impl Parameters<f64> for Around {
    parameters! { f64: inner, gain }
}
impl Module<f64> for Around {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        self.inner.forward(x).tanh() * x.lift(&self.gain) + x
    }
}

#[test]
fn a_model_of_ones_own_is_a_layer() {
    let gain = Param::new(Tensor::from(0.5));
    let block = Around { inner: Linear::new(3, 3, &mut generator(1)), gain };
    let all = Sequential::new().then(block.tied()).then(Activation::Tanh).then(block.tied());
    let x = Tensor::randn([4, 3], &mut generator(2));
    let by_hand = block.forward(&block.forward(&x).tanh());
    assert_eq!(all.forward(&x), by_hand);
    // The block stands twice in the model: its parameters are tied, and count once. Those of copies are apart.
    let apart = Sequential::new().then(block.clone()).then(block.clone());
    assert_eq!(apart.parameter_count(), 2 * (9 + 3 + 1));
    assert_eq!(all.parameter_count(), 9 + 3 + 1);
    let tape = Tape::new();
    let gradients = all.forward(&tape.input(x)).sum().backward();
    assert_eq!(gradients.param(&block.gain).unwrap().rank(), 0);
}

#[test]
fn rosenblatts_rule_keeps_novikoffs_bound() {
    // Points on both sides of the line x + 2y = 0.3, none closer to it than 0.05.
    let rng = &mut generator(9);
    let normal = [1.0, 2.0, -0.3_f64];
    let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
    let points = Tensor::<f64>::rand([400, 2], rng).map(|u| 2.0 * u - 1.0);
    let side = |p: &[f64]| (normal[0] * p[0] + normal[1] * p[1] + normal[2]) / length;
    let kept: Vec<usize> = (0..400).filter(|k| side(&points.data()[2 * k..][..2]).abs() > 0.05).collect();
    let points = points.rows(kept);
    let answers: Vec<bool> = points.data().chunks_exact(2).map(|p| side(p) > 0.0).collect();
    let margin = points.data().chunks_exact(2).map(|p| side(p).abs()).fold(f64::INFINITY, f64::min);
    // The bias is a weight of an input that is always 1.
    let radius = points.data().chunks_exact(2).map(|p| (p[0] * p[0] + p[1] * p[1] + 1.0).sqrt()).fold(0.0, f64::max);

    let mut neuron = Perceptron::new(2);
    let lessons = neuron.learn(&points, &answers, 100_000).unwrap();
    assert!(lessons.learned());
    assert!(lessons.mistakes.iter().sum::<usize>() as f64 <= (radius / margin).powi(2));
    assert_eq!(neuron.fires(&points).data(), answers);

    // No line separates XOR: the rule never ends.
    let rows = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let lessons = Perceptron::<f64>::new(2).learn(&rows, &[false, true, true, false], 1000).unwrap();
    assert!(!lessons.learned() && lessons.mistakes.len() == 1000);

    let message = neuron.learn(&rows, &[true], 1).unwrap_err().to_string();
    assert_eq!(message, "perceptron: inputs [1, 2] are needed for 1 answers, not [4, 2]");
}

/// An embedding is looked up by positions and takes no numbers, so that it stands in no list of layers.
#[test]
fn an_embedding_passes_the_checker() {
    let table = Embedding::<f64>::new(5, 3, &mut generator(4));
    let (name, param) = table.parameters().into_iter().map(|(n, p)| (n, p.id())).next().unwrap();
    let checker = Checker::new().names(["scale"]).parameters([(name, param)]);
    // A row that is asked for twice, and one that nobody asks for.
    let positions = Tensor::from([[0_i64, 4], [4, 2], [1, 0]]);
    let x = Tensor::from([0.7, -1.2, 0.4]);
    let report = checker.report(|x: Var| weighted(&(table.rows(&x, positions.clone()) * x)), &x).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert_eq!(report.elements.iter().filter(|e| e.name.starts_with("weight[")).count(), 15, "{report}");
}
