//! `#[derive(Parameters)]`: every shape of type that can hold parameters.

use std::marker::PhantomData;

use wengert_nn::prelude::*;

fn names<F: Float>(model: &impl Parameters<F>) -> Vec<String> {
    model.parameters().into_iter().map(|(name, _)| name).collect()
}

fn linear<F: Float>() -> Linear<F> {
    Linear::new(2, 3, &mut generator(1))
}

#[derive(Clone, Debug, Parameters)]
struct Named {
    first: Linear,
    r#type: Option<Linear>,
    rest: Vec<Linear>,
    #[parameters(skip)]
    width: usize,
}

#[derive(Clone, Debug, Parameters)]
struct Nested {
    inside: Named,
    pair: (Linear, [Param<f32>; 2]),
    boxed: Box<Embedding>,
}

#[derive(Clone, Debug, Parameters)]
struct Tuple(Linear, #[parameters(skip)] &'static str, Param<f32>);

#[derive(Clone, Copy, Debug, Parameters)]
struct Unit;

#[derive(Clone, Debug, Parameters)]
struct OfFloat<F: Float = f32> {
    layer: Linear<F>,
}

#[derive(Clone, Debug, Parameters)]
struct OfLayer<L: Clone, const N: usize>
where
    L: Send,
{
    layers: [L; N],
    #[parameters(skip)]
    mark: PhantomData<fn() -> f64>,
}

#[derive(Clone, Debug, Parameters)]
struct Double {
    layer: Linear<f64>,
}

#[derive(Clone, Debug, Parameters)]
#[parameters(float = f64, crate = wengert_nn)]
struct Said<L> {
    layer: L,
}

#[derive(Clone, Debug, Parameters)]
enum Either {
    Dense(Linear),
    Deep {
        first: Linear,
        #[parameters(skip)]
        times: usize,
    },
    Nothing,
}

#[test]
fn names_are_those_of_the_fields() {
    let ends = |at: &str| ["weight", "bias"].map(|end| format!("{at}{end}"));
    let named = Named { first: linear(), r#type: Some(linear()), rest: vec![linear(), linear()], width: 2 };
    let of_named = [ends("first."), ends("type."), ends("rest.0."), ends("rest.1.")].concat();
    let embedding = Box::new(Embedding::new(3, 2, &mut generator(1)));
    let pair = (linear(), [Param::new(Tensor::from(1.0)), Param::new(Tensor::from(2.0))]);
    let nested = Nested { inside: named.clone(), pair, boxed: embedding };
    let mut of_nested: Vec<String> = of_named.iter().map(|name| format!("inside.{name}")).collect();
    of_nested.extend(ends("pair.0."));
    of_nested.extend(["pair.1.0", "pair.1.1", "boxed.weight"].map(String::from));
    let deep = Either::Deep { first: linear(), times: 2 };
    let stack = OfLayer::<Linear, 2> { layers: [linear(), linear()], mark: PhantomData };
    let cases: Vec<(Vec<String>, Vec<String>)> = vec![
        (names(&named), of_named),
        (names(&nested), of_nested),
        (names(&Tuple(linear(), "a", Param::new(Tensor::from(1.0)))), [&ends("0.")[..], &["2".into()]].concat()),
        (names(&Unit), Vec::new()),
        (names::<f64>(&OfFloat { layer: linear() }), ends("layer.").to_vec()),
        (names::<f32>(&OfFloat { layer: linear() }), ends("layer.").to_vec()),
        (names(&Double { layer: linear() }), ends("layer.").to_vec()),
        (names(&Said { layer: linear() }), ends("layer.").to_vec()),
        (names(&stack), [ends("layers.0."), ends("layers.1.")].concat()),
        (names(&Either::Dense(linear())), ends("0.").to_vec()),
        (names(&deep), ends("first.").to_vec()),
        (names(&Either::Nothing), Vec::new()),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
    let Either::Deep { times, .. } = deep else { unreachable!() };
    assert_eq!((times, nested.inside.width, stack.mark), (2, 2, PhantomData));
}

/// Both walks see the same, and a step of an optimiser changes all of it.
#[test]
fn a_derived_model_learns() {
    let mut model = Tuple(linear(), "a", Param::new(Tensor::from([0.0, 0.0, 0.0])));
    let mut optimiser = Adam::new(0.05);
    let x = Tensor::from([[1.0_f32, 2.0], [-1.0, 0.5]]);
    let y = Tensor::from([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]]);
    let loss = |model: &Tuple, tape: &Tape<f32>| {
        let output = model.0.forward(&tape.input(x.clone())) + tape.param(&model.2);
        mse(output, &y)
    };
    for _ in 0..400 {
        let tape = Tape::of::<f32>();
        let gradients = loss(&model, &tape).backward();
        assert_eq!(optimiser.step(&mut model, &gradients).updated, 3);
    }
    assert!(loss(&model, &Tape::of()).item() < 1e-4 && model.1 == "a");
    // A file holds it, and it is read back by name.
    let path = std::env::temp_dir().join(format!("wengert-derived-{}.safetensors", std::process::id()));
    save(&model, &Details::new(), &path).unwrap();
    let mut other = Tuple(linear(), "b", Param::new(Tensor::zeros([3])));
    load_parameters(&mut other, &path).unwrap();
    assert_eq!(other.0.forward(&x), model.0.forward(&x));
    std::fs::remove_file(path).unwrap();
}
