"""Ask whether the tests notice when a line of the package is wrong: mutation testing.

    python -m tools.mutants properties
    python -m tools.mutants explore --sample 300 --seed 1

Cosmic Ray lists and makes the mutants. Each is tested in a child process that imports the changed module instead of the one on
disk, so the checkout is never touched. A mutant that no test notices and that `docs/mutants.md` does not list as equivalent
counts as survived. Exit status: 0 no mutant survived, 1 one did, or one that is listed was noticed (`--listed`).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tools.mutants.asking import TARGETS, questions
from tools.mutants.equivalence import EQUIVALENT, equivalent, is_equivalent
from tools.mutants.forks import in_copies
from tools.mutants.listing import PACKAGE, Mutant, mutants

WRONG = "listed as equivalent, and noticed"
WHICH = ("file", "line", "before", "after")
"""The fields that tell mutants of one state of the package apart."""


def interval(noticed: int, asked: int) -> tuple[float, float]:
    """Return the 95 % interval (Wilson's) of the share that is noticed among all, of which those asked are a sample."""
    if not asked:
        return 0.0, 1.0
    z, share = 1.96, noticed / asked
    middle = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked)) / (1 + z * z / asked)
    return middle - half, middle + half


def main() -> int:
    """Read the command line, test, and print the score and every mutant that survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument(
        "--file", nargs="*", default=[], help="only the files of these names, in this order; default: all"
    )
    parser.add_argument("--sample", type=int, help="so many mutants, drawn; default: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each processor")
    parser.add_argument(
        "--out", type=Path, help="append one JSON line for each mutant; those that are there are not repeated"
    )
    parser.add_argument("--again", action="store_true", help="ask again about those that survived according to --out")
    parser.add_argument(
        "--stages",
        type=int,
        help="only the first stages of tests, which is faster; 0: only the recorded searches; default: all",
    )
    parser.add_argument("--listed", action="store_true", help="ask about those that are listed as equivalent, too")
    options = parser.parse_args()
    target = TARGETS[options.target]
    if options.stages is not None and options.stages < (0 if target.recorded else 1):
        parser.error(
            f"--stages {options.stages}: no tests would be asked; allowed: {0 if target.recorded else 1} or more"
        )
    every = list(mutants(PACKAGE / target.folder, options.file))
    if options.sample is not None:
        every = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    done = {}
    if options.out is not None and options.out.exists():
        for entry in map(json.loads, options.out.read_text().splitlines()):
            done[tuple(entry[part] for part in WHICH)] = entry["survived"]
    known = equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    try:
        ask = questions(target, options.stages)
    except RuntimeError as error:
        parser.error(str(error))
    counts: Counter[str] = Counter()

    def answer(mutant: Mutant) -> tuple[str, bool]:
        listed = is_equivalent(mutant, known)
        if listed and not options.listed:
            return "equivalent", False
        survived, new = done.get(tuple(getattr(mutant, part) for part in WHICH)), False
        if survived is None or (survived and options.again):
            survived, new = ask.survives(mutant), True
        if listed:
            return "equivalent" if survived else WRONG, new
        return "survived" if survived else "noticed", new

    for number, (mutant, (kind, new)) in enumerate(
        zip(every, in_copies(answer, every, options.processes), strict=True)
    ):
        counts[kind] += 1
        if new and options.out is not None:
            entry = {**asdict(mutant), "survived": kind in ("survived", "equivalent")}
            del entry["source"]
            with options.out.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        if kind in ("survived", WRONG):
            print(
                f"{number}/{len(every)} {kind}: {mutant.file}:{mutant.line} {mutant.operator}\n"
                f"  - {mutant.before}\n  + {mutant.after}",
                flush=True,
            )
    counts["noticed"] += counts[WRONG]
    asked = counts["noticed"] + counts["survived"]
    print(f"{len(every)} mutants: {dict(counts)}; score {100 * counts['noticed'] / max(1, asked):.1f} %")
    if options.sample is not None:
        low, high = interval(counts["noticed"], asked)
        print(f"of all, with 95 % confidence: {100 * low:.1f} % to {100 * high:.1f} %")
    return 1 if counts["survived"] or counts[WRONG] else 0


if __name__ == "__main__":
    sys.exit(main())
