"""The core's explanations as Python values: conversion only."""

from meshcore._core cimport *
from meshcore._request cimport text_of
from meshcore._snapshot cimport Snapshot

from meshcore.explain.facts import CONDITIONS, DOMAINS, DRAWS, Facts, Failure, SeenRequest


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
