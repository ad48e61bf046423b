//! The registry: one row per loss, which the tests walk. Each loss is made of a config that has been through JSON.

use std::fmt::Debug;

use burn_loss::*;

use crate::backend::TestBackend;
use crate::fixture::Config;

/// A config as it comes back from JSON, the same as it went in: what a training run keeps of it.
pub fn stored<C: burn::config::Config + PartialEq + Debug>(config: C) -> C {
    let json = serde_json::to_string(&config).expect("a config is data");
    let back: C = serde_json::from_str(&json).expect("and comes back");
    // `serde_json` may read a long number to another last place than the standard library.
    let words = json.split(|c: char| ",:{}[]\"".contains(c));
    let numbers = words.filter_map(|word| Some((word, word.parse::<f64>().ok()?)));
    let mut numbers = numbers.map(|(word, number)| serde_json::from_str(word).ok() == Some(number));
    let is_exact = numbers.all(|same| same);
    if is_exact {
        assert_eq!(back, config, "{json}");
        return back;
    }
    // All but the numbers.
    let rest = |json: &str| json.replace(|c: char| c.is_ascii_digit() || ".+-e".contains(c), "");
    let again = serde_json::to_string(&back).expect("a config is data");
    assert_eq!(rest(&again), rest(&json));
    config
}

/// What a loss is a function of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Any real number.
    Real,
    /// Probabilities.
    UnitInterval,
    /// Logarithms of probabilities.
    LogProbabilities,
    /// Cosines of angles; in the linear form, of vectors of any length.
    Cosines,
}

/// One loss.
#[derive(Debug)]
pub struct Row {
    /// Its name in messages.
    pub name: &'static str,
    /// The files of its reference numbers.
    pub fixtures: &'static [&'static str],
    /// What its predictions may be.
    pub domain: Domain,
    /// Options beside the defaults that are worth a test of their own.
    pub variants: Vec<Config>,
}

fn row(name: &'static str, fixtures: &'static [&'static str]) -> Row {
    Row {
        name,
        fixtures,
        domain: Domain::Real,
        variants: vec![Config::default()],
    }
}

impl Row {
    fn of_probabilities(self) -> Self {
        let domain = Domain::UnitInterval;
        Self { domain, ..self }
    }

    fn of_log_probabilities(self) -> Self {
        let domain = Domain::LogProbabilities;
        Self { domain, ..self }
    }

    fn of_cosines(self) -> Self {
        let domain = Domain::Cosines;
        Self { domain, ..self }
    }

    fn with(mut self, option: impl Fn(&mut Config)) -> Self {
        let mut config = Config::default();
        option(&mut config);
        self.variants.push(config);
        self
    }

    /// Class weights and an ignored class, for three classes.
    fn with_class_options(self) -> Self {
        self.with(|config| config.class_weights = Some(vec![0.5, 3.0, 1.25]))
            .with(|config| config.ignore_index = Some(1))
            .with(|config| {
                config.class_weights = Some(vec![0.5, 3.0, 1.25]);
                config.ignore_index = Some(1);
            })
    }
}

/// What a test does with an element-wise loss.
pub trait VisitElementwise<B: LossBackend> {
    fn visit<L: ElementwiseLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L);
}

/// What a test does with a loss of a mean and its spread.
pub trait VisitSpread<B: LossBackend> {
    fn visit<L: SpreadLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L);
}

/// What a test does with a loss of class rows.
pub trait VisitClass<B: LossBackend> {
    fn visit<L: ClassLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L);
}

/// Every element-wise loss that a test of the backend `T` takes, on `B`.
pub fn each_elementwise<T: TestBackend, B: LossBackend>(
    device: &B::Device,
    test: &mut impl VisitElementwise<B>,
) {
    test.visit(&row("MseLoss", &["mse"]), |_, reduction| {
        stored(MseLossConfig::new().with_reduction(reduction)).init()
    });
    test.visit(&row("L1Loss", &["l1"]), |_, reduction| {
        stored(L1LossConfig::new().with_reduction(reduction)).init()
    });
    test.visit(
        &row("HuberLoss", &["huber"]).with(|config| config.delta = Some(0.3)),
        |config, reduction| {
            stored(
                HuberLossConfig::new()
                    .with_delta(config.delta.unwrap_or(1.0))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(&row("LogCoshLoss", &["log_cosh"]), |_, reduction| {
        stored(LogCoshLossConfig::new().with_reduction(reduction)).init()
    });
    test.visit(
        &row("BceLoss", &["bce"]).of_probabilities(),
        |_, reduction| stored(BceLossConfig::new().with_reduction(reduction)).init(),
    );
    test.visit(
        &row("BceWithLogitsLoss", &["bce_with_logits"])
            .with(|config| config.pos_weight = Some(vec![0.5, 3.0, 1.0]))
            .with(|config| config.label_smoothing = 0.2)
            .with(|config| {
                config.pos_weight = Some(vec![0.5, 3.0, 1.0]);
                config.label_smoothing = 0.2;
            }),
        |config, reduction| {
            stored(
                BceWithLogitsLossConfig::new()
                    .with_pos_weight(config.pos_weight.clone())
                    .with_label_smoothing(config.label_smoothing)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    test.visit(
        &row("SigmoidFocalLoss", &["sigmoid_focal"])
            .with(|config| (config.alpha, config.gamma) = (Some(-1.0), Some(0.5)))
            .with(|config| config.gamma = Some(1.3)),
        |config, reduction| {
            let alpha = config.alpha.unwrap_or(0.25);
            stored(
                SigmoidFocalLossConfig::new()
                    .with_alpha((alpha >= 0.0).then_some(alpha))
                    .with_gamma(config.gamma.unwrap_or(2.0))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    if T::FUSED {
        return;
    }
    of_errors::<B>(device, test);
    of_amounts_and_distributions::<B>(test);
    of_margins::<B>(test);
}

/// The element-wise losses of errors, beside the first ones.
fn of_errors<B: LossBackend>(device: &B::Device, test: &mut impl VisitElementwise<B>) {
    test.visit(
        &row("SmoothL1Loss", &["smooth_l1"])
            .with(|config| config.beta = Some(0.4))
            .with(|config| config.beta = Some(0.0)),
        |config, reduction| {
            stored(
                SmoothL1LossConfig::new()
                    .with_beta(config.beta.unwrap_or(1.0))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(
        &row("CharbonnierLoss", &["charbonnier"]).with(|config| config.eps = Some(0.5)),
        |config, reduction| {
            stored(
                CharbonnierLossConfig::new()
                    .with_eps(config.eps.unwrap_or(1e-3))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(
        &row("QuantileLoss", &["quantile"])
            .with(|config| config.levels = Some(vec![0.1]))
            .with(|config| config.levels = Some(vec![0.2, 0.5, 0.95])),
        |config, reduction| {
            stored(
                QuantileLossConfig::new()
                    .with_levels(config.levels.clone().unwrap_or(vec![0.5]))
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
}

/// The element-wise losses of amounts, and of the parameters of distributions.
fn of_amounts_and_distributions<B: LossBackend>(test: &mut impl VisitElementwise<B>) {
    test.visit(
        &row("MsleLoss", &["msle"]).of_probabilities(),
        |_, reduction| stored(MsleLossConfig::new().with_reduction(reduction)).init(),
    );
    test.visit(
        &row("KlDivLoss", &["kl_div"]).with(|config| config.log_target = true),
        |config, reduction| {
            stored(
                KlDivLossConfig::new()
                    .with_log_target(config.log_target)
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    let poisson = |config: &Config, reduction| {
        stored(
            PoissonNllLossConfig::new()
                .with_log_input(config.log_input.unwrap_or(true))
                .with_full(config.full)
                .with_eps(config.eps.unwrap_or(1e-8))
                .with_reduction(reduction),
        )
        .init()
    };
    test.visit(
        &row("PoissonNllLoss", &["poisson_nll"]).with(|config| config.full = true),
        poisson,
    );
    // Of means, which are not negative.
    let of_means = Row {
        variants: vec![],
        ..row("PoissonNllLoss", &[]).of_probabilities()
    };
    test.visit(
        &of_means
            .with(|config| config.log_input = Some(false))
            .with(|config| (config.log_input, config.eps) = (Some(false), Some(0.5)))
            .with(|config| (config.log_input, config.full) = (Some(false), true)),
        poisson,
    );
    test.visit(
        &row("TweedieLoss", &["tweedie"]).with(|config| config.power = Some(1.2)),
        |config, reduction| {
            stored(
                TweedieLossConfig::new()
                    .with_power(config.power.unwrap_or(1.5))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(&row("GammaNllLoss", &["gamma_nll"]), |_, reduction| {
        stored(GammaNllLossConfig::new().with_reduction(reduction)).init()
    });
}

/// The element-wise losses of margins, and of several labels.
fn of_margins<B: LossBackend>(test: &mut impl VisitElementwise<B>) {
    test.visit(&row("SoftMarginLoss", &["soft_margin"]), |_, reduction| {
        stored(SoftMarginLossConfig::new().with_reduction(reduction)).init()
    });
    test.visit(
        &row("HingeEmbeddingLoss", &["hinge_embedding"]).with(|config| config.margin = Some(0.5)),
        |config, reduction| {
            stored(
                HingeEmbeddingLossConfig::new()
                    .with_margin(config.margin.unwrap_or(1.0))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(
        &row("AsymmetricLoss", &["asymmetric"])
            .with(|config| (config.clip, config.gamma_negative) = (Some(0.0), Some(1.3)))
            .with(|config| (config.gamma_positive, config.gamma_negative) = (Some(0.0), Some(0.0))),
        |config, reduction| {
            stored(
                AsymmetricLossConfig::new()
                    .with_gamma_negative(config.gamma_negative.unwrap_or(4.0))
                    .with_gamma_positive(config.gamma_positive.unwrap_or(1.0))
                    .with_clip(config.clip.unwrap_or(0.05))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
}

/// Every loss of a mean and its spread.
pub fn each_spread<B: LossBackend>(test: &mut impl VisitSpread<B>) {
    test.visit(
        &row("GaussianNllLoss", &["gaussian_nll"])
            .with(|config| (config.full, config.eps) = (true, Some(0.5))),
        |config, reduction| {
            stored(
                GaussianNllLossConfig::new()
                    .with_full(config.full)
                    .with_eps(config.eps.unwrap_or(1e-6))
                    .with_reduction(reduction),
            )
            .init()
        },
    );
    test.visit(
        &row("GaussianCrpsLoss", &["gaussian_crps"]),
        |_, reduction| stored(GaussianCrpsLossConfig::new().with_reduction(reduction)).init(),
    );
}

/// Every loss of class rows.
pub fn each_class<B: LossBackend>(device: &B::Device, test: &mut impl VisitClass<B>) {
    test.visit(
        &row("NllLoss", &["nll"])
            .of_log_probabilities()
            .with_class_options(),
        |config, reduction| {
            stored(
                NllLossConfig::new()
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    test.visit(
        &row(
            "CrossEntropyLoss",
            &["cross_entropy", "cross_entropy_z_loss"],
        )
        .with_class_options()
        .with(|config| config.label_smoothing = 0.1)
        .with(|config| config.z_loss = 0.2)
        .with(|config| {
            config.class_weights = Some(vec![0.5, 3.0, 1.25]);
            config.label_smoothing = 0.3;
            config.ignore_index = Some(2);
        })
        .with(|config| {
            config.class_weights = Some(vec![0.5, 3.0, 1.25]);
            config.label_smoothing = 0.3;
            config.z_loss = 0.2;
        }),
        |config, reduction| {
            stored(cross_entropy(config).with_reduction(reduction)).init::<B>(device)
        },
    );
    test.visit(
        &row("FocalLoss", &["focal"])
            .with_class_options()
            .with(|config| config.gamma = Some(0.5))
            .with(|config| config.gamma = Some(0.0)),
        |config, reduction| {
            stored(
                FocalLossConfig::new()
                    .with_gamma(config.gamma.unwrap_or(2.0))
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    test.visit(
        &row("PolyLoss", &["poly"])
            .with_class_options()
            .with(|config| config.epsilon = Some(-1.0)),
        |config, reduction| {
            stored(
                PolyLossConfig::new()
                    .with_epsilon(config.epsilon.unwrap_or(1.0))
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    test.visit(
        &row(
            "GeneralizedCrossEntropyLoss",
            &["generalized_cross_entropy"],
        )
        .with_class_options()
        .with(|config| config.q = Some(1.0)),
        |config, reduction| {
            stored(
                GeneralizedCrossEntropyLossConfig::new()
                    .with_q(config.q.unwrap_or(0.7))
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    let adjusted = Row {
        variants: vec![],
        ..row("LogitAdjustedLoss", &["logit_adjusted"])
    };
    let of_three = |config: &mut Config| config.class_priors = Some(vec![0.5, 3.0, 1.25]);
    test.visit(
        &adjusted
            .with(of_three)
            .with(|config| {
                of_three(config);
                config.ignore_index = Some(1);
            })
            .with(|config| {
                of_three(config);
                config.class_weights = Some(vec![2.0, 0.5, 1.25]);
            }),
        |config, reduction| {
            let priors = config.class_priors.clone().expect("each variant has some");
            stored(
                LogitAdjustedLossConfig::new(priors)
                    .with_tau(config.tau.unwrap_or(1.0))
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    of_cosines::<B>(device, test);
}

/// The losses of cosines, whose reference numbers are in `fixtures/tasks`.
fn of_cosines<B: LossBackend>(device: &B::Device, test: &mut impl VisitClass<B>) {
    test.visit(
        &row("CosFaceLoss", &[]).of_cosines().with_class_options(),
        |config, reduction| {
            stored(
                CosFaceLossConfig::new()
                    .with_scale(2.0)
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
    test.visit(
        &row("ArcFaceLoss", &[]).of_cosines().with_class_options(),
        |config, reduction| {
            stored(
                ArcFaceLossConfig::new()
                    .with_scale(2.0)
                    .with_class_weights(config.class_weights.clone())
                    .with_ignore_index(config.ignore_index)
                    .with_reduction(reduction),
            )
            .init::<B>(device)
        },
    );
}

/// Cross entropy with a fixture's options.
pub fn cross_entropy(config: &Config) -> CrossEntropyLossConfig {
    CrossEntropyLossConfig::new()
        .with_class_weights(config.class_weights.clone())
        .with_ignore_index(config.ignore_index)
        .with_ignore_indices(config.ignore_indices.clone())
        .with_label_smoothing(config.label_smoothing)
        .with_z_loss(config.z_loss)
}
