"""Size: from a scenario to what each design takes for many users, by formulas that are held against the simulator.

- `traffic`: what the scenario's traffic gives a design to do, counted in one drawn run;
- `formulas`: what each design is charged with for it, in a `ledger`;
- `plan`: rates, stored bytes, servers and cost for the demanded users, at `prices`;
- `break_even`: where designs change places;
- `check`: the formulas beside a simulation.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syncproof.designs.registry import Design
from syncproof.errors import InputError, nearest
from syncproof.inputs import arguments, lookup, workload
from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import LARGEST_SEED, Scenario, load
from syncproof.studies import pieces
from syncproof.studies.executors import Progress
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK
from syncproof.studies.size import break_even, formulas, traffic
from syncproof.studies.size import check as checks
from syncproof.studies.size import prices as price_files
from syncproof.studies.size.break_even import DEVICE_COUNTS, DEVICES, MEMBER_COUNTS, MEMBERS, MESSAGE_COUNTS, MESSAGES
from syncproof.studies.size.plan import KEEPS_HISTORY, LOSES_NOTHING, Demand, Plan, digits
from syncproof.studies.size.prices import Prices
from syncproof.studies.size.results import CheckResults, DemandResults, PricesUsed, SizeResults, SizeRun

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

DEVICES_KEY, MESSAGES_KEY = "population.devices_per_user", "traffic.messages_per_user_per_day"
MOST_USERS = 10**11
UTILISATION, CONNECTIONS_PER_GATEWAY = 0.6, 1_000_000
LEFT_OUT = "the formulas leave faults out: lost pushes, half-open connections and crashes cost more"


@dataclass(repr=False)
class Sizing(Presentable):
    """Hold what `size` found. `results()` is results.json, `facts` run.json.

    `plans`: the plan with each number of devices per user; `plan`: that of the demand.
    """

    page = "size"

    scenario: Scenario
    seed: int
    designs: tuple[str, ...]
    plan: Plan
    plans: dict[float, Plan] = field(repr=False)
    options: dict[str, str]
    checked: CheckResults | None = None
    stopped: str = ""
    facts: SizeRun | None = None

    def results(self) -> SizeResults:
        """Return the part that other programs may rely on."""
        return self._results

    @cached_property
    def courses(self) -> tuple[break_even.Course, ...]:
        """Return the measures of each design along each quantity."""
        plan = self.plan
        return (
            break_even.course(DEVICES, list(self.plans), self.designs, lambda value: self.plans[value]),
            break_even.course(MEMBERS, MEMBER_COUNTS, self.designs, lambda value: break_even.with_members(plan, value)),
            break_even.course(
                MESSAGES, MESSAGE_COUNTS, self.designs, lambda value: break_even.with_messages(plan, value)
            ),
        )

    def keeping_history(self) -> list[str]:
        """Return the designs that promise to lose nothing, and a new device all history."""
        return [name for name in self.losing_nothing() if KEEPS_HISTORY in lookup.get(name).promises]

    def losing_nothing(self) -> list[str]:
        """Return the designs that promise to lose nothing."""
        return [name for name in self.designs if LOSES_NOTHING in lookup.get(name).promises]

    @cached_property
    def _results(self) -> SizeResults:
        demand, mix = self.plan.demand, self.plan.mix
        return SizeResults(
            schema=1,
            command="size",
            scenario=self.scenario.name,
            seed=self.seed,
            demand=DemandResults(
                users=demand.users,
                devices_per_user=digits(mix.devices / mix.users),
                messages_per_user_day=digits(mix.written.rows / mix.users / mix.seconds * DAY),
                peak=demand.peak,
                sync_retention_s=demand.sync_retention_s,
                history_s=demand.history_s,
                utilisation=demand.utilisation,
                connections_per_gateway=demand.connections_per_gateway,
            ),
            traffic=self.plan.traffic(),
            prices=PricesUsed(self.plan.prices.title, str(self.plan.prices.date), self.plan.prices.currency),
            designs={name: self.plan.design(name) for name in self.designs},
            cheapest=[
                break_even.cheapest(along, self.keeping_history(), self.losing_nothing()) for along in self.courses
            ],
            break_even=[each for along in self.courses for each in break_even.crossings(along)],
            warnings=self._warnings(),
            check=self.checked,
        )

    def _warnings(self) -> list[str]:
        found = [LEFT_OUT]
        if self.scenario.population.abandoned:
            found.append("abandoned devices are left out: an inbox without a time to live grows with them without end")
        if self.checked is not None and self.checked.removed:
            found.append(f"the check simulates without these keys of the scenario: {', '.join(self.checked.removed)}")
        found += [f"check: {name}, {line}: the error is beyond what is promised" for name, line in self.beyond()]
        return found + ([self.stopped] if self.stopped else [])

    def beyond(self) -> list[tuple[str, str]]:
        """Return (design, line) of each error of the check that is larger than promised."""
        designs = {} if self.checked is None else self.checked.designs
        return [(name, line.line) for name, lines in designs.items() for line in lines if not line.within]

    def status(self) -> int:
        """Return the exit status: 1 if an error of the check is larger than promised, 3 if it was interrupted, else 0."""
        return 1 if self.beyond() else 3 if self.stopped else 0

    def table(self) -> pandas.DataFrame:
        """Return a row per design: rates on average, stored bytes, servers, cost a month."""
        import pandas

        rows = {
            name: {
                "rows_written_per_s": found.rows_written_per_s.mean,
                "rows_deleted_per_s": found.rows_deleted_per_s.mean,
                "rows_read_per_s": found.rows_read_per_s.mean,
                "packets_per_s": found.packets_per_s.mean,
                "bytes_per_s": found.bytes_per_s.mean,
                "pulls_per_s": found.pulls_per_s.mean,
                "stored_bytes": found.stored_bytes_total,
                "storage_servers": found.storage_servers,
                "cost_per_month": found.cost_total,
            }
            for name, found in self.results().designs.items()
        }
        return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("design")

    def break_evens(self) -> pandas.DataFrame:
        """Return a row per place where two designs change places."""
        import msgspec
        import pandas

        return pandas.DataFrame([msgspec.to_builtins(each) for each in self.results().break_even])

    def figure(self, name: str = "cost") -> Figure:
        """Draw the figure `cost` or `cheapest`. Raises `InputError` for another name."""
        figure: Figure = self._page().figure(self, name)
        return figure


def size(
    scenario: str | Path | Scenario = "default",
    *,
    users: int | None = None,
    devices: int | None = None,
    messages_per_user_day: float | None = None,
    peak: float | None = None,
    sync_retention: float | None = None,
    history: float | None = None,
    prices: str | Path | None = None,
    designs: Sequence[str | Design] | None = None,
    utilisation: float = UTILISATION,
    connections_per_gateway: int = CONNECTIONS_PER_GATEWAY,
    seed: int | None = None,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    check: bool = False,
    progress: Progress | None = None,
) -> Sizing:
    """Compute what each design takes for many users whose traffic is that of a scenario.

    Arguments:
        scenario: the name of a ready scenario, the path of a scenario file, or a `Scenario` as `load` returns it; without a
            trace. Its population is a sample of the demanded one.
        users: how many users; by default the scenario's `size.users`, or those of its population.
        devices: devices of every user, 1 to 64; by default the scenario's.
        messages_per_user_day: messages that a user writes a day; by default the scenario's.
        peak: how many times the mean rates the peak's are; 1 or more.
        sync_retention: seconds that copies stay in the sync store, and dedup rows.
        history: seconds that messages stay in the message store. These three are by default the scenario's, in `size`.
        prices: the path of a price file; by default example prices, whose date and sources are told.
        designs: names of ready designs and forms; by default every ready design.
        utilisation: the share of their time that storage servers work at the peak; above 0 and below 1.
        connections_per_gateway: connections that a gateway holds.
        seed: of the run whose traffic is counted; by default the scenario's.
        jobs: worker processes of the check, 1 or more; by default one per processor.
        executor: where the check simulates: "processes" (the default), the address of a Dask scheduler such as
            "tcp://10.0.0.1:8786", or a `concurrent.futures.Executor`, which stays open.
        out: keep finished simulations of the check in the folder `out`/pieces.
        resume: True or False: whether to read the finished simulations that are there, and make only the others.
        check: True or False: whether to simulate the scenario without its faults, and to tell the error of each line.
        progress: a function, called after each simulation with the number of finished ones and of all.

    Returns a `Sizing`: `results()`, `table()`, `break_evens()`, `figure(name)`, `beyond()`, `status()`, `html()`, `markdown()`,
    `write(out)`.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, a scenario or a design
    that the formulas do not describe, and a file that cannot be read.
    """
    started = time.perf_counter()
    loaded = _scenario(scenario, devices, messages_per_user_day)
    arguments.whole("users", users, least=1, most=MOST_USERS)
    arguments.whole("seed", seed, least=0, most=LARGEST_SEED)
    arguments.whole("connections_per_gateway", connections_per_gateway, least=1, needed=True)
    for name, value, unit in (
        ("peak", peak, "times the mean"),
        ("sync_retention", sync_retention, "seconds"),
        ("history", history, "seconds"),
        ("utilisation", utilisation, "a share"),
    ):  # those that are not given are the scenario's
        arguments.positive(name, value, unit)
    if peak is not None and peak < 1:
        raise InputError(f"peak: {peak:g}; allowed: times the mean, a number from 1 on")
    if utilisation >= 1:
        raise InputError(f"utilisation: {utilisation:g}; allowed: a share, a number above 0 and below 1")
    arguments.flag("check", check)
    arguments.called("progress", progress)
    names = _designs(designs)
    where = pieces.setting(executor, jobs, out if check else None, resume and check, names)
    book = price_files.load(None if prices is None else arguments.file("prices", prices))
    first = loaded.seed if seed is None else seed
    demand = Demand(
        users=users or loaded.size.users or loaded.population.users,
        peak=peak or loaded.size.peak,
        sync_retention_s=sync_retention or loaded.size.sync_retention,
        history_s=history or loaded.size.history,
        utilisation=utilisation,
        connections_per_gateway=connections_per_gateway,
    )
    plan = _plan(loaded, first, demand, book)
    if not plan.mix.written.rows or not plan.mix.copied().rows > plan.mix.written.rows:
        raise InputError(f"{loaded.name}: nobody writes to anybody; allowed: a scenario with messages")
    plans: dict[float, Plan] = {
        float(count): _plan(loaded.with_value(DEVICES_KEY, count), first, demand, book) for count in DEVICE_COUNTS
    }
    checked, stopped, work = checks.check(loaded, names, first, where, progress) if check else (None, "", NO_WORK)
    options = {
        "--users": str(demand.users),
        **({} if devices is None else {"--devices": str(devices)}),
        **({} if messages_per_user_day is None else {"--messages-per-user-day": f"{messages_per_user_day:.12g}"}),
        "--peak": f"{demand.peak:.12g}",
        "--sync-retention": f"{demand.sync_retention_s:.12g}s",
        "--history": f"{demand.history_s:.12g}s",
        **({} if prices is None else {"--prices": str(prices)}),
        **({} if utilisation == UTILISATION else {"--utilisation": f"{utilisation:.12g}"}),
        **(
            {}
            if connections_per_gateway == CONNECTIONS_PER_GATEWAY
            else {"--connections-per-gateway": str(connections_per_gateway)}
        ),
    }
    facts = SizeRun(
        elapsed_s=round(time.perf_counter() - started, 3),
        work=work,
        python=sys.version.split()[0],
        platform=platform.platform(),
        processors=os.cpu_count(),
    )
    return Sizing(loaded, first, names, plan, plans, options, checked, stopped, facts)


def _scenario(scenario: str | Path | Scenario, devices: int | None, messages: float | None) -> Scenario:
    """Return the scenario with the demanded devices and messages of a user. Raises `InputError`."""
    arguments.instance("scenario", scenario, (str, Path, Scenario), "a name, the path of a file, or a Scenario")
    arguments.whole("devices", devices, least=1, most=64)
    arguments.positive("messages_per_user_day", messages, "messages")
    loaded = scenario if isinstance(scenario, Scenario) else load(str(scenario))
    values: dict[str, object] = {}
    if devices is not None:
        values[DEVICES_KEY] = devices
    if messages is not None:
        values[MESSAGES_KEY] = float(messages)
    loaded = loaded.with_values(values) if values else loaded
    checks.supported(loaded)
    return loaded


def _designs(designs: Sequence[str | Design] | None) -> tuple[str, ...]:
    """Return the names of the designs, each once. Raises `InputError` for one that has no formula."""
    names = tuple(dict.fromkeys([lookup.known(each) for each in arguments.designs(designs) or formulas.FORMULAS]))
    for name in names:
        if not formulas.covers(lookup.get(name)):
            raise InputError(
                f"size has no formulas for {name!r}{nearest(name, formulas.FORMULAS)}, and their forms with the same server"
            )
    return names


def _plan(scenario: Scenario, seed: int, demand: Demand, book: Prices) -> Plan:
    """Draw the scenario's traffic without faults, count it, and return the plan for the demand.

    The messages that were drawn are scaled to as many as are expected.
    """
    plain, _ = checks.without_faults(scenario)
    mix = traffic.count(workload.generate(plain, seed * 1000), plain, rest=False)
    if mix.written.rows and not plain.traffic.bursts:
        expected = plain.traffic.messages_per_user_per_day * mix.users * mix.seconds / DAY
        mix = mix.with_messages(expected / mix.written.rows)
    return Plan(plain, mix, demand, book)
