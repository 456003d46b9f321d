"""What an HTML page contains."""

from __future__ import annotations

from html.parser import HTMLParser


class Tags(HTMLParser):
    """The number of scripts of a page, and the addresses that it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "action")]
