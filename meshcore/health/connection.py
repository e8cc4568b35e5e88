"""The wire of checks: moves bytes between a host and its probe, over asyncio."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Awaitable
from typing import TypeVar

from meshcore.certificates import CannotSecure, Certificates
from meshcore.health.clock import Clock
from meshcore.health.plan import Job
from meshcore.health.probes import Probe, alpn_of, broken, new_probe
from meshcore.health.verdict import Failure, Verdict

__all__ = ["Connection", "OutOfResources"]

_PIECE = 65536
#: What we ran out of ourselves says nothing of a host.
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)

T = TypeVar("T")


class OutOfResources(Exception):
    """The check could not be made, through no fault of the host's."""


class Connection:
    """Checks one host, over one connection at a time."""

    def __init__(self, job: Job, certificates: Certificates, clock: Clock) -> None:
        self._job = job
        self._certificates = certificates
        self._clock = clock
        self._probe: Probe | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def check(self) -> Verdict:
        """One check, from the connection to the verdict, within the check's timeout.

        Raises:
            OutOfResources: where there is no verdict.
        """
        seconds = self._job.check.timeout
        try:
            verdict = await self._before(self._clock.sleep(seconds), self._ask())
        except (OSError, CannotSecure) as error:
            self.close()
            if isinstance(error, OSError) and error.errno in _OURS:
                raise OutOfResources(str(error)) from error
            return broken(_reason(error))
        if verdict is None:
            self.close()
            return Verdict(Failure.NETWORK_TIMEOUT, f"no answer within {seconds:g} s")
        if self._probe is None or not self._probe.reusable:
            self.close()
        return verdict

    async def rest(self, seconds: float) -> Verdict | None:
        """Wait for the next check; a verdict where the connection brings one before."""
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while self._probe is not None and not sleep.done():
                verdict = await self._before(sleep, self._listen())
                if verdict is not None:
                    return verdict
            await sleep
        finally:
            sleep.cancel()
        return None

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._probe = self._reader = self._writer = None

    @staticmethod
    async def _before(timer: Awaitable[None], work: Awaitable[T]) -> T | None:
        """What the work comes to; None where it is not done before the timer is, and is given up."""
        waiting, task = asyncio.ensure_future(timer), asyncio.ensure_future(work)
        try:
            await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            if waiting is not timer:
                waiting.cancel()
            if task.cancel():
                await asyncio.wait({task})  # a reader has one who waits for it at a time

    async def _ask(self) -> Verdict:
        if self._probe is None:
            await self._open()
        assert self._probe is not None
        verdict = self._probe.begin()
        while verdict is None:
            verdict = self._probe.feed(await self._exchange())
        self._send()
        return verdict

    async def _listen(self) -> Verdict | None:
        """Take in what comes between two checks."""
        assert self._probe is not None
        try:
            data = await self._exchange()
        except OSError:
            data = b""
        verdict = self._probe.rest(data)
        if self._probe.reusable:
            self._send()
        else:
            self.close()
        return verdict

    async def _open(self) -> None:
        job, target = self._job, self._job.target
        context: ssl.SSLContext | None = None
        name = None
        if job.tls is not None:
            context = self._certificates.context(job.tls, alpn_of(job.check))
            name = job.tls.sni or target.authority.rpartition(":")[0] or target.authority
        probe = new_probe(job.check, target)
        if target.port:
            opening = asyncio.open_connection(target.address, target.port, ssl=context, server_hostname=name)
        else:
            path = "\0" + target.address[1:] if target.address.startswith("@") else target.address
            opening = asyncio.open_unix_connection(path, ssl=context, server_hostname=name)
        self._reader, self._writer = await opening
        self._probe = probe

    def _send(self) -> None:
        assert self._probe is not None
        assert self._writer is not None
        data = self._probe.outgoing()
        if data:
            self._writer.write(data)

    async def _exchange(self) -> bytes:
        """Send what is to be sent, and wait for what comes."""
        self._send()
        assert self._reader is not None
        return await self._reader.read(_PIECE)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS error: {error.reason or 'handshake failed'}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
