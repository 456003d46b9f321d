"""What devices derive: unread counts, and when messages expire; and what servers of logs do with an expired message."""

from __future__ import annotations

from typing import Any, cast

import pytest

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.moves import Crash, Fire, Restart
from syncproof.core.observations import Expired, Observation, Unread
from syncproof.core.values import SERVER, DeviceId, Entry, Id, Message, MessageId, UserId
from syncproof.core.world import World
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Elapsed, Push
from syncproof.designs.timeline.push import PushDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.inputs.bounds import within
from syncproof.inputs.small_worlds import SmallWorld, build, small_world
from syncproof.studies.verify import search

READ = ("expiry_from", "read")
LOGS = ["timeline-notify", "timeline-dense-push", "timeline-read-fanout", "log-device-acks"]


def run(design: str, world: SmallWorld, *, expire: bool = True) -> tuple[World, list[Observation]]:
    """Return a world after a run without faults, each script in turn, and its observations. `expire`: time passes."""
    system, _, environment = build(design, world)
    seen: list[Observation] = []
    made = World(system, seen.append)
    seen.clear()  # what the run begins with
    for move in environment.prelude:
        made.apply(move)
    for script in environment.scripts:
        for tell in script:
            made.apply(tell)
            settle(made, expire=False)
    settle(made, expire=expire)
    return made, seen


def settle(world: World, *, expire: bool) -> None:
    """Make what is under way happen; timers of expiring messages fire last, or not at all."""
    while True:
        moves = list(world.pending())
        others = [m for m in moves if not (isinstance(m, Fire) and isinstance(m.packet, Elapsed))]
        if not others and not (expire and moves):
            return
        world.apply((others or moves)[0])


def counts(seen: list[Observation]) -> list[tuple[int, int]]:
    """Return the counts that devices showed, in order: (device, count)."""
    return [(int(o.device), o.count) for o in seen if isinstance(o, Unread)]


def ended(seen: list[Observation]) -> set[int | None]:
    """Return where a message expired; None: on the server."""
    return {None if o.device is None else int(o.device) for o in seen if isinstance(o, Expired)}


def waiting(world: World) -> set[int]:
    """Return whose timer of the first message is armed."""
    return {int(name) for name, timers in world.timers.items() if Elapsed(MessageId(0)) in timers}


def test_a_receiver_counts_what_it_has_not_read_and_a_sender_does_not() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 1, ("unread",)))
    assert counts(seen) == [(1, 1)]


def test_reading_leaves_nothing_unread() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 2, ("read", "unread")))
    assert counts(seen) == [(1, 1), (1, 0)]


def test_a_recalled_message_is_not_unread() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 2, ("recall", "unread")))
    assert counts(seen) == [(1, 1), (1, 0)]


def test_an_expired_message_is_not_unread() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 1, ("unread", "expiring")))
    assert counts(seen) == [(1, 1), (1, 0)]


def test_no_device_counts_unless_it_is_asked_to() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 1, ()))
    assert counts(seen) == []


@pytest.mark.parametrize("design", LOGS)
def test_an_expired_message_leaves_a_void_in_every_log(design: str) -> None:
    made, seen = run(design, SmallWorld("two-people", 1, ("expiring",)))
    server = cast(Any, made.actors[SERVER])
    kinds = [entry.kind for log in (*server.store.values(), *server.sync.values()) for entry in log.entries]
    assert set(kinds) == {"void"}
    assert ended(seen) == {None, 0, 1}


def test_of_an_inbox_only_the_devices_have_anything_to_remove() -> None:
    _, seen = run("inbox-store-first", SmallWorld("two-people", 1, ("expiring",)))
    assert ended(seen) == {0, 1}


def test_what_is_not_read_does_not_expire_where_its_time_begins_with_reading() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-people", 1, ("expiring",), (READ,)))
    assert ended(seen) == set()


def test_what_is_read_expires_on_all_devices_of_its_reader() -> None:
    _, seen = run("timeline-notify", SmallWorld("two-devices", 2, ("read", "expiring"), (READ,)))
    assert ended(seen) == {0, 1}


@pytest.mark.parametrize("who", [SERVER, DeviceId(1)])
def test_timers_are_armed_again_after_a_restart(who: Any) -> None:
    made, _ = run("timeline-notify", SmallWorld("two-people", 1, ("expiring",)), expire=False)
    assert waiting(made) == {SERVER, 0, 1}
    made.apply(Crash(who))
    assert waiting(made) == {SERVER, 0, 1} - {who}
    made.apply(Restart(who))
    assert waiting(made) == {SERVER, 0, 1}


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_keeps_its_promises_about_what_devices_derive(design: str) -> None:
    found = search(design, SmallWorld("two-people", 1, ("unread", "expiring")))
    promised = DESIGNS[design].promises
    assert [name for name, each in found.findings.items() if name in promised and each.verdict == "violated"] == []
    assert [found.findings[name].verdict for name in ("expires", "unread-agrees")] == ["holds", "holds"]


@actor
class CountsWhatIsPushed(PushDevice):
    """Counts what is pushed, and not what it pulls."""

    pushing: bool = volatile(bool)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        self.pushing = True
        super().pushed(source, packet, out)
        self.pushing = False

    def count_new(self, message: Message, place: int, out: Out) -> None:
        if self.pushing:
            super().count_new(message, place, out)


def test_a_device_that_never_says_a_count_shows_none() -> None:
    design = DESIGNS["timeline-push"].variant(device=CountsWhatIsPushed)
    counterexample = search(design, small_world("two-people", 1, ("unread",))).findings["unread-agrees"].counterexample
    assert counterexample is not None
    assert counterexample.says == "device 1 shows 0 unread in conversation 0, but 1 are"


@actor
class KeepsNoCopyOfWhatExpires(TimelineServer):
    """Writes no copy of an expiring message for other users, whose devices may be away."""

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        assert entry.message is not None
        writer = self.owners[entry.message.sender]
        super().fan_out(entry, (writer,) if entry.message.expires is True else users, out)


def test_the_standard_bounds_have_a_world_in_which_an_expiring_message_is_owed_to_the_end() -> None:
    design = DESIGNS["timeline-notify"].variant(server=KeepsNoCopyOfWhatExpires, name="ephemeral")
    worlds = [world for world in within("standard", "timeline-notify") if world.parameters == (READ,)]
    found = [search(design, world).findings["no-loss"].counterexample for world in worlds]
    assert [each.says for each in found if each is not None] == [
        "message 0 was accepted, but device 1 of its audience never shows it"
    ]
