"""Write the template of a property, and a test of it, which passes at once."""

from __future__ import annotations

import re
from pathlib import Path

from syncproof.inputs import new_files

TEST = '''"""{class_name} complains of what it forbids, and ready designs keep it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof.core.observations import Composed, Observation, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.designs.load import run_file

FILE = Path(__file__).with_name("{file}")
PHONE, TALK = DeviceId(0), ConversationId(0)


def complaints(*observations: Observation) -> list[str]:
    automaton = run_file(str(FILE)).{class_name}()
    return [says for says in map(automaton.react, observations) if says is not None]


# MINE: a history that is right, and one that is wrong.
WRITTEN = [Composed(MessageId(n), PHONE, TALK) for n in range(2)]


def test_the_order_of_composing_is_right() -> None:
    assert complaints(*WRITTEN, Shown(PHONE, MessageId(0), TALK), Shown(PHONE, MessageId(1), TALK)) == []


def test_another_order_is_told() -> None:
    says = complaints(*WRITTEN, Shown(PHONE, MessageId(1), TALK), Shown(PHONE, MessageId(0), TALK))
    assert says == ["device 0 shows its message number 1 after number 2"]


@pytest.mark.parametrize("design", ["inbox-store-first", "timeline-notify"])
def test_a_design_keeps_it(keeps_promises: Callable[..., None], design: str) -> None:
    own = f"{{FILE}}:{class_name}"
    keeps_promises(design, world="two-people", messages=2, faults=[], examples="none", properties=[own])
'''


def write(name: str, folder: Path) -> list[Path]:
    """Write NAME.py and test_NAME.py into a folder, and return their paths. Raises `InputError` as `new_files` does."""
    class_name = new_files.class_name(name)
    file, test = f"{name}.py", f"test_{name}.py"
    text = Path(new_files.__file__).with_name("property_template.py").read_text(encoding="utf-8")
    for word, written in (("{file}", file), ("{test}", test), ("{name}", name.replace("_", "-"))):
        text = text.replace(word, written)
    text = re.sub(r"\bTemplateProperty\b", class_name, text)
    return new_files.write(folder, {file: text, test: TEST.format(class_name=class_name, file=file)})
