//! Every layer under every reader, against formulas written out, and its gradients against differences.

use wengert_nn::prelude::*;
use wengert_tape::Dual;

/// Every layer of the crate, with the shape of an input.
fn layers() -> Vec<(&'static str, Box<dyn Layer<f64>>, Vec<usize>)> {
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
        ("max_pool2d", Box::new(MaxPool2d::new(3).stride(2)), vec![2, 3, 7, 5]),
        ("flatten", Box::new(Flatten), vec![2, 3, 1, 5]),
        ("mlp", Box::new(Mlp::new(&[3, 5, 2], Activation::Softplus, rng).output(Activation::Identity)), vec![7, 3]),
        ("perceptron", Box::new(Perceptron::with_threshold(&[0.3, -0.7, 0.2], 0.1)), vec![5, 3]),
        ("standardise", Box::new(standardise), vec![5, 3]),
        ("sequential", Box::new(small), vec![2, 1, 4, 6]),
    ];
    all.extend(Activation::ALL.map(|a| ("activation", Box::new(a) as Box<dyn Layer<f64>>, vec![3, 5])));
    all
}

/// `Σ y · c` with fixed numbers `c`, so that no two outputs count alike.
fn weighted<A: Reader<f64>>(y: &A) -> A {
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

/// The engine's own checker on each layer, by its input: every node is asked alone, and by every method.
#[test]
fn every_layer_passes_the_checker() {
    let mut failures = Vec::new();
    for (name, layer, shape) in layers() {
        let x = Tensor::randn(shape, &mut generator(2));
        if let Err(e) = check_gradients(|x: Var| weighted(&layer.forward(&x)), &x) {
            failures.push(format!("{name}: {e}"));
        }
        let training = |x: Var| {
            let key = Tensor::from([3, 4]);
            weighted(&layer.forward_training(&x, &mut Training::new(Algebra::index(&x, key))))
        };
        if let Err(e) = check_gradients(training, &x) {
            failures.push(format!("{name}, in training: {e}"));
        }
    }
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
        ([5, 1, 3, 3], "layer 1: max_pool2d: windows of 2 by 2 are larger than the image [5, 2, 1, 1]"),
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
    let all = Sequential::new().then(block.clone()).then(Activation::Tanh).then(block.clone());
    let x = Tensor::randn([4, 3], &mut generator(2));
    let by_hand = block.forward(&block.forward(&x).tanh());
    assert_eq!(all.forward(&x), by_hand);
    // The block stands twice in the model: its parameters are shared, and count once.
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
