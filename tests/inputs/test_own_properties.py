"""Properties of one's own are judged for as long as they are given, and what is no property is one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof import explore
from syncproof.core.actor import state
from syncproof.core.environment import Environment
from syncproof.core.observations import Shown
from syncproof.core.packets import Packet
from syncproof.designs import DESIGNS
from syncproof.errors import InputError
from syncproof.inputs.own_properties import files, judged
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property, observes
from syncproof.properties.monitor import Monitor
from syncproof.studies import pieces
from tests.helpers.command import call

FILE = """
from syncproof.core.actor import state
from syncproof.core.observations import Shown
from syncproof.core.packets import Packet
from syncproof.properties import Property, observes


@state
class NeverShown(Property):
    name = "never-shown"
    says = "nothing is shown"

    @observes(Shown)
    def on_shown(self, o):
        return "it is shown"
"""


@state
class Nothing(Property):
    """Nothing is shown."""

    name = "nothing"
    says = "nothing is shown"

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        return "it is shown"


@pytest.fixture
def never(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return f"{path}:NeverShown"


def test_it_is_there_for_a_time_and_last() -> None:
    before = list(PROPERTIES)
    with judged([Nothing]):
        assert list(PROPERTIES) == [*before, "nothing"]
        assert list(Monitor().automata)[-1] == "nothing"
        with judged([Nothing]):
            pass
        assert "nothing" in PROPERTIES
    assert list(PROPERTIES) == before


def test_every_design_is_asked_to_keep_it_under_every_fault() -> None:
    design = DESIGNS["inbox-shared"]
    with judged([Nothing]):
        assert "device-restore" in design.promised(design.parameters)["nothing"]
    assert "nothing" not in design.promised(design.parameters)


def test_after_an_error_it_is_gone() -> None:
    with pytest.raises(InputError), judged([Nothing, Environment]):  # type: ignore[list-item]
        pass
    assert "nothing" not in PROPERTIES


def test_a_piece_carries_it_to_its_worker(never: str) -> None:
    with judged([never]):
        given = pieces.piece(sorted, (), facts={})
    assert files() == ()
    assert given.properties == (never,)
    plain = pieces.piece(sorted, (), facts={})
    assert given.key != plain.key


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "timeline-notify", "--bounds", "small"),
        ("explore", "timeline-notify"),
        ("compare", "default", "--design", "timeline-notify", "--runs", "1"),
    ],
    ids=lambda words: str(words[0]),
)
@pytest.mark.slow
def test_a_command_ends_with_1_if_it_is_violated(words: tuple[str, ...], never: str, tmp_path: Path) -> None:
    result = call(*words, "--property", never, "--out", str(tmp_path / "out"))
    assert result.exit_code == 1, result.output
    assert "never-shown" in result.output


def test_a_history_is_checked_for_it(never: str, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(
        '{"schema": 2, "kind": "history", "design": "ours"}\n'
        '{"type": "Shown", "device": 0, "message": 0, "conversation": 0, "place": 1}\n'
    )
    result = call("check", str(history), "--property", never)
    assert result.exit_code == 1, result.output
    assert "never-shown" in result.output


def test_the_fixture_asks_for_it(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match="promises nothing and breaks it in two-people, 1 message"):
        keeps_promises("timeline-notify", world="two-people", faults=[], examples="none", properties=[Nothing])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("no-loss", "property 'no-loss': allowed: FILE.py:NAME"),
        ("mine.py:", "property 'mine.py:': allowed: FILE.py:NAME"),
        ("nowhere.py:Mine", "nowhere.py: there is no such file"),
        (SmallWorld, "is no property; write `@state class Mine(Property): ...`"),
        (PROPERTIES["no-loss"], "NoLoss: there is a property 'no-loss' already; allowed: another `name`"),
        (type("Bare", (Property,), {"name": "bare", "says": "all is well"}), "Bare observes nothing"),
        (type("Mute", (Nothing,), {"says": ""}), "Mute has no `says`; allowed: a text that is not empty"),
        (type("Seen", (Nothing,), {"kind": "sometimes"}), "Seen is of the kind 'sometimes'; allowed:"),
        (type("Loose", (Nothing,), {"name": "loose"}), "property Loose has no @state"),
        (type("Lazy", (Nothing,), {"kind": "liveness"}), "Lazy is of the kind 'liveness' and has no at_quiescence"),
        (type("Late", (Nothing,), {"at_quiescence": lambda self: []}), "Late has at_quiescence, which no search asks"),
        (type("Far", (Nothing,), {"about": ("push-lots",)}), "`about` of Far has 'push-lots'; allowed: push-lost, "),
        (type("Text", (Nothing,), {"about": "push-lost"}), "`about` of Text is 'push-lost'; allowed: a tuple, such as"),
        (
            type("Many", (Nothing,), {"least_messages": "two"}),
            "`least_messages` of Many is 'two'; allowed: a whole number",
        ),
        (type("Few", (Nothing,), {"least_devices": 0}), "`least_devices` of Few is 0; allowed: a whole number from 1"),
        (
            type("Odd", (Nothing,), {"evidence": {"Shown": 3}}),
            "`evidence` of Odd is {'Shown': 3}; allowed: {OBSERVATION",
        ),
        (type("Plain", (Nothing,), {"evidence": Shown}), "`evidence` of Plain is "),
    ],
)
def test_what_is_no_property_is_one_line(given: str | type, says: str) -> None:
    with pytest.raises(InputError) as error, judged([given]):
        pass
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@state
class Second(Property):
    """Say nothing against a second message, and do not say what is evidence."""

    name = "second"
    says = "a second message is shown as it should be"
    least_messages = 2

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        return None


@pytest.mark.parametrize(("messages", "exercised"), [(1, False), (2, True)])
def test_what_it_asks_of_a_world_counts_though_it_does_not_say_what_is_evidence(messages: int, exercised: bool) -> None:
    with judged([Second]):
        found = explore("timeline-notify", "two-people", messages=messages, faults=[])
        cell = found.cell("timeline-notify", "second")
    assert cell.verdict == ("holds" if exercised else "unknown")
    assert ("needs 2 messages" in cell.why) != exercised
    assert found.status() == 0


def test_it_observes_observations_alone() -> None:
    with pytest.raises(TypeError, match=r"@observes\(Packet\): that is no class of observations"):
        observes(Packet)  # type: ignore[arg-type]


def test_an_error_of_a_property_names_its_own_file_and_not_the_design(tmp_path: Path) -> None:
    design = tmp_path / "mine.py"
    design.write_text(
        "from syncproof import DESIGNS\n\nMine = DESIGNS['timeline-notify'].variant(summary='As it is.')\n"
    )
    wrong = tmp_path / "wrong.py"
    wrong.write_text(FILE.replace('return "it is shown"', "return o.colour"))
    done = call(
        "explore",
        f"{design}:Mine",
        "--world",
        "two-people",
        "--property",
        f"{wrong}:NeverShown",
        "--out",
        str(tmp_path),
    )
    assert (done.exit_code, "wrong.py:15: AttributeError" in done.output) == (4, True), done.output


@pytest.mark.parametrize("returned", ["True", "0", "['late']"])
@pytest.mark.parametrize("words", [("explore",), ("compare", "default", "--runs", "1", "--design")])
def test_a_reaction_that_returns_no_text_is_one_line(returned: str, words: tuple[str, ...], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(FILE.replace('return "it is shown"', f"return {returned}"))
    done = call(*words, "timeline-notify", "--property", f"{wrong}:NeverShown", "--out", str(tmp_path / "out"))
    assert done.exit_code == 2, done.output
    assert f"NeverShown.on_shown returned {returned}; allowed: None, or one line" in done.output.replace("\n", " ")


@state
class InboxesOnly(Nothing):
    """Is asked of inboxes alone."""

    name = "inboxes-only"
    family = "inbox"


def test_one_of_another_family_does_not_apply() -> None:
    with judged([InboxesOnly]):
        found = explore("timeline-notify", "two-people", messages=1, faults=[])
        cell = found.cell("timeline-notify", "inboxes-only")
    assert (cell.verdict, cell.why) == ("not-applicable", "it is asked of designs of the family 'inbox' alone")
    assert found.status() == 0


def test_an_unknown_family_is_one_line() -> None:
    other = type("Other", (Nothing,), {"name": "other", "family": "queue"})
    with (
        pytest.raises(InputError, match=r"Other is of the family 'queue'; allowed: 'inbox', 'timeline', or none"),
        judged([other]),
    ):
        pass


@pytest.mark.parametrize("ends", [None, "nothing came", [3]], ids=repr)
@pytest.mark.parametrize("method", ["at_quiescence", "at_end"])
def test_what_is_asked_at_the_end_and_gives_no_lines_is_one_clear_line(method: str, ends: object) -> None:
    def ask(self: Property) -> object:
        return ends

    of = "liveness" if method == "at_quiescence" else "safety"
    kind = state(type("Silent", (Nothing,), {"name": "silent", "kind": of, method: ask}))
    says = 3 if ends == [3] else ends
    with (
        judged([kind]),
        pytest.raises(InputError, match=rf"^Silent: Silent\.{method} gave {says!r}; allowed: `yield` one"),
    ):
        list(getattr(kind(), method)())


def test_lines_in_a_list_are_as_good_as_yielded_ones() -> None:
    own = {"name": "listing", "kind": "liveness", "at_quiescence": lambda self: ["a", "b"]}
    kind = state(type("Listing", (Nothing,), own))
    with judged([kind]):
        assert list(kind().at_quiescence()) == ["a", "b"]
