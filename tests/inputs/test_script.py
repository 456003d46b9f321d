"""A script of one's own: what it makes of a small world, and each error in one line with file and field."""

from __future__ import annotations

import pytest

from syncproof.core.values import ConversationId, DeviceId, Message, MessageId
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld

GOOD = """
world = "two-conversations"

[[script]]
compose = [{device = 0}, {device = 0, kind = "edit", about = 0}]

[[script]]
compose = [{device = 1, conversation = 1}]
"""


def written(tmp_path, text: str) -> str:
    file = tmp_path / "own.toml"
    file.write_text(text)
    return str(file)


def test_each_part_is_composed_in_its_order(tmp_path):
    world = small_worlds.scripted(written(tmp_path, GOOD), ("push",))
    _, _, environment = small_worlds.build("timeline-notify", world)
    first = Message(MessageId(0), DeviceId(0), ConversationId(0))
    edit = Message(MessageId(1), DeviceId(0), ConversationId(0), 0, "edit", 0)
    other = Message(MessageId(2), DeviceId(1), ConversationId(1))
    told = [[tell.packet.message for tell in script] for script in environment.scripts]
    assert told == [[first, edit], [other]]
    assert [[tell.actor for tell in script] for script in environment.scripts] == [[0, 0], [1]]
    assert str(world) == "two-conversations, 3 messages of a script, push"


def test_a_world_of_a_script_can_be_made_again_from_its_expression(tmp_path):
    world = small_worlds.scripted(written(tmp_path, GOOD), ())
    names = {
        k: v for k, v in globals().items() if k in ("SmallWorld", "Message", "MessageId", "DeviceId", "ConversationId")
    }
    assert eval(repr(world), names) == world


ONE = "[[script]]\ncompose = [{}]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("world = 'two'", "world: 'two'; "),
        ("", "script: is missing; allowed: one or more tables"),
        ("messages = 2", "unknown key 'messages'"),
        ("[[script]]", "script 1: compose: is missing; allowed: a list of one or more messages"),
        ("[[script]]\ncompose = []", "script 1: compose: []; allowed: a list"),
        ("[[script]]\ncompose = [1]", "script 1, message 1: 1; allowed: a table such as"),
        (ONE.format("{}"), "script 1, message 1: device: is missing; allowed: a whole number from 0 to 1"),
        (ONE.format("{device = 2}"), "script 1, message 1: device: 2; allowed: a whole number from 0 to 1"),
        (ONE.format("{device = true}"), "script 1, message 1: device: True; allowed"),
        (ONE.format("{device = 0, conversation = 1}"), "conversation: 1; allowed: a whole number from 0 to 0"),
        (ONE.format("{device = 0, kind = 'poke'}"), "kind: 'poke'; allowed: message, recall, edit, read"),
        (ONE.format("{device = 0, about = 1}"), "about: 1; allowed: only beside kind"),
        (ONE.format("{device = 0, kind = 'edit'}"), "script 1, message 1: about: is missing"),
        (ONE.format("{device = 0, kind = 'edit', about = 0}"), "about of message number 0: 0; allowed: none"),
        (ONE.format("{device = 0, kind = 'read', about = 0}"), "about: 0; allowed: a whole number from 1 to 9"),
        (ONE.format("{device = 0, size = 1}"), "script 1, message 1: unknown key 'size'"),
        ("[[script", "not TOML"),
        ("world = " + "[" * 5000, "nested too deeply; allowed: fewer levels"),
        (ONE.format(", ".join(["{device = 0}"] * 10)), "script: '10 messages'; allowed: at most 9"),
    ],
)
def test_an_error_is_one_line_that_names_file_and_field(tmp_path, text, says):
    file = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        small_worlds.scripted(file, ())
    assert str(error.value).startswith(f"{file}:")
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_device_composes_only_where_its_user_is_a_member(tmp_path, monkeypatch):
    monkeypatch.setitem(small_worlds.POPULATIONS, "apart", small_worlds.Population((0, 1), ((0,), (1,))))
    with pytest.raises(InputError, match="conversation: 1; allowed: one that the user of device 0 is in"):
        small_worlds.scripted(written(tmp_path, "world = 'apart'\n" + ONE.format("{device = 0, conversation = 1}")), ())


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file"):
        small_worlds.scripted(tmp_path / "none.toml", ())


def test_changes_are_in_the_script_and_not_among_the_kinds(tmp_path):
    with pytest.raises(InputError, match="unknown kind of fault 'recall' beside a script"):
        small_worlds.scripted(written(tmp_path, GOOD), ("recall",))


# ---- the worlds of edits, read markers and two conversations


@pytest.mark.parametrize(("kind", "about"), [("recall", 0), ("edit", 0), ("read", 1)])
def test_the_second_message_is_the_change(kind, about):
    _, _, environment = small_worlds.build("timeline-notify", SmallWorld("two-people", 2, (kind,)))
    (script,) = environment.scripts
    first, second = [tell.packet.message for tell in script]
    assert (first.kind, second.kind, second.about) == ("message", kind, about)


def test_two_conversations_have_a_sender_each():
    _, population, environment = small_worlds.build("timeline-notify", SmallWorld("two-conversations", 2, ()))
    assert len(population.members) == 2
    sent = [(tell.actor, tell.packet.message.conversation) for script in environment.scripts for tell in script]
    assert sent == [(0, 0), (1, 1)]
