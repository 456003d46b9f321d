"""The template of a scenario is accepted as it is, and with every key that it has in comments."""

from __future__ import annotations

import re
from pathlib import Path

from syncproof.inputs import new_scenario
from syncproof.inputs.scenario import load
from syncproof.inputs.scenario_keys import keys, sections


def test_the_template_is_accepted_as_it_is(tmp_path: Path) -> None:
    (file,) = new_scenario.write("my_office", tmp_path)
    scenario = load(file)
    assert (scenario.title, scenario.runs, scenario.population.users) == ("My office", 3, 12)


def test_every_key_in_a_comment_is_accepted_with_the_value_that_stands_there(tmp_path: Path) -> None:
    """A list of tables has one table then; everything else has its default, which the template says."""
    file = tmp_path / "all.toml"
    every = re.sub("^# ", "", new_scenario.text("my_office"), flags=re.MULTILINE)
    file.write_text(every.replace('kind = "single"', 'kind = "cluster"'))  # without gateways none can crash
    as_it_is = tmp_path / "my_office.toml"
    as_it_is.write_text(new_scenario.text("my_office"))
    (full, plain) = (load(path).model_dump() for path in (file, as_it_is))
    lists = [(path.split("."), path) for path, _, listed in sections() if listed]
    assert lists
    for (table, key), path in lists:
        assert len(full[table][key]) == 1, path
        full[table][key] = []
    assert (full["deployment"].pop("kind"), plain["deployment"].pop("kind")) == ("cluster", "single")
    assert full == plain


def test_the_template_has_every_key_of_the_schema() -> None:
    lines = new_scenario.text("my_office").splitlines()
    inline = {"conversations.group_size"}
    for path, kind, _ in sections():
        for name, _ in keys(kind) if path not in inline else ():
            there = [line for line in lines if re.match(rf"(# )?({name} = |\[+({path}\.)?{name}\])", line)]
            assert there, f"{path}.{name}"
