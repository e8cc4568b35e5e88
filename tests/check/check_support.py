"""Files of tests, written and run in a temporary folder."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from meshcore.check import Checker, Result, Setting, read_tests
from meshcore.config import ConfigError

MESH = """\
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{name: http, port: 9080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - name: old
    match: [{uri: {prefix: /old}}]
    redirect: {uri: /new}
  - name: api
    match: [{uri: {prefix: /api/}}]
    rewrite: {uri: /v1/}
    headers:
      request: {set: {x-api: "1"}, remove: [x-secret]}
      response: {add: {x-served: "yes"}}
    timeout: 2s
    retries: {attempts: 3}
    route: [{destination: {host: reviews, subset: v1}}]
  - name: split
    route:
    - {destination: {host: reviews, subset: v1}, weight: 75}
    - {destination: {host: reviews, subset: v2}, weight: 25}
"""
TABLE = """\
virtual_hosts:
- name: shop
  domains: [shop.example]
  virtual_clusters:
  - name: orders
    headers:
    - {name: ":path", string_match: {prefix: /orders}}
    - {name: ":method", string_match: {exact: POST}}
  routes:
  - match: {prefix: /new, runtime_fraction: {runtime_key: beta, default_value: {numerator: 30}}}
    route: {cluster: beta}
  - match: {prefix: /ping}
    direct_response: {status: 200, body: {inline_string: pong}}
    response_headers_to_add: [{header: {key: x-ping, value: "yes"}}]
  - match: {prefix: /old}
    redirect: {path_redirect: /new, response_code: FOUND}
  - match: {prefix: /api}
    route: {cluster: api, prefix_rewrite: /, host_rewrite_literal: api.internal}
    request_headers_to_add: [{header: {key: x-api, value: "1"}}]
  - match: {prefix: /}
    route: {weighted_clusters: {clusters: [{name: v1, weight: 60}, {name: v2, weight: 40}]}}
"""


def run(folder: Path, tests: str, config: str = MESH) -> list[Result]:
    """Run a text of tests on a text of configuration; they may say which file of ``folder`` that is."""
    (folder / "config.yaml").write_text(config)
    (folder / "tests.yaml").write_text(dedent(tests))
    (file,) = read_tests(folder / "tests.yaml")
    setting = file.setting if file.setting.paths else Setting((str(folder / "config.yaml"),))
    return list(Checker(setting).run(file.cases))


def differences(results: list[Result]) -> list[str]:
    """All that differs, in order."""
    return [text for result in results for failure in result.failures for text in failure.differences]


def one(folder: Path, request: str, expect: str, rest: str = "") -> list[str]:
    """What differs in a single test of our own format."""
    return differences(run(folder, f"tests:\n- {{name: it, request: {request}, expect: {expect}{rest}}}\n"))


def refused(folder: Path, tests: str) -> list[str]:
    """What a file of tests is refused for, without the folder."""
    (folder / "tests.yaml").write_text(dedent(tests))
    with pytest.raises(ConfigError) as error:
        read_tests(folder / "tests.yaml")
    return [str(finding).replace(f"{folder}/", "") for finding in error.value.findings]
