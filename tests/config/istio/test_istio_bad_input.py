"""Whatever stands in a document: a configuration or findings, never another exception."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshcore import Engine, Outcome
from meshcore.config import ConfigError, Node, load, load_text
from meshcore.config.documents import from_mapping, read_path
from meshcore.config.findings import Finding, Findings
from meshcore.config.istio import validate_documents
from meshcore.config.istio.kinds import KINDS, Serving
from meshcore.model import Config

#: Kinds that are validated and cannot be served.
IGNORED = [kind for (_, kind), it in KINDS.items() if it.serving is Serving.REFUSED and it.schema is not None]
SEEDS = Path(__file__).parents[2] / "fuzz" / "documents.yaml"
PARSED: list[dict[str, Any]] = list(yaml.safe_load_all(SEEDS.read_text()))


def places(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as keys and indices from its root."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


PLACES = [(index, path) for index, document in enumerate(PARSED) for path in places(document)]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["*", "~", ".", "", "a/b", "1s", "-1s", "0s", "80", "*.a", "x" * 300, "(", "%", "::1", "List"]
    ),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=4), SCALARS, max_size=2)
)


def compiled(documents: list[dict[str, Any]], node: Node) -> Config | None:
    try:
        return load(documents, node=node, ignore_kinds=IGNORED)
    except ConfigError as error:
        told = [str(finding) for finding in error.findings]
    assert all(told)
    return None


NODE = Node("n", {"app": "c"})


def _changed(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]]) -> list[dict[str, Any]]:
    documents = copy.deepcopy(PARSED)
    for (index, path), value in changes:
        node: Any = documents[index]
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return documents


@pytest.mark.parametrize(
    "node", [Node("n", {"app": "c"}), Node("n", gateway="n/g")], ids=["sidecar", "gateway"]
)
def test_the_documents_are_good(node: Node) -> None:
    assert compiled(PARSED, node) is not None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3), st.booleans())
def test_any_value_anywhere(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]], gateway: bool) -> None:
    config = compiled(_changed(changes), Node("n", gateway="n/g") if gateway else Node("n", {"app": "c"}))
    if config is not None:  # what was accepted can be served
        with Engine(config).decide("GET", "a", "/x?q=a", {"x": "y"}, port=80) as decision:
            assert decision.outcome in Outcome


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_every_kind_is_valid_or_told_about(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]]) -> None:
    findings = Findings()
    documents = [from_mapping(it, f"<{index}>", findings) for index, it in enumerate(_changed(changes))]
    validate_documents([it for it in documents if it is not None], findings)
    assert all(it.message or it.found or it.expected for it in (*findings.errors, *findings.warnings))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda it: it.encode("utf-16"))))
def test_any_bytes_in_a_file(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    findings = Findings()
    validate_documents(read_path(file, findings), findings)
    assert all(it.file == str(file) for it in findings.errors)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    ),
    st.sampled_from(sorted(kind for kind in KINDS if KINDS[kind].schema is not None)),
)
def test_any_structure_as_a_spec(spec: object, which: tuple[str, str]) -> None:
    group, kind = which
    version = KINDS[which].versions[0]
    document = {
        "apiVersion": f"{group}/{version}" if group else version,
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    }
    compiled([document], Node())


def test_a_file_that_is_being_written() -> None:
    """Every line of a file may be its last for a moment: what loads serves, what does not is told."""
    text = SEEDS.read_text()
    whole = load_text(text, node=NODE, ignore_kinds=IGNORED)
    ends = [index for index, character in enumerate(text) if character == "\n"]
    loaded = 0
    for end in [*ends[::7], *range(ends[-1] - 40, ends[-1])]:
        told: tuple[Finding, ...] = ()
        try:
            config = load_text(text[:end], node=NODE, ignore_kinds=IGNORED)
        except ConfigError as error:
            told = error.findings
        else:
            loaded += 1
            assert config.digest != whole.digest
        assert all(it.line > 0 or not it.path for it in told), told
    assert loaded


def test_one_bad_file_among_thousands(tmp_path: Path) -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: v{0}, namespace: n}}
spec: {{hosts: [h{0}.example.com], http: [{{{1}: [{{destination: {{host: a.n.svc.cluster.local}}}}]}}]}}
"""
    for folder in range(100):
        (tmp_path / str(folder)).mkdir()
    for index in range(10_000):
        (tmp_path / str(index % 100) / f"{index}.yaml").write_text(
            text.format(index, "rout" if index == 4321 else "route")
        )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    (error,) = caught.value.findings
    assert error.file == str(tmp_path / "21" / "4321.yaml")
    assert (error.line, error.path) == (5, "spec.http[0].rout")
