# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a bug report to a proof
#
# A user reports that a message is missing, or there twice, or that the app asks the server again and again. The report has a
# symptom and often a suspicion. Three such reports of released systems are worked out here, each in the same four steps:
#
# 1. *Suspect*: write the mechanism that the report suggests as a small change of a sound design.
# 2. *See it fail*: search a small world in which the reported situation can come about. The counterexample is the failing test.
# 3. *Cure*: change the design, and search the same world again.
# 4. *Keep it*: a test that holds the cured design to its promises from then on.

# %%
from syncproof import DESIGNS, explore
from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id, Timeline
from syncproof.designs.packets import Commit, Page
from syncproof.designs.refusing import CursorRefused
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import ReadFanoutDevice
from syncproof.designs.timeline.server import TimelineServer

# %% [markdown]
# ## A message that is there twice
#
# [synapse#1481](https://github.com/matrix-org/synapse/issues/1481): the server recognises a message that is sent again by the
# transaction id of the sender's *last* request. If an older request is sent again after a newer one, it is taken for new.
#
# The suspicion as a change of `timeline-notify`: the server keeps the dedup rows of each device's last messages only.


# %%
def remembering(count):
    """Return timeline-notify with a server that recognises only the last messages of each device."""

    @actor
    class Remembers(TimelineServer):
        @on(Commit)
        def commit(self, source: Id, packet: Commit, out: Out) -> None:
            super().commit(source, packet, out)
            sender = packet.message.sender
            sent = [e.message.id for log in self.store.values() for e in log.entries if e.message.sender == sender]
            for message in sent[:-count]:
                self.index.pop(message, None)

    return DESIGNS["timeline-notify"].variant(
        name=f"remembers {count}", server=Remembers, summary=f"Recognises the last {count} messages of a device."
    )


def verdict(design, name, **world):
    """Search one world; say what the search found out about one property."""
    found = explore(design, **world)
    cell = found.cell(design.name, name)
    size = found.explored[design.name][0].states
    print(f"{design.name}, {world['messages']} messages: {name} {cell.verdict} ({size:,} states)")
    return found


retries = {"population": "two-people", "faults": ["sender-retry"]}
found = verdict(remembering(1), "accepted-once", messages=2, **retries)
found.diagram("accepted-once")

# %% [markdown]
# Move 11 is the second copy of the first message: its request was sent again while the first one was under way, and the server
# has forgotten it by the time it is written. The obvious cure is a longer memory:

# %%
verdict(remembering(2), "accepted-once", messages=2, **retries)
longer = verdict(remembering(2), "accepted-once", messages=3, **retries)

# %% [markdown]
# A memory of two messages passes the test that failed, and is refuted with one message more. No number is enough: storage takes its
# time, so a copy of an old request may be written after any number of newer messages. The lesson for tests: a world in which a
# cure passes must be large enough to show what the cure does not cover. The sound design keeps the rows:

# %%
sound = verdict(DESIGNS["timeline-notify"], "accepted-once", messages=3, **retries)

# %% [markdown]
# ## A conversation that is not shown
#
# [Telethon#1125](https://github.com/LonamiWebs/Telethon/issues/1125): after some time messages of quiet channels are missing. The
# client stores one state for what has several, so a busy conversation moves the cursor of a quiet one.
#
# This needs a world with two conversations, and a design whose devices read the conversations themselves.


# %%
@actor
class OneCursor(ReadFanoutDevice):
    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        self.share(timeline, out)
        super().on_hint(timeline, head, cause, out)

    def apply(self, page: Page, out: Out) -> None:
        self.share(page.timeline, out)
        super().apply(page, out)

    def share(self, timeline, out):
        self.advance(timeline, max(self.checkpoints.values(), default=0), out)


shared = DESIGNS["timeline-read-fanout"].variant(name="one cursor", device=OneCursor, summary="One cursor for all.")
quiet = {"population": "two-conversations", "messages": 3}
found = verdict(shared, "no-loss", **quiet)
print(found.cell("one cursor", "checkpoint-covered").counterexample.says)
found.diagram("checkpoint-covered")

# %%
verdict(DESIGNS["timeline-read-fanout"], "no-loss", **quiet)
sound = verdict(DESIGNS["timeline-read-fanout"], "checkpoint-covered", **quiet)

# %% [markdown]
# ## A device that asks without end
#
# [matrix-dart-sdk#2473](https://github.com/famedly/matrix-dart-sdk/issues/2473): the server no longer accepts the client's sync
# token, the client sends the same request again, and so on. The fault `cursor-refused` makes a server forget what it needs to
# continue from a device's cursors.


# %%
@actor
class Stubborn(TimelineDevice):
    @on(CursorRefused)
    def cursors_refused(self, source: Id, packet: CursorRefused, out: Out) -> None:
        if self.pull_answered(out):
            self.pull(self.cursors(), True, out)


stubborn = DESIGNS["timeline-notify"].variant(
    name="stubborn", device=Stubborn, summary="Asks again with the same cursor."
)
refused = {"population": "two-people", "messages": 2, "faults": ["cursor-refused"]}
found = verdict(stubborn, "pull-terminates", **refused)
found.diagram("pull-terminates")

# %% [markdown]
# The counterexample ends in a cycle, below the line: a reply is no trigger, also not one that says no. The first cure that comes to
# mind is to let it be, and to wait for the next notification or poll:


# %%
@actor
class Patient(TimelineDevice):
    @on(CursorRefused)
    def cursors_refused(self, source: Id, packet: CursorRefused, out: Out) -> None:
        if self.pull_answered(out):
            self.arm_poll(out)


patient = DESIGNS["timeline-notify"].variant(
    name="patient", device=Patient, summary="Waits when its cursor is refused."
)
verdict(patient, "pull-terminates", **refused)
print(verdict(patient, "no-loss", **refused).cell("patient", "no-loss").counterexample.says)

# %% [markdown]
# The loop is gone, and the messages with it: every later pull has the same cursor. One property alone would have passed this
# cure; the search judges all that the design promises. The sound design reads from the beginning, and shows nothing twice:

# %%
for name in ("pull-terminates", "no-loss", "no-duplicate"):
    verdict(DESIGNS["timeline-notify"], name, **refused)

# %% [markdown]
# ## Keep it
#
# Designs in a file of their own, and a test for each: the failing one documents the report, the passing one guards the cure.

# %%
# %%writefile cursors.py
"""Define a device that asks again with a refused cursor, and one that reads from the beginning."""

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs import DESIGNS
from syncproof.designs.refusing import CursorRefused
from syncproof.designs.timeline.device import TimelineDevice


@actor
class Stubborn(TimelineDevice):
    """Send the same cursors again."""

    @on(CursorRefused)
    def cursors_refused(self, source: Id, packet: CursorRefused, out: Out) -> None:
        """Pull from the refused cursors."""
        if self.pull_answered(out):
            self.pull(self.cursors(), True, out)


Reported = DESIGNS["timeline-notify"].variant(device=Stubborn, summary="As in the report.")
Cured = DESIGNS["timeline-notify"].variant(summary="Reads from the beginning.")

# %%
# %%writefile test_cursors.py
"""Hold the cure to its promises where the report came about."""

import pytest


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the report")
def test_the_reported_device_asks_without_end(keeps_promises):
    keeps_promises("cursors.py:Reported", world="two-people", messages=2, faults=["cursor-refused"])


def test_the_cured_device_keeps_every_promise(keeps_promises):
    keeps_promises("cursors.py:Cured", world="two-people", messages=2, faults=["cursor-refused"])


# %%
import subprocess
import sys

command = [sys.executable, "-m", "pytest", "-v", "--color=no", "test_cursors.py"]
lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
print("\n".join(" ".join(line.split()[:2]) for line in lines if line.startswith("test_cursors.py::")))

# %% [markdown]
# Every failure that syncproof knows is told in [failures](../docs/failures.md): where it was seen, the moves of its counterexample,
# and its cure.
