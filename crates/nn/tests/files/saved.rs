//! Files: what was saved is read back to the bit, or refused.

use std::fs;
use std::path::PathBuf;

use wengert_nn::prelude::*;

/// A folder of this test alone, removed at the end.
struct Folder(PathBuf);
impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wengert-nn-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect()
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn network<F: Float>() -> Sequential<F> {
    let rng = &mut generator(5);
    Sequential::new()
        .then(Standardise::fit_together(&Tensor::randn([5, 7], rng)))
        .then(Conv2d::new(2, 4, 3, Conv::default().padding(1).groups(2), rng))
        .then(Activation::LeakyRelu { slope: 0.1 + 0.2 })
        .then(MaxPool2d::new(2).stride(1))
        .then(Flatten)
        .then(Mlp::new(&[36, 5, 3], Activation::Gelu, rng))
        .then(Sequential::new().then(Linear::new(3, 2, rng)).then(Activation::Sigmoid))
        .then(Perceptron::with_threshold(&[F::one(), -F::one()], F::from_f64(0.1)).activation(Activation::Tanh))
}

fn bits<F: Float>(t: &Tensor<F>) -> Vec<u64> {
    t.data().iter().map(|x| Float::to_f64(*x).to_bits()).collect()
}

fn round_trip<F: Float>(folder: &Folder) {
    let (model, path) = (network::<F>(), folder.file(F::NAME));
    let details = Details::from([("task".to_string(), "digits \"of\" ünïcode".to_string())]);
    save(&model, &details, &path).unwrap();
    let loaded = load::<F>(&path).unwrap();
    let x = Tensor::randn([6, 2, 4, 4], &mut generator(1));
    assert_eq!(bits(&loaded.model.forward(&x)), bits(&model.forward(&x)));
    assert_eq!(loaded.details, details);
    assert_eq!(loaded.model.parameter_count(), model.parameter_count());
    // The same model is the same bytes.
    let first = fs::read(&path).unwrap();
    save(&loaded.model, &details, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first);
}

#[test]
fn models_load_back_to_the_same_predictions() {
    let folder = Folder::new("round-trip");
    round_trip::<f32>(&folder);
    round_trip::<f64>(&folder);
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["f32", "f64"], "no temporary file stays");
    // Numbers of f32 fit into a model of f64, not the other way.
    let x = Tensor::<f64>::randn([2, 2, 4, 4], &mut generator(1));
    let wide = load::<f64>(folder.file("f32")).unwrap().model.forward(&x);
    let narrow = load::<f32>(folder.file("f32")).unwrap().model.forward(&x.cast());
    assert!(wide.data().iter().zip(narrow.data()).all(|(a, b)| (a - f64::from(*b)).abs() < 1e-5));
    let message = load::<f32>(folder.file("f64")).unwrap_err().to_string();
    assert!(message.ends_with("numbers of type F64 in the file, f32 in the model"), "{message}");
}

/// Whatever byte of a file changes, the file is refused, or (where it is white space) it is the same model.
#[test]
fn no_damage_goes_unseen() {
    let folder = Folder::new("damage");
    let model = Sequential::<f32>::new().then(Linear::new(2, 2, &mut generator(1))).then(Activation::Tanh);
    let (path, x) = (folder.file("model"), Tensor::randn([3, 2], &mut generator(2)));
    save(&model, &Details::from([("task".into(), "t".into())]), &path).unwrap();
    let (whole, expected) = (fs::read(&path).unwrap(), bits(&model.forward(&x)));
    let mut failures = Vec::new();
    let mut try_bytes = |what: String, bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        match load::<f32>(&path) {
            Err(wengert_nn::Error::File { .. }) => {}
            Err(e) => failures.push(format!("{what}: {e}")),
            Ok(loaded) if loaded.details["task"] == "t" && bits(&loaded.model.forward(&x)) == expected => {}
            Ok(_) => failures.push(format!("{what}: another model was read")),
        }
    };
    for at in 0..whole.len() {
        for bit in [at % 8, (at + 5) % 8] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            try_bytes(format!("bit {bit} of byte {at}"), &bytes);
        }
    }
    for len in 0..whole.len() {
        try_bytes(format!("the first {len} bytes"), &whole[..len]);
    }
    try_bytes("one byte more".into(), &[&whole[..], &[0]].concat());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_half_loaded() {
    let folder = Folder::new("wrong");
    let rng = &mut generator(1);
    let path = folder.file("model");
    let mut other = Mlp::<f32>::new(&[2, 3, 1], Activation::Tanh, rng);
    let before: Vec<Vec<u64>> = other.parameters().iter().map(|(_, p)| bits(p.value())).collect();
    let mut expect = |model: &dyn Layer<f32>, expected: &str| {
        save(&model.boxed(), &Details::new(), &path).unwrap();
        let message = load_parameters(&mut other, &path).unwrap_err().to_string();
        assert_eq!(message, format!("{}: {expected}", path.display()));
        let after: Vec<Vec<u64>> = other.parameters().iter().map(|(_, p)| bits(p.value())).collect();
        assert_eq!(before, after);
    };
    expect(
        &Mlp::new(&[2, 3, 2], Activation::Tanh, rng),
        "parameter `2.weight`: shape [2, 3] in the file, [1, 3] in the model",
    );
    expect(&Mlp::new(&[2, 3], Activation::Tanh, rng), "parameter `2.weight`: the file does not have it");
    expect(&Mlp::new(&[2, 3, 1, 1], Activation::Tanh, rng), "the model has no parameter {\"4.bias\", \"4.weight\"}");

    let missing = folder.file("missing");
    let message = load::<f32>(&missing).unwrap_err().to_string();
    assert!(message.starts_with(&missing.display().to_string()), "{message}");
    let message = save(&other, &Details::new(), folder.file("no/such/folder")).unwrap_err().to_string();
    assert!(message.contains("no/such/folder: "), "{message}");
    fs::write(&path, b"\x10\0\0\0\0\0\0\0{}").unwrap();
    let message = load::<f32>(&path).unwrap_err().to_string();
    assert!(message.ends_with("not a whole safetensors file (10 bytes): invalid header length"), "{message}");
}

/// A file without our metadata, as PyTorch writes it, put together by hand.
#[test]
fn parameters_of_another_program_are_read() {
    let folder = Folder::new("foreign");
    let path = folder.file("torch");
    let header = r#"{"__metadata__":{"format":"pt"},"bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    [0.5_f32, 2.0, -3.0].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
    fs::write(&path, bytes).unwrap();
    let mut layer = Linear::<f64>::new(2, 1, &mut generator(1));
    assert!(load_parameters(&mut layer, &path).unwrap().is_empty());
    assert_eq!(layer.forward(&Tensor::from([[10.0, 1.0]])).data(), [17.5]);
    let message = load::<f64>(&path).unwrap_err().to_string();
    assert!(message.ends_with("build the model and use `load_parameters`"), "{message}");
}
