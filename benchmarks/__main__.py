"""Run the benchmarks, and write what they measured into `docs/speed.md`.

    python -m benchmarks [GROUP]... [--rounds 3] [--write]

Groups: simulate, explore, explore_compiled, check; by default all. With `--write` the groups that ran are replaced in the page,
each with the machine, its load and the day.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import re
import sys
from pathlib import Path

from benchmarks import pairs

GROUPS = ("simulate", "explore", "explore_compiled", "check")
PAGE = pairs.ROOT / "docs" / "speed.md"


def written(page: str, group: str, text: str) -> str:
    """Return the page with another text of one group, which stands between two marks. `ValueError` if it has no such marks."""
    pattern = re.compile(rf"(<!-- measured: {group} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"{PAGE.name}: there is no part <!-- measured: {group} --> that ends with <!-- end -->")
    return pattern.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def main() -> int:
    """Measure the groups; return 1 if a wanted ratio was not reached."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace what ran in docs/speed.md")
    asked = parser.parse_args()
    unknown = [group for group in asked.groups if group not in GROUPS]
    if unknown:
        parser.error(f"{unknown[0]}: allowed: {', '.join(GROUPS)}")
    status = 0
    for group in asked.groups or GROUPS:
        print(f"{group}:", flush=True)
        before = pairs.load()
        lines = importlib.import_module(f"benchmarks.{group}").lines(asked.rounds)
        load = sorted([before, pairs.load()])
        status = max(status, pairs.told(lines))
        if asked.write:
            day = f"{datetime.date.today():%-d %B %Y}"
            where = f"{day}; {asked.rounds} rounds; {pairs.machine()}; load {load[0]:.0f} to {load[1]:.0f}."
            text = f"{where}\n\n{pairs.table(lines)}"
            Path(PAGE).write_text(written(PAGE.read_text(encoding="utf-8"), group, text), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
