//! Class weights and priors from counts.
//!
//! | function | weight of a class with `n_c` of `n` examples, `C` classes |
//! | --- | --- |
//! | [`inverse`] | `n / (C n_c)` |
//! | [`effective_number`] | in proportion to `(1 - beta) / (1 - beta^n_c)`, with the mean 1 |
//! | [`priors`] | `n_c / n`, for [`LogitAdjustedLoss`](crate::LogitAdjustedLoss) |
//!
//! A warning: a model that is trained with class weights predicts probabilities of another world, in which rare classes are not
//! rare. Its decisions may be the better ones for it, but where the probabilities themselves count, train without, or calibrate
//! afterwards; a threshold per class often does as much.

/// The weights with which every class counts the same in all, `n / (C n_c)`, with the mean 1 over the examples.
///
/// # Panics
///
/// If there is no class, or a class has no example.
///
/// Source: scikit-learn's [`compute_class_weight("balanced")`](https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html)
///
/// # Example
///
/// ```
/// use burn_loss::{CrossEntropyLossConfig, class_weights};
///
/// let weights = class_weights::inverse(&[30, 10]);
/// assert!((weights[0] - 2.0 / 3.0).abs() < 1e-6 && weights[1] == 2.0);
/// let _config = CrossEntropyLossConfig::new().with_class_weights(Some(weights));
/// ```
#[track_caller]
pub fn inverse(counts: &[u64]) -> Vec<f32> {
    let all = checked_sum("inverse", counts) / counts.len() as f64;
    counts.iter().map(|&n| (all / n as f64) as f32).collect()
}

/// Weights that grow more slowly than the inverse counts: the more examples a class has, the less does another one add. In
/// proportion to `(1 - beta) / (1 - beta^n_c)`, with the mean 1 over the classes; `beta` of 0 weights all classes the same,
/// towards 1 it is [`inverse`] but for a factor.
///
/// # Panics
///
/// If there is no class, a class has no example, or `beta` is outside `[0, 1)`.
///
/// Source: [Class-Balanced Loss Based on Effective Number of Samples](https://arxiv.org/abs/1901.05555), where `beta` is 0.9 to
/// 0.9999
///
/// # Example
///
/// ```
/// use burn_loss::class_weights;
///
/// // (1 - 1/2) / (1 - 1/2) = 1 and (1 - 1/2) / (1 - 1/4) = 2/3, divided by their mean of 5/6.
/// let weights = class_weights::effective_number(&[1, 2], 0.5);
/// assert!((weights[0] - 1.2).abs() < 1e-6 && (weights[1] - 0.8).abs() < 1e-6);
/// ```
#[track_caller]
pub fn effective_number(counts: &[u64], beta: f64) -> Vec<f32> {
    checked_sum("effective_number", counts);
    assert!(
        (0.0..1.0).contains(&beta),
        "effective_number: expected `beta` in [0, 1), got {beta}"
    );
    let weight = |&n: &u64| (1.0 - beta) / -(n as f64 * beta.ln()).exp_m1();
    let weights: Vec<f64> = counts.iter().map(weight).collect();
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    weights
        .iter()
        .map(|weight| (weight / mean) as f32)
        .collect()
}

/// The share of each class, `n_c / n`.
///
/// # Panics
///
/// If there is no class, or a class has no example.
///
/// # Example
///
/// ```
/// use burn_loss::{LogitAdjustedLossConfig, class_weights};
///
/// let priors = class_weights::priors(&[30, 10]);
/// assert_eq!(priors, [0.75, 0.25]);
/// let _config = LogitAdjustedLossConfig::new(priors);
/// ```
#[track_caller]
pub fn priors(counts: &[u64]) -> Vec<f32> {
    let all = checked_sum("priors", counts);
    counts.iter().map(|&n| (n as f64 / all) as f32).collect()
}

#[track_caller]
fn checked_sum(function: &str, counts: &[u64]) -> f64 {
    assert!(
        !counts.is_empty(),
        "{function}: expected `counts` of at least one class, got none"
    );
    for (class, &count) in counts.iter().enumerate() {
        assert!(
            count > 0,
            "{function}: expected `counts[{class}]` of at least 1, got 0: a class without an example has no weight"
        );
    }
    counts.iter().map(|&count| count as f64).sum()
}
