"""Prosody: what waits offline goes to the first device alone; an archive serves every device."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from syncproof.engines.drive.targets.prosody import items
from tests.helpers.servers import run

BODY = "<body xmlns='jabber:client'>[7, 2, 0]</body>"


def test_a_message_is_found_in_a_copy_of_it() -> None:
    wrapped = (
        f"<message xmlns='jabber:client'><forwarded xmlns='urn:xmpp:forward:0'><m>{BODY}</m></forwarded></message>"
    )
    (item,) = items(ElementTree.fromstring(wrapped))
    assert (item.message.id, item.message.sender, item.message.conversation) == (7, 2, 0)


def test_a_report_of_an_error_is_no_message() -> None:
    assert items(ElementTree.fromstring(f"<message xmlns='jabber:client' type='error'>{BODY}</message>")) == []


@pytest.mark.slow
def test_a_second_device_does_not_get_what_the_first_has_fetched() -> None:
    broken, _ = run("prosody-offline", "later-device")
    assert "no-loss" in broken


@pytest.mark.slow
@pytest.mark.parametrize("script", ["later-device", "server-killed"])
def test_an_archive_serves_every_device(script: str) -> None:
    broken, _ = run("prosody-archive", script)
    assert broken == set()
