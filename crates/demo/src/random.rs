//! The only source of chance: SplitMix64 streams derived from words.
//!
//! A stream depends on nothing but the words it was derived from, so a community, a household or one door visit can be made
//! again alone, in any order, without the numbers that were drawn for its neighbours.

/// The increment of SplitMix64 (the golden ratio in 64 bits).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scrambles one word: the finalizer of SplitMix64.
fn mix(word: u64) -> u64 {
    let z = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Turns a text into a word (FNV-1a), for labels and slugs in a derivation.
pub(crate) const fn label(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01B3);
        index += 1;
    }
    hash
}

/// A reproducible stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    /// The stream that belongs to `seed` and these words; the order of the words counts.
    pub(crate) fn of(seed: u64, words: &[u64]) -> Self {
        let mut state = mix(seed ^ GOLDEN);
        for word in words {
            state = mix(state.wrapping_add(GOLDEN) ^ mix(*word));
        }
        Self { state }
    }

    /// The next 64 bits.
    pub(crate) fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number in `0..limit`; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        // multiply-shift: the bias is below 2^-32, which no rate in a demo can show
        (((self.next_word() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `rate` times in a thousand.
    pub(crate) fn permille(&mut self, rate: u32) -> bool {
        self.below(1000) < rate
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// An index of `weights`, chosen in proportion to them; the sum must not be 0.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        weights.len() - 1
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// Shares `total` in proportion to `weights`, exactly: the largest remainders get what is left over.
pub(crate) fn apportion(total: u32, weights: &[u32]) -> Vec<u32> {
    let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &u32| u64::from(total) * u64::from(*weight);
    let mut shares: Vec<u32> = weights.iter().map(|weight| (exact(weight) / sum) as u32).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(exact(&weights[*index]) % sum), *index));
    let given: u32 = shares.iter().sum();
    for index in order.into_iter().take((total - given) as usize) {
        shares[index] += 1;
    }
    shares
}

/// Splits `total` into `parts` numbers between `low` and `high` that differ at random and sum up exactly.
///
/// Bounds that cannot hold the total are widened to the even share, never broken silently in the sum.
pub(crate) fn spread(total: u32, parts: u32, low: u32, high: u32, stream: &mut Stream) -> Vec<u32> {
    if parts == 0 {
        return Vec::new();
    }
    let low = low.min(total / parts);
    let high = high.max(total.div_ceil(parts));
    let mut shares: Vec<u32> = (0..parts).map(|part| total / parts + u32::from(part < total % parts)).collect();
    for _ in 0..parts.saturating_mul(2) {
        let from = stream.below(parts) as usize;
        let to = stream.below(parts) as usize;
        let room = (shares[from] - low).min(high - shares[to]);
        if from != to && room > 0 {
            let moved = stream.between(1, room.min(1 + (high - low) / 4));
            shares[from] -= moved;
            shares[to] += moved;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_every_word_and_on_their_order() {
        let first = |words: &[u64]| Stream::of(7, words).next_word();
        assert_eq!(first(&[1, 2]), first(&[1, 2]));
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[1]), first(&[1, 0]));
        assert_ne!(Stream::of(8, &[1]).next_word(), first(&[1]));
    }

    #[test]
    fn shares_sum_up_and_stay_within_their_bounds() {
        for seed in 0..300 {
            let mut stream = Stream::of(seed, &[label("spread")]);
            let parts = stream.between(1, 90);
            let low = stream.below(20);
            let high = low + stream.below(20);
            let total = parts * low + stream.below(parts * (high - low) + 1);
            let shares = spread(total, parts, low, high, &mut stream);
            assert_eq!(shares.iter().sum::<u32>(), total, "seed {seed}");
            assert!(shares.iter().all(|share| (low..=high).contains(share)), "seed {seed}: {shares:?} not in {low}..={high}");
            let weights: Vec<u32> = (0..parts).map(|_| stream.between(1, 50)).collect();
            assert_eq!(apportion(total, &weights).iter().sum::<u32>(), total, "seed {seed}");
        }
    }

    #[test]
    fn rates_are_near_what_was_asked_for() {
        let mut stream = Stream::of(1, &[label("rates")]);
        let hits = (0..100_000).filter(|_| stream.permille(50)).count();
        assert!((4_600..5_400).contains(&hits), "50 per mille of 100,000 gave {hits}");
        let mut counts = [0u32; 3];
        for _ in 0..90_000 {
            counts[stream.weighted(&[1, 3, 5])] += 1;
        }
        assert!(counts[0].abs_diff(10_000) < 600 && counts[1].abs_diff(30_000) < 900, "{counts:?}");
    }
}
