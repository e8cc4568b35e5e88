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
