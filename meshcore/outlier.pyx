"""Outlier detection by itself. The stub outlier.pyi has the documentation."""

cimport cython

from meshcore._called cimport name_mistakes
from meshcore._clock cimport now_ns
from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._given cimport number_given, time_given
from meshcore._outlier_spec cimport outlier_spec
from meshcore._outlier_status cimport host_status
from meshcore._spec cimport Specs

from meshcore._hosts import checked_hosts, checked_seed
from meshcore._options import checked_clock
from meshcore._outlier import EjectionStatus, checked_status, failure_of_host
from meshcore.model.outlier import OutlierDetection

__all__ = ["EjectionStatus", "OutlierDetector"]


cdef uint64_t seed_of(object seed) except? 0:
    cdef mc_entropy *entropy
    if seed is not None:
        return checked_seed(seed)
    entropy = mc_entropy_new()
    if entropy == NULL:
        raise MemoryError
    drawn = mc_entropy_next(entropy)
    mc_entropy_free(entropy)
    return drawn


@cython.final
cdef class OutlierDetector:
    cdef mc_detector *_detector
    cdef dict _numbers
    cdef object _clock
    cdef readonly object parameters

    def __cinit__(self, hosts, *, clock=None, seed=None, **parameters):
        cdef Specs specs = Specs()
        cdef mc_slice *names
        cdef const mc_outlier_spec *spec
        self._clock = checked_clock(clock)
        self.parameters = OutlierDetection(**parameters)
        spec = outlier_spec(specs, self.parameters)
        checked = checked_hosts(hosts)
        self._numbers = {host: number for number, host in enumerate(checked)}
        names = <mc_slice *> specs.array(len(checked), sizeof(mc_slice))
        for i, host in enumerate(checked):
            names[i] = specs.text(host)
        self._detector = mc_detector_new(spec, names, <uint32_t> len(checked), self._now(None), seed_of(seed))
        if self._detector == NULL:
            raise MemoryError

    def __dealloc__(self):
        mc_detector_free(self._detector)

    def __len__(self):
        return len(self._numbers)

    def __repr__(self):
        return f"<OutlierDetector of {len(self._numbers)} hosts>"

    def __reduce__(self):
        raise TypeError("an OutlierDetector cannot be pickled or copied; make another one")

    cdef uint64_t _now(self, object given) except? 0:
        if given is not None:
            return time_given(given)
        return now_ns() if self._clock is None else nanoseconds(self._clock())

    cdef uint32_t _number(self, object host) except? 0xFFFFFFFF:
        number = self._numbers.get(host)
        if number is None:
            raise ValueError(f"{host!r} is not one of the hosts")
        return number

    def report(self, host, status=None, error=None, *, grpc_status=None, now_ns=None):
        cdef mc_result result
        cdef uint32_t number = self._number(host)
        result.failure = MC_FAILURE_NONE if error is None else <mc_failure> <int> (
            failure_of_host(error, status, grpc_status))
        result.status = 0 if status is None else status if type(status) is int and 100 <= status < 1000 else (
            checked_status(status))
        result.grpc_status = -1 if grpc_status is None else <int32_t> number_given(grpc_status, "grpc_status", 0x7FFFFFFF)
        result.headers = NULL
        result.header_count = 0
        result.report.now_ns = self._now(now_ns)
        mc_detector_report(self._detector, number, &result)

    def ejected(self, host, *, now_ns=None):
        return mc_detector_ejected(self._detector, self._number(host), self._now(now_ns))

    def sweep(self, now_ns=None):
        mc_detector_sweep(self._detector, self._now(now_ns))

    def hosts(self, *, now_ns=None):
        cdef uint64_t now = self._now(now_ns)
        cdef mc_outlier_status status
        found = []
        for host, number in self._numbers.items():
            status = mc_detector_status(self._detector, number, now)
            found.append(host_status(host, &status))
        return found


name_mistakes(OutlierDetector)
