"""The process of a device, here in this process: outbox, checkpoint, and the moment between applying and confirming."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncproof.core.observations import (
    Accepted,
    Checkpointed,
    Composed,
    Connected,
    Observation,
    Roamed,
    Shown,
    Unsure,
)
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.engines.drive import devices
from syncproof.engines.drive.adapter import (
    Batch,
    Cast,
    HistoryPage,
    Item,
    Receipt,
    Refusal,
    Registration,
    Target,
    Uncertain,
)
from syncproof.engines.drive.devices import Command, Order, RealDevice, Spec
from syncproof.engines.drive.journal import Reader
from syncproof.engines.drive.processes import Child

CHAT, LOG = ConversationId(0), Timeline("conversation", 0)


class Paper(Target):
    """A server on paper: what it answers is written here."""

    sees = frozenset({
        "Composed", "Accepted", "Unsure", "Shown", "Checkpointed", "Connected", "Roamed", "Joined", "Appended",
    })  # fmt: skip
    replies: ClassVar[list[Receipt | Refusal | Uncertain]] = []
    batches: ClassVar[list[Batch]] = []
    confirmed: ClassVar[list[int]] = []
    told: ClassVar[Registration] = Registration()
    endpoint = 0

    def up(self) -> None:
        """Do nothing: it has no process."""

    def processes(self) -> list[Child]:
        return []

    def register(self, device: DeviceId, user: UserId) -> Registration:
        return self.told

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        return self.replies.pop(0)

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        return [batch for batch in self.batches if batch.upto > int(after.get("log", 0))]

    def confirm(self, device: DeviceId, batch: Batch) -> None:
        self.confirmed.append(batch.upto)

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        return HistoryPage(after, after + 1, ((after + 1, MessageId(after + 1)),))


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "load", lambda where: Paper)
    Paper.replies, Paper.batches, Paper.confirmed, Paper.told = [], [], [], Registration()


def made(folder: Path, order: Order = "together", new: bool = False) -> RealDevice:
    database = str(folder / "device.db")
    cast = Cast((0, 0), ((0,),))
    return RealDevice(Spec(target="", device=1, user=0, port=0, database=database, cast=cast, order=order, new=new))


def noted(folder: Path, *kinds: type[Observation]) -> list[Any]:
    reader = Reader(folder / "device.db")
    found = [seen for _, seen in reader.fresh() if not kinds or isinstance(seen, kinds)]
    reader.close()
    return found


def batch(*places: int) -> Batch:
    items = [Item(Message(MessageId(place), DeviceId(0), CHAT), place, place) for place in places]
    return Batch("log", tuple(items), str(places[-1]), LOG, places[0] - 1, places[-1])


def test_a_message_whose_fate_is_unknown_is_sent_again(tmp_path: Path) -> None:
    device = made(tmp_path)
    device.obey(Command("compose", 7))
    Paper.replies = [Uncertain("no reply"), Receipt(3)]
    with pytest.raises(ConnectionError):
        device.work()
    device.work()
    said = noted(tmp_path, Composed, Unsure, Accepted)
    assert said == [Composed(MessageId(7), DeviceId(1), CHAT), Unsure(MessageId(7)), Accepted(MessageId(7), 3)]
    device.work()
    assert noted(tmp_path, Accepted) == [Accepted(MessageId(7), 3)]


def test_what_is_shown_is_not_shown_again_and_the_checkpoint_survives_the_process(tmp_path: Path) -> None:
    Paper.batches = [batch(1, 2)]
    made(tmp_path).work()
    Paper.batches = [batch(2, 3)]
    made(tmp_path).work()
    assert [seen.message for seen in noted(tmp_path, Shown)] == [1, 2, 3]
    assert [seen.seq for seen in noted(tmp_path, Checkpointed)] == [2, 3]
    assert len(noted(tmp_path, Connected)) == 2


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(("order", "shown", "confirmed"), [("apply-confirm", [1], []), ("confirm-apply", [], [1])])
def test_between_its_two_steps_a_device_has_done_the_first(
    order: Order, shown: list[int], confirmed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(pid: int, number: int) -> None:
        raise Killed

    monkeypatch.setattr(devices.os, "kill", kill)
    device = made(tmp_path, order)
    device.crashing = True
    Paper.batches = [batch(1)]
    with pytest.raises(Killed):
        device.work()
    device.database.close()
    assert [seen.message for seen in noted(tmp_path, Shown)] == shown
    assert Paper.confirmed == confirmed
    made(tmp_path, order).work()
    assert [seen.message for seen in noted(tmp_path, Shown)] == shown + (
        [1] if order == "apply-confirm" and not shown else []
    )


def test_a_new_device_begins_where_it_is_told_and_fetches_the_history_once(tmp_path: Path) -> None:
    start = Batch("log", (), "2", LOG, 2, 2)
    Paper.told = Registration(((CHAT, 2),), (start,))
    Paper.batches = [batch(1, 2), batch(3)]
    made(tmp_path, new=True).work()
    made(tmp_path, new=True).work()
    assert [seen.upto for seen in noted(tmp_path, Roamed)] == [1, 2]
    assert [seen.message for seen in noted(tmp_path, Shown)] == [3]
    assert noted(tmp_path, Checkpointed)[0] == Checkpointed(DeviceId(1), LOG, 2, True)
