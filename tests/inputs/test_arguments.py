"""Arguments of the public functions are checked as the command line's options are, in one sentence."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest

import syncproof
from syncproof.core.environment import Environment
from syncproof.core.world import System
from syncproof.engines import explore as engine
from syncproof.engines.explore import Limits
from syncproof.errors import InputError
from syncproof.properties import PROPERTIES
from syncproof.pytest_plugin import assert_promises

FUNCTIONS = ("check", "compare", "diagram", "explore", "hunt", "kill_matrix", "minimise", "replay", "sweep", "verify")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_has_a_name_and_a_type(name: str) -> None:
    signature = inspect.signature(getattr(syncproof, name))
    for parameter in signature.parameters.values():
        assert parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY), parameter
        assert parameter.annotation not in (parameter.empty, Any, "Any"), parameter
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_tells_every_argument(name: str) -> None:
    function = getattr(syncproof, name)
    said = inspect.getdoc(function) or ""
    for argument in inspect.signature(function).parameters:
        assert f"\n    {argument}: " in said, argument
    assert "Raises `InputError`" in said
    assert "Returns a" in said


def test_every_public_name_is_where_type_checkers_expect_it() -> None:
    for name in syncproof.__all__:
        assert getattr(syncproof, name) is not None
    assert dir(syncproof) == sorted(syncproof.__all__)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: s.compare(runs="5"), "runs: '5' is a text; allowed: a whole number from 1 to 1000"),
        (lambda s: s.compare(runs=0), "runs: 0; allowed: a whole number from 1 to 1000"),
        (lambda s: s.compare(runs=True), "runs: True is a truth value; allowed: a whole number from 1 to 1000"),
        (lambda s: s.compare(runs=1001), "runs: 1001; allowed: a whole number from 1 to 1000"),
        (lambda s: s.compare(history=""), "history: .; allowed: a file ending in .jsonl or .parquet"),
        (lambda s: s.compare(history="run.txt"), "history: run.txt; allowed: a file ending in .jsonl or .parquet"),
        (lambda s: s.compare(seed=-1), "seed: -1; allowed: a whole number from 0 to 1099511627775"),
        (lambda s: s.compare(jobs=0), "jobs: 0; allowed: a whole number, 1 or more"),
        (lambda s: s.compare(sweep=1), "sweep: 1 is a number; allowed: True or False"),
        (lambda s: s.compare(designs="x"), "designs: 'x' is a text; allowed: a list of designs or their names"),
        (lambda s: s.compare(designs=["timeline-notfy"]), "did you mean 'timeline-notify'"),
        (lambda s: s.compare(3), "scenario: 3 is a number; allowed: a name, the path of a file, or a Scenario"),
        (lambda s: s.compare(take=5), "take: goes with a trace; allowed: trace=FILE beside it"),
        (
            lambda s: s.compare("campus", trace="x", take="5d"),
            "take: '5d' is a text; allowed: seconds, a number above 0",
        ),
        (lambda s: s.compare(trace=4), "trace: 4 is a number; allowed: the path of a file"),
        (lambda s: s.compare(history=4), "history: 4 is a number; allowed: the path of a file"),
        (lambda s: s.compare(progress="yes"), "progress: 'yes' is a text; allowed: a function"),
        (lambda s: s.verify(designs="x"), "designs: 'x' is a text; allowed: a list of designs or their names"),
        (
            lambda s: s.verify(bounds="smal"),
            "unknown bounds 'smal'; allowed: small, standard, deep; did you mean 'small'?",
        ),
        (lambda s: s.verify(bounds=2), "bounds: 2 is a number; allowed: small, standard, deep"),
        (lambda s: s.verify(progress=3), "progress: 3 is a number; allowed: a function"),
        (lambda s: s.verify(jobs=0), "jobs: 0; allowed: a whole number, 1 or more"),
        (lambda s: s.explore("timeline-notify", faults="push"), "faults: 'push' is a text; allowed: a list of names"),
        (lambda s: s.explore("timeline-notify", faults=[1]), "faults: 1 is a number; allowed: a list of names"),
        (lambda s: s.explore("timeline-notify", "two"), "unknown world 'two'; allowed: two-people"),
        (
            lambda s: s.explore("timeline-notify", messages="2"),
            "messages: '2' is a text; allowed: a whole number from 1 to 9",
        ),
        (lambda s: s.explore("timeline-notify", limits=5), "limits: 5 is a number; allowed: "),
        (lambda s: s.explore("timeline-notify", symmetry=1), "symmetry: 1 is a number; allowed: True or False"),
        (
            lambda s: s.explore("timeline-notify", until_decided="x"),
            "until_decided: 'x' is a text; allowed: True or False",
        ),
        (
            lambda s: s.explore("timeline-notify", check_every_call=1),
            "check_every_call: 1 is a number; allowed: True or",
        ),
        (lambda s: s.explore("timeline-notify", script=5), "script: 5 is a number; allowed: the path of a file"),
        (
            lambda s: s.explore("timeline-notify", messages=2, script="own.toml"),
            "script: says who composes what; allowed beside it: no population and no messages",
        ),
        (lambda s: s.verify(check_every_call="x"), "check_every_call: 'x' is a text; allowed: True or False"),
        (lambda s: s.compare(check_every_call="x"), "check_every_call: 'x' is a text; allowed: True or False"),
        (lambda s: s.diagram("timeline-notify", messages=0), "messages: 0; allowed: a whole number from 1 to 9"),
        (lambda s: s.sweep(vary=["x"]), "vary: ['x'] is of type list; allowed: a mapping from keys to lists of values"),
        (
            lambda s: s.sweep(vary={"population.users": [3]}, metrics="x"),
            "metrics: 'x' is a text; allowed: a list of names",
        ),
        (lambda s: s.sweep(vary={"population.users": 3}), "--vary population.users: 3; allowed: a list of values"),
        (
            lambda s: s.sweep(vary={5: [3]}),
            "vary: 5 is a number; allowed: a mapping from keys, such as population.users, to lists of values",
        ),
        (
            lambda s: s.sweep(vary={"population.users": [20]}, executor=5),
            "executor: 5 is a number; allowed: processes, the address of a Dask scheduler, or an Executor",
        ),
        (lambda s: s.check(5), "path: 5 is a number; allowed: the path of a file"),
        (lambda s: s.check("x", promises="no-loss"), "promises: 'no-loss' is a text; allowed: a list of names"),
        (lambda s: s.check("x", promises=[1]), "promises: 1 is a number; allowed: a list of names"),
        (lambda s: s.replay(None), "path: None is no value; allowed: the path of a file"),
        (lambda s: s.minimise(5), "path: 5 is a number; allowed: the path of a file"),
        (lambda s: s.minimise("x", 5), "property: 5 is a number; allowed: the name of a property"),
        (lambda s: s.minimise("x", progress=5), "progress: 5 is a number; allowed: a function"),
        (lambda s: s.load(5), "scenario: 5 is a number; allowed: the path of a file"),
        (
            lambda s: s.load("default").with_value(5, 1),
            "key: 5 is a number; allowed: a key of a scenario, such as population.users",
        ),
        (lambda s: s.DESIGNS["timeline-notify"].variant(name=5), "name: 5; allowed: a text"),
        (lambda s: s.DESIGNS["timeline-notify"].variant(summary=5), "summary: 5; allowed: a text"),
        (
            lambda s: s.DESIGNS["timeline-notify"].variant(parameters=5),
            "parameters: 5; allowed: syncproof.designs.Parameters(...)",
        ),
        (lambda s: s.hunt("timeline-notify", faults="push"), "faults: 'push' is a text; allowed: a list of names"),
        (
            lambda s: s.hunt("timeline-notify", messages="3"),
            "messages: '3' is a text; allowed: a whole number from 1 to 9",
        ),
        (lambda s: s.hunt("timeline-notify", profile="c"), "unknown profile 'c'; allowed: few, dev, brief, ci, deep"),
        (lambda s: s.kill_matrix("F25"), "bugs: 'F25' is a text; allowed: a list of names"),
        (lambda s: s.kill_matrix(["F25"], jobs=0), "jobs: 0; allowed: a whole number, 1 or more"),
        (lambda s: s.kill_matrix(["F25"], profile="c"), "unknown profile 'c'; allowed: few, dev, brief, ci, deep"),
        (lambda s: s.kill_matrix(["F25"], progress=1), "progress: 1 is a number; allowed: a function"),
        (lambda s: s.sweep(vary={"population.users": [3]}, jobs=0), "jobs: 0; allowed: a whole number, 1 or more"),
        (lambda s: s.compare(history="x.csv"), "history: x.csv; allowed: a file ending in .jsonl or .parquet"),
        (lambda s: s.verify(progress=1), "progress: 1 is a number; allowed: a function"),
        (
            lambda s: s.explore("timeline-notify", messages=None),
            "messages: None is no value; allowed: a whole number from 1 to 9",
        ),
        (
            lambda s: s.explore("timeline-notify", limits=Limits(states="5")),  # type: ignore[arg-type]
            "states: '5' is a text; allowed: a whole number, 1 or more",
        ),
        (
            lambda s: s.explore("timeline-notify", limits=Limits(time=-5)),
            "time: -5; allowed: seconds, a number above 0",
        ),
        (lambda s: s.hunt("timeline-notify", messages=0), "messages: 0; allowed: a whole number from 1 to 9"),
        (lambda s: s.hunt("timeline-notify", population=[]), "unknown world []; allowed: two-people"),
        (lambda s: s.replay(5), "path: 5 is a number; allowed: the path of a file"),
        (lambda s: s.minimise(None), "path: None is no value; allowed: the path of a file"),
        (
            lambda s: assert_promises("timeline-notify", messages="5"),  # type: ignore[arg-type]
            "messages: '5' is a text; allowed: a whole number, 1 or more",
        ),
        (
            lambda s: assert_promises("timeline-notify", states=0),
            "states: 0; allowed: a whole number, 1 or more",
        ),
    ],
)
def test_a_wrong_argument_is_one_sentence_that_says_what_is_allowed(call: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        call(syncproof)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


ENGINE: dict[str, tuple[Any, str]] = {
    "constraint": (5, "constraint: 5 is a number; allowed: a function"),
    "skip_unchanging": (1, "skip_unchanging: 1 is a number; allowed: True or False"),
    "until_decided": ("yes", "until_decided: 'yes' is a text; allowed: True or False"),
    "check_every_call": (None, "check_every_call: None is no value; allowed: True or False"),
    "symmetric": ([5], "symmetric: 5 is a number; allowed: a list of lists of ids"),
    "limits": (5, "limits: 5 is a number; allowed: syncproof.engines.explore.Limits(states, memory, time, depth)"),
    "progress": (5, "progress: 5 is a number; allowed: a function"),
    "properties": ("no-loss", "properties: 'no-loss' is a text; allowed: a list of subclasses of"),
    "system": (5, "system: 5 is a number; allowed: a syncproof.core.world.System"),
    "environment": (None, "environment: None is no value; allowed: a syncproof.core.environment.Environment"),
}


@pytest.mark.parametrize("name", ENGINE)
def test_a_wrong_argument_of_a_search_of_any_system_is_one_sentence(name: str) -> None:
    value, says = ENGINE[name]
    allowed = {"system": System("nothing", dict), "environment": Environment()}
    with pytest.raises(InputError) as caught:
        engine.explore(**(allowed | {name: value}))
    assert says in str(caught.value)


def test_a_property_that_is_only_named_is_refused() -> None:
    with pytest.raises(InputError, match="properties: 'no-loss'; allowed: a list of subclasses of"):
        engine.explore(System("nothing", dict), Environment(), ["no-loss"])  # type: ignore[list-item]


def test_properties_may_be_any_list() -> None:
    found = engine.explore(System("nothing", dict), Environment(), {"no-loss": PROPERTIES["no-loss"]}.values())  # type: ignore[arg-type]
    assert list(found.findings) == ["no-loss"]


def test_the_annotations_can_be_read() -> None:
    assert typing.get_type_hints(syncproof.verify)["bounds"] is str
