"""Predict a recorded table of driven targets again: `python -m tools.predict_again [reports/drive]`.

The runs stay as they are in `results.json`; the searches of the scripts, the comparison and the report are made anew, in minutes
and not in the hour that `make drive` takes. So it is what to run after a change of a design, of the searches or of the comparison.
Scripts that the record lacks are run now, and so are those of schema 1 that it does not tell run by run. `--add TARGET` adds a
target, `--run TARGET/SCRIPT` makes the runs of a cell again, `--repeat N` times. `--with FOLDER` adds the cells of another
table, and `--keep` leaves the searches as they are recorded too: then nothing but the comparison and the report is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from syncproof.designs import Design
from syncproof.engines.drive.scripts import SCRIPTS, DriveScript
from syncproof.engines.drive.targets import TARGETS
from syncproof.inputs import lookup
from syncproof.report import drive as page
from syncproof.studies import executors, script_search
from syncproof.studies.drive import drive, new_cell, searches
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.drive.subjects import Subject, subjects
from syncproof.studies.script_agreement import Seen
from syncproof.studies.script_search import Predicted


def runs_of(cell: dict[str, Any]) -> list[Seen] | None:
    """Return what each run of a recorded cell says; None if the record does not tell the runs apart."""
    if "sets" in cell:
        return [Seen(frozenset(s["violated"]), frozenset(s["judged"])) for s in cell["sets"] for _ in range(s["runs"])]
    if any(count != cell["runs"] for count in cell["observed"].values()):
        return None
    judged = frozenset(name for name, verdict in cell["verdicts"].items() if verdict != "unknown")
    return [Seen(frozenset(cell["observed"]), judged)] * cell["runs"]


def searched(cell: dict[str, Any], script: DriveScript) -> Predicted:
    """Return what a recorded search says, of the properties that were compared."""
    found = cell["search"]
    sent = script_search.most_messages(script)
    return Predicted(
        frozenset(map(frozenset, found["outcomes"])),
        frozenset(cell["chances"]),
        found["messages"],
        script_search.largest(script, found["messages"]) < sent,
        found["complete"],
    )


def promised(design: Design, script: str) -> tuple[str, ...]:
    """Return what a design promises under the faults of a script."""
    faults = set(SCRIPTS[script].faults)
    return tuple(name for name, under in design.promised(design.parameters).items() if faults <= set(under))


def recorded(cell: dict[str, Any], subject: Subject, keep: bool = False) -> ScriptOutcome | None:
    """Return a recorded cell as the target is held now; None if its runs have to be made again. `keep`: with its search."""
    script = SCRIPTS[cell["script"]]
    found, seen = new_cell(subject, script, None), runs_of(cell)
    if found.why or not seen:
        return found if found.why else None
    # What the target is blind to says nothing unless it is violated.
    found.seen = [Seen(one.violated, one.judged - (frozenset(subject.blind) - one.violated)) for one in seen]
    found.verdicts, found.examples = cell["verdicts"], cell["examples"]
    found.unwitnessed = tuple(cell["unwitnessed"])
    if keep and cell["design"] == found.design:
        found.predicted = searched(cell, script)
    found.promised = () if found.deliberate else promised(lookup.get(found.design), script.name)
    return found


def again(
    results: dict[str, Any], added: Sequence[str], rerun: set[tuple[str, str]], repeats: int, keep: bool
) -> Iterator[tuple[Subject, ScriptOutcome]]:
    """Yield every cell with its target, in the order of targets and scripts; those that were not recorded are run now."""
    cells = {(cell["target"], cell["script"]): cell for cell in results["cells"]}
    targets = dict.fromkeys((*[target for target, _ in cells], *added))
    order = list(TARGETS)
    for target in sorted(targets, key=lambda name: order.index(name) if name in order else len(order)):
        subject = subjects(target, None, None)[0][0]
        for script in SCRIPTS.values():
            key = (target, script.name)
            found = new_cell(subject, script, None)
            if not found.why:
                kept = recorded(cells[key], subject, keep) if key in cells and key not in rerun else None
                if kept is None:
                    click.echo(f"{target}, {script.name}: run now")
                found = kept or drive(target, scripts=[script.name], repeats=repeats).cells[0]
            yield subject, found


@click.command()
@click.argument("folder", default="reports/drive", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--add", "added", multiple=True, help="A target that the record lacks: its scripts are run.")
@click.option("--run", "rerun", multiple=True, help="TARGET/SCRIPT of a cell to run again.")
@click.option("--keep", is_flag=True, help="Keep what searches said, and only compare and write again.")
@click.option(
    "--with", "more", multiple=True, type=click.Path(exists=True, path_type=Path), help="A folder with more cells."
)
@click.option("--repeat", default=5, help="How often such a cell is run.")
def main(
    folder: Path, added: tuple[str, ...], rerun: tuple[str, ...], repeat: int, keep: bool, more: tuple[Path, ...]
) -> None:
    """Predict the table in FOLDER again, and write it there."""
    results = msgspec.json.decode((folder / "results.json").read_bytes())
    for other in more:
        results["cells"] += msgspec.json.decode((other / "results.json").read_bytes())["cells"]
    wanted = {(target, script) for target, _, script in (each.rpartition("/") for each in rerun)}
    found: list[Subject] = []
    cells = []
    for subject, cell in again(results, added, wanted, repeat, keep):
        found += [subject] if subject not in found else []
        cells.append(cell)
    due = [cell for cell in cells if not cell.why and cell.predicted is None]
    click.echo(f"{len(due)} of {len(cells)} scripts are searched")
    with searches(due, executors.workers(None)) as fill:
        fill()
    for cell in cells:
        click.echo(
            f"{cell.target}, {cell.script}: {page.agreement(cell)}: {page.observed(cell)} | {page.expected(cell)}"
        )
    every = ["all"] if set(TARGETS) <= {subject.name for subject in found} else []
    names = [subject.name for subject in found if not every or subject.name not in TARGETS]
    asked = (*every, *names, "--repeat", str(repeat))
    Driven(asked, found, cells).write(folder)


if __name__ == "__main__":
    main()
