"""A headless Chromium, driven over its DevTools pipe: no port, no driver, no library.

Commands and events are JSON texts that end in a zero byte, on file descriptors 3 and 4 of the browser.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import numpy
import pytest
from matplotlib import image

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe", "about:blank",
)  # fmt: skip
PATIENCE = 60
"""After so many seconds without an answer of the browser a test fails."""


def wanted() -> None:
    """Skip the test where there is no browser; on continuous integration there must be one, so fail there."""
    if PROGRAM is None:
        why = "there is no chromium on PATH (apt-get install chromium)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


class Browser:
    """One browser with one page at first. `problems`: the errors and warnings of the console, the log and the network."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        near_in, far_out = (self._high(end) for end in os.pipe())
        far_in, near_out = (self._high(end) for end in os.pipe())
        self.reads, self.writes = near_in, near_out
        wire = f"import os, sys; os.dup2({far_in}, 3); os.dup2({far_out}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", wire, PROGRAM, f"--user-data-dir={profile}", *FLAGS]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, pass_fds=(far_in, far_out), stdout=quiet, stderr=quiet)
        os.close(far_in)
        os.close(far_out)
        self.number, self.buffer, self.session = 0, b"", ""
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.loads = 0
        self.tab()

    def tab(self, session: str = "") -> str:
        """Go to the tab of a session, or to a new one, and return its session."""
        self.session = ""
        if not session:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
            return self.session
        self.session = session
        self.call("Page.bringToFront")
        return session

    @staticmethod
    def _high(end: int) -> int:
        """Return the same end of a pipe under a file descriptor that cannot be 3 or 4."""
        moved = fcntl.fcntl(end, fcntl.F_DUPFD, 10)
        os.close(end)
        return moved

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.writes)
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.reads)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its result; events that come in the meantime are noted."""
        self.number += 1
        command: dict[str, object] = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.writes, json.dumps(command).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reads], [], [], max(0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self.reads, 1 << 20)
            assert piece, f"the browser ended: {self.process.poll()}"
            self.buffer += piece
        text, _, self.buffer = self.buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        name, parameters = event.get("method"), event.get("params", {})
        if name == "Page.loadEventFired":
            self.loads += 1
        elif name == "Runtime.exceptionThrown":
            self.problems.append(f"exception: {parameters['exceptionDetails']}")
        elif name == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.problems.append(f"console: {parameters['args']}")
        elif name == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"log: {parameters['entry']['text']}")
        elif name == "Network.loadingFailed":
            self.problems.append(f"network: {parameters['errorText']}")
        elif name == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, path: Path | str, *, width: int = 1280, dark: bool = False) -> None:
        """Load a file, or what an address names, and wait until it is drawn."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="", features=features)
        before = self.loads
        self.call("Page.navigate", url=path if isinstance(path, str) else path.resolve().as_uri())
        while self.loads == before:
            self._note(self._next())
        self.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    def evaluate(self, script: str) -> Any:
        """Run a script and return its result."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Move the mouse onto an element and click, as a reader would."""
        spot = self.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)}); found.scrollIntoView({{block: 'center'}});"
            " const box = found.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        """Press a key on the element that has the focus."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text)

    def screenshot(self, path: Path) -> numpy.typing.NDArray[numpy.float64]:
        """Save the whole page as PNG in `path`, and return its pixels: height x width x (red, green, blue) in 0 to 1."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
        return numpy.asarray(image.imread(path), dtype=float)[:, :, :3]

    def pdf(self, path: Path) -> None:
        """Save the page in `path` as it prints."""
        printed = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(printed["data"]))
