//! Pseudo-random numbers that are reproducible from a seed.

/// The `SplitMix64` generator.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator whose sequence depends only on the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    /// One of these values.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.throw(of.len())].clone()
    }

    /// True with probability 1 in `sides`.
    pub fn one_in(&mut self, sides: usize) -> bool {
        self.throw(sides) == 0
    }
}
