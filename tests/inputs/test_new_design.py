"""The template of a design works as it is, and its test notices when it does not."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof.designs.load import load
from syncproof.inputs import new_design


def the_test(test: Path) -> Callable[..., None]:
    found: Callable[..., None] = runpy.run_path(str(test))["test_every_promise_is_kept"]
    return found


def test_the_template_keeps_its_promises(tmp_path: Path, keeps_promises: Callable[..., None]) -> None:
    _, test = new_design.write("my_design", tmp_path)
    the_test(test)(keeps_promises, 2, ["push"])


def test_the_test_fails_for_a_device_that_forgets_what_it_has(
    tmp_path: Path, keeps_promises: Callable[..., None]
) -> None:
    file, test = new_design.write("my_design", tmp_path)
    text = file.read_text()
    shows_again = "self.shown.clear()\n        self.send_next(out)"
    assert text.count("self.send_next(out)") == 1
    file.write_text(text.replace("self.send_next(out)", f"self.checkpoints.clear()\n        {shows_again}"))
    with pytest.raises(
        AssertionError, match="promises no-duplicate and breaks it in two-people, 1 message, disconnect"
    ):
        the_test(test)(keeps_promises, 1, ["disconnect"])


def test_the_test_fails_if_the_device_never_does_what_it_must_do(
    tmp_path: Path, keeps_promises: Callable[..., None]
) -> None:
    file, test = new_design.write("my_design", tmp_path)
    text = file.read_text()
    reaction = 'self.on_hint(packet.timeline, UNKNOWN_HEAD, "notification", out)'
    assert reaction in text
    file.write_text(text.replace(reaction, "pass"))
    with pytest.raises(AssertionError, match="never reached this: a device pulls because it was rung"):
        the_test(test)(keeps_promises, 1, ["push"])


def test_every_name_of_the_template_becomes_the_new_one(tmp_path: Path) -> None:
    file, test = new_design.write("quiet", tmp_path)
    design = load(f"{file}:Quiet")
    assert (design.device.__name__, design.server.__name__) == ("QuietDevice", "QuietServer")
    assert [path.name for path in (file, test)] == ["quiet.py", "test_quiet.py"]
    assert "emplate" not in file.read_text() + test.read_text()
    assert "{" not in test.read_text().replace("{Path(", "")
