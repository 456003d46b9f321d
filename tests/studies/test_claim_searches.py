"""The searches that only claims need."""

from __future__ import annotations

import pytest

from syncproof.designs import DESIGNS
from syncproof.studies.claim_searches import SEARCHES, made
from syncproof.studies.results.verification import SearchedProperty
from syncproof.studies.verify import search


@pytest.mark.slow
def test_the_searches_find_what_the_claims_say() -> None:
    found = {name: made(name, search) for name in SEARCHES}
    assert found["hint-forgotten"].properties["no-loss"] == SearchedProperty("violated", True, 17)
    assert found["hint-forgotten-polls"].properties["no-loss"] == SearchedProperty("holds", True)
    quiet = found["notifications-off"]
    assert quiet.worlds == 18
    promised = {name: result.verdict for name, result in quiet.properties.items() if result.promised}
    wanted = dict.fromkeys(DESIGNS["timeline-notify"].promises, "holds")
    # Nobody changes anything in these worlds, no message expires, no device counts, and no server is restored.
    idle = ("change-monotonic", "epoch-learnt", "unread-agrees", "expires")
    assert promised == {**wanted, **dict.fromkeys(idle, "unknown")}
