//! Networks from a list of layers.

use std::fmt;
use std::str::FromStr;

use wengert::nn::Generator;
use wengert::prelude::*;

/// More parameters than this are refused before memory is asked for: a typing error is more likely than the wish.
const MOST_PARAMETERS: u128 = 100_000_000;

/// The hidden layers of a network, from the input on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layers(Vec<Hidden>);

/// A hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    /// Fully connected: the number of neurons.
    Full(usize),
    /// Square filters, with zeros around the edges of the image.
    Filters { filters: usize, size: usize, padding: usize },
    /// The largest of every 2 × 2.
    Pool,
}

impl FromStr for Layers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Layers(Vec::new()));
        }
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Layers)
    }
}

impl FromStr for Hidden {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let example = "conv16,pool,64";
            format!("`{text}` is no layer; give a list such as {example}, of layers with at least 1 neuron, or none")
        };
        let number = |text: &str| text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong);
        if text == "pool" {
            return Ok(Hidden::Pool);
        }
        let Some(filters) = text.strip_prefix("conv") else {
            return number(text).map(Hidden::Full);
        };
        let (filters, padding) = match filters.split_once('p') {
            Some((filters, padding)) => (filters, Some(padding.parse().map_err(|_| wrong())?)),
            None => (filters, None),
        };
        let (filters, size) = filters.split_once('x').unwrap_or((filters, "3"));
        let size = number(size)?;
        Ok(Hidden::Filters { filters: number(filters)?, size, padding: padding.unwrap_or(size / 2) })
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Hidden::Full(neurons) => write!(f, "{neurons}"),
            Hidden::Pool => f.write_str("pool"),
            Hidden::Filters { filters, size, padding } => {
                let size_part = if size == 3 { String::new() } else { format!("x{size}") };
                let padding_part = if padding == size / 2 { String::new() } else { format!("p{padding}") };
                write!(f, "conv{filters}{size_part}{padding_part}")
            }
        }
    }
}

impl fmt::Display for Layers {
    /// What [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Hidden::to_string).collect();
        f.write_str(if all.is_empty() { "none".into() } else { all.join(",") }.as_str())
    }
}

/// A layer and the shape of what it gets.
struct Placed {
    layer: Hidden,
    input: Vec<usize>,
}

impl Placed {
    fn parameters(&self) -> u128 {
        let product = |sizes: &[usize]| sizes.iter().map(|n| *n as u128).product::<u128>();
        match self.layer {
            Hidden::Full(neurons) => (product(&self.input) + 1).saturating_mul(neurons as u128),
            Hidden::Filters { filters, size, .. } => {
                let weights = (self.input[0] as u128).saturating_mul((size as u128).pow(2));
                (weights + 1).saturating_mul(filters as u128)
            }
            Hidden::Pool => 0,
        }
    }
}

impl Layers {
    /// The layers for inputs of this shape, the output layer last.
    fn placed(&self, input: &[usize], outputs: usize) -> Result<Vec<Placed>, String> {
        let (mut shape, mut all) = (input.to_vec(), Vec::new());
        for layer in self.0.iter().copied().chain([Hidden::Full(outputs)]) {
            let output = layer.output(&shape)?;
            all.push(Placed { layer, input: std::mem::replace(&mut shape, output) });
        }
        let parameters = all.iter().map(Placed::parameters).fold(0, u128::saturating_add);
        match parameters <= MOST_PARAMETERS {
            true => Ok(all),
            false => Err(format!(
                "--layers {self}: {parameters} parameters are more than {MOST_PARAMETERS}; give smaller layers"
            )),
        }
    }

    /// A network of these layers behind `first`, for inputs of shape `input`, with sums as its outputs that `last` is
    /// applied to.
    ///
    /// # Errors
    /// If a layer cannot stand where it does, in one line that says which and why.
    pub(crate) fn network(
        &self,
        input: &[usize],
        outputs: usize,
        activation: Activation,
        first: Sequential<f32>,
        last: Activation,
        rng: &mut Generator,
    ) -> Result<Sequential<f32>, String> {
        let placed = self.placed(input, outputs)?;
        let (mut model, end) = (first, placed.len() - 1);
        for (k, Placed { layer, input, .. }) in placed.into_iter().enumerate() {
            let after = if k == end { last } else { activation };
            match layer {
                Hidden::Full(neurons) => {
                    if input.len() > 1 {
                        model.push(Flatten);
                    }
                    model.push(Linear::with(input.iter().product(), neurons, after.initialiser(), rng));
                    model.push(after);
                }
                Hidden::Filters { filters, size, padding } => {
                    let conv = Conv::default().padding(padding);
                    model.push(Conv2d::with(input[0], filters, size, conv, after.initialiser(), rng));
                    model.push(after);
                }
                Hidden::Pool => model.push(MaxPool2d::new(2)),
            }
        }
        Ok(model)
    }

    /// The network in words: `1×8×8 → conv16 → pool → 64 → 10`.
    pub(crate) fn describe(&self, input: &[usize], outputs: usize) -> String {
        let input: Vec<String> = input.iter().map(usize::to_string).collect();
        let hidden = self.0.iter().map(Hidden::to_string);
        let all: Vec<String> = [input.join("×")].into_iter().chain(hidden).chain([outputs.to_string()]).collect();
        all.join(" → ")
    }
}

impl Hidden {
    /// The shape of what the layer gives for an input of this shape.
    fn output(self, input: &[usize]) -> Result<Vec<usize>, String> {
        let refuse = |why: String| Err(format!("--layers: {self} cannot stand here: {why}"));
        match (self, input) {
            (Hidden::Full(neurons), _) => Ok(vec![neurons]),
            (Hidden::Filters { filters, size, padding }, [_, rows, columns]) => {
                // Saturating, since all of it is what somebody typed.
                let side = |side: &usize| side.saturating_add(padding.saturating_mul(2)).saturating_sub(size - 1);
                match (side(rows), side(columns)) {
                    (0, _) | (_, 0) => refuse(format!("the image is {rows} × {columns}, smaller than the filters")),
                    (rows, columns) if rows.max(columns) > 4096 => refuse(format!("padding makes {rows} × {columns}")),
                    (rows, columns) => Ok(vec![filters, rows, columns]),
                }
            }
            (Hidden::Pool, [channels, rows, columns]) => match (rows / 2, columns / 2) {
                (0, _) | (_, 0) => refuse(format!("the image is {rows} × {columns} already")),
                (rows, columns) => Ok(vec![*channels, rows, columns]),
            },
            _ => refuse("it needs an image, not a row of numbers; convolutions and pools come first".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> Layers {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn lists_are_read_back() {
        for text in ["none", "30", "conv16,pool,64", "conv20x5p0,pool,conv40x5p0,pool,100", "conv8x5"] {
            assert_eq!(layers(text).to_string(), text);
        }
        assert_eq!(layers("conv8x3p1"), layers(" conv8 "));
    }

    /// The sizes that are announced are those of the network that is built.
    #[test]
    fn a_network_is_what_was_announced() {
        for text in ["none", "30,20", "conv6,pool,conv4x5p0,7", "conv3x4p2,pool,pool"] {
            let (layers, rng) = (layers(text), &mut generator(1));
            let input = [2, 12, 10];
            let placed = layers.placed(&input, 3).unwrap();
            let model =
                layers.network(&input, 3, Activation::Tanh, Sequential::new(), Activation::Identity, rng).unwrap();
            let parameters: u128 = placed.iter().map(Placed::parameters).sum();
            assert_eq!(model.parameter_count() as u128, parameters, "{text}");
            let images = Shape::from([5, 2, 12, 10]);
            let after = model.shapes(&images).unwrap();
            let shapes: Vec<&Shape> = [&images].into_iter().chain(&after).collect();
            for Placed { input, .. } in placed {
                let expected: Shape = [5].into_iter().chain(input).collect();
                assert!(shapes.contains(&&expected), "{text}: {expected} is not in {shapes:?}");
            }
            assert_eq!(after.last(), Some(&Shape::from([5, 3])), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_built_is_refused_before_it_is() {
        let image: &[usize] = &[1, 8, 8];
        for (text, input, expected) in [
            (
                "64,conv4",
                image,
                "--layers: conv4 cannot stand here: it needs an image, not a row of numbers; convolutions and pools come first",
            ),
            ("pool,pool,pool,pool", image, "--layers: pool cannot stand here: the image is 1 × 1 already"),
            ("conv2x9p0", image, "--layers: conv2x9p0 cannot stand here: the image is 8 × 8, smaller than the filters"),
            (
                "100000000000",
                &[2],
                "--layers 100000000000: 400000000001 parameters are more than 100000000; give smaller layers",
            ),
            ("conv2p5000", image, "--layers: conv2p5000 cannot stand here: padding makes 10006 × 10006"),
        ] {
            let message = layers(text).placed(input, 1).err().unwrap_or_default();
            assert!(message.starts_with(expected), "{text}: {message}");
        }
        for text in [
            "",
            "0",
            "-3",
            "64,,10",
            "conv",
            "conv0",
            "conv4x",
            "conv4x0",
            "conv4p",
            "pool2",
            "1e3",
            "9999999999999999999999",
        ] {
            let message = text.parse::<Layers>().unwrap_err();
            assert!(message.contains("is no layer; give a list such as conv16,pool,64"), "{text}: {message}");
        }
    }
}
