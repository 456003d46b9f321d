"""Write to standard output and standard error, whatever they are: a closed pipe, a full disk, an encoding without our marks."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from typing import TextIO

PLAIN = {
    "✓": "+",
    "✗": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "←": "<-",
    "…": "...",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "×": "x",
    "·": "-",
    "●": "*",
    "○": "o",
    "◀": "<",
    "▶": ">",
    "│": "|",
    "─": "-",
    "━": "-",
    "╸": "-",
    "╺": "-",
    "µ": "u",
    "≤": "<=",
    "≥": ">=",
}
"""What stands for a mark in an encoding that lacks it."""


def plain(error: UnicodeError) -> tuple[str, int]:
    """Handle what an encoding lacks, as `codecs.register_error` wants it: the mark in ASCII, else the nearest letter, else ?."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join([PLAIN.get(each) or _nearest(each) for each in text]), error.end


def _nearest(each: str) -> str:
    return unicodedata.normalize("NFKD", each).encode("ascii", "ignore").decode() or "?"


codecs.register_error("syncproof-plain", plain)


class Stream(io.FileIO):
    """A file that goes on when it cannot be written. `failure`: the first error, but for a reader that closed its pipe."""

    failure: OSError | None = None
    _lost = False

    def write(self, data, /):  # type: ignore[no-untyped-def]
        """Write, or throw the data away if that is not possible."""
        if not self._lost:
            try:
                return super().write(data)
            except BrokenPipeError:
                self._lost = True
            except BlockingIOError:
                raise
            except OSError as error:
                self._lost, self.failure = True, error
        return len(data)


def prepare() -> Stream | None:
    """Let both streams go on whatever happens. Return standard output's, whose `failure` is to be looked at in the end.

    Where a console is no file, as on Windows, only the marks are taken care of.
    """
    if os.name != "posix":
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="syncproof-plain")
        return None
    stdout = _opened(sys.stdout, 1)
    sys.stdout = _text(sys.stdout, stdout, lines=stdout.isatty())
    sys.stderr = _text(sys.stderr, _opened(sys.stderr, 2), lines=True)
    return stdout


def _opened(now: TextIO | None, number: int) -> Stream:
    """Return the file of a stream; one that was closed before the program began is as good as /dev/null."""
    return Stream(os.open(os.devnull, os.O_WRONLY) if now is None else number, "wb", closefd=False)


def _text(now: TextIO | None, stream: Stream, *, lines: bool) -> TextIO:
    encoding = "utf-8" if now is None else now.encoding
    return io.TextIOWrapper(io.BufferedWriter(stream), encoding, "syncproof-plain", line_buffering=lines)
