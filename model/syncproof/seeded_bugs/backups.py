"""Restores after which a device's checkpoint and the log disagree."""

from __future__ import annotations

from syncproof.core.actor import Out, actor
from syncproof.core.observations import Gone
from syncproof.designs.base import Device
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import ReadFanoutServer
from syncproof.designs.timeline.reading import LogServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class CheckpointElsewhere(TimelineDevice):
    """Keeps the checkpoint outside the database that a backup covers."""

    def restored(self, before: Device, out: Out) -> None:
        """Restore the messages, and keep the newer checkpoint."""
        assert isinstance(before, CheckpointElsewhere)
        self.checkpoints = before.checkpoints
        Device.restored(self, before, out)


F30 = seeded_bug(
    "F30",
    "device restored from backup",
    mechanism="the checkpoint is not part of the backup: old messages, new checkpoint",
    cure="keep the checkpoint in the database that it describes, so that a backup has both",
    seen_in="submersion PR#309",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("device-restore",)),
    device=CheckpointElsewhere,
)


@actor
class NoEpoch(ReadFanoutServer):
    """Keeps the log's epoch after a restore, so that numbers are assigned a second time."""

    def restored(self, before: LogServer, out: Out) -> None:
        """Report the lost messages to the history, and nothing to the devices."""
        for message in sorted(before.index):
            if message not in self.index:
                out.observe(Gone(message))


F31 = seeded_bug(
    "F31",
    "server restored",
    mechanism="checkpoints are ahead of the log: empty replies from then on; an epoch repairs it",
    cure="give the log a new epoch after a restore; a device that sees a new epoch starts again from what both have",
    seen_in="synapse PR#19644, zulip PR#12888, dxos PR#12942; Redis",
    violates=("no-loss",),
    base="timeline-read-fanout",
    world=("two-people", 2, ("server-restore",)),
    server=NoEpoch,
)
