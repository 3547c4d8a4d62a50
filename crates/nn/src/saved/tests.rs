//! What a file may say of layers, and in which types its numbers may be.

use serde_json::json;

use super::*;

/// Why a whole file with these layers, and zeros for parameters of these shapes, is refused.
fn refused(layers: &Value, parameters: &[(&str, &[usize])]) -> String {
    let zeros = |(name, shape): &(&str, &[usize])| (name.to_string(), encode(&Tensor::<f32>::zeros(*shape)));
    let metadata = [("layers".to_string(), layers.clone())].into_iter().collect();
    let bytes = to_bytes(&parameters.iter().map(zeros).collect(), metadata).unwrap();
    let path = std::env::temp_dir().join(format!("wengert-options-{}", std::process::id()));
    files::write(&path, bytes).unwrap();
    let result = load::<f32>(&path);
    std::fs::remove_file(&path).unwrap();
    match result {
        Ok(loaded) => format!("read: {:?}", loaded.model),
        Err(e) => e.to_string().strip_prefix(&format!("{}: ", path.display())).unwrap_or("another file").to_string(),
    }
}

/// A layer with one option changed.
fn with(layer: &Value, name: &str, value: Value) -> Value {
    let mut layer = layer.clone();
    layer[name] = value;
    layer
}

/// What no layer can have is refused when it is read, in a file whose checksum is right.
#[test]
fn options_that_no_layer_has() {
    let channels: &[(&str, &[usize])] = &[("running_mean", &[2]), ("running_var", &[2])];
    let batch_norm =
        json!({"layer": "batch_norm", "channels": 2, "weight": false, "bias": false, "momentum": 0.1, "epsilon": 1e-5});
    let group_norm =
        json!({"layer": "group_norm", "groups": 1, "channels": 2, "weight": false, "bias": false, "epsilon": 1e-5});
    let layer_norm = json!({"layer": "layer_norm", "shape": [2], "weight": false, "bias": false, "epsilon": 1e-5});
    let rms_norm = json!({"layer": "rms_norm", "shape": [2], "weight": false, "epsilon": 1e-5});
    let conv = json!({"layer": "conv2d", "weight": [2, 1, 3, 3], "bias": false, "stride": [1], "padding": [0],
        "dilation": [1], "groups": 1});
    let filters: &[(&str, &[usize])] = &[("weight", &[2, 1, 3, 3])];
    let pool = json!({"layer": "max_pool2d", "size": [2], "stride": [2], "padding": [0], "dilation": [1], "ceil": false,
        "count_padding": true});
    let adaptive = json!({"layer": "adaptive_avg_pool2d", "sizes": [3]});
    let linear = json!({"layer": "linear", "inputs": 1, "outputs": 1, "bias": false});
    let weight: &[(&str, &[usize])] = &[("weight", &[1, 1])];
    // As they are, they are read.
    for (layer, parameters) in [
        (&batch_norm, channels),
        (&group_norm, &[]),
        (&layer_norm, &[]),
        (&rms_norm, &[]),
        (&conv, filters),
        (&pool, &[]),
        (&adaptive, &[]),
        (&linear, weight),
    ] {
        assert!(refused(layer, parameters).starts_with("read: "), "{layer}: {}", refused(layer, parameters));
    }
    let positive = |name: &str, value: &str| format!("the option `{name}` is {value}, not a number from 0");
    let axes = |name: &str, value: &str, least: usize| {
        format!("the option `{name}` is {value}, not a list of 1 or 2 whole numbers from {least}")
    };
    let mut wrong = Vec::new();
    for (layer, parameters, expected) in [
        (with(&batch_norm, "epsilon", json!(-1.0)), channels, positive("epsilon", "-1.0")),
        (with(&batch_norm, "momentum", json!(3.0)), channels, positive("momentum", "3.0") + " to 1"),
        (with(&group_norm, "epsilon", json!(-1e-5)), &[], positive("epsilon", "-0.00001")),
        (with(&layer_norm, "epsilon", json!(-1)), &[], positive("epsilon", "-1")),
        (with(&rms_norm, "epsilon", json!("1")), &[], positive("epsilon", "\"1\"")),
        (with(&conv, "padding", json!([4_294_967_296_u64])), filters, axes("padding", "[4294967296]", 0)),
        (with(&conv, "stride", json!([0])), filters, axes("stride", "[0]", 1)),
        (with(&conv, "dilation", json!([1, 1, 1])), filters, axes("dilation", "[1,1,1]", 1)),
        (with(&conv, "groups", json!(0)), filters, "the option `groups` is 0, not a whole number from 1".into()),
        (with(&conv, "groups", json!(3)), filters, "3 groups do not divide 2 filters".into()),
        (
            with(&conv, "weight", json!([2, 1, 0, 3])),
            filters,
            "filters of shape [2, 1, 0, 3] do not have 4 axes".into(),
        ),
        (with(&pool, "size", json!([])), &[], axes("size", "[]", 1)),
        (with(&pool, "dilation", json!([u64::MAX])), &[], axes("dilation", "[18446744073709551615]", 1)),
        (with(&adaptive, "sizes", json!([0, 3])), &[], axes("sizes", "[0,3]", 1)),
        (
            json!({"layer": "hardtanh", "min": 2.0, "max": 1.0}),
            &[],
            "is not an activation whose options are possible".into(),
        ),
        (json!({"layer": "celu", "alpha": 0.0}), &[], "is not an activation whose options are possible".into()),
        (json!({"layer": "dropout", "share": -1.0}), &[], "a share of -1 is not from 0 to below 1".into()),
        (with(&linear, "outputs", json!(1_u64 << 62)), weight, "not a whole number".into()),
        (
            with(&linear, "scale", json!(2)),
            weight,
            // In the order that maps have in this build.
            format!("of which {} is understood", json!({"layer": "linear", "inputs": 1, "outputs": 1, "bias": false})),
        ),
    ] {
        let found = refused(&layer, parameters);
        if !found.contains(&expected) {
            wrong.push(format!("{layer}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What another program wrote in 16 bits is read as it is.
#[test]
fn numbers_of_16_bits() {
    let header = r#"{"bias":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"weight":{"dtype":"F16","shape":[1,2],"data_offsets":[2,6]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    // 1.5 and −2 in half precision are 0x3e00 and 0xc000, 3.140625 in bfloat16 is 0x4049.
    bytes.extend([0x49, 0x40, 0x00, 0x3e, 0x00, 0xc0]);
    let path = std::env::temp_dir().join(format!("wengert-16-bits-{}", std::process::id()));
    files::write(&path, bytes).unwrap();
    let mut layer = layers::Linear::<f32>::new(2, 1, &mut crate::generator(1));
    load_parameters(&mut layer, &path).unwrap();
    std::fs::remove_file(path).unwrap();
    let values: Vec<f32> = layer.parameters().iter().flat_map(|(_, param)| param.value().to_vec()).collect();
    assert_eq!(values, [1.5, -2.0, 3.140625]);
}
