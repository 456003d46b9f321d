"""The address of a way: what it looks like, and which texts are refused."""

from __future__ import annotations

import pytest

from syncproof.core.moves import Move, Restart
from syncproof.core.values import DeviceId
from syncproof.errors import InputError
from syncproof.report.explorer import address
from syncproof.report.explorer.address import Address, coded, parse


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", Address()),
        ("abcd", Address(("abcd",), 1)),
        ("abcd.efgh@1", Address(("abcd", "efgh"), 1)),
        ("abcd.~efgh.k2m3@0", Address(("abcd", "efgh", "k2m3"), 0, 1)),
    ],
)
def test_a_text_and_an_address_say_the_same(text: str, means: Address) -> None:
    assert parse(text) == means
    assert str(means) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ABCD", "allowed: the part of an address behind #"),
        ("a..b", "allowed: the part of an address behind #"),
        ("out", "allowed: the part of an address behind #"),
        ("<script>", "allowed: the part of an address behind #"),
        ("abcd@2", "the place is after 2 moves of 1; allowed: 0 to 1"),
        (".".join(["abcd"] * 2001), "2,001 moves; allowed: at most 2,000"),
    ],
)
def test_another_text_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")) as refused:
        parse(text)
    assert "\n" not in str(refused.value)


def test_moves_with_the_same_code_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_code", lambda move: "same")
    moves: list[Move] = [Restart(DeviceId(number)) for number in range(3)]
    assert list(coded([*moves, *moves])) == list(zip(("same", "samea", "sameb"), moves, strict=True))


def test_a_code_is_made_of_what_the_move_is() -> None:
    alone, beside = Restart(DeviceId(1)), Restart(DeviceId(2))
    assert list(coded([alone])) == [each for each in coded([beside, alone]) if each[1] == alone]
