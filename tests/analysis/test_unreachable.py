"""What analysis calls unreachable is reached by no request: random rules, every request of a small world."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from meshcore import Engine
from meshcore.analysis import analyze
from meshcore.config import Node, load_text

CODES = {"IST0130", "IST0131", "MC1101", "MC1102", "MC1103"}
PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b")
VALUES = ("x", "xy")
DELEGATES = ("one", "two")
HOSTS = ("a.example", "b.example")
GATEWAY = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "edge"},
    "spec": {
        "selector": {"app": "edge"},
        "servers": [
            {"port": {"number": number, "name": f"http-{number}", "protocol": "HTTP"}, "hosts": ["*"]}
            for number in (80, 81)
        ],
    },
}

uris = st.one_of(
    st.builds(lambda path: {"exact": path}, st.sampled_from(PATHS)),
    st.builds(lambda path: {"prefix": path}, st.sampled_from(PATHS)),
    st.builds(lambda path: {"regex": path}, st.sampled_from((".*", "/.*", "/a.*"))),
)
values = st.builds(
    lambda kind, text: {kind: text}, st.sampled_from(("exact", "prefix")), st.sampled_from(VALUES)
)
matches = st.fixed_dictionaries(
    {},
    optional={
        "uri": uris,
        "headers": values.map(lambda it: {"h": it}),
        "withoutHeaders": values.map(lambda it: {"h": it}),
        "port": st.sampled_from((80, 81)),
        "gateways": st.sampled_from((["edge"], ["mesh"])),
    },
)
route: dict[str, Any] = {"route": [{"destination": {"host": "web.example"}}]}
#: By itself; its delegate replaces what it says of withoutHeaders.
CONTRADICTING = {"headers": {"h": {"exact": "x"}}, "withoutHeaders": {"h": {"prefix": "x"}}}
delegate = st.sampled_from(DELEGATES).map(lambda name: {"delegate": {"name": name}})


def rules(action: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule = st.builds(lambda match, it: {"match": match, **it}, st.lists(matches, max_size=2), action)
    return st.lists(rule, min_size=1, max_size=3)


def document(name: str, age: int, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": f"2024-01-0{age}T00:00:00Z"}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": spec,
    }


roots = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.lists(st.sampled_from(HOSTS), min_size=1, max_size=2, unique=True),
        rules(st.just(route) | st.just(route) | delegate),
    ),
    min_size=1,
    max_size=3,
)


@settings(deadline=None, max_examples=200)
@given(roots, rules(st.just(route)), rules(st.just(route)))
@example(
    found=[(1, ["a.example"], [{"match": [CONTRADICTING], "delegate": {"name": "two"}}])],
    one=[{"match": [], **route}],
    two=[{"match": [{"withoutHeaders": {"h": {"exact": "xy"}}}], **route}],
)
def test_no_request_reaches_what_is_called_unreachable(
    found: list[tuple[int, list[str], list[dict[str, Any]]]],
    one: list[dict[str, Any]],
    two: list[dict[str, Any]],
) -> None:
    documents = [GATEWAY, document("one", 1, {"http": one}), document("two", 1, {"http": two})]
    documents += [
        document(f"root-{number}", age, {"hosts": hosts, "gateways": ["edge"], "http": http})
        for number, (age, hosts, http) in enumerate(found)
    ]
    text = "\n---\n".join(json.dumps(it, indent=1) for it in documents)
    unreachable = {it.line: it for it in analyze(texts={"x.yaml": text}).findings if it.code in CODES}
    engine = Engine(load_text(text, name="x.yaml", node=Node(gateway="default/edge")))
    for host in HOSTS:
        for path in (*PATHS, "/a/b/c", "/z"):
            for headers in ({}, {"h": "x"}, {"h": "xy"}, {"h": "z"}):
                for port in (80, 81):
                    with engine.decide("GET", host, path, headers, port=port) as decision:
                        entry = decision.route_entry
                    at = entry.origin if entry is not None else None
                    while at is not None:
                        assert at.line not in unreachable, (str(unreachable[at.line]), host, path, headers)
                        at = at.via
