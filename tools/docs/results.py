"""What the results' tables are made from."""

from __future__ import annotations

from syncproof.core.faults import FAULTS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.studies.claims import CLAIMS
from tools.docs.markdown import code, table


def metrics() -> str:
    """One row a metric."""
    rows = [[code(n), m.unit, m.sentence, "less" if m.less_is_better else "more"] for n, m in METRICS.items()]
    return table(["metric", "unit", "is", "better"], rows)


def claims() -> str:
    """One row a claim."""
    return table(["claim", "says"], [[name, claim.says] for name, claim in CLAIMS.items()])


def faults() -> str:
    """One row a fault."""
    return table(["fault", "is"], [[code(fault.name), fault.sentence] for fault in FAULTS.values()])
