"""A new metric needs only its record: results, tables and every form of the report show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncproof.engines.simulate.metrics import METRICS, Metric
from syncproof.inputs.scenario import Scenario
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from tools.docs import results as documents

HANDSHAKES = Metric(
    name="handshakes_per_message",
    unit="handshakes",
    heading="handshakes / msg",
    sentence="connections opened per accepted message",
    compute=lambda counters: counters.handshakes / counters.messages,
    less_is_better=False,
)


@pytest.fixture(scope="module")
def added(wanted: Scenario):
    """Yield a comparison that is made and shown while the metric is registered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METRICS, HANDSHAKES.name, HANDSHAKES)
        yield compare(wanted, designs=["inbox-store-first", "timeline-notify"], runs=1, jobs=1, sweep=False)


def test_it_is_in_the_results_and_the_frame(added: Comparison) -> None:
    found = added.results().designs["timeline-notify"].metrics[HANDSHAKES.name]
    assert found.value is not None
    assert found.value > 0
    assert found.unit == "handshakes"
    assert added.table().loc[("timeline-notify", HANDSHAKES.name), "value"] == found.value


@pytest.mark.slow
def test_it_is_in_every_form_of_the_report(
    added: Comparison, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added.write(tmp_path)
    assert "connections opened per accepted message" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "handshakes / msg (handshakes)" in (tmp_path / "report.md").read_text(encoding="utf-8")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert HANDSHAKES.name in results["designs"]["timeline-notify"]["metrics"]
    assert "handshakes / msg" in added._repr_html_()
    added.show()
    assert "timeline-notify" in capsys.readouterr().out


def test_it_is_in_the_documentation(added: Comparison) -> None:
    assert "| `handshakes_per_message` | handshakes | connections opened per accepted message | more |" in (
        documents.metrics()
    )
