"""The speed of the simulator, compared with the same protocol in SimPy and in bare heapq with callbacks.

    python benchmarks/simulate.py [--messages 100000] [--rounds 3] [--linear]

Prints processor seconds per program (real time also depends on the machine's other work) in each round, and their ratios;
`--linear` adds a run of ten times as many messages with its peak memory.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def scenario(messages: int):  # type: ignore[no-untyped-def]
    """Return a scenario: 1,000 users with two devices each, always connected, 10 % of notifications lost, a day of 1:1 chat."""
    from syncproof.inputs.scenario import Scenario

    return Scenario.model_validate(
        {
            "title": "benchmark",
            "shows": "speed",
            "duration": "1d",
            "population": {"users": 1000, "devices_per_user": 2},
            "conversations": {"pairs": 5000, "groups": 0},
            "traffic": {"messages_per_user_per_day": messages / 1000},
            "presence": {"offline": "0s"},
            "faults": {"push_loss": 0.1},
            "storage": {"parallel": 64},
        }
    )


def run(program: str, messages: int) -> None:
    """Run one program in this process, and print `seconds deliveries messages peak-MiB`."""
    from syncproof.inputs import fault_plan as faults
    from syncproof.inputs import workload

    wanted = scenario(messages)
    traffic = workload.generate(wanted, 1)
    started = time.process_time()
    if program == "simpy":
        from plain_simpy import Plain

        deliveries = Plain(wanted, traffic, 1).run()
    elif program == "heapq":
        from plain_heapq import Bare

        deliveries = Bare(wanted, traffic, 1).run()
    else:
        from syncproof.studies.runs import simulate_design

        result = simulate_design("timeline-notify", wanted, traffic, faults.plan(wanted, traffic, 1), 1)
        violated = [n for n, p in result.properties.items() if p.verdict == "violated"]
        assert not violated, violated
        deliveries = result.deliveries
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.3f} {deliveries} {len(traffic.times)} {peak:.0f}")


def measure(program: str, messages: int) -> tuple[float, int, int, float]:
    """Run one program in a process of its own, and return what `run` prints."""
    out = subprocess.run(
        [sys.executable, __file__, "--only", program, "--messages", str(messages)],
        check=True, stdout=subprocess.PIPE, text=True, cwd=HERE,
    )  # fmt: skip
    seconds, deliveries, count, peak = out.stdout.split()
    return float(seconds), int(deliveries), int(count), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--linear", action="store_true")
    parser.add_argument("--only", choices=["syncproof", "simpy", "heapq"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        run(arguments.only, arguments.messages)
        return
    programs = ("syncproof", "simpy", "heapq")
    times: dict[str, list[float]] = {program: [] for program in programs}
    for number in range(arguments.rounds):
        for program in programs:
            seconds, deliveries, messages, peak = measure(program, arguments.messages)
            times[program].append(seconds)
            print(
                f"round {number + 1}: {program:10s} {seconds:7.2f} s  {messages} messages, {deliveries} showings, "
                f"peak {peak:.0f} MiB",
                flush=True,
            )
    for program in programs[1:]:
        ratios = [other / own for other, own in zip(times[program], times["syncproof"], strict=True)]
        print(
            f"{program} / syncproof: {statistics.median(ratios):.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f}); "
            f"syncproof checks every property during the run, {program} none"
        )
    if arguments.linear:
        seconds, deliveries, messages, peak = measure("syncproof", arguments.messages * 10)
        base = statistics.median(times["syncproof"])
        print(
            f"ten times the messages: {seconds:.1f} s, {seconds / base:.1f} times as long; "
            f"{messages} messages, {deliveries} showings, peak {peak:.0f} MiB"
        )


if __name__ == "__main__":
    main()
