#!/usr/bin/env bash
# Packages every crate, and builds what is in the packages beside one another: whatever a crate includes has to lie inside it.
# With the features of an earlier check, so that no dependency is compiled again.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

crates=(loss-kernels burn-loss-kernels burn-loss burn-loss-metrics burn-loss-plots)
cargo package --locked --allow-dirty --no-verify "${crates[@]/#/-p}"

CARGO_TARGET_DIR=$(realpath "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
alone=$CARGO_TARGET_DIR/package/alone
rm -rf "$alone"
mkdir "$alone"
cd "$alone"
for crate in "${crates[@]}"; do
    # As new: in a package every file is of one old date, and cargo would take what it built of an earlier one.
    tar -xmf "../$crate-$version.crate"
done
{
    echo '[workspace]'
    echo 'resolver = "3"'
    echo "members = [\"*-$version\"]"
    echo '[patch.crates-io]'
    # What others stand on.
    for crate in "${crates[@]:0:3}"; do
        echo "$crate = { path = \"$crate-$version\" }"
    done
    # Else its dependencies were others.
    sed -n '/^\[profile\.dev\]$/,/^$/p' "$root/Cargo.toml"
} >Cargo.toml
cp "$root/Cargo.lock" .
# Takes out of the lock file what only the examples need.
cargo metadata --format-version 1 >/dev/null
# Each with the features of an earlier check.
for features in ndarray,autodiff wgpu,autodiff,fusion; do
    cargo check --locked -p burn-loss --lib --no-default-features --features "$features"
done
cargo check --locked -p burn-loss-metrics --lib
cargo check --locked -p burn-loss-plots --lib
