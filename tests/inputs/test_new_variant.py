"""The template of a design on a base does what the base does, whatever the base is."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof.designs import DESIGNS
from syncproof.designs.load import load
from syncproof.errors import InputError
from syncproof.inputs import new_variant
from syncproof.inputs.small_worlds import small_world
from syncproof.studies.verify import explore_one
from tests.helpers.command import call


@pytest.mark.parametrize("base", DESIGNS)
def test_it_is_what_its_base_is(base: str, tmp_path: Path) -> None:
    file, _ = new_variant.write("mine", tmp_path, base)
    world = small_world("two-people", 1, ["push"])
    own, ready = (explore_one(name, world) for name in (f"{file}:Mine", base))
    assert (own.states, own.transitions, own.findings.keys()) == (
        ready.states,
        ready.transitions,
        ready.findings.keys(),
    )
    assert load(f"{file}:Mine").promises == DESIGNS[base].promises


@pytest.mark.parametrize("base", ["inbox-store-first", "timeline-dense-push"])
def test_its_hooks_are_methods_of_the_base_with_types_and_words(base: str, tmp_path: Path) -> None:
    file, _ = new_variant.write("mine", tmp_path, base)
    classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
    for kind, own in zip((DESIGNS[base].server, DESIGNS[base].device), classes, strict=True):
        hooks = [node for node in own.body if isinstance(node, ast.FunctionDef)]
        assert len(hooks) == new_variant.SHOWN
        for hook in hooks:
            assert callable(getattr(kind, hook.name))
            assert hook.returns is not None
            assert ast.get_docstring(hook)


def test_its_test_passes_and_notices_a_hook_that_does_nothing(
    tmp_path: Path, keeps_promises: Callable[..., None]
) -> None:
    file, test = new_variant.write("mine", tmp_path, "inbox-store-first")
    the_test = runpy.run_path(str(test))["test_every_promise_is_kept"]
    the_test(keeps_promises, 1, ["disconnect"])
    text = file.read_text()
    assert text.count("super().receive(source, message, out)") == 1
    broken = tmp_path / "broken.py"
    broken.write_text(text.replace("super().receive(source, message, out)", "pass"))
    with pytest.raises(AssertionError, match=r"promises .* and breaks it in two-people, 1 message"):
        keeps_promises(f"{broken}:Mine", world="two-people", messages=1, faults=["disconnect"], examples="none")


def test_an_unknown_base_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"there is no ready design of this name; allowed: .*did you mean 'timeline-notify'"
    ):
        new_variant.write("mine", tmp_path, "timeline-notfy")
    assert list(tmp_path.iterdir()) == []


def test_only_a_design_has_a_base(tmp_path: Path) -> None:
    done = call("new", "property", "mine", "--base", "timeline-notify", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "only a design has a base" in done.output
