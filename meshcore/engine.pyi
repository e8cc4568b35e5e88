"""The engine: the configuration in force, and the requests that it is asked about."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from meshcore._breakers import Lease
from meshcore._mirror import Mirror
from meshcore._pick import Pick
from meshcore._types import Headers
from meshcore.decision import Attempt, Decision, Outcome
from meshcore.explain import Explain
from meshcore.membership import GivenEndpoint
from meshcore.model import Config, HealthStatus
from meshcore.shared import SharedState

__all__ = ["Attempt", "Decision", "Engine", "Lease", "Mirror", "Outcome", "Pick"]

class Engine:
    """Decides by a configuration. Thread-safe; one engine serves a whole process."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Callable[[], float] | None = None,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
    ) -> None:
        """Compile ``config``. ``clock`` gives seconds and never goes back; None: the machine's.
        It then stands for the time of day, too.

        ``shared_state``: a name, a path or a SharedState. Requests under way, what else circuit breakers
        count, and who is ejected are then common to all engines that name it so, of whatever processes on
        the machine: docs/shared-state.md. With a ``clock`` all of them must have the same.

        Raises:
            ValueError: for a model that cannot be served; what load() returns always can.
            SharedStateError: the shared state cannot be used, or has no room. swap() and
                update_endpoints() raise it, too, and then change nothing.
        """
    @property
    def shared_state(self) -> SharedState | None:
        """Where this engine counts together with others; None: it counts for itself."""
    @property
    def config(self) -> Config:
        """The configuration in force."""
    def decide(
        self,
        method: str | bytes,
        authority: str | bytes | None,
        path: str | bytes,
        headers: Headers = (),
        *,
        scheme: str | bytes = "http",
        source: str | None = None,
        source_port: int = 0,
        local: str | None = None,
        port: int | None = None,
        protocol: str = "HTTP/1.1",
        now_ns: int | None = None,
        unix_time: float | None = None,
        seed: int | None = None,
        inbound: bool = False,
        served: tuple[Config, bytes] | None = None,
    ) -> Decision:
        """Decide one request.

        Args:
            method: as received; compared with case.
            authority: the request's authority; None: taken from a ``host`` header.
            path: the request target as received (query included; absolute form and ``*`` are understood).
            headers: all header lines. str is taken as UTF-8.
            scheme: of the connection, "http" or "https".
            source: IP address of the direct peer, without a port; what is no address is taken as unknown.
                IPv4 within IPv6, as sockets of both say, is IPv4.
            local: IP address that the connection came to.
            port: port that the connection came to; chooses the listener.
            now_ns: the time, in nanoseconds of any monotonic clock; read once where not given.
            unix_time: the time of day, in seconds since 1970, for sessions that cookies keep and for
                %START_TIME%; read once where not given.
            seed: 64 random bits that make every random choice of this decision; drawn where not given.
            inbound: the request is at the service that it is for, and its caller has gone by the routes. Then
                limits alone have their say: there are no faults and no CORS, no endpoint is picked and nobody
                hears how it ended, and its time is what ``x-envoy-expected-rq-timeout-ms`` says.
            served: the engine's configuration, and a byte for each of its clusters: not 0 where who asks is
                the cluster's service, and answers itself. Routes, faults, limits and the cluster's breakers
                hold, but no endpoint is picked (``endpoint`` is None), no further attempt is made, and
                outlier detection hears nothing of the answer. Of another configuration it has no effect.

        Traffic outcomes (no route, no healthy upstream, a bad path) are values, never exceptions.

        Raises:
            ValueError: ``now_ns`` is not from 0 to 2**64 - 1, a port is none, or ``served`` has not a
                byte for each cluster.
        """
    def explain(
        self,
        method: str | bytes,
        authority: str | bytes | None,
        path: str | bytes,
        headers: Headers = (),
        *,
        scheme: str | bytes = "http",
        source: str | None = None,
        source_port: int = 0,
        local: str | None = None,
        port: int | None = None,
        protocol: str = "HTTP/1.1",
        now_ns: int | None = None,
        unix_time: float | None = None,
        seed: int | None = None,
    ) -> Explain:
        """Why ``decide()``, with the same arguments, decides as it does; ``print()`` the result.

        It only looks: no endpoint is leased, no turn of a load balancer moves on. It walks over all routes
        of the virtual host and is not for the hot path; deciding costs nothing more for its being there.
        """
    def swap(self, config: Config) -> None:
        """Serve ``config`` from now on; runtime state is kept.

        Decisions under way keep what they were made from. If ``config`` cannot be compiled, raises
        ValueError and goes on serving the old one.
        """
    def report_load(
        self,
        cluster: str,
        endpoint: str,
        *,
        qps: float,
        utilization: float,
        eps: float = 0.0,
        now_ns: int | None = None,
    ) -> None:
        """Tell the load of an endpoint, which client-side weighted round robin weighs it by: requests and
        errors a second, and how much of what it can bear it bears (1: all). Other policies ignore it.

        Raises:
            ValueError: for a cluster or an endpoint that is not in the configuration.
        """
    def update_endpoints(self, cluster: str, endpoints: Iterable[GivenEndpoint]) -> None:
        """Serve a cluster with these endpoints and no others from now on; from any thread.

        Routes and other clusters are not touched, no request waits, and what is known of an endpoint (its
        requests under way, its health) is kept by its address. Decisions under way keep their endpoints. An
        address that the cluster knows already keeps its locality, labels, health and weight.

        ``engine.config`` says what is served. A later ``swap(config)`` serves the endpoints that ``config``
        has: to keep these, swap a config made of ``engine.config``, or update again.

        Args:
            cluster: its name.
            endpoints: ``"10.0.0.7:9080"``, ``("10.0.0.7:9080", weight)``, ``meshcore.model.Endpoint`` or
                ``LocalityEndpoints``, in any mixture. Without any, requests get UH.

        Raises:
            KeyError: where there is no such cluster.
            TypeError, ValueError: for what is no endpoint, an address that is given twice, a weight that is
                not from 1 to 4,294,967,295. The endpoints stay as they were.
        """
    def set_health(self, cluster: str, endpoint: str, healthy: bool) -> None:
        """Say that an endpoint is not healthy, as a health check of one's own found; from any thread.

        It then counts as unhealthy whatever its configuration says, through swaps and updates that leave it
        in, until it is called healthy again: then the configuration's word holds. Nothing else changes.

        Raises:
            KeyError: where there is no such cluster or endpoint.
        """
    def drain(self, cluster: str, endpoint: str, draining: bool = True) -> int:
        """Take an endpoint out of service, or (False) back into it; from any thread.

        It is draining, as Envoy's health status of that name: it gets no new requests, unless the cluster
        panics for want of any other, and does not count where the cluster's health is weighed. Requests under
        way end as they would. It holds as what ``set_health()`` says does.

        Returns:
            how many requests are under way to it; ``clusters()`` shows when there are none left.

        Raises:
            KeyError: where there is no such cluster or endpoint.
        """
    def connection(
        self, cluster: str, endpoint: str, *, priority: Literal["default", "high"] = "default"
    ) -> Lease | None:
        """Count a connection to an endpoint, for those who have a pool of them.

        None: the cluster's ``max_connections``, or that of each host, leaves no room. As in Envoy an endpoint
        that has no connection is always given one. ``priority``: the decision's.

        Raises:
            KeyError: where there is no such cluster or endpoint.
        """
    def pick(self, cluster: str, *, seed: int | None = None, now_ns: int | None = None) -> Pick:
        """An endpoint of a cluster, without a request: for copies of requests (``Decision.mirrors``).

        As Envoy picks for a copy: by the cluster's policy, which draws where it would hash, and in no subset
        that a route names. ``seed`` decides what is left to chance, ``now_ns`` stands for the clock.

        Raises:
            KeyError: where there is no such cluster.
        """
    def pending(self, cluster: str, *, priority: Literal["default", "high"] = "default") -> Lease | None:
        """Count a request that waits for a connection. None: ``max_pending_requests`` leaves no room, and the
        request is to be answered as an overflow.

        Raises:
            KeyError: where there is no such cluster.
        """
    def faults(self) -> list[dict[str, Any]]:
        """What the fault filter of each listener did, for listeners whose requests it can meet.

        Keys: ``listener``, ``active_faults`` (requests under a fault now), and counts so far under Envoy's
        names: ``aborts_injected``, ``delays_injected``, ``response_rl_injected``, ``faults_overflow`` (passed
        unharmed, because ``max_active_faults`` were active). All of it outlives swaps.
        """
    def limits(self) -> list[dict[str, Any]]:
        """What each local rate limit made of the requests that it met.

        Keys: ``scope`` (listener, and the filter or the level that has the limit), ``stat_prefix``, and
        counts so far under Envoy's names: ``enabled``, ``ok``, ``rate_limited``, and of these ``enforced``.
        All of it outlives swaps.
        """
    def concurrency(self) -> list[dict[str, Any]]:
        """Adaptive concurrency of each listener that has the filter: how its limit stands.

        Keys: ``listener``, and those of a cluster's ``concurrency``, see clusters(). All of it outlives
        swaps, unless they change the filter.
        """
    def begin_checks(self, describe: Callable[[str, str], dict[str, Any] | None]) -> None:
        """Somebody checks the endpoints actively from now on: ``meshcore.health.HealthChecker``, or you.
        Endpoints that are new in a cluster with a ``health_check`` are unhealthy until ``set_checked_health``
        says otherwise.

        ``describe`` tells what the checks of an endpoint, given by cluster and address, have come to; it
        stands in ``clusters()`` then.

        Raises:
            RuntimeError: where they are checked already.
        """
    def end_checks(self) -> None:
        """Nobody checks any longer, and what checks have said is forgotten."""
    def set_checked_health(self, cluster: str, words: Mapping[str, HealthStatus]) -> None:
        """What active checks say of endpoints, by address; from any thread.

        It has nothing to do with what ``set_health`` and outlier detection say: an endpoint is healthy where
        none of them objects. DRAINING: it is unhealthy, and counts nowhere, as if it were not there. What
        is not in the configuration any more is passed over.
        """
    def checked_healthy(self, cluster: str) -> frozenset[str]:
        """The endpoints that active checks call healthy; none where nobody checks.

        Raises:
            KeyError: where there is no such cluster.
        """
    def watch(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called after each change of ``config``, in the thread that made it."""
    def unwatch(self, callback: Callable[[], object]) -> None:
        """Call it no longer."""
    def has_traffic(self, cluster: str) -> bool:
        """Whether any endpoint of the cluster has had a request.

        Raises:
            KeyError: where there is no such cluster.
        """
    def clusters(self) -> list[dict[str, Any]]:
        """What goes on in each cluster, for admin pages: its name, its endpoints and its circuit breakers.

        Endpoints have their active requests and connections, their health (HEALTHY, DEGRADED, UNHEALTHY,
        DRAINING), who says that they fail, and what their health checks have come to.

        Of breakers, ``["circuit_breakers"]["default"]["requests"]`` has ``limit`` and ``remaining`` (None:
        there is no limit), ``used``, ``open`` (there is no room) and ``overflows`` (how many were refused so
        far); likewise ``"connections"``, ``"pending_requests"`` and ``"retries"``, and all of ``"high"``
        priority.

        With outlier detection each endpoint also has ``ejected``, ``reason`` and ``time_left`` (seconds) of
        its ejection, ``ejections`` (so far), ``multiplier``, ``success_rate`` and
        ``local_origin_success_rate`` (percent of the last interval; None: too few requests), and the cluster
        ``outlier_detection``: what has been detected, and what was done.

        With adaptive concurrency there is ``concurrency``: ``limit``, ``in_flight`` and ``refused`` (so
        far); of a gradient also ``gradient`` and ``headroom`` of the last window, ``min_rtt`` and
        ``sample_rtt`` (seconds; None: not known yet) and ``measuring``, whether the first of them is being
        measured.

        ``shared_state`` is the file of the state in which all of this is counted together with other
        processes; None: it is this process's own, and what others send is not in it.
        """
    def annotate_clusters(self, notes: Callable[[str], Mapping[str, Any]] | None) -> None:
        """Let ``clusters()`` say more of each cluster: ``notes`` gives further entries by the cluster's name.

        For what keeps endpoints up to date, to show what it knows of them. None: nothing more.
        """
    def sweep(self, now_ns: int | None = None) -> None:
        """Does what has become due in outlier detection and adaptive concurrency: accounts for intervals that
        have ended, one after the other, and takes back hosts whose time is over. Decisions and reports do so
        for their cluster.

        ``now_ns`` stands for the engine's clock.
        """
