#!/usr/bin/env bash
# The linear form: burn-loss, the three matrix products of the shape and PyTorch, one after the other, each in a process of its
# own, on the same number of threads. Prints tables of the lines in target/linear.jsonl.
#
#     SHAPES    MxHxC (default: "1024x512x32000 2048x768x50257 512x1024x128256")
#     ROUNDS    how often everything is run in turn (default: once, half an hour or more on 2 cores); times are medians of the rounds
#     THREADS   the number of threads (default: 2)
#     BUDGET    seconds for each contender, which has three steps at least (default: 2)
#     PYTORCH   which of its ways (default: "held held-compiled chunked chunked-128", which linear.py explains)
#     VENV      a virtual environment with torch 2.15 or later (default: one is made in target/peers)
set -euo pipefail
cd "$(dirname "$0")/../.."

export THREADS=${THREADS:-2} BUDGET=${BUDGET:-2}
export RAYON_NUM_THREADS=$THREADS OMP_NUM_THREADS=$THREADS
ROUNDS=${ROUNDS:-1}
SHAPES=${SHAPES:-1024x512x32000 2048x768x50257 512x1024x128256}
PYTORCH=${PYTORCH:-held held-compiled chunked chunked-128}
venv=${VENV:-target/peers}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch numpy
fi
python=$venv/bin/python
# Stays, so that a run that is cut off is not lost.
lines=target/linear.jsonl
mkdir -p target
: >"$lines"

cargo bench --quiet -p benches --bench linear --no-run
for round in $(seq "$ROUNDS"); do
    for shape in $SHAPES; do
        for rows in all tenth; do
            echo "round $round of $ROUNDS: $shape, rows that count: $rows" >&2
            {
                for who in products ndarray-128 flex-128 ndarray-32 flex-32; do
                    cargo bench --quiet -p benches --bench linear -- "$shape" "$rows" "$who"
                done
                # Large pages are a setting of PyTorch's; our kernels ask for them on their own.
                for large_pages in 0 1; do
                    for who in $PYTORCH; do
                        THP_MEM_ALLOC_ENABLE=$large_pages "$python" benches/peers/linear.py "$shape" "$rows" "$who"
                    done
                done
            } >>"$lines"
        done
    done
done
"$python" benches/peers/linear_table.py "$lines"
