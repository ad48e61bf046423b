"""Tables of the lines of benches/linear.rs and linear.py, in Markdown: `linear_table.py FILE`.

Ends with an error if the losses of one shape differ."""

import json
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

LIMIT = "three products"
OURS = [f"burn-loss, {backend}, {budget} MiB" for backend in ("NdArray", "Flex") for budget in (128, 32)]
PYTORCH = ["PyTorch held", "PyTorch chunked"]
ROWS = {"all": "all", "tenth": "a tenth"}

rounds, losses = defaultdict(list), defaultdict(dict)
for line in map(json.loads, Path(sys.argv[1]).read_text().splitlines()):
    work = line["shape"], line["rows"]
    rounds[work, line["who"], line["setting"]].append((line["ms"], line.get("mib")))
    if "loss" in line:
        losses[work][line["who"]] = line["loss"]

for work, found in losses.items():
    first = next(iter(found.values()))
    if not all(math.isclose(loss, first, rel_tol=1e-4) for loss in found.values()):
        sys.exit(f"{' '.join(work)}: expected the same loss of all, got {found}")

# The median of the rounds and the highest peak. Of eager and compiled, of PyTorch's memory settings and of its chunks the fastest.
best = {}
for (work, who, _), runs in rounds.items():
    ms, peaks = statistics.median(ms for ms, _ in runs), [mib for _, mib in runs if mib is not None]
    column = next((name for name in PYTORCH if who.startswith(name)), who)
    found = ms, max(peaks, default=None), who
    best[work, column] = min(best.get((work, column), found), found, key=lambda found: found[0])

works = list(dict.fromkeys(work for work, _ in best))


def number(value):
    """Three digits, or nothing."""
    return "" if value is None else f"{value:.{max(0, 3 - len(str(int(abs(value)))))}f}"


def table(title, columns, cell):
    """One row per shape and share of rows that count."""
    print(f"{title}\n")
    print(f"| M x H x C | rows that count | {' | '.join(columns)} |")
    print("| --- | --- |" + " ---: |" * len(columns))
    for work in works:
        shape, rows = work
        cells = (cell(work, column) for column in columns)
        print(f"| {shape.replace('x', ' x ')} | {ROWS[rows]} | {' | '.join(cells)} |")
    print()


def time(work, column):
    """Milliseconds, None if they were not measured."""
    return best.get((work, column), (None,))[0]


def time_cell(work, column):
    """Milliseconds, and which of PyTorch's ways it was."""
    ms = time(work, column)
    way = best[work, column][2].removeprefix("PyTorch ") if ms and column in PYTORCH else ""
    return f"{number(ms)} {way}".strip()


def memory_cell(work, column):
    """MiB of what `time_cell` shows."""
    return number(best.get((work, column), (None, None))[1])


def ratio_cell(work, column):
    """Ours as a multiple of the products, and how many times faster than PyTorch's fastest."""
    ms, limit = time(work, column), time(work, LIMIT)
    peers = [time(work, peer) for peer in PYTORCH if time(work, peer)]
    multiple = number(ms / limit) if ms and limit else ""
    return f"{multiple} / {number(min(peers) / ms) if ms and peers else ''}"


table("Forward + backward, f32; medians in ms.", [LIMIT, *OURS, *PYTORCH], time_cell)
table("Times the three products / times faster than PyTorch's fastest.", OURS, ratio_cell)
table("Peak memory above inputs and gradients, MiB.", [*OURS, *PYTORCH], memory_cell)
