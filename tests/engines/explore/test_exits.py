"""Code of a model that ends the process is an error of the model, wherever it stands: a script would exit with 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import pytest

from syncproof.core.actor import Actor, Out, actor, on, state
from syncproof.core.environment import Environment
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.engines.handler_errors import HandlerError
from syncproof.properties import Property, observes

NAME = ActorId(0)


class Go(Packet, frozen=True, gc=False):
    pass


class Went(Observation, frozen=True, gc=False):
    pass


def end(here: bool) -> bool:
    if here:
        raise SystemExit(0)
    return True


@actor
class Ender(Actor):
    where: str

    def start(self, out: Out) -> None:
        end(self.where == "start")
        out.send(self.id, Go())

    def steps(self) -> Iterable[Packet]:
        end(self.where == "steps")
        return ()

    @on(Go, when=lambda self, source, packet: end(self.where == "guard"))
    def go(self, source: Id, packet: Go, out: Out) -> None:
        end(self.where == "handler")
        out.observe(Went())


def ending_property(where: str) -> type[Property]:
    @state
    class Ends(Property):
        name = "ends"
        kind = "liveness"
        evidence = {Went: lambda o: end(where == "evidence")}  # noqa: RUF012

        went: bool = attrs.field(default=False)

        @observes(Went)
        def on_went(self, o: Went) -> str | None:
            end(where == "reaction")
            self.went = True
            return None

        def at_quiescence(self) -> Iterator[str]:
            end(where == "rest")
            return iter(())

    return Ends


@pytest.mark.parametrize("where", ["start", "steps", "guard", "handler", "evidence", "reaction", "rest", "constraint"])
def test_a_search_does_not_end_the_process(where: str) -> None:
    system = System("ender", lambda: {NAME: Ender(id=NAME, where=where)})
    with pytest.raises(HandlerError, match="SystemExit: 0"):
        explore(system, Environment(), [ending_property(where)], constraint=lambda _: end(where == "constraint"))


def test_a_search_is_still_called_what_it_is() -> None:
    assert explore.__name__ == "explore"
    assert (explore.__doc__ or "").startswith("Visit every state")
