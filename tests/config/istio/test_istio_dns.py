"""How names are looked up, by Istio's documents: as istiod tells its proxies."""

from __future__ import annotations

import pytest

from meshcore.config import ConfigError, load_text
from meshcore.model import Cluster, Discovery, DnsSettings, LookupFamily

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e}
spec:
  hosts: [x.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: %s
"""
ISTIOD = DnsSettings(LookupFamily.V4_ONLY, refresh_rate=60.0, jitter=0.1, respect_ttl=True)


def loaded(resolution: str, **mesh: object) -> Cluster:
    found = load_text(ENTRY % resolution, mesh_config=mesh or None).cluster("outbound|80||x.com")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("resolution", "discovery"),
    [("DNS", Discovery.STRICT_DNS), ("DNS_ROUND_ROBIN", Discovery.LOGICAL_DNS)],
)
def test_names_are_looked_up_as_istiod_says(resolution: str, discovery: Discovery) -> None:
    made = loaded(resolution)
    assert (made.discovery, made.dns) == (discovery, ISTIOD)


def test_the_mesh_says_how_often() -> None:
    assert loaded("DNS", dnsRefreshRate="5m").dns.refresh_rate == 300.0


def test_clusters_without_names_have_no_settings() -> None:
    assert loaded("NONE").dns == DnsSettings()


@pytest.mark.parametrize("rate", ["0s", "1ms", "-5s"])
def test_a_rate_must_be_more_than_a_millisecond(rate: str) -> None:
    with pytest.raises(
        ConfigError, match=f"dnsRefreshRate: found '{rate}', expected a value more than 0.001"
    ):
        loaded("DNS", dnsRefreshRate=rate)
