"""One page of each kind, with names that contain markup, and a browser to open them in."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.studies import verify as verification
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from syncproof.studies.kill_matrix import KillMatrix, kill_matrix
from syncproof.studies.sweep import Sweep, sweep
from syncproof.studies.verification import Verification
from tests.helpers import browser as chromium
from tools.gallery.index import Row, index

HOSTILE = "<script>alert('x')</script> | [link](http://evil) `code` &amp; \"$a$\""
OWN = "<img src=x onerror=alert(1)>&'\"$a$.py:Hasty"
"""A user's design; its file's name contains markup too."""
EXAMPLE = Path(__file__).parents[2] / "examples" / "my_design.py"


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of that design. Its file is read here, so its folder need not be the current one afterwards."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(EXAMPLE, folder / OWN.rpartition(":")[0])
    with contextlib.chdir(folder):
        lookup.get(OWN)
    return OWN


@pytest.fixture(scope="session")
def wanted() -> Scenario:
    """Return a scenario of half an hour with three users."""
    return Scenario.model_validate(
        {
            "title": HOSTILE,
            "shows": HOSTILE,
            "duration": "30m",
            "runs": 2,
            "population": {"users": 3, "devices_per_user": 2, "new_devices": 1},
            "conversations": {"pairs": 2, "groups": 1, "group_size": {"min": 3, "max": 3}},
            "traffic": {"messages_per_user_per_day": 400.0},
            "faults": {"push_loss": 0.2},
        }
    ).model_copy(update={"name": HOSTILE, "text": f"{HOSTILE}\n```\n{HOSTILE}"})


@pytest.fixture(scope="session")
def found(own: str, wanted: Scenario) -> Comparison:
    """Return a comparison of three designs, one of which violates its promises."""
    return compare(wanted, designs=["inbox-shared", "timeline-notify", own], jobs=1)


@pytest.fixture(scope="session")
def swept(own: str, wanted: Scenario) -> Sweep:
    """Return a sweep of two designs over two values."""
    return sweep(wanted, vary={"faults.push_loss": [0.0, 0.5]}, designs=["timeline-notify", own], runs=1, jobs=1)


@pytest.fixture(scope="session")
def proved(own: str) -> Verification:
    """Return a verification of two designs."""
    return verification.verify([own, "inbox-shared"], "small", jobs=1)


@pytest.fixture(scope="session")
def hunted() -> KillMatrix:
    """The kill matrix of one bug."""
    return kill_matrix(["F25"], jobs=1)


class Index:
    """The index of reports whose texts contain markup."""

    rows: ClassVar = {
        name: Row(name, "compare", HOSTILE, [HOSTILE, HOSTILE], HOSTILE, HOSTILE, ["report.html"])
        for name in ("default", "commute", "big-group")
    }

    def html(self) -> str:
        return index(self.rows)["index.html"]

    def markdown(self) -> str:
        return index(self.rows)["README.md"]


@pytest.fixture(scope="session")
def listed() -> Index:
    """Return the index of three reports."""
    return Index()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a headless Chromium. Without one the test is skipped, but fails on continuous integration."""
    chromium.wanted()
    with chromium.Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
