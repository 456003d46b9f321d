"""What all templates have in common: the names that are allowed, and files that are not written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.inputs import new_files


def test_the_name_of_a_file_gives_the_name_of_a_class() -> None:
    assert new_files.class_name("my_2nd_design") == "My2ndDesign"


@pytest.mark.parametrize("name", ["My", "my-design", "2nd", "", "a/b", "über", "x.py"])
def test_a_name_that_no_module_has_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match="allowed: a name of small letters, digits and underscores, such as my_design"):
        new_files.class_name(name)


@pytest.mark.parametrize("name", ["json", "syncproof", "none"])
def test_a_module_that_hides_another_one_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"'{name}': Python has a module or a word of this name; .* such as my_{name}"):
        new_files.write(tmp_path, {f"{name}.py": ""})
    new_files.write(tmp_path, {f"{name}.toml": ""})
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.toml"]


def test_no_file_is_written_if_one_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(InputError, match="b: is there already; allowed: another name, or another folder"):
        new_files.write(tmp_path, {"a": "new", "b": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_text() == "mine"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: cannot be written: No such file or directory; allowed: a folder"):
        new_files.write(tmp_path / "nowhere", {"a": "new"})
