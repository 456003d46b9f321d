"""Write the template of a target, and a test of it, which passes at once."""

from __future__ import annotations

import re
from pathlib import Path

from syncproof.inputs import new_files

TEST = '''"""{class_name} keeps what it promises, also when a device comes later and when the server is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof import drive

TARGET = f"{{Path(__file__).with_name('{file}')}}:{class_name}"


@pytest.mark.parametrize("script", ["later-device", "server-killed"])
def test_every_promise_is_kept(script: str) -> None:
    found = drive(TARGET, scripts=[script])
    assert found.status() == 0, repr(found)
    assert [cell.agreement for cell in found.cells] == ["agrees"], repr(found)
'''


def write(name: str, folder: Path) -> list[Path]:
    """Write NAME.py and test_NAME.py into a folder, and return their paths. Raises `InputError` as `new_files` does."""
    class_name = new_files.class_name(name)
    file, test = f"{name}.py", f"test_{name}.py"
    text = Path(__file__).with_name("targets").joinpath("template.py").read_text(encoding="utf-8")
    text = text.replace("{file}", file).replace("{test}", test)
    text = re.sub(r"\bTemplate\b", class_name, text).replace('name = "template"', f'name = "{name}"')
    text = text.replace("the template's server", f"the server of {name}").replace("this template knows", "it knows")
    return new_files.write(folder, {file: text, test: TEST.format(class_name=class_name, file=file)})
