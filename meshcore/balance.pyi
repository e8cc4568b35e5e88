"""Load balancers by themselves: a list of hosts in, a host out.

They are the engine's own policies, built over a plain list of addresses instead of a configuration. Safe
to use from many threads. Hosts are what you call them; an address such as ``10.0.0.7:9080`` is what Envoy
hashes, so that lists of addresses give the very host that an Envoy gives. Membership changes by making
another one: a ring of a thousand hosts takes about a millisecond or two.

ValueError is raised for an empty list, a host given twice, weights that are 0 or add up to more than
2**32 - 1, and sizes that cannot be.
"""

from collections.abc import Callable, Iterable
from typing import final

from meshcore._hosts import Weights

class Picker:
    """What all balancers have."""

    @property
    def hosts(self) -> tuple[str, ...]: ...
    @property
    def weights(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...

class _Hashing(Picker):
    def pick(self, key: str | bytes) -> str:
        """The key's host. A str counts as its UTF-8.

        With ``hash_balance_factor``, it also counts a request to the host until ``done``.
        """

    def pick_many(self, keys: Iterable[str | bytes]) -> list[str]:
        """The hosts of many keys, in their order, at less than the cost of as many picks."""

    def done(self, host: str) -> None:
        """A request that ``pick`` counted has ended. Only with ``hash_balance_factor``.

        ValueError: none is under way, or this is not one of the hosts.
        """

@final
class RingHash(_Hashing):
    """Consistent hashing on a ring: a host that comes or goes takes or leaves its share of the keys.

    Ketama (R. Jones, 2007) with Envoy's details: keys are hashed by XXH64; the hosts have
    ``minimum_ring_size`` entries or more together, in proportion to their weights, so many that the lightest
    has a whole number; ``hash_function`` is that of the entries. The same hosts in the same order give a
    key the same host as Envoy's RING_HASH.

    Entries for each host are ``minimum_ring_size / hosts``, rounded up. Where a change of the hosts changes
    that number, about as large a part of the other keys moves, too.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        weights: Weights = None,
        hash_function: str = "xx_hash",
        minimum_ring_size: int = 1024,
        maximum_ring_size: int = 8388608,
        hash_balance_factor: int | None = None,
    ) -> None:
        """``weights``: by host, or in the order of the hosts. ``hash_function``: xx_hash or murmur_hash_2.

        ``hash_balance_factor``: percent, at least 100, of the average load that a host may have (V. Mirrokni
        et al., "Consistent hashing with bounded loads", 2016); call ``done`` then. None: any load.
        """

@final
class Maglev(_Hashing):
    """Consistent hashing by a table of which every host has its share, to the entry.

    D. Eisenbud et al., "Maglev: a fast and reliable software network load balancer" (2016), with Envoy's
    weights: the same hosts, in any order, give a key the same host as Envoy's MAGLEV.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        weights: Weights = None,
        table_size: int = 65537,
        hash_balance_factor: int | None = None,
    ) -> None:
        """``table_size``: a prime up to 5000011, many times the number of hosts. The rest as in RingHash."""

@final
class RoundRobin(Picker):
    """One host after another, from a random first one."""

    def __init__(self, hosts: Iterable[str], *, weights: Weights = None, seed: int | None = None) -> None:
        """``seed``: decides where it begins; None: chance."""

    def pick(self) -> str:
        """The next host."""

@final
class RandomChoice(Picker):
    """A host by chance, by weight where weights are given.

    By weight it takes one of two hosts of a table made beforehand (the alias method of A. J. Walker, 1977,
    and M. D. Vose, 1991), so that a pick costs the same however many hosts there are.
    """

    def __init__(self, hosts: Iterable[str], *, weights: Weights = None, seed: int | None = None) -> None:
        """``seed``: makes the picks the same each time; None: chance, other ones in each forked process."""

    def pick(self) -> str:
        """A host."""

@final
class LeastRequest(Picker):
    """The host with the fewest requests of some random ones (the power of two choices, M. Mitzenmacher,
    1996), as Envoy's LEAST_REQUEST. With weights: round robin by
    ``weight / (requests + 1) ** active_request_bias``.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        weights: Weights = None,
        choice_count: int = 2,
        active_request_bias: float = 1.0,
        full_scan: bool = False,
        seed: int | None = None,
    ) -> None:
        """``choice_count``: how many hosts are compared, 2 or more; ``full_scan``: all of them.
        ``active_request_bias``: 0 or more; 0: requests do not count, where there are weights.
        ``seed``: makes chance the same each time.
        """

    def pick(self) -> str:
        """A host; counts a request to it until ``done``."""

    def done(self, host: str) -> None:
        """A request that ``pick`` counted has ended. ValueError: none is under way."""

    def active(self, host: str) -> int:
        """Requests to the host that are under way."""

@final
class PeakEwma(Picker):
    """Of two random hosts the one with the lower cost: the latency that is expected of it, times the requests
    that it would then have. The expected latency rises to a peak at once and decays with time (Finagle,
    "Peak EWMA").
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        decay_time: float = 10.0,
        default_rtt: float = 0.010,
        penalty_value: float = 1_000_000.0,
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
    ) -> None:
        """``decay_time``: the time constant, in seconds. ``default_rtt``: the latency, in seconds, of a host
        that was never asked. ``penalty_value``: the cost, in milliseconds, of one that was asked and never
        answered. ``clock`` gives seconds and never goes back; None: the machine's.
        """

    def pick(self) -> str:
        """A host; counts a request to it until ``done``."""

    def done(self, host: str, latency: float | None = None) -> None:
        """A request that ``pick`` counted has ended, after ``latency`` seconds; None, and what is not
        above 0: that is not known.

        ValueError: none is under way, or this is not one of the hosts.
        """

    def active(self, host: str) -> int:
        """Requests to the host that are under way."""
