"""Two tables of all lines, in Markdown: `table.py FILE`."""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from work import parse

HOW = {
    "let-go": "",
    "kept": "kept",
    "smoothing": "label smoothing 0.1",
    "class-weights": "class weights",
    "ignored-rows": "a tenth of the rows ignored",
    "soft-targets": "soft targets",
}
# What the speed is compared with; the gradient in one graph has a column of its own, since no training loop gets it.
PEERS = ("PyTorch eager", "PyTorch compiled", "JAX")
ONE_GRAPH = "PyTorch one graph"


def title(row):
    """The row in words, as three cells."""
    row = parse(row.replace(":", " "))
    shape = ", ".join(map(str, row.shape))
    return f"| {row.loss.replace('-', ' ')} | [{shape}] | {HOW[row.how]} |"


def head(columns):
    """A table's first two lines."""
    print("| loss | prediction | | " + " | ".join(columns) + " |")
    print("| --- | --- | --- |" + " ---: |" * len(columns))


def number(value):
    """Three digits, or nothing."""
    return "" if value is None else f"{value:.{max(0, 3 - len(str(int(value))))}f}"


def quotient(a, b):
    """How many times b goes into a, if both were measured."""
    return number(a / b) if a and b else ""


def medians(lines):
    """The median of the rounds for each row, contender and backend, of PyTorch's two settings the better."""
    rounds = defaultdict(list)
    for line in map(json.loads, lines):
        rounds[line["row"], line["who"], line["setting"]].append(line["ms"])
    times = {}
    for (row, who, setting), ms in rounds.items():
        key = row, who, "" if who.startswith("PyTorch") else setting
        times[key] = min(times.get(key, float("inf")), statistics.median(ms))
    return times


def unique(items):
    """Each once, in their order."""
    return list(dict.fromkeys(items))


times = medians(Path(sys.argv[1]).read_text().splitlines())
rows = unique(row for row, _, _ in times)
# A row has either burn-nn's loss or a composed one: they share a column.
shared = {"composed": "burn-nn"}
columns = unique((shared.get(who, who), setting) for _, who, setting in times if who != "limit") + [("limit", "")]
backends = [setting for who, setting in columns if who == "burn-loss"]


def time(row, who, setting=""):
    """The milliseconds, None if they were not measured."""
    return times.get((row, who, setting))


def of_burn(row, backend):
    """The milliseconds of burn-nn's loss or of the composed one."""
    return time(row, "burn-nn", backend) or time(row, "composed", backend)


def cell(row, who, setting):
    """The milliseconds, with a mark where they are those of the composed loss."""
    if who == "burn-nn" and time(row, "composed", setting):
        return number(time(row, "composed", setting)) + " †"
    return number(time(row, who, setting))


print("Forward + backward, mean, f32; medians in ms. Nothing else holds the prediction, except where it is kept.\n")
head([f"{who}, {setting}" if setting else who for who, setting in columns])
for row in rows:
    print(title(row), " | ".join(cell(row, who, setting) for who, setting in columns), "|")
print("\n† burn-nn has no such loss: composed of Burn's operations.\n")

print("burn-loss: how many times faster than the others, and how many times the limit.\n")
names = ("burn-nn", "best", "one graph", "of limit")
head(["best of PyTorch and JAX"] + [f"{name}, {backend}" for backend in backends for name in names])
for row in rows:
    best, who = min(((time(row, who), who) for who in PEERS if time(row, who)), default=(None, ""))
    cells = [f"{number(best)} {who}".strip()]
    for backend in backends:
        ours = time(row, "burn-loss", backend)
        others = (of_burn(row, backend), best, time(row, ONE_GRAPH))
        cells += [quotient(other, ours) for other in others]
        cells.append(quotient(ours, time(row, "limit")))
    print(title(row), " | ".join(cells), "|")
