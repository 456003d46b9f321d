"""The options of `explore` that say what is searched, and what is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncproof.engines.explore import search
from syncproof.studies import verify
from tests.helpers.command import call

SCRIPT = """
world = "two-conversations"
[[script]]
compose = [{device = 0}]
[[script]]
compose = [{device = 1, conversation = 1}]
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "own.toml"
    file.write_text(SCRIPT)
    return str(file)


def test_a_script_says_what_is_searched(script: str) -> None:
    result = call("explore", "inbox-store-first", "--script", script)
    assert result.exit_code == 0, result.output
    assert "two-conversations, 2 messages of a script, no fault" in result.output


@pytest.mark.parametrize("beside", [("--messages", "2"), ("--world", "two-people"), ("--bounds", "small")])
def test_nothing_else_says_it_beside_a_script(script: str, beside: tuple[str, str]) -> None:
    result = call("explore", "inbox-store-first", "--script", script, *beside)
    assert result.exit_code == 2
    assert "--script says who composes what; allowed beside it: no --world, --messages or --bounds" in result.output


def test_a_limit_of_depth_leaves_verdicts_unknown() -> None:
    result = call("explore", "inbox-store-first", "--depth", "2")
    assert result.exit_code == 3
    assert "nothing was met within 2 moves" in " ".join(result.output.split())


@pytest.mark.slow
@pytest.mark.parametrize(("numba", "switch", "told"), [(False, 1, 1), (False, 1_000_000, 0), (True, 1, 0)])
def test_what_numba_would_gain_is_said_once_after_large_searches(
    numba: bool, switch: int, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = search.importlib.util.find_spec  # everybody's: the library of templates asks for its own package
    monkeypatch.setattr(
        search.importlib.util, "find_spec", lambda name: (numba or None) if name == "numba" else find(name)
    )
    monkeypatch.setattr(search, "SWITCH_AT", switch)
    monkeypatch.setattr(search, "can_compile", lambda restrictions: False)
    result = call("explore", "timeline-notify", "--bounds", "small", "--states", "1")
    assert result.output.count("pip install 'syncproof[fast]'") == told


def test_symmetry_picks_the_devices_that_only_receive() -> None:
    result = call("explore", "timeline-dense-push", "--world", "three-devices", "--symmetry")
    assert result.exit_code == 3  # liveness is unknown
    assert "symmetry exchanges actors along a cycle" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("design", "world", "says"),
    [
        ("timeline-notify", "two-people", "no two devices are interchangeable here; allowed: three-devices"),
        ("inbox-shared", "three-devices", "symmetry: inbox-shared, three-devices, 1 message, no fault:"),
    ],
)
def test_symmetry_is_refused_in_one_line_where_there_is_none(design: str, world: str, says: str) -> None:
    result = call("explore", design, "--world", world, "--symmetry")
    assert result.exit_code == 2
    assert says in result.output
    assert len(result.output.strip().splitlines()) == 1


def again(*words: str) -> str:
    """Return the command that the report of a search names."""
    call("explore", *words)
    text = Path("out/explore/report.md").read_text()
    return next(line for line in text.splitlines() if line.startswith("syncproof explore"))


def test_a_report_names_every_option_of_the_search(script: str) -> None:
    for words in (
        ("inbox-store-first", "--script", script, "--fault", "push"),
        ("inbox-store-first", "--world", "two-people", "--messages", "1", "--states", "50", "--memory", "4", "--time", "9",
         "--depth", "3", "--until-decided"),
        ("inbox-store-first", "--world", "three-devices", "--messages", "1", "--depth", "2", "--symmetry"),
        ("inbox-store-first", "--bounds", "small", "--depth", "1"),
    ):  # fmt: skip
        named = again(*words).split()[2:]
        assert sorted(named) == sorted(words)


def test_every_call_is_made_again_if_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncproof.engines.explore.exploration.RERUN_AT_MOST", 1)
    part, whole = [
        int(re.findall(r"([\d,]+) handler calls? made again", call("explore", "inbox-store-first", *more).output)[0])
        for more in ((), ("--check-every-call",))
    ]
    assert 0 < part < whole / 2


@pytest.mark.slow
def test_verify_makes_every_call_again_if_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    search = verify.engine.explore
    monkeypatch.setattr(
        verify.engine, "explore", lambda *a, **o: asked.append(o.get("check_every_call")) or search(*a, **o)
    )
    words = ("verify", "inbox-store-first", "--bounds", "small", "--jobs", "1")
    assert call(*words, "--check-every-call").exit_code == 0
    assert set(asked) == {True}
