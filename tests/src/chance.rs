//! Chance with a seed, so that a failure can be repeated.

/// A small generator (SplitMix64). `GRIDWARD_SEED` sets the seed; a failure says which it was.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// The seed of the environment, else the one given.
    pub fn seeded(otherwise: u64) -> Self {
        let seed = std::env::var("GRIDWARD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
        Self::of(seed)
    }

    /// Exactly this seed.
    pub fn of(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit.max(1)
    }
}
