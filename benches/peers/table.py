"""One table of all lines: `table.py FILE`."""

import json
import sys
from pathlib import Path

lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
who = list(dict.fromkeys(line["who"] for line in lines))
rows = list(dict.fromkeys((line["work"], line["what"]) for line in lines))
times = {(line["work"], line["what"], line["who"]): line["ms"] for line in lines}

print("Medians in ms.\n")
print("| work | what | " + " | ".join(who) + " |")
print("| --- | --- |" + " ---: |" * len(who))
for work, what in rows:
    # The peers have one way to keep the logits: it stands in both rows.
    base = what.removesuffix(", logits kept")
    found = [times.get((work, what, name), times.get((work, base, name))) for name in who]
    cells = ["" if ms is None else f"{ms:.2f}" for ms in found]
    print(f"| {work} | {what} | " + " | ".join(cells) + " |")
