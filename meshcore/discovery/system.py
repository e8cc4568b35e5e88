"""The machine's own resolver: hosts file, search domains and all; it tells no TTL."""

from __future__ import annotations

import socket

from meshcore.discovery.answer import Answer, LookupFailed, Question
from meshcore.model import LookupFamily

__all__ = ["SystemResolver", "chosen"]

#: What says that there is no such name, or none with addresses: an answer, not a failure.
_NOTHING = {
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
}


class SystemResolver:
    """Asks ``getaddrinfo``, as Envoy's resolver of that name: families that the machine has no address of
    are left out."""

    def lookup(self, question: Question) -> Answer:
        """See :class:`meshcore.discovery.Resolver`; the TTL is never known."""
        name = question.name
        if not question.search and not name.endswith("."):
            name += "."
        try:
            found = socket.getaddrinfo(
                name, None, socket.AF_UNSPEC, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        except socket.gaierror as error:
            if error.errno in _NOTHING:
                return Answer((), reason=error.strerror or str(error))
            raise LookupFailed(error.strerror or str(error)) from error
        except UnicodeError as error:
            raise LookupFailed(f"{question.name!r} is no name") from error
        v4 = [str(address[0]) for family, *_, address in found if family == socket.AF_INET]
        v6 = [str(address[0]) for family, *_, address in found if family == socket.AF_INET6]
        return Answer(chosen(question.family, v4, v6))


def chosen(family: LookupFamily, v4: list[str], v6: list[str]) -> tuple[str, ...]:
    """The addresses that count, each once, in their order."""
    if family is LookupFamily.V4_ONLY:
        found = v4
    elif family is LookupFamily.V6_ONLY:
        found = v6
    elif family is LookupFamily.V4_PREFERRED:
        found = v4 or v6
    elif family is LookupFamily.AUTO:
        found = v6 or v4
    else:
        found = [*v6, *v4]
    return tuple(dict.fromkeys(found))
