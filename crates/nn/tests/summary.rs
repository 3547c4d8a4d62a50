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

#[test]
fn a_model_of_ones_own_is_one_row() {
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
    let about = summary(&Twice { layer: Linear::new(3, 3, &mut generator(1)) }, &Shape::from([5, 3]));
    assert_eq!((about.layers.len(), about.learned), (1, 12));
    assert_eq!(about.layers[0].output, Some([5, 3].into()));
    assert_eq!(about.layers[0].kept, 8 * 4 * 15);
}
