"""One table of all lines: `table.py FILE`."""

import json
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

COPY = "copy of the logits"


def bandwidth(work, ms):
    """GB/s of a copy: each of the four bytes is read and written."""
    elements = math.prod(json.loads(work))
    return 2 * 4 * elements / ms / 1e6


lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
who = list(dict.fromkeys(line["who"] for line in lines))
rows = list(dict.fromkeys((line["work"], line["what"]) for line in lines))
rounds = defaultdict(list)
for line in lines:
    rounds[line["work"], line["what"], line["who"]].append(line["ms"])
times = {key: statistics.median(ms) for key, ms in rounds.items()}

print("Medians in ms.\n")
print("| work | what | " + " | ".join(who) + " |")
print("| --- | --- |" + " ---: |" * len(who))
for work, what in rows:
    # The peers have one way to keep the logits: it stands in both rows.
    base = what.removesuffix(", logits kept")
    found = [times.get((work, what, name), times.get((work, base, name))) for name in who]
    cells = ["" if ms is None else f"{ms:.2f}" for ms in found]
    print(f"| {work} | {what} | " + " | ".join(cells) + " |")

copies = [(work, ms) for (work, _, who), ms in times.items() if who == COPY]
if copies:
    print("\nThe device's copy bandwidth: " + ", ".join(f"{work} {bandwidth(work, ms):.0f} GB/s" for work, ms in copies))
