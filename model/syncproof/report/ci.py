"""Show a result to a CI system: annotations of GitHub, JUnit's XML, JSON; and any result in one line.

A *case* is one promise of one design (or target, or history), or one seeded bug. JUnit has no word for "unknown": such a case is an
error there, because it fails the command, too (exit status 3); what was not exercised is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import singledispatch
from typing import Any, Literal
from xml.etree import ElementTree

from syncproof.studies.drive.outcome import Driven
from syncproof.studies.kill_matrix import KillMatrix
from syncproof.studies.recordings import CheckedRun
from syncproof.studies.verification import Verification

SCHEMA = 1
CaseVerdict = Literal["holds", "violated", "unknown", "not exercised"]
NOTHING = "nothing is promised"


@dataclass(frozen=True, slots=True)
class Case:
    """One promise, or one seeded bug: whose it is (`of`), its name, the verdict, and why it is so, in one line."""

    of: str
    name: str
    verdict: CaseVerdict
    says: str = ""

    @property
    def file(self) -> str:
        """Return the file of a design or target of the user's own; empty for others."""
        file, colon, _ = self.of.rpartition(":")
        file = file.removeprefix("model:")
        return file if colon and file.endswith(".py") else ""


@singledispatch
def cases(found: Any) -> Iterator[Case]:
    """Yield the cases of a result, in the order of its tables."""
    raise TypeError(f"{type(found).__name__} has no cases")


@cases.register
def _(found: Verification) -> Iterator[Case]:
    words: dict[str, CaseVerdict] = {"kept": "holds", "broken": "violated", "unknown": "unknown"}
    for design, row in found.matrix().items():
        for name, cell in row.items():
            if cell.promised:
                says = cell.why
                if cell.broken and cell.counterexample is not None:
                    says = f"{cell.counterexample.says} ({cell.length} moves in the world of {cell.world})"
                yield Case(design, name, words.get(cell.promise, "not exercised"), says)
    for design, world, what in found.vacuous:
        yield Case(design, f"{world}", "unknown", f"never reached: {what}")
    for design, what, needs in found.unasked():
        yield Case(design, what, "not exercised", f"not exercised: needs {needs}")
    for design, failure in found.failed.items():
        yield Case(design, "the design's own code", "unknown", failure.says)


@cases.register
def _(found: CheckedRun) -> Iterator[Case]:
    for name, result in found.verdicts().items():
        if result.promised and result.verdict != "not-applicable":
            skipped = result.verdict == "unknown" and not result.exercised
            says = (
                f"{result.violations} time{'s' * (result.violations != 1)}; {result.examples[0]}"
                if result.examples
                else result.why
            )
            yield Case(found.source, name, "not exercised" if skipped else result.verdict, says)
    if not found.happened:
        yield Case(found.source, "acceptance", "unknown", "nothing happened: no message was accepted")
    for name, why in found.doubted.items():
        yield Case(found.source, f"order of {name}", "unknown", why)


@cases.register
def _(found: Driven) -> Iterator[Case]:
    for cell in found.cells:
        if cell.why and not cell.runs:
            yield Case(cell.target, cell.script, "not exercised", cell.why)
            continue
        for name in cell.promised:
            if name in cell.broken_promises:
                says = f"in {cell.observed[name]} of {cell.runs} runs: {cell.examples.get(name, '')}"
                yield Case(cell.target, f"{cell.script}: {name}", "violated", says)
            elif name in cell.unknown_promises:
                yield Case(cell.target, f"{cell.script}: {name}", "unknown", cell.reasons[name])
            else:
                holds = cell.verdicts.get(name) == "holds"
                yield Case(cell.target, f"{cell.script}: {name}", "holds" if holds else "not exercised")
    for target, why in found.missing.items():
        yield Case(target, "every script", "not exercised", why)
    if found.stopped:
        yield Case("drive", "every run", "unknown", found.stopped)
    if not any(cell.runs for cell in found.cells):
        yield Case("drive", "any script", "unknown", "nothing was driven")


@cases.register
def _(found: KillMatrix) -> Iterator[Case]:
    for bug, row in found.bugs.items():
        yield Case(
            bug, "is caught", "holds" if row.killed else "violated", "" if row.killed else "no engine's verdict fell"
        )
    for failure, cost in found.costs.items():
        yield Case(
            failure, "is shown by its metric", "holds" if cost.shown else "violated", "" if cost.shown else cost.failure
        )
    for sound in found.sound:
        verdict: CaseVerdict = "violated" if sound.violated else "unknown" if sound.unmet else "holds"
        says = sound.says if sound.violated else f"never exercised: {', '.join(sound.unmet)}" if sound.unmet else ""
        yield Case(sound.design, f"raises no alarm in {sound.engine}, {sound.world}", verdict, says)
    if found.missing:
        yield Case("kill-matrix", "every piece of work", "unknown", f"{found.missing} are missing")


def line(found: Any) -> str:
    """Return a result in one line, such as for a badge or a commit's status."""
    every = list(cases(found))
    judged = [case for case in every if case.verdict != "not exercised"]
    if not judged:
        return NOTHING if not every else f"nothing was exercised of {len(every)}"
    held = sum(case.verdict == "holds" for case in judged)
    told = [f"{held} of {len(judged)} hold"]
    single = len({case.of for case in every}) == 1
    for verdict in ("violated", "unknown"):
        which = [case.name if single else f"{case.of} {case.name}" for case in judged if case.verdict == verdict]
        if which:
            more = f" and {len(which) - 3} more" if len(which) > 3 else ""
            told.append(f"{len(which)} {verdict} ({', '.join(which[:3])}{more})")
    skipped = len(every) - len(judged)
    return "; ".join([*told, *([f"{skipped} not exercised"] if skipped else [])])


def github(found: Any, command: str) -> str:
    """Return workflow commands, an annotation for each case that fails, and the result in one line.

    Source: GitHub's "Workflow commands for GitHub Actions" (`::error file=...,title=...::message`).
    """
    lines = []
    for case in cases(found):
        kind = {"violated": "error", "unknown": "warning"}.get(case.verdict)
        if kind is not None:
            place = f"file={_escaped(case.file, True)}," if case.file else ""
            title = _escaped(f"syncproof {command}: {case.of} {case.name}", True)
            lines.append(f"::{kind} {place}title={title}::{_escaped(f'{case.verdict}: {case.says}'.rstrip(': '))}")
    return "\n".join([*lines, f"syncproof {command}: {line(found)}"])


def _escaped(text: str, attribute: bool = False) -> str:
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *([(":", "%3A"), (",", "%2C")] if attribute else [])]
    for plain, escaped in pairs:
        text = text.replace(plain, escaped)
    return text


def junit(found: Any, command: str) -> str:
    """Return an XML document: a test suite for each design, target or history, a test case for each case of it."""
    suites: dict[str, list[Case]] = {}
    for case in cases(found):
        suites.setdefault(case.of, []).append(case)
    root = ElementTree.Element("testsuites", {"name": f"syncproof {command}", **_counts(list(cases(found)))})
    for of, inside in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": _legal(of), **_counts(inside)})
        for case in inside:
            element = ElementTree.SubElement(suite, "testcase", classname=_legal(of), name=_legal(case.name))
            tag = JUNIT.get(case.verdict)
            if tag is not None:
                ElementTree.SubElement(element, tag, message=_legal(case.says or case.verdict))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


JUNIT = {"violated": "failure", "unknown": "error", "not exercised": "skipped"}


def _counts(of: list[Case]) -> dict[str, str]:
    found = {"tests": len(of), "failures": 0, "errors": 0, "skipped": 0}
    for case in of:
        for verdict, name in (("violated", "failures"), ("unknown", "errors"), ("not exercised", "skipped")):
            found[name] += case.verdict == verdict
    return {name: str(count) for name, count in found.items()}


def _legal(text: str) -> str:
    """Return text without the characters that XML 1.0 does not allow."""
    return "".join(
        [c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "?" for c in text]
    )


def as_json(found: Any, command: str) -> str:
    """Return `{"schema", "command", "status", "says", "cases": [{"of", "name", "verdict", "says"}]}`."""
    whole = {"schema": SCHEMA, "command": command, "status": found.status(), "says": line(found)}
    return json.dumps({**whole, "cases": [asdict(case) for case in cases(found)]}, indent=1, ensure_ascii=False)


def shown(found: Any, command: str, form: str, quiet: bool, whole: Callable[[], None]) -> None:
    """Print a result in a form that `--format` takes.

    As text, `whole` prints it, and the line follows; if `quiet`, what fails and the line.
    """
    if form == "text":
        if quiet:
            for case in cases(found):
                if case.verdict in ("violated", "unknown"):
                    print(f"{case.verdict}: {case.of} {case.name}: {case.says}".rstrip(": "))
        else:
            whole()
        print(f"{command}: {line(found)}")
        return
    print({"github": github, "junit": junit, "json": as_json}[form](found, command))
