"""Replay what Istio derives from the documents of the Gateway API: gateway_api.json.

Each entry holds documents and the Gateways and VirtualServices that Istio makes of them. A case is
one derived http rule at its place, or one derived Gateway; generated names and annotations are
Istio's own and not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Any, TypeAlias

from meshcore.config.documents import from_mapping, read_text
from meshcore.config.findings import Findings
from meshcore.config.istio.gateway_api.derive import derive
from meshcore.config.istio.names import DOMAIN
from meshcore.config.istio.reading import Resources, read
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.virtual_service import HTTPRoute, VirtualService
from meshcore.config.istio.translate import make_registry
from meshcore.config.istio.validation import validate
from meshcore.config.tree import Document
from meshcore.replay.records import differences, plain_record
from meshcore.replay.results import CaseResult, attempt

__all__ = ["replay_gateway_api"]

#: The cluster domain of the recordings.
RECORDED_DOMAIN = "domain.suffix"
#: The services of the cluster where the recordings were made, by namespace.
SERVICES: dict[str, str] = {
    "allowed-1": "a-example b-example svc1 svc2",
    "allowed-2": "a-example svc2 svc3",
    "apple": "httpbin-apple",
    "banana": "httpbin-banana",
    "cert": "httpbin",
    "default": "echo echo-1 echo-2 echo-port example foo-svc httpbin httpbin-alt httpbin-bad httpbin-foo "
    "httpbin-mirror httpbin-other httpbin-second httpbin-wildcard httpbin-zero not-found svc4",
    "group-namespace1": "httpbin",
    "group-namespace2": "httpbin",
    "istio-system": "echo httpbin istio-ingressgateway istiod",
    "service": "my-svc",
}
#: A namespace of the recordings carries the first part of its name as a label.
NAME_PART = "istio.io/test-name-part"

#: What tells VirtualServices apart: gateways, hosts, and the ports that their matches ask for.
Place: TypeAlias = tuple[str, ...]


def replay_gateway_api(document: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Replay all entries; the documents of one are read once."""
    for index, entry in enumerate(document):
        name = str(entry.get("name", index))
        wanted = _recorded(str(entry["golden"]), f"{name}.golden.yaml")
        try:
            made: _Outcome | Exception = _derived(str(entry["input"]), f"{name}.yaml")
        except Exception as error:
            made = error
        yield from _compare(name, wanted, made)


@dataclass(slots=True)
class _Outcome:
    """Gateways by name, and http rules by place."""

    gateways: dict[str, Resource[Gateway]] = field(default_factory=dict)
    rules: dict[Place, list[HTTPRoute]] = field(default_factory=dict)

    def add(self, resource: Resource[VirtualService]) -> None:
        spec = resource.spec
        if spec.http:
            ports = {str(match.port) for rule in spec.http for match in rule.match if match.port}
            place = (*spec.gateways, *spec.hosts, *sorted(ports))
            self.rules.setdefault(place, []).extend(spec.http)


def _recorded(text: str, file: str) -> _Outcome:
    findings = Findings()
    resources = read(read_text(text.replace(RECORDED_DOMAIN, DOMAIN), findings, file), findings)
    findings.raise_errors()
    outcome = _Outcome({it.full_name: it for it in resources.of("Gateway", Gateway)})
    for resource in resources.of("VirtualService", VirtualService):
        outcome.add(resource)
    return outcome


def _derived(text: str, file: str) -> _Outcome:
    """What we make of the documents; one that is refused is as if it were not there."""
    documents = read_text(text, Findings(), file)
    findings = Findings()
    validate(read(documents, findings), findings)
    bad = {(it.kind, it.name) for it in findings.errors}
    documents = [it for it in documents if (it.kind, it.name) not in bad]
    resources = _with_namespaces(documents)
    derived = derive(resources, make_registry(resources, _services()))
    outcome = _Outcome()
    for listeners in derived.gateways.served.values():
        outcome.gateways.update((it.gateway, it.resource) for it in listeners)
    for resource in derived.virtual_services:
        outcome.add(resource)
    return outcome


def _with_namespaces(documents: list[Document]) -> Resources:
    """Read the documents, with those of the namespaces that they are in."""
    findings = Findings()
    for name in sorted(read(documents, findings).namespaces):
        labels = {NAME_PART: name.partition("-")[0]}
        given = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        made = from_mapping(given, "<namespaces>", findings)
        assert made is not None
        documents = [*documents, made]
    return read(documents, findings)


def _services() -> list[dict[str, object]]:
    return [
        {"host": f"{name}.{namespace}.svc.{DOMAIN}", "namespace": namespace}
        for namespace, names in SERVICES.items()
        for name in names.split()
    ]


def _compare(entry: str, wanted: _Outcome, made: _Outcome | Exception) -> Iterator[CaseResult]:
    for name, gateway in wanted.gateways.items():
        yield attempt(f"{entry}/Gateway {name}", partial(_gateway, gateway, made, name))
    for place, rules in wanted.rules.items():
        found = made.rules.get(place, []) if isinstance(made, _Outcome) else []
        for number, (rule, own) in enumerate(zip_longest(rules, found)):
            case = f"{entry}/{' '.join(place)}/{number}"
            yield attempt(case, partial(_rule, rule, made if isinstance(made, Exception) else own))
    if isinstance(made, _Outcome):
        for place in made.rules.keys() - wanted.rules.keys():
            yield CaseResult(f"{entry}/{' '.join(place)}", ("not expected: there are rules",))
        for name in made.gateways.keys() - wanted.gateways.keys():
            yield CaseResult(f"{entry}/Gateway {name}", ("not expected: there is a Gateway",))


def _gateway(wanted: Resource[Gateway], made: _Outcome | Exception, name: str) -> Iterator[str]:
    if isinstance(made, Exception):
        raise made
    if name not in made.gateways:
        yield "expected a Gateway, got none"
        return
    yield from differences(_server(wanted), _server(made.gateways[name]))


def _server(gateway: Resource[Gateway]) -> list[object]:
    """Servers; which certificates are there is known to the cluster of the recording alone."""
    servers: list[object] = []
    for server in gateway.spec.servers:
        plain = plain_record(server)
        tls = plain.get("tls")
        if isinstance(tls, dict):
            plain["tls"] = {"mode": tls.get("mode")}
        servers.append(plain)
    return servers


def _rule(wanted: HTTPRoute | None, made: HTTPRoute | Exception | None) -> Iterator[str]:
    if isinstance(made, Exception):
        raise made
    if made is None or wanted is None:
        rule = wanted or made
        assert rule is not None
        yield f"expected the rule {rule.name!r}, got none" if wanted else f"not expected: {rule.name!r}"
        return
    yield from differences(_plain_rule(wanted), _plain_rule(made))


def _plain_rule(rule: HTTPRoute) -> dict[str, object]:
    """A rule without what goes without saying.

    No cluster has filled in the defaults of the recorded documents: the prefix ``/``, the status 302
    and the 5 seconds of a preflight stand there only where a document says so.
    """
    plain = plain_record(rule)
    matches = plain.get("match")
    for match in matches if isinstance(matches, list) else ():
        if match.get("uri") == {"prefix": "/"}:
            del match["uri"]
    if matches == [{}]:
        del plain["match"]
    for part, field_name, default in (("redirect", "redirect_code", 302), ("cors_policy", "max_age", 5.0)):
        values = plain.get(part)
        if isinstance(values, dict) and values.get(field_name) == default:
            del values[field_name]
    return plain
