"""The table `[model]` of a scenario: the parameters of the designs, with their limits and defaults."""

from __future__ import annotations

import pytest

from syncproof.designs import Parameters
from syncproof.errors import InputError
from syncproof.inputs.scenario import load


def test_parameters_are_the_model_table() -> None:
    parameters = load("default").with_value("model.page_size", 7).parameters()
    assert (parameters.page_size, parameters.poll_interval) == (7, 900.0)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("page_size", 0, "1 or more"),
        ("workers", -1, "0 or more"),
        ("poll_interval", 0.0, "more than 0"),
        ("checkpoint", "never", "with-apply, after-apply"),
        ("notifications", "no", "true or false"),
    ],
)
def test_the_model_table_has_the_limits_of_the_parameters(key: str, value: object, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        load("default").with_value(f"model.{key}", value)
    assert f"default: model.{key}: {value!r}; allowed: {allowed}" in str(caught.value)


def test_a_scenario_without_a_model_table_has_the_parameters_defaults() -> None:
    bare = load("default").with_value("model", {})
    assert bare.parameters() == Parameters()
    assert list(bare.model_dump()["model"]) == list(Parameters.__struct_fields__)
