"""The pages agree with the code, their links have targets, their diagrams can be drawn and their commands are valid."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from syncproof.cli.main import main
from syncproof.designs import DESIGNS, Parameters
from syncproof.formats.header import Header
from syncproof.inputs import field_texts
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property
from syncproof.seeded_bugs import BUGS, COSTS
from syncproof.studies import claim_searches, kill_matrix
from syncproof.studies import compare as comparison
from syncproof.studies import verify as verification
from syncproof.studies.results.common import plain
from syncproof.studies.results.kill_matrix import CutEngineResult, EngineResult
from syncproof.studies.size import size
from syncproof.studies.verification import Verification
from tests.helpers.silent import SECOND
from tools.docs import example, markdown, pages, scenarios

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
names = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


# ---- generated parts


@pytest.mark.slow
@pytest.mark.parametrize("page", pages.PARTS)
def test_a_page_is_what_would_be_written_now(page: str) -> None:
    text = (pages.FOLDER / page).read_text(encoding="utf-8")
    fresh = pages.render(page, text)
    assert fresh == text, f"docs/{page} is stale; run `make docs`"


def test_a_stale_part_is_detected_and_rewritten() -> None:
    text = (pages.FOLDER / "results.md").read_text(encoding="utf-8")
    broken = text.replace("| `lost_deliveries` | deliveries |", "| `lost_deliveries` | euros |")
    assert broken != text
    assert pages.render("results.md", broken) == text


def test_a_part_without_a_place_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"cli\.md has no place for commands"):
        pages.render("cli.md", "# nothing here")


def test_every_page_of_the_folder_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}


@pytest.mark.slow
def test_every_key_of_a_scenario_is_explained() -> None:
    assert scenarios.undocumented() == []


@pytest.mark.parametrize("automaton", PROPERTIES.values(), ids=PROPERTIES)
def test_a_property_begins_with_its_statement_and_says_what_it_leaves_out(automaton: type[Property]) -> None:
    statement, *notes = markdown.paragraphs(automaton.__doc__)
    assert re.match(r"(For every|For m, n|From|Between) |At quiescence[:,] |\w+\([\w, ]+\) ", statement)
    assert re.search(r"not (say|matter)|says? nothing|business", " ".join(notes))


def test_every_field_of_a_history_and_every_parameter_is_explained() -> None:
    for kind in (Header, Parameters):
        assert set(field_texts.meanings(kind)) == set(kind.__struct_fields__)


def test_a_cell_cannot_break_its_table() -> None:
    assert markdown.cell("a | b\n c <d> `<e>`") == "a \\| b c &lt;d> `<e>`"


# ---- the example


def test_the_example_log_shows_the_failure_that_the_page_describes() -> None:
    output, status = example.judged()
    assert status == 1
    assert re.search(r"tail-append +violated \(promised\)", output)
    assert re.search(r"no-loss +violated \(promised\): 1 time; message soup .* device laptop", output)


# ---- links


def prose(text: str) -> str:
    """Return the text without its code blocks."""
    return FENCED.sub("", text)


def anchors(path: Path) -> set[str]:
    """Return the anchors that a code host makes from a page's headings."""
    found: dict[str, int] = {}
    slugs = set()
    for heading in re.findall(r"^#+ +(.+?) *$", prose(path.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = found[slug] = found.get(slug, -1) + 1
        slugs.add(f"{slug}-{count}" if count else slug)
    return slugs


def dead_links(path: Path, text: str) -> Iterator[str]:
    """Yield the relative links that have no target."""
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(text))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@names
def test_every_link_has_a_target(page: Path) -> None:
    assert list(dead_links(page, page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("link", ["nowhere.md", "designs.md#nothing", "#nothing"])
def test_a_dead_link_is_detected(link: str) -> None:
    assert list(dead_links(ROOT / "docs/README.md", f"see [this]({link}) and [that](designs.md)")) == [link]


# ---- diagrams

TEXT = r"[^;#]+"
SEQUENCE = (
    r"participant (?P<new>\w+) as " + TEXT,
    r"(?P<a>\w+)(?:->>|-->>|--x)(?P<b>\w+): " + TEXT,
    r"Note over (?P<c>\w+): " + TEXT,
    r"loop [\w ]+",
    r"end",
)
LABEL = r'[^;#"|]+'
FLOWCHART = (
    r'subgraph \w+\["' + LABEL + r'"\]',
    r'(?P<new>\w+)(?:\["' + LABEL + r'"\]|\(\["' + LABEL + r'"\]\))',
    r"(?P<a>\w+) (?:<?-->|==>|-\.->)(?:\|" + LABEL + r"\|)? (?P<b>\w+)",
    r"end",
)
GRAMMARS = {"sequenceDiagram": SEQUENCE, "flowchart LR": FLOWCHART, "flowchart TD": FLOWCHART}


def errors_of(diagram: str) -> list[str]:
    """Return the lines that Mermaid would refuse, or that use undeclared names."""
    kind, *lines = diagram.rstrip("\n").split("\n")
    if kind not in GRAMMARS:
        return [kind]
    declared: set[str] = set()
    faults, depth = [], 0
    for line in lines:
        found = next((m for form in GRAMMARS[kind] if (m := re.fullmatch(form, line.strip()))), None)
        if found is None:
            faults.append(line)
            continue
        groups = found.groupdict()
        declared.update([groups["new"]] if groups.get("new") else [])
        if any(groups.get(name) and groups[name] not in declared for name in "abc") or groups.get("new") == "end":
            faults.append(line)
        depth += line.strip().startswith(("subgraph", "loop")) - (line.strip() == "end")
    return faults + ([] if depth == 0 else ["end is missing"])


@names
def test_every_diagram_can_be_drawn(page: Path) -> None:
    diagrams = [body for kind, body in FENCED.findall(page.read_text(encoding="utf-8")) if kind == "mermaid"]
    assert [fault for diagram in diagrams for fault in errors_of(diagram)] == []


@pytest.mark.parametrize(
    "diagram",
    [
        "sequenceDiagram\n    participant a as one\n    a->>b: b is not declared",
        "sequenceDiagram\n    participant a as one\n    Note over a: first; second",
        "sequenceDiagram\n    participant a as one\n    Note over a: d0#1",
        "flowchart LR\n    a[no quotes]",
        'flowchart LR\n    a["one"]\n    a -->|1|2| a',
        'flowchart LR\n    subgraph x["one"]\n    a["one"]',
        "pie\n    a",
    ],
)
def test_a_diagram_that_cannot_be_drawn_is_detected(diagram: str) -> None:
    assert errors_of(diagram)


def test_every_design_has_both_diagrams() -> None:
    text = (ROOT / "docs/designs.md").read_text(encoding="utf-8")
    for section in text.split("\n### ")[1:]:
        kinds = [body.split("\n")[0] for kind, body in FENCED.findall(section) if kind == "mermaid"]
        assert kinds == ["sequenceDiagram", "flowchart LR"], section.split("\n")[0]


# ---- commands


def commands(text: str) -> Iterator[str]:
    """Yield the command lines that a page shows, one for each of `a | b`, without usage lines with brackets."""
    shown = [line for _, body in FENCED.findall(text) for line in body.splitlines()]
    shown += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(text))]
    for line in shown:
        for part in line.strip().removeprefix("$ ").split(" && "):
            if not re.match(r"syncproof [\w-]", part) or "[" in part or "COMMAND" in part:
                continue
            call = re.split(r"\s{2,}|\s#\s|\s>\s", part)[0]
            first, *others = call.split(" | ")
            yield from [first, *(f"syncproof {other}" for other in others)]


def misunderstood(call: str) -> str | None:
    """Return the error of the command line for a command that it does not accept."""
    words = shlex.split(call)[1:]
    try:
        command = main.get_command(click.Context(main), words[0])
        if command is None:
            return f"{call}: no such command"
        if words == [command.name]:  # its name in a sentence, or all defaults
            return None
        command.make_context(words[0], words[1:])
    except click.exceptions.Exit:
        return None
    except click.ClickException as error:
        return f"{call}: {error.format_message()}"
    return None


@names
def test_every_command_is_understood(page: Path) -> None:
    calls = commands(page.read_text(encoding="utf-8"))
    assert [says for call in calls if (says := misunderstood(call)) is not None] == []


def test_commands_are_found_and_errors_are_reported() -> None:
    text = (
        "```\nsyncproof designs | prophecies\nsyncproof compare --runs 0    never\n```\nand `syncproof check --loud x`"
    )
    fine, unknown, range_, option = [misunderstood(call) for call in commands(text)]
    assert fine is None
    assert unknown == "syncproof prophecies: no such command"
    assert str(range_).startswith("syncproof compare --runs 0: Invalid value for '--runs'")
    assert str(option).startswith("syncproof check --loud x: No such option")


# ---- the tables of results


def documented(heading: str) -> list[list[str]]:
    """Return the keys below a heading, split at their dots."""
    text = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    section = text.split(f"### {heading}\n")[1].split("\n#")[0]
    keys = re.findall(r"^\| `([\w.\[\]]+)` \|", section, re.MULTILINE)
    return [key.split(".") for key in dict.fromkeys(key.partition("[]")[0] for key in keys)]


def compared(found: Any, keys: list[list[str]], at: str = "") -> Iterator[str]:
    """Yield the keys of results that are not documented. A key in capitals stands for any name."""
    if not isinstance(found, dict) or not any(keys):
        return
    for name, value in found.items():
        below = [key[1:] for key in keys if key and (key[0] == name or key[0].isupper())]
        if not below:
            yield f"{at}{name}"
        else:
            exact = any(key[:1] == [name] for key in keys)
            shown = name if exact else next(key[0] for key in keys if key and key[0].isupper())
            yield from compared(value, [key for key in below if key], f"{at}{shown}.")


def test_undocumented_and_missing_results_are_reported_once() -> None:
    found = {"designs": {"one": {"cost": 1, "new": 2}, "two": {"cost": 1, "new": 3}}}
    keys = [["designs", "DESIGN", "cost"], ["designs", "DESIGN", "gain"]]
    assert set(compared(found, keys)) == {"designs.DESIGN.new"}
    assert [is_missing(found, key) for key in keys] == [False, True]


def is_missing(found: Any, key: list[str]) -> bool:
    """Return whether a documented key is nowhere in the results."""
    if not key:
        return False
    if not isinstance(found, dict):
        return True
    inner = list(found.values()) if key[0].isupper() else [found[key[0]]] if key[0] in found else []
    return all(is_missing(value, key[1:]) for value in inner)


def tiny() -> Scenario:
    return Scenario.model_validate(
        {
            "title": "tiny",
            "shows": "a test",
            "duration": "20m",
            "runs": 2,
            "population": {"users": 3},
            "conversations": {"pairs": 2, "groups": 1, "group_size": {"min": 3, "max": 3}},
            "traffic": {"messages_per_user_per_day": 300.0},
            "faults": {"push_loss": 0.2},
        }
    )


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    declares = DESIGNS["inbox-shared"].variant(name="declares", sometimes={SECOND: ()})
    compare = comparison.compare(tiny(), designs=["timeline-notify", declares], jobs=1)
    compare.outcomes["declares"][0].metrics["recovery_s"] = math.inf  # as in an overload, which takes longer
    world = SmallWorld("two-people", 1, ("sender-retry",))
    bug = SmallWorld("three-devices", 1, ())
    runs = [(d, s, verification.search(d, s)) for d, s in (("timeline-notify", world), ("F19", bug))]
    parts = [verification.judged(*run) for run in runs]
    explored = {d: p.explored[d] for (d, _, _), p in zip(runs, parts, strict=True)}
    verify = Verification(
        "two",
        explored,
        {},
        1.0,
        searches={name: claim_searches.made(name, verification.search) for name in claim_searches.SEARCHES},
    )
    killed = CutEngineResult(["no-loss"], 1, "states", 1, 1)
    explored_bug = EngineResult(["no-loss"], 1, "states", 1)
    matrix = kill_matrix.KillMatrix(
        {"F01": kill_matrix.bug_result(BUGS["F01"], explored_bug, killed, killed)},
        costs={"F36": kill_matrix.cost_result(COSTS["F36"], 1.0, 4.0)},
    )
    sized = size(tiny(), designs=["inbox-store-first", "timeline-notify"], check=True, jobs=1)
    assert sized.facts is not None
    return {
        "results.json of compare": plain(compare.results()),
        "run.json of compare": plain(compare.run_facts()),
        "results.json of verify": plain(verify.results()),
        "run.json of verify": plain(verify.run_facts()),
        "results.json of size": plain(sized.results()),
        "run.json of size": plain(sized.facts),
        "results.json of kill-matrix": plain(matrix.results()),
        "run.json of kill-matrix": plain(matrix.run_facts()),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "heading",
    [
        "results.json of compare",
        "run.json of compare",
        "results.json of verify",
        "run.json of verify",
        "results.json of size",
        "run.json of size",
        "results.json of kill-matrix",
        "run.json of kill-matrix",
    ],
)
def test_the_results_are_what_is_documented(outcomes: dict[str, dict[str, Any]], heading: str) -> None:
    keys = documented(heading)
    assert sorted(set(compared(outcomes[heading], keys))) == [], "not in docs/results.md"
    assert [".".join(key) for key in keys if is_missing(outcomes[heading], key)] == [], "in docs/results.md alone"


def test_the_readme_shows_the_example_design_as_it_is() -> None:
    _, _, code = (ROOT / "examples/my_design.py").read_text(encoding="utf-8").partition('"""\n\n')
    assert f"```python\n{code}```\n" in (ROOT / "README.md").read_text(encoding="utf-8")
