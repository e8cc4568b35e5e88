"""The endpoints file: addresses and labels for services whose documents give none.

A mapping from services to lists of endpoints::

    reviews:                                # short names are in namespace "default"
    - {address: 127.0.0.1, port: 9081, labels: {version: v1}}
    - {address: 127.0.0.1, port: 9082, labels: {version: v2}}
    ratings.prod:                           # name.namespace, a full name, or the host of a ServiceEntry
    - {address: 10.0.0.7, ports: {http: 8080, metrics: 9090}, weight: 2, locality: eu/a}
    api.example.com:                        # a service that no document describes says its ports
      ports: [80, {number: 443, protocol: HTTPS}]
      endpoints:
      - {address: 192.0.2.10, port: 8080}

``port`` serves every port of the service; ``ports`` is by the name or number of the service's port.
Without either it is the service's target port.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from meshcore.config.documents import Sources
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio import locality
from meshcore.config.istio.names import is_address, kubernetes_host, split_host
from meshcore.config.istio.registry import Protocol, Registry, Resolution, Service, ServicePort, Workload
from meshcore.config.istio.resources import DEFAULT_NAMESPACE
from meshcore.config.istio.schema.endpoints import EndpointItem, PortItem, ServiceItem
from meshcore.config.istio.validation.names import is_domain, is_wildcard_domain
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import decode, error_at, origin_of
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, describe

__all__ = ["add_endpoints"]


def add_endpoints(
    registry: Registry,
    source: str | os.PathLike[str] | Mapping[str, object],
    namespaces: frozenset[str],
    findings: Findings,
    sources: Sources | None = None,
) -> None:
    """Give services of the registry the endpoints of a file or mapping; new services are added.

    Args:
        registry: the services that the documents describe.
        source: a path, or the parsed content.
        namespaces: namespaces that the documents know (so that ``a.b`` can be told from a domain).
        findings: takes what is wrong.
        sources: takes the file that is read, so that it counts as a part of the configuration.
    """
    before = len(findings)
    documents = (sources or Sources()).add_given(source, "<endpoints>", findings)
    if not documents and len(findings) == before:
        # A file that is cut off must not take all endpoints away.
        findings.error(str(source), "", "there is no document; {} stands for no endpoints")
    for document in documents:
        root = document.root
        if isinstance(root, ScalarNode) and root.value is None:
            continue
        if not isinstance(root, MappingNode):
            findings.error(
                root, "", "", found=describe(root), expected="a mapping from services to endpoints"
            )
            continue
        kind = root.get("kind")
        if isinstance(kind, ScalarNode) and "apiVersion" in root.entries:
            found = f"a document of the kind {quoted(kind.value)}"
            expected = "services with their endpoints; documents, EndpointSlices too, go with -c (load(PATH))"
            findings.error(root, "", "", found=found, expected=expected)
            continue
        known = _names(registry)  # by the documents: a name of the file need not be like its neighbours
        for name, node in root.entries.items():
            item = _item(name, node, findings)
            if item is not None:
                _apply(registry, name, item, root, namespaces, known, findings)


def _item(name: str, node: TreeNode, findings: Findings) -> ServiceItem | None:
    path = f'["{name}"]' if "." in name else name
    if slips := _slips(node, path):
        for where, path, found, expected in slips:
            findings.error(where, path, "", found=found, expected=expected % _example(where))
        return None
    if isinstance(node, SequenceNode):
        whole = MappingNode(node.document, node.line, node.column)
        whole.set("endpoints", node.line, node.column, node)
        return decode(whole, ServiceItem, findings, path)
    return decode(node, ServiceItem, findings, path)


def _slips(node: TreeNode, path: str) -> list[tuple[TreeNode, str, str, str]]:
    """Endpoints that are texts, or one that is in no list: where, what was found, and what is expected."""
    several = "a list of endpoints, such as [%s]"
    given = node
    if isinstance(node, MappingNode):
        if node.get("address") is not None and node.get("endpoints") is None:
            return [(node, path, "an endpoint by itself", several)]
        given = node.get("endpoints") or node
        path = f"{path}.endpoints"
    if isinstance(given, ScalarNode):
        return [(given, path, describe(given), several)]
    if not isinstance(given, SequenceNode) or not all(isinstance(it, ScalarNode) for it in given):
        return []
    one = "an endpoint, such as %s"
    return [(it, f"{path}[{index}]", describe(it), one) for index, it in enumerate(given)]


def _example(node: TreeNode) -> str:
    """An endpoint as it is written: what the text of a node may mean, "10.0.0.7:80"."""
    host, _, port = str(node.value).rpartition(":") if isinstance(node, ScalarNode) else ("", "", "")
    if not (host and port.isascii() and port.isdigit()):
        host, port = "127.0.0.1", "9081"
    return f"{{address: {host.strip('[]')}, port: {port}}}"


def _apply(
    registry: Registry,
    name: str,
    item: ServiceItem,
    root: MappingNode,
    namespaces: frozenset[str],
    known: list[str],
    findings: Findings,
) -> None:
    wrong = [it for it in item.endpoints if not _check_address(it, findings)]
    host = _host(registry, name.lower(), namespaces)
    if not is_wildcard_domain(host):
        path = item.record_path
        findings.error(
            root.key_origin(name, path), path, found=quoted(name), expected="the name of a service"
        )
        return
    services = registry.get(host)
    if not services:
        if wrong:  # perhaps its port is in it, and what is missing elsewhere is there
            return
        near = _elsewhere(registry, host) or did_you_mean(name, known)
        ports = _ports(item, findings, near)
        if ports is None:
            return
        if near:
            message = f"no service of the documents has this name, so that it becomes one of its own{near}"
            findings.warn(root.key_origin(name, item.record_path), item.record_path, message)
        parts = split_host(host, registry.domain)
        namespace = parts[1] if parts else DEFAULT_NAMESPACE
        services = [registry.add(Service(host, namespace, ports, origin=root.key_origin(name, name)))]
    workloads = [_workload(it) for it in item.endpoints]
    named = any(not is_address(it.address) and not it.address.startswith(("/", "@")) for it in workloads)
    for service in services:
        service.workloads = workloads
        service.resolution = Resolution.DNS if named else Resolution.STATIC
        _check_ports(item, service, findings)


def _names(registry: Registry) -> list[str]:
    """The names by which a key of the file may mean a service: whole ones, and short ones."""
    hosts = list(registry.hosts)
    parts = [it for host in hosts if (it := split_host(host, registry.domain)) is not None]
    return [*hosts, *(f"{name}.{namespace}" for name, namespace in parts), *(name for name, _ in parts)]


def _host(registry: Registry, name: str, namespaces: frozenset[str]) -> str:
    """The host that a key of the file means."""
    if name in registry:
        return name
    parts = name.split(".")
    if len(parts) == 1:
        return kubernetes_host(name, DEFAULT_NAMESPACE, registry.domain)
    if len(parts) == 2 or (len(parts) == 3 and parts[2] == "svc"):
        host = kubernetes_host(parts[0], parts[1], registry.domain)
        if host in registry or parts[1] in namespaces or len(parts) == 3:
            return host
    return name


def _elsewhere(registry: Registry, host: str) -> str:
    """A hint where the short name of a key is that of a service in another namespace; else ""."""
    own = split_host(host, registry.domain)
    for other in registry.hosts if own else ():
        parts = split_host(other, registry.domain)
        if own and parts and parts[0] == own[0]:
            short = own[1] == DEFAULT_NAMESPACE
            what = f"a short name is of the namespace {DEFAULT_NAMESPACE}; " if short else ""
            return f"; {what}did you mean '{parts[0]}.{parts[1]}'?"
    return ""


def _ports(item: ServiceItem, findings: Findings, near: str) -> tuple[ServicePort, ...] | None:
    """The ports of a service that no document describes: those stated, else the endpoints' one port."""
    ports: list[ServicePort] = []
    for index, node in enumerate(item.ports):
        if isinstance(node, ScalarNode):
            whole = MappingNode(node.document, node.line, node.column)
            whole.set("number", node.line, node.column, node)
            node = whole
        port = decode(node, PortItem, findings, f"{item.record_path}.ports[{index}]")
        if port is None:
            return None
        if not Protocol.known(port.protocol):
            error_at(
                findings,
                port,
                "protocol",
                found=repr(port.protocol),
                expected="a protocol such as HTTP or GRPC",
            )
        ports.append(ServicePort(port.number, Protocol.parse(port.protocol), port.name))
    if ports:
        return tuple(ports)
    numbers = {it.port for it in item.endpoints if it.port is not None}
    if len(numbers) == 1 and all(not it.ports for it in item.endpoints):
        return (ServicePort(numbers.pop()),)
    error_at(
        findings,
        item,
        "",
        "no document describes this service, so its ports must be given: {ports: [80], endpoints: [...]}"
        + near,
    )
    return None


def _workload(item: EndpointItem) -> Workload:
    return Workload(
        item.address.removeprefix(UNIX),
        ports=item.ports,
        port=item.port,
        labels=item.labels,
        locality=locality.parse(item.locality) if item.locality else locality.of_labels(item.labels),
        weight=item.weight,
        origin=origin_of(item),
    )


def _check_address(item: EndpointItem, findings: Findings) -> bool:
    """Whether it is one that can be connected to."""
    address = item.address
    if is_address(address) or is_domain(address) or address.removeprefix(UNIX).startswith(("/", "@")):
        return True
    expected = "an IP address, a host name or unix:///path"
    if address.rpartition(":")[2].isdigit() or address.startswith("["):
        expected += "; the port goes into port, and IPv6 needs no brackets"
    error_at(findings, item, "address", found=quoted(address), expected=expected)
    return False


def _check_ports(item: ServiceItem, service: Service, findings: Findings) -> None:
    known = {port.name for port in service.ports if port.name} | {str(port.number) for port in service.ports}
    for endpoint in item.endpoints:
        for name in endpoint.ports:
            if name not in known:
                expected = f"a port of {service.host} ({', '.join(sorted(known))}){did_you_mean(name, known)}"
                error_at(findings, endpoint, "ports", found=repr(name), expected=expected)
