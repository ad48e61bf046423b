"""The rows of benches/work.txt, their inputs and the clock of the peers.

`work.py` alone prints the selected rows. ROWS selects: `mse`, `cross-entropy:8192x1000` or a whole row; all without it."""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

THREADS = int(os.environ.get("THREADS", os.cpu_count()))
# How many seconds each contender has for a row; few are enough to see that everything runs.
BUDGET = float(os.environ.get("BUDGET", 2))

# The options of the losses, the same in src/contenders.rs and src/inputs.rs.
DELTA = 1.0
ALPHA, GAMMA = 0.25, 2.0
EPSILON = 1.0
Q = 0.7
SMOOTHING = 0.1
IGNORED = 0
LEVEL = 0.9
CHARBONNIER_EPS = 1e-3
POWER = 1.5
MARGIN = 1.0
GAMMA_NEGATIVE, CLIP = 4.0, 0.05
TEMPERATURE, TEACHER = 2.0, 0.5
SCALE, ARC_MARGIN, COS_MARGIN = 64.0, 0.5, 0.35
BETA = 0.5
SEQUENCE = 30
LABELS = 8


class Row(NamedTuple):
    """A line of work.txt."""

    loss: str
    shape: tuple
    how: str
    inputs: tuple

    @property
    def id(self):
        """The row as ROWS selects it and as results name it."""
        return f"{self.loss}:{'x'.join(map(str, self.shape))}:{self.how}"

    def is_selected(self, prefixes):
        """Whether one of the prefixes is all of the id or ends at one of its colons."""
        return any(f"{self.id}:".startswith(f"{prefix}:") for prefix in prefixes)

    @property
    def large_inputs(self):
        """How many of the inputs have the shape of the prediction, itself among them."""
        return sum(kind not in ("class", "sequence", "labels") for kind in self.inputs)


def parse(line):
    """A row from its columns, of which a result has the first three."""
    loss, shape, how, *inputs = line.split()
    return Row(loss, tuple(map(int, shape.split("x"))), how, tuple(inputs))


LINES = (Path(__file__).parent.parent / "work.txt").read_text().splitlines()
ALL = [parse(line) for line in LINES if line and not line.startswith("#")]


def selected(prefixes):
    """The rows that the prefixes select, in their order in work.txt; all of them if there is no prefix."""
    for prefix in prefixes:
        if not any(row.is_selected([prefix]) for row in ALL):
            sys.exit(f"ROWS: expected some of {' '.join(row.id for row in ALL)}, or what they begin with, got {prefix}")
    return [row for row in ALL if not prefixes or row.is_selected(prefixes)]


def inputs(row):
    """The prediction and the other inputs as NumPy arrays, random with a fixed seed; work.txt explains the kinds."""
    random = np.random.default_rng(7)

    def uniform(low, high):
        return random.uniform(low, high, row.shape).astype(np.float32)

    def number():
        return random.standard_normal(row.shape, dtype=np.float32) * np.float32(2)

    def bit():
        return random.integers(0, 2, row.shape).astype(np.float32)

    def classes():
        rows, num_classes, *space = row.shape
        targets = random.integers(0, num_classes, (rows, *space))
        if row.how == "ignored-rows":
            targets = np.where(random.random(targets.shape) < 0.1, IGNORED, np.maximum(targets, 1))
        return targets

    def sequences():
        steps, samples, num_classes = row.shape
        # At the small shapes of check.py they are shorter.
        return random.integers(1, num_classes, (samples, min(SEQUENCE, steps // 4)))

    def labels():
        rows, num_classes = row.shape
        distance = num_classes // LABELS
        targets = np.full(row.shape, -1)
        targets[:, :LABELS] = random.integers(0, distance, (rows, 1)) + distance * np.arange(LABELS)
        return targets

    kinds = {
        "number": number,
        "share": lambda: uniform(0.001, 0.999),
        "bit": bit,
        "sign": lambda: bit() * 2 - 1,
        "cosine": lambda: uniform(-0.9, 0.9),
        "amount": lambda: uniform(0.1, 10.0),
        "count": lambda: np.floor(uniform(0.0, 10.0)),
        "spread": lambda: uniform(0.5, 2.0),
        "probabilities": lambda: softmax(number()),
        "log-probabilities": lambda: np.log(softmax(number())),
        "class": classes,
        "sequence": sequences,
        "labels": labels,
    }
    return [kinds[kind]() for kind in row.inputs]


def softmax(x):
    """Probabilities over the last axis."""
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def class_weights(row):
    """One weight per class, of class-weights rows."""
    return per_class(row.shape[1]) if row.how == "class-weights" else None


def per_class(num_classes):
    """From 1/2 to 3/2: weights of the classes, or how frequent they are."""
    return np.linspace(0.5, 1.5, num_classes, dtype=np.float32)


def median(prepare, run):
    """The median time in milliseconds of `run(prepare())`; only `run` is measured, and not the first three.

    What it returns is let go of after the clock stops, as in the Rust benchmark."""
    times = []
    turn = 0
    while turn < 8 or (time.perf_counter() - start < BUDGET and turn < 400):
        value = prepare()
        begin = time.perf_counter()
        result = run(value)
        end = time.perf_counter()
        del result
        if turn >= 3:
            times.append(end - begin)
        else:
            # Compilation is no part of the budget.
            start = end
        turn += 1
    return statistics.median(times) * 1e3


def report(row, who, setting, ms):
    """One line for table.py."""
    print(json.dumps({"row": row.id, "who": who, "setting": setting, "ms": ms}), flush=True)


ROWS = selected(os.environ.get("ROWS", "").split())

if __name__ == "__main__":
    print(" ".join(row.id for row in ROWS))
