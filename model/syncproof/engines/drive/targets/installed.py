"""Find the servers and the client libraries of targets on this machine: on PATH, where Debian puts them, or in a wheel."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CLIENTS = "pip install 'syncproof[drive]'"


def program(name: str, *elsewhere: str) -> str:
    """Return the path of a program; empty if there is none. `elsewhere`: more folders, as patterns; the last match counts."""
    scripts = str(Path(sys.executable).parent)
    for pattern in ("", *elsewhere, scripts):
        if not pattern:
            found = shutil.which(name)
        else:
            places = [folder for folder in sorted(glob.glob(pattern)) if os.access(f"{folder}/{name}", os.X_OK)]
            found = f"{places[-1]}/{name}" if places else None
        if found:
            return found
    return ""


def packaged(module: str, folder: str) -> str:
    """Return a folder inside an installed package; empty if the package is not installed."""
    spec = find_spec(module)
    return "" if spec is None or spec.origin is None else str(Path(spec.origin).parent / folder)


def client(name: str) -> Any:
    """Return the module of a client library. It is loaded only where a device talks to a server."""
    return import_module(name)


def lacking(found: str, server: str, package: str, module: str) -> str:
    """Return what a target lacks, in one line: the server (`package`: who has it) or the client's module; or nothing."""
    if not found:
        return f"{server} is not installed; it comes with {package}"
    if find_spec(module) is None:
        return f"the Python module {module} is not installed; {CLIENTS}"
    return ""


def version(*command: str) -> str:
    """Return the first line that a program says to such a command."""
    said = subprocess.run(command, capture_output=True, text=True, timeout=10.0, stdin=subprocess.DEVNULL, check=False)
    lines = (said.stdout or said.stderr).strip().splitlines()
    return lines[0] if lines else ""


AS_USER = """
import ctypes, os, signal, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""A change of user clears what `processes.LAUNCHER` asked of the kernel, so it is asked again."""


def unprivileged(users: Sequence[str]) -> tuple[int, int] | None:
    """Return the (user id, group id) of the first of these users that exists; None if this process is not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return next((known[name] for name in users if name in known), (65534, 65534))


def as_user(ids: tuple[int, int] | None, command: Sequence[str]) -> list[str]:
    """Return a command that becomes another user first; the command itself for None."""
    return [*command] if ids is None else [sys.executable, "-I", "-S", "-c", AS_USER, *map(str, ids), *command]


def give(folder: Path, ids: tuple[int, int] | None) -> None:
    """Give a folder with all that is in it to another user, who can also reach it; nothing for None."""
    if ids is None:
        return
    folder.parent.chmod(0o711)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *ids, follow_symlinks=False)
