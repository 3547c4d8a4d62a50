//! One sample without a batch axis, as PyTorch's layers take it; errors of files and panics of closures on their way out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_nn::prelude::*;

/// The answer for one sample is that of a batch of one.
fn same(name: &str, layer: &impl Module<f64>, shape: &[usize]) {
    let x = Tensor::<f64>::randn(shape, &mut generator(7));
    let y = layer.forward(&x);
    assert_eq!(y, layer.forward(&x.unsqueeze(0)).squeeze(0), "{name}");
    assert_eq!(&layer.output_shape(&Shape::from(shape)).unwrap(), y.shape(), "{name}");
    assert_eq!(layer.forward(&Shape::from(shape)), *y.shape(), "{name}");
}

#[test]
fn layers_take_one_sample() {
    let rng = &mut generator(3);
    same("linear", &Linear::new(3, 5, rng), &[3]);
    same("mlp", &Mlp::new(&[3, 4, 2], Activation::Tanh, rng), &[3]);
    same("conv1d", &Conv1d::new(2, 3, 3, Conv::default(), rng), &[2, 7]);
    same("conv2d", &Conv2d::new(2, 3, 3, Conv::default().stride(2), rng), &[2, 5, 4]);
    same("conv3d", &Conv3d::new(1, 2, 2, Conv::default(), rng), &[1, 3, 3, 3]);
    same("conv_transpose1d", &ConvTranspose1d::new(2, 3, 3, Conv::default(), rng), &[2, 3]);
    same("conv_transpose2d", &ConvTranspose2d::new(2, 3, 3, Conv::default(), rng), &[2, 3, 3]);
    same("max_pool1d", &MaxPool1d::new(2), &[2, 4]);
    same("max_pool2d", &MaxPool2d::new(2), &[2, 4, 6]);
    same("max_pool3d", &MaxPool3d::new(2), &[1, 4, 4, 4]);
    same("avg_pool2d", &AvgPool2d::from(Pool::new(2).divisor(3)), &[2, 4, 6]);
    same("adaptive_avg_pool2d", &AdaptiveAvgPool2d::new([2, 3]), &[2, 4, 6]);
    same("adaptive_max_pool1d", &AdaptiveMaxPool1d::new(2), &[2, 4]);
    for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
        same("recurrent", &Recurrent::new(cell, 3, 2, 2, rng), &[4, 3]);
    }
    let attention = MultiHeadAttention::<f64>::new(4, 2, rng);
    same("attention", &attention, &[3, 4]);
    let x = Tensor::<f64>::randn([3, 4], rng);
    let alone = attention.attend(&x, &x, &x);
    assert_eq!(alone, attention.forward(&x));
    // In a model, where the signal of a batch is no image of one sample.
    let model = Sequential::<f64>::new().then(Conv2d::new(1, 2, 3, Conv::default(), rng)).then(MaxPool2d::new(2));
    same("model", &model, &[1, 6, 6]);
}

#[test]
fn a_row_of_padding_learns_nothing() {
    let table = Embedding::<f64>::new(4, 3, &mut generator(1)).with_padding(2);
    assert_eq!(table.weight.value().at(0, 2).data(), [0.0; 3]);
    let tape = Tape::new();
    let y = table.rows(&tape.input(Tensor::from(0.0)), Tensor::from([2, 0, 2, 3]));
    let gradient = y.sum().backward().param(&table.weight).unwrap().sum_over(1);
    assert_eq!(gradient.data(), [3.0, 0.0, 0.0, 3.0]);
}

/// `?` takes the errors of files into the error of the preludes, with the words and the source that they have.
#[test]
fn errors_of_files_fit_the_preludes_error() {
    fn first_weight() -> Result<f64, Error> {
        let model = load::<f64>("no/such/model")?.model;
        Ok(model.parameters()[0].1.value().data()[0])
    }
    let error = first_weight().unwrap_err();
    assert!(error.to_string().starts_with("no/such/model: "), "{error}");
    assert!(std::error::Error::source(&error).is_some(), "{error:?}");
    fn read() -> Result<String, Error> {
        Ok(std::fs::read_to_string("no/such/file")?)
    }
    assert!(read().is_err());
    fn shapes() -> Result<Shape, Error> {
        Ok(Linear::<f64>::new(3, 2, &mut generator(1)).output_shape(&Shape::from([2, 5]))?)
    }
    assert_eq!(shapes().unwrap_err().to_string(), "linear: inputs […, 3] are needed, not [2, 5]");
}

#[test]
fn a_panic_in_what_changes_inputs_keeps_its_message() {
    let data = Dataset::new(Tensor::<f64>::ones([8, 2]), Tensor::<f64>::ones([8, 1])).unwrap();
    for threads in [1, 2] {
        let mut model = Linear::<f64>::new(2, 1, &mut generator(1));
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let trainer = Trainer::new(mse).epochs(2).batch(2).shard(1).threads(threads);
            trainer.change(|_, _| panic!("the camera is off")).train(&mut model, &mut Sgd::new(0.1), &data)
        }));
        let payload = panic.err().unwrap();
        let message = payload.downcast_ref::<&str>().map(ToString::to_string);
        assert_eq!(message.as_deref(), Some("the camera is off"), "{threads} threads");
    }
    let taken: Result<Vec<i32>, _> = catch_unwind(|| {
        std::thread::scope(|scope| wengert_nn::data::ahead(scope, (0..3).map(|k| 6 / (2 - k)), 1).collect())
    });
    let payload = taken.unwrap_err();
    assert!(payload.downcast_ref::<&str>().is_some_and(|m| m.contains("divide by zero")));
}
