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


def test_a_host_with_a_slip_is_told_and_one_of_its_own_is_not(compiled: Compile) -> None:
    def told(host: str) -> list[str]:
        text = SERVICES.replace("hosts: [front]", f"hosts: [{host}]").replace("DESTINATION", "front")
        return [it for it in warnings(compiled, text) if "no service" in it]

    (slip,) = told("frontt")
    assert slip == (
        "spec.hosts: there is no service 'frontt.default.svc.cluster.local': these rules are for it alone; "
        "did you mean 'front'? (VirtualService default/front)"
    )
    assert told("front") == told("llm") == told("front.example.com") == []
    assert told("frontt]\n  gateways: [edge") == []


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
