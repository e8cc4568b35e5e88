"""A resolver over dnspython (the extra ``dns``): it knows TTLs, and asks the name servers it is told to."""

from __future__ import annotations

import importlib
import ipaddress
import threading
from typing import TYPE_CHECKING, Any

from meshcore.discovery.answer import Answer, LookupFailed, Question
from meshcore.discovery.system import chosen
from meshcore.model import LookupFamily

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["DnspythonResolver"]

_FAMILIES: dict[LookupFamily, tuple[str, ...]] = {
    LookupFamily.V4_ONLY: ("A",),
    LookupFamily.V6_ONLY: ("AAAA",),
    LookupFamily.V4_PREFERRED: ("A", "AAAA"),
    LookupFamily.AUTO: ("AAAA", "A"),
    LookupFamily.ALL: ("AAAA", "A"),
}


class DnspythonResolver:
    """Asks name servers by itself: those of the question, else those of the system's resolv.conf.

    The hosts file is not looked at, and nothing is cached: who asks knows how long an answer holds.

    Args:
        timeout: seconds for a lookup in all.

    Raises:
        ImportError: dnspython is not there.
    """

    def __init__(self, *, timeout: float = 5.0) -> None:
        try:
            importlib.import_module("dns.resolver")
        except ImportError as error:
            raise ModuleNotFoundError(
                "name servers of one's own need dnspython: pip install 'meshcore-engine[dns]'", name="dns"
            ) from error
        self._timeout = timeout
        self._lock = threading.Lock()
        self._resolvers: dict[tuple[str, ...], dns.resolver.Resolver] = {}

    def lookup(self, question: Question) -> Answer:
        """See :class:`meshcore.discovery.Resolver`; the TTL is the smallest of the answer's."""
        kinds = _FAMILIES[question.family]
        if question.family is LookupFamily.ALL:
            v6, v4 = (self._ask(question, kind) for kind in kinds)
            ttls = [answer.ttl for answer in (v6, v4) if answer.ttl is not None]
            addresses = chosen(question.family, list(v4.addresses), list(v6.addresses))
            return Answer(addresses, min(ttls, default=None), v4.reason or v6.reason)
        failure: LookupFailed | None = None
        answer = Answer(())
        for kind in kinds:  # the first that has addresses
            try:
                answer = self._ask(question, kind)
            except LookupFailed as error:
                failure = failure or error
            else:
                if answer.addresses:
                    return answer
        if failure is not None:
            raise failure
        return answer

    def _ask(self, question: Question, kind: str) -> Answer:
        import dns.exception
        import dns.resolver

        try:
            reply = self._resolver(question.servers).resolve(
                question.name,
                kind,
                tcp=question.use_tcp,
                search=question.search,
                raise_on_no_answer=False,
                lifetime=self._timeout,
            )
        except dns.resolver.NXDOMAIN:
            return Answer((), reason="there is no such name")
        except dns.exception.DNSException as error:
            raise LookupFailed(_in_words(error)) from error
        except (OSError, ValueError) as error:
            raise LookupFailed(str(error)) from error
        if reply.rrset is None:
            return Answer(())
        addresses = dict.fromkeys(str(record.address) for record in reply.rrset)
        return Answer(tuple(addresses), float(reply.chaining_result.minimum_ttl))

    def _resolver(self, servers: tuple[str, ...]) -> dns.resolver.Resolver:
        with self._lock:
            found = self._resolvers.get(servers)
            if found is None:
                found = self._resolvers[servers] = _made(servers)
            return found


def _made(servers: tuple[str, ...]) -> Any:
    import dns.nameserver
    import dns.resolver

    if not servers:
        return dns.resolver.Resolver()
    made = dns.resolver.Resolver(configure=False)
    nameservers = []
    for server in servers:
        host, _, port = server.rpartition(":")
        address = str(ipaddress.ip_address(host.strip("[]")))
        nameservers.append(dns.nameserver.Do53Nameserver(address, int(port)))
    made.nameservers = nameservers
    return made


def _in_words(error: Exception) -> str:
    import dns.resolver

    if isinstance(error, dns.resolver.LifetimeTimeout):
        return "no name server answered in time"
    return str(error) or type(error).__name__
