"""Whatever a configuration holds: it loads and compiles, or it is refused with findings."""

from __future__ import annotations

import copy
from typing import Any

from envoy_support import FAULT, cluster, table
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import Engine
from meshcore.config import ConfigError, Finding
from meshcore.config.envoy import load_parts

TEMPLATE = "a/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
SAMPLE: dict[str, Any] = {
    "route_config": table(
        {
            "match": {
                "prefix": "/a",
                "headers": [{"name": "x", "string_match": {"safe_regex": {"regex": "a+"}}}],
                "query_parameters": [{"name": "q", "present_match": True}],
                "runtime_fraction": {"default_value": {"numerator": 5}},
            },
            "route": {
                "weighted_clusters": {
                    "clusters": [{"name": "c", "weight": 3}, {"cluster_header": "h", "weight": 1}]
                },
                "regex_rewrite": {"pattern": {"regex": "(a)"}, "substitution": "\\1"},
                "hash_policy": [{"cookie": {"name": "s", "ttl": "1s"}}],
                "retry_policy": {"retry_on": "5xx", "retry_back_off": {"base_interval": "1s"}},
                "timeout": "5s",
            },
            "request_headers_to_add": [{"header": {"key": "x-a", "value": "%REQ(b?c):3%"}}],
            "typed_per_filter_config": {"f": {"@type": FAULT, "abort": {"http_status": 503}}},
        },
        {
            "match": {
                "path_match_policy": {
                    "name": "t",
                    "typed_config": {"@type": TEMPLATE, "path_template": "/{a}"},
                }
            },
            "redirect": {"host_redirect": "h", "path_redirect": "/p", "port_redirect": 80},
        },
        {
            "match": {"path": "/x"},
            "direct_response": {"status": 200, "body": {"inline_string": "hi"}},
            "response_headers_to_remove": ["x"],
        },
    ),
    "clusters": [
        cluster(
            lb_policy="RING_HASH",
            ring_hash_lb_config={"minimum_ring_size": 3},
            outlier_detection={"interval": "1s"},
            common_lb_config={"healthy_panic_threshold": {"value": 50}},
            circuit_breakers={"thresholds": [{"max_requests": 3}]},
        )
    ],
    "hcm": {
        "merge_slashes": True,
        "internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0"}]},
    },
    "http_filters": [{"name": "f", "typed_config": {"@type": FAULT, "delay": {"fixed_delay": "1s"}}}],
}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += _places(item, (*path, key))
    return found


PLACES = [place for place in _places(SAMPLE) if len(place) > 1]
KEYS = sorted({key for place in PLACES for key in place if isinstance(key, str)})
VALUES: list[Any] = [
    None, True, 0, 1, -1, 2**32, 2**64, 1.5, float("inf"), "", "x", "1s", "-1s", "/", "*", "%REQ(a)%", "a\nb",
    "(", [], [{}], [None], ["x"], {}, {"a": 1}, {"@type": "x"}, {"value": 5}, {"regex": "["},
]  # fmt: skip
CHANGES = st.tuples(
    st.sampled_from(PLACES),
    st.sampled_from(["drop", "add", "set"]),
    st.sampled_from(KEYS),
    st.sampled_from(VALUES),
)


def _change(sample: dict[str, Any], place: tuple[Any, ...], how: str, key: str, value: Any) -> None:
    holder: Any = sample
    try:
        for step in place[:-1]:
            holder = holder[step]
        if how == "set":
            holder[place[-1]] = copy.deepcopy(value)
        elif isinstance(holder, dict):
            if how == "drop":
                holder.pop(place[-1], None)
            else:
                holder[key] = copy.deepcopy(value)
    except (KeyError, IndexError, TypeError):
        pass  # an earlier change took the place away


@settings(deadline=None, max_examples=300)
@given(st.lists(CHANGES, max_size=3))
def test_every_configuration_serves_or_is_refused(changes: list[tuple[Any, str, str, Any]]) -> None:
    sample = copy.deepcopy(SAMPLE)
    for change in changes:
        _change(sample, *change)
    findings: tuple[Finding, ...] = ()
    try:
        config = load_parts(**sample)
    except ConfigError as error:
        findings = error.findings
    if findings:
        assert all(finding.detail for finding in findings)
    else:
        Engine(config).decide("GET", "a", "/a/b?q=1", [("x", "a")], source="127.0.0.1").close()
