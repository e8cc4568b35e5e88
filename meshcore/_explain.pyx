"""The core's explanations as Python values: conversion only."""

from meshcore._breakers cimport breakers_of
from meshcore._core cimport *
from meshcore._outlier_status cimport ejections_of
from meshcore._request cimport text_of
from meshcore._shape cimport text_pairs
from meshcore._snapshot cimport Snapshot
from meshcore.decision cimport Decision

from meshcore._limited import limits_of, questions_of
from meshcore.explain import Decided, LimitAsked, LimitTried, Overflow, explained
from meshcore.explain.facts import CONDITIONS, DOMAINS, DRAWS, SESSIONS, SUBSETS, Facts, Failure, SeenRequest

cdef tuple CORS_VERDICTS = ("none", "allowed", "preflight", "preflight_denied")


cdef object seen_of(const mc_view *view):
    cdef const mc_header *line
    cdef size_t at = 0
    headers = []
    while mc_view_next(view, &at, &line):
        headers.append((text_of(line.name), text_of(line.value)))
    return SeenRequest(
        text_of(view.method), text_of(view.scheme), text_of(view.authority), text_of(view.path),
        None if view.query.data == NULL else text_of(view.query), tuple(headers))


cdef object failure_of(const mc_explanation *explanation, uint32_t place):
    cdef const mc_failures *failures = &explanation.failures[place]
    cdef const mc_slice *values
    cdef uint32_t count, i
    if not failures.count:
        return None
    if mc_explanation_values(explanation, explanation.first_route + <int32_t> place, failures.first, &values, &count):
        raise MemoryError
    return Failure(
        CONDITIONS[<int> failures.first.kind], failures.first.index, failures.count,
        tuple([text_of(values[i]) for i in range(count)]))


cdef object scores_of(const mc_explanation *explanation):
    if explanation.scores == NULL:
        return ()
    return tuple([explanation.scores[i] for i in range(explanation.score_count)])


cdef object facts_of(Snapshot snapshot, const mc_request *request):
    """What the core says of a request: meshcore.explain.Facts."""
    cdef mc_explanation explanation
    cdef mc_scratch scratch
    cdef mc_code code
    cdef uint32_t i
    mc_scratch_init(&scratch)
    try:
        with nogil:
            code = mc_explain(snapshot.snapshot, request, &scratch, &explanation)
        if code:
            raise MemoryError
        if not explanation.has_view:
            return Facts(seen=None)
        return Facts(
            seen=seen_of(&explanation.view),
            host=None if explanation.host.data == NULL else text_of(explanation.host),
            virtual_host=None if explanation.virtual_host < 0 else snapshot.virtual_hosts[explanation.virtual_host],
            domain=DOMAINS[<int> explanation.domain],
            domain_size=explanation.domain_size,
            failures=tuple([failure_of(&explanation, i) for i in range(explanation.route_count)]),
            route=None if explanation.route < 0 else explanation.route - explanation.first_route,
            draw=DRAWS[<int> explanation.draw],
            drawn=explanation.drawn,
            place=explanation.place,
            total=explanation.sum,
            key=None if explanation.key.data == NULL else text_of(explanation.key),
            scores=scores_of(&explanation),
            choice=None if explanation.choice < 0 else explanation.choice)
    finally:
        mc_scratch_reset(&scratch)


def explanation_of(Decision decision not None):
    """Why it was decided so: meshcore.explain.Explain."""
    cdef Snapshot snapshot = decision._snapshot
    cdef mc_decision *d = &decision._block.decision
    config = snapshot.config
    headers = text_pairs(decision.pairs())
    decided = Decided(
        method=decision.method,
        target=text_of(d.request.target),
        given_authority="" if d.request.authority.data == NULL else text_of(d.request.authority),
        seed=d.request.seed,
        outcome=decision.outcome.value,
        status=decision.status,
        flags=decision.flags,
        details=decision.details,
        location=decision.location,
        listener=config.listeners[d.listener] if d.listener >= 0 else None,
        routed=d.virtual_host >= 0,
        cluster=config.clusters[d.cluster] if d.cluster >= 0 else None,
        policy=policy_of(snapshot, d),
        endpoint=decision._picked(),
        candidates=d.candidates if d.endpoint >= 0 else 0,
        overflow=overflow_of(snapshot, decision),
        ejected=ejected_of(snapshot, d),
        subset=SUBSETS[<int> d.subset_reason],
        subset_labels=labels_of(d),
        path=decision.path,
        authority=decision.authority,
        timeout=decision.timeout,
        delay=decision.delay,
        response_rate=decision.response_rate,
        mirrors=[(mirror.cluster, mirror.authority) for mirror in decision.mirrors],
        cors=CORS_VERDICTS[<int> d.cors],
        limits=tuple([tried_of(limit) for limit in limits_of(decision)]),
        rate_limits=tuple([asked_of(question, decision) for question in questions_of(decision)]),
        session=None if d.session == NULL else (SESSIONS[<int> d.session_reason], text_of(d.session_address)),
        headers=headers,
        request_headers=text_pairs(decision._request_headers(NULL, ())) if d.outcome == MC_FORWARD else [],
        response_headers=lambda lines: text_pairs(decision.response_headers(lines, status=200)),
    )
    return explained(decided, facts_of(snapshot, &d.request), config)


cdef object tried_of(object limit):
    return LimitTried(
        limit.filter, limit.rule, limit.descriptor, limit.allowed, limit.enforced, limit.limit, limit.remaining,
        None if limit.retry_after == float("inf") else limit.retry_after)


cdef object asked_of(object question, Decision decision):
    limit = question.filter
    names = [name for name, config in decision._snapshot.filters[decision._block.decision.listener] if config is limit]
    return LimitAsked(names[0], limit.cluster or limit.target_uri, question.domain, question.descriptors)


cdef object overflow_of(Snapshot snapshot, Decision decision):
    """What the request found no room in; None: it did."""
    cdef mc_decision *d = &decision._block.decision
    cdef mc_concurrency_status status
    if d.details != MC_DETAILS_OVERFLOW:
        return None
    now = d.request.now_ns or snapshot.now()
    if mc_snapshot_concurrency(snapshot.snapshot, d.cluster, now, &status) and status.in_flight >= status.limit:
        return Overflow(decision.priority, status.limit, adaptive=True)
    limit = breakers_of(snapshot, d.cluster)[decision.priority]["requests"]["limit"]
    return Overflow(decision.priority, limit)


cdef tuple ejected_of(Snapshot snapshot, const mc_decision *d):
    """Endpoints of the decision's cluster that are ejected now, and why."""
    if d.cluster < 0:
        return ()
    now = d.request.now_ns or snapshot.now()
    return tuple([
        (one.host, f"ejected: {one.reason}, {one.time_left:.4g} s left")
        for one in ejections_of(snapshot, d.cluster, now)
        if one.ejected
    ])


cdef str policy_of(Snapshot snapshot, const mc_decision *d):
    """What chose the endpoint, in words."""
    if d.cluster < 0:
        return ""
    return "override host" if d.overrides else mc_snapshot_policy(snapshot.snapshot, d.cluster).decode()


cdef tuple labels_of(const mc_decision *d):
    """What the hosts of the decision's subset have in common; other values than texts as JSON."""
    cdef mc_labels labels
    cdef uint32_t i
    if d.subset < 0:
        return ()
    labels = mc_cluster_subset(d.upstream, d.subset)
    return tuple([
        (text_of(labels.at[i].key), text_of(labels.at[i].value).removeprefix("\0")) for i in range(labels.count)])
