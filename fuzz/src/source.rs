//! Bytes of the fuzzer as sizes, options and numbers of a domain. Where they end, everything is 0.

use arbitrary::Unstructured;
use loss_kernels::cpu::simd::Float;
pub use loss_kernels::formulas::examples::Domain;

/// What is left of the bytes.
pub struct Source<'a>(Unstructured<'a>);

impl<'a> Source<'a> {
    /// All of them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// What is left, as it is.
    pub fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }

    /// Any 8 bytes.
    pub fn any(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Yes, once in so many.
    pub fn one_in(&mut self, many: u8) -> bool {
        self.byte() % many == many - 1
    }

    /// At least the first, at most the second.
    pub fn size(&mut self, least: usize, most: usize) -> usize {
        self.0.int_in_range(least..=most).unwrap_or(least)
    }

    /// One of them.
    pub fn choice<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.size(0, of.len() - 1)]
    }

    /// Text of at most so many bytes; what is no UTF-8 becomes a replacement character.
    pub fn text(&mut self, most: usize) -> String {
        let count = self.size(0, most).min(self.0.len());
        let bytes = self.0.bytes(count).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Any bit pattern.
    pub fn any_f64(&mut self) -> f64 {
        f64::from_bits(self.any())
    }

    /// A number from the first to the second, often a round one.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        let drawn: u16 = self.0.arbitrary().unwrap_or_default();
        let share = f64::from(drawn >> 3) / f64::from(u16::MAX >> 3);
        let number = match drawn & 7 {
            // Next to the lower end, or to 0 if that lies between.
            7 => low.max(0.0) + (high - low) * (-60.0 * share).exp2(),
            6 => (4.0 * (low + (high - low) * share)).round() / 4.0,
            _ => low + (high - low) * share,
        };
        number.clamp(low, high)
    }

    /// A number of a domain, as the type has it.
    pub fn number<F: Float>(&mut self, domain: Domain) -> F {
        match domain {
            Domain::Between(low, high) => F::from_f64(self.between(low, high)),
            Domain::Of(numbers) => F::from_f64(self.choice(numbers)),
        }
    }

    /// A number that belongs nowhere.
    pub fn wild_number<F: Float>(&mut self) -> F {
        let tiny = F::MIN_POSITIVE.to_f64();
        let special = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            tiny,
            tiny / 4.0,
            -tiny / 4.0,
            F::MAX.to_f64(),
            -F::MAX.to_f64(),
        ];
        match self.size(0, special.len()) {
            index if index < special.len() => F::from_f64(special[index]),
            _ if size_of::<F>() == 4 => F::from_f64(f32::from_bits(self.any() as u32).into()),
            _ => F::from_f64(self.any_f64()),
        }
    }

    /// Numbers of a domain; of wild ones one in eight belongs nowhere.
    pub fn numbers<F: Float>(&mut self, count: usize, domain: Domain, wild: bool) -> Vec<F> {
        let mut number = || match wild && self.one_in(8) {
            true => self.wild_number(),
            false => self.number(domain),
        };
        (0..count).map(|_| number()).collect()
    }

    /// As many numbers of a domain, of which only the first few are read from the bytes: the others repeat them.
    pub fn repeated<F: Float>(&mut self, count: usize, domain: Domain, wild: bool) -> Vec<F> {
        let few = self.size(1, 67);
        let numbers = self.numbers(few, domain, wild);
        repeat(&numbers, count)
    }

    /// Weights, of which some are 0.
    pub fn weights<F: Float>(&mut self, count: usize) -> Vec<F> {
        let few = self.size(1, 61);
        let mut weights = self.numbers(few, Domain::Between(0.25, 2.0), false);
        for weight in &mut weights {
            if self.one_in(4) {
                *weight = F::ZERO;
            }
        }
        repeat(&weights, count)
    }
}

/// As many numbers: these again and again.
pub fn repeat<T: Copy>(numbers: &[T], count: usize) -> Vec<T> {
    numbers.iter().copied().cycle().take(count).collect()
}
