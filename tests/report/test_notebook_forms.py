"""Results in a notebook: as SVG or HTML that does not affect the rest of the page, and as text."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas
import pytest

from syncproof import DESIGNS, InputError, compare, diagram, explore, hunt, load, sweep, verify
from syncproof.core.actor import Out, actor, on
from syncproof.core.observations import Checkpointed
from syncproof.core.values import Cursor, DeviceId, Id, MessageId, Timeline
from syncproof.counterexamples.wording import brief
from syncproof.designs.packets import Pull, Push
from syncproof.designs.timeline.push import DensePushDevice
from syncproof.report import figures
from syncproof.report.sentences import compare as sentences
from syncproof.report.widgets import interact
from syncproof.studies.comparison import Comparison


@actor
class Hasty(DensePushDevice):
    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


HASTY = DESIGNS["timeline-dense-push"].variant(device=Hasty, name="hasty <b>")


@pytest.fixture(scope="module")
def compared() -> Comparison:
    quick = load("default").with_value("duration", "20m")
    return compare(quick, designs=[HASTY, "timeline-notify"], runs=1, jobs=1)


def test_a_diagram_has_every_move_until_nothing_is_under_way() -> None:
    drawn = diagram("inbox-store-first", "two-people")
    notes = [note.split()[0] for step in drawn.narration.steps[drawn.narration.prelude :] for note in step.observations]
    assert [note for note in notes if note in ("Composed", "Queued", "Shown", "Deleted")] == [
        "Composed",
        "Queued",
        "Shown",
        "Shown",
        "Deleted",
    ]


def test_a_diagram_is_an_svg_of_its_own() -> None:
    drawn = ElementTree.fromstring(diagram("timeline-notify")._repr_svg_())
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    style = drawn.findtext("{http://www.w3.org/2000/svg}style") or ""
    assert "--paper: #ffffff" in style
    assert ":root" not in style


def test_a_diagram_is_text_where_there_is_no_svg() -> None:
    assert repr(diagram("timeline-notify")).splitlines()[0].startswith("timeline-notify: Message store")


def test_the_complaint_of_a_property_is_always_in_the_diagram() -> None:
    drawn = explore(HASTY, "two-people", messages=2, faults=["push"]).diagram("prefix-order")._repr_svg_()
    assert '<text class="note bad"' in drawn
    assert "✗ prefix-order: device 1 shows number 2" in drawn


def test_a_flag_is_written_by_its_name() -> None:
    assert brief(Pull((Cursor(Timeline("sync", 1), 3),))) == "Pull sync:1>3"
    assert brief(Pull((Cursor(Timeline("sync", 1), 3),), False)) == "Pull sync:1>3 !full"
    assert brief(Checkpointed(DeviceId(1), Timeline("sync", 1), 3, start=True)) == "Checkpointed d1 sync:1 3 start"


def test_a_pair_in_a_set_stays_a_pair() -> None:
    pairs = {(Timeline("inbox", 1), MessageId(0)), (Timeline("inbox", 1), MessageId(1))}
    assert brief(pairs) == "{(inbox:1,m0),(inbox:1,m1)}"
    assert brief({MessageId(0), MessageId(1)}) == "{m0,m1}"


def test_a_search_shows_the_shortest_counterexample_to_a_promise() -> None:
    found = explore(HASTY, "two-people", messages=2, faults=["push"])
    assert repr(found.diagram()).startswith("hasty <b> violates prefix-order in 11 moves")
    assert "✗ prefix-order: device 1 shows number 2" in found.diagram("prefix-order").held()
    with pytest.raises(InputError, match="no counterexample to no-creation was found"):
        found.diagram("no-creation")


def test_a_proof_says_in_a_line_what_was_searched() -> None:
    found = explore("timeline-dense-push", "two-people")
    assert re.fullmatch(
        r"1 world of 1 design searched, of one message, [\d,]+ states in all: (\d+) of \1 promises .*",
        repr(found),
        re.DOTALL,
    )


def test_a_search_that_is_cut_short_proves_nothing() -> None:
    from syncproof.engines.explore import Limits

    found = explore("timeline-dense-push", "two-people", messages=2, faults=["push"], limits=Limits(states=100))
    assert "unknown: a search was cut short" in repr(found)


@pytest.mark.slow
def test_markup_has_its_own_scope_and_names_are_escaped(compared: Comparison) -> None:
    for markup in (compared._repr_html_(), verify([HASTY], "small", jobs=1)._repr_html_()):
        style = re.search(r"<style>(.*?)</style>", markup, re.S)
        assert style is not None
        rules = [rule.strip() for rule in re.findall(r"([^{}]+)\{", style[1])]
        assert all(part.strip().startswith(".syncproof ") for rule in rules for part in rule.split(","))
        assert "hasty &lt;b&gt;" in markup
        assert "<b>&lt;" not in markup
        assert "hasty <b>" not in markup


def test_a_comparison_says_its_answer(compared: Comparison) -> None:
    assert repr(compared).count("\n") == len(sentences.answer(compared)) - 1
    assert list(compared.claims().columns) == ["says", "verdict", "evidence"]
    assert len(compared.claims()) == 13


@pytest.mark.slow
def test_a_figure_is_the_same_svg_each_time_on_a_ground_of_its_own(compared: Comparison) -> None:
    first, second = (compared.figure("cost") for _ in range(2))
    assert first._repr_svg_() == second._repr_svg_()
    assert "fill: var(--xffffff, #ffffff)" in first._repr_svg_()
    assert "fill: var(--xffffff, #ffffff)" not in figures.svg(second, "page").split("</g>")[0]
    assert repr(first).startswith("<figure: server writes per message")


def test_curves_have_a_panel_for_each_metric_and_a_line_for_each_design() -> None:
    rows = pandas.MultiIndex.from_product([[1, 2], ["timeline-notify", "mine"]])
    means = pandas.DataFrame({"packets_per_delivery": [3.0, 2.0, 3.5, 1.5], "bytes_per_delivery": [1.0] * 4}, rows)
    drawn = figures.curves(means, ["packets_per_delivery", "bytes_per_delivery"], "wait in s")
    first, second = drawn.axes
    assert [line.get_label() for line in first.lines] == ["timeline-notify", "mine"]
    assert [list(line.get_ydata()) for line in first.lines] == [[3.0, 3.5], [2.0, 1.5]]  # type: ignore[arg-type]
    assert (second.get_xlabel(), second.get_ylabel()) == ("wait in s", "bytes")


def test_a_sweep_says_its_answer_and_takes_an_object(tmp_path: Path) -> None:
    quick = load("default").with_value("duration", "20m")
    vary = {"faults.push_loss": [0.0, 0.2]}
    found = sweep(quick, vary=vary, designs=[HASTY, "timeline-notify"], runs=1, jobs=1)
    assert "hasty <b>" in repr(found)
    assert found.figure(["packets_per_delivery"])._repr_svg_().startswith("<svg")
    with pytest.raises(InputError, match=r"hasty <b> was given as an object.*FILE\.py:NAME"):
        sweep(quick, vary=vary, designs=[HASTY], runs=1, out=tmp_path)


@pytest.mark.slow
def test_a_counterexample_of_hypothesis_is_minimised() -> None:
    met = hunt(HASTY, population="two-people", messages=2, faults=["push"], profile="ci")
    assert met.violation is not None
    assert len(met.moves) <= len(met.violation.moves)
    assert f"cut down to {len(met.moves)}" in repr(met.diagram())


def test_hypothesis_reports_how_many_examples_had_no_violation() -> None:
    met = hunt("timeline-dense-push", population="two-people", messages=1, faults=[], profile="dev")
    assert re.match(r"timeline-dense-push: \d+ examples played \(two-people.*\), no promise broken", repr(met))
    with pytest.raises(ValueError, match="no property was violated"):
        met.diagram()


def test_controls_are_left_out_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    interact(pytest.fail, design=["a", "b"])
