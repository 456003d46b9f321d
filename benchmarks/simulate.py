"""The speed of the simulator, compared with the same protocol in SimPy and in bare heapq with callbacks.

    python -m benchmarks.simulate [--messages 100000] [--rounds 3] [--linear]

syncproof checks every property during the run. Beside each ratio: how much each program keeps in memory. `--linear` adds a run of
ten times as many messages.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks.pairs import ROOT, Line, figures, line, peak, rounds_of, told

OWN = "syncproof"
BESIDE = {
    "SimPy": "plain SimPy without any check",
    "counting": "SimPy that makes the same observations and keeps the same counts, without any check",
    "heapq": "callbacks on a bare heap without any check: a lower bound for Python",
}
"""Program -> what it is."""
LEAST = {"SimPy": 1.2, "counting": 3.0}
MESSAGES = 100_000


def scenario(messages: int, users: int = 1000):  # type: ignore[no-untyped-def]
    """Return a scenario: users with two devices each, always connected, 10 % of notifications lost, a day of 1:1 chat."""
    from syncproof.inputs.scenario import Scenario

    return Scenario.model_validate(
        {
            "title": "benchmark",
            "shows": "speed",
            "duration": "1d",
            "population": {"users": users, "devices_per_user": 2},
            "conversations": {"pairs": 5 * users, "groups": 0},
            "traffic": {"messages_per_user_per_day": messages / users},
            "presence": {"offline": "0s"},
            "faults": {"push_loss": 0.1},
            "storage": {"parallel": 64},
        }
    )


def run(program: str, messages: int) -> None:
    """Run one program in this process, and print its figures."""
    from syncproof.inputs import fault_plan as faults
    from syncproof.inputs import workload

    wanted = scenario(messages)
    traffic = workload.generate(wanted, 1)
    started = time.process_time()
    if program == "SimPy":
        from benchmarks.plain_simpy import Plain

        deliveries = Plain(wanted, traffic, 1).run()
    elif program == "counting":
        from benchmarks.counting_simpy import Counting

        deliveries = Counting(wanted, traffic, 1).run()
    elif program == "heapq":
        from benchmarks.plain_heapq import Bare

        deliveries = Bare(wanted, traffic, 1).run()
    else:
        from syncproof.studies.runs import simulate_design

        result = simulate_design("timeline-notify", wanted, traffic, faults.plan(wanted, traffic, 1), 1)
        violated = [n for n, p in result.properties.items() if p.verdict == "violated"]
        assert not violated, violated
        deliveries = result.deliveries
    seconds = time.process_time() - started
    figures(seconds, (len(traffic.times), deliveries), peak=peak())


def command(program: str, messages: int) -> list[str]:
    """Return what runs one program."""
    return ["-m", "benchmarks.simulate", "--only", program, "--messages", str(messages)]


def lines(rounds: int, messages: int = MESSAGES) -> list[Line]:
    """Compare the simulator with each of the others."""
    found = rounds_of({program: command(program, messages) for program in (OWN, *BESIDE)}, rounds)
    count, showings = found[OWN][0]["same"]
    peaks = {program: max(each["peak"] for each in measured) for program, measured in found.items()}
    return [
        line(
            f"{count:,} messages, {showings:,} showings, beside {what}", found, OWN, program, LEAST.get(program),
            (f"{peaks[OWN]:.0f} and {peaks[program]:.0f} MiB",),
        )
        for program, what in BESIDE.items()
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--linear", action="store_true")
    parser.add_argument("--only", choices=[OWN, *BESIDE], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        run(arguments.only, arguments.messages)
        return
    status = told(lines(arguments.rounds, arguments.messages))
    if arguments.linear:
        subprocess.run([sys.executable, *command(OWN, 10 * arguments.messages)], check=True, cwd=ROOT)
    sys.exit(status)


if __name__ == "__main__":
    main()
