//! Random numbers that a seed gives again, on every machine.

use rand::SeedableRng;

/// The generator that this crate draws from: ChaCha with 8 rounds, the same numbers on every machine.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// fn noise(rng: &mut Generator) -> Tensor {
///     Tensor::randn([3], rng)
/// }
/// assert_eq!(noise(&mut generator(1)), noise(&mut generator(1)));
/// ```
pub type Generator = rand::rngs::ChaCha8Rng;

/// A generator that gives the same numbers for the same seed.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let draw = |seed| Tensor::<f32>::rand([3], &mut generator(seed));
/// assert_eq!(draw(1), draw(1));
/// assert_ne!(draw(1), draw(2));
/// ```
pub fn generator(seed: u64) -> Generator {
    Generator::seed_from_u64(seed)
}

/// One of 2⁶⁴ independent generators of a seed, so that one purpose drawing more changes nothing for another.
/// [`generator`] is number 0.
pub fn stream(seed: u64, number: u64) -> Generator {
    let mut generator = generator(seed);
    generator.set_stream(number);
    generator
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn streams_differ_and_the_first_is_the_generator() {
        let draw = |mut g: Generator| [g.next_u64(), g.next_u64()];
        assert_eq!(draw(generator(7)), draw(stream(7, 0)));
        assert_ne!(draw(stream(7, 0)), draw(stream(7, 1)));
        assert_ne!(draw(stream(7, 1)), draw(stream(8, 1)));
    }
}
