"""A Hypothesis state machine for a system: worlds too large for a search, many faults at once, failures shrunk.

`Machine` is a `RuleBasedStateMachine` with a rule for each kind of move that `core/enabled` has. A rule can be drawn while
a move of its kind is possible, and is given one of these moves. After each rule the invariants check the safety
properties, one invariant for each property. When an example ends, faults stop, the world comes to rest by the rules of
fairness, and the liveness properties are judged. `machine` makes a subclass for one system:

    class TestTwoPhaseCommit(machine(system, environment, ["agreement"]).TestCase):
        settings = profile_settings("dev")

`hypothesis_runs.py` has the profiles, and `play`, which runs a machine outside of a test.

A failing example is printed as Python to paste: each step is a rule with the move that it made, and a comment says which
packet a connection has delivered. What Hypothesis offers works as for every other state machine: its example database,
`--hypothesis-seed`, `--hypothesis-show-statistics` (faults and situations are events), shrinking, swarm testing (in each
example Hypothesis leaves out some rules, so that rare faults occur together).

There are no Hypothesis bundles: the values that rules would put into them are the possible moves, which the world computes
itself and which change with every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, ClassVar

from hypothesis import currently_in_test_context, event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncproof.core.enabled import ADVERSE, UNDER_WAY, BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce
from syncproof.core.moves import (
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Failover,
    Fire,
    Handover,
    Keep,
    Lose,
    Move,
    Notice,
    Restart,
    Restore,
    Spawn,
    Take,
    Tell,
)
from syncproof.core.observations import Noted, Observation
from syncproof.core.world import System
from syncproof.engines.environments import check_environment
from syncproof.engines.printed_steps import Comment, imports
from syncproof.properties.monitor import Monitor

BUDGET = 2
"""How often each fault may happen in an example."""
PATIENCE = 16
"""A kind of fault becomes possible after a drawn number of moves, at most so many. Without that wait the budget of every
fault would be spent in the first steps of most examples."""
LONGEST_REST = 2_000
"""The number of moves within which a world must come to rest once faults have stopped."""

RULES: dict[str, str] = {}
"""Kind of move -> the name of its rule in `Machine`."""


def rule_for(kind: str) -> Callable[[Callable[[Any, Any], None]], Callable[..., None]]:
    """Return a decorator that makes a method the rule for one kind of move of `core/enabled`.

    The rule can be drawn while a move of this kind is possible. It is given one of these moves.
    """

    def is_possible(machine: Machine) -> bool:
        return bool(machine.possible(kind))

    def decorate(method: Callable[[Any, Any], None]) -> Callable[..., None]:
        RULES[kind] = method.__name__
        return precondition(is_possible)(rule(move=possible_moves(kind))(method))

    return decorate


@st.composite
def possible_moves(draw: st.DrawFn, kind: str) -> Move:
    """Draw one of the moves of a kind that are possible now."""
    machine: Machine = draw(RUNNER)
    moves = machine.possible(kind)
    return moves[draw(_number_below(len(moves)))] if len(moves) > 1 else moves[0]


RUNNER = st.runner()
"""The state machine that is running."""


@cache
def _number_below(count: int) -> st.SearchStrategy[int]:
    # `sampled_from` would be made for each draw, and hashes all moves: with it a step takes a third more time.
    return st.integers(0, count - 1)


class PropertyViolated(AssertionError):
    """A property was violated: its `name`, its complaint (`says`), and the `moves` after the environment's prelude."""

    def __init__(self, title: str, name: str, says: str, moves: Sequence[Move]) -> None:
        self.title, self.name, self.says, self.moves = title, name, says, tuple(moves)
        super().__init__(f"{title}: {name} is violated: {says}")


class Machine(RuleBasedStateMachine):
    """A state machine for one system in one environment: `machine` makes the subclass that has them."""

    system: ClassVar[System]
    environment: ClassVar[Environment]
    properties: ClassVar[tuple[str, ...]]
    """The names of the properties that are judged."""
    adverse: ClassVar[tuple[str, ...]]
    """The kinds of move of this environment that become possible after a wait."""
    title: ClassVar[str]
    """The name of the system in error messages."""

    # ---- the beginning

    @initialize(
        waits=st.runner().flatmap(
            lambda self: st.fixed_dictionaries(dict.fromkeys(self.adverse, st.integers(0, PATIENCE)))
        ),
        messages=st.integers(1, 3),
    )
    def begin(self, waits: dict[str, int], messages: int) -> None:
        """Start the system, compose the first messages, and set after how many moves each fault becomes possible."""
        self.waits = waits
        self.situations: dict[str, None] = {}
        self.monitor = Monitor(self.properties)
        self.bounded = BoundedWorld(self.system, self.environment, self.observe)
        for _ in range(0 if self.monitor.violations else messages):
            for move in self.possible("compose")[:1]:
                self.make(move)

    # ---- a rule for each kind of move

    @rule_for("compose")
    def compose(self, move: Tell) -> None:
        """Let a user compose the next message of a script."""
        self.make(move)

    @rule_for("deliver")
    def deliver(self, move: Deliver) -> None:
        """Deliver the oldest packet of a connection to one of its ends."""
        self.make(move)

    @rule_for("arrive")
    def arrive(self, move: Arrive) -> None:
        """Let a push, a notification or another packet of a link arrive."""
        self.make(move)

    @rule_for("complete")
    def complete_operation(self, move: Complete) -> None:
        """Complete a storage operation."""
        self.make(move)

    @rule_for("fire")
    def fire_timer(self, move: Fire) -> None:
        """Fire a timer."""
        self.make(move)

    @rule_for("take")
    def take_step(self, move: Take) -> None:
        """Let an actor take a step that it offers."""
        self.make(move)

    @rule_for("poll")
    def poll(self, move: Fire) -> None:
        """Fire the poll timer of a device."""
        self.make(move)

    @rule_for("connect")
    def connect(self, move: Connect) -> None:
        """Connect a device that has no connection."""
        self.make(move)

    @rule_for("notice")
    def notice_dead_connection(self, move: Notice) -> None:
        """Let one end of a connection detect that the other end is closed."""
        self.make(move)

    @rule_for("restart")
    def restart(self, move: Restart) -> None:
        """Restart an actor that has crashed."""
        self.make(move)

    # ---- faults, and what leads to them

    @rule_for("disconnect")
    def disconnect(self, move: Disconnect) -> None:
        """Disconnect a device cleanly, so that the server's end closes too."""
        self.make(move)

    @rule_for("half-open")
    def disconnect_half_open(self, move: Disconnect) -> None:
        """Disconnect a device so that the server's end stays open."""
        self.make(move)

    @rule_for("push-lost")
    def lose_push(self, move: Lose) -> None:
        """Drop a push or notification."""
        self.make(move)

    @rule_for("push-duplicated")
    def duplicate_push(self, move: Duplicate) -> None:
        """Duplicate a push or notification."""
        self.make(move)

    @rule_for("device-crash")
    def crash_device(self, move: Crash) -> None:
        """Crash a device; of its open writes none, one or all become durable."""
        self.make(move)

    @rule_for("server-crash")
    def crash_server(self, move: Crash) -> None:
        """Crash a server; of its open writes none, one or all become durable."""
        self.make(move)

    @rule_for("new-device")
    def add_device(self, move: Spawn) -> None:
        """Add a new device of a user."""
        self.make(move)

    @rule_for("reinstall")
    def reinstall_device(self, move: Spawn) -> None:
        """Replace a device by a new installation."""
        self.make(move)

    @rule_for("backup")
    def take_backup(self, move: Keep) -> None:
        """Take a backup of an actor's durable state."""
        self.make(move)

    @rule_for("device-restore")
    def restore_device(self, move: Restore) -> None:
        """Restore a device from its backup."""
        self.make(move)

    @rule_for("server-restore")
    def restore_server(self, move: Restore) -> None:
        """Restore a server from its backup."""
        self.make(move)

    @rule_for("gateway-crash")
    def crash_gateway(self, move: Crash) -> None:
        """Crash a gateway: its connections are gone, and the store is not told."""
        self.make(move)

    @rule_for("failover")
    def fail_over(self, move: Failover) -> None:
        """Let a replica that lacks the tail take the store's place."""
        self.make(move)

    @rule_for("handover")
    def hand_over(self, move: Handover) -> None:
        """Connect a device through the next gateway, while the former one still believes in it."""
        self.make(move)

    @rule_for("partition")
    def cut_gateway(self, move: Disconnect) -> None:
        """Cut a gateway from the store."""
        self.make(move)

    @rule_for("intervention")
    def intervene(self, move: Tell) -> None:
        """Send again, change members, trim or step the clock: what the environment may tell an actor at any moment."""
        self.make(move)

    # ---- two rules that are not a single move

    def _is_under_way(self) -> bool:
        return any(self.possible(kind) for kind in UNDER_WAY)

    @precondition(_is_under_way)
    @rule(moves=st.integers(1, PATIENCE // 2), first=st.sampled_from(UNDER_WAY))
    def run_on(self, moves: int, first: str) -> None:
        """Make several moves that happen by themselves, those of the kind `first` before others.

        One draw instead of many, so that an example gets further within its steps.
        """
        begin = UNDER_WAY.index(first)
        order = (*UNDER_WAY[begin:], *UNDER_WAY[:begin])
        for _ in range(moves):
            move = next((found[0] for kind in order if (found := self.possible(kind))), None)
            if move is None:
                return
            self.remark(partial(repr, move))
            self.make(move)

    def _is_at_rest(self) -> bool:
        return not any(self.possible(kind) for kind in RULES)

    @precondition(_is_at_rest)
    @rule()
    def stay_at_rest(self) -> None:
        """Do nothing: no move is possible, and Hypothesis needs a rule until the example ends."""

    # ---- the end

    def teardown(self) -> None:
        """End the example: compose the rest of the scripts, stop faults, come to rest, and judge the liveness properties."""
        if not hasattr(self, "bounded") or self.monitor.violations:
            return
        self._report_events()
        while moves := self.bounded.possible()["compose"]:
            self.bounded.make(moves[0])
        quiesce(self.bounded.world, LONGEST_REST)
        for name in self.monitor.violations:
            self.fail(name)

    def _report_events(self) -> None:
        """Report which situations were met and which faults happened, for `--hypothesis-show-statistics`."""
        if currently_in_test_context():
            budgets = self.environment.budgets
            for happened in (*self.situations, *[f for f, left in self.bounded.left.items() if left < budgets[f]]):
                event(happened)

    # ---- what rules and invariants need

    def possible(self, kind: str) -> list[Move]:
        """Return the possible moves of a kind; none during the kind's wait."""
        wait = self.waits.get(kind, 0)
        return [] if wait > len(self.bounded.world.moves) else self.bounded.possible()[kind]

    def make(self, move: Move) -> None:
        """Make a possible move, with a comment on what `Deliver` delivers."""
        if type(move) is Deliver:
            self._remark_delivery(move)
        self.bounded.make(move)

    def observe(self, observation: Observation) -> None:
        """Pass an observation to the properties, and keep the situations that were met."""
        self.monitor.observe(observation)
        if type(observation) is Noted:
            self.situations[observation.situation] = None

    def fail(self, name: str) -> None:
        """Raise `PropertyViolated` for the first violation of a property."""
        moves = self.bounded.world.moves
        self.remark(lambda: f"the names in these steps: {'; '.join(imports(moves))}")
        raise PropertyViolated(self.title, name, self.monitor.violations[name][0].says, moves)

    def remark(self, text: Callable[[], str]) -> None:
        """Print a comment between the steps of a failing example; `text` is called only then."""
        if currently_in_test_context():
            note(Comment(text))

    def _remark_delivery(self, move: Deliver) -> None:
        connection = self.bounded.world.connections.get(move.connection)
        queue = () if connection is None else connection.up if move.end == "server" else connection.down
        if connection is not None and queue:
            packet, client = queue[0], connection.client
            self.remark(lambda: f"{packet} {'from' if move.end == 'server' else 'to'} {client}")


def _rule_of_its_kind(kind: str) -> Callable[..., None]:
    """Return a rule for a kind of fault that has none above."""

    def make_it_happen(self: Machine, move: Move) -> None:
        self.make(move)

    make_it_happen.__name__ = kind.replace("-", "_")
    make_it_happen.__doc__ = f"Make a move of the kind {kind}."
    return rule_for(kind)(make_it_happen)


for _kind in ADVERSE:
    if _kind not in RULES:
        setattr(Machine, _kind.replace("-", "_"), _rule_of_its_kind(_kind))


def machine(
    system: System, environment: Environment, properties: Iterable[str], *, title: str = "", name: str = ""
) -> type[Machine]:
    """Return the state machine that runs a system within the budgets of an environment.

    `properties`: the names of those that are judged. `title`: the name of the system in error messages. `name`: the Python
    expression that makes this class again, for the first line of a failing example. The rules of faults that the
    environment has no budget for are left out. `InputError` for a budget of an unknown fault.
    """
    check_environment(environment, system)
    asked = tuple(properties)
    adverse = tuple(kind for kind in ADVERSE if kind in _adverse_kinds(environment))
    members: dict[str, Any] = {
        "system": system,
        "environment": environment,
        "properties": asked,
        "adverse": adverse,
        "title": title or system.name,
        "__doc__": f"Play {title or system.name}.",
        **{RULES[kind]: None for kind in ADVERSE if kind not in adverse},
        **{property_name.replace("-", "_"): _invariant(property_name) for property_name in asked},
    }
    return type(name or "Machine", (Machine,), members)


def _adverse_kinds(environment: Environment) -> set[str]:
    faults = {fault for fault, budget in environment.budgets.items() if budget > 0}
    backup = {"backup"} if faults & {"device-restore", "server-restore", "failover"} else set()
    interventions = {"intervention"} if any(fault in faults for _, fault in environment.interventions) else set()
    return faults | backup | interventions


def _invariant(name: str) -> Callable[[Machine], None]:
    """Return the invariant of one property. Its precondition keeps invariants that hold out of the printed steps."""

    def is_violated(self: Machine) -> bool:
        return name in self.monitor.violations

    def check(self: Machine) -> None:
        self.fail(name)

    check.__name__ = name.replace("-", "_")
    return precondition(is_violated)(invariant()(check))
