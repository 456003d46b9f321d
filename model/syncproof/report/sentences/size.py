"""Say in sentences what a sizing found, and which command makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from syncproof.designs import DESIGNS
from syncproof.report.sentences.words import listed, named
from syncproof.report.tables import number
from syncproof.studies.size import Sizing
from syncproof.studies.size.break_even import DEVICES
from syncproof.studies.size.results import BreakEven, SizeResults

STORE_FIRST, NOTIFY = "inbox-store-first", "timeline-notify"
"""The two designs whose places of change are told in the answer."""


def question(found: Sizing) -> str:
    """Return what was asked."""
    demand = found.results().demand
    return (
        f"What does each design take for {number(demand.users)} users with {demand.devices_per_user:g} "
        f"device{'' if demand.devices_per_user == 1 else 's'}, who write "
        f"{demand.messages_per_user_day:.3g} messages a day?"
    )


def answer(found: Sizing) -> list[str]:
    """Return the traffic, the cheapest designs, and where the two families change places."""
    results = found.results()
    traffic, currency = results.traffic, results.prices.currency
    said = [
        f"{number(traffic.messages_per_s.mean)} messages a second, {number(traffic.messages_per_s.peak)} at the peak, each to "
        f"{traffic.members_per_message:.3g} members and {traffic.copies_per_message:.3g} other devices, of which "
        f"{100 * traffic.online_share:.0f} % are connected; {number(traffic.connections)} connections on "
        f"{traffic.gateways} gateway{'' if traffic.gateways == 1 else 's'}."
    ]
    cheapest: dict[str, str] = {}  # what designs do -> the sentence about the cheapest of these
    for what, names in (("keep history", found.keeping_history()), ("lose nothing", found.losing_nothing())):
        if names:
            cheapest[what] = _least(results, names, currency)
    if len(set(cheapest.values())) == 1 < len(cheapest):
        cheapest = {", and of those that ".join(cheapest): next(iter(cheapest.values()))}
    said += [f"Of the designs that {what}, {told}." for what, told in cheapest.items()]
    for each in results.break_even:
        if each.quantity == DEVICES and {each.less_below, each.less_above} == {STORE_FIRST, NOTIFY}:
            said.append(change(each))
    return said


def _least(results: SizeResults, names: Sequence[str], currency: str) -> str:
    """Return which of these designs costs least and what it takes, or which of them cost nothing."""
    name = min(names, key=lambda each: results.designs[each].cost_total)
    least = results.designs[name]
    if not least.cost_total:
        free = [each for each in names if not results.designs[each].cost_total]
        return f"{listed(free)} {'cost' if free[1:] else 'costs'} nothing at these prices"
    return (
        f"{name} costs least: {number(least.cost_total)} {currency} a month; {number(least.rows_written_per_s.mean)} rows written "
        f"and {number(least.rows_deleted_per_s.mean)} deleted a second, {number(least.stored_bytes_total / 1e12)} TB stored, "
        f"{number(least.storage_servers)} storage server{'' if least.storage_servers == 1 else 's'}"
    )


def change(found: BreakEven) -> str:
    """Return where two designs change places, as a sentence."""
    what = "costs less" if found.measure == "cost" else f"has fewer {found.measure}"
    return f"From {found.at:.3g} {found.quantity} on, {found.less_above} {what} than {found.less_below}."


def checked(found: Sizing) -> str:
    """Return what the check found; empty without one."""
    if found.checked is None:
        return ""
    beyond = found.beyond()
    promised = [line for lines in found.checked.designs.values() for line in lines if line.tolerance is not None]
    within = len(promised) - len(beyond)
    return (
        f"Beside a simulation of {found.scenario.population.users} users, {within} of {len(promised)} lines are within the "
        "promised errors."
    )


def command(found: Sizing) -> str:
    """Return the command that makes this report again."""
    parts = ["syncproof", "size", named(found.scenario)]
    for option, value in found.options.items():
        parts += [option, value]
    if list(found.designs) != list(DESIGNS):
        for name in found.designs:
            parts += ["--design", name]
    if found.checked is not None:
        parts.append("--check")
    return shlex.join([*parts, "--seed", str(found.seed)])
