"""What leads nowhere is told with its remedy, once."""

from __future__ import annotations

from istio_support import Compile

SERVICES = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: back}, spec: {ports: [{port: 80}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front}
spec:
  hosts: [front]
  http: [{route: [{destination: {host: DESTINATION}}]}]
"""


def warnings(compiled: Compile, text: str) -> list[str]:
    return [it.partition("warning: ")[2] for it in compiled(text).warnings]


def test_a_service_without_endpoints_is_told(compiled: Compile) -> None:
    told = warnings(compiled, SERVICES.replace("DESTINATION", "front"))
    assert [it.partition(":")[0] for it in told] == [
        "no endpoints are known for front.default.svc.cluster.local",
        "no endpoints are known for back.default.svc.cluster.local",
    ]
    assert all("endpoints=" in it and "--endpoints" in it for it in told)


def test_a_service_whose_rules_lead_elsewhere_needs_none(compiled: Compile) -> None:
    (told,) = warnings(compiled, SERVICES.replace("DESTINATION", "back"))
    assert told.startswith("no endpoints are known for back.default")


def test_how_an_unknown_service_is_made_known_is_said_once(compiled: Compile) -> None:
    rule = "{route: [{destination: {host: nobody}}]}"
    text = SERVICES.replace("{route: [{destination: {host: DESTINATION}}]}", f"{rule}, {rule}")
    first, second = (it for it in warnings(compiled, text) if "there is no service" in it)
    assert "ServiceEntry" in first
    assert "ServiceEntry" not in second


def test_names_are_near_by_what_tells_them_apart(compiled: Compile) -> None:
    def told(destination: str) -> str:
        found = warnings(compiled, SERVICES.replace("DESTINATION", destination))
        return next(it for it in found if "there is no service" in it)

    assert "did you mean 'front'?" in told("frnt")
    assert "did you mean" not in told("nobody")
    assert "did you mean 'back.default.svc.cluster.local'?" in told("back.prod.svc.cluster.local")


def test_a_short_host_that_is_no_service_is_told(compiled: Compile) -> None:
    def told(host: str) -> list[str]:
        text = SERVICES.replace("hosts: [front]", f"hosts: [{host}]").replace("DESTINATION", "front")
        return [it for it in warnings(compiled, text) if "no service" in it]

    beginning = "spec.hosts: there is no service"
    (slip,) = told("frontt")
    assert slip == (
        f"{beginning} 'frontt.default.svc.cluster.local': requests for 'frontt' do not follow these rules; "
        "did you mean 'front'? (VirtualService default/front)"
    )
    (unknown,) = told("llm")
    assert unknown == (
        f"{beginning} 'llm.default.svc.cluster.local': requests for 'llm' do not follow these rules"
        " (VirtualService default/front)"
    )
    (whole,) = told("frnt.default.svc.cluster.local")
    assert "only requests for this whole name follow these rules; did you mean 'front'?" in whole
    assert told("front") == told("front.example.com") == told("llm.default.svc.cluster.local") == []
    assert told("frontt]\n  gateways: [edge") == []


def test_rules_for_an_unknown_host_alone_are_followed_by_nothing(compiled: Compile) -> None:
    def told(hosts: str) -> str:
        text = SERVICES.replace("hosts: [front]", f"hosts: [{hosts}]").replace("DESTINATION", "billing")
        (found,) = (it for it in warnings(compiled, text) if "no service" in it)
        return found

    assert "so nothing follows these rules: clients go past the mesh, the proxy answers 404" in told(
        "billing"
    )
    assert "so requests get a 503" in told("billing, front")


def test_a_short_host_of_a_service_entry_is_told_as_such(compiled: Compile) -> None:
    entry = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: shop}
spec:
  hosts: [shop]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}]
---"""
    text = SERVICES.replace("hosts: [front]", "hosts: [shop]").replace("DESTINATION", "shop, subset: v1")
    [told] = (it for it in warnings(compiled, entry + text) if "no service" in it)
    assert "so nothing follows these rules: requests go to the ServiceEntry of that name" in told
    assert "test.yaml:2 has the host 'shop', which is a whole name there and a short one here" in told
    assert "have it say shop.default.svc.cluster.local" in told


def test_a_mirror_that_leads_nowhere_is_no_503(compiled: Compile) -> None:
    text = SERVICES.replace("DESTINATION}}]", "front}}], mirror: {host: nobody}")
    (told,) = (it for it in warnings(compiled, text) if "no service" in it)
    assert "so nothing is mirrored" in told


def test_outlier_detection_that_can_eject_nothing_is_told(compiled: Compile) -> None:
    entry = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pair}
spec:
  hosts: [pair.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}, {address: 192.0.2.2}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: pair}
spec:
  host: pair.example
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: PERCENT}}
"""
    (told,) = warnings(compiled, entry.replace("PERCENT", "49"))
    assert told.startswith("spec.trafficPolicy.outlierDetection.maxEjectionPercent: maxEjectionPercent 49 of")
    (told,) = warnings(compiled, entry.replace(", maxEjectionPercent: PERCENT", ""))
    assert "maxEjectionPercent 10 of 2 endpoints" in told
    assert warnings(compiled, entry.replace("PERCENT", "50")) == []
    # How many a name stands for is not known.
    by_dns = entry.replace("resolution: STATIC", "resolution: DNS").replace("192.0.2.", "example.pod")
    assert warnings(compiled, by_dns.replace("PERCENT", "10")) == []
