//! One minus the intersection over union of boxes, with what IoU, GIoU, DIoU and CIoU add to it.

use std::f64::consts::PI;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Tensor};
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::composed::at_least_f32;

use crate::display::display_fields;
use crate::forms::choice::{larger, smaller};
use crate::forms::probabilities::quotient;
use crate::{Reduction, check};

/// What [`BoxIouLoss`] adds to one minus the intersection over union.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{BoxIouKind, BoxIouLossConfig};
///
/// let device = Default::default();
/// let loss = |kind| {
///     // Two boxes of one by one, with one in between.
///     let first = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0, 1.0, 1.0]], &device);
///     let second = Tensor::from_floats([[2.0, 0.0, 3.0, 1.0]], &device);
///     BoxIouLossConfig::new().with_kind(kind).init().forward(first, second).into_scalar()
/// };
/// assert_eq!(loss(BoxIouKind::Iou), 1.0);
/// // A third of the box around them is neither; their centers are 2 apart, and its diagonal is the root of 10.
/// assert!((loss(BoxIouKind::Giou) - (1.0 + 1.0 / 3.0)).abs() < 1e-6);
/// assert!((loss(BoxIouKind::Diou) - (1.0 + 4.0 / 10.0)).abs() < 1e-6);
/// ```
#[derive(Config, Debug, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BoxIouKind {
    /// Nothing: boxes that do not overlap have no gradient.
    Iou,
    /// The share of the smallest box around both that neither of them fills.
    Giou,
    /// The squared distance of the centers over the squared diagonal of the smallest box around both.
    Diou,
    /// As [`Diou`](Self::Diou), and how much the aspect ratios differ.
    Ciou,
}

/// Configuration of [`BoxIouLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{BoxIouKind, BoxIouLossConfig};
///
/// let loss = BoxIouLossConfig::new().with_kind(BoxIouKind::Ciou).init();
/// assert_eq!(loss.kind, BoxIouKind::Ciou);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct BoxIouLossConfig {
    /// What is added to one minus the intersection over union. Default: GIoU.
    #[config(default = "BoxIouKind::Giou")]
    pub kind: BoxIouKind,
    /// Added to what is divided by, finite and at least 0. Default: 1e-7.
    #[config(default = 1e-7)]
    pub eps: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl BoxIouLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `eps` is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{BoxIouKind, BoxIouLossConfig};
    ///
    /// let loss = BoxIouLossConfig::new().with_kind(BoxIouKind::Iou).init();
    /// let first = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0, 2.0, 1.0]], &Default::default());
    /// let second = Tensor::from_floats([[1.0, 0.0, 3.0, 1.0]], &Default::default());
    /// // One of three squares is common to both.
    /// assert!((loss.forward(first, second).into_scalar() - 2.0 / 3.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> BoxIouLoss {
        check::reduction("BoxIouLossConfig", self.reduction);
        check::config_at_least_zero("BoxIouLossConfig", "eps", self.eps);
        BoxIouLoss {
            kind: self.kind,
            eps: self.eps,
            reduction: self.reduction,
        }
    }
}

/// One minus the intersection over union of two boxes, `1 - I / (U + eps)`, and a penalty that pulls together boxes that do not
/// overlap.
///
/// With the smallest box around both, of area `A` and diagonal `d`, the distance `r` of the centers, widths `w` and heights `h`,
/// the penalty is
///
/// - [`Iou`](BoxIouKind::Iou): 0
/// - [`Giou`](BoxIouKind::Giou): `(A - U) / (A + eps)`
/// - [`Diou`](BoxIouKind::Diou): `r^2 / (d^2 + eps)`
/// - [`Ciou`](BoxIouKind::Ciou): `r^2 / (d^2 + eps) + a v`, with `v = 4 / pi^2 (atan(w_t / h_t) - atan(w_p / h_p))^2` and
///   `a = v / (1 - IoU + v + eps)`, which is taken for a constant
///
/// For the regression of bounding boxes: unlike an error per coordinate it does not depend on how large a box is, and is what
/// detectors are judged by. Take `Giou` in general, `Diou` to pull the centers together as well, and `Ciou` if the aspect ratio
/// matters, too; `Iou` has no gradient for boxes that do not overlap. Where coordinates mean something by themselves, as corners of
/// a page do, take [`HuberLoss`](crate::HuberLoss).
///
/// - `prediction`, `target`: boxes `[N, 4]` as `x1, y1, x2, y2` with `x1 < x2` and `y1 < y2` (not checked), in any unit that makes
///   areas much larger than `eps`
/// - torchvision:
///   [`generalized_box_iou_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.generalized_box_iou_loss.html),
///   `distance_box_iou_loss`, `complete_box_iou_loss`, but that the mean of no boxes is 0 there, which is [`Reduction::MeanOrZero`]
///   here, and that `eps` is 1e-7 in the DIoU part of CIoU there, whatever it is set to
/// - boxes without an area have torchvision's losses: CIoU is NaN for a box with both sides 0. If only the height is 0, the
///   gradient of CIoU is NaN in torchvision and finite here
/// - [GIoU](https://arxiv.org/abs/1902.09630), [DIoU and CIoU](https://arxiv.org/abs/1911.08287)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::BoxIouLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0, 2.0, 2.0]], &device);
/// let target = Tensor::from_floats([[1.0, 1.0, 3.0, 3.0]], &device);
/// let loss = BoxIouLossConfig::new().init().forward(prediction, target);
/// // 1 of 7 squares is common, and 2 of the 9 around them are neither's.
/// assert!((loss.into_scalar() - (1.0 - 1.0 / 7.0 + 2.0 / 9.0)).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct BoxIouLoss {
    /// What is added to one minus the intersection over union.
    #[module(skip)]
    pub kind: BoxIouKind,
    /// Added to what is divided by, finite and at least 0.
    pub eps: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] BoxIouLoss: {} kind, eps, reduction);

const NAME: &str = "BoxIouLoss";

impl BoxIouLoss {
    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: `[N, 4]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, or if there are not four numbers per box.
    #[track_caller]
    pub fn forward<B: LossBackend>(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.reduction
            .reduce(self.forward_no_reduction(prediction, target))
    }

    /// Computes one loss per box.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: `[N, 4]`
    /// - output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<B: LossBackend>(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        check::reduction(NAME, self.reduction);
        check_boxes(&prediction, &target);
        let dtype = prediction.dtype();
        let [boxes, _] = prediction.dims();
        if boxes == 0 {
            return prediction.sum_dim(1).reshape([0]);
        }
        let wide = at_least_f32(dtype);
        let losses = self.losses(
            &Boxes::new(prediction.cast(wide)),
            &Boxes::new(target.cast(wide)),
        );
        losses.reshape([boxes]).cast(dtype)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per box: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`.
    ///
    /// A box of weight 0 is dropped, whatever it is: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: `[N, 4]`
    /// - `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    #[track_caller]
    pub fn forward_weighted<B: LossBackend>(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 2>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        check_boxes(&prediction, &target);
        let shape @ [boxes, _] = prediction.dims();
        check::same_shape(NAME, ("the boxes", [boxes]), ("weights", weights.dims()));
        let dtype = ("prediction", prediction.dtype());
        check::same_dtype(NAME, dtype, ("weights", weights.dtype()));
        let device = prediction.device();
        check::same_device::<B>(
            NAME,
            ("prediction", &device),
            ("weights", &weights.device()),
        );
        let dropped = weights.clone().equal_elem(0.0);
        let dropped: Tensor<B, 2, Bool> = dropped.reshape([boxes, 1]).expand(shape);
        // A good box: what stood there reaches neither the loss nor its gradient.
        let unit = Tensor::<B, 2>::from_floats([[0.0, 0.0, 1.0, 1.0]], &device);
        let unit = unit.cast(prediction.dtype()).expand(shape);
        let losses = self.forward_no_reduction(
            prediction.mask_where(dropped.clone(), unit.clone()),
            target.mask_where(dropped, unit),
        );
        self.reduction.reduce_weighted(losses, weights)
    }

    /// One loss per box, `[1, N]`.
    fn losses<B: LossBackend>(&self, p: &Boxes<B>, t: &Boxes<B>) -> Tensor<B, 2> {
        let common = p.common(t);
        let union = p.area() + t.area() - common.clone();
        let iou = quotient(common, union.clone() + self.eps);
        let without = iou.clone().neg() + 1.0;
        match self.kind {
            BoxIouKind::Iou => without,
            BoxIouKind::Giou => {
                let around = p.around(t).area();
                without + quotient(around.clone() - union, around + self.eps)
            }
            BoxIouKind::Diou => without + self.distance(p, t),
            BoxIouKind::Ciou => {
                let v = (t.angle() - p.angle()).powi_scalar(2) * (4.0 / (PI * PI));
                let constant = v.clone().detach();
                let a = constant.clone() / (without.clone().detach() + constant + self.eps);
                without + self.distance(p, t) + a * v
            }
        }
    }

    /// The squared distance of the centers over the squared diagonal of the box around both.
    fn distance<B: LossBackend>(&self, p: &Boxes<B>, t: &Boxes<B>) -> Tensor<B, 2> {
        let square = |x: Tensor<B, 2>| x.clone() * x;
        let apart = |a: &Tensor<B, 2>, b: &Tensor<B, 2>, c: &Tensor<B, 2>, d: &Tensor<B, 2>| {
            square((a.clone() + b.clone() - c.clone() - d.clone()) * 0.5)
        };
        let centers = apart(&p.x1, &p.x2, &t.x1, &t.x2) + apart(&p.y1, &p.y2, &t.y1, &t.y2);
        let around = p.around(t);
        let diagonal = square(around.width()) + square(around.height());
        quotient(centers, diagonal + self.eps)
    }
}

#[track_caller]
fn check_boxes<B: Backend>(prediction: &Tensor<B, 2>, target: &Tensor<B, 2>) {
    check::prediction_and_target(NAME, prediction, target);
    let [_, numbers] = prediction.dims();
    assert!(
        numbers == 4,
        "{NAME}: expected boxes [N, 4] as x1, y1, x2, y2, got {:?}",
        prediction.dims()
    );
}

/// The coordinates of boxes, `[1, N]` each.
struct Boxes<B: LossBackend> {
    x1: Tensor<B, 2>,
    y1: Tensor<B, 2>,
    x2: Tensor<B, 2>,
    y2: Tensor<B, 2>,
}

impl<B: LossBackend> Boxes<B> {
    fn new(boxes: Tensor<B, 2>) -> Self {
        let boxes = boxes.transpose();
        let row = |index| boxes.clone().narrow(0, index, 1);
        Self {
            x1: row(0),
            y1: row(1),
            x2: row(2),
            y2: row(3),
        }
    }

    fn width(&self) -> Tensor<B, 2> {
        self.x2.clone() - self.x1.clone()
    }

    fn height(&self) -> Tensor<B, 2> {
        self.y2.clone() - self.y1.clone()
    }

    fn area(&self) -> Tensor<B, 2> {
        self.width() * self.height()
    }

    /// The smallest boxes around both.
    fn around(&self, other: &Self) -> Self {
        Self {
            x1: smaller(&self.x1, &other.x1),
            y1: smaller(&self.y1, &other.y1),
            x2: larger(&self.x2, &other.x2),
            y2: larger(&self.y2, &other.y2),
        }
    }

    /// The area that is common to both.
    fn common(&self, other: &Self) -> Tensor<B, 2> {
        let common = Self {
            x1: larger(&self.x1, &other.x1),
            y1: larger(&self.y1, &other.y1),
            x2: smaller(&self.x2, &other.x2),
            y2: smaller(&self.y2, &other.y2),
        };
        let is_one = common.x2.clone().greater(common.x1.clone());
        let is_one = is_one.bool_and(common.y2.clone().greater(common.y1.clone()));
        common.area().mask_fill(is_one.bool_not(), 0.0)
    }

    /// `atan(w / h)`.
    fn angle(&self) -> Tensor<B, 2> {
        let (w, h) = (self.width(), self.height());
        let [constant_w, constant_h] = [&w, &h].map(|side| side.clone().detach());
        let angle = (constant_w.clone() / constant_h.clone()).atan();
        // 0, with the slopes of the angle: Burn's own slope of the arc tangent is a reciprocal, which NdArray rounds to 12
        // bits, and NaN where the height is 0.
        let squares =
            constant_w.clone() * constant_w.clone() + constant_h.clone() * constant_h.clone();
        let turned = (w - constant_w.clone()) * constant_h.clone() - (h - constant_h) * constant_w;
        angle + turned * (squares.ones_like() / squares)
    }
}
