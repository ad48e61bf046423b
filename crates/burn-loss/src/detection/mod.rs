//! Losses of boxes.
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`BoxIouLoss`] | boxes that are judged by their overlap: IoU, GIoU, DIoU, CIoU |

mod box_iou;

pub use box_iou::{BoxIouKind, BoxIouLoss, BoxIouLossConfig};
