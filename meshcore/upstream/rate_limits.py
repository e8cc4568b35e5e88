"""Asks the rate limit services that decisions name, and tells the decisions what they say."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from meshcore.certificates import tls_of
from meshcore.decision import Decision, Outcome
from meshcore.engine import Engine, Pick
from meshcore.global_limit import Failure
from meshcore.global_limit.rls._grpc import grpc_library
from meshcore.global_limit.rls.client import (
    AsyncRateLimitServiceClient,
    RateLimitAnswer,
    RateLimitServiceClient,
)
from meshcore.global_limit.rls.messages import Code, Descriptor, DescriptorStatus
from meshcore.model import Cluster, Config, GlobalRateLimit, UpstreamTls
from meshcore.rate_limits import RateLimitQuestion, ServiceLimit

__all__ = ["AsyncRateLimitServices", "RateLimitServices", "require_grpc"]

_log = logging.getLogger("meshcore.ratelimit")

C = TypeVar("C", RateLimitServiceClient, AsyncRateLimitServiceClient)

#: Connections to services that are kept: one for each filter and endpoint, as a rule.
MAX_CLIENTS = 64
#: Seconds, where a filter sets no time limit.
_ANY_TIME = 3600.0


def require_grpc(config: Config) -> None:
    """See that grpcio is there if a listener asks a rate limit service.

    Raises:
        ImportError: it is not.
    """
    for listener in config.listeners:
        if any(isinstance(settings, GlobalRateLimit) for _, settings in listener.filters):
            grpc_library("grpc.aio")
            return


class _Services(ABC, Generic[C]):
    """What those for threads and for asyncio share: the connections, and what is told to decisions."""

    def __init__(
        self,
        engine: Engine,
        *,
        count: Callable[[str], object] = lambda name: None,
        cluster: Callable[[str], Cluster | None] | None = None,
        address: Callable[[Cluster | None, str], str] = lambda cluster, endpoint: endpoint,
    ) -> None:
        """
        Args:
            engine: picks the endpoint of a service that is named by its cluster.
            count: takes the name of each counter of Envoy's that an answer raises.
            cluster: finds a cluster by its name; None: in the engine's configuration.
            address: where to connect for an endpoint of a cluster.
        """
        self._engine = engine
        self._cluster = cluster or (lambda name: engine.config.cluster(name))
        self._count = count
        self._address = address
        self._clients: OrderedDict[tuple[object, ...], C] = OrderedDict()
        self._lock = threading.Lock()

    @abstractmethod
    def _connect(self, target: str, **options: Any) -> C:
        """A new client."""

    @abstractmethod
    def _drop(self, client: C) -> None:
        """A client that is needed no more, though others may be using it."""

    @contextmanager
    def _asking(self, question: RateLimitQuestion) -> Iterator[tuple[C, Pick | None] | None]:
        """Whom to ask, and the lease of its endpoint; None: nobody."""
        settings = question.filter
        if settings.target_uri:
            yield self._client(settings, settings.target_uri, None), None
            return
        try:
            pick = self._engine.pick(settings.cluster)
        except KeyError:
            yield None
            return
        with pick:
            client = None
            if pick.endpoint is not None:
                cluster = self._cluster(settings.cluster)
                try:
                    client = self._client(settings, self._address(cluster, pick.endpoint), cluster)
                except OSError as error:
                    _log.error("TLS to a rate limit service cannot be set up: %s", error)
            yield None if client is None else (client, pick)

    def _client(self, settings: GlobalRateLimit, target: str, cluster: Cluster | None) -> C:
        tls = tls_of(cluster)
        authority = settings.authority or (cluster.name if cluster is not None else "")
        timeout = settings.timeout or _ANY_TIME
        key = target, timeout, authority, tls
        with self._lock:
            client = self._clients.pop(key, None)
            if client is None:
                credentials = _credentials(tls) if tls is not None else None
                client = self._connect(target, timeout=timeout, authority=authority, credentials=credentials)
                if len(self._clients) >= MAX_CLIENTS:
                    self._drop(self._clients.popitem(last=False)[1])
            self._clients[key] = client
            return client

    def _tell(self, decision: Decision, question: RateLimitQuestion, answer: RateLimitAnswer | None) -> None:
        prefix = f"cluster.{decision.cluster}.ratelimit."
        response = answer.response if answer is not None else None
        if response is None:
            decision.answer_rate_limit(question, "error")
            self._count(f"{prefix}error")
            unanswered = answer.unanswered if answer is not None else None
            why = unanswered.failure.value if unanswered is not None else "no-endpoint"
            self._count(f"rate_limit_service.{why.replace('-', '_')}")
            if decision.outcome is Outcome.FORWARD:
                self._count(f"{prefix}failure_mode_allowed")
            return
        over = response.overall_code is Code.OVER_LIMIT
        verdict: Literal["ok", "over_limit"] = "over_limit" if over else "ok"
        decision.answer_rate_limit(
            question,
            verdict,
            request_headers=response.request_headers_to_add,
            response_headers=response.response_headers_to_add,
            limits=[_limit(status) for status in response.statuses],
            body=response.raw_body,
        )
        self._count(prefix + verdict)


class RateLimitServices(_Services[RateLimitServiceClient]):
    """The services of an engine's configuration, for any number of threads."""

    def ask(self, decision: Decision) -> None:
        """Ask all that a decision wants to know; a refusal has made it an answer, then."""
        while question := _next(decision):
            with self._asking(question) as found:
                answer = None
                if found is not None:
                    begun = time.monotonic()
                    answer = found[0].should_rate_limit(question.domain, _descriptors(question))
                    _report(found[1], answer, time.monotonic() - begun)
            self._tell(decision, question, answer)

    def close(self) -> None:
        """End all connections."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _connect(self, target: str, **options: Any) -> RateLimitServiceClient:
        return RateLimitServiceClient(target, **options)

    def _drop(self, client: RateLimitServiceClient) -> None:
        """It ends when its last user lets go of it."""


class AsyncRateLimitServices(_Services[AsyncRateLimitServiceClient]):
    """The same for asyncio; it belongs to one event loop."""

    def __init__(self, engine: Engine, **options: Any) -> None:
        super().__init__(engine, **options)
        self._closing: set[asyncio.Task[None]] = set()

    async def ask(self, decision: Decision) -> None:
        """See RateLimitServices."""
        while question := _next(decision):
            with self._asking(question) as found:
                answer = None
                if found is not None:
                    begun = time.monotonic()
                    answer = await found[0].should_rate_limit(question.domain, _descriptors(question))
                    _report(found[1], answer, time.monotonic() - begun)
            self._tell(decision, question, answer)

    async def close(self) -> None:
        """End all connections."""
        clients = list(self._clients.values())
        self._clients.clear()
        await asyncio.gather(*(client.close() for client in clients), *self._closing)

    def _connect(self, target: str, **options: Any) -> AsyncRateLimitServiceClient:
        return AsyncRateLimitServiceClient(target, **options)

    def _drop(self, client: AsyncRateLimitServiceClient) -> None:
        task = asyncio.ensure_future(client.close(grace=client.guard.timeout))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _next(decision: Decision) -> RateLimitQuestion | None:
    if decision.outcome is not Outcome.FORWARD:
        return None
    return next(iter(decision.rate_limits), None)


def _descriptors(question: RateLimitQuestion) -> list[Descriptor]:
    parts = zip(question.descriptors, question.hits, question.refunds, strict=True)
    return [
        Descriptor(entries, hits_addend=hits, is_negative_hits=refunds) for entries, hits, refunds in parts
    ]


def _report(pick: Pick | None, answer: RateLimitAnswer, latency: float) -> None:
    """Let outlier detection know; what the breaker kept from the service says nothing of it."""
    unanswered = answer.unanswered
    if pick is None:
        return
    if unanswered is None or unanswered.failure is Failure.QUESTION:
        pick.report(status=200, latency=latency)
    elif unanswered.failure is Failure.TIMEOUT:
        pick.report(error="timeout")
    elif unanswered.failure is Failure.REMOTE:
        pick.report(error="reset")


def _limit(status: DescriptorStatus) -> ServiceLimit | None:
    limit = status.current_limit
    if limit is None:
        return None
    return ServiceLimit(
        limit.requests_per_unit,
        limit.unit.seconds,
        status.limit_remaining,
        int(status.duration_until_reset or 0),
        limit.name,
    )


def _credentials(tls: UpstreamTls) -> Any:
    """Raises OSError: a file is not there, or TLS cannot be as the cluster asks."""
    if tls.mode not in ("SIMPLE", "MUTUAL") or tls.credential_name or tls.insecure_skip_verify:
        raise OSError("gRPC's TLS needs certificates in files, and verifies them")
    files = (tls.ca_certificates, tls.private_key, tls.client_certificate)
    parts = [Path(name).read_bytes() if name else None for name in files]
    return grpc_library().ssl_channel_credentials(*parts)
