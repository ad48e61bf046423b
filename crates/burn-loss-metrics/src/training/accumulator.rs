//! What a whole-epoch metric is made of.

/// Takes the batches of an epoch in, and gives the metric of all of them together.
///
/// [`EpochMetric`](crate::EpochMetric) turns one into a Burn metric. Implement it for a metric of your own; keep in it
/// what is enough for the exact value, and no more.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::{Accumulator, EpochMetric};
///
/// /// The largest number of the epoch.
/// #[derive(Clone, Default)]
/// struct Largest(Option<f64>, usize);
///
/// impl Accumulator for Largest {
///     type Batch = Vec<f64>;
///
///     fn name(&self) -> String {
///         "Largest".into()
///     }
///
///     fn higher_is_better(&self) -> bool {
///         true
///     }
///
///     fn add(&mut self, batch: &Vec<f64>) -> Result<(), String> {
///         self.0 = batch.iter().copied().chain(self.0).reduce(f64::max);
///         self.1 += batch.len();
///         Ok(())
///     }
///
///     fn examples(&self) -> usize {
///         self.1
///     }
///
///     fn value(&self) -> f64 {
///         self.0.unwrap_or(f64::NAN)
///     }
///
///     fn clear(&mut self) {
///         *self = Self::default();
///     }
/// }
///
/// let mut largest = Largest::default();
/// largest.add(&vec![1.0, 3.0]).unwrap();
/// largest.add(&vec![2.0]).unwrap();
/// assert_eq!(largest.value(), 3.0);
/// let metric = EpochMetric::of(largest); // for `SupervisedTraining::metrics`
/// ```
pub trait Accumulator: Clone + Send + Sync + 'static {
    /// What a batch brings.
    type Batch;

    /// The metric's name, another for other options, and fit for a file name.
    fn name(&self) -> String;

    /// Whether a larger value is a better one.
    fn higher_is_better(&self) -> bool;

    /// Takes a batch in.
    ///
    /// # Errors
    ///
    /// Why the epoch's value is undefined from here on. It must not panic: that would end the training.
    fn add(&mut self, batch: &Self::Batch) -> Result<(), String>;

    /// The number of examples taken in since it was cleared.
    fn examples(&self) -> usize;

    /// The metric of all examples taken in; NaN where it is undefined.
    fn value(&self) -> f64;

    /// Forgets the examples and keeps the options.
    fn clear(&mut self);

    /// How many numbers [`value`](Self::value) looks at again, so that it should not be asked for after every batch of a
    /// large epoch; 0 for what a few sums give.
    fn numbers_kept(&self) -> usize {
        0
    }
}
