"""Messages that a device cannot open yet: placeholders, and what takes their places."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Out, actor, on
from syncproof.core.observations import Amended, Checkpointed, Observation, Placeholder, Shown
from syncproof.core.packets import LoseKey, ReceiveKey
from syncproof.core.values import (
    ENVIRONMENT,
    ConversationId,
    DeviceId,
    Entry,
    Id,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.packets import PullReply
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.inputs.small_worlds import small_world
from syncproof.studies.verify import search
from tests.helpers.effects import Effects

ME, OTHER, TALK = DeviceId(0), DeviceId(1), ConversationId(0)
LOG = Timeline("sync", 0)


def lacking() -> Effects:
    """Return a device that lacks the key of what others send."""
    ledger = Effects(TimelineDevice(id=ME, user=UserId(0), parameters=Parameters()))
    ledger.tell(ENVIRONMENT, LoseKey())
    return ledger


def get(ledger: Effects, *messages: Message) -> None:
    """Let the device get a page with these messages."""
    entries = tuple([Entry(n, n, message) for n, message in enumerate(messages, 1)])
    ledger.tell(OTHER, PullReply((Page(LOG, 0, entries, len(entries)),)))


def theirs(number: int) -> Message:
    return Message(MessageId(number), OTHER, TALK)


def seen(ledger: Effects, *kinds: type[Observation]) -> list[Observation]:
    return [each for each in ledger.seen if isinstance(each, kinds)]


def test_a_placeholder_takes_the_place_and_the_checkpoint_goes_on() -> None:
    ledger = lacking()
    get(ledger, theirs(5))
    assert seen(ledger, Placeholder, Shown, Checkpointed) == [
        Placeholder(ME, MessageId(5)),
        Shown(ME, MessageId(5), TALK, 1, LOG, 1),
        Checkpointed(ME, LOG, 1),
    ]


def test_the_message_replaces_its_placeholder_when_the_key_comes_and_is_not_shown_again() -> None:
    ledger = lacking()
    get(ledger, theirs(5))
    ledger.seen.clear()
    ledger.tell(ENVIRONMENT, ReceiveKey())
    get(ledger, theirs(5))
    assert ledger.seen == [Amended(ME, "message", 5, 0, MessageId(5))]


def test_a_device_that_has_the_key_shows_no_placeholder() -> None:
    ledger = lacking()
    ledger.tell(ENVIRONMENT, ReceiveKey())
    get(ledger, theirs(5))
    assert not seen(ledger, Placeholder)


def test_a_key_that_was_never_missing_changes_nothing() -> None:
    ledger = Effects(TimelineDevice(id=ME, user=UserId(0), parameters=Parameters()))
    ledger.tell(ENVIRONMENT, ReceiveKey())
    assert ledger.seen == []


def test_what_the_device_wrote_itself_needs_no_key() -> None:
    ledger = lacking()
    get(ledger, Message(MessageId(5), ME, TALK))
    assert not seen(ledger, Placeholder)


def test_a_change_is_read_without_the_key_and_what_it_replaced_is_never_shown() -> None:
    ledger = lacking()
    get(ledger, theirs(5), Message(MessageId(6), OTHER, TALK, kind="recall", about=5))
    ledger.tell(ENVIRONMENT, ReceiveKey())
    assert seen(ledger, Amended) == [Amended(ME, "message", 5, 2, MessageId(6), True)]


def test_a_device_that_is_restored_to_a_placeholder_says_so() -> None:
    ledger = lacking()
    get(ledger, theirs(5))
    backup = ledger.actor.snapshot()
    before = TimelineDevice(id=ME, user=UserId(0), parameters=Parameters())
    before.restore(backup)
    ledger.tell(ENVIRONMENT, ReceiveKey())
    ledger.seen.clear()
    before.restored(ledger.actor, ledger)
    assert seen(ledger, Placeholder) == [Placeholder(ME, MessageId(5))]


@actor
class KeepsPlaceholders(TimelineDevice):
    """Opens what comes after its key, and nothing that came before it."""

    @on(ReceiveKey)
    def key_received(self, source: Id, packet: ReceiveKey, out: Out) -> None:
        self.lacks_key = False


@actor
class ForgetsThatItLacksTheKey(TimelineDevice):
    """Takes itself to have every key when it starts, so that the key's coming changes nothing."""

    def start(self, out: Out) -> None:
        self.lacks_key = False


@pytest.mark.parametrize(
    ("device", "kinds"),
    [(KeepsPlaceholders, ()), (ForgetsThatItLacksTheKey, ("device-crash",))],
    ids=["key", "restart"],
)
def test_a_device_that_does_not_see_its_key_coming_still_owes_the_message(device: type[TimelineDevice], kinds) -> None:
    design = DESIGNS["timeline-notify"].variant(device=device)
    found = search(design, small_world("two-people", 1, ("key-late", *kinds)), until_decided=True)
    counterexample = found.findings["no-loss"].counterexample
    assert counterexample is not None
    assert counterexample.says == "device 1 could open message 0, and never shows more of it than a placeholder"
