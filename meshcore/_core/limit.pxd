# Rate limits: token buckets as Envoy's (TokenBucket, refilled evenly), by GCRA.

from libc.stdint cimport uint8_t, uint64_t

from meshcore._core.base cimport mc_code, mc_error, mc_slice


cdef extern from "meshcore/limit.h" nogil:
    ctypedef struct mc_token_bucket:
        uint64_t max_tokens
        uint64_t tokens_per_fill
        uint64_t fill_interval_ns

    ctypedef struct mc_limit:
        uint64_t max_tokens

    mc_code mc_limit_make(const mc_token_bucket *bucket, mc_limit *out, mc_error *error)

    const uint64_t MC_NEVER

    ctypedef struct mc_limit_answer:
        bint allowed
        uint64_t remaining
        uint64_t retry_after_ns
        uint64_t reset_ns

    ctypedef struct mc_bucket:
        pass

    mc_bucket *mc_bucket_new()
    void mc_bucket_free(mc_bucket *bucket)
    bint mc_bucket_allow(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_bucket_check(
        mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_bucket_peek(
        const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    uint64_t mc_bucket_reserve(
        mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns)
    void mc_bucket_refund(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)

    ctypedef struct mc_limiter:
        pass

    size_t mc_limiter_bytes(uint64_t capacity)
    mc_limiter *mc_limiter_new(uint64_t capacity, const mc_limit *limit, const uint8_t *secret)
    void mc_limiter_set_alone(mc_limiter *limiter)
    void mc_limiter_free(mc_limiter *limiter)
    bint mc_limiter_allow(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_limiter_check(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_limiter_peek(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    uint64_t mc_limiter_reserve(
        mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns)
    void mc_limiter_refund(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    uint64_t mc_limiter_forgotten(const mc_limiter *limiter)
