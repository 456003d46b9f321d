"""The speed of `check`, beside the same check one by one, and beside a duckdb query that answers one of its questions.

    python -m benchmarks.check [--count 300000] [--rounds 3]

Writes a history of `benchmarks/histories.py` as JSON lines and as Parquet, checks both with all properties that apply, and runs an
anti-join on the Parquet file in duckdb, with one thread: which accepted messages were not shown on a device of their audience?
That is `no-loss` alone, without members, epochs and excuses; it also finds nothing. Beside it: the same check with every
observation given to the automata one by one. Each is a process of its own, its imports included. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.pairs import ROOT, Line, line, rounds_of, told

MEASURE = """
import time
from benchmarks.pairs import figures, peak
start = time.process_time()
{work}
spent = time.process_time() - start
figures(spent, count, peak=peak())
"""
COUNT = 300_000
CHECK = """
from syncproof import check
found = check({path!r})
assert not found.violations, found
count = found.observations
"""
ONE_BY_ONE = """
from pathlib import Path
from syncproof.designs import DESIGNS
from syncproof.engines.check import check_blocks
from syncproof.formats.history import read_blocks
from syncproof.properties import PROPERTIES
names = [name for name in PROPERTIES if name not in DESIGNS["timeline-checkpointed"].not_applicable]
found = check_blocks(read_blocks(Path({path!r}))[1], names)
assert not found.monitor.counts, found.monitor.counts
count = found.count
"""
ANTI_JOIN = """
import duckdb
connection = duckdb.connect(config={{"threads": 1}})
rows = connection.execute('''
with owed as (select message, unnest(audience) as device from {path!r} where type = 'Placed'
              and message in (select message from {path!r} where type = 'Accepted'))
select count(*) from owed anti join (select message, device from {path!r} where type = 'Shown') using (message, device)
''').fetchone()
assert rows == (0,), rows
count = connection.execute("select count(*) from {path!r}").fetchone()[0]
"""


def lines(rounds: int, count: int = COUNT) -> list[Line]:
    """Compare the check of both formats with the automata alone, and that of Parquet with the query."""
    with tempfile.TemporaryDirectory() as folder:
        rows, columns = Path(folder) / "run.jsonl", Path(folder) / "run.parquet"
        subprocess.run([sys.executable, "-m", "benchmarks.histories", str(count), str(rows)], check=True, cwd=ROOT)
        subprocess.run([sys.executable, "-m", "syncproof", "convert", str(rows), str(columns)], check=True)
        programs = {
            "JSON lines": (CHECK, rows),
            "Parquet": (CHECK, columns),
            "JSON lines, one by one": (ONE_BY_ONE, rows),
            "Parquet, one by one": (ONE_BY_ONE, columns),
            "duckdb": (ANTI_JOIN, columns),
        }
        commands = {
            name: ("-c", MEASURE.format(work=work.format(path=str(path)))) for name, (work, path) in programs.items()
        }
        found = rounds_of(commands, rounds)
    compared = []
    pairs = (("JSON lines", "JSON lines, one by one"), ("Parquet", "Parquet, one by one"), ("Parquet", "duckdb"))
    for own, beside in pairs:
        observations = found[own][0]["same"]
        peaks = [max(each["peak"] for each in found[name]) for name in (own, beside)]
        notes = (f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB",)
        compared.append(line(f"{observations:,} observations", found, own, beside, notes=notes))
    return compared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sys.exit(told(lines(asked.rounds, asked.count)))


if __name__ == "__main__":
    main()
