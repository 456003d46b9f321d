"""The time and memory of one run of a group of 1,500 members with the churn of a real presence trace.

    python -m benchmarks.big_group TRACE [--design timeline-read-fanout] [--users 1500] [--messages 56000] [--member-for 90]

TRACE is a presence trace. Its users are taken over and over, each time an hour later, until there are enough of them, and of
the messages of all these as many as asked for, drawn with a fixed seed. Every property is on.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from benchmarks.pairs import peak
from syncproof.inputs import fault_plan, traces, workload
from syncproof.inputs.scenario import load
from syncproof.studies.runs import simulate_design

SHIFT_S = 3600


def enlarged(rows: list[str], users: int, messages: int, seed: int = 1) -> list[str]:
    """Return the rows of a trace of so many users and messages, made of a smaller one's, without its header."""
    parsed = [(int(time), event, int(user), dead) for time, event, user, dead in (row.split(",") for row in rows)]
    width = 1 + max(user for _, _, user, _ in parsed)
    copies = [
        (at + SHIFT_S * copy, event, user + width * copy, dead)
        for copy in range(-(-users // width))
        for at, event, user, dead in parsed
        if user + width * copy < users
    ]
    copies.sort(key=lambda row: row[0])
    said = [number for number, row in enumerate(copies) if row[1] == "message"]
    kept = set(random.Random(seed).sample(said, min(messages, len(said))))
    return [",".join(map(str, row)) for number, row in enumerate(copies) if row[1] != "message" or number in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--design", default="timeline-read-fanout")
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--messages", type=int, default=56_000)
    parser.add_argument("--member-for", type=float, default=90.0, help="days for which a silent user stays a member")
    options = parser.parse_args()
    header, *rows = options.trace.read_text(encoding="utf-8").splitlines()
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("\n".join([header, *enlarged(rows, options.users, options.messages)]) + "\n")
        file.flush()
        trace = traces.read(Path(file.name))
    irc = load("irc-group")
    presence = irc.presence.model_copy(update={"member_for": 86_400.0 * options.member_for})
    scenario = irc.model_copy(update={"presence": presence})
    traffic = workload.generate(scenario, 1, trace)
    print(f"{len(traffic.times):,} messages, {len(traffic.owners):,} devices of {trace.users:,} users", flush=True)
    plan = fault_plan.plan(scenario, traffic, 1)
    began = time.process_time()
    result = simulate_design(options.design, scenario, traffic, plan, 1)
    seconds = time.process_time() - began
    verdicts: dict[str, list[str]] = {}
    for name, found in result.properties.items():
        verdicts.setdefault(found.verdict, []).append(name)
    print(
        f"{options.design}: {result.deliveries:,} showings in {seconds:.0f} s of processor time, "
        f"{1e6 * seconds / result.deliveries:.1f} us each, at most {peak():,.0f} MiB"
    )
    for verdict, names in verdicts.items():
        print(f"{verdict}: {', '.join(names)}")


if __name__ == "__main__":
    main()
