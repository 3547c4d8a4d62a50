//! What generic code over readers may write, and what compilers say.

use wengert_nn::prelude::*;

/// Operators on references in a model's own forward pass.
#[derive(Clone, Debug)]
struct Net {
    inner: Linear<f64>,
}

impl Parameters<f64> for Net {
    parameters! { f64: inner }
}

impl Module<f64> for Net {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        let h = x * 0.5;
        let h = &h + self.inner.forward(&h);
        let squared = &h * &h;
        (&squared - &h) / (-&squared * 2.0 + &h * &h + 3.0)
    }
}

fn by_lift<F: Float, A: Lift<F>>(x: &A, w: &Param<F>) -> A {
    x * &x.lift(w) - x / 2.0
}

#[test]
fn operators_take_references_in_generic_code() {
    let net = Net { inner: Linear::from_weights(Tensor::from([[1.0]]), None) };
    // h = 2, then 4; (16 − 4) / (−32 + 16 + 3)
    let y = net.forward(&Tensor::from([[4.0]]));
    assert_eq!(y.data(), [-12.0 / 13.0]);
    assert_eq!(by_lift(&Tensor::from([3.0_f32]), &Param::new(Tensor::from([2.0]))).data(), [4.5]);
}

/// The float type of a model is that of its first layer.
#[test]
fn a_model_is_inferred_from_its_layers() {
    let rng = &mut generator(1);
    let model = Sequential::new().then(Linear::<f64>::new(2, 3, rng)).then(Activation::Tanh);
    assert_eq!(model.forward(&Tensor::<f64>::ones([1, 2])).shape(), &[1, 3]);
    let of_f32 = Sequential::new().then(Activation::Tanh).then(Linear::new(2, 3, rng));
    assert_eq!(of_f32.forward(&Tensor::<f32>::ones([1, 2])).shape(), &[1, 3]);
}
