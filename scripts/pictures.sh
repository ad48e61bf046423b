#!/usr/bin/env bash
# Draws all pictures of docs/images again: the gallery's, those of the MNIST example's report and those of the other
# examples, from their default runs.
# Arguments go to the MNIST example: `scripts/pictures.sh --limit 2000` takes seconds instead of minutes for it.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo run --locked --release -p gallery -- --output docs/images

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

cargo run --locked --release -p mnist -- --plain --output "$run/mnist" "$@"
for name in learning_curves confusion_matrix reliability roc precision_recall wrong_digits; do
    cp "$run/mnist/pictures/$name.svg" "docs/images/mnist_$name.svg"
done

# Runs an example, and keeps some of its pictures under its name.
example() {
    cargo run --locked --release -p "$1" -- --output "$run/$1"
    for name in "${@:2}"; do
        cp "$run/$1/$name.svg" "docs/images/${1//-/_}_${name//-/_}.svg"
    done
}
example outliers fits
example imbalance calibration
example multi-label roc
example segmentation masks-cross-entropy masks-class-weights masks-cross-entropy-dice

scripts/embed.sh >crates/burn-loss/src/pictures.md
