"""Two-phase commit, which several tests of the explorer use, under one name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
