"""Graph files can be loaded by other programs, and have the states and arcs of the search."""

from __future__ import annotations

import re

import networkx
import pytest

from syncproof.engines.explore import search
from syncproof.engines.explore.packing import PackedStates
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report import graphs
from syncproof.studies import verify as verification


@pytest.fixture(scope="module")
def found():
    return verification.search("timeline-notify", SmallWorld("two-people", 1, ()))


def arcs(found):
    """Return every arc of the search as (source, target)."""
    return sorted(zip(found.graph.sources().tolist(), found.graph.targets, strict=True))


def test_graphml_loads_with_every_state_arc_and_depth(found, tmp_path):
    path = tmp_path / "graph.graphml"
    line = graphs.write(found, path)
    loaded = networkx.read_graphml(path, node_type=int, force_multigraph=True)
    assert sorted(loaded.nodes) == list(range(len(found.graph.states)))
    assert sorted(loaded.edges()) == arcs(found)
    assert max(depth for _, depth in loaded.nodes(data="depth")) == found.graph.depth
    distances = networkx.single_source_shortest_path_length(networkx.DiGraph(loaded), 0)
    assert distances == dict(loaded.nodes(data="depth"))
    assert line == f"{path}: {len(loaded):,} states, {loaded.number_of_edges():,} transitions"


def test_aldebaran_has_a_header_and_an_arc_a_line(found, tmp_path):
    path = tmp_path / "graph.aut"
    graphs.write(found, path)
    first, *lines = path.read_text().splitlines()
    assert first == f"des (0, {len(found.graph.targets)}, {len(found.graph.states)})"
    matched = [re.fullmatch(r'\((\d+), "([^"]+)", (\d+)\)', line) for line in lines]
    assert all(matched)
    assert sorted((int(m[1]), int(m[3])) for m in matched) == arcs(found)


def test_dot_has_every_arc_with_its_move(found, tmp_path):
    path = tmp_path / "graph.dot"
    graphs.write(found, path)
    text = path.read_text()
    assert text.startswith("digraph")
    assert text.rstrip().endswith("}")
    found_arcs = re.findall(r'^  (\d+) -> (\d+) \[label="((?:[^"\\]|\\.)+)"\];$', text, re.MULTILINE)
    assert sorted((int(a), int(b)) for a, b, _ in found_arcs) == arcs(found)


def test_a_large_graph_is_drawn_in_part_and_says_so(found, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "SAMPLE", 10)
    path = tmp_path / "graph.graphml"
    line = graphs.write(found, path)
    assert f"10 states (the first of {len(found.graph.states)})" in line
    assert len(networkx.read_graphml(path)) == 10


def test_an_unknown_format_or_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"allowed: a file ending in \.graphml, \.dot, \.aut"):
        graphs.check(tmp_path / "graph.png")
    with pytest.raises(InputError, match="does not exist"):
        graphs.check(tmp_path / "nowhere" / "graph.dot")


@pytest.mark.parametrize("ending", [".graphml", ".dot", ".aut"])
def test_the_graph_of_a_compiled_search_is_written_alike(found, ending, tmp_path, monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(search, "_switch", lambda *_: 0)
    compiled = verification.search("timeline-notify", SmallWorld("two-people", 1, ()))
    assert isinstance(compiled.graph.states, PackedStates)
    texts = []
    for number, each in enumerate((found, compiled)):
        path = tmp_path / f"{number}{ending}"
        graphs.write(each, path)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
