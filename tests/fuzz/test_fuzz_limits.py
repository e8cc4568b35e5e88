"""Broken limits of the rate limit service: findings with a place, or rules that decide, and nothing else."""

from __future__ import annotations

from pathlib import Path

from fuzz_documents import Mutator

from meshcore.config import ConfigError
from meshcore.global_limit.rls import Descriptor, RateLimitRequest, RateLimitService, load_limits

SEED = b"""\
domain: a
descriptors:
- key: k
  value: v*
  share_threshold: true
  detailed_metric: true
  rate_limit: {unit: second, requests_per_unit: 3, name: n, replaces: [{name: m}]}
  descriptors:
  - {key: l, rate_limit: {unlimited: true}, value_to_metric: true}
- {key: k, value: 1.10, shadow_mode: true, rate_limit: {unit: YEAR, requests_per_unit: 0, name: m}}
- {key: q, quota_mode: true, rate_limit: {unit: day, requests_per_unit: 1}}
---
domain: b
descriptors:
- {key: k, value: "*x*", rate_limit: {unit: week, requests_per_unit: 1}}
---
domain: c
descriptors:
- {key: k, descriptors: [{key: l, descriptors: [{key: m, rate_limit: {unit: hour, requests_per_unit: 1}}]}]}
"""
REQUEST = RateLimitRequest("a", (Descriptor((("k", "v1"),)), Descriptor((("k", "v1"), ("l", "")))))


def test_a_moment_of_fuzzing(tmp_path: Path) -> None:
    mutator, path, good = Mutator([SEED], seed=3), tmp_path / "limits.yaml", 0
    for _ in range(200):
        path.write_bytes(mutator.next())
        try:
            service = RateLimitService(load_limits(path), capacity=1)
        except ConfigError as error:
            for finding in error.findings:
                assert finding.file == str(path)
                assert finding.message or finding.found or finding.expected, finding
                assert finding.line > 0 or not finding.path, finding
            continue
        service.answer(REQUEST)
        good += 1
    assert 0 < good < 200
