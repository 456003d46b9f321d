"""`log-device-acks`: what a consumer gives, gives again and forgets, and what each of its rules is for."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Out, actor, on
from syncproof.core.moves import Deliver, Disconnect, Fire, Lose, Spawn, Tell
from syncproof.core.observations import Deleted, Roamed, Shown, Trimmed
from syncproof.core.packets import AddMember, Expire
from syncproof.core.values import (
    SERVER,
    ConnectionId,
    ConversationId,
    DeviceId,
    Entry,
    Id,
    Message,
    MessageId,
    Timeline,
    UserId,
)
from syncproof.designs import DESIGNS, Design
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import EntryAck, Push, Redeliver
from syncproof.designs.timeline.consumers import ConsumerDevice, ConsumerServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import log_of
from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES
from tests.helpers.effects import Effects
from tests.helpers.stage import LAPTOP, PHONE, TABLET, Stage

TALK = ConversationId(0)
NAME = "log-device-acks"


def server(stage: Stage) -> ConsumerServer:
    found = stage.world.actors[SERVER]
    assert isinstance(found, ConsumerServer)
    return found


def connected() -> Stage:
    stage = Stage(NAME)
    stage.connect(PHONE, LAPTOP, TABLET)
    return stage


def test_an_acked_entry_is_not_pending() -> None:
    stage = connected()
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == stage.shown(TABLET) == [0]
    assert {device: consumer.pending for device, consumer in server(stage).consumers.items()} == {
        device: set() for device in (PHONE, LAPTOP, TABLET)
    }
    assert [(o.box, o.device) for o in stage.of(Deleted)] == [(Timeline("inbox", d), d) for d in (LAPTOP, TABLET)]
    assert not stage.world.timers


def without_its_push() -> Stage:
    """Return a stage on which the laptop was pushed a message and the push was lost."""
    stage = connected()
    stage.compose(PHONE)
    stage.submit()
    while moves := [
        m for m in stage.world.pending() if not isinstance(m, Fire) and getattr(m, "receiver", 0) != LAPTOP
    ]:
        stage.do(moves[0])
    (push,) = [packet for _, packet in stage.world.mail[LAPTOP]]
    stage.do(Lose(LAPTOP, push))
    return stage


AGAIN = Redeliver(LAPTOP, log_of(TALK), 1)


def test_what_is_not_acked_is_sent_again_after_a_wait() -> None:
    stage = without_its_push()
    stage.do(Fire(SERVER, AGAIN))
    stage.settle()
    assert stage.shown(LAPTOP) == [0]


def test_the_wait_doubles_up_to_five_minutes_and_ends_with_the_ack() -> None:
    stage = without_its_push()
    waits = []
    for _ in range(8):
        waits.append(server(stage).waits[LAPTOP][TALK, 1])
        stage.do(Fire(SERVER, AGAIN))
        (again,) = [packet for _, packet in stage.world.mail[LAPTOP]]
        stage.do(Lose(LAPTOP, again))
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    stage.do(Fire(SERVER, AGAIN))
    stage.settle()
    assert not server(stage).waits
    assert not stage.world.timers


def test_a_poll_fetches_what_a_lost_push_did_not_bring() -> None:
    stage = without_its_push()
    stage.do(Fire(LAPTOP, stage.world.polls[LAPTOP]))
    stage.settle()
    assert stage.shown(LAPTOP) == [0]


def test_a_device_that_was_away_gets_what_it_was_not_given_before_what_is_new() -> None:
    stage = connected()
    stage.do(Disconnect(LAPTOP, True))
    stage.settle()
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == []
    stage.connect(LAPTOP)
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == [0, 1]
    assert not stage.violated()


def test_a_page_is_continued_after_its_last_entry() -> None:
    stage = Stage(NAME, page_size=2)
    stage.connect(PHONE)
    for _ in range(5):
        stage.compose(PHONE)
        stage.settle()
    stage.connect(LAPTOP)
    assert stage.shown(LAPTOP) == [0, 1, 2, 3, 4]
    assert not any(consumer.pending for consumer in server(stage).consumers.values() if consumer.given.get(TALK) == 5)


def test_a_new_device_is_given_what_comes_later_and_fetches_the_rest() -> None:
    stage = connected()
    stage.compose(PHONE)
    stage.settle()
    new = DeviceId(3)
    stage.do(Spawn(new, UserId(1)))
    stage.connect(new)
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(new) == [1]
    assert [o.entries for o in stage.of(Roamed)] == [((1, 0),)]


def test_retention_deletes_what_every_consumer_has_acked() -> None:
    stage = connected()
    stage.compose(PHONE)
    stage.settle()
    stage.do(Disconnect(LAPTOP, True))
    stage.settle()
    stage.compose(PHONE)
    stage.settle()
    stage.do(Tell(SERVER, Expire()))
    stage.settle()
    assert [(o.timeline, o.upto) for o in stage.of(Trimmed)] == [(log_of(TALK), 1)]
    stage.connect(LAPTOP)
    assert stage.shown(LAPTOP) == [0, 1]


def test_an_ack_of_another_epoch_is_ignored() -> None:
    stage = connected()
    stage.compose(PHONE)
    stage.submit()
    while moves := [m for m in stage.world.pending() if type(m).__name__ == "Complete"]:
        stage.do(moves[0])
    before = set(server(stage).consumers[LAPTOP].pending)
    connection = ConnectionId.of(LAPTOP, 1)
    stage.world.connections[connection].up.append(EntryAck(Timeline("conversation", 0, 1), (1,)))
    stage.do(Deliver(connection, "server"))
    assert server(stage).consumers[LAPTOP].pending == before == {(TALK, 1)}


def test_without_pushes_a_device_polls() -> None:
    stage = Stage(NAME, notifications=False)
    stage.connect(PHONE, LAPTOP)
    assert LAPTOP in stage.world.polls
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == []
    stage.do(Fire(LAPTOP, stage.world.polls[LAPTOP]))
    stage.settle()
    assert stage.shown(LAPTOP) == [0]


# ---- variations, each of which lacks one rule


@actor
class NeverAgain(ConsumerServer):
    """Send nothing again."""

    @on(Redeliver)
    def redeliver(self, source: Id, packet: Redeliver, out: Out) -> None: ...


@actor
class NeverPolls(ConsumerDevice):
    """Wait for pushes alone."""

    def arm_poll(self, out: Out) -> None: ...


@actor
class ShowsAgain(ConsumerDevice):
    """Show whatever comes."""

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        assert entry.message is not None
        self.shown.discard(entry.message.id)
        return super().show(entry, timeline, out)


@actor
class OnlyTheNew(ConsumerServer):
    """Give a connected device what is new alone, although something older was not given yet."""

    def unacked(self, device: DeviceId, conversation: ConversationId) -> list[Entry]:
        found = super().unacked(device, conversation)
        return found[-1:] if device in self.online else found


@actor
class AnyEpoch(ConsumerServer):
    """Take an ack of an earlier life of the log for one of the present."""

    @on(EntryAck)
    def acked(self, source: ConnectionId, packet: EntryAck, out: Out) -> None:
        super().acked(source, EntryAck(log_of(ConversationId(packet.timeline.owner), self.epoch), packet.seqs), out)


@actor
class AcksFirst(ConsumerServer):
    """Take an entry for acked when it is sent."""

    def give(self, device: DeviceId, conversation: ConversationId, entries: list[Entry], out: Out) -> None:
        super().give(device, conversation, entries, out)
        self.consumers[device].pending.clear()


@actor
class AppliesInOrderOfArrival(ConsumerDevice):
    """Apply every change that comes, also an older one."""

    def amend(self, message: Message, place: int, out: Out) -> None:
        self.versions.clear()
        super().amend(message, place, out)


SENDER = DeviceId(0)
EDITED_TWICE = (
    Message(MessageId(0), SENDER, TALK),
    Message(MessageId(1), SENDER, TALK, kind="edit", about=0),
    Message(MessageId(2), SENDER, TALK, kind="edit", about=0),
)


def violated(design: Design, world: SmallWorld) -> set[str]:
    system, _, environment = build(design, world)
    found = explore(system, environment, [p for name, p in PROPERTIES.items() if name in design.promises])
    assert found.complete
    return {name for name, finding in found.findings.items() if finding.verdict == "violated"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "world", "name"),
    [
        ((NeverAgain, NeverPolls), SmallWorld("two-devices", 1, ("push",)), "no-loss"),
        ((ShowsAgain,), SmallWorld("two-devices", 1, ("push",)), "no-duplicate"),
        ((AcksFirst,), SmallWorld("two-devices", 1, ("disconnect",)), "no-loss"),
        ((OnlyTheNew,), SmallWorld("two-people", 2, ("disconnect",)), "no-loss"),
        ((AppliesInOrderOfArrival,), SmallWorld("two-people", 3, ("push",), (), (EDITED_TWICE,)), "change-monotonic"),
    ],
)
def test_a_variation_that_lacks_a_rule_violates_a_promise(
    changed: tuple[type, ...], world: SmallWorld, name: str
) -> None:
    parts = {"device" if issubclass(each, TimelineDevice) else "server": each for each in changed}
    sound = DESIGNS[NAME]
    assert violated(sound, world) == set()
    assert name in violated(sound.variant(**parts), world)


@pytest.mark.parametrize("changed", [NeverAgain, NeverPolls])
def test_either_of_sending_again_and_polling_makes_up_for_lost_pushes(changed: type) -> None:
    part = "device" if issubclass(changed, TimelineDevice) else "server"
    assert violated(DESIGNS[NAME].variant(**{part: changed}), SmallWorld("two-devices", 1, ("push",))) == set()


@pytest.mark.slow
def test_an_ack_of_an_earlier_epoch_would_count_for_another_message() -> None:
    world = SmallWorld("two-people", 2, ("server-restore",))
    assert "no-early-delete" not in violated(DESIGNS[NAME], world)
    assert "no-early-delete" in violated(DESIGNS[NAME].variant(server=AnyEpoch), world)


def test_the_first_push_of_a_device_is_shown_once_however_often_it_comes() -> None:
    stage = connected()
    stage.compose(PHONE)
    stage.submit()
    while moves := [m for m in stage.world.pending() if type(m).__name__ == "Complete"]:
        stage.do(moves[0])
    assert isinstance(stage.world.mail[LAPTOP][0][1], Push)
    stage.do(Fire(SERVER, Redeliver(LAPTOP, log_of(TALK), 1)))
    assert len(stage.world.mail[LAPTOP]) == 1
    stage.settle()
    assert [o.device for o in stage.of(Shown)].count(LAPTOP) == 1


def test_a_consumers_positions_are_there_from_the_start_and_written_for_a_new_member() -> None:
    stage = connected()
    before = server(stage)
    opening = before.held()["consumers"]
    assert opening == ROW_BYTES * sum(len(before.followed[user]) for user in before.owners.values()) > 0
    out = Effects(before)
    out.tell(SERVER, AddMember(ConversationId(9), UserId(1)))
    own = sum(user == 1 for user in before.owners.values())
    assert before.held()["consumers"] - opening == ROW_BYTES * own > 0
    assert out.rows["written"] == 1 + own  # the member's row, and the positions
    assert not out.imbalance()
