//! Spectra of chords: none, one or several of five tones at once, from a seeded generator.

use burn::prelude::*;
use example_support::rand_distr::{Distribution, StandardNormal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The bands of a spectrum.
pub const BANDS: usize = 24;

/// A tone that a chord may hold.
pub struct Tone {
    pub name: &'static str,
    /// The share of the chords that hold it.
    pub share: f64,
    /// The band in which it lies.
    band: f64,
    /// How loud it is, where the noise is 1.
    loudness: f64,
}

/// Common and loud ones, rare and soft ones; neighbours overlap.
pub const TONES: [Tone; 5] = [
    Tone {
        name: "do",
        share: 0.5,
        band: 4.0,
        loudness: 3.0,
    },
    Tone {
        name: "re",
        share: 0.3,
        band: 7.0,
        loudness: 2.5,
    },
    Tone {
        name: "mi",
        share: 0.2,
        band: 11.0,
        loudness: 2.0,
    },
    Tone {
        name: "fa",
        share: 0.1,
        band: 14.0,
        loudness: 2.0,
    },
    Tone {
        name: "sol",
        share: 0.05,
        band: 19.0,
        loudness: 1.6,
    },
];

/// The spread of a tone over the bands, and of its band from chord to chord.
const WIDTH: f64 = 1.2;
const DETUNING: f64 = 0.7;

/// Spectra `[N, BANDS]`, and for each tone whether it sounds, `[N, TONES]`.
pub struct Chords<B: Backend> {
    pub spectra: Tensor<B, 2>,
    pub labels: Tensor<B, 2, Int>,
}

impl<B: Backend> Chords<B> {
    pub fn generate(count: usize, seed: u64, device: &B::Device) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut normal = StdRng::seed_from_u64(random.random());
        let mut noise = || -> f64 { StandardNormal.sample(&mut normal) };
        let (mut spectra, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let mut spectrum: [f64; BANDS] = [(); BANDS].map(|()| noise());
            for tone in &TONES {
                let sounds = random.random_bool(tone.share);
                labels.push(i64::from(sounds));
                if !sounds {
                    continue;
                }
                let band = tone.band + DETUNING * noise();
                for (index, value) in spectrum.iter_mut().enumerate() {
                    let distance = (index as f64 - band) / WIDTH;
                    *value += tone.loudness * (-distance.powi(2) / 2.0).exp();
                }
            }
            spectra.extend(spectrum);
        }
        Chords {
            spectra: Tensor::from_data(TensorData::new(spectra, [count, BANDS]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count, TONES.len()]), device),
        }
    }

    /// The number of chords.
    pub fn count(&self) -> usize {
        self.spectra.dims()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn chords_hold_several_tones_or_none() {
        let chords = Chords::<NdArray>::generate(4000, 1, &Default::default());
        let shares = chords.labels.clone().float().mean_dim(0).into_data();
        for (share, tone) in shares.iter::<f64>().zip(&TONES) {
            assert!((share - tone.share).abs() < 0.03, "{}: {share}", tone.name);
        }
        let tones = chords.labels.sum_dim(1);
        assert_eq!(tones.clone().min().into_scalar(), 0);
        assert!(tones.max().into_scalar() >= 3);
    }
}
