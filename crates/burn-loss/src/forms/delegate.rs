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
                let rows = $crate::forms::Rows::all(classes, logits.dims()[1]);
                $crate::forms::class_rows::counted_losses(self, logits, &rows)
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

            /// What the mean over these targets divides by: see [`ClassLoss::normalizer`](crate::ClassLoss::normalizer).
            #[track_caller]
            pub fn normalizer<const T: usize>(&self, targets: &Tensor<B, T, Int>) -> Tensor<B, 1> {
                $crate::ClassLoss::normalizer(self, targets)
            }
        }
    };
}
pub(crate) use class_forwards;

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
