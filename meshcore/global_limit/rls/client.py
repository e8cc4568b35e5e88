"""Asks a rate limit service: envoyproxy/ratelimit, ours, or another one that speaks Envoy's protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from meshcore import _options as option
from meshcore._protobuf import WireError
from meshcore.global_limit.guard import Failure, Guard, GuardStats, Unanswered
from meshcore.global_limit.rls._grpc import grpc_library
from meshcore.global_limit.rls.codec import METHOD, REQUEST, RESPONSE, SERVICE
from meshcore.global_limit.rls.messages import Code, Descriptor, Entry, RateLimitRequest, RateLimitResponse

__all__ = ["AsyncRateLimitServiceClient", "RateLimitAnswer", "RateLimitServiceClient"]

#: A descriptor, or just its entries.
DescriptorLike: TypeAlias = "Descriptor | Iterable[Entry]"

#: Bytes of an answer; a service that sends more is broken.
MAX_RESPONSE = 1024 * 1024

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_RESPONSE),
    # It is asked again soon after it was gone; the breaker spares it.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.enable_retries", 0),
)


@dataclass(frozen=True, slots=True)
class RateLimitAnswer:
    """What the service said; true where the request is allowed.

    ``response`` is None where it gave no answer: then ``unanswered`` says why, and the failure mode decided.
    """

    allowed: bool
    response: RateLimitResponse | None = None
    unanswered: Unanswered | None = None

    def __bool__(self) -> bool:
        return self.allowed


class _Client(ABC):
    """What both clients share: the channel, the request, the guard."""

    def __init__(
        self,
        target: str,
        *,
        timeout: float = 0.02,
        failure_mode_deny: bool = False,
        consecutive_failures: int = 5,
        open_time: float = 1.0,
        credentials: Any = None,
        authority: str = "",
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        """
        Args:
            target: where it is, as gRPC writes it: ``ratelimit:8081``, ``unix:/path``.
            timeout: seconds for a request; Envoy's default.
            failure_mode_deny: refuse where there is no answer in time, instead of allowing.
            consecutive_failures: so many in a row open the breaker, and nobody is asked; 0: none do.
            open_time: seconds until one request probes whether it answers again.
            credentials: of ``grpc.ssl_channel_credentials()``, for TLS; without, the connection is plain.
            authority: what requests name as theirs; by default what ``target`` says.
            metadata: header lines for each request.

        Raises:
            ImportError: grpcio is not installed.
            TypeError, ValueError: an option is none of its kind.
        """
        option.text("target", target, "an address of gRPC, such as 'ratelimit:8081' or 'unix:/PATH'")
        option.instance("authority", authority, str, "a host name, or '' for that of target")
        option.instance(
            "metadata", metadata, (list, tuple), "pairs of names and values, such as [('x-team', 'a')]"
        )
        self._grpc = grpc_library()
        self.guard = Guard(
            self._classify,
            timeout=timeout,
            failure_mode_deny=failure_mode_deny,
            consecutive_failures=consecutive_failures,
            open_time=open_time,
        )
        self._metadata = tuple(metadata)
        library = self._library()
        options = [*_OPTIONS, *([("grpc.default_authority", authority)] if authority else [])]
        if credentials is not None:
            self._channel = library.secure_channel(target, credentials, options)
        else:
            self._channel = library.insecure_channel(target, options)
        # Bytes: what is no answer is a failure like others.
        self._call = self._channel.unary_unary(f"/{SERVICE}/{METHOD}")

    @abstractmethod
    def _library(self) -> Any:
        """The part of grpcio that makes this kind of channel."""

    def stats(self) -> GuardStats:
        """What was asked and what came of it, since the client was made."""
        return self.guard.stats()

    def _classify(self, error: BaseException) -> Failure | None:
        if isinstance(error, WireError):
            return Failure.REMOTE
        if not isinstance(error, self._grpc.RpcError):
            return None
        codes, code = self._grpc.StatusCode, error.code()
        if code is codes.DEADLINE_EXCEEDED:
            return Failure.TIMEOUT
        return Failure.QUESTION if code is codes.INVALID_ARGUMENT else Failure.REMOTE


def _request(domain: str, descriptors: Iterable[DescriptorLike], hits_addend: int) -> bytes:
    """Raises ValueError: a number that its field cannot hold."""
    made = tuple(it if isinstance(it, Descriptor) else Descriptor(tuple(it)) for it in descriptors)
    return REQUEST.encode(RateLimitRequest(domain, made, hits_addend))


def _answer(found: RateLimitResponse | Unanswered) -> RateLimitAnswer:
    if isinstance(found, Unanswered):
        return RateLimitAnswer(found.allowed, None, found)
    # As in Envoy, a code that it does not know is no refusal.
    return RateLimitAnswer(found.overall_code is not Code.OVER_LIMIT, found)


class RateLimitServiceClient(_Client):
    """Asks a rate limit service, from any number of threads; also a context manager.

        client = RateLimitServiceClient("ratelimit:8081")
        if not client.should_rate_limit("shop", [[("remote_address", address)]]):
            ...

    It connects when it is first asked. A process that forks makes a client in each child.
    """

    def _library(self) -> Any:
        return self._grpc

    def should_rate_limit(
        self, domain: str, descriptors: Iterable[DescriptorLike], hits_addend: int = 0
    ) -> RateLimitAnswer:
        """Ask whether a request is within its limits, and count it.

        Args:
            descriptors: each a Descriptor, or an iterable of keys and values.
            hits_addend: how much it counts; 0 is 1.

        Raises:
            ValueError: ``hits_addend`` is out of range.
        """
        request = _request(domain, descriptors, hits_addend)

        def ask() -> RateLimitResponse:
            return RESPONSE.decode(self._call(request, timeout=self.guard.timeout, metadata=self._metadata))

        return _answer(self.guard.call(ask))

    def close(self) -> None:
        """End the connection; requests under way fail."""
        self._channel.close()

    def __enter__(self) -> RateLimitServiceClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncRateLimitServiceClient(_Client):
    """The same for asyncio; also an async context manager. It belongs to the loop that it was made in."""

    def _library(self) -> Any:
        return grpc_library("grpc.aio")

    async def should_rate_limit(
        self, domain: str, descriptors: Iterable[DescriptorLike], hits_addend: int = 0
    ) -> RateLimitAnswer:
        """See RateLimitServiceClient. Whoever is cancelled takes the call to the service back, too."""
        request = _request(domain, descriptors, hits_addend)

        async def ask() -> RateLimitResponse:
            call = self._call(request, timeout=self.guard.timeout, metadata=self._metadata)
            return RESPONSE.decode(await call)

        return _answer(await self.guard.acall(ask))

    async def close(self, grace: float | None = None) -> None:
        """End the connection; requests under way have ``grace`` seconds, then they fail."""
        await self._channel.close(grace)

    async def __aenter__(self) -> AsyncRateLimitServiceClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
