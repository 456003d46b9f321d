"""Define the commands that list what there is: designs, scenarios, properties, faults."""

from __future__ import annotations

import click

from syncproof.cli.exit_status import exits
from syncproof.errors import InputError


@click.command()
@exits
def designs() -> int:
    """List the designs and their forms, each with a summary."""
    from syncproof.designs import DESIGNS
    from syncproof.designs.forms import FORMS

    for design in DESIGNS.values():
        print(f"{design.name:24} {design.summary}")
    print("\nForms of these designs, named in commands like designs:")
    for design in FORMS.values():
        print(f"{design.name:32} {design.summary}")
    return 0


@click.command()
@exits
def scenarios() -> int:
    """List the ready scenarios and what each shows."""
    from syncproof.inputs.scenario import load, ready

    for name in ready():
        scenario = load(name)
        trace = f" [needs --trace, a {scenario.traffic.trace} trace]" if scenario.traffic.trace != "none" else ""
        print(f"{name:16} {scenario.title}. {scenario.shows}{trace}")
    return 0


@click.command()
@exits
def properties() -> int:
    """List the properties and what each says."""
    from syncproof.properties import PROPERTIES
    from syncproof.properties.refinements import REFINEMENTS
    from syncproof.properties.sometimes import SOMETIMES

    others = [each for each in SOMETIMES.values() if not each.name.endswith("-happened")]
    for automaton in (*PROPERTIES.values(), *others):
        print(f"{automaton.name:22} {automaton.kind:9} {automaton.says}")
    print(f"{'FAULT-happened':22} {'sometimes':9} each fault that may happen happened")
    print("\nAbstract machines, judged where --refines names them:")
    for machine in REFINEMENTS.values():
        print(f"{machine.name:22} {machine.kind:9} {machine.says}")
    return 0


@click.command(context_settings={"allow_extra_args": True})
@click.pass_context
@exits
def faults(context: click.Context) -> int:
    """List the faults: what the environment may do to a system, and what `drive` does to real processes instead."""
    from syncproof.core.faults import FAULTS

    if context.args:  # in an earlier version this command made the kill matrix
        raise InputError(
            f"faults takes no arguments; the kill matrix is `syncproof kill-matrix {' '.join(context.args)}`"
        )
    for fault in FAULTS.values():
        print(f"{fault.name:22} {fault.sentence}")
        print(f"{'':22} {'driven: ' if fault.driven else 'not driven: '}{fault.driven or fault.not_driven}")
    return 0
