"""meshcore.listening: errors that name the address and say why."""

from __future__ import annotations

import errno
import socket

import pytest

from meshcore.cli.addresses import cannot_listen
from meshcore.listening import ListenError, shown


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EADDRINUSE, "error while attempting to bind on ..."), ": Address already in use"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), ": Name or service not known"),
        (OSError("no such interface"), ": no such interface"),
        (None, ""),
    ],
)
def test_the_reason(error: OSError | None, told: str) -> None:
    assert str(ListenError(shown("::1", 80), error)) == f"cannot listen on [::1]:80{told}"


@pytest.mark.parametrize(
    ("number", "admin", "hint"),
    [
        (errno.EACCES, False, "ports below 1024 need privileges; choose another by --listen"),
        (errno.EADDRNOTAVAIL, False, "choose an address of this machine by --listen"),
        (errno.EADDRINUSE, True, "by --admin, 0 for a free one, which is printed, or off for no admin pages"),
    ],
)
def test_what_to_do(number: int, admin: bool, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cannot_listen(ListenError(shown("127.0.0.1", 80), OSError(number, "?"), admin=admin)) == 1
    assert capsys.readouterr().err.endswith(f"{hint}\n")
