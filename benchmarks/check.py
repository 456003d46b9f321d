"""The speed of `check`, beside a duckdb query that answers one of its questions.

    python benchmarks/check.py [--count 1000000] [--rounds 3]

Writes a history of `benchmarks/histories.py` as JSON lines and as Parquet, checks both with all properties that apply, and runs an
anti-join on the Parquet file in duckdb, with one thread: which accepted messages were not shown on a device of their audience?
That is `no-loss` alone, without members, epochs and excuses; it also finds nothing. Beside it: the same check with every
observation given to the automata one by one. Each is a process of its own, its imports included. Prints observations per
processor second (real time also depends on the machine's other work) in each round, and the peak memory. Needs the extra
`bench`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEASURE = """
import resource, sys, time
start = time.process_time()
{work}
spent = time.process_time() - start
print(count, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""
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


def measured(work: str, path: Path) -> tuple[int, float, int]:
    """Run one program in a process of its own; return its observations, its processor seconds and its megabytes."""
    text = MEASURE.format(work=work.format(path=str(path)))
    out = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    return int(out[0]), float(out[1]), int(out[2])


def main() -> None:
    """Measure, and print a line for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, columns = Path(folder) / "run.jsonl", Path(folder) / "run.parquet"
        subprocess.run([sys.executable, str(HERE / "histories.py"), str(asked.count), str(lines)], check=True)
        subprocess.run([sys.executable, "-m", "syncproof", "convert", str(lines), str(columns)], check=True)
        programs = {
            "check, JSON lines": (CHECK, lines),
            "check, Parquet": (CHECK, columns),
            "one by one, JSON lines": (ONE_BY_ONE, lines),
            "one by one, Parquet": (ONE_BY_ONE, columns),
            "duckdb": (ANTI_JOIN, columns),
        }
        for number in range(asked.rounds):
            for name, (work, path) in programs.items():
                count, seconds, memory = measured(work, path)
                print(
                    f"round {number + 1}  {name:22} {count / seconds:>12,.0f} observations/s  {memory:>6,} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
