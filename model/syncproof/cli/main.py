"""The command line. Every heavy import is inside the command that needs it, so `--help` answers at once.

Exit status: 0 all promised properties hold, 1 a promised one is violated, 2 usage or input error, 3 unknown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from syncproof._version import __version__
from syncproof.cli.exit_status import Commands, Finite, told
from syncproof.errors import InputError

if TYPE_CHECKING:
    from syncproof.engines.check import Judged

DIAGRAMMED = 2000
"""So many moves a diagram may have: nobody reads a longer one."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="syncproof")
def main() -> None:
    """Which message-sync design do I choose, is it correct, and what does it cost?"""


@main.command()
@told
def designs() -> int:
    """List the designs and what each is."""
    from syncproof.designs import DESIGNS

    for design in DESIGNS.values():
        click.echo(f"{design.name:24} {design.summary}")
    return 0


@main.command()
@told
def scenarios() -> int:
    """List the ready scenarios and what each shows."""
    from syncproof.inputs.scenario import load, ready

    for name in ready():
        scenario = load(name)
        trace = f" [needs --trace, a {scenario.traffic.trace} trace]" if scenario.traffic.trace != "none" else ""
        click.echo(f"{name:16} {scenario.title}. {scenario.shows}{trace}")
    return 0


@main.command()
@told
def properties() -> int:
    """List the properties and what each says."""
    from syncproof.properties import PROPERTIES

    for automaton in PROPERTIES.values():
        click.echo(f"{automaton.name:22} {automaton.kind:9} {automaton.says}")
    return 0


@main.command()
@click.argument("scenario", default="default")
@click.option("--trace", metavar="FILE", help="Real traffic: SNAP (SRC DST UNIXTIME) or presence rows.")
@click.option("--take", metavar="DURATION", help="Use the first part of the trace only, such as 14d.")
@click.option("--design", "names", metavar="NAME", multiple=True, help="Only this design; may be repeated.")
@click.option("--runs", type=click.IntRange(1, 1000), help="Runs per design; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0), help="Default: the scenario's.")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default: one per processor.")
@click.option("--out", metavar="DIR", default="out", show_default=True, help="Where the reports go.")
@click.option(
    "--history",
    metavar="FILE",
    help="Write the first run's history (.jsonl or .parquet), its moves beside it. With several designs a file each, the "
    "design's name inserted: run.jsonl becomes run-timeline-notify.jsonl and so on.",
)
@told
def compare(
    scenario: str,
    trace: str | None,
    take: str | None,
    names: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    out: str,
    history: str | None,
) -> int:
    """Simulate the designs on one scenario and compare them."""
    from syncproof import report
    from syncproof.report import terminal

    length = _length(trace, take)
    _writable(out)
    if history is not None:
        _history_file(Path(history))
    with terminal.progress("comparing") as progress:
        found = report.compare(
            scenario, designs=names, runs=runs, seed=seed, jobs=jobs, trace=trace, take=length, history=history,
            progress=progress,
        )  # fmt: skip
    paths = found.write(Path(out))
    terminal.show(found)
    if history is not None:
        from syncproof.studies.compare import history_files

        click.echo(f"\nHistories, their moves beside them: {', '.join(history_files(history, found.designs).values())}")
    click.echo(f"\n{found.elapsed_s:.0f} s. Report: {paths[0]}")
    return found.status()


@main.command("sweep")
@click.argument("scenario", default="default")
@click.option(
    "--vary",
    "keys",
    metavar="KEY=V1,V2,...",
    multiple=True,
    help="A scenario's key and its values, as the file would write them; several keys: every combination.",
)
@click.option("--design", "names", metavar="NAME", multiple=True, help="Only this design; may be repeated.")
@click.option("--metric", "metrics", metavar="NAME", multiple=True, help="Show this metric; may be repeated.")
@click.option("--runs", type=click.IntRange(1), help="Runs per point and design; default: the scenario's.")
@click.option("--seed", type=click.IntRange(0), help="Default: the scenario's.")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default: one per processor.")
@click.option(
    "--executor",
    metavar="WHICH",
    default="processes",
    show_default=True,
    help="processes, or a Dask scheduler's address.",
)
@click.option("--trace", metavar="FILE", help="Real traffic: SNAP (SRC DST UNIXTIME) or presence rows.")
@click.option("--take", metavar="DURATION", help="Use the first part of the trace only, such as 14d.")
@click.option(
    "--out",
    metavar="DIR",
    default="out",
    show_default=True,
    help="Where the reports go, and finished runs, which are not done again.",
)
@told
def sweep_command(
    scenario: str,
    keys: tuple[str, ...],
    names: tuple[str, ...],
    metrics: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    executor: str,
    trace: str | None,
    take: str | None,
    out: str,
) -> int:
    """Simulate the designs along the values of any key of a scenario."""
    from syncproof.report import sweep as sweep_page
    from syncproof.report import terminal
    from syncproof.studies.sweep.vary import parse

    vary = parse(keys)
    length = _length(trace, take)
    _writable(out)
    with terminal.progress("sweeping") as progress:
        found = sweep_page.sweep(
            scenario,
            vary=vary,
            designs=names,
            metrics=metrics,
            runs=runs,
            seed=seed,
            jobs=jobs,
            executor=executor,
            out=out,
            trace=trace,
            take=length,
            progress=progress,
        )
    paths = found.write(Path(out))
    sweep_page.show(found)
    read = found.facts["runs_read"]
    click.echo(f"\n{found.facts['elapsed_s']:.0f} s, {read} of the runs read from {out}/points. Report: {paths[0]}")
    if found.interrupted:
        click.echo(f"syncproof: {found.interrupted}; the same command goes on from here", err=True)
    return found.status()


def _length(trace: str | None, take: str | None) -> float | None:
    """`--take` in seconds."""
    from syncproof.inputs.scenario import seconds

    if take is not None and trace is None:
        raise InputError("--take goes with --trace FILE")
    try:
        return None if take is None else seconds(take)
    except ValueError:
        raise InputError(f"--take {take}: allowed: a number and its unit (ms, s, m, h or d), such as 14d") from None


def _writable(folder: str) -> None:
    """Fails before the work rather than after it."""
    if not folder.strip():
        raise InputError(f"--out {folder!r}: allowed: a folder")
    out = Path(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None


def _history_file(path: Path) -> None:
    if path.suffix not in (".jsonl", ".parquet"):
        raise InputError(f"--history {path}: allowed: a file ending in .jsonl or .parquet")
    if not path.parent.is_dir():
        raise InputError(f"--history {path}: the folder {path.parent} does not exist")


@main.command()
@click.argument("names", metavar="[DESIGN]...", nargs=-1)
@click.option("--bounds", default="standard", show_default=True, help="small (seconds), standard (minutes) or deep.")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default: one per processor.")
@click.option("--out", metavar="DIR", default="out", show_default=True, help="Where the reports go.")
@told
def verify(names: tuple[str, ...], bounds: str, jobs: int | None, out: str) -> int:
    """Search every interleaving of small worlds and tell which promises hold in all of them."""
    from syncproof.report import terminal
    from syncproof.report import verification as verification_page

    _writable(out)
    with terminal.searching() as progress:
        found = verification_page.verify(names, bounds, jobs=jobs, progress=progress)
    paths = found.write(Path(out))
    verification_page.show(found)
    click.echo(f"\n{found.elapsed:.0f} s. Report: {paths[0]}, counterexamples beside it")
    return found.status()


@main.command()
@click.argument("design")
@click.option(
    "--world", "people", default="two-devices", show_default=True, help="two-people, two-devices, three-devices."
)
@click.option("--messages", type=click.IntRange(1, 9), default=1, show_default=True)
@click.option(
    "--fault", "kinds", metavar="KIND", multiple=True, help="May happen once; may be repeated for other kinds."
)
@click.option("--states", type=click.IntRange(1), help="Stop after so many states; what is open is then unknown.")
@click.option("--memory", type=Finite(), metavar="GIB", help="Stop at this much memory.")
@click.option("--time", "seconds", type=Finite(), metavar="SECONDS", help="Stop after this time.")
@click.option("--bounds", help="Instead of one world: every world of small, standard or deep, one after the other.")
@click.option("--graph", metavar="FILE", help="Write the states and arcs: .graphml, .dot or .aut (Aldebaran).")
@click.option("--out", metavar="DIR", help="Write the reports that verify writes, of these worlds.")
@click.pass_context
@told
def explore(
    context: click.Context,
    design: str,
    people: str,
    messages: int,
    kinds: tuple[str, ...],
    states: int | None,
    memory: float | None,
    seconds: float | None,
    bounds: str | None,
    graph: str | None,
    out: str | None,
) -> int:
    """Search worlds of one design and tell in detail what was found."""
    from syncproof.engines.explore import Limits
    from syncproof.inputs import small_worlds
    from syncproof.report import graphs, terminal
    from syncproof.report import verification as verification_page
    from syncproof.studies import verify as verification

    shapes = [small_worlds.small_world(people, messages, kinds)]
    if bounds is not None:
        chosen = [
            o
            for o in ("people", "messages", "kinds", "graph")
            if context.get_parameter_source(o) is not ParameterSource.DEFAULT
        ]
        if chosen:
            raise InputError(
                "--bounds names worlds of its own; --world, --messages, --fault and --graph go with one world"
            )
        shapes = small_worlds.within(bounds, design)
    if graph is not None:
        graphs.check(Path(graph))
    if out is not None:
        _writable(out)
    limits = Limits(states, None if memory is None else int(memory * (1 << 30)), seconds)
    kept = []
    for shape in shapes:
        with terminal.status() as progress:
            found = verification.search(design, shape, limits, progress)
        verification_page.detail(design, shape, found)
        kept.append(verification.kept(design, shape, found))
        if graph is not None:
            click.echo(graphs.write(found, Path(graph)))
        if kept[-1].ending == "interrupted":
            break
        click.echo()
    whole = verification_page.proof(
        verification.gathered(bounds or verification.ONE_WORLD, design, kept, len(shapes) - len(kept))
    )
    if out is not None:
        click.echo(f"Report: {whole.write(Path(out))[0]}, counterexamples beside it")
    return whole.status()


@main.command("faults")
@click.argument("names", metavar="[BUG]...", nargs=-1)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default: one per processor.")
@click.option("--out", metavar="DIR", default="out", show_default=True, help="Where the reports go.")
@click.option(
    "--profile",
    default="ci",
    show_default=True,
    help="How long Hypothesis plays the sound designs under all usual faults together: dev, brief, ci, or deep for nights.",
)
@told
def kill_matrix(names: tuple[str, ...], jobs: int | None, out: str, profile: str) -> int:
    """Seed the failures of real systems and tell which engine catches which."""
    from syncproof.report import kill_matrix as kill_matrix_page
    from syncproof.report import terminal

    _writable(out)
    with terminal.progress("hunting", "bugs and designs") as progress:
        found = kill_matrix_page.matrix(names, jobs=jobs, profile=profile, progress=progress)
    paths = found.write(Path(out))
    kill_matrix_page.show(found)
    click.echo(f"\n{found.elapsed:.0f} s. Report: {paths[0]}")
    return found.status()


@main.command()
@click.argument("history")
@click.option(
    "--promise",
    "promises",
    metavar="NAME",
    multiple=True,
    help="This property is promised, whatever the design; may be repeated; `all`: every one that applies.",
)
@told
def check(history: str, promises: tuple[str, ...]) -> int:
    """Stream a recorded history through the properties.

    Exit status: 0 all promised properties hold, 1 a promised one is violated, 3 a promised one is unknown or nothing
    happened. Of a design that syncproof does not know nothing is promised but what --promise names.
    """
    from syncproof.engines import check as checking

    judged = checking.check(Path(history), promises)
    _report(judged, history)
    verdicts = judged.verdicts()
    if any(r.promised and r.verdict == "violated" for r in verdicts.values()):
        return 1
    open_end = any(r.promised and r.verdict == "unknown" for r in verdicts.values())
    return 3 if open_end or not judged.happened else 0


@main.command()
@click.argument("moves")
@click.option("--diagram", is_flag=True, help="Also print what happens as a sequence diagram (at most 2000 moves).")
@told
def replay(moves: str, diagram: bool) -> int:
    """Do a run's recorded moves again; it must meet the same violations.

    Exit status: 0 it met the violations that were recorded (which may be broken promises: that is what a counterexample
    records), 1 it met others. `check` judges promises.
    """
    from syncproof.engines import replay as replaying

    if diagram and (count := replaying.length(Path(moves))) > DIAGRAMMED:
        raise InputError(f"{moves}: {count:,} moves; allowed for --diagram: at most {DIAGRAMMED:,}")
    judged = replaying.replay(Path(moves))
    if diagram:
        from syncproof.counterexamples.from_recording import retell
        from syncproof.report import sequence

        click.echo(sequence.text(retell(Path(moves))))
    _report(judged, moves)
    if judged.monitor.counts != judged.recorded:
        recorded, met = (
            ", ".join(f"{name} {count} times" for name, count in counts.items()) or "nothing"
            for counts in (judged.recorded, judged.monitor.counts)
        )
        click.echo(f"not the same: recorded {recorded}; met {met}", err=True)
        return 1
    click.echo("the same violations as recorded")
    return 0


def _moves_file(path: Path, other: Path) -> None:
    """Fails before the work rather than after it."""
    if path.suffix != ".jsonl" or path.is_dir():
        raise InputError(f"--out {path}: allowed: a file ending in .jsonl")
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: the folder {path.parent} does not exist")
    if path.resolve() == other.resolve():
        raise InputError(f"--out {path}: that is the recording; allowed: another file")


@main.command()
@click.argument("moves")
@click.argument("name", metavar="[PROPERTY]", required=False)
@click.option("--out", metavar="FILE", help="Write the moves that are left, for `syncproof replay`.")
@told
def minimise(moves: str, name: str | None, out: str | None) -> int:
    """Cut a run's recorded moves down to those that one violation takes, and print these as a sequence diagram.

    PROPERTY: the one that is violated; without it the first in the list of properties, promised ones before others.
    """
    from syncproof.counterexamples import from_recording
    from syncproof.report import sequence, terminal

    if out is not None:
        _moves_file(Path(out), Path(moves))
    with terminal.cutting() as progress:
        found = from_recording.excerpt(Path(moves), name, progress)
    click.echo(sequence.text(found.narration()))
    click.echo(repr(found))
    if out is not None:
        try:
            found.write(Path(out))
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}") from None
        click.echo(f"Written: {out}")
    return 0


def _report(judged: Judged, file: str) -> None:
    """A line per property."""
    verdicts = judged.verdicts()
    click.echo(f"{file}: {judged.observations} observations{f' of {judged.design}' if judged.design else ''}")
    for name, result in verdicts.items():
        promised = " (promised)" if result.promised else ""
        example = f": {result.violations} times; {result.examples[0]}" if result.examples else ""
        click.echo(f"  {name:22} {result.verdict}{promised}{example}")
    if not judged.happened:
        click.echo("unknown: nothing happened: no message was placed")
