#!/usr/bin/env bash
# burn-nn, burn-loss, PyTorch and JAX on the same work and the same number of threads, shape by shape, one after the other,
# each in a process of its own, in one table.
# Makes a virtual environment in target/peers on its first run. THREADS sets the number of threads (default: all cores), SHAPES
# the shapes (default: all), ROUNDS how often all of them are run in turn (default: once, about 9 minutes); the table has the
# medians of the rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."

export THREADS=${THREADS:-$(nproc)}
ROUNDS=${ROUNDS:-1}
venv=${VENV:-target/peers}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch jax optax
fi
shapes=$("$venv/bin/python" benches/peers/work.py)
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

cargo bench --quiet -p benches --bench cross_entropy --no-run
for _ in $(seq "$ROUNDS"); do
    for shape in $shapes; do
        for backend in ndarray flex; do
            for who in burn-nn burn-loss; do
                RAYON_NUM_THREADS=$THREADS cargo bench --quiet -p benches --bench cross_entropy -- \
                    "$backend" "$who" "$shape" json >>"$lines"
            done
        done
        for peer in torch jax; do
            SHAPES=$shape OMP_NUM_THREADS=$THREADS "$venv/bin/python" "benches/peers/peer_$peer.py" >>"$lines"
        done
    done
done
"$venv/bin/python" benches/peers/table.py "$lines"
