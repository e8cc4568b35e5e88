"""Retry policies in words."""

from __future__ import annotations

from meshcore.model import RetryPolicy

__all__ = ["retry_words"]


def retry_words(policy: RetryPolicy) -> str:
    """How many, after what, and how."""
    parts = [f"{policy.num_retries} on {', '.join(policy.retry_on) or 'nothing'}"]
    if policy.retriable_status_codes:
        parts.append(f"statuses {' '.join(map(str, policy.retriable_status_codes))}")
    if policy.per_try_timeout:
        parts.append(f"{policy.per_try_timeout:g} s each")
    if policy.back_off_base is not None:
        parts.append(f"{policy.back_off_base:g} s between them at first")
    if policy.avoid_previous_hosts:
        parts.append("at another endpoint")
    return "; ".join(parts)
