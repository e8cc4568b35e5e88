"""Stand-ins for endpoints and clusters that documents leave out."""

from __future__ import annotations

from meshcore.config import load_text
from meshcore.config.placeholders import PLACEHOLDER, with_placeholders

TABLE = """\
virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - match: {path: /a}
    route: {cluster: a}
  - match: {path: /r}
    redirect: {path_redirect: /}
  - match: {prefix: /}
    route: {weighted_clusters: {clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}}
"""
CLUSTERS = """\
---
{name: a, type: EDS, connect_timeout: 1s, eds_cluster_config: {eds_config: {ads: {}}}}
---
name: b
connect_timeout: 1s
load_assignment:
  cluster_name: b
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]
"""


def addresses(text: str) -> dict[str, list[str]]:
    config = with_placeholders(load_text(text))
    return {cluster.name: [it.authority for it in cluster.endpoints] for cluster in config.clusters}


def test_a_table_alone_gets_the_clusters_that_it_names() -> None:
    assert addresses(TABLE) == {"a": [f"{PLACEHOLDER}:80"], "b": [f"{PLACEHOLDER}:80"]}
    (warning,) = load_text(TABLE).warnings
    assert "the documents hold no clusters" in str(warning)


def test_clusters_that_have_endpoints_keep_them() -> None:
    assert addresses(TABLE + CLUSTERS) == {"a": [f"{PLACEHOLDER}:80"], "b": ["10.0.0.1:80"]}
