//! A model as a table: shapes, sizes, and everything that does not fit at once.

use wengert_nn::prelude::*;

fn images() -> Sequential<f32> {
    let rng = &mut generator(1);
    Sequential::new()
        .then(Conv2d::new(1, 20, 5, Conv::default(), rng))
        .then(MaxPool2d::new(2))
        .then(Activation::Sigmoid)
        .then(Flatten)
        .then(Sequential::new().then(Linear::new(20 * 12 * 12, 100, rng)).then(Activation::Sigmoid))
        .then(Linear::new(100, 10, rng))
}

#[test]
fn every_number_of_the_table() {
    let mut model = images();
    let about = summary(&model, &Shape::from([3, 1, 28, 28]));
    assert_eq!(about.errors(), Vec::<String>::new());
    let rows: Vec<(&str, &str, Vec<usize>, usize, u64)> = about
        .layers
        .iter()
        .map(|row| {
            let kind = row.layer.split('(').next().unwrap();
            (&*row.name, kind, row.output.as_ref().unwrap().to_vec(), row.parameters, row.multiply_adds)
        })
        .collect();
    let expected = [
        ("0", "conv2d", vec![3, 20, 24, 24], 20 * 25 + 20, 3 * 20 * 24 * 24 * 25),
        ("1", "max_pool2d", vec![3, 20, 12, 12], 0, 0),
        ("2", "sigmoid", vec![3, 20, 12, 12], 0, 0),
        ("3", "flatten", vec![3, 2880], 0, 0),
        ("4.0", "linear", vec![3, 100], 2880 * 100 + 100, 3 * 2880 * 100),
        ("4.1", "sigmoid", vec![3, 100], 0, 0),
        ("5", "linear", vec![3, 10], 1010, 3 * 1000),
    ];
    assert_eq!(rows, expected);
    assert_eq!(about.learned, model.parameter_count());
    assert_eq!(about.multiply_adds(), expected.iter().map(|row| row.4).sum::<u64>());
    // The result of each operation is kept: the product and the sum with the bias, one of each activation.
    assert_eq!(about.layers[5].kept, 4 * 3 * 100);
    assert_eq!(about.layers[6].kept, 4 * (3 * 10 + 3 * 10));
    assert_eq!(about.layers[3].kept, 0);
    // With the input, and hidden.
    assert_eq!(about.counts(), (4, 2));
    let text = about.to_string();
    assert!(text.ends_with("4 layers with the input, 2 hidden: deep"), "{text}");
    assert!(text.contains("4.0  linear(inputs=2880, outputs=100, bias=true)"), "{text}");

    model.set_frozen(true);
    let about = summary(&model, &Shape::from([3, 1, 28, 28]));
    assert_eq!((about.learned, about.frozen), (0, 289_630));
}

#[test]
fn all_errors_are_found_at_once() {
    let rng = &mut generator(1);
    let model = Sequential::<f32>::new()
        .then(Conv2d::new(3, 4, 3, Conv::default(), rng))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Linear::new(99, 20, rng))
        .then(Linear::new(21, 10, rng))
        .then(Residual::new(Linear::new(10, 7, rng)));
    let about = summary(&model, &Shape::from([2, 1, 6, 6]));
    assert_eq!(
        about.errors(),
        [
            "layer 0: conv: filters [4, 3, 3, 3] see 3 channels in each of 1 groups, the image [2, 1, 6, 6] has 1",
            "layer 3: linear: inputs […, 99] are needed, not [2, 64]",
            "layer 4: linear: inputs […, 21] are needed, not [2, 20]",
            "layer 5: residual: the layer makes [2, 7] of [2, 10]: they cannot be added",
        ]
    );
    // What comes out of a layer that does not fit is what it makes of the input that does.
    let outputs: Vec<Option<Shape>> = about.layers.iter().map(|layer| layer.output.clone()).collect();
    assert_eq!(outputs[0], Some([2, 4, 4, 4].into()));
    assert_eq!((outputs[3].clone(), outputs[4].clone()), (Some([2, 20].into()), Some([2, 10].into())));
    let text = about.to_string();
    assert!(text.ends_with("they cannot be added") && text.contains("([2, 20])"), "{text}");
}

#[derive(Clone, Debug)]
struct Twice {
    layer: Linear<f64>,
}
impl Parameters<f64> for Twice {
    parameters! { f64: layer }
}
impl Module<f64> for Twice {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        self.layer.forward(&self.layer.forward(x))
    }
}

/// The same, which says what it multiplies.
#[derive(Clone, Debug)]
struct Counted(Twice);
impl Parameters<f64> for Counted {
    fn visit<'a>(&'a self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::Visit<'_, 'a, f64>) {
        self.0.visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::VisitMut<'_, 'a, f64>) {
        self.0.visit_mut(at, visit);
    }
}
impl Module<f64> for Counted {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        self.0.forward(x)
    }
    fn multiply_adds(&self, x: &Shape) -> u64 {
        2 * self.0.layer.multiply_adds(x)
    }
}

#[test]
fn a_model_of_ones_own_is_one_row() {
    let about = summary(&Twice { layer: Linear::new(3, 3, &mut generator(1)) }, &Shape::from([5, 3]));
    assert_eq!((about.layers.len(), about.learned), (1, 12));
    assert_eq!(about.layers[0].output, Some([5, 3].into()));
    assert_eq!(about.layers[0].kept, 8 * 4 * 15);
    // What it multiplies is known to nobody; that is not nothing.
    assert_eq!((about.layers[0].multiply_adds, about.layers[0].counted), (0, false));
    let unknown = "multiply-adds and depth unknown: a layer of one's own does not say what it multiplies";
    let text = about.to_string();
    assert!(text.ends_with(unknown) && !text.contains("shallow") && text.contains("     ?  "), "{text}");
    // Nor inside another; what has no weights multiplies nothing.
    let inside = Sequential::new()
        .then(Linear::new(3, 3, &mut generator(1)))
        .then(Residual::new(Twice { layer: Linear::new(3, 3, &mut generator(1)) }));
    let about = summary(&inside, &Shape::from([5, 3]));
    assert!(about.to_string().ends_with(unknown) && about.layers[0].counted && !about.layers[1].counted, "{about}");
    let about = summary(&Sequential::new().then(Bare), &Shape::from([5, 3]));
    assert!(about.layers[0].counted && about.to_string().contains("; 0 multiply-adds"), "{about}");
    let about = summary(
        &Sequential::new().then(Counted(Twice { layer: Linear::new(3, 3, &mut generator(1)) })),
        &Shape::from([5, 3]),
    );
    assert!(about.layers[0].counted && about.multiply_adds() == 90, "{about}");
}

/// A layer of one's own without weights.
#[derive(Clone, Debug)]
struct Bare;
impl Parameters<f64> for Bare {
    parameters! { f64: }
}
impl Module<f64> for Bare {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        x.relu()
    }
}

/// A table of every layer with inputs of every rank says what does not fit, and panics nowhere.
#[test]
fn inputs_of_any_rank_are_rows_of_a_table() {
    let rng = &mut generator(1);
    let layers: Vec<Box<dyn Layer<f32>>> = vec![
        Box::new(Linear::new(2, 3, rng)),
        Box::new(Conv1d::new(2, 3, 3, Conv::default(), rng)),
        Box::new(Conv2d::new(2, 3, 3, Conv::default(), rng)),
        Box::new(Conv3d::new(2, 3, 3, Conv::default(), rng)),
        Box::new(ConvTranspose1d::new(2, 3, 3, Conv::default(), rng)),
        Box::new(ConvTranspose2d::new(2, 3, 3, Conv::default(), rng)),
        Box::new(Recurrent::new(Cell::Lstm, 2, 3, 2, rng)),
        Box::new(MultiHeadAttention::new(2, 1, rng)),
        Box::new(Mlp::new(&[2, 3], Activation::Tanh, rng)),
        Box::new(Perceptron::new(2)),
        Box::new(Residual::new(Linear::new(2, 2, rng))),
        Box::new(BatchNorm::new(2)),
        Box::new(GroupNorm::new(1, 2)),
        Box::new(LayerNorm::new([2])),
        Box::new(RmsNorm::new([2])),
        Box::new(MaxPool1d::new(2)),
        Box::new(MaxPool2d::new(2)),
        Box::new(AvgPool3d::new(2)),
        Box::new(AdaptiveAvgPool2d::new(2)),
        Box::new(AdaptiveMaxPool1d::new(2)),
        Box::new(Flatten),
        Box::new(Dropout::new(0.5)),
        Box::new(Activation::LogSoftmax),
        Box::new(Standardise::fit(&Tensor::ones([3, 2]))),
        Box::new(Impute::fit(&Tensor::ones([3, 2]))),
    ];
    for layer in layers {
        for length in [0, 1, 2] {
            for rank in 0..7 {
                let x = Shape::from(vec![length; rank]);
                let model = Sequential::new().then(layer.clone());
                for about in [summary(&layer, &x), summary(&model, &x)] {
                    let row = &about.layers[0];
                    assert!(row.error.is_some() || row.output.is_some(), "{row:?}, {x}");
                    assert!(!about.to_string().is_empty());
                }
            }
        }
    }
}
