"""Requests made from routes take these routes."""

from __future__ import annotations

from meshcore import Engine
from meshcore.check.split import decide
from meshcore.config import load_text
from meshcore.config.placeholders import routes_of, with_placeholders
from meshcore.sampling import requests_for

TABLE = """\
virtual_hosts:
- name: shop
  domains: [shop.example, "*.shop.example", "shop.*"]
  routes:
  - {name: exact, match: {path: /a}, route: {cluster: c}}
  - {name: regex, match: {safe_regex: {regex: "/r/[0-9]+"}}, route: {cluster: c}}
  - {name: segments, match: {path_separated_prefix: /s}, route: {cluster: c}}
  - name: headers
    match:
      prefix: /h
      headers:
      - {name: ":method", string_match: {exact: PUT}}
      - {name: x-a, string_match: {safe_regex: {regex: "v[12]"}}}
      - {name: x-b, range_match: {start: 3, end: 9}}
      - {name: x-c, string_match: {prefix: nope}, invert_match: true}
      - {name: x-d, present_match: true}
      - {name: x-e, present_match: false}
    route: {cluster: c}
  - name: query
    match:
      prefix: /q
      query_parameters: [{name: v, string_match: {exact: "2"}}, {name: w, present_match: true}]
    route: {cluster: c}
  - name: cookie
    match: {prefix: /k, cookies: [{name: s, string_match: {exact: x}}]}
    route: {cluster: c}
  - {name: grpc, match: {prefix: /g, grpc: {}}, route: {cluster: c}}
  - name: template
    match:
      path_match_policy:
        name: t
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig
          path_template: /t/{a}/x/{b=**}
    route: {cluster: c}
  - {name: prefix, match: {prefix: /p/}, route: {cluster: c}}
- name: rest
  domains: ["*"]
  routes:
  - {name: rest, match: {prefix: /}, route: {cluster: c}}
"""


def test_every_route_is_taken() -> None:
    config = with_placeholders(load_text(TABLE))
    engine = Engine(config)
    requests = list(requests_for(config))
    taken = set()
    for request in requests:
        with decide(engine, request, 0) as decision:
            taken.add(decision.route)
    assert taken == {route.name for route in routes_of(config)} | {None}
    assert {request.authority for request in requests} == {
        "shop.example",
        "sample.shop.example",
        "shop.sample",
        "sample.example",
    }
