"""Configurations compiled for the core, with the names of what it numbers, and the state that outlives
them."""

from dataclasses import replace

cimport cython
from libc.stdint cimport uintptr_t

from meshcore._core cimport *
from meshcore._action_spec cimport action_spec
from meshcore._clock cimport now_ns
from meshcore._cluster_spec cimport cluster_spec, nanoseconds, unchecked
from meshcore._edit_spec cimport edits_spec
from meshcore._exchange_spec cimport exchange_options, exchange_spec
from meshcore._fault_spec cimport fault_spec, filter_fault, route_faults
from meshcore._http_spec cimport options_spec
from meshcore._match_spec cimport domains_spec, route_spec
from meshcore._policy_spec cimport (
    cors_spec, filter_cors, filter_session, hash_policies_spec, mirrors_spec, session_spec,
)
from meshcore._rate_limit_spec cimport LimitSpecs
from meshcore._request cimport MC_LISTS_STAY
from meshcore._spec cimport Specs

from meshcore._breathe import breathe
from meshcore._disposal import dispose, ready
from meshcore._near import few
from meshcore.model import ForwardAction, RequireTls

cdef dict TLS = {
    RequireTls.NONE: MC_TLS_NONE,
    RequireTls.EXTERNAL_ONLY: MC_TLS_EXTERNAL_ONLY,
    RequireTls.ALL: MC_TLS_ALL,
}


# From so many routes on, freeing a snapshot takes long enough to hold up whoever drops it.
cdef Py_ssize_t LARGE = 1_000


@cython.no_gc_clear
cdef class Runtime:
    """What outlives snapshots; every snapshot holds it."""

    def __cinit__(self, shared_state=None):
        cdef uint8_t secret[16]
        self.runtime = mc_runtime_new()
        if self.runtime == NULL:
            raise MemoryError
        if MC_LISTS_STAY:  # whoever decides holds the GIL
            mc_runtime_set_alone(self.runtime)
        if not mc_platform_random(secret, sizeof(secret)):
            raise OSError("the system has no random numbers to give")
        mc_runtime_set_secret(self.runtime, secret)
        if shared_state is not None:
            # Imported here: most engines are alone.
            from meshcore.shared import SharedState

            self.shared_state = SharedState.of(shared_state)
            mc_runtime_share(self.runtime, <mc_shared *> <uintptr_t> self.shared_state.address)

    def __dealloc__(self):
        mc_runtime_free(self.runtime)


cdef class _Remains:
    """What was compiled, without a snapshot: frees it wherever the last reference goes."""
    cdef mc_snapshot *snapshot
    cdef Runtime runtime

    def __dealloc__(self):
        with nogil:
            mc_snapshot_free(self.snapshot)


# The collector of cycles must not take the runtime away before the snapshot that points into it is freed.
@cython.no_gc_clear
cdef class Snapshot:
    """A compiled configuration and the names of what it numbers."""

    def __init__(self, config, Runtime runtime, uint64_t seed, Snapshot previous=None, clock=None):
        cdef Specs specs = Specs()
        cdef mc_snapshot_spec spec
        cdef mc_error error
        cdef dict numbers = {}
        cdef dict by_name = {}
        cdef LimitSpecs limits = LimitSpecs(specs, by_name)  # of which it reads the clusters' numbers once they are there
        self.runtime = runtime
        self.config = config
        self.clock = clock
        self._clusters(specs, previous, by_name, &spec)
        self._hosts(specs, limits, numbers, by_name, &spec)
        self._listeners(specs, limits, numbers, by_name, &spec)
        spec.seed = seed
        spec.now_ns = self.now()
        spec.previous = previous.snapshot if previous is not None else NULL
        with nogil:
            self.snapshot = mc_snapshot_build(&spec, runtime.runtime, &error)
        specs.clear()
        if self.snapshot == NULL:
            _refuse(runtime, &error)
        self.reads_clock = mc_snapshot_reads_clock(self.snapshot)
        self.reads_unix_time = mc_snapshot_reads_unix_time(self.snapshot) or specs.reads_unix_time
        self.makes_ids = mc_snapshot_makes_ids(self.snapshot)
        if len(self.routes) >= LARGE:
            ready()

    cdef uint64_t now(self) except? 0:
        return now_ns() if self.clock is None else nanoseconds(self.clock())

    cdef uint64_t unix_time(self) except? 0:
        """Nanoseconds; a clock of the engine's own stands for the time of day, too."""
        return mc_platform_unix_ns() if self.clock is None else nanoseconds(self.clock())

    cdef int _clusters(self, Specs specs, Snapshot previous, dict by_name, mc_snapshot_spec *spec) except -1:
        cdef mc_cluster_spec *clusters = <mc_cluster_spec *> specs.array(
            len(self.config.clusters), sizeof(mc_cluster_spec))
        cdef mc_hash_policies_spec *hashed = NULL
        cdef dict known = {} if previous is None else previous.numbers
        cdef uint64_t now_ns = self.now()
        endpoints = []
        for i, cluster in enumerate(self.config.clusters):
            number = known.get(cluster.name, -1)
            if number >= 0 and previous.config.clusters[number] == cluster:
                # What its policy has counted and built is kept with it.
                clusters[i].keep = number
                endpoints.append(previous.endpoints[number])
            else:
                cluster_spec(specs, cluster, &clusters[i])
                if self.runtime.checking:
                    unchecked(cluster, &clusters[i])
                clusters[i].balance.now_ns = now_ns
                clusters[i].keep = -1
                endpoints.append(tuple([one.authority for one in cluster.endpoints]))
            if cluster.hash_policies is not None:
                if hashed == NULL:
                    hashed = <mc_hash_policies_spec *> specs.array(
                        len(self.config.clusters), sizeof(mc_hash_policies_spec))
                hashed[i] = hash_policies_spec(specs, cluster.hash_policies)
            by_name[cluster.name] = i
            if not i & 63:
                breathe()
        self.clusters = tuple(by_name)
        self.numbers = by_name
        if len(by_name) != len(endpoints):
            raise ValueError("two clusters have one name")
        self.endpoints = tuple(endpoints)
        spec.clusters = clusters
        spec.hash_policies = hashed
        spec.cluster_count = <uint32_t> len(endpoints)
        return 0

    cdef int _hosts(
        self, Specs specs, LimitSpecs limits, dict numbers, dict by_name, mc_snapshot_spec *spec
    ) except -1:
        cdef mc_virtual_host_spec *hosts
        cdef mc_route_spec *routes
        cdef mc_action_spec *actions
        found, scopes, all_routes, names = [], [], [], []
        for listener in self.config.listeners:
            for host in listener.route_configuration.virtual_hosts:
                if id(host) not in numbers:
                    numbers[id(host)] = len(found)
                    found.append(host)
                    scopes.append(f"{listener.name}/{host.name}")
        hosts = <mc_virtual_host_spec *> specs.array(len(found), sizeof(mc_virtual_host_spec))
        for i, host in enumerate(found):
            routes = <mc_route_spec *> specs.array(len(host.routes), sizeof(mc_route_spec))
            actions = <mc_action_spec *> specs.array(len(host.routes), sizeof(mc_action_spec))
            for r, route in enumerate(host.routes):
                route_spec(specs, route, &routes[r])
                action_spec(specs, route, by_name, &actions[r])
                if isinstance(route.action, ForwardAction):
                    exchange_spec(specs, route.action, host, &actions[r])
                route_faults(specs, route, &actions[r])
                limits.route(route, f"{scopes[i]}/{route.name}", &actions[r])
                names.append(route.name)
            all_routes += host.routes
            hosts[i].routes = routes
            hosts[i].actions = actions
            hosts[i].route_count = <uint32_t> len(host.routes)
            hosts[i].require_tls = TLS[host.require_tls]
            edits_spec(specs, host.edits, &hosts[i].edits)
            hosts[i].cors = filter_cors(specs, host.typed_per_filter_config)
            hosts[i].cors_field = cors_spec(specs, host.cors)
            hosts[i].fault = filter_fault(specs, host.typed_per_filter_config)
            hosts[i].mirrors = mirrors_spec(specs, host.mirrors, by_name)
            hosts[i].mirror_count = <uint32_t> len(host.mirrors)
            hosts[i].session = filter_session(specs, host.typed_per_filter_config)
            hosts[i].limits = limits.levels(host.typed_per_filter_config, scopes[i])
            hosts[i].descriptors = limits.descriptors(host.rate_limits)
            if not i & 15:
                breathe()
        spec.virtual_hosts = hosts
        spec.virtual_host_count = <uint32_t> len(found)
        self.hosts = tuple([host.name for host in found])
        self.virtual_hosts = tuple(found)
        self.routes = tuple(all_routes)
        self.route_names = tuple(names)
        return 0

    cdef int _listeners(
        self, Specs specs, LimitSpecs limits, dict numbers, dict by_name, mc_snapshot_spec *spec
    ) except -1:
        cdef mc_listener_spec *listeners = <mc_listener_spec *> specs.array(
            len(self.config.listeners), sizeof(mc_listener_spec))
        filters = []
        for i, listener in enumerate(self.config.listeners):
            table = listener.route_configuration
            listeners[i].name = specs.text(listener.name)
            listeners[i].port = listener.port or 0
            listeners[i].most_specific_header_mutations_wins = table.most_specific_header_mutations_wins
            options_spec(specs, listener.options, &listeners[i].options)
            exchange_options(listener.options, &listeners[i].options)
            listeners[i].options.internal_only = specs.names(table.internal_only_headers)
            listeners[i].options.internal_only_count = <uint32_t> len(table.internal_only_headers)
            domains_spec(specs, table, numbers, &listeners[i].domains)
            edits_spec(specs, table.edits, &listeners[i].edits)
            listeners[i].cors = filter_cors(specs, table.typed_per_filter_config)
            listeners[i].mirrors = mirrors_spec(specs, table.mirrors, by_name)
            listeners[i].mirror_count = <uint32_t> len(table.mirrors)
            listeners[i].session = filter_session(specs, table.typed_per_filter_config)
            if listeners[i].session == NULL:
                listeners[i].session = session_spec(specs, listener.session)
            listeners[i].table_fault = filter_fault(specs, table.typed_per_filter_config)
            listeners[i].fault = fault_spec(specs, listener.fault)
            listeners[i].limits = limits.levels(table.typed_per_filter_config, f"{listener.name}/table")
            filters.append(limits.filters(listener, &listeners[i]))
        spec.listeners = listeners
        spec.listener_count = <uint32_t> len(self.config.listeners)
        self.filters = tuple(filters)
        self.listeners = tuple([listener.name for listener in self.config.listeners])
        return 0

    def __dealloc__(self):
        cdef _Remains remains = _Remains.__new__(_Remains)
        remains.snapshot = self.snapshot
        remains.runtime = self.runtime
        # Whoever drops the last reference may be serving: a decision that had pinned its snapshot.
        if self.snapshot != NULL and len(self.routes) >= LARGE and not mc_snapshot_is_shared(self.snapshot):
            dispose(remains, self.config, self.routes, self.route_names, self.endpoints, self.clusters)


cdef Snapshot with_cluster(Snapshot old, Py_ssize_t number, object cluster, uint64_t seed):
    """A snapshot that has this cluster of the model for the one of that number, and shares all else with old."""
    cdef Specs specs = Specs()
    cdef mc_cluster_spec *spec = <mc_cluster_spec *> specs.array(1, sizeof(mc_cluster_spec))
    cdef Snapshot out = _beside(old)
    cdef mc_error error
    cdef list clusters = list(old.config.clusters), endpoints = list(old.endpoints)
    cluster_spec(specs, cluster, spec)
    if old.runtime.checking:
        unchecked(cluster, spec)
    spec.balance.now_ns = old.now()
    clusters[number] = cluster
    endpoints[number] = tuple([one.authority for one in cluster.endpoints])
    out.config = replace(old.config, clusters=tuple(clusters))
    out.endpoints = tuple(endpoints)
    with nogil:
        out.snapshot = mc_snapshot_with_cluster(old.snapshot, <int32_t> number, spec, seed, &error)
    if out.snapshot == NULL:
        _refuse(old.runtime, &error)
    out.reads_clock = mc_snapshot_reads_clock(out.snapshot)
    return out


cdef Snapshot refreshed(Snapshot old, Py_ssize_t number, uint64_t now_ns, uint64_t seed):
    """What takes the place of a snapshot whose cluster of that number is stale; itself where nothing has changed."""
    cdef Snapshot out = _beside(old)
    cdef mc_error error
    cdef mc_code code
    with nogil:
        code = mc_snapshot_refresh(old.snapshot, <int32_t> number, now_ns, seed, &out.snapshot, &error)
    if code:
        _refuse(old.runtime, &error)
    return old if out.snapshot == NULL else out


cdef Snapshot _beside(Snapshot old):
    """A snapshot of the same names and options; what it compiles to is still to come."""
    cdef Snapshot out = Snapshot.__new__(Snapshot)
    out.runtime, out.clock, out.config = old.runtime, old.clock, old.config
    out.listeners, out.hosts, out.virtual_hosts = old.listeners, old.hosts, old.virtual_hosts
    out.filters = old.filters
    out.routes, out.route_names = old.routes, old.route_names
    out.clusters, out.numbers, out.endpoints = old.clusters, old.numbers, old.endpoints
    out.reads_clock, out.reads_unix_time = old.reads_clock, old.reads_unix_time
    out.makes_ids = old.makes_ids
    return out


cdef int32_t endpoint_number(Snapshot snapshot, Py_ssize_t number, object endpoint) except -1:
    addresses = snapshot.endpoints[number]
    if endpoint not in addresses:
        name = snapshot.clusters[number]
        raise KeyError(f"cluster {name!r} has no endpoint {endpoint!r}; it has {few(addresses)}")
    return addresses.index(endpoint)


cdef int _refuse(Runtime runtime, mc_error *error) except -1:
    cdef const char *refusal = mc_runtime_refusal(runtime.runtime)
    if error.code == MC_NO_MEMORY and refusal != NULL:
        raise runtime.shared_state.error((<bytes> refusal).decode())
    if error.code == MC_NO_MEMORY:
        raise MemoryError
    raise ValueError(error.message.decode("utf-8", "replace"))
