"""A device of a design in this process, beside a server that only listens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from syncproof.core.observations import Composed, Connected, Disconnected, Observation
from syncproof.core.values import ConnectionId, DeviceId, MessageId
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.device_actor import DeviceProcess
from syncproof.engines.drive.devices import ARMED, Command, Spec
from syncproof.engines.drive.journal import Reader
from syncproof.engines.drive.wire import Hello

OPTIONS = {"system": "syncproof.studies.driven:system", "arguments": ["timeline-notify"], "slow_s": 0.0}


class AcceptingServer:
    """A server that accepts every connection, answers its first line, and keeps these lines."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.hellos: list[Hello] = []
        self.ends: list[socket.socket] = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            while True:
                end, _ = self.listening.accept()
                self.ends.append(end)
                line = end.makefile("rb").readline()
                self.hellos.append(msgspec.json.decode(line, type=Hello))
                end.sendall(b"{}\n")
        except OSError:
            pass

    def close(self) -> None:
        with suppress(OSError):  # closed before
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(10)
        for end in self.ends:
            end.close()


@pytest.fixture
def server() -> Iterator[AcceptingServer]:
    server = AcceptingServer()
    yield server
    server.close()


def device(folder: Path, port: int, push_port: int | None = None) -> DeviceProcess:
    spec = Spec(
        target="",
        device=0,
        user=0,
        port=port,
        push_port=port if push_port is None else push_port,
        database=str(folder / "device.db"),
        cast=Cast(owners=(0, 1), members=((0, 1),)),
        options=OPTIONS,
    )
    return DeviceProcess(spec)


def ended(process: DeviceProcess) -> None:
    for channel in process.channels():
        channel.close()
    process.database.close()


def seen(folder: Path, *kinds: type[Observation]) -> list[Observation]:
    reader = Reader(folder / "device.db")
    found = [observation for _, observation in reader.fresh() if isinstance(observation, kinds)]
    reader.close()
    return found


def test_a_device_connects_only_when_it_is_told_to(tmp_path: Path, server: AcceptingServer) -> None:
    process = device(tmp_path, server.port)
    process.work()
    assert process.channels() == []
    process.obey(Command("connect"))
    process.work()
    assert [hello.push for hello in server.hellos] == [True, False]
    assert seen(tmp_path, Connected) == [Connected(DeviceId(0))]
    ended(process)


def test_a_connection_has_a_number_that_no_earlier_one_had_even_in_an_earlier_process(
    tmp_path: Path, server: AcceptingServer
) -> None:
    names = []
    for _ in range(2):
        process = device(tmp_path, server.port)
        process.obey(Command("connect"))
        process.work()
        names.append(process.name)
        ended(process)
    assert names == [ConnectionId.of(0, 1), ConnectionId.of(0, 2)]


def test_a_device_that_is_told_to_disconnect_does_so_cleanly_and_stays_away(
    tmp_path: Path, server: AcceptingServer
) -> None:
    process = device(tmp_path, server.port)
    process.obey(Command("connect"))
    process.work()
    process.obey(Command("disconnect"))
    process.work()
    assert process.channels() == []
    assert seen(tmp_path, Disconnected) == [Disconnected(DeviceId(0), True)]
    ended(process)


def test_a_device_that_reaches_the_server_only_for_pushes_has_no_connection_and_no_channel(
    tmp_path: Path, server: AcceptingServer
) -> None:
    with socket.socket() as bound:  # which does not listen
        bound.bind(("127.0.0.1", 0))
        process = device(tmp_path, bound.getsockname()[1], push_port=server.port)
        process.obey(Command("connect"))
        process.work()
    assert [hello.push for hello in server.hellos] == [True]
    assert (process.channels(), seen(tmp_path, Connected)) == ([], [])
    ended(process)


def test_a_device_whose_server_goes_notes_that_it_did_not_disconnect_cleanly(
    tmp_path: Path, server: AcceptingServer
) -> None:
    process = device(tmp_path, server.port)
    process.obey(Command("connect"))
    process.work()
    process.wants = False  # or it would connect again
    server.close()
    over = time.monotonic() + 10
    while not seen(tmp_path, Disconnected) and time.monotonic() < over:
        process.work()
    assert seen(tmp_path, Disconnected) == [Disconnected(DeviceId(0), False)]
    ended(process)


@pytest.mark.parametrize("command", ["hot", "end"])
def test_a_device_obeys(tmp_path: Path, command: str) -> None:
    process = device(tmp_path, 1)
    process.obey(Command(command))
    assert (process.hot, process.ended) == (command == "hot", command == "end")
    ended(process)


def test_a_device_composes_what_it_is_told(tmp_path: Path) -> None:
    process = device(tmp_path, 1)
    process.obey(Command("compose", message=7))
    assert [told.message for told in seen(tmp_path, Composed) if isinstance(told, Composed)] == [MessageId(7)]
    ended(process)


def test_a_device_that_is_to_kill_itself_says_that_it_knows(tmp_path: Path) -> None:
    process = device(tmp_path, 1)
    process.obey(Command("crash-between"))
    assert (tmp_path / ARMED).exists()
    assert process.crashing
    ended(process)
