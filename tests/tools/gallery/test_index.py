"""The index of the committed reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from tools.gallery.index import read

pytestmark = pytest.mark.slow


def test_an_index_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(InputError, match=r"not an index: .*; remove it and make the reports again"):
        read(tmp_path)
