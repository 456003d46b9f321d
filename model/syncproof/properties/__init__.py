"""The properties by name, safety before liveness. Each is an automaton over observations, in a file of its own."""

from __future__ import annotations

from syncproof.properties._base import Property, observes
from syncproof.properties.accepted_is_durable import AcceptedIsDurable
from syncproof.properties.accepted_once import AcceptedOnce
from syncproof.properties.change_monotonic import ChangeMonotonic
from syncproof.properties.checkpoint_covered import CheckpointCovered
from syncproof.properties.checkpoint_monotonic import CheckpointMonotonic
from syncproof.properties.convergence import Convergence
from syncproof.properties.conversation_order import ConversationOrder
from syncproof.properties.dense import Dense
from syncproof.properties.epoch_learnt import EpochLearnt
from syncproof.properties.expires import Expires
from syncproof.properties.inbox_drained import InboxDrained
from syncproof.properties.no_creation import NoCreation
from syncproof.properties.no_duplicate import NoDuplicate
from syncproof.properties.no_early_delete import NoEarlyDelete
from syncproof.properties.no_loss import NoLoss
from syncproof.properties.outbox_drained import OutboxDrained
from syncproof.properties.prefix_order import PrefixOrder
from syncproof.properties.pull_terminates import PullTerminates
from syncproof.properties.range_read import RangeReads
from syncproof.properties.roaming_complete import RoamingComplete
from syncproof.properties.sender_order import SenderOrder
from syncproof.properties.store_before_sync import StoreBeforeSync
from syncproof.properties.tail_append import TailAppend
from syncproof.properties.unread_agrees import UnreadAgrees

PROPERTIES: dict[str, type[Property]] = {
    automaton.name: automaton
    for automaton in (
        NoDuplicate,
        NoCreation,
        PrefixOrder,
        ConversationOrder,
        SenderOrder,
        AcceptedIsDurable,
        StoreBeforeSync,
        TailAppend,
        RangeReads,
        Dense,
        CheckpointMonotonic,
        CheckpointCovered,
        NoEarlyDelete,
        ChangeMonotonic,
        AcceptedOnce,
        NoLoss,
        OutboxDrained,
        Convergence,
        UnreadAgrees,
        InboxDrained,
        RoamingComplete,
        EpochLearnt,
        Expires,
        PullTerminates,
    )
}

__all__ = ["PROPERTIES", "Property", "observes"]
