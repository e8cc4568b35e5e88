"""Load balancers by themselves: a list of hosts in, a host out."""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from meshcore._called cimport name_mistakes
from meshcore._clock cimport now_ns
from meshcore._cluster_spec cimport load_options, nanoseconds
from meshcore._core cimport *
from meshcore._given cimport text_given
from meshcore._request cimport MC_LISTS_STAY, as_bytes, take, take_plain
from meshcore._sealed cimport seal
from meshcore._spec cimport Specs

from meshcore._hosts import checked_hosts, checked_seed, checked_size, checked_weights
from meshcore._options import checked_clock, checked_keys
from meshcore.model import balancing as parameters

cdef enum:
    BATCH = 64


# Without a seed of the caller's, draws differ between the processes of a fork, too.
cdef inline uint64_t draw_of(Picker picker) noexcept:
    if picker._entropy != NULL:
        return (mc_entropy_next_alone if MC_LISTS_STAY else mc_entropy_next)(picker._entropy)
    picker._random += <uint64_t> 0x9E3779B97F4A7C15
    return mc_mix64(picker._random)


# The hosts were made for these numbers.
cdef inline object host_at(tuple hosts, int32_t number):
    return <object> PyTuple_GET_ITEM(hosts, number) if number >= 0 else None


cdef dict HASH_FUNCTIONS = {"xx_hash": MC_XX_HASH, "murmur_hash_2": MC_MURMUR_HASH_2}


cdef class Picker:
    def __dealloc__(self):
        mc_picker_free(self._picker)
        mc_entropy_free(self._entropy)
        free(self._table)

    def __len__(self):
        return len(self.hosts)

    def __repr__(self):
        return f"<{type(self).__name__} of {len(self.hosts)} hosts>"

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    cdef int _build(self, object hosts, object weights, const mc_balance_spec *balance, object seed) except -1:
        cdef Specs specs = Specs()
        cdef mc_cluster_spec cluster
        cdef mc_endpoint_spec *endpoints
        cdef mc_error error
        self.hosts = checked_hosts(hosts)
        self.weights = checked_weights(self.hosts, weights)
        self._index()
        if seed is None:
            self._entropy = mc_entropy_new()
            if self._entropy == NULL:
                raise MemoryError
        else:
            self._random = checked_seed(seed)
        endpoints = <mc_endpoint_spec *> specs.array(len(self.hosts), sizeof(mc_endpoint_spec))
        for i, host in enumerate(self.hosts):
            endpoints[i].address = specs.text(host)
            endpoints[i].weight = self.weights[i]
        memset(&cluster, 0, sizeof(cluster))
        cluster.name = specs.text("")
        cluster.balance = balance[0]
        cluster.endpoints = endpoints
        cluster.endpoint_count = <uint32_t> len(self.hosts)
        cluster.keep = -1
        self._picker = mc_picker_new(&cluster, draw_of(self), &error)
        if self._picker == NULL:
            if error.code == MC_NO_MEMORY:
                raise MemoryError
            raise ValueError(error.message.decode())
        return 0

    cdef int _index(self) except -1:
        """Hosts by their hash: a dict would look into two more places, each of them far from the others."""
        cdef size_t size = 8, at
        cdef int32_t number
        while size < 2 * <size_t> len(self.hosts):
            size *= 2
        self._table = <int32_t *> malloc(size * sizeof(int32_t))
        if self._table == NULL:
            raise MemoryError
        memset(self._table, 0xFF, size * sizeof(int32_t))
        self._mask = size - 1
        for number in range(<int32_t> len(self.hosts)):
            at = <size_t> hash(host_at(self.hosts, number)) & self._mask
            while self._table[at] >= 0:
                at = (at + 1) & self._mask
            self._table[at] = number
        return 0

    cdef int32_t _number(self, object host) except -1:
        cdef size_t at = <size_t> hash(host) & self._mask
        cdef int32_t number = self._table[at]
        while number >= 0:
            known = <PyObject *> PyTuple_GET_ITEM(self.hosts, number)
            if known == <PyObject *> host or <object> known == host:
                return number
            at = (at + 1) & self._mask
            number = self._table[at]
        raise ValueError(f"{host!r} is not one of the hosts")

    cdef object _begin(self, int32_t number):
        if number >= 0:
            mc_picker_begin(self._picker, number)
        return host_at(self.hosts, number)

    cdef int32_t _done(self, object host) except -1:
        cdef int32_t number = self._number(host)
        if not mc_picker_done(self._picker, number):
            raise ValueError(f"no request to {host!r} is under way")
        return number


# ---------------------------------------------------------------------- consistent hashing

cdef class _Hashing(Picker):
    cdef bint _bounded

    cdef int _hash(self, object hosts, object weights, mc_balance_spec *balance, object factor) except -1:
        if factor is not None:
            balance.hashing.balance_factor = checked_size("hash_balance_factor", factor, 100)
            self._bounded = True
        return self._build(hosts, weights, balance, 0)

    def pick(self, key):
        cdef mc_slice slice
        return self._host_of(slice) if take_plain(<PyObject *> key, &slice) else self._host_of_odd(key)

    cdef inline object _host_of(self, mc_slice key):
        cdef int32_t number = mc_picker_pick_key(self._picker, key)
        if self._bounded and number >= 0:
            mc_picker_begin(self._picker, number)
        return host_at(self.hosts, number)

    cdef object _host_of_odd(self, object key):
        """Apart, since what expects exceptions takes its time even where there are none."""
        cdef mc_slice slice
        try:
            take(key, &slice)
        except TypeError:
            text_given("key", key)
            raise
        except UnicodeEncodeError:
            return self._host_of_odd(as_bytes(key))
        return self._host_of(slice)

    def pick_many(self, keys):
        cdef mc_slice slices[BATCH]
        cdef int32_t numbers[BATCH]
        cdef Py_ssize_t start, i, count
        cdef list given = list(checked_keys(keys))
        if self._bounded:
            return [self.pick(key) for key in given]
        cdef list found = []
        for start in range(0, len(given), BATCH):
            count = min(<Py_ssize_t> BATCH, len(given) - start)
            for i in range(count):
                try:
                    take(given[start + i], &slices[i])
                except TypeError:
                    text_given("a key", given[start + i])
                    raise
                except UnicodeEncodeError:
                    given[start + i] = as_bytes(given[start + i])
                    take(given[start + i], &slices[i])
            mc_picker_pick_keys(self._picker, slices, <uint32_t> count, numbers)
            for i in range(count):
                found.append(host_at(self.hosts, numbers[i]))
        return found

    def done(self, host):
        self._done(host)


@cython.final
cdef class RingHash(_Hashing):
    def __cinit__(
        self,
        hosts,
        *,
        weights=None,
        hash_function="xx_hash",
        minimum_ring_size=1024,
        maximum_ring_size=8388608,
        hash_balance_factor=None,
    ):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        if hash_function not in HASH_FUNCTIONS:
            raise ValueError(f"hash_function is {hash_function!r}; expected one of {', '.join(HASH_FUNCTIONS)}")
        balance.policy = MC_POLICY_RING_HASH
        balance.hashing.function = HASH_FUNCTIONS[hash_function]
        balance.hashing.minimum_ring_size = checked_size("minimum_ring_size", minimum_ring_size, 1)
        balance.hashing.maximum_ring_size = checked_size("maximum_ring_size", maximum_ring_size, 1)
        self._hash(hosts, weights, &balance, hash_balance_factor)


@cython.final
cdef class Maglev(_Hashing):
    def __cinit__(self, hosts, *, weights=None, table_size=65537, hash_balance_factor=None):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        balance.policy = MC_POLICY_MAGLEV
        balance.hashing.table_size = checked_size("table_size", table_size)
        self._hash(hosts, weights, &balance, hash_balance_factor)


# ---------------------------------------------------------------------- rotation and chance

@cython.final
cdef class RoundRobin(Picker):
    def __cinit__(self, hosts, *, weights=None, seed=None):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        balance.policy = MC_POLICY_ROUND_ROBIN
        self._build(hosts, weights, &balance, seed)

    def pick(self):
        return host_at(self.hosts, mc_picker_pick(self._picker, draw_of(self), 0))


@cython.final
cdef class RandomChoice(Picker):
    def __cinit__(self, hosts, *, weights=None, seed=None):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        balance.policy = MC_POLICY_RANDOM if weights is None else MC_POLICY_WEIGHTED_RANDOM
        self._build(hosts, weights, &balance, seed)

    def pick(self):
        return host_at(self.hosts, mc_picker_pick(self._picker, draw_of(self), 0))


# ---------------------------------------------------------------------- by load

@cython.final
cdef class LeastRequest(Picker):
    def __cinit__(
        self, hosts, *, weights=None, choice_count=2, active_request_bias=1.0, full_scan=False, seed=None
    ):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        balance.policy = MC_POLICY_LEAST_REQUEST
        given = parameters.LeastRequest(choice_count, active_request_bias, full_scan)
        load_options(&balance.load, None, given, None, None)
        self._build(hosts, weights, &balance, seed)

    def pick(self):
        return self._begin(mc_picker_pick(self._picker, draw_of(self), 0))

    def done(self, host):
        self._done(host)

    def active(self, host):
        return mc_picker_active(self._picker, self._number(host))


@cython.final
cdef class PeakEwma(Picker):
    cdef object _clock

    def __cinit__(
        self,
        hosts,
        *,
        decay_time=10.0,
        default_rtt=0.010,
        penalty_value=1_000_000.0,
        clock=None,
        seed=None,
    ):
        cdef mc_balance_spec balance
        memset(&balance, 0, sizeof(balance))
        balance.policy = MC_POLICY_PEAK_EWMA
        given = parameters.PeakEwma(decay_time, default_rtt, penalty_value)
        load_options(&balance.load, None, None, given, None)
        self._clock = checked_clock(clock)
        self._build(hosts, None, &balance, seed)

    cdef uint64_t _now(self) except? 0:
        return now_ns() if self._clock is None else nanoseconds(self._clock())

    def pick(self):
        return self._begin(mc_picker_pick(self._picker, draw_of(self), self._now()))

    def done(self, host, latency=None):
        cdef mc_report report
        cdef uint64_t now = self._now()
        cdef uint64_t took = 0 if latency is None else nanoseconds(latency)
        cdef int32_t number = self._done(host)
        memset(&report, 0, sizeof(report))
        report.now_ns = now
        report.latency_ns = took
        mc_picker_report(self._picker, number, &report)

    def active(self, host):
        return mc_picker_active(self._picker, self._number(host))


seal(_Hashing, "it is RingHash or Maglev that picks by a key")
seal(Picker, "a picker is of one policy, such as RoundRobin")


name_mistakes(RingHash)
name_mistakes(Maglev)
name_mistakes(RoundRobin)
name_mistakes(RandomChoice)
name_mistakes(LeastRequest)
name_mistakes(PeakEwma)
