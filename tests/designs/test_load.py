"""A design in a user's file is found by name, and an error in the file is reported in one line."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from syncproof.core.actor import Out, actor
from syncproof.core.values import Message, Timeline
from syncproof.designs import DESIGNS, Design, Parameters
from syncproof.designs.base import Device, Server
from syncproof.designs.load import run_file
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.errors import InputError
from syncproof.inputs import lookup, small_worlds
from syncproof.pytest_plugin import assert_promises
from syncproof.studies import verify as verification
from syncproof.studies.verify import explore_one

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_design.py"

OWN_DESIGN = """
from syncproof.core.actor import Out, actor
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.timeline.device import TimelineDevice

@actor
class Deaf(TimelineDevice):
    def arm_poll(self, out: Out) -> None: ...
    def on_hint(self, *_) -> None: ...

Mine = DESIGNS["timeline-notify"].variant(device=Deaf)
"""


@pytest.mark.parametrize(("text", "says"), [(OWN_DESIGN, "Mine"), ("", "NAME, where NAME is a Design")])
def test_a_file_alone_is_answered_with_the_designs_in_it(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(InputError, match=f"^{file}: say which design of the file; allowed: {file}:{says}"):
        lookup.get(str(file))


def test_the_example_of_the_readme_violates_a_promise() -> None:
    found = explore_one(f"{EXAMPLE}:Hasty", small_worlds.small_world("two-people", 2, ["push"]))
    assert found.findings["no-loss"][0] == "violated"
    assert len(EXAMPLE.read_text().splitlines()) < 40


def test_a_design_in_a_file_is_named_by_file_and_attribute(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN_DESIGN)
    found = lookup.get(f"{file}:Mine")
    assert found.name == f"{file}:Mine"
    assert found.promises == DESIGNS["timeline-notify"].promises
    assert (
        explore_one(f"{file}:Mine", small_worlds.small_world("two-people", 1, [])).findings["no-loss"][0] == "violated"
    )


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("", "Mine", "there is no 'Mine'; write NAME = DESIGNS"),
        ("class Mine: ...", "Mine", "Mine is a class, not a Design; write"),
        ("Mine = 3", "Mine", "of type int, not a Design"),
        ("\n1 / 0", "Mine", ":2: ZeroDivisionError: division by zero"),
        ("def (", "Mine", "SyntaxError"),
        (
            "from syncproof.designs import DESIGNS\nMine = DESIGNS['timeline-notify'].variant(device=int)",
            "Mine",
            ":2: device: <class 'int'> is not a subclass of Device",
        ),
        (
            "from syncproof.designs import DESIGNS\nMine = DESIGNS['timeline-notify'].variant(promises={'no-los': ()})",
            "Mine",
            ":2: promises: unknown property 'no-los'; allowed:",
        ),
    ],
)
def test_an_error_in_the_file_is_reported_in_one_line(tmp_path: Path, text: str, name: str, says: str) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        lookup.get(f"{file}:{name}")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.py: there is no such file"):
        lookup.get(f"{tmp_path / 'gone.py'}:Mine")


def test_an_object_is_found_by_its_name_once_it_was_given() -> None:
    quiet = DESIGNS["timeline-notify"].variant(parameters=Parameters(notifications=False), name="quiet")
    assert lookup.known(quiet) == "quiet"
    assert lookup.get("quiet") is quiet
    louder = DESIGNS["timeline-notify"].variant(name="quiet")
    assert lookup.known(louder) == "quiet"
    assert lookup.get("quiet") is louder


def test_an_object_with_the_name_of_a_ready_design_is_refused() -> None:
    assert lookup.known(DESIGNS["timeline-notify"]) == "timeline-notify"
    with pytest.raises(
        InputError,
        match=r"'timeline-notify' is the name of a ready design; give yours another: variant\(\.\.\., name=\.\.\.\)",
    ):
        lookup.known(DESIGNS["timeline-notify"].variant(summary="other"))


def test_a_class_without_actor_is_refused() -> None:
    class Silent(TimelineDevice):
        def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
            raise AssertionError("never reached")

    with pytest.raises(InputError, match="device: Silent has no @actor, so its fields are not declared"):
        DESIGNS["timeline-notify"].variant(device=Silent)


def test_a_property_that_does_not_apply_cannot_be_promised() -> None:
    with pytest.raises(
        InputError, match="promises: inbox-drained does not apply to timeline-notify: there is no offline"
    ):
        DESIGNS["timeline-notify"].variant(promises={"inbox-drained": ("push-lost",)})


def test_a_promise_that_covers_no_world_is_not_judged() -> None:
    lazy = DESIGNS["timeline-notify"].variant(promises={"no-loss": ("disconnect",)}, name="lazy")
    world = small_worlds.small_world("two-people", 1, ["push"])
    name = lookup.known(lazy)
    cell = verification.judged(name, world, verification.search(name, world)).cell(name, "no-loss")
    assert (cell.verdict, cell.promise) == ("holds", "not judged")


def test_a_test_of_a_design_that_promises_nothing_fails() -> None:
    idle = DESIGNS["timeline-notify"].variant(promises={}, name="idle")
    with pytest.raises(AssertionError, match="idle promises nothing under any of these faults"):
        assert_promises(idle, faults=["push"], examples="none")


@actor
class IgnoresRecalls(TimelineDevice):
    def amend(self, message: Message, place: int, out: Out) -> None:
        """Do nothing."""


def test_a_device_that_shows_a_recall_and_does_not_apply_it_violates_convergence() -> None:
    variant = DESIGNS["timeline-notify"].variant(device=IgnoresRecalls)
    with pytest.raises(AssertionError, match=r"promises convergence and breaks it.* does not change the message 0"):
        assert_promises(variant, world="two-people", messages=2, faults=["recall"], examples="none")


def made(**fields: Any) -> Design:
    """Return a design that is made without a ready one."""
    given = {"promises": {}, "not_applicable": {}, "device": Device, "server": Server, **fields}
    return Design(name="mine", family="mine", summary="mine", **given)


def test_a_kind_of_fault_stands_for_its_faults_also_in_a_design_from_the_base_classes() -> None:
    design = made(promises={"no-loss": ("push", "disconnect")})
    assert design.promises == {"no-loss": ("push-lost", "push-duplicated", "push-reordered", "disconnect")}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"promises": {"no-loss": ("push-loss",)}},
            r"promises\['no-loss'\]: unknown fault 'push-loss'; allowed: push-lost,",
        ),
        ({"promises": {"no-los": ()}}, "promises: unknown property 'no-los'; allowed: "),
        ({"promises": {"dense": ()}, "not_applicable": {"dense": "no log"}}, "dense does not apply to mine: no log"),
        ({"not_applicable": {"densse": "no log"}}, "not_applicable: unknown property 'densse'; allowed: "),
        ({"not_applicable": ("dense",)}, r"not_applicable: \('dense',\); allowed: property -> why it makes no sense"),
        ({"server": Device}, "server: .*Device.* is not a subclass of Server"),
        ({"parameters": {}}, r"parameters: \{\}; allowed: syncproof.designs.Parameters"),
    ],
)
def test_a_design_from_the_base_classes_is_checked_as_a_variant_is(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        made(**fields)


def test_two_files_of_one_name_have_classes_of_their_own(tmp_path: Path) -> None:
    """Worker processes find a class by the name of its module."""
    found = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "same.py"
        path.write_text("class Mine: ...\n")
        found.append(run_file(str(path)).Mine)
    assert [pickle.loads(pickle.dumps(kind)) for kind in found] == found


def test_a_file_imports_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_a_design.py").write_text("NAME = 'beside'\n")
    path = tmp_path / "imports.py"
    path.write_text("from beside_a_design import NAME\n")
    assert run_file(str(path)).NAME == "beside"


def test_a_ready_design_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(InputError, match="there is no ready design 'inbox-store-frist'; allowed: inbox-store-first, "):
        DESIGNS["inbox-store-frist"]


def test_a_file_is_run_once_however_its_path_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's results name classes by their module: it must be the same, whatever else was loaded before."""
    other = tmp_path / "other" / "twice.py"
    other.parent.mkdir()
    other.write_text("class Here: ...\n")
    (tmp_path / "twice.py").write_text("class Here: ...\n")
    first = run_file(str(other)).__name__
    monkeypatch.chdir(tmp_path)
    module = run_file("twice.py")
    assert run_file(str(tmp_path / "twice.py")) is module
    assert module.__name__ != first
    assert re.fullmatch(r"syncproof_own_twice_[0-9a-f]{8}", module.__name__)
    assert re.fullmatch(r"syncproof_own_twice_[0-9a-f]{8}", first)
