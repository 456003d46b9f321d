"""What the results' tables are made from."""

from __future__ import annotations

from generate.markdown import code, table
from syncproof.claims import CLAIMS
from syncproof.faults import FAULTS
from syncproof.metrics import METRICS


def metrics() -> str:
    """One row a metric."""
    rows = [[code(n), m.unit, m.says, "less" if m.less_is_better else "more"] for n, m in METRICS.items()]
    return table(["metric", "unit", "is", "better"], rows)


def claims() -> str:
    """One row a claim."""
    return table(["claim", "says"], [[name, claim.says] for name, claim in CLAIMS.items()])


def faults() -> str:
    """One row a fault."""
    return table(["fault", "is"], [[code(name), says] for name, says in FAULTS.items()])
