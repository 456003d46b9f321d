"""Define the command that sizes: from a scenario to what each design takes for many users."""

from __future__ import annotations

import re

import click

from syncproof.cli import options
from syncproof.cli.exit_status import complain, exits
from syncproof.errors import InputError


@click.command()
@click.argument("scenario", default="default")
@click.option("--users", type=options.Whole(1), help="How many users; default: the scenario's.")
@click.option("--devices", type=options.Whole(1, 64), help="Devices of every user; default: the scenario's.")
@click.option(
    "--messages-per-user-day",
    "messages",
    type=options.Number(),
    help="Messages that a user writes a day; default: the scenario's.",
)
@click.option(
    "--peak",
    type=options.Number(1, min_open=False),
    help="How many times the mean rates the peak's are; default: the scenario's.",
)
@click.option(
    "--sync-retention",
    metavar="DURATION",
    help="How long copies stay in the sync store, and dedup rows, such as 7d; default: the scenario's.",
)
@click.option(
    "--history",
    metavar="DURATION",
    help="How long messages stay in the message store, such as 1y; default: the scenario's.",
)
@click.option("--prices", metavar="FILE", help="What things cost, a TOML file; default: example prices.")
@click.option(
    "--utilisation",
    type=options.Number(0, 1, max_open=True),
    default=0.6,
    show_default=True,
    help="The share of their time that storage servers work at the peak.",
)
@click.option(
    "--connections-per-gateway",
    type=options.Whole(1),
    default=1_000_000,
    show_default=True,
    help="Connections that a gateway holds.",
)
@options.designs
@options.seed
@click.option(
    "--check",
    is_flag=True,
    help="Simulate the scenario's own population without its faults, and print the error of each line of the formulas.",
)
@options.jobs
@options.executor
@options.resume
@options.out("size")
@exits
def size(
    scenario: str,
    users: int | None,
    devices: int | None,
    messages: float | None,
    peak: float | None,
    sync_retention: str | None,
    history: str | None,
    prices: str | None,
    utilisation: float,
    connections_per_gateway: int,
    names: tuple[str, ...],
    seed: int | None,
    check: bool,
    jobs: int | None,
    executor: str,
    resume: bool,
    out: str,
) -> int:
    """Compute what each design takes for many users: rates, storage, servers, cost, and where designs change places."""
    from syncproof.report import progress as line
    from syncproof.studies import size as study

    kept, stays = _seconds("--history", history), _seconds("--sync-retention", sync_retention)
    options.check_out_folder(out)
    with line.counted("checking") as progress:
        found = study.size(
            scenario, users=users, devices=devices, messages_per_user_day=messages, peak=peak, sync_retention=stays,
            history=kept, prices=prices, designs=names, utilisation=utilisation,
            connections_per_gateway=connections_per_gateway, seed=seed, jobs=jobs, executor=executor,
            out=out, resume=resume, check=check, progress=progress,
        )  # fmt: skip
    page = options.written(found, out, whole=not found.stopped)
    found.show()
    print(f"\nReport: {page}{options.told(found.facts.work) if found.facts else ''}")
    if found.stopped:
        complain(f"{found.stopped}; {options.CONTINUES}")
    return found.status()


def _seconds(option: str, text: str | None) -> float | None:
    """Return a duration in seconds, which may be in years of 365 days. Raises `InputError` for anything else."""
    from syncproof.inputs.durations import seconds

    if text is None:
        return None
    years = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)y", text)
    try:
        found = float(years[1]) * 365 * 86400.0 if years else seconds(text)
    except ValueError:
        found = 0.0
    if not found:
        raise InputError(f"{option} {text}: allowed: a number above 0 and its unit (s, m, h, d or y), such as 7d")
    return found
