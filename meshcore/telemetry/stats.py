"""Counters and gauges under Envoy's names, as text, JSON or in Prometheus' exposition format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from meshcore.telemetry.access import AccessRecord
from meshcore.telemetry.prometheus import Sample, exposition

__all__ = ["Stats"]

#: Response flag -> the cluster's counter that it raises.
_BY_FLAG = {
    "UF": "upstream_cx_connect_fail",
    "UC": "upstream_rq_rx_reset",
    "UT": "upstream_rq_timeout",
    "UH": "upstream_cx_none_healthy",
    "UO": "upstream_rq_pending_overflow",
    "DC": "upstream_rq_cancelled",
}
#: Those that are not counted with the attempts.
_NOT_COUNTED_YET = {flag: _BY_FLAG[flag] for flag in ("UH", "UO", "DC")}
#: Names with a name of the configuration within: that is a label to Prometheus.
_LABELLED = {
    "cluster_name": re.compile(
        r"(cluster)\.(.*?)\."
        r"((?:circuit_breakers\.(?:default|high)\.|adaptive_concurrency\.|health_check\.|ratelimit\.|retry\.)?"
        r"[a-z0-9_]+)",
        re.DOTALL,
    ),
    "listener_name": re.compile(
        r"(http)\.(.*)\.(adaptive_concurrency\.gradient_controller\.[a-z_]+)", re.DOTALL
    ),
}


class Stats:
    """All counters of one proxy. Used from the event loop's thread alone."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.gauges: dict[str, int] = {}

    def add(self, name: str, amount: int = 1) -> None:
        self.counters[name] += amount

    def finished(self, record: AccessRecord) -> None:
        """Count a request that is over."""
        counters = self.counters
        counters["http.downstream_rq_completed"] += 1
        counters["http.downstream_rx_body_bytes"] += record.bytes_received
        counters["http.downstream_tx_body_bytes"] += record.bytes_sent
        flags = record.flags.split(",") if record.flags else []
        group = f"{record.status // 100}xx" if record.status else ""
        if group:
            counters[f"http.downstream_rq_{group}"] += 1
        if "DC" in flags:
            counters["http.downstream_rq_rx_reset"] += 1
        if "NR" in flags:
            counters["http.no_route"] += 1
        if record.cluster and record.attempts:
            self._attempted(record, flags)
        elif record.cluster:
            self.upstream(record.cluster, record.status, record.flags)

    def _attempted(self, record: AccessRecord, flags: list[str]) -> None:
        """Count a request that was forwarded: how its attempts failed has been counted with each of them."""
        counters, prefix = self.counters, f"cluster.{record.cluster}."
        retry_overflow = "UO" in flags and not record.details.endswith("{overflow}")
        self.upstream(record.cluster, record.status, "" if retry_overflow else record.flags, _NOT_COUNTED_YET)
        counters[prefix + "upstream_rq_total"] += record.attempts - 1
        if retry_overflow:
            counters[prefix + "upstream_rq_retry_overflow"] += 1
        if "URX" in flags:
            counters[prefix + "upstream_rq_retry_limit_exceeded"] += 1
        elif record.attempts > 1 and 0 < record.status < 500:
            counters[prefix + "upstream_rq_retry_success"] += 1

    def upstream(self, cluster: str, status: int, flags: str, by_flag: Mapping[str, str] = _BY_FLAG) -> None:
        """Count a request to a cluster. ``status`` 0: it got no answer."""
        counters, prefix = self.counters, f"cluster.{cluster}."
        counters[prefix + "upstream_rq_total"] += 1
        if status:
            counters[f"{prefix}upstream_rq_{status // 100}xx"] += 1
        for flag in flags.split(",") if flags else ():
            if flag in by_flag:
                counters[prefix + by_flag[flag]] += 1

    def as_dict(self) -> dict[str, int]:
        return dict(sorted({**self.counters, **self.gauges}.items()))

    def text(self) -> str:
        return "".join(f"{name}: {value}\n" for name, value in self.as_dict().items())

    def json(self) -> bytes:
        return msgspec.json.encode({"counters": dict(self.counters), "gauges": self.gauges})

    def prometheus(self) -> str:
        counters = [_sample("counter", name, value) for name, value in self.counters.items()]
        return exposition(
            [*counters, *(_sample("gauge", name, value) for name, value in self.gauges.items())]
        )


def _sample(kind: str, name: str, value: int) -> Sample:
    for label, pattern in _LABELLED.items():
        found = pattern.fullmatch(name)
        if found is not None:
            return Sample(kind, f"{found[1]}_{found[3]}", value, ((label, found[2]),))
    return Sample(kind, name, value)
