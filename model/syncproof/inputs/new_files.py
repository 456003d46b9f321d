"""Write the files of a template: what `new target`, `new design` and `new scenario` have in common."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from syncproof.errors import InputError


def class_name(name: str) -> str:
    """Return the name of a class for the name of a file: my_design -> MyDesign.

    Raises `InputError` for a name that is no name of a module.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(f"{name!r:.60}: allowed: a name of small letters, digits and underscores, such as my_design")
    return "".join(part.capitalize() for part in name.split("_"))


def write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files, by name, into a folder, and return their paths.

    Raises `InputError` for a file that is there already (then none is written), for a folder that cannot be written to, and for a
    module that hides another one: beside a file json.py nothing works that imports json.
    """
    for stem in [name.removesuffix(".py") for name in texts if name.endswith(".py")]:
        if stem in (*sys.stdlib_module_names, "syncproof", "pytest") or keyword.iskeyword(class_name(stem)):
            raise InputError(
                f"{stem!r}: Python has a module or a word of this name; allowed: another one, such as my_{stem}"
            )
    paths = [folder / name for name in texts]
    for path in paths:
        if path.exists():
            raise InputError(f"{path}: is there already; allowed: another name, or another folder")
    try:
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}; allowed: a folder") from None
    return paths
