"""Links in a world: what is lost, repeated and reordered, and what closes a connection."""

from __future__ import annotations

import pytest

from syncproof.core.links import DUPLICATING, ORDERED, UNORDERED, closing_rows
from syncproof.core.moves import Arrive, Crash, Duplicate, Lose, MoveError, Restart
from syncproof.core.values import SERVER
from tests.helpers.talkers import PHONE, Shout, connected, tell, world


def test_a_push_is_lost_without_a_connection() -> None:
    made, phone, _, _ = world()
    tell(made, SERVER, "shout:hello")
    made.apply(Arrive(PHONE, Shout("hello")))
    assert phone.heard == []


def test_a_lossy_link_loses_and_repeats_and_reorders() -> None:
    made, phone, _, _ = connected()
    for word in ("one", "two", "three"):
        tell(made, SERVER, f"shout:{word}")
    made.apply(Lose(PHONE, Shout("one")))
    made.apply(Duplicate(PHONE, Shout("two")))
    for word in ("three", "two", "two"):
        made.apply(Arrive(PHONE, Shout(word)))
    assert phone.heard == ["three", "two", "two"]


def test_mail_waits_for_a_receiver_that_is_down() -> None:
    made, phone, _, _ = world(links={Shout: UNORDERED})
    tell(made, SERVER, "shout:one")
    made.apply(Crash(PHONE))
    assert list(made.arrivals()) == []
    with pytest.raises(MoveError, match="is not running"):
        made.apply(Arrive(PHONE, Shout("one")))
    made.apply(Restart(PHONE))
    made.apply(Arrive(PHONE, Shout("one")))
    assert phone.heard == ["one"]


def test_a_push_to_a_device_that_is_down_arrives_and_is_lost() -> None:
    made, phone, _, _ = connected()
    tell(made, SERVER, "shout:one")
    made.apply(Crash(PHONE))
    assert Arrive(PHONE, Shout("one"), SERVER) in list(made.pending())
    made.apply(Arrive(PHONE, Shout("one")))
    assert (phone.heard, made.mail) == ([], {})


def test_a_reliable_link_loses_nothing() -> None:
    made, _, _, _ = world(links={Shout: ORDERED})
    tell(made, SERVER, "shout:one")
    with pytest.raises(MoveError, match="loses nothing"):
        made.apply(Lose(PHONE, Shout("one")))


def test_nothing_arrives_that_was_not_sent() -> None:
    made, _, _, _ = world()
    with pytest.raises(MoveError, match="is on its way"):
        made.apply(Arrive(PHONE, Shout("one")))


def test_an_ordered_link_delivers_only_the_oldest() -> None:
    made, phone, _, _ = world(links={Shout: ORDERED})
    tell(made, SERVER, "shout:one")
    tell(made, SERVER, "shout:two")
    with pytest.raises(MoveError, match="is on its way"):
        made.apply(Arrive(PHONE, Shout("two")))
    made.apply(Arrive(PHONE, Shout("one")))
    made.apply(Arrive(PHONE, Shout("two")))
    assert phone.heard == ["one", "two"]


def test_a_duplicating_link_delivers_any_number_of_times() -> None:
    made, phone, _, _ = world(links={Shout: DUPLICATING})
    tell(made, SERVER, "shout:again")
    for _ in range(3):
        made.apply(Arrive(PHONE, Shout("again")))
    assert phone.heard == ["again"] * 3


CONNECTION_TABLE = [
    ("`Disconnect`, clean", "closes", "closes after what is in flight", "arrives", "is lost"),
    ("`Disconnect`, half-open", "closes", "stays open until `Notice`", "arrives until the server closes", "is lost"),
    (
        "`Crash` or `Restore` of the server",
        "stays open until `Notice`",
        "closes",
        "is lost",
        "arrives until the client closes",
    ),
]


@pytest.mark.parametrize("row", CONNECTION_TABLE)
def test_the_table_of_closings_is_printed_row_by_row(row: tuple[str, ...]) -> None:
    assert row in closing_rows()
