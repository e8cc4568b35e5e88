"""Rate limits by themselves. The stub limit.pyi has the documentation."""

cimport cython
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t

from meshcore._called cimport name_mistakes
from meshcore._clock cimport now_ns
from meshcore._core cimport *
from meshcore._fastcall cimport mc_fastcall, mc_replace_method
from meshcore._given cimport text_given
from meshcore._request cimport MC_LISTS_STAY, as_bytes, take, take_plain

from meshcore import _limit

__all__ = ["LimitResult", "RateLimiter", "TokenBucket"]

cdef extern from "math.h" nogil:
    long long llround(double)

cdef double INFINITY = float("inf")


@cython.final
@cython.freelist(16)
cdef class LimitResult:
    cdef mc_limit_answer _answer

    def __init__(self, *given, **named):
        raise TypeError("a LimitResult is what check() and peek() return")

    @property
    def allowed(self):
        return self._answer.allowed

    @property
    def remaining(self):
        return self._answer.remaining

    @property
    def retry_after(self):
        return seconds_of(self._answer.retry_after_ns)

    @property
    def reset(self):
        return seconds_of(self._answer.reset_ns)

    def __bool__(self):
        return self._answer.allowed

    def __len__(self):
        return 3

    def __iter__(self):
        return iter((self.allowed, self.remaining, self.retry_after))

    def __getitem__(self, index):
        return (self.allowed, self.remaining, self.retry_after)[index]

    def __eq__(self, other):
        if isinstance(other, (LimitResult, tuple)):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        return (
            f"LimitResult(allowed={self.allowed}, remaining={self.remaining}, "
            f"retry_after={self.retry_after}, reset={self.reset})"
        )


cdef inline double seconds_of(uint64_t ns) noexcept:
    return INFINITY if ns == MC_NEVER else <double> ns / 1e9


cdef inline object result_of(mc_limit_answer answer):
    cdef LimitResult result = LimitResult.__new__(LimitResult)
    result._answer = answer
    return result


cdef inline object wait_of(uint64_t ns):
    return None if ns == MC_NEVER else <double> ns / 1e9


cdef object ONE = 1


cdef inline uint64_t cost_of(object cost) except? 0xFFFFFFFFFFFFFFFF:
    return 1 if cost is ONE else other_cost_of(cost)


cdef uint64_t other_cost_of(object cost) except? 0xFFFFFFFFFFFFFFFF:
    cdef int overflow = 0
    cdef long long value
    if PyLong_CheckExact(cost):
        value = PyLong_AsLongLongAndOverflow(cost, &overflow)
        if not overflow and value >= 0:
            return <uint64_t> value
    return _limit.checked_cost(cost)


cdef inline object take_key(object key, mc_slice *out):
    """What the slice points into: nearly always the key as it is."""
    return key if take_plain(<PyObject *> key, out) else other_key(key, out)


cdef object other_key(object key, mc_slice *out):
    text_given("key", key)
    key = as_bytes(key)
    take(key, out)
    return key


cdef class _Limit:
    """The parameters and the clock."""

    cdef mc_limit _limit
    cdef object _clock
    cdef mc_shared *_shared  # NULL: the limit is this process's own
    cdef readonly object max_tokens, tokens_per_fill, fill_interval, shared_state

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    cdef int _make(self, object max_tokens, object tokens_per_fill, object fill_interval, object clock) except -1:
        cdef mc_token_bucket bucket
        cdef mc_error error
        tokens, per_fill, interval = _limit.bucket_of(max_tokens, tokens_per_fill, fill_interval)
        bucket.max_tokens, bucket.tokens_per_fill, bucket.fill_interval_ns = tokens, per_fill, interval
        if mc_limit_make(&bucket, &self._limit, &error):
            raise ValueError(error.message.decode())
        self.max_tokens, self.tokens_per_fill, self.fill_interval = tokens, per_fill, interval / 1e9
        self._clock = clock
        return 0

    cdef int _share(self, object shared_state) except -1:
        if shared_state is not None:
            # Imported here: most limits are a process's own.
            from meshcore.shared import SharedState

            self.shared_state = SharedState.of(shared_state)
            self._shared = <mc_shared *> <uintptr_t> self.shared_state.address
        return 0


cdef uint64_t told(object clock) except? 0xFFFFFFFFFFFFFFFF:
    cdef double now = clock()
    if not -9e9 <= now <= 9e9:
        _limit.nanoseconds(now)  # which raises
    return <uint64_t> <int64_t> llround(now * 1e9)


cdef inline uint64_t now_of(_Limit limit) except? 0xFFFFFFFFFFFFFFFF:
    return now_ns() if limit._clock is None else told(limit._clock)


# The collector of cycles must not take the shared state away before what is in it has been given back.
@cython.final
@cython.no_gc_clear
cdef class TokenBucket(_Limit):
    cdef mc_bucket *_bucket

    def __cinit__(self, *given, **named):
        cdef mc_error error
        cdef mc_slice text
        tokens, per_fill, interval, shared_state, name, clock = _limit.bucket_given(*given, **named)
        self._make(tokens, per_fill, interval, clock)
        self._share(shared_state)
        if self._shared == NULL:
            self._bucket = mc_bucket_new()
            if self._bucket == NULL:
                raise MemoryError
            return
        name = take_key(name, &text)
        self._bucket = mc_shared_bucket(self._shared, text, &self._limit, &error)
        if self._bucket == NULL:
            raise self.shared_state.error(error.message.decode())

    def __dealloc__(self):
        if self._shared == NULL:
            mc_bucket_free(self._bucket)
        else:
            mc_shared_release_bucket(self._shared, self._bucket)

    def __repr__(self):
        return f"<TokenBucket {self.remaining} of {self.max_tokens}>"

    def allow(self, cost=1):
        return mc_bucket_allow(self._bucket, &self._limit, cost_of(cost), now_of(self))

    def check(self, cost=1):
        return result_of(mc_bucket_check(self._bucket, &self._limit, cost_of(cost), now_of(self)))

    def peek(self, cost=1):
        return result_of(mc_bucket_peek(self._bucket, &self._limit, cost_of(cost), now_of(self)))

    @property
    def remaining(self):
        return mc_bucket_peek(self._bucket, &self._limit, 1, now_of(self)).remaining

    def reserve(self, cost=1, *, max_wait=None):
        cdef uint64_t wait = MC_NEVER if max_wait is None else _limit.wait_of(max_wait)
        return wait_of(mc_bucket_reserve(self._bucket, &self._limit, cost_of(cost), wait, now_of(self)))

    def refund(self, cost=1):
        mc_bucket_refund(self._bucket, &self._limit, cost_of(cost), now_of(self))


@cython.final
@cython.no_gc_clear
cdef class RateLimiter(_Limit):
    cdef mc_limiter *_limiter
    cdef readonly object capacity, nbytes

    def __cinit__(self, *given, **named):
        cdef uint8_t secret[16]
        cdef mc_error error
        cdef mc_slice text
        tokens, per_fill, interval, capacity, shared_state, name, clock = _limit.limiter_given(*given, **named)
        self.capacity = _limit.checked_capacity(capacity)
        self.nbytes = mc_limiter_bytes(self.capacity)
        self._make(tokens, per_fill, interval, clock)
        if not mc_platform_random(secret, sizeof(secret)):
            raise OSError("the system has no random numbers to give")
        self._share(shared_state)
        if self._shared == NULL:
            self._limiter = mc_limiter_new(self.capacity, &self._limit, secret)
            if self._limiter == NULL:
                raise MemoryError(f"no memory for {self.capacity} keys")
            if MC_LISTS_STAY:  # one thread at a time calls
                mc_limiter_set_alone(self._limiter)
            return
        name = take_key(name, &text)
        self._limiter = mc_shared_limiter(self._shared, text, self.capacity, &self._limit, secret, &error)
        if self._limiter == NULL:
            raise self.shared_state.error(error.message.decode())

    def __dealloc__(self):
        if self._shared == NULL:
            mc_limiter_free(self._limiter)
        else:
            mc_shared_release_limiter(self._shared, self._limiter)

    def __repr__(self):
        return (
            f"<RateLimiter {self.tokens_per_fill} in {self.fill_interval:g} s, at most {self.max_tokens}, "
            f"for {self.capacity} keys>"
        )

    @property
    def forgotten(self):
        return mc_limiter_forgotten(self._limiter)

    def allow(self, key, cost=1):
        cdef mc_slice text
        key = take_key(key, &text)
        return mc_limiter_allow(self._limiter, text, cost_of(cost), now_of(self))

    def allow_many(self, keys, cost=1):
        cdef mc_slice text
        cdef uint64_t units = cost_of(cost), now = now_of(self)
        cdef list allowed = []
        for key in _limit.checked_keys(keys):
            key = take_key(key, &text)
            allowed.append(mc_limiter_allow(self._limiter, text, units, now))
        return allowed

    def check(self, key, cost=1):
        cdef mc_slice text
        key = take_key(key, &text)
        return result_of(mc_limiter_check(self._limiter, text, cost_of(cost), now_of(self)))

    def peek(self, key, cost=1):
        cdef mc_slice text
        key = take_key(key, &text)
        return result_of(mc_limiter_peek(self._limiter, text, cost_of(cost), now_of(self)))

    def reserve(self, key, cost=1, *, max_wait=None):
        cdef mc_slice text
        cdef uint64_t wait = MC_NEVER if max_wait is None else _limit.wait_of(max_wait)
        key = take_key(key, &text)
        return wait_of(mc_limiter_reserve(self._limiter, text, cost_of(cost), wait, now_of(self)))

    def refund(self, key, cost=1):
        cdef mc_slice text
        key = take_key(key, &text)
        mc_limiter_refund(self._limiter, text, cost_of(cost), now_of(self))


cdef mc_fastcall allow_by_names  # RateLimiter.allow as it stands above


cdef object allow_by_place(object limiter, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """RateLimiter.allow of a key and no more."""
    cdef mc_slice text
    if names == NULL and count == 1 and (<RateLimiter> limiter)._clock is None and take_plain(arguments[0], &text):
        return mc_limiter_allow((<RateLimiter> limiter)._limiter, text, 1, now_ns())
    return allow_by_names(limiter, arguments, count, names)


allow_by_names = mc_replace_method(RateLimiter.__dict__["allow"], allow_by_place)


name_mistakes(TokenBucket)
name_mistakes(RateLimiter)
