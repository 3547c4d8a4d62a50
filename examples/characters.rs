//! A small transformer (Vaswani et al. 2017) reads the pages of this repository letter by letter, and writes on.

use wengert::prelude::*;

/// How many letters it sees at once, and how many numbers stand for each.
const SEEN: usize = 64;
const WIDTH: usize = 64;

struct Transformer {
    letters: Embedding,
    places: Param<f32>,
    blocks: Sequential,
    next: Linear,
}

impl Parameters<f32> for Transformer {
    parameters! { f32: letters, places, blocks, next }
}

impl Transformer {
    fn new(letters: usize, rng: &mut Generator) -> Self {
        let mut blocks = Sequential::new();
        for _ in 0..2 {
            let look = MultiHeadAttention::new(WIDTH, 4, rng).causal(true);
            let think = Mlp::new(&[WIDTH, 4 * WIDTH, WIDTH], Activation::Gelu, rng).output(Activation::Identity);
            blocks.push(Residual::new(Sequential::new().then(LayerNorm::new([WIDTH])).then(look)));
            blocks.push(Residual::new(Sequential::new().then(LayerNorm::new([WIDTH])).then(think)));
        }
        Transformer {
            letters: Embedding::from_weights(Tensor::randn([letters, WIDTH], rng) * 0.1),
            places: Param::new(Tensor::randn([SEEN, WIDTH], rng) * 0.1),
            blocks: blocks.then(LayerNorm::new([WIDTH])),
            next: Linear::new(WIDTH, letters, rng),
        }
    }

    /// What may follow each letter of rows of `time` letters, `[rows · time, letters]`; `beside` is where to compute it.
    fn outputs<A: Reader<f32>>(&self, beside: &A, letters: Vec<i64>, time: usize) -> A {
        let letters = Tensor::new([letters.len() / time, time], letters);
        let x = self.letters.rows(beside, letters) + beside.lift(&self.places).slice(0, ..time);
        self.next.forward(&self.blocks.forward(&x)).reshape([-1, self.next.outputs() as isize])
    }
}

fn main() {
    let pages = [include_str!("../docs/architecture.md"), include_str!("../docs/performance.md")];
    let text = pages.concat() + include_str!("../CHANGELOG.md") + include_str!("../docs/check-your-gradients.md");
    let mut alphabet: Vec<char> = text.chars().collect();
    alphabet.sort_unstable();
    alphabet.dedup();
    let numbered = |text: &str| text.chars().map(|c| alphabet.partition_point(|a| *a < c)).collect::<Vec<usize>>();
    let read = numbered(&text);
    // The last tenth is only for measuring.
    let (known, unknown) = read.split_at(read.len() / 10 * 9);

    // What counting pairs of letters comes to, each pair counted once more than it was seen.
    let (n, mut pairs) = (alphabet.len(), vec![1.0; alphabet.len().pow(2)]);
    known.windows(2).for_each(|pair| pairs[pair[0] * n + pair[1]] += 1.0);
    let chance = |pair: &[usize]| pairs[pair[0] * n + pair[1]] / pairs[pair[0] * n..][..n].iter().sum::<f64>();
    let counted = unknown.windows(2).map(|pair| -chance(pair).log2()).sum::<f64>() / (unknown.len() - 1) as f64;
    println!("{} letters, {n} of them different; by pairs: {counted:.2} bits a letter", read.len());

    let (rng, nowhere) = (&mut generator(1), Tensor::from(0.0_f32));
    let (mut model, mut optimiser, falling) = (Transformer::new(n, rng), Adam::new(0.003), Cosine::new(600, 0.0));
    let rows = |text: &[usize], starts: &[usize], shift: usize| -> Vec<i64> {
        starts.iter().flat_map(|s| &text[s + shift..s + shift + SEEN]).map(|k| *k as i64).collect()
    };
    let bits = |model: &Transformer| {
        let starts: Vec<usize> = (0..(unknown.len() - 1) / SEEN).map(|k| k * SEEN).collect();
        let outputs = model.outputs(&nowhere, rows(unknown, &starts, 0), SEEN);
        f64::from(cross_entropy(outputs, Tensor::from(rows(unknown, &starts, 1))).item()) / 2f64.ln()
    };
    for step in 0..600 {
        let drawn = Tensor::<f64>::rand([16], rng).map(|u| u * (known.len() - SEEN) as f64);
        let starts: Vec<usize> = drawn.data().iter().map(|at| *at as usize).collect();
        let tape = Tape::of::<f32>();
        let outputs = model.outputs(&tape.input(nowhere.clone()), rows(known, &starts, 0), SEEN);
        let loss = cross_entropy(outputs, Tensor::from(rows(known, &starts, 1)));
        optimiser.set_rate(falling.rate(0.003, step));
        optimiser.step(&mut model, &loss.backward());
        if (step + 1) % 150 == 0 {
            println!("step {}: {:.2} bits a letter of what it never saw", step + 1, bits(&model));
        }
    }
    assert!(bits(&model) < counted - 0.4);

    let mut written = numbered("A tape ");
    for _ in 0..240 {
        let seen: Vec<i64> = written[written.len().saturating_sub(SEEN)..].iter().map(|k| *k as i64).collect();
        let time = seen.len();
        let chances = (model.outputs(&nowhere, seen, time) * 1.3).softmax(-1);
        let mut left = Tensor::<f32>::rand([1], rng).item();
        let follows = chances.data()[(time - 1) * n..].iter().position(|p| (left -= p, left <= 0.0).1);
        written.push(follows.unwrap_or(0));
    }
    println!("{}", written.iter().map(|k| alphabet[*k]).collect::<String>());
}
