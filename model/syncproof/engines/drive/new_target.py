"""Write the template of a target, and a test of it, which passes at once."""

from __future__ import annotations

import re
from pathlib import Path

from syncproof.errors import InputError

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
    """Write NAME.py and test_NAME.py into a folder, and return their paths.

    Raises `InputError` for a name that is no name of a module, and for a file that is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(f"{name!r:.60}: allowed: a name of small letters, digits and underscores, such as my_server")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    file, test = folder / f"{name}.py", folder / f"test_{name}.py"
    template = Path(__file__).with_name("targets") / "template.py"
    text = template.read_text(encoding="utf-8")
    text = text.replace("{file}", file.name).replace("{test}", test.name)
    text = re.sub(r"\bTemplate\b", class_name, text).replace('name = "template"', f'name = "{name}"')
    text = text.replace("the template's server", f"the server of {name}").replace("this template knows", "it knows")
    for path in (file, test):
        if path.exists():
            raise InputError(f"{path}: is there already; allowed: another name, or another folder")
    try:
        file.write_text(text, encoding="utf-8")
        test.write_text(TEST.format(class_name=class_name, file=file.name), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}; allowed: a folder") from None
    return [file, test]
