"""The server answers its own page on this machine, and nobody else."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from syncproof.report.explorer import page
from syncproof.report.explorer.address import parse
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.server import STALE, PageServer


@pytest.fixture(scope="module")
def server(serving: Callable[[], Any]) -> Iterator[PageServer]:
    with serving() as running:
        yield running


def ask(server: PageServer, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request and return the reply with its body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply, body


def inside(server: PageServer, rest: str = "") -> str:
    """Return the path of something behind the token."""
    return urlsplit(server.url).path + rest


def test_the_page_comes_with_a_policy_that_lets_nothing_else_run(server: PageServer) -> None:
    reply, body = ask(server, inside(server))
    assert reply.status == 200
    assert body.startswith(b"<!doctype html>")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_view_is_a_function_of_the_way(server: PageServer, jumps: dict[str, Jump]) -> None:
    way = jumps["no-early-delete"].way
    reply, body = ask(server, inside(server, f"view?way={quote(way)}"))
    found = json.loads(body)
    assert reply.status == 200
    assert (len(found["way"]["steps"]), found["place"]["at"]) == (7, 0)
    assert ask(server, inside(server, f"view?way={quote(way)}"))[1] == body


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("view?way=%3Cb%3E", "allowed: the part of an address behind #"),
        ("run?situation=nothing", "unknown situation 'nothing'"),
    ],
)
def test_a_bad_request_gets_one_line(server: PageServer, what: str, says: str) -> None:
    reply, body = ask(server, inside(server, what))
    assert reply.status == 400
    assert says in json.loads(body)["error"]
    assert b"\\n" not in body


def test_of_a_way_that_does_not_fit_is_shown_what_does(server: PageServer, jumps: dict[str, Jump]) -> None:
    codes = parse(next(iter(jumps.values())).way).codes
    _, body = ask(server, inside(server, f"view?way={codes[0]}.{codes[1]}.zzzz.{codes[2]}"))
    found = json.loads(body)
    assert found["address"] == f"{codes[0]}.{codes[1]}"
    assert "move 3 (zzzz) is not possible there" in found["wrong"]
    assert found["place"]["at"] == len(found["way"]["steps"]) == 2


def test_a_run_is_searched_when_it_is_asked_for(server: PageServer) -> None:
    reply, body = ask(server, inside(server, "run?situation=device-crash-happened"))
    assert reply.status == 200
    assert len(json.loads(body)["way"].split(".")) == 1


def test_a_way_is_saved_up_to_where_the_reader_stands(server: PageServer, jumps: dict[str, Jump]) -> None:
    way = jumps["no-early-delete"].way.replace("@0", "@3")
    _, body = ask(server, inside(server, f"save?way={quote(way)}"), "POST")
    assert json.loads(body) == {"file": "saved/3.moves.jsonl"}


@pytest.mark.parametrize("path", ["/", "/view?way=", "/wrong/", "//", "/../", "http://127.0.0.1/x/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
def test_without_the_token_everything_is_refused(server: PageServer, method: str, path: str) -> None:
    reply, body = ask(server, path, method)
    assert reply.status == 403
    assert method == "HEAD" or json.loads(body) == {"error": STALE}
    assert server.token.encode() not in body


def test_a_token_of_an_earlier_start_is_refused(serving: Callable[[], Any], server: PageServer) -> None:
    with serving() as earlier:
        old = inside(earlier)
        assert ask(earlier, old)[0].status == 200
    assert ask(server, old)[0].status == 403


@pytest.mark.parametrize("name", ["evil.example", "evil.example:80", "127.0.0.1", "localhost", "[::1]:80"])
def test_a_page_elsewhere_whose_name_resolves_to_this_machine_is_refused(server: PageServer, name: str) -> None:
    assert ask(server, inside(server), Host=name)[0].status == 403


def test_a_page_elsewhere_cannot_save(server: PageServer) -> None:
    assert ask(server, inside(server, "save?way="), "POST", Origin="http://evil.example")[0].status == 403
    own = f"http://127.0.0.1:{server.server_port}"
    assert ask(server, inside(server, "save?way="), "POST", Origin=own)[0].status == 200


def test_other_methods_and_other_names_are_refused_in_one_line(server: PageServer) -> None:
    reply, _ = ask(server, inside(server), "DELETE")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")
    assert ask(server, inside(server, "other"))[0].status == 404
    assert ask(server, inside(server, "save?way="))[0].status == 404


def test_it_listens_on_loopback_alone(server: PageServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.socket.family == socket.AF_INET


def test_what_is_no_request_gets_an_error_and_no_page(server: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert b"Bad request syntax" in raw.recv(1000)


def test_a_tab_that_is_closed_leaves_no_trace(server: PageServer, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        raw = socket.create_connection(("127.0.0.1", server.server_port), timeout=30)
        raw.sendall(f"GET {inside(server)} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode())
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
        raw.close()
    assert ask(server, inside(server))[0].status == 200
    assert capsys.readouterr().err == ""


def test_the_policy_of_the_served_page_lets_it_ask_its_own_server() -> None:
    assert "connect-src 'self'" in page.policy()
