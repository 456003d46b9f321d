"""Define the commands that simulate and search: compare, sweep, verify, explore, kill-matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from syncproof.cli import options, serving
from syncproof.cli.exit_status import complain, exits, tell
from syncproof.errors import DesignError, InputError

if TYPE_CHECKING:
    from syncproof.studies.verification import Explored, Verification


@click.command()
@click.argument("scenario", default="default")
@options.trace
@options.take
@options.designs
@click.option("--runs", type=options.Whole(1, 1000), help="Runs per design; default: the scenario's.")
@options.seed
@options.jobs
@options.executor
@options.resume
@options.out("compare")
@click.option(
    "--history",
    metavar="FILE",
    help="Write the history of the first run to this file (.jsonl or .parquet), and its moves beside it. With several "
    "designs there is a file for each: run.jsonl becomes run-timeline-notify.jsonl and so on.",
)
@options.every_call
@exits
@options.own_properties
def compare(
    scenario: str,
    trace: str | None,
    take: str | None,
    names: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    executor: str,
    resume: bool,
    out: str,
    history: str | None,
    check_every_call: bool,
) -> int:
    """Simulate the designs on one scenario and compare them."""
    from syncproof.report import progress as line
    from syncproof.studies import compare as study

    length = options.take_seconds(trace, take)
    options.check_out_folder(out)
    if history is not None:
        options.check_history_file(Path(history))
    with line.counted("comparing") as progress:
        found = study.compare(
            scenario, designs=names, runs=runs, seed=seed, jobs=jobs, executor=executor, out=out, resume=resume,
            trace=trace, take=length, history=history, check_every_call=check_every_call, progress=progress,
        )  # fmt: skip
    page = options.written(found, out, whole=not found.stopped)
    found.show()
    if history is not None:
        print(
            f"\nHistories (with their moves beside them): {', '.join(study.history_files(history, found.designs).values())}"
        )
    print(f"\n{found.elapsed_s:.0f} s{options.told(found.work)}. Report: {page}")
    tell(found.failed)
    if found.stopped:
        complain(f"{found.stopped}; {options.CONTINUES}")
    return found.status()


@click.command()
@click.argument("scenario", default="default")
@click.option(
    "--vary",
    "keys",
    metavar="KEY=V1,V2,...",
    multiple=True,
    help="A key of the scenario and its values, as in a scenario file; of several keys every combination is simulated.",
)
@options.designs
@click.option(
    "--metric", "metrics", metavar="NAME", multiple=True, help="Show this metric in reports; may be repeated."
)
@click.option("--runs", type=options.Whole(1, 1000), help="Runs per point and design; default: the scenario's.")
@options.seed
@options.jobs
@options.executor
@options.resume
@options.trace
@options.take
@options.out("sweep")
@options.every_call
@exits
@options.own_properties
def sweep(
    scenario: str,
    keys: tuple[str, ...],
    names: tuple[str, ...],
    metrics: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    executor: str,
    resume: bool,
    trace: str | None,
    take: str | None,
    out: str,
    check_every_call: bool,
) -> int:
    """Simulate the designs along the values of any key of a scenario."""
    from syncproof.report import progress as line
    from syncproof.studies import sweep as study
    from syncproof.studies.sweep.vary import parse

    vary = parse(keys)
    length = options.take_seconds(trace, take)
    options.check_out_folder(out)
    with line.counted("sweeping") as progress:
        found = study.sweep(
            scenario,
            vary=vary,
            designs=names,
            metrics=metrics,
            runs=runs,
            seed=seed,
            jobs=jobs,
            executor=executor,
            out=out,
            resume=resume,
            trace=trace,
            take=length,
            check_every_call=check_every_call,
            progress=progress,
        )
    page = options.written(found, out, whole=not found.interrupted)
    found.show()
    assert found.facts is not None
    print(f"\n{found.facts.elapsed_s:.0f} s{options.told(found.facts.work)}. Report: {page}")
    tell(found.failed)
    if found.interrupted:
        complain(f"{found.interrupted}; {options.CONTINUES}")
    return found.status()


@click.command()
@click.argument("names", metavar="[DESIGN]...", nargs=-1)
@click.option(
    "--bounds",
    default="standard",
    show_default=True,
    help="small (seconds), standard (ten minutes for all designs) or deep (more than an hour).",
)
@options.jobs
@options.executor
@options.resume
@options.out("verify")
@options.form
@options.quiet
@options.every_call_of_a_search
@exits
@options.own_properties
def verify(
    names: tuple[str, ...],
    bounds: str,
    jobs: int | None,
    executor: str,
    resume: bool,
    out: str,
    form: str,
    quiet: bool,
    check_every_call: bool,
) -> int:
    """Search every interleaving of small worlds and print which promises hold in all of them."""
    from syncproof.report import progress as line
    from syncproof.studies import verify as study

    options.check_out_folder(out)
    with line.verifying() as progress:
        found = study.verify(
            names, bounds, jobs=jobs, executor=executor, out=out, resume=resume,
            check_every_call=check_every_call, progress=progress,
        )  # fmt: skip
    page = options.written(found, out, whole=not found.stopped)
    after = f"{found.elapsed:.0f} s{options.told(found.work)}. Report: {page}, counterexamples beside it"
    options.printed(found, "verify", form, quiet, found.show, after)
    _advise(found)
    tell(found.failed)
    if found.stopped:
        complain(f"{found.stopped}; {options.CONTINUES}")
    return found.status()


@click.command()
@click.argument("design")
@click.option(
    "--world",
    "people",
    default="two-devices",
    show_default=True,
    help="two-people, two-devices, three-devices, two-conversations.",
)
@click.option("--messages", type=options.Whole(1, 9), default=1, show_default=True)
@click.option(
    "--fault",
    "kinds",
    metavar="KIND",
    multiple=True,
    help="A fault, or a kind of fault, that may happen in the world; may be repeated.",
)
@click.option(
    "--deployment",
    default="",
    help="Where the server runs: single or cluster; by default in one process, unless a fault needs several.",
)
@click.option("--script", metavar="FILE", help="Who composes what, a TOML file, instead of --world and --messages.")
@click.option("--states", type=options.Whole(1), help="Stop after so many states; open verdicts are then unknown.")
@click.option("--memory", type=options.Number(), metavar="GIB", help="Stop at this much memory.")
@click.option("--time", "seconds", type=options.Number(), metavar="SECONDS", help="Stop after this time.")
@click.option(
    "--depth", type=options.Whole(1), help="Try runs of at most so many moves; open verdicts are then unknown."
)
@click.option("--until-decided", is_flag=True, help="Stop when every property is violated.")
@click.option(
    "--symmetry", is_flag=True, help="Keep one of all states that differ by an exchange of devices that only receive."
)
@click.option("--bounds", help="Search every world of small, standard or deep, one after the other, instead of one.")
@click.option("--graph", metavar="FILE", help="Write the states and transitions: .graphml, .dot or .aut (Aldebaran).")
@click.option(
    "--serve",
    is_flag=True,
    help="Then serve a page on this machine alone, to step through the world in a browser, until Ctrl-C.",
)
@click.option(
    "--way",
    metavar="WAY",
    help="Where that page begins: the part of its address behind #, or a moves file.",
)
@options.out("explore", "Where the reports go; they are like those of verify.")
@options.every_call_of_a_search
@click.pass_context
@exits
@options.own_properties
def explore(
    context: click.Context,
    design: str,
    people: str,
    messages: int,
    kinds: tuple[str, ...],
    deployment: str,
    script: str | None,
    states: int | None,
    memory: float | None,
    seconds: float | None,
    depth: int | None,
    until_decided: bool,
    symmetry: bool,
    bounds: str | None,
    graph: str | None,
    serve: bool,
    way: str | None,
    out: str,
    check_every_call: bool,
) -> int:
    """Search small worlds of one design and print verdicts, counterexamples and counts."""
    from syncproof.designs import blaming
    from syncproof.engines.explore import Limits
    from syncproof.engines.explore.search import room, told
    from syncproof.inputs import small_worlds
    from syncproof.inputs.bounds import within
    from syncproof.report import graphs
    from syncproof.report import progress as line
    from syncproof.report.verify import show_search
    from syncproof.studies import verify as study
    from syncproof.studies.asked import Asked
    from syncproof.studies.failures import Failure

    worlds = [small_worlds.small_world(people, messages, kinds, deployment)]
    if script is not None:
        if any(
            context.get_parameter_source(n) is not ParameterSource.DEFAULT for n in ("people", "messages", "bounds")
        ):
            raise InputError("--script says who composes what; allowed beside it: no --world, --messages or --bounds")
        worlds = [small_worlds.scripted(script, kinds, deployment)]
    if bounds is not None:
        _check_no_single_world(context)
        worlds = within(bounds, design)
    if graph is not None:
        graphs.check(Path(graph))
    if way is not None and not serve:
        raise InputError("--way goes with --serve")
    with blaming(design):
        start = serving.start(design, worlds[0], way) if serve else None
    options.check_out_folder(out)
    limits = Limits(states, None if memory is None else int(memory * (1 << 30)), seconds, depth)
    kept: list[Explored] = []
    failed: dict[str, Failure] = {}
    for world in worlds:
        try:
            with line.searching(room(limits, small_worlds.actors(world))) as progress, blaming(design):
                found = study.search(
                    design, world, limits, progress,
                    symmetry=symmetry, until_decided=until_decided, check_every_call=check_every_call,
                )  # fmt: skip
        except DesignError as error:
            if start is not None:
                return serving.serve_failing(start, error, out, script or "")
            if not kept:
                raise
            failed[design] = Failure(str(error))
            break
        show_search(design, world, found)
        if ended := told(found.graph, limits):
            complain(ended)
        kept.append(study.kept(design, world, found))
        if graph is not None:
            print(graphs.write(found, Path(graph)))
        del found  # the graph may be large
        if kept[-1].ending == "interrupted":
            break
        print()
    asked = Asked(script or "", limits, symmetry, until_decided, every_world=bounds is not None)
    whole = study.gathered(bounds or study.ONE_WORLD, design, kept, len(worlds) - len(kept), failed, asked)
    tell(failed)
    page = options.written(whole, out, whole=not whole.stopped)
    print(f"Report: {page}, counterexamples beside it")
    _advise(whole)
    if whole.stopped:
        complain(whole.stopped)
    elif start is not None:
        serving.serve(start, kept[0], out, script or "")
    return whole.status()


def _advise(found: Verification) -> None:
    """Say once what the extra `fast` would gain, if it is not installed and a search was large."""
    from syncproof.engines.explore.search import advice

    says = advice(max([each.states for row in found.explored.values() for each in row], default=0))
    if says:
        complain(says)


def _check_no_single_world(context: click.Context) -> None:
    """Raise `InputError` if an option that describes one world is given beside `--bounds`."""
    single = ("people", "messages", "kinds", "deployment", "graph", "serve")
    if any(context.get_parameter_source(name) is not ParameterSource.DEFAULT for name in single):
        raise InputError(
            "--bounds names the worlds; --world, --messages, --fault, --deployment, --graph and --serve are for one world"
        )


@click.command("kill-matrix")
@click.argument("names", metavar="[BUG]...", nargs=-1)
@options.jobs
@options.executor
@options.resume
@options.out("kill-matrix")
@click.option(
    "--profile",
    default="ci",
    show_default=True,
    help="How many examples Hypothesis plays of each sound design under the usual faults together: few (15), dev (50), "
    "brief (80), ci (1,000) or deep (20,000).",
)
@options.form
@options.quiet
@exits
@options.own_properties
def kill_matrix(
    names: tuple[str, ...],
    jobs: int | None,
    executor: str,
    resume: bool,
    out: str,
    profile: str,
    form: str,
    quiet: bool,
) -> int:
    """Run seeded bugs, which are failures of real systems, and print which engine catches which."""
    from syncproof.report import progress as line
    from syncproof.studies import kill_matrix as study

    options.check_out_folder(out)
    with line.counted("running", "bugs and designs") as progress:
        found = study.kill_matrix(
            names, jobs=jobs, executor=executor, out=out, resume=resume, profile=profile, progress=progress
        )
    page = options.written(found, out, whole=not found.missing)
    after = f"{found.elapsed:.0f} s{options.told(found.work)}. Report: {page}"
    options.printed(found, "kill-matrix", form, quiet, found.show, after)
    if found.missing:
        complain(f"{found.stopped}; {options.CONTINUES}")
    return found.status()
