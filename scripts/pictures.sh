#!/usr/bin/env bash
# Draws all pictures of docs/images again: the gallery's, and those of the MNIST example's report, from its default run.
# Arguments go to the MNIST example: `scripts/pictures.sh --limit 2000` takes seconds instead of minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo run --locked --release -p gallery

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
cargo run --locked --release -p mnist -- --plain --output "$run" "$@"
for name in learning_curves confusion_matrix reliability roc precision_recall wrong_digits; do
    cp "$run/pictures/$name.svg" "docs/images/mnist_$name.svg"
done
