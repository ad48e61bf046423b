"""The work and the clock of the peers; the same shapes as benches/src/lib.rs."""

import json
import os
import statistics
import sys
import time

THREADS = int(os.environ.get("THREADS", os.cpu_count()))
ALL = [
    (1024, 32000, 1),
    (512, 128256, 1),
    (8192, 1000, 1),
    (65536, 10, 1),
    (4, 21, 128),
]


def name(work):
    """The shape in words, as the Rust benchmark writes it."""
    rows, classes, side = work
    return f"[{rows}, {classes}]" if side == 1 else f"[{rows}, {classes}, {side}, {side}]"


def argument(work):
    """The shape as SHAPES selects it."""
    return name(work).replace(", ", "x").strip("[]")


SHAPES = os.environ.get("SHAPES", "").split() or [argument(work) for work in ALL]
WORKS = [work for work in ALL if argument(work) in SHAPES]
if len(WORKS) < len(set(SHAPES)):
    sys.exit(f"SHAPES: expected some of {' '.join(map(argument, ALL))}, got {' '.join(SHAPES)}")


def median(prepare, run, budget=4.0):
    """The median time in milliseconds of `run(prepare())`; only `run` is measured, and not the first three.

    What it returns is let go of after the clock stops, as in the Rust benchmark."""
    times = []
    start = time.perf_counter()
    turn = 0
    while turn < 8 or (time.perf_counter() - start < budget and turn < 400):
        value = prepare()
        begin = time.perf_counter()
        result = run(value)
        end = time.perf_counter()
        del result
        if turn >= 3:
            times.append(end - begin)
        turn += 1
    return statistics.median(times) * 1e3


def report(who, work, what, ms):
    """One line for table.py."""
    print(json.dumps({"who": who, "work": name(work), "what": what, "ms": ms}), flush=True)


if __name__ == "__main__":
    print(" ".join(map(argument, WORKS)))
