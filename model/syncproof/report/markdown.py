"""The report as Markdown, for a code host or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncproof._version import __version__
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs.scenario import Scenario
from syncproof.report import counterexamples, sequence, tables
from syncproof.studies.compare import Comparison
from syncproof.studies.smallest_world import Way

SPECIAL = re.compile(r"[\\`*\[\]|]")


class Bold(str):
    """What a table's cell emphasises: its text stays text, in bold."""

    __slots__ = ()


def cell(text: object) -> str:
    """Text that stays text: it cannot break out of its table cell, nor become a tag, a link or emphasis."""
    if isinstance(text, Bold):
        return f"**{cell(str(text))}**"
    plain = SPECIAL.sub(r"\\\g<0>", str(text))
    return " ".join(plain.replace("&", "&amp;").replace("<", "&lt;").split())


def fence(text: str, kind: str = "") -> list[str]:
    """The lines of a code block that its text cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    bar = "`" * max(3, longest + 1)
    return [f"{bar}{kind}", text, bar]


def table(heads: list[str], rows: list[list[object]]) -> list[str]:
    """A Markdown table, first column left, the others right."""
    lines = ["| " + " | ".join(map(cell, heads)) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows]


def render(comparison: Comparison, ways: list[Way]) -> str:
    """The whole report. `ways`: to what was violated."""
    results = comparison.results()
    names = list(results["designs"])
    lines = [f"# {cell(comparison.scenario.title)}", "", cell(comparison.scenario.shows), ""]
    lines += [f"**{cell(tables.question(comparison))}**", ""]
    lines += [cell(sentence) for sentence in tables.answer(comparison)] + [""]
    lines += [f"> Warning: {cell(warning)}" for warning in results["warnings"]] + [""]
    lines += ["## Verdicts", "", "✓ holds, ✗ violated, ? unknown, – not applicable; **bold** where promised.", ""]
    rows: list[list[object]] = []
    for name, _, findings in tables.verdicts(results):
        marks = [tables.MARKS[f["verdict"]] for f in findings]
        rows.append([name, *(Bold(m) if f["promised"] else m for m, f in zip(marks, findings, strict=True))])
    lines += table(["property", *names], rows)
    if broken := comparison.broken():
        lines += ["", "Broken promises:", ""]
        lines += [f"- {cell(design)}, {name}: {cell(finding['example'])}" for design, name, finding in broken]
    if losers := tables.losers(results):
        lines += ["", "What designs that do not promise it did not keep:", ""]
        lines += [f"- {cell(design)}, {name}: {cell(example)}" for design, name, example in losers]
    lines += ["", "## Costs", "", f"Mean over {comparison.runs} runs; the 95 % intervals are in `results.json`.", ""]
    units = ["{} ({})".format(*tables.heading(m)) for m in METRICS]
    lines += table(["design", *units], [[name, *(c.text for c in cells)] for name, cells in tables.costs(results)])
    lines += _ways(ways, comparison.scenario)
    lines += [
        "",
        "## Claims",
        "",
        "Of a claim about correctness, *supported* means that these runs did not refute it.",
        "",
    ]
    claims = [[key, c["says"], c["verdict"], c["evidence"]] for key, c in results["claims"].items()]
    lines += table(["claim", "says", "verdict", "evidence"], claims)
    lines += ["", "## Faults fired", ""]
    lines += table(["fault", "times, over all designs and runs"], [[k, v] for k, v in results["faults_fired"].items()])
    lines += ["", "## How to reproduce", "", f"syncproof {__version__}", ""]
    lines += [*fence(tables.reproduce(comparison), "sh"), "", "The scenario:", ""]
    lines += [*fence(comparison.scenario.text.strip(), "toml"), ""]
    return "\n".join(lines)


def _ways(ways: list[Way], scenario: Scenario) -> Iterator[str]:
    """The counterexamples, drawn in Mermaid."""
    yield from ("", "## Shortest ways to what did not hold", "")
    yield from (counterexamples.LEGEND if ways else "Nothing was violated in these runs.", "")
    for way in ways:
        yield from (
            f"### {cell(way.design)}, {way.name} ({'a broken promise' if way.promised else 'not promised'})",
            "",
        )
        if way.counterexample is None:
            yield from (f"No small way: {cell(way.why)}.", "")
            continue
        yield from (f"{way.length} moves in the world of {way.shape}: {cell(way.counterexample.says)}.", "")
        narration = counterexamples.retell(way, scenario.parameters())
        yield from (*fence(sequence.mermaid(narration), "mermaid"), "")
