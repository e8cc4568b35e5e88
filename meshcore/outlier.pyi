"""Outlier detection by itself: a list of hosts in, and how requests to them went; who is ejected out."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, final

from meshcore.model import OutlierDetection

class EjectionStatus(NamedTuple):
    """What outlier detection knows of a host."""

    host: str
    ejected: bool
    #: Why, while it is ejected: ``consecutive_5xx``, ``consecutive_gateway_failure``,
    #: ``consecutive_local_origin_failure``, ``success_rate``, ``local_origin_success_rate``,
    #: ``failure_percentage`` or ``local_origin_failure_percentage``.
    reason: str | None
    time_left: float  #: seconds until it comes back, which hosts do at the end of an interval; 0: it is there
    ejections: int  #: so far
    multiplier: int  #: ejections in a row: the last one lasts or lasted so many base times
    success_rate: float | None  #: percent, of the last interval; None: too few requests
    local_origin_success_rate: float | None  #: likewise, of the way to the host

@final
class OutlierDetector:
    """Envoy's outlier detection over a list of hosts.

    Tell it how each request went, and ask before the next one who is ejected::

        detector = OutlierDetector(["10.0.0.7:80", "10.0.0.8:80"], max_ejection_percent=50)
        detector.report("10.0.0.7:80", 503)
        detector.report("10.0.0.7:80", error="connect-failure")
        usable = [host for host in hosts if not detector.ejected(host)]

    It is the engine's own (Envoy's ``outlier_detection_impl.cc``), with Envoy's parameters and defaults. One
    of them surprises: ``max_ejection_percent`` is 10, so that of fewer than ten hosts none is ever ejected;
    say how many may be, or ``always_eject_one_host=True``. Reports eject at once. What happens at the end of
    an interval (success rates, hosts that come back) is made up for by whatever is called next; there is no
    thread. Safe to use from many threads.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        consecutive_5xx: int = 5,
        interval: float = 10.0,
        base_ejection_time: float = 30.0,
        max_ejection_time: float | None = None,
        max_ejection_time_jitter: float = 0.0,
        max_ejection_percent: int = 10,
        enforcing_consecutive_5xx: int = 100,
        enforcing_success_rate: int = 100,
        success_rate_minimum_hosts: int = 5,
        success_rate_request_volume: int = 100,
        success_rate_stdev_factor: int = 1900,
        consecutive_gateway_failure: int = 5,
        enforcing_consecutive_gateway_failure: int = 0,
        split_external_local_origin_errors: bool = False,
        consecutive_local_origin_failure: int = 5,
        enforcing_consecutive_local_origin_failure: int = 100,
        enforcing_local_origin_success_rate: int = 100,
        failure_percentage_threshold: int = 85,
        enforcing_failure_percentage: int = 0,
        enforcing_failure_percentage_local_origin: int = 0,
        failure_percentage_minimum_hosts: int = 5,
        failure_percentage_request_volume: int = 50,
        successful_active_health_check_uneject_host: bool = True,
        always_eject_one_host: bool = False,
        http_error_codes: tuple[tuple[int, int], ...] = (),
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
    ) -> None:
        """Watch ``hosts``. Durations are seconds, percentages 0 to 100, ``success_rate_stdev_factor``
        thousandths; counts of 0 are never reached. ``max_ejection_time``: 300 s or the base time, whichever
        is longer, where not given.

        ``http_error_codes``: half-open ranges of the statuses that count as errors, instead of 500 to 599.
        ``clock``: seconds; the system's monotonic clock where not given. ``seed``: of the enforcement
        percentages and the jitter.

        ValueError: no host, one given twice, a parameter out of its range.
        """

    @property
    def parameters(self) -> OutlierDetection:
        """As given; None: the default."""

    def __len__(self) -> int: ...
    def report(
        self,
        host: str,
        status: int | None = None,
        error: str | None = None,
        *,
        grpc_status: int | None = None,
        now_ns: int | None = None,
    ) -> None:
        """A request to the host ended: with an answer (``status``, and ``grpc_status`` where it had one), or
        without (``error``: connect-failure, connect-timeout, reset-before-request, reset, refused-stream,
        protocol-error, per-try-timeout or timeout). Errors count as a 503, timeouts as a 504 or as the
        ``status`` that the client was answered with instead, unless origins are split.

        An answer that breaks off is reported twice: with its status, and then with "reset".

        ValueError: not one of the hosts, not a status, another error, a status beside an error that is no
        timeout, or ``now_ns`` that is not from 0 to 2**64 - 1.
        """

    def ejected(self, host: str, *, now_ns: int | None = None) -> bool:
        """Whether the host is to be left alone.

        ValueError: it is not one of the hosts.
        """

    def sweep(self, now_ns: int | None = None) -> None:
        """Does what has become due, as every other call does, too: intervals that have ended are accounted
        for, one after the other, and hosts whose time is over come back."""

    def hosts(self, *, now_ns: int | None = None) -> list[EjectionStatus]:
        """What is known of each host, in the order in which they were given."""
