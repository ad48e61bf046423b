#!/usr/bin/env bash
# Every check and every test, as CI runs them. Installs a software Vulkan driver if there is none.
set -euo pipefail
export CARGO_TERM_COLOR=never # the count of tests below reads cargo's lines
cd "$(dirname "$0")/.."

# A heading, and the seconds so far.
step() { echo "== $1 ($SECONDS s)"; }

scripts/vulkan.sh

step "formatting"
cargo fmt --all --check
# With the examples' GPU, which the tests below are built without.
step "lints"
cargo clippy --locked --workspace --all-targets --features wgpu -- -D warnings
step "docs"
scripts/embed.sh | cmp - crates/burn-loss/src/pictures.md || {
    echo "The crate's page has other pictures than the README: scripts/embed.sh >crates/burn-loss/src/pictures.md" >&2
    exit 1
}
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --features wgpu

step "features"
# Each feature of the CPU alone, those of a GPU together, and none: one must not stand on what another brings along. There is
# no GPU to run CUDA or ROCm on, but they have to compile. Not here: `cpu`, whose compiler is downloaded while it builds.
for feature in "" ndarray flex autodiff cubecl,autodiff wgpu,autodiff,fusion vulkan,metal,webgpu,autodiff cuda,autodiff,fusion \
    rocm,autodiff,fusion candle,router,remote,ndarray,flex,autodiff; do
    cargo check --locked -p burn-loss --lib --no-default-features --features "$feature"
done
# LibTorch without the library itself, which is downloaded while it builds.
cargo check --locked -p burn-loss-kernels --lib --no-default-features --features tch,burn-tch/doc
# Training on several GPUs, and the metrics in the same build: `distributed` takes autodiff from the backends of a CPU.
cargo check --locked -p burn-loss -p burn-loss-metrics --lib --example distributed \
    --features burn-loss/distributed,burn-loss/cuda,burn-loss/autodiff
# What is computed stands alone, with the kernels of a CPU and without.
cargo check --locked -p loss-kernels --lib --no-default-features
# The metrics alone, without what its tests and the examples turn on.
cargo check --locked -p burn-loss-metrics --lib
# burn-std itself stands on two small CubeCL crates (cubecl-common, cubecl-zspace); no GPU code is in them.
if cargo tree --locked -p mnist -e normal | grep -E ' (wgpu|cubecl|cubecl-(core|runtime|wgpu)|burn-(cubecl|wgpu|fusion)) v'; then
    echo "The default build of the example compiles GPU code." >&2
    exit 1
fi

step "packages"
scripts/packages.sh

# One example after the other compiles no crate again.
scripts/features.sh

# The fuzzers fit the kernels, though nothing runs them here.
cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}"

step "kernels, optimised"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# With the checks of a debug build: the tests below leave these out.
cargo test --locked --release --config profile.release.debug-assertions=true -p loss-kernels --features cpu --lib 2>&1 | tee "$log"
target=$(rustc -vV | sed -n 's/^host: //p')
if cargo +nightly --version >/dev/null 2>&1; then
    step "kernels, under AddressSanitizer"
    RUSTFLAGS=-Zsanitizer=address cargo +nightly test --locked -p loss-kernels --features cpu --lib --target "$target"
else
    echo "No nightly toolchain: the kernels are not run under AddressSanitizer."
fi

step "tests, built"
cargo test --locked --workspace --exclude loss-kernels --no-run
cargo test --locked --workspace --exclude loss-kernels --no-run --test wgpu_plain
step "tests"
status=0
# Beside all others: a software driver is waited for by one thread of the two.
plain=$(mktemp)
trap 'rm -f "$log" "$plain"' EXIT
cargo test --locked --workspace --exclude loss-kernels --test wgpu_plain >"$plain" 2>&1 &
of_plain=$!
cargo test --locked --workspace --exclude loss-kernels --no-fail-fast 2>&1 | tee -a "$log" || status=$?
wait "$of_plain" || status=$?
tee -a "$log" <"$plain"
cargo test --locked -p loss-kernels --features cpu --doc 2>&1 | tee -a "$log" || status=$?

step "examples of the library"
for example in training_step own_loss two_losses two_heads; do
    "${CARGO_TARGET_DIR:-target}/debug/examples/$example" || status=1
done

# How many tests ran where: cargo names each test binary before its results.
awk '
    /^ +Running |^ +Doc-tests / {
        name = $1 == "Doc-tests" ? "doc-tests of " $2 : $2
        if (name == "unittests") name = $3 " " $4
        sub(/^tests\//, "", name); sub(/\.rs$/, "", name); sub(/ \(.*deps\//, " (", name)
        sub(/-[0-9a-f]+\)/, ")", name)
    }
    /^test result: / { passed += $4; failed += $6; if ($4 + $6 > 0) rows[++n] = sprintf("%6d passed %4d failed   %s", $4, $6, name) }
    END {
        print "\n== tests that ran"
        for (i = 1; i <= n; i++) print rows[i]
        printf "\n%d passed, %d failed\n", passed, failed
    }
' "$log"
for backend in ndarray_f32 ndarray_f64 flex_f32 candle_f32 wgpu_fusion wgpu_plain; do
    if ! grep -q "Running tests/$backend.rs" "$log"; then
        echo "No test ran on $backend." >&2
        status=1
    fi
done
step "end"
exit "$status"
