"""Read a TOML file that a user wrote; whatever is wrong with it is one line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from syncproof.errors import InputError


def read(path: Path, shown: str, what: str = "a TOML file") -> tuple[str, dict[str, Any]]:
    """Return a file's text and what it holds.

    Raises `InputError` in one line that names the file as `shown`, and the line where there is one. `what`: the kind of file
    that is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror or error}; allowed: {what}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{shown}: byte {error.start + 1} is not UTF-8; allowed: a TOML file in UTF-8") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise InputError(f"{shown}:{line[1] if line else text.count(chr(10)) + 1}: not TOML: {error}") from None
    except ValueError:  # Python limits the digits of a number that it reads
        raise InputError(f"{shown}: a number has too many digits; allowed: at most 4300") from None
    except RecursionError:
        raise InputError(f"{shown}: nested too deeply; allowed: fewer levels") from None
