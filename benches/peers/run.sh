#!/usr/bin/env bash
# Every loss: burn-nn (or, where it has none, the loss composed of Burn's operations), burn-loss, PyTorch and JAX on the same
# work and the same number of threads, row by row, one after the other, each in a process of its own; and beside them what
# this machine's memory allows. Prints two tables of the lines in target/losses.jsonl.
#
#     ROWS      what to measure (default: all of benches/work.txt), e.g. "mse cross-entropy:8192x1000"
#     ROUNDS    how often all rows are run in turn (default: once, about 50 minutes); the tables have the medians of the rounds
#     THREADS   the number of threads (default: all cores)
#     BUDGET    seconds for each contender and row (default: 2)
#     VENV      a virtual environment with torch, jax and optax (default: one is made in target/peers)
set -euo pipefail
cd "$(dirname "$0")/../.."

export THREADS=${THREADS:-$(nproc)} BUDGET=${BUDGET:-2}
export RAYON_NUM_THREADS=$THREADS OMP_NUM_THREADS=$THREADS
ROUNDS=${ROUNDS:-1}
venv=${VENV:-target/peers}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch jax optax
fi
python=$venv/bin/python
rows=$("$python" benches/peers/work.py)
# Stays, so that a run that is cut off is not lost.
lines=target/losses.jsonl
mkdir -p target
: >"$lines"

bench() {
    cargo bench --quiet -p benches --bench losses -- "$@" json
}

cargo bench --quiet -p benches --bench losses --no-run
for round in $(seq "$ROUNDS"); do
    for row in $rows; do
        echo "round $round of $ROUNDS: $row" >&2
        {
            for backend in ndarray flex; do
                # A row has one of the first two.
                bench "$backend" burn-nn composed "$row"
                bench "$backend" burn-loss "$row"
            done
            bench limit "$row"
            # Large pages are a setting of PyTorch's; our kernels ask for them on their own.
            ROWS=$row "$python" benches/peers/peer_torch.py
            ROWS=$row THP_MEM_ALLOC_ENABLE=1 "$python" benches/peers/peer_torch.py
            ROWS=$row "$python" benches/peers/peer_jax.py
        } >>"$lines"
    done
done
"$python" benches/peers/table.py "$lines"
