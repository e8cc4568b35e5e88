"""Documents in, the model out, and small questions to the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio import validate_documents
from meshcore.model import Config, DirectResponse, ForwardAction, Listener, Redirect, Route, VirtualHost

Compile = Callable[..., "Compiled"]


class Compiled:
    """A loaded configuration and what was found on the way."""

    def __init__(self, config: Config, warnings: tuple[str, ...]) -> None:
        self.config = config
        self.warnings = warnings

    def listener(self, port: int | None) -> Listener:
        return next(it for it in self.config.listeners if it.port == port)

    @property
    def ports(self) -> list[int | None]:
        return [it.port for it in self.config.listeners]

    def hosts(self, port: int | None) -> dict[str, VirtualHost]:
        """Virtual hosts by domain."""
        hosts = self.listener(port).route_configuration.virtual_hosts
        return {domain: host for host in hosts for domain in host.domains}

    def routes(self, port: int | None, domain: str) -> tuple[Route, ...]:
        return self.hosts(port)[domain].routes

    def targets(self, port: int | None, domain: str) -> list[object]:
        """What each route does, shortened: a cluster, clusters with weights, or the action's name."""
        return [target(route) for route in self.routes(port, domain)]

    def endpoints(self, name: str) -> list[str]:
        cluster = self.config.cluster(name)
        assert cluster is not None, f"{name} is not among {[it.name for it in self.config.clusters]}"
        return [endpoint.authority for endpoint in cluster.endpoints]


def target(route: Route) -> object:
    action = route.action
    if isinstance(action, ForwardAction):
        if action.weighted_clusters is None:
            return action.cluster
        return {it.cluster: it.weight for it in action.weighted_clusters.clusters}
    return {Redirect: "redirect", DirectResponse: "direct response"}[type(action)]


def service(host: str, *ports: int, namespace: str = "default") -> dict[str, object]:
    """A service for the registry, by its short or full name."""
    full = host if "." in host else f"{host}.{namespace}.svc.cluster.local"
    return {
        "host": full,
        "namespace": namespace,
        "ports": [{"number": port, "protocol": "HTTP"} for port in ports or (80,)],
    }


def given(given: str | Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(given, str):
        return given
    name, _, ports = given.partition(":")
    name, _, namespace = name.partition("/")
    return service(name, *(int(port) for port in ports.split(",") if port), namespace=namespace or "default")


def document(kind: str, spec: str, *, group: str = "networking.istio.io/v1", metadata: str = "") -> str:
    """A resource of a spec in flow style (or an indented block)."""
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x, namespace: n{metadata}}}\nspec: {spec}\n"


def checked(text: str) -> tuple[list[str], list[str]]:
    """Errors and warnings of Istio's own validation, without the places in the file."""
    findings = Findings()
    validate_documents(read_text(text, findings, "test.yaml"), findings)
    assert all(it.line for it in (*findings.errors, *findings.warnings)), "a finding without a position"
    return [f"{it.path}: {it.detail}" for it in findings.errors], [
        f"{it.path}: {it.detail}" for it in findings.warnings
    ]
