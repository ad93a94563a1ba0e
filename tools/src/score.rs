//! What logits are worth: accuracy, agreement, calibration.

use vgglass::run::softmax;

use crate::pictures::pick;

/// Logits of pictures, `[pictures][classes]`.
#[derive(Clone)]
pub struct Logits {
    pub values: Vec<f32>,
    pub classes: usize,
}

impl Logits {
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes)
    }

    pub fn count(&self) -> usize {
        self.values.len() / self.classes
    }

    /// Those of some pictures.
    pub fn pick(&self, indices: &[usize]) -> Logits {
        Logits { values: pick(&self.values, self.classes, indices), classes: self.classes }
    }

    /// Share of pictures whose label is among the `k` largest logits.
    pub fn top(&self, labels: &[usize], k: usize) -> f64 {
        share(self.rows().zip(labels).map(|(row, &label)| rank(row, label) < k))
    }

    /// Share of pictures for which both see the same class first.
    pub fn agreement(&self, other: &Logits) -> f64 {
        share(self.rows().zip(other.rows()).map(|(a, b)| best(a) == best(b)))
    }

    /// Mean Kullback-Leibler divergence of `other` from `self`, in nats.
    pub fn divergence(&self, other: &Logits) -> f64 {
        let one = |(a, b): (&[f32], &[f32])| {
            let (p, q) = (softmax(a, 1.0), softmax(b, 1.0));
            let terms = p.iter().zip(&q).filter(|(p, _)| **p > 0.0);
            terms.map(|(&p, &q)| f64::from(p) * (f64::from(p) / f64::from(q.max(f32::MIN_POSITIVE))).ln()).sum::<f64>()
        };
        self.rows().zip(other.rows()).map(one).sum::<f64>() / self.count() as f64
    }

    /// Largest and root-mean-square difference of two logits.
    pub fn difference(&self, other: &Logits) -> (f64, f64) {
        let differences = || self.values.iter().zip(&other.values).map(|(a, b)| f64::from(a - b).abs());
        let squares: f64 = differences().map(|d| d * d).sum();
        (differences().fold(0.0, f64::max), (squares / self.values.len() as f64).sqrt())
    }

    /// Mean negative log-likelihood of the labels under `softmax(logits / temperature)`.
    pub fn loss(&self, labels: &[usize], temperature: f32) -> f64 {
        let one = |(row, &label): (&[f32], &usize)| -f64::from(softmax(row, temperature)[label].max(1e-30)).ln();
        self.rows().zip(labels).map(one).sum::<f64>() / self.count() as f64
    }

    /// The temperature of the least loss (Guo et al., ICML 2017), by golden section over its logarithm.
    pub fn fit_temperature(&self, labels: &[usize]) -> f32 {
        const GOLDEN: f64 = 0.618_033_988_749_895;
        let loss = |log: f64| self.loss(labels, log.exp() as f32);
        let (mut low, mut high) = (-2.0, 2.0);
        for _ in 0..25 {
            let width = (high - low) * GOLDEN;
            let (a, b) = (high - width, low + width);
            if loss(a) < loss(b) { high = b } else { low = a }
        }
        // Three decimals are more than a fit on some thousand pictures is good for.
        ((((low + high) / 2.0).exp() * 1000.0).round() / 1000.0) as f32
    }

    /// Pictures by the confidence of the first class, ten bins over 0..=1.
    pub fn reliability(&self, labels: &[usize], temperature: f32) -> Vec<Bin> {
        let mut bins = vec![Bin::default(); 10];
        for (row, &label) in self.rows().zip(labels) {
            let first = best(row);
            let confidence = f64::from(softmax(row, temperature)[first]);
            let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
            bin.count += 1;
            bin.confidence += confidence;
            bin.right += f64::from(u8::from(first == label));
        }
        for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
            bin.confidence /= bin.count as f64;
            bin.right /= bin.count as f64;
        }
        bins
    }

    /// The pairs (label, first class) that are most often mixed up, with counts, at most `most`.
    pub fn confusions(&self, labels: &[usize], most: usize) -> Vec<(usize, usize, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for (row, &label) in self.rows().zip(labels) {
            let first = best(row);
            if first != label {
                *counts.entry((label, first)).or_insert(0) += 1;
            }
        }
        let mut pairs: Vec<_> = counts.into_iter().map(|((label, first), count)| (label, first, count)).collect();
        pairs.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
        pairs.truncate(most);
        pairs
    }
}

/// Pictures of similar confidence.
#[derive(Clone, Copy, Default)]
pub struct Bin {
    pub count: usize,
    /// Mean probability of the first class.
    pub confidence: f64,
    /// Share of pictures whose first class is right.
    pub right: f64,
}

/// Expected calibration error: mean over pictures of |confidence - accuracy| of their bin.
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let total: usize = bins.iter().map(|bin| bin.count).sum();
    bins.iter().map(|bin| bin.count as f64 * (bin.confidence - bin.right).abs()).sum::<f64>() / total as f64
}

/// Index of the largest logit, the first of equals.
fn best(row: &[f32]) -> usize {
    (0..row.len()).reduce(|best, i| if row[i] > row[best] { i } else { best }).unwrap_or(0)
}

/// Classes before `label`.
fn rank(row: &[f32], label: usize) -> usize {
    row.iter().enumerate().filter(|&(i, &logit)| logit > row[label] || (logit == row[label] && i < label)).count()
}

fn share(hits: impl Iterator<Item = bool>) -> f64 {
    let (right, all) = hits.fold((0, 0), |(right, all), hit| (right + usize::from(hit), all + 1));
    right as f64 / f64::from(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_counts_ranks() {
        let logits = Logits { values: vec![1.0, 3.0, 2.0, 5.0, 5.0, 0.0], classes: 3 };
        assert_eq!(logits.top(&[2, 1], 1), 0.0);
        assert_eq!(logits.top(&[1, 0], 1), 1.0);
        assert_eq!(logits.top(&[2, 1], 2), 1.0);
        assert_eq!(logits.confusions(&[2, 0], 5), [(2, 1, 1)]);
    }

    #[test]
    fn temperature_undoes_a_factor() {
        // Two classes of odds 3:1, told with logits four times too large.
        let logits = Logits { values: [[4.0 * 3.0f32.ln(), 0.0]; 4].concat(), classes: 2 };
        assert!((logits.fit_temperature(&[0, 0, 0, 1]) - 4.0).abs() < 0.01);
        let bins = logits.reliability(&[0, 0, 0, 1], 4.0);
        assert!(calibration_error(&bins) < 1e-6);
        assert_eq!(logits.divergence(&logits), 0.0);
    }
}
