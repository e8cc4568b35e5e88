"""What a name server is asked, and what it says."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass, field
from typing import Protocol

from meshcore.model import LookupFamily

__all__ = ["Answer", "LookupFailed", "Question", "Resolver"]


@dataclass(frozen=True, slots=True)
class Question:
    """A name and how to look it up. Clusters whose questions are equal share the lookup."""

    name: str
    family: LookupFamily = LookupFamily.AUTO
    servers: tuple[str, ...] = ()  #: ``address:port`` of name servers; none: those of the system
    use_tcp: bool = False
    search: bool = True  #: short names are completed by the system's search domains


@dataclass(frozen=True, slots=True)
class Answer:
    """Addresses in the order of the name server, and for how many seconds they hold (None: not known).

    None at all: the name has no addresses, or there is no such name: ``reason`` has the resolver's words.
    """

    addresses: tuple[str, ...]
    ttl: float | None = None
    reason: str = field(default="", compare=False)

    def checked(self) -> Answer:
        """The same with addresses as everybody writes them.

        Raises:
            LookupFailed: for what is no IP address, and a TTL that is no time.
        """
        try:
            addresses = tuple(str(ipaddress.ip_address(address)) for address in self.addresses)
        except ValueError as error:
            raise LookupFailed(f"the resolver answered with {error}") from error
        if self.ttl is not None and not 0 <= self.ttl < math.inf:
            raise LookupFailed(f"the resolver answered with a TTL of {self.ttl}")
        return Answer(tuple(dict.fromkeys(addresses)), self.ttl, self.reason)


class LookupFailed(Exception):
    """No answer came: a timeout, a name server that failed. The text says which."""


class Resolver(Protocol):
    """Looks names up. Anything with this method will do; it is called in threads, several at once."""

    def lookup(self, question: Question) -> Answer:
        """The addresses of a name, by the rules of ``question.family``.

        Raises:
            LookupFailed: no answer came; what is known of the name stays in force.
        """
