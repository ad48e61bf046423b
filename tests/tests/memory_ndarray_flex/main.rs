//! What training allocates beside its inputs, on the backends whose memory is this process's own: NdArray and Flex.

mod linear;
mod metrics;

use burn::backend::{Autodiff, Flex, NdArray};
use burn::tensor::{Distribution, Int, Tensor};
use burn_loss::{
    BceLossConfig, BceWithLogitsLossConfig, CrossEntropyLossConfig, InfoNceLossConfig, LossBackend,
    MseLossConfig, MultiLabelMarginLossConfig, SigmoidFocalLossConfig, SupConLossConfig,
};
use linear::MIB;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// `[N, C, d, d]`, large enough that a few numbers a row are little beside them.
const SHAPE: [usize; 4] = [2, 2000, 8, 8];

/// The peak during forward and backward, in parts of the logits.
fn peak<B: LossBackend>(config: &CrossEntropyLossConfig, keep: bool) -> f64 {
    let device = B::Device::default();
    let loss = config.init::<Autodiff<B>>(&device);
    let targets = Tensor::<Autodiff<B>, 3, Int>::ones([SHAPE[0], SHAPE[2], SHAPE[3]], &device);
    // Computed, as logits are: in a buffer of the backend's own.
    let logits = Tensor::<B, 4>::random(SHAPE, Distribution::Default, &device) * 2.0;
    let kept = keep.then(|| logits.clone());
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let loss = loss.forward_nd(Tensor::from_inner(logits).require_grad(), targets);
    let gradients = loss.backward();
    let peak = MEMORY.peak_usage() - before;
    drop((gradients, kept));
    peak as f64 / (SHAPE.iter().product::<usize>() * size_of::<f32>()) as f64
}

/// The peak during forward and backward of element-wise losses, in parts of the prediction, with prediction and target let go.
fn elementwise_peak<B: LossBackend>() -> f64 {
    const ELEMENTS: usize = 1 << 20;
    let device = B::Device::default();
    let random =
        || Tensor::<B, 2>::random([16, ELEMENTS / 16], Distribution::Default, &device) * 0.5;
    let mut largest = 0f64;
    let mut measure = |loss: &dyn Fn(T<B>, T<B>) -> Tensor<Autodiff<B>, 1>| {
        let prediction = Tensor::from_inner(random()).require_grad();
        let target = Tensor::from_inner(random());
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let gradients = loss(prediction, target).backward();
        let peak = MEMORY.peak_usage() - before;
        drop(gradients);
        largest = largest.max(peak as f64 / (ELEMENTS * size_of::<f32>()) as f64);
    };
    measure(&|x, y| MseLossConfig::new().init().forward(x, y));
    measure(&|x, y| BceLossConfig::new().init().forward(x, y));
    measure(&|x, y| BceWithLogitsLossConfig::new().init(&device).forward(x, y));
    measure(&|x, y| SigmoidFocalLossConfig::new().init().forward(x, y));
    largest
}

type T<B> = Tensor<Autodiff<B>, 2>;

/// The peak during forward and backward of losses of embeddings, in parts of their similarities `[N, N]`.
fn embeddings_peak<B: LossBackend>(loss: &dyn Fn(T<B>, T<B>) -> Tensor<Autodiff<B>, 1>) -> f64 {
    const ROWS: usize = 1024;
    let random = || {
        let rows = Tensor::<B, 2>::random([ROWS, 4], Distribution::Default, &Default::default());
        Tensor::from_inner(rows).require_grad()
    };
    let (first, second) = (random(), random());
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let gradients = loss(first, second).backward();
    let peak = MEMORY.peak_usage() - before;
    drop(gradients);
    peak as f64 / (ROWS * ROWS * size_of::<f32>()) as f64
}

/// `most` are the peaks in one direction, in both, and in classes.
fn check_embeddings<B: LossBackend>(name: &str, most: [f64; 3]) {
    let config = InfoNceLossConfig::new();
    let both = config.clone().init();
    let one = config.with_symmetric(false).init();
    let classes = SupConLossConfig::new().init();
    let in_classes = |x: T<B>| {
        let numbers = Tensor::<Autodiff<B>, 1, Int>::arange(0..1024, &x.device());
        classes.forward(x, numbers % 100)
    };
    let peaks = [
        embeddings_peak::<B>(&|x, y| one.forward(x, y)),
        embeddings_peak::<B>(&|x, y| both.forward(x, y)),
        embeddings_peak::<B>(&|x, _| in_classes(x)),
    ];
    let few = peaks.iter().zip(most).all(|(peak, most)| *peak < most);
    assert!(
        few,
        "{name}: {peaks:?} of the similarities, at most {most:?}"
    );
}

/// The margins of labels hold what is of the size of the scores, a few of them, and no pairs of classes.
fn check_labels<B: LossBackend>(name: &str) {
    const SHAPE: [usize; 2] = [64, 1024];
    let device = B::Device::default();
    let scores = Tensor::<B, 2>::random(SHAPE, Distribution::Default, &device);
    let scores = Tensor::from_inner(scores).require_grad();
    // Half of the classes are labels.
    let ends = Tensor::<Autodiff<B>, 1, Int>::arange(0..1024, &device).greater_equal_elem(512);
    let labels = Tensor::<Autodiff<B>, 1, Int>::arange(0..1024, &device).mask_fill(ends, -1);
    let labels = labels.reshape([1, SHAPE[1]]).repeat_dim(0, SHAPE[0]);
    let loss = MultiLabelMarginLossConfig::new().init();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let gradients = loss.forward(scores, labels).backward();
    let peak = MEMORY.peak_usage() - before;
    drop(gradients);
    let parts = peak as f64 / (SHAPE.iter().product::<usize>() * size_of::<f32>()) as f64;
    assert!(parts < 3.5, "{name}: {parts} of the scores");
}

fn check<B: LossBackend>(name: &str) {
    elementwise_peak::<B>();
    let of_elements = elementwise_peak::<B>();
    assert!(
        of_elements < 0.01,
        "{name}: {of_elements} of the prediction"
    );

    let plain = CrossEntropyLossConfig::new();
    let every_option = plain
        .clone()
        .with_class_weights(Some(vec![0.5; SHAPE[1]]))
        .with_ignore_index(Some(0))
        .with_label_smoothing(0.1)
        .with_z_loss(1e-4);
    // The first pass starts threads and fills what is kept for later ones.
    peak::<B>(&plain, false);
    for config in [plain, every_option] {
        let let_go = peak::<B>(&config, false);
        assert!(let_go < 0.011, "{name}: {let_go} of the logits, {config}");
        // What this test would see if the gradient did not take the logits' place.
        let kept = peak::<B>(&config, true);
        assert!(
            (1.0..1.05).contains(&kept),
            "{name}: {kept} of the logits, {config}"
        );
    }
}

/// One test, because the peak is the whole process's.
#[test]
fn training_allocates_no_more_than_it_says() {
    check::<NdArray>("NdArray");
    check::<Flex>("Flex");
    // NdArray copies a gradient that it multiplies, and what it gives another rank.
    check_embeddings::<NdArray>("NdArray", [2.2, 3.2, 2.5]);
    check_embeddings::<Flex>("Flex", [2.2, 3.2, 2.5]);
    check_labels::<NdArray>("NdArray");
    check_labels::<Flex>("Flex");
    let memory = linear::Memory::now();
    for budget in [MIB, 16 * MIB] {
        memory.check::<NdArray>("NdArray", budget);
        memory.check::<Flex>("Flex", budget);
    }
    memory.a_large_budget_is_seen::<Flex>();
    metrics::of_many_outputs::<NdArray>("NdArray");
    metrics::of_many_outputs::<Flex>("Flex");
    metrics::of_a_first_batch::<NdArray>("NdArray");
    metrics::of_a_first_batch::<Flex>("Flex");
    metrics::of_many_rows::<NdArray>("NdArray");
    metrics::of_many_rows::<Flex>("Flex");
}
