"""Outlier detection over cffi. The stub outlier.pyi has the documentation of what is public."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.draws import Draws
from meshcore._cffi.specs import Specs
from meshcore._hosts import checked_hosts
from meshcore._options import checked_clock
from meshcore._outlier import (
    EjectionStatus,
    checked_number,
    checked_status,
    core_parameters,
    failure_of_host,
    nanoseconds,
    status_of,
)
from meshcore.model.outlier import OutlierDetection

__all__ = ["EjectionStatus", "OutlierDetector"]


class OutlierDetector:
    """Envoy's outlier detection over a list of hosts."""

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
        **parameters: Any,
    ) -> None:
        self._clock = checked_clock(clock)
        self._parameters = OutlierDetection(**parameters)
        specs = Specs()
        spec = specs.array("mc_outlier_spec", 1)
        spec[0] = core_parameters(self._parameters)
        ranges = self._parameters.http_error_codes
        spec[0].error_codes = codes = specs.array("mc_code_range", len(ranges))
        spec[0].error_code_count = len(ranges)
        for i, (start, end) in enumerate(ranges):
            codes[i].start, codes[i].end = start, end
        checked = checked_hosts(hosts)
        self._numbers = {host: number for number, host in enumerate(checked)}
        names = specs.array("mc_slice", len(checked))
        for i, host in enumerate(checked):
            specs.text(names[i], host)
        detector = lib.mc_detector_new(spec, names, len(checked), self._now(None), Draws(seed).next())
        if detector == ffi.NULL:
            raise MemoryError
        self._detector = ffi.gc(detector, lib.mc_detector_free)

    @property
    def parameters(self) -> OutlierDetection:
        return self._parameters

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"<OutlierDetector of {len(self)} hosts>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OutlierDetector cannot be pickled or copied; make another one")

    def _now(self, given: int | None) -> int:
        if given is not None:
            return checked_number(given, "now_ns", 2**64 - 1)
        return int(lib.mc_platform_now_ns()) if self._clock is None else nanoseconds(self._clock())

    def _number(self, host: str) -> int:
        number = self._numbers.get(host)
        if number is None:
            raise ValueError(f"{host!r} is not one of the hosts")
        return number

    def report(
        self,
        host: str,
        status: int | None = None,
        error: str | None = None,
        *,
        grpc_status: int | None = None,
        now_ns: int | None = None,
    ) -> None:
        result = ffi.new("mc_result *")
        result.failure = failure_of_host(error, status, grpc_status)
        result.status = 0 if status is None else checked_status(status)
        result.grpc_status = (
            -1 if grpc_status is None else checked_number(grpc_status, "grpc_status", 2**31 - 1)
        )
        result.report.now_ns = self._now(now_ns)
        lib.mc_detector_report(self._detector, self._number(host), result)

    def ejected(self, host: str, *, now_ns: int | None = None) -> bool:
        return bool(lib.mc_detector_ejected(self._detector, self._number(host), self._now(now_ns)))

    def sweep(self, now_ns: int | None = None) -> None:
        lib.mc_detector_sweep(self._detector, self._now(now_ns))

    def hosts(self, *, now_ns: int | None = None) -> list[EjectionStatus]:
        now = self._now(now_ns)
        return [self._status(host, number, now) for host, number in self._numbers.items()]

    def _status(self, host: str, number: int, now: int) -> EjectionStatus:
        found = lib.mc_detector_status(self._detector, number, now)
        return status_of(
            host,
            bool(found.ejected),
            ffi.string(lib.mc_ejection_name(found.reason)).decode(),
            found.left_ns,
            found.ejections,
            found.multiplier,
            [found.success_rate, found.local_origin_success_rate],
        )
