"""The fixture of the properties' tests: a history that a test writes by hand."""

from __future__ import annotations

import pytest

from tests.helpers.histories import History


@pytest.fixture
def history() -> History:
    return History()
