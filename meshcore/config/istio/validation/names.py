"""What names may look like: labels, host names, addresses, protocols. The rules are Istio's own."""

from __future__ import annotations

import ipaddress
import re

from meshcore.config.istio.names import is_address

__all__ = [
    "PROTOCOLS",
    "is_domain",
    "is_label",
    "is_label_key",
    "is_label_value",
    "is_network",
    "is_partial_wildcard",
    "is_protocol",
    "is_wildcard_domain",
    "speaks_http",
    "speaks_tcp",
    "speaks_tls",
]

_DNS_LABEL = "[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_LABEL = re.compile(rf"{_DNS_LABEL}\Z")
_FIRST = re.compile(rf"(?:\*|(?:\*|\*-)?{_DNS_LABEL})\Z")
_QUALIFIED = "(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_KEY = re.compile(rf"(?:({_DNS_LABEL}(?:\.{_DNS_LABEL})*)/)?({_QUALIFIED})\Z")
_LABEL_VALUE = re.compile(rf"(?:{_QUALIFIED})?\Z")
_NUMERIC = re.compile(r"[0-9]+\Z")
_BITS = re.compile(r"0\Z|[1-9][0-9]{0,2}\Z")
_MAX_LABEL = 63
_MAX_DOMAIN = 255
_MAX_KEY_PREFIX = 253

_HTTP = frozenset({"http", "http2", "http_proxy", "grpc", "grpc-web"})
_TLS = frozenset({"https", "tls"})
_TCP = _TLS | {"tcp", "mongo", "redis", "mysql"}
_PROTOCOLS = _HTTP | _TCP | {"udp"}
#: For messages.
PROTOCOLS = "HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, REDIS, MYSQL, TCP, TLS or UDP"


def is_label(text: str) -> bool:
    """Whether a text is one label of a host name."""
    return len(text) <= _MAX_LABEL and _LABEL.match(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text is a host name without wildcards."""
    return 0 < len(text) <= _MAX_DOMAIN and _are_labels(text)


def is_wildcard_domain(text: str) -> bool:
    """Whether a text is a host name of which the first label may be, or begin with, a wildcard."""
    if not text or len(text) > _MAX_DOMAIN:
        return False
    first, dot, rest = text.partition(".")
    return len(first) <= _MAX_LABEL and _FIRST.match(first) is not None and (not dot or _are_labels(rest))


def is_partial_wildcard(text: str) -> bool:
    """Whether a wildcard stands for a part of a label, as in ``*-api.example.com``."""
    return "*" in text and text != "*" and not text.startswith("*.")


def _are_labels(text: str) -> bool:
    labels = text.split(".")
    if _NUMERIC.match(labels[-1]):  # else an address would pass for a name
        return False
    if not labels[-1]:  # a trailing dot
        labels.pop()
    return all(is_label(label) for label in labels)


def is_label_key(text: str) -> bool:
    """Whether a text is the key of a Kubernetes label, such as ``app.kubernetes.io/name``."""
    found = _LABEL_KEY.match(text)
    return found is not None and len(found[1] or "") <= _MAX_KEY_PREFIX and len(found[2]) <= _MAX_LABEL


def is_label_value(text: str) -> bool:
    return _LABEL_VALUE.match(text) is not None


def is_network(text: str) -> bool:
    """Whether a text is an address or a range such as ``10.0.0.0/8`` (no netmasks, no leading zeros)."""
    address, slash, bits = text.partition("/")
    if not slash:
        return is_address(text)
    if "%" in address or not is_address(address) or not _BITS.match(bits):
        return False
    return int(bits) <= ipaddress.ip_address(address).max_prefixlen


def is_protocol(name: str) -> bool:
    """Whether a port may say that it speaks this."""
    return name.lower() in _PROTOCOLS


def speaks_http(name: str) -> bool:
    return name.lower() in _HTTP


def speaks_tls(name: str) -> bool:
    return name.lower() in _TLS


def speaks_tcp(name: str) -> bool:
    """Whether connections are all that can be told apart (TLS by its server name as well)."""
    return name.lower() in _TCP
