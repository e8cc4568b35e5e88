"""``RateLimits`` as a local rate limit of the model."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.native import schema
from meshcore.config.native.keys import BadKey, parse_key
from meshcore.config.native.matching import header_matches, query_matches
from meshcore.config.native.rates import BadRate, parse_rate
from meshcore.config.schema import error_at, node_of, path_of
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, describe
from meshcore.model import (
    AppendAction,
    Fraction,
    HeaderValue,
    LocalRateLimit,
    RateLimit,
    RateLimitAction,
    RateLimitActionKind,
    RateLimitDescriptor,
    TokenBucket,
)

__all__ = ["local_rate_limit"]

Kinds = RateLimitActionKind
_ALL = Fraction(100)
#: The first entry of every descriptor, by which rules tell theirs from others'.
_RULE = "rule"


def local_rate_limit(document: schema.RateLimits, name: str, findings: Findings) -> LocalRateLimit:
    told = {"ratelimit"} if document.headers is None else {one.name for one in document.headers}
    seen: set[str] = set()
    rate_limits, descriptors = [], []
    for rule in document.rules:
        if rule.name in seen:
            error_at(findings, rule, "name", "another rule has this name", found=quoted(rule.name))
        seen.add(rule.name)
        actions = _actions(rule, findings)
        bucket = _bucket(rule, findings)
        hits, hits_format = _cost(rule, bucket, findings)
        rate_limits.append(RateLimit(actions, hits=hits, hits_format=hits_format, excess_counts=True))
        descriptors.append(
            RateLimitDescriptor(
                entries=tuple((action.key, action.value) for action in actions),
                bucket=bucket or TokenBucket(1, 1.0),
                shadow_mode=rule.shadow or document.shadow,
                name=rule.name,
                status=rule.status,
            )
        )
    return LocalRateLimit(
        stat_prefix=name,
        descriptors=tuple(descriptors),
        rate_limits=tuple(rate_limits),
        enabled=_ALL,
        enforced=_ALL,
        status=document.status,
        response_headers=tuple(
            HeaderValue(key.lower(), value.replace("%", "%%"), AppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
            for key, value in document.response_headers.items()
        ),
        rate_limit_headers="x-ratelimit" in told,
        ratelimit_headers="ratelimit" in told,
        retry_after=document.retry_after,
        resource_exhausted=True,
        max_dynamic_descriptors=document.keys,
        zero_is_free=True,
        tells_least=True,
    )


def _bucket(rule: schema.Rule, findings: Findings) -> TokenBucket | None:
    """None: the rate is none, which is reported."""
    if rule.bucket is not None:
        if rule.burst is not None:
            error_at(findings, rule, "burst", "goes with rate; a bucket has max_tokens")
        return TokenBucket(rule.bucket.max_tokens, rule.bucket.fill_interval, rule.bucket.tokens_per_fill)
    assert rule.rate is not None
    node = rule.rate
    try:
        tokens, seconds = parse_rate(str(node.text or node.value) if isinstance(node, ScalarNode) else "")
    except BadRate as bad:
        findings.error(node, path_of(rule, "rate"), "", found=describe(node), expected=str(bad))
        return None
    return TokenBucket(rule.burst or tokens, seconds, tokens)


def _actions(rule: schema.Rule, findings: Findings) -> tuple[RateLimitAction, ...]:
    headers = header_matches(rule.match, findings) if rule.match is not None else ()
    queries = query_matches(rule.match, findings) if rule.match is not None else ()
    first = RateLimitAction(Kinds.GENERIC_KEY, _RULE, rule.name)
    if headers:
        first = RateLimitAction(Kinds.HEADER_VALUE_MATCH, _RULE, rule.name, headers=headers)
    made = [first]
    if queries:
        made.append(
            RateLimitAction(Kinds.QUERY_PARAMETER_VALUE_MATCH, "query", "matched", query_parameters=queries)
        )
    return (*made, *_keys(rule, findings))


def _keys(rule: schema.Rule, findings: Findings) -> list[RateLimitAction]:
    if rule.key is None:
        return []
    made: list[RateLimitAction] = []
    path = path_of(rule, "key")
    if isinstance(rule.key, SequenceNode) and not rule.key.items:
        expected = "a key, or a list of keys; leave it out where all requests share one bucket"
        findings.error(rule.key, path, "", found="an empty list", expected=expected)
    for item in rule.key.items if isinstance(rule.key, SequenceNode) else [rule.key]:
        if not (isinstance(item, ScalarNode) and isinstance(item.value, str)):
            expected = "a key, or a list of keys"
            if isinstance(item, MappingNode):  # header: x-user, which YAML reads as one
                expected += ", such as header:NAME, without a blank behind the colon"
            findings.error(item, path, "", found=describe(item), expected=expected)
            continue
        try:
            action = parse_key(item.value)
        except BadKey as bad:
            findings.error(item, path, bad.message, found=quoted(item.value), expected=bad.expected)
            continue
        if any(action.key == one.key for one in made):
            findings.error(item, path, "the rule counts by this already", found=quoted(item.value))
        made.append(action)
    return made


def _cost(rule: schema.Rule, bucket: TokenBucket | None, findings: Findings) -> tuple[int | None, str]:
    """Tokens that a request takes: a number, or the header that says it."""
    cost = rule.cost
    if cost is None:
        return None, ""
    if isinstance(cost, int):
        if not 0 <= cost <= 1_000_000_000:
            error_at(findings, rule, "cost", "", found=str(cost), expected="from 0 to 1000000000")
        elif bucket is not None and cost > bucket.max_tokens:
            most = "max_tokens" if rule.bucket is not None else "the burst" if rule.burst else "the rate"
            error_at(
                findings,
                rule,
                "cost",
                "no request could ever pass",
                found=str(cost),
                expected=f"at most {bucket.max_tokens}, {most}",
            )
        return cost, ""
    what, _, name = cost.partition(":")
    try:
        action = parse_key(cost)
    except BadKey:
        action = None
    if what != "header" or action is None:
        findings.error(
            node_of(rule, "cost"),
            path_of(rule, "cost"),
            "",
            found=quoted(cost),
            expected="a number, or header:NAME of the header that says it",
        )
        return None, ""
    return None, f"%REQ({name.lower()})%"
