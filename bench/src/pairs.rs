//! How two things are compared on a machine that is shared and noisy: in turns,
//! ours and the other's, and only the ratio of neighbours counts.

use anyhow::Result;

/// A ratio over several pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// Ours against ours: how much the machine itself wavered.
    pub control: f64,
    /// Ours, median, in the unit measured.
    pub ours: f64,
    /// The other's.
    pub other: f64,
    /// How many pairs.
    pub pairs: usize,
}

/// Within which ours against ours must stay.
const CONTROL: std::ops::RangeInclusive<f64> = 0.9..=1.1;

impl Ratio {
    /// Whether the machine was steady enough for the run to count.
    pub fn is_steady(&self) -> bool {
        CONTROL.contains(&self.control)
    }
}

/// Measures in turns: ours, other, ours, other …
pub fn in_turns(
    pairs: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut other: impl FnMut() -> Result<f64>,
) -> Result<Ratio> {
    // The first of each warms caches up and is not counted.
    ours()?;
    other()?;
    let mut measured = Vec::with_capacity(pairs);
    for n in 0..pairs {
        let pair = (ours()?, other()?);
        eprintln!("  pair {}: {:.4} / {:.4} = {:.3}", n + 1, pair.0, pair.1, pair.0 / pair.1);
        measured.push(pair);
    }
    Ok(ratio(&measured))
}

/// What pairs of (ours, other) amount to.
pub fn ratio(measured: &[(f64, f64)]) -> Ratio {
    let ratios: Vec<f64> = measured.iter().map(|(ours, other)| ours / other).collect();
    // Neighbours of the same kind, in turns upside down, so that a machine that
    // only becomes slower and slower does not pass for a steady one.
    let own = measured.windows(2).map(|two| two[0].0 / two[1].0);
    Ratio {
        median: median(ratios.iter().copied()),
        min: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        max: ratios.iter().copied().fold(0.0, f64::max),
        control: median(own),
        ours: median(measured.iter().map(|pair| pair.0)),
        other: median(measured.iter().map(|pair| pair.1)),
        pairs: measured.len(),
    }
}

/// The middle of some numbers; of an even count, the mean of the two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The value below which a share of the numbers lies.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = (last as f64 * share).ceil() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_extremes_are_of_the_pairs() {
        let ratio = ratio(&[(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)]);
        assert!((ratio.median - 1.0).abs() < 1e-9);
        assert!((ratio.min - 0.5).abs() < 1e-9 && (ratio.max - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_machine_that_becomes_slower_is_not_steady() {
        let slower: Vec<(f64, f64)> = (0..7).map(|n| (1.3_f64.powi(n), 1.0)).collect();
        assert!(!ratio(&slower).is_steady());
        assert!(ratio(&[(1.0, 1.0); 7]).is_steady());
    }

    #[test]
    fn the_percentile_is_one_of_the_numbers() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&hundred, 0.99) - 100.0).abs() < 1.1);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
