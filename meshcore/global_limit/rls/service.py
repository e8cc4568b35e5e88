"""Decides what a rate limit service is asked: rules, buckets, shadow mode, and the headers of the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass

from meshcore import _options as option
from meshcore._limit import checked_capacity
from meshcore.global_limit.rls.buckets import Buckets, Charge, charge, override_key, refund
from meshcore.global_limit.rls.headers import HEADERS, Closest, response_headers
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Limit,
    RateLimitRequest,
    RateLimitResponse,
    Unit,
)
from meshcore.global_limit.rls.rules import Match, RateLimitConfig, Rule
from meshcore.global_limit.rls.stats import ServiceStats
from meshcore.limit import RateLimiter
from meshcore.shared import SharedState

__all__ = ["BadRequest", "RateLimitService"]

_MOST = 2**32 - 1


class BadRequest(ValueError):
    """A request that nobody can answer."""


@dataclass(frozen=True, slots=True)
class _State:
    """A configuration and its buckets: they change together."""

    config: RateLimitConfig
    limiters: dict[Rule, RateLimiter | None]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one descriptor comes to."""

    status: DescriptorStatus
    quota: bool = False
    charge: Charge | None = None

    @property
    def over(self) -> bool:
        return self.status.code is Code.OVER_LIMIT


class RateLimitService:
    """The decisions of a rate limit service, without the network. Safe to use from many threads.

    Each limit is a token bucket for each value that it is for: ``requests_per_unit`` may come at once, and as
    many come back in each unit, evenly. docs/rate-limit-service.md has the rest.

    Args:
        config: of load_limits().
        capacity: how many keys of each limit may owe at once.
        shadow_mode: say OK whatever comes out, and count it.
        shared_state: a name, a path or a SharedState: all services of the machine that have the same count
            together. None: this one counts for itself.
        response_headers: which headers the answers carry, of "ratelimit" and "retry-after".
        clock: gives seconds, from anywhere; the machine's monotonic clock by default.

    Raises:
        TypeError, ValueError: where one is out of range.
        SharedStateError: the shared state cannot be used, or has no room.
    """

    def __init__(
        self,
        config: RateLimitConfig,
        *,
        capacity: int = 65536,
        shadow_mode: bool = False,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
        response_headers: Collection[str] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        option.instance("config", config, RateLimitConfig, "what load_limits() returns")
        checked_capacity(capacity)
        option.flag("shadow_mode", shadow_mode)
        option.texts("response_headers", response_headers, f"some of {sorted(HEADERS)}")
        if clock is not None:
            option.function("clock", clock, "a function that returns seconds")
        unknown = set(response_headers) - HEADERS
        if unknown:
            raise ValueError(f"response_headers has {min(unknown)!r}; expected some of {sorted(HEADERS)}")
        self.stats = ServiceStats()
        self.reload_error = ""  #: of the last configuration that was refused
        self._headers = frozenset(response_headers)
        self._shadow_mode = shadow_mode
        self.shared_state = None if shared_state is None else SharedState.of(shared_state)
        self._buckets = Buckets(capacity, clock, self.shared_state)
        self._state = _State(config, self._buckets.keep(config.rules))

    @property
    def config(self) -> RateLimitConfig:
        """What is in force."""
        return self._state.config

    @property
    def forgotten(self) -> int:
        """How often a key found no room, as ``RateLimiter.forgotten`` has it: the capacity is too small."""
        return self._buckets.forgotten

    def swap(self, config: RateLimitConfig) -> None:
        """Decide by another configuration. Limits that are in both go on from where they are.

        Raises:
            SharedStateError: it has no room for them; nothing has changed.
        """
        self._state = _State(config, self._buckets.keep(config.rules))

    def answer(self, request: RateLimitRequest) -> RateLimitResponse:
        """Decide, and count.

        Raises:
            BadRequest: no domain, no descriptor, or a limit in it that is none.
            TooManyOverrides: too many different limits came with requests.
        """
        if not request.domain:
            raise BadRequest("the domain is empty")
        if not request.descriptors:
            raise BadRequest("there is no descriptor")
        for descriptor in request.descriptors:
            if descriptor.limit is not None and not descriptor.limit.unit.seconds:
                raise BadRequest("the unit of a descriptor's limit is not known")
        state = self._state
        if request.domain not in state.config.domains:
            self.stats.add("call.should_rate_limit.domain_not_found")
        verdicts = self._verdicts(state, request)
        quotas = [verdict for verdict in verdicts if verdict.quota]
        over = any(verdict.over and not verdict.quota for verdict in verdicts)
        over = over or (bool(quotas) and all(verdict.over for verdict in quotas))
        code = Code.OVER_LIMIT if over and not self._shadow_mode else Code.OK
        self.stats.answered(code, shadowed=over and self._shadow_mode)
        return RateLimitResponse(
            code,
            tuple(verdict.status for verdict in verdicts),
            response_headers(self._headers, _closest(verdicts), limited=code is Code.OVER_LIMIT),
        )

    def _verdicts(self, state: _State, request: RateLimitRequest) -> list[_Verdict]:
        matches = [state.config.match(request.domain, descriptor) for descriptor in request.descriptors]
        replaced: set[str] = set()
        for descriptor, match in zip(request.descriptors, matches, strict=True):
            if match is not None and descriptor.limit is None:
                replaced |= match.rule.replaces
        verdicts = []
        for descriptor, match in zip(request.descriptors, matches, strict=True):
            if descriptor.limit is not None:
                verdicts.append(self._overridden(state, request, descriptor))
            elif match is None or (match.rule.limit is not None and match.rule.limit.name in replaced):
                verdicts.append(_Verdict(DescriptorStatus(Code.OK)))
            else:
                verdicts.append(self._matched(state, request, descriptor, match))
        return verdicts

    def _matched(
        self, state: _State, request: RateLimitRequest, descriptor: Descriptor, match: Match
    ) -> _Verdict:
        rule, hits = match.rule, request.hits(descriptor)
        if rule.limit is None:
            self.stats.charged(request.domain, match.name, match, hits, None)
            return _Verdict(DescriptorStatus(Code.OK, limit_remaining=_MOST))
        made = _charge(state.limiters[rule], match.key, descriptor, hits)
        refunded = descriptor.is_negative_hits
        self.stats.charged(request.domain, match.name, match, hits, made, refunded=refunded)
        return _verdict(rule.limit, made, shadowed=rule.shadow_mode, quota=rule.quota_mode)

    def _overridden(self, state: _State, request: RateLimitRequest, descriptor: Descriptor) -> _Verdict:
        """A limit that came with the request holds in every domain that there is."""
        assert descriptor.limit is not None
        if request.domain not in state.config.domains:
            return _Verdict(DescriptorStatus(Code.OK))
        limit = Limit(descriptor.limit.requests_per_unit, Unit(descriptor.limit.unit))
        limiter = self._buckets.override(limit)
        hits = request.hits(descriptor)
        made = _charge(limiter, override_key(request.domain, descriptor), descriptor, hits)
        name = ".".join(key for key, _ in descriptor.entries)
        refunded = descriptor.is_negative_hits
        self.stats.charged(request.domain, name, None, hits, made, refunded=refunded)
        return _verdict(limit, made)


def _charge(limiter: RateLimiter | None, key: str, descriptor: Descriptor, hits: int) -> Charge:
    return refund(limiter, key, hits) if descriptor.is_negative_hits else charge(limiter, key, hits)


def _verdict(limit: Limit, made: Charge, *, shadowed: bool = False, quota: bool = False) -> _Verdict:
    code = Code.OVER_LIMIT if made.limited and not shadowed else Code.OK
    return _Verdict(DescriptorStatus(code, limit, min(made.remaining, _MOST), float(made.reset)), quota, made)


def _closest(verdicts: list[_Verdict]) -> Closest | None:
    """The limit that refuses for the longest time, else the one with the least left."""
    best: tuple[tuple[float, int], Closest] | None = None
    for verdict in verdicts:
        limit, made = verdict.status.current_limit, verdict.charge
        if limit is None or made is None:
            continue
        rank = made.retry_after if verdict.over else -1.0, -made.remaining
        if best is None or rank > best[0]:
            best = rank, Closest(limit, made)
    return best[1] if best is not None else None
