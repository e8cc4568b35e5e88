"""Load balancers by themselves: a list of hosts in, a host out.

They are the engine's own policies, built over a plain list of addresses instead of a configuration. Safe
to use from many threads. Hosts are what you call them; an address such as ``10.0.0.7:9080`` is what Envoy
hashes, so that lists of addresses give the very host that an Envoy gives. Membership changes by making
another one: a ring of a thousand hosts takes about a millisecond or two.

ValueError is raised for an empty list, a host given twice, weights that are 0 or add up to more than
2**32 - 1, and sizes that cannot be.
"""

from collections.abc import Iterable
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
