#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: checks correctness (the whole suite, on CUDA and on wgpu through Vulkan), then prints
# for every loss burn-nn, burn-loss, PyTorch and what the GPU's memory allows, in two tables. ROWS selects rows, as in
# peers/run.sh.
#
#     benches/gpu.sh           builds and runs here
#     benches/gpu.sh pack      builds here and packs what the other machine needs: target/gpu.tar.gz
#     ./gpu.sh run             on the other machine, in the unpacked folder: runs, without cargo
#
# The machine that runs needs the NVIDIA driver with its CUDA and Vulkan libraries, NVRTC (part of the CUDA toolkit and of
# PyTorch's wheel), and a Python that imports torch and numpy ($PYTHON, else one is installed into a virtual environment).
set -euo pipefail

build() {
    cd "$(dirname "$0")/.."
    local pack=target/gpu
    rm -rf "$pack"
    mkdir -p "$pack/tests"
    # One selection of features for both, so that Burn is built once.
    local packages=(-p benches -p burn-loss-tests --features benches/wgpu,benches/cuda,burn-loss-tests/cuda)
    cargo bench "${packages[@]}" --bench losses --test cuda --test wgpu_fusion --test wgpu_plain --no-run \
        --message-format json |
        python3 -c '
import json, shutil, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] != "benches":
        shutil.copy(message["executable"], sys.argv[1] + "/" + message["target"]["name"])
' "$pack"
    # The suite reads its fixtures where it was built, or in this folder.
    cp -r tests/fixtures "$pack/tests/"
    cp -r benches/peers benches/work.txt benches/gpu.sh "$pack/"
}

run() {
    export BURN_LOSS_FIXTURES=$PWD/tests/fixtures
    local python=${PYTHON:-}
    if [ -z "$python" ]; then
        [ -x venv/bin/python ] || { python3 -m venv venv && venv/bin/pip install --quiet torch numpy; }
        python=venv/bin/python
    fi
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    for backend in cuda wgpu_fusion wgpu_plain; do
        echo "== the suite on $backend"
        "./$backend" --test-threads 4
    done
    echo "== times"
    local lines=lines.jsonl
    : >"$lines"
    for backend in wgpu cuda; do
        # A row has one of the first two.
        for who in "burn-nn composed" burn-loss; do
            # shellcheck disable=SC2086 # Several words.
            ./losses "$backend" $who ${ROWS:-} json >>"$lines"
        done
    done
    DEVICE=cuda "$python" peers/peer_torch.py >>"$lines"
    "$python" peers/table.py "$lines"
}

case "${1:-}" in
run)
    cd "$(dirname "$0")"
    run
    ;;
pack)
    build
    tar -C target -czf target/gpu.tar.gz gpu
    echo "packed: target/gpu.tar.gz"
    ;;
"")
    build
    cd target/gpu
    run
    ;;
*)
    echo "usage: $0 [pack|run]" >&2
    exit 2
    ;;
esac
