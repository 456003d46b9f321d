"""The example of a real server's log, converted to a history and checked as a reader would do it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from syncproof.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LOG = EXAMPLES / "lunch.log"
REMINDER = EXAMPLES / "reminder.jsonl"


def log() -> str:
    """Return the log."""
    return f"```text\n{LOG.read_text().rstrip()}\n```"


def converted() -> str:
    """Run the example's script on the log, and return the history that it prints."""
    script = EXAMPLES / "log_to_history.py"
    return subprocess.run(
        [sys.executable, str(script)], input=LOG.read_text(), capture_output=True, text=True, check=True
    ).stdout


def history() -> str:
    """Return the history."""
    return f"```json\n{converted().rstrip()}\n```"


def judged() -> tuple[str, int]:
    """Return what `syncproof check lunch.jsonl` prints, and its exit status."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lunch.jsonl"
        path.write_text(converted())
        result = CliRunner().invoke(main, ["check", str(path)])
        return result.output.replace(f"{folder}/", ""), result.exit_code


def verdicts() -> str:
    """Return the verdicts, and the exit status."""
    output, status = judged()
    return f"```text\n{output.rstrip()}\n```\n\nThe exit status is {status}."


def derived() -> str:
    """Return what devices say of an expiring message and of what is unread, and what `check` prints of both."""
    said = [line for line in REMINDER.read_text().splitlines() if '"Unread"' in line or '"Expired"' in line]
    options = ["--promise", "unread-agrees", "--promise", "expires", "--promise", "convergence"]
    result = CliRunner().invoke(main, ["check", str(REMINDER), *options])
    kept = [
        line for line in result.output.splitlines() if line.split()[0] in ("unread-agrees", "expires", "convergence")
    ]
    shown = "\n".join([*said, "", f"$ syncproof check examples/{REMINDER.name} {' '.join(options)}", *kept])
    return f"```text\n{shown}\n```\n\nThe exit status is {result.exit_code}."
