"""Write the template of a design, and a test of it, which passes at once."""

from __future__ import annotations

import re
from pathlib import Path

from syncproof import designs
from syncproof.inputs import new_files

TEST = '''"""{class_name} keeps its promises, in every order of events of small worlds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DESIGN = f"{{Path(__file__).with_name('{file}')}}:{class_name}"


# With examples="dev", its default, Hypothesis plays larger worlds as well, which takes longer.
# One message shows nothing of order, gaps and batches: that takes two.
@pytest.mark.parametrize(
    ("messages", "faults"), [(1, []), (1, ["disconnect"]), (1, ["server-crash"]), (2, []), (2, ["push"])], ids=str
)
def test_every_promise_is_kept(keeps_promises: Callable[..., None], messages: int, faults: list[str]) -> None:
    keeps_promises(DESIGN, world="two-people", messages=messages, faults=faults, examples="none")
'''


def write(name: str, folder: Path) -> list[Path]:
    """Write NAME.py and test_NAME.py into a folder, and return their paths. Raises `InputError` as `new_files` does."""
    class_name = new_files.class_name(name)
    file, test = f"{name}.py", f"test_{name}.py"
    text = Path(designs.__file__).with_name("template.py").read_text(encoding="utf-8")
    text = text.replace("{file}", file).replace("{test}", test)
    text = re.sub(r"\bTemplate(?=Server\b|Device\b|\b)", class_name, text)
    return new_files.write(folder, {file: text, test: TEST.format(class_name=class_name, file=file)})
