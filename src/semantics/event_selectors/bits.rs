//! Sets of rules, as bits.

/// A set of rules, by their index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The indices below `len` for which `holds`.
    pub fn of(len: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0_u64; len.div_ceil(64)];
        for (word, bits) in words.iter_mut().enumerate() {
            for bit in 0..64 {
                let index = word * 64 + bit;
                if index < len && holds(index) {
                    *bits |= 1 << bit;
                }
            }
        }
        Self(words)
    }

    /// What both hold.
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// Whether they share an index.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// Whether it holds an index.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }
}
