"""The rate limits of decisions as Python values: conversion only."""

from libc.stdlib cimport calloc, free
from libc.string cimport memset

from meshcore._core cimport *
from meshcore._request cimport as_pairs, pairs_as_bytes, take, take_pairs, text_of
from meshcore.decision cimport Decision

from meshcore.rate_limits import AppliedLimit, RateLimitQuestion

cdef double INFINITY = float("inf")
cdef dict VERDICTS = {"ok": MC_SERVICE_OK, "over_limit": MC_SERVICE_OVER_LIMIT, "error": MC_SERVICE_ERROR}


cdef object seconds(uint64_t ns):
    return INFINITY if ns == <uint64_t> -1 else ns / 1e9


cdef tuple entries_of(const mc_descriptor *descriptor):
    return tuple([
        (text_of(descriptor.entries[i].key), text_of(descriptor.entries[i].value)) for i in range(descriptor.count)])


def limits_of(Decision decision not None):
    """meshcore.rate_limits.AppliedLimit of each local limit, in the order of the filters."""
    cdef mc_limited *at = decision._block.decision.limited
    found = []
    while at != NULL:
        if at.has_bucket:
            mc_limited_reckon(at)
            found.append(AppliedLimit(
                filter=decision._snapshot.filters[decision._block.decision.listener][at.filter][0],
                stat_prefix=text_of(mc_local_limit_name(at.limit)),
                rule=text_of(mc_local_limit_label(at.limit, at.rule)),
                descriptor=() if at.descriptor == NULL else entries_of(at.descriptor),
                allowed=at.allowed,
                enforced=at.enforced,
                limit=at.max_tokens,
                remaining=at.remaining,
                retry_after=seconds(at.retry_after_ns),
                reset=seconds(at.reset_ns),
            ))
        at = at.next
    return tuple(reversed(found))


def questions_of(Decision decision not None):
    """meshcore.rate_limits.RateLimitQuestion of each service that is still to be asked."""
    cdef const mc_asked *at = decision._block.decision.asked
    cdef uint32_t i, number = 0
    found = []
    while at != NULL:
        if not at.answered:
            found.append(RateLimitQuestion(
                number=number,
                filter=decision._snapshot.filters[decision._block.decision.listener][at.filter][1],
                domain=text_of(at.domain),
                descriptors=tuple([entries_of(&at.descriptors[i]) for i in range(at.count)]),
                hits=tuple([
                    at.descriptors[i].hits.value if at.descriptors[i].hits.said else None for i in range(at.count)]),
                refunds=tuple([bool(at.descriptors[i].gives_back) for i in range(at.count)]),
            ))
        number += 1
        at = at.next
    return tuple(found)


cdef class Lines:
    """Header lines for the core, and what they point into."""
    cdef tuple _alive
    cdef mc_header *at
    cdef uint32_t count

    def __cinit__(self, headers):
        cdef tuple pairs = as_pairs(headers)
        self.at = <mc_header *> calloc(len(pairs) + 1, sizeof(mc_header))
        if self.at == NULL:
            raise MemoryError
        try:
            take_pairs(pairs, self.at)
        except UnicodeEncodeError:
            pairs = pairs_as_bytes(pairs)
            take_pairs(pairs, self.at)
        self._alive = pairs
        self.count = <uint32_t> len(pairs)

    def __dealloc__(self):
        free(self.at)


def take_answer(Decision decision not None, question, verdict, request_headers, response_headers, limits, bytes body):
    """What a service says, told to the decision."""
    cdef mc_service_answer answer
    cdef mc_service_limit *all
    cdef Lines request = Lines(request_headers), response = Lines(response_headers)
    cdef list names = []
    cdef uint32_t number = question.number
    if verdict not in VERDICTS:
        raise ValueError(f'a service says "ok", "over_limit" or "error", not {verdict!r}')
    limits = tuple(limits)
    all = <mc_service_limit *> calloc(len(limits) + 1, sizeof(mc_service_limit))
    if all == NULL:
        raise MemoryError
    try:
        for i, limit in enumerate(limits):
            if limit is None:
                continue
            names.append(limit.name.encode("ascii", "replace"))
            all[i].given = True
            all[i].limit, all[i].window_s = limit.limit, limit.window
            all[i].remaining, all[i].reset_s = limit.remaining, limit.reset
            take(names[len(names) - 1], &all[i].name)
        memset(&answer, 0, sizeof(answer))
        answer.verdict = VERDICTS[verdict]
        answer.request_lines, answer.request_count = request.at, request.count
        answer.response_lines, answer.response_count = response.at, response.count
        answer.limits, answer.limit_count = all, <uint32_t> len(limits)
        take(body, &answer.body)
        if mc_decision_take_answer(&decision._block.decision, number, &answer):
            raise MemoryError
    finally:
        free(all)
