//! Stamps the methods of a form on a type, so that they are there without importing the trait.

/// [`ElementwiseLoss`](crate::ElementwiseLoss) of a loss that is a formula.
macro_rules! elementwise_formula {
    ([$backend:ident $($generics:tt)*] $loss:ty) => {
        impl<$backend: LossBackend $($generics)*> $crate::ElementwiseLoss<$backend> for $loss {
            fn name(&self) -> &'static str {
                $crate::forms::ElementwiseFormula::<$backend>::name(self)
            }

            fn reduction(&self) -> Reduction {
                $crate::forms::ElementwiseFormula::<$backend>::reduction(self)
            }

            #[track_caller]
            fn losses<const D: usize>(
                &self,
                prediction: Tensor<$backend, D>,
                target: Tensor<$backend, D>,
            ) -> Tensor<$backend, D> {
                $crate::forms::elementwise::losses(self, prediction, target)
            }

            #[track_caller]
            fn reduced<const D: usize>(
                &self,
                prediction: Tensor<$backend, D>,
                target: Tensor<$backend, D>,
                weights: Option<Tensor<$backend, D>>,
            ) -> Tensor<$backend, 1> {
                $crate::forms::elementwise::reduced(self, prediction, target, weights)
            }
        }
    };
}
pub(crate) use elementwise_formula;

/// [`ClassLoss`](crate::ClassLoss) of a loss that is a formula.
macro_rules! class_formula {
    ([$backend:ident $($generics:tt)*] $loss:ty) => {
        impl<$backend: LossBackend $($generics)*> $crate::ClassLoss<$backend> for $loss {
            fn name(&self) -> &'static str {
                $crate::forms::ClassFormula::<$backend>::name(self)
            }

            fn options(&self) -> $crate::ClassOptions<'_, $backend> {
                $crate::forms::ClassFormula::<$backend>::options(self)
            }

            fn scores_name(&self) -> &'static str {
                "logits"
            }

            fn losses<const D: usize>(
                &self,
                logits: Tensor<$backend, D>,
                classes: Tensor<$backend, 1, Int>,
            ) -> Tensor<$backend, 1> {
                let (rows, dtype) =
                    ($crate::forms::Rows::all(classes, logits.dims()[1]), logits.dtype());
                $crate::forms::class_rows::counted_losses(self, logits, &rows).cast(dtype)
            }

            fn counted_losses<const D: usize>(
                &self,
                logits: Tensor<$backend, D>,
                rows: &$crate::forms::Rows<$backend>,
            ) -> Tensor<$backend, 1> {
                $crate::forms::class_rows::counted_losses(self, logits, rows)
            }

            #[track_caller]
            fn reduced_rows<const D: usize>(
                &self,
                logits: Tensor<$backend, D>,
                rows: $crate::forms::Rows<$backend>,
            ) -> Tensor<$backend, 1> {
                $crate::forms::class_rows::reduced_rows(self, logits, rows)
            }

            #[track_caller]
            fn reduced_linear(
                &self,
                hidden: Tensor<$backend, 2>,
                head: &$crate::LinearHead<$backend>,
                rows: $crate::forms::Rows<$backend>,
                describe: bool,
            ) -> (
                Tensor<$backend, 1>,
                Option<burn_loss_kernels::RowPredictions<$backend>>,
            ) {
                $crate::forms::linear::reduced_linear(self, hidden, head, rows, describe)
            }

            fn counted_linear(
                &self,
                hidden: Tensor<$backend, 2>,
                head: &$crate::LinearHead<$backend>,
                rows: &$crate::forms::Rows<$backend>,
            ) -> Tensor<$backend, 1> {
                $crate::forms::linear::counted_linear(self, hidden, head, rows)
            }
        }
    };
}
pub(crate) use class_formula;

/// The methods of [`ElementwiseLoss`](crate::ElementwiseLoss).
macro_rules! elementwise_forwards {
    (<$($on_type:ident)?> $loss:ty, <$($on_method:ident)?>) => {
        impl$(<$on_type: LossBackend>)? $loss {
            /// The loss as one number: see [`ElementwiseLoss::forward`](crate::ElementwiseLoss::forward).
            #[track_caller]
            pub fn forward<$($on_method: LossBackend,)? const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::ElementwiseLoss::forward(self, prediction, target)
            }

            /// One loss per element: see [`ElementwiseLoss::forward_no_reduction`](crate::ElementwiseLoss::forward_no_reduction).
            #[track_caller]
            pub fn forward_no_reduction<$($on_method: LossBackend,)? const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
            ) -> Tensor<B, D> {
                $crate::ElementwiseLoss::forward_no_reduction(self, prediction, target)
            }

            /// With weights or a mask: see [`ElementwiseLoss::forward_weighted`](crate::ElementwiseLoss::forward_weighted).
            #[track_caller]
            pub fn forward_weighted<$($on_method: LossBackend,)? const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                weights: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::ElementwiseLoss::forward_weighted(self, prediction, target, weights)
            }
        }
    };
}
pub(crate) use elementwise_forwards;

/// All that an element-wise loss without tensors of its own is: its fields, and its formula given them.
macro_rules! elementwise_loss {
    ($loss:ident { $($field:ident),* }, $formula:ty, |$this:pat_param| $make:expr) => {
        $crate::display::display_fields!([] $loss: {} $($field,)* reduction);
        $crate::forms::elementwise_formula!([B] $loss);
        $crate::forms::elementwise_forwards!(<> $loss, <B>);

        impl<B: LossBackend> $crate::forms::ElementwiseFormula<B> for $loss {
            type Formula = $formula;

            fn name(&self) -> &'static str {
                stringify!($loss)
            }

            fn formula(&self) -> Self::Formula {
                let $this = self;
                $make
            }

            fn reduction(&self) -> Reduction {
                self.reduction
            }
        }
    };
}
pub(crate) use elementwise_loss;

/// All that a loss of a mean and its spread is: its fields, what the spread is called, and its formula given the fields.
macro_rules! spread_loss {
    ($loss:ident { $($field:ident),* }, $spread:ident, $formula:ty, |$this:pat_param| $make:expr) => {
        $crate::display::display_fields!([] $loss: {} $($field,)* reduction);

        impl<B: LossBackend> $crate::SpreadLoss<B> for $loss {
            type Formula = $formula;

            fn name(&self) -> &'static str {
                stringify!($loss)
            }

            fn spread_name(&self) -> &'static str {
                stringify!($spread)
            }

            fn formula(&self) -> Self::Formula {
                let $this = self;
                $make
            }

            fn reduction(&self) -> Reduction {
                self.reduction
            }
        }

        impl $loss {
            /// The loss as one number: see [`SpreadLoss::forward`](crate::SpreadLoss::forward).
            #[track_caller]
            pub fn forward<B: LossBackend, const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                $spread: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::SpreadLoss::forward(self, prediction, target, $spread)
            }

            /// One loss per element: see [`SpreadLoss::forward_no_reduction`](crate::SpreadLoss::forward_no_reduction).
            #[track_caller]
            pub fn forward_no_reduction<B: LossBackend, const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                $spread: Tensor<B, D>,
            ) -> Tensor<B, D> {
                $crate::SpreadLoss::forward_no_reduction(self, prediction, target, $spread)
            }

            /// With weights or a mask: see [`SpreadLoss::forward_weighted`](crate::SpreadLoss::forward_weighted).
            #[track_caller]
            pub fn forward_weighted<B: LossBackend, const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                $spread: Tensor<B, D>,
                weights: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::SpreadLoss::forward_weighted(self, prediction, target, $spread, weights)
            }
        }
    };
}
pub(crate) use spread_loss;

/// The methods of [`ClassLoss`](crate::ClassLoss).
macro_rules! class_forwards {
    ($loss:ident, $scores:ident) => {
        impl<B: LossBackend> $loss<B> {
            /// The loss of `[N, C]` against `[N]` as one number: see [`ClassLoss::forward`](crate::ClassLoss::forward).
            #[track_caller]
            pub fn forward(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward(self, $scores, targets)
            }

            /// One loss per row: see [`ClassLoss::forward_no_reduction`](crate::ClassLoss::forward_no_reduction).
            #[track_caller]
            pub fn forward_no_reduction(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_no_reduction(self, $scores, targets)
            }

            /// With weights of rows or a mask: see [`ClassLoss::forward_weighted`](crate::ClassLoss::forward_weighted).
            #[track_caller]
            pub fn forward_weighted(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
                weights: Tensor<B, 1>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_weighted(self, $scores, targets, weights)
            }

            /// The loss of `[N, C, d1, ..]` against `[N, d1, ..]` as one number: see
            /// [`ClassLoss::forward_nd`](crate::ClassLoss::forward_nd).
            #[track_caller]
            pub fn forward_nd<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_nd(self, $scores, targets)
            }

            /// One loss per prediction: see [`ClassLoss::forward_nd_no_reduction`](crate::ClassLoss::forward_nd_no_reduction).
            #[track_caller]
            pub fn forward_nd_no_reduction<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, T> {
                $crate::ClassLoss::forward_nd_no_reduction(self, $scores, targets)
            }

            /// Of dense predictions, with weights or a mask: see
            /// [`ClassLoss::forward_nd_weighted`](crate::ClassLoss::forward_nd_weighted).
            #[track_caller]
            pub fn forward_nd_weighted<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
                weights: Tensor<B, T>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_nd_weighted(self, $scores, targets, weights)
            }

            /// The loss of the logits of a head, without holding them: see
            /// [`ClassLoss::forward_linear`](crate::ClassLoss::forward_linear).
            #[track_caller]
            pub fn forward_linear<const D: usize, const T: usize>(
                &self,
                hidden: Tensor<B, D>,
                head: &$crate::LinearHead<B>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_linear(self, hidden, head, targets)
            }

            /// With each row's log-probability and predicted class: see
            /// [`ClassLoss::forward_linear_with_predictions`](crate::ClassLoss::forward_linear_with_predictions).
            #[track_caller]
            pub fn forward_linear_with_predictions<const D: usize, const T: usize>(
                &self,
                hidden: Tensor<B, D>,
                head: &$crate::LinearHead<B>,
                targets: Tensor<B, T, Int>,
            ) -> $crate::LinearOutput<B, T> {
                $crate::ClassLoss::forward_linear_with_predictions(self, hidden, head, targets)
            }

            /// One loss per row of hidden states: see
            /// [`ClassLoss::forward_linear_no_reduction`](crate::ClassLoss::forward_linear_no_reduction).
            #[track_caller]
            pub fn forward_linear_no_reduction<const D: usize, const T: usize>(
                &self,
                hidden: Tensor<B, D>,
                head: &$crate::LinearHead<B>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, T> {
                $crate::ClassLoss::forward_linear_no_reduction(self, hidden, head, targets)
            }

            /// With weights of rows or a mask: see
            /// [`ClassLoss::forward_linear_weighted`](crate::ClassLoss::forward_linear_weighted).
            #[track_caller]
            pub fn forward_linear_weighted<const D: usize, const T: usize>(
                &self,
                hidden: Tensor<B, D>,
                head: &$crate::LinearHead<B>,
                targets: Tensor<B, T, Int>,
                weights: Tensor<B, T>,
            ) -> Tensor<B, 1> {
                $crate::ClassLoss::forward_linear_weighted(self, hidden, head, targets, weights)
            }

            /// What the mean over these targets divides by: see [`ClassLoss::normalizer`](crate::ClassLoss::normalizer).
            #[track_caller]
            pub fn normalizer<const T: usize>(&self, targets: &Tensor<B, T, Int>) -> Tensor<B, 1> {
                $crate::ClassLoss::normalizer(self, targets)
            }
        }
    };
}
pub(crate) use class_forwards;

/// The methods of [`RegionLoss`](crate::RegionLoss).
macro_rules! region_forwards {
    ($loss:ident) => {
        impl<B: LossBackend> $loss<B> {
            /// The loss of `[N, C, d1, ..]` against classes `[N, d1, ..]` as one number: see
            /// [`RegionLoss::forward`](crate::RegionLoss::forward).
            #[track_caller]
            pub fn forward<const D: usize, const T: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward(self, logits, targets)
            }

            /// One loss per region: see
            /// [`RegionLoss::forward_no_reduction`](crate::RegionLoss::forward_no_reduction).
            #[track_caller]
            pub fn forward_no_reduction<const D: usize, const T: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 2> {
                $crate::RegionLoss::forward_no_reduction(self, logits, targets)
            }

            /// With weights of positions or a mask: see
            /// [`RegionLoss::forward_weighted`](crate::RegionLoss::forward_weighted).
            #[track_caller]
            pub fn forward_weighted<const D: usize, const T: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
                weights: Tensor<B, T>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward_weighted(self, logits, targets, weights)
            }

            /// The loss of one region per image, `[N, d1, ..]`, as one number: see
            /// [`RegionLoss::forward_binary`](crate::RegionLoss::forward_binary).
            #[track_caller]
            pub fn forward_binary<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward_binary(self, logits, targets)
            }

            /// One loss per region: see
            /// [`RegionLoss::forward_binary_no_reduction`](crate::RegionLoss::forward_binary_no_reduction).
            #[track_caller]
            pub fn forward_binary_no_reduction<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
            ) -> Tensor<B, 2> {
                $crate::RegionLoss::forward_binary_no_reduction(self, logits, targets)
            }

            /// Of one region per image, with weights of positions or a mask: see
            /// [`RegionLoss::forward_binary_weighted`](crate::RegionLoss::forward_binary_weighted).
            #[track_caller]
            pub fn forward_binary_weighted<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
                weights: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward_binary_weighted(self, logits, targets, weights)
            }

            /// The loss of several regions per image that may lie over each other, `[N, C, d1, ..]`, as one number: see
            /// [`RegionLoss::forward_labels`](crate::RegionLoss::forward_labels).
            #[track_caller]
            pub fn forward_labels<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward_labels(self, logits, targets)
            }

            /// One loss per region that may lie over another: see
            /// [`RegionLoss::forward_labels_no_reduction`](crate::RegionLoss::forward_labels_no_reduction).
            #[track_caller]
            pub fn forward_labels_no_reduction<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
            ) -> Tensor<B, 2> {
                $crate::RegionLoss::forward_labels_no_reduction(self, logits, targets)
            }

            /// Of several regions per image, with weights of positions or a mask: see
            /// [`RegionLoss::forward_labels_weighted`](crate::RegionLoss::forward_labels_weighted).
            #[track_caller]
            pub fn forward_labels_weighted<const D: usize>(
                &self,
                logits: Tensor<B, D>,
                targets: Tensor<B, D>,
                weights: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                $crate::RegionLoss::forward_labels_weighted(self, logits, targets, weights)
            }
        }
    };
}
pub(crate) use region_forwards;

/// The methods of [`SampleLoss`](crate::SampleLoss), which take its inputs one by one.
macro_rules! sample_forwards {
    (<$($on_type:ident)?> $loss:ty, <$($on_method:ident)?>, $($input:ident: $type:ty),+) => {
        impl$(<$on_type: LossBackend>)? $loss {
            /// The loss as one number: see [`SampleLoss::forward`](crate::SampleLoss::forward).
            #[track_caller]
            pub fn forward$(<$on_method: LossBackend>)?(&self, $($input: $type),+) -> Tensor<B, 1> {
                $crate::SampleLoss::<B>::forward(self, ($($input),+))
            }

            /// One loss per sample: see [`SampleLoss::forward_no_reduction`](crate::SampleLoss::forward_no_reduction).
            #[track_caller]
            pub fn forward_no_reduction$(<$on_method: LossBackend>)?(
                &self,
                $($input: $type),+
            ) -> Tensor<B, 1> {
                $crate::SampleLoss::<B>::forward_no_reduction(self, ($($input),+))
            }

            /// With weights of samples or a mask, `[N]`: see
            /// [`SampleLoss::forward_weighted`](crate::SampleLoss::forward_weighted).
            #[track_caller]
            pub fn forward_weighted$(<$on_method: LossBackend>)?(
                &self,
                $($input: $type,)+
                weights: Tensor<B, 1>,
            ) -> Tensor<B, 1> {
                $crate::SampleLoss::<B>::forward_weighted(self, ($($input),+), weights)
            }
        }
    };
}
pub(crate) use sample_forwards;
