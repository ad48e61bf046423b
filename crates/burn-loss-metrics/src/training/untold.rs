//! What the log is told where an epoch ends before its data set's `len()`.

/// A warning that is due unless another batch comes: told when the epoch ends, or its metric. Burn's evaluator lets its
/// metrics go without an end of the epoch.
#[derive(Debug, Default)]
pub(crate) struct Untold(Option<String>);

impl Untold {
    /// Takes the place of the warning before.
    pub fn set(&mut self, warning: Option<String>) {
        self.0 = warning;
    }

    pub fn tell(&mut self) {
        if let Some(warning) = self.0.take() {
            log::warn!("{warning}");
        }
    }
}

impl Clone for Untold {
    /// The copy of a metric has nothing to tell that the metric itself does not.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        self.tell();
    }
}
