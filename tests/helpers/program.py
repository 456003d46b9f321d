"""The program as a person runs it: a process of its own, with its exit status and what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = (sys.executable, "-m", "syncproof")

OWN = """
import itertools, os, signal
from syncproof.core.actor import actor, on
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

def variant(act):
    @actor
    class Odd(TimelineDevice):
        @on(Notification)
        def notified(self, source, packet, out):
            act()
    return DESIGNS["timeline-notify"].variant(device=Odd)

def raising(error):
    def act():
        raise error
    return variant(act)

def endless():
    while True:
        pass

def deep():
    deep()

Zero = raising(ZeroDivisionError("oops"))
Exit = raising(SystemExit(0))
One = raising(SystemExit(1))
Stop = raising(KeyboardInterrupt())
Deep = variant(deep)
Memory = raising(MemoryError())
Quit = variant(lambda: os._exit(0))
Fault = variant(lambda: os.kill(os.getpid(), signal.SIGSEGV))
Loop = variant(endless)
Good = DESIGNS["timeline-notify"].variant(device=TimelineDevice)

@actor
class Silent(TimelineDevice):
    def arm_poll(self, out):
        pass

    def on_hint(self, *_):
        pass

Deaf = DESIGNS["timeline-notify"].variant(device=Silent)
"""
"""Designs whose handler of a notification goes wrong, a sound one, and one that breaks a promise."""


def own(folder: Path) -> str:
    """Write the designs above into a file of this folder and return its name there."""
    (folder / "own.py").write_text(OWN)
    return "own.py"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `syncproof` in a folder until it ends."""
    environment = {"PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding=environment["PYTHONIOENCODING"],
        check=False,
    )
