"""The ready designs: what each is made of, what it promises, and under which faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncproof.core.actor import Actor
from syncproof.core.faults import FAULTS, spelled_out
from syncproof.core.observations import Joined, MemberAdded, Observation, Unread
from syncproof.core.values import SERVER, ActorId, ConversationId, DeviceId, UserId
from syncproof.core.world import System
from syncproof.designs import promises, witnesses
from syncproof.designs.base import Device, Server
from syncproof.designs.deployments import DEPLOYMENTS, Gateway
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.inbox.shared import SharedInboxServer
from syncproof.designs.inbox.sync_first import SyncFirstServer
from syncproof.designs.parameters import Parameters
from syncproof.designs.promises import without
from syncproof.designs.timeline.checkpointed import CheckpointedServer
from syncproof.designs.timeline.consumers import ConsumerDevice, ConsumerServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import HybridServer, ReadFanoutDevice, ReadFanoutServer
from syncproof.designs.timeline.push import DensePushDevice, DensePushServer, PushDevice, PushServer
from syncproof.designs.timeline.server import TimelineServer
from syncproof.designs.witnesses import Meets
from syncproof.errors import InputError, nearest
from syncproof.properties import PROPERTIES, Property, own
from syncproof.properties.refinements import REFINEMENTS

SEARCHED = Parameters().without_timeouts()
"""The parameters that the ready designs are searched with. Devices that give up waiting have worlds of their own
(`inputs/small_worlds.py`), because a timer of every request makes several times as many states."""


class Population(msgspec.Struct, frozen=True):
    """Who takes part when a run begins: the user of each device, and the members of each conversation."""

    owners: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]


def _name_of(kind: object) -> str:
    return getattr(kind, "__name__", repr(kind))


class Design(msgspec.Struct, frozen=True):
    """A design for synchronising messages.

    `promises`: property -> the faults under which it is promised. `not_applicable`: property -> why it makes no sense for
    the design. A property in neither table is judged and reported. `sequencers`: the numberings that the design works
    with, its default first. `parameters`: those that it is searched with (a simulation takes the scenario's). `meets`:
    what a search of it must reach (see `witnesses.py`). `untouched`: faults that change nothing in it. `pins`: the
    parameters that make it a *form* of another design, `form_of`; they go before a scenario's (see `forms.py`).
    `gateway`: what holds the devices' connections where the server runs behind gateways (see `deployments.py`). `refines`: the
    ready abstract machines (`properties/refinements.py`) that it implements -> the faults under which it does.
    """

    name: str
    family: str
    summary: str
    device: type[Device]
    server: type[Server]
    promises: Mapping[str, tuple[str, ...]]
    not_applicable: Mapping[str, str]
    sequencers: tuple[str, ...] = ()
    parameters: Parameters = SEARCHED
    meets: tuple[Meets, ...] = ()
    untouched: tuple[str, ...] = ()
    pins: Mapping[str, object] = {}
    form_of: str = ""
    gateway: type[Gateway] = Gateway
    refines: Mapping[str, tuple[str, ...]] = {}

    def __post_init__(self) -> None:
        """Check a design, and spell out the kinds of fault of its promises. `InputError` for what it cannot be made of."""
        for what, kind, base in (("device", self.device, Device), ("server", self.server, Server)):
            if not (isinstance(kind, type) and issubclass(kind, base)):
                raise InputError(
                    f"{what}: {kind!r} is not a subclass of {base.__name__}; write class Mine({base.__name__})"
                )
            if not kind.is_declared():
                raise InputError(
                    f"{what}: {kind.__name__} has no @actor, so its fields are not declared; write @actor above it"
                )
        if not isinstance(self.parameters, Parameters):
            raise InputError(f"parameters: {self.parameters!r:.60}; allowed: syncproof.designs.Parameters(...)")
        if not isinstance(self.not_applicable, Mapping):
            raise InputError(f"not_applicable: {self.not_applicable!r:.60}; allowed: property -> why it makes no sense")
        for name in self.not_applicable:
            if name not in PROPERTIES:
                raise InputError(f"not_applicable: unknown property {name!r}{nearest(str(name), PROPERTIES)}")
        self._check_promises("promises", self.promises, PROPERTIES)
        self._check_promises("refines", self.refines, REFINEMENTS)
        for field in ("promises", "refines"):
            given = getattr(self, field)
            spelled = {name: spelled_out(faults) for name, faults in given.items()}
            if spelled != given:
                msgspec.structs.force_setattr(self, field, spelled)

    def effective(self, parameters: Parameters) -> Parameters:
        """Return the parameters with those that make this form set to its values."""
        return msgspec.structs.replace(parameters, **self.pins) if self.pins else parameters

    @property
    def inapplicable(self) -> Mapping[str, str]:
        """Return the properties that make no sense for the design, with one's own of another family, and why."""
        others = {
            name: f"it is asked of designs of the family {PROPERTIES[name].family!r} alone"
            for name in own.ADDED
            if PROPERTIES[name].family not in ("", self.family)
        }
        return {**self.not_applicable, **others} if others else self.not_applicable

    def promised(self, parameters: Parameters) -> Mapping[str, tuple[str, ...]]:
        """Return the promises under these parameters, and the properties of one's own, which every design is asked to keep.

        That it `refines` a ready machine is a promise while that machine is judged. Without idempotent send, a retry takes a
        second place. An inbox that deletes what was not acknowledged keeps less.
        """
        effective = self.effective(parameters)
        lost: tuple[str, ...] = ()
        if not effective.idempotent_send:
            lost += ("convergence", "unread-agrees", "sender-order", "accepted-once", "device-log")
        if effective.inbox_ttl and issubclass(self.server, InboxServer):
            lost += promises.RELIABLE_INBOX
        if effective.shared_delete == "send" and issubclass(self.server, SharedInboxServer):
            lost += ("no-early-delete",)
        kept = self.promises
        if own.ADDED:
            asked = {
                name: tuple(FAULTS) for name in own.ADDED if name not in REFINEMENTS and name not in self.inapplicable
            }
            refined = {name: faults for name, faults in self.refines.items() if name in own.ADDED}
            kept = {**kept, **asked, **refined}
        return without(kept, *lost) if lost else kept

    def variant(
        self,
        *,
        device: type[Device] | None = None,
        server: type[Server] | None = None,
        promises: Mapping[str, tuple[str, ...]] | None = None,
        summary: str = "",
        parameters: Parameters | None = None,
        name: str = "",
        sometimes: Mapping[type[Property], str | Sequence[str]] | None = None,
        gateway: type[Gateway] | None = None,
        refines: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Design:
        """Return this design with another device, another server, other promises or other parameters.

        `sometimes`: property -> the kinds of fault in whose worlds some search must reach it (none: in any world); such a
        property is made by `syncproof.properties.sometimes.sometimes`.
        `refines`: the abstract machines that it implements, as `Design` has them.
        `name`: its name in results and reports; by default this one's, with the names of the classes. `InputError` for a
        class that is not of the right kind, and for a promise of an unknown property or under an unknown fault.
        """
        for what, text in (("summary", summary), ("name", name)):
            if not isinstance(text, str):
                raise InputError(f"{what}: {text!r:.60}; allowed: a text")
        changed = {
            "name": name
            or " with ".join([self.name, *[_name_of(kind) for kind in (device, server) if kind is not None]]),
            "summary": summary or self.summary,
            "device": self.device if device is None else device,
            "server": self.server if server is None else server,
            "promises": self.promises if promises is None else promises,
            "refines": self.refines if refines is None else refines,
            "parameters": self.parameters if parameters is None else parameters,
            "gateway": self.gateway if gateway is None else gateway,
            "meets": (
                *(() if device or server or parameters or gateway else self.meets),
                *witnesses.declared({} if sometimes is None else sometimes),
            ),
        }
        # Not `structs.replace`, which checks nothing in early versions of msgspec.
        return Design(**{field: getattr(self, field) for field in self.__struct_fields__} | changed)

    def _check_promises(
        self, what: str, promises: Mapping[str, tuple[str, ...]], known: Mapping[str, type[Property]]
    ) -> None:
        """Raise `InputError` for a promise of an unknown or inapplicable property, or under an unknown fault."""
        if not isinstance(promises, Mapping):
            raise InputError(f"{what}: {promises!r}; allowed: property -> the faults under which it is promised")
        for name, faults in promises.items():
            if name not in known:
                raise InputError(f"{what}: unknown property {name!r}{nearest(str(name), known)}")
            if name in self.not_applicable:
                raise InputError(f"{what}: {name} does not apply to {self.name}: {self.not_applicable[name]}")
            for fault in spelled_out(faults):
                if fault not in FAULTS:
                    raise InputError(f"{what}[{name!r}]: unknown fault {fault!r}{nearest(str(fault), FAULTS)}")

    def system(
        self, population: Population, parameters: Parameters, deployment: str = "single", replica: bool = False
    ) -> System:
        """Return the system of the design's actors for a population. `InputError` if it cannot work with the parameters.

        `deployment`: a name of `DEPLOYMENTS`. `replica`: one that follows with a lag serves what only reads.
        """
        deployed = DEPLOYMENTS[deployment]
        kind = deployed.server(self.server, replica)
        parameters = self.effective(parameters)
        numbering = self.sequencers[0] if parameters.sequencer == "auto" and self.sequencers else parameters.sequencer
        if self.sequencers and numbering not in self.sequencers:
            allowed = ", ".join(("auto", *self.sequencers))
            raise InputError(f"model.sequencer: {self.name} does not work with {numbering!r}; allowed: {allowed}")

        def spawn(device: DeviceId, user: UserId, replaces: DeviceId | None = None) -> Actor:
            return self.device(id=device, user=user, parameters=parameters, replaces=replaces)

        def cast() -> dict[ActorId, Actor]:
            server = kind(id=SERVER, parameters=parameters, sequencer=numbering)
            actors: dict[ActorId, Actor] = {SERVER: server, **deployed.others(self.gateway)}
            for number, owner in enumerate(population.owners):
                device = DeviceId(number)
                server.register_device(device, UserId(owner))
                member = self.device(id=device, user=UserId(owner), parameters=parameters)
                member.registered = True
                actors[device] = member
            for number, users in enumerate(population.members):
                for user in users:
                    server.insert_member(ConversationId(number), UserId(user))
            return actors

        opening: list[Observation] = [
            Joined(DeviceId(number), UserId(owner)) for number, owner in enumerate(population.owners)
        ]
        opening += [
            MemberAdded(ConversationId(number), UserId(user))
            for number, users in enumerate(population.members)
            for user in users
        ]
        if parameters.unread_counts:  # a device that says nothing shows none
            opening += [
                Unread(DeviceId(device), ConversationId(number), 0)
                for number, users in enumerate(population.members)
                for device, owner in enumerate(population.owners)
                if owner in users
            ]
        return System(
            self.name,
            cast,
            server=SERVER,
            gateways=deployed.gateways,
            opening=tuple(opening),
            spawn=spawn,
            clocked=numbering == "clock" and bool(self.sequencers),
        )


NO_CHECKPOINTS = dict.fromkeys(
    ("checkpoint-monotonic", "checkpoint-covered", "epoch-learnt"),
    "an inbox has no checkpoints: what is delivered is deleted",
)
NO_LOGS = dict.fromkeys(("prefix-order", "tail-append", "range-read", "dense"), "an inbox is a queue, not a log")
ACKED = dict.fromkeys(
    ("checkpoint-monotonic", "checkpoint-covered", "epoch-learnt"),
    "a device has no checkpoint: the server keeps what it has acked",
)
NO_INBOX = dict.fromkeys(("no-early-delete", "inbox-drained"), "there is no offline inbox")
SPARSE = {"dense": "the numbering is sparse on purpose"}

SPARSE_FIRST = ("sparse", "dense", "segmented", "clock")


class ReadyDesigns(dict[str, Design]):
    """Designs by name; `InputError` with what is allowed for one that is not there."""

    def __missing__(self, name: object) -> Design:
        raise InputError(f"there is no ready design {name!r}{nearest(str(name), list(self))}")


DESIGNS: dict[str, Design] = ReadyDesigns(
    (design.name, design)
    for design in (
        Design(
            "inbox-store-first",
            "inbox",
            "Write a copy per device into its offline inbox, push, delete after the device's ack.",
            InboxDevice,
            InboxServer,
            promises.STORE_FIRST,
            {**NO_CHECKPOINTS, **NO_LOGS},
            untouched=("clock-step",),
            meets=witnesses.INBOX_PUSHED_AGAIN,
        ),
        Design(
            "inbox-sync-first",
            "inbox",
            "Deliver to online devices first; only what was not acked in time goes to the offline inbox.",
            InboxDevice,
            SyncFirstServer,
            promises.SYNC_FIRST,
            {**NO_CHECKPOINTS, **NO_LOGS},
            parameters=msgspec.structs.replace(SEARCHED, retransmission=False),  # too many states with two messages
            untouched=("clock-step",),
            meets=witnesses.SYNC_FIRST,
        ),
        Design(
            "inbox-shared",
            "inbox",
            "One copy per user, drained by whichever device comes first: why an inbox needs a copy per device.",
            InboxDevice,
            SharedInboxServer,
            promises.SHARED_INBOX,
            {**NO_CHECKPOINTS, **NO_LOGS},
            untouched=("clock-step",),
            meets=witnesses.INBOX_PUSHED_AGAIN,
        ),
        Design(
            "timeline-notify",
            "timeline",
            "Message store, then sync store, then a notification; every device pulls from its own checkpoint.",
            TimelineDevice,
            TimelineServer,
            promises.TIMELINE,
            {**NO_INBOX, **SPARSE},
            SPARSE_FIRST,
            meets=witnesses.TIMELINE,
            refines=promises.DEVICE_LOG,
        ),
        Design(
            "timeline-checkpointed",
            "timeline",
            "As timeline-notify; the server also records each device's checkpoint, learnt from the pulls.",
            TimelineDevice,
            CheckpointedServer,
            promises.TIMELINE,
            {**NO_INBOX, **SPARSE},
            SPARSE_FIRST,
            meets=witnesses.TIMELINE,
            refines=promises.DEVICE_LOG,
        ),
        Design(
            "timeline-dense-push",
            "timeline",
            "Dense numbering lets the push carry the message; a device pulls only when it sees a gap.",
            DensePushDevice,
            DensePushServer,
            promises.DENSE_PUSH,
            NO_INBOX,
            ("dense",),
            untouched=("clock-step",),
            meets=witnesses.DENSE_PUSH,
            refines=promises.DEVICE_LOG,
        ),
        Design(
            "timeline-push",
            "timeline",
            "The push carries the message over sparse numbering, is shown at once, and is confirmed by a pull.",
            PushDevice,
            PushServer,
            promises.PUSH,
            {**NO_INBOX, **SPARSE},
            SPARSE_FIRST,
            meets=witnesses.TIMELINE,
        ),
        Design(
            "timeline-read-fanout",
            "timeline",
            "No per-user copies: devices read the conversations' timelines, with a checkpoint for each.",
            ReadFanoutDevice,
            ReadFanoutServer,
            promises.TIMELINE,
            {**NO_INBOX, "dense": "there is no sync timeline to number"},
            meets=witnesses.READ_FANOUT,
            untouched=("trim", "clock-step"),  # retention trims the sync store, which this design does not have
            refines=promises.DEVICE_LOG,
        ),
        Design(
            "timeline-hybrid-fanout",
            "timeline",
            "Copies on write for small conversations, reads of the conversation's timeline above a member count.",
            ReadFanoutDevice,
            HybridServer,
            promises.HYBRID,
            {**NO_INBOX, **SPARSE},
            SPARSE_FIRST,
            meets=witnesses.TIMELINE,
            refines=promises.HYBRID_DEVICE_LOG,
        ),
        Design(
            "log-device-acks",
            "timeline",
            "A retained log, and on the server a consumer per device: acked entry by entry, sent again after a wait.",
            ConsumerDevice,
            ConsumerServer,
            promises.DEVICE_ACKS,
            {
                **ACKED,
                "range-read": "a device is given what it has not acked, not a range",
                "dense": "there is no sync timeline to number",
            },
            untouched=("clock-step",),
            meets=witnesses.DEVICE_ACKS,
        ),
    )
)
