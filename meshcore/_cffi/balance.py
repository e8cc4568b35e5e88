"""The balancers over cffi. The stub balance.pyi has the documentation of what is public."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.draws import Draws
from meshcore._cffi.specs import Specs
from meshcore._cffi.text import raise_error, slice_of
from meshcore._hosts import Weights, checked_hosts, checked_size, checked_weights
from meshcore._options import checked_clock, checked_keys
from meshcore.model import balancing as parameters

__all__ = ["LeastRequest", "Maglev", "PeakEwma", "Picker", "RandomChoice", "RingHash", "RoundRobin"]

_HASH_FUNCTIONS = {"xx_hash": lib.MC_XX_HASH, "murmur_hash_2": lib.MC_MURMUR_HASH_2}


class Picker:
    """What all balancers have."""

    def __init__(
        self, hosts: Iterable[str], weights: Weights, balance: dict[str, Any], seed: int | None
    ) -> None:
        self._hosts = checked_hosts(hosts)
        self._weights = checked_weights(self._hosts, weights)
        self._numbers = {host: number for number, host in enumerate(self._hosts)}
        self._draws = Draws(seed)
        specs, error = Specs(), ffi.new("mc_error *")
        cluster = specs.array("mc_cluster_spec", 1)
        specs.text(cluster[0].name, "")
        cluster[0].endpoints = endpoints = specs.array("mc_endpoint_spec", len(self._hosts))
        cluster[0].endpoint_count = len(self._hosts)
        cluster[0].keep = -1
        cluster[0].balance = balance
        for i, host in enumerate(self._hosts):
            specs.text(endpoints[i].address, host)
            endpoints[i].weight = self._weights[i]
        picker = lib.mc_picker_new(cluster, self._draws.next(), error)
        if picker == ffi.NULL:
            raise_error(error)
        self._picker = ffi.gc(picker, lib.mc_picker_free)

    @property
    def hosts(self) -> tuple[str, ...]:
        return self._hosts

    @property
    def weights(self) -> tuple[int, ...]:
        return self._weights

    def __len__(self) -> int:
        return len(self._hosts)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._hosts)} hosts>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def _host(self, number: int) -> str | None:
        return self._hosts[number] if number >= 0 else None

    def _number(self, host: str) -> int:
        number = self._numbers.get(host)
        if number is None:
            raise ValueError(f"{host!r} is not one of the hosts")
        return number

    def _begin(self, number: int) -> str | None:
        if number >= 0:
            lib.mc_picker_begin(self._picker, number)
        return self._host(number)

    def _done(self, host: str) -> int:
        number = self._number(host)
        if not lib.mc_picker_done(self._picker, number):
            raise ValueError(f"no request to {host!r} is under way")
        return number


class _Hashing(Picker):
    def __init__(
        self, hosts: Iterable[str], weights: Weights, policy: int, hashing: dict[str, int], factor: int | None
    ) -> None:
        self._bounded = factor is not None
        if factor is not None:
            hashing["balance_factor"] = checked_size("hash_balance_factor", factor, 100)
        super().__init__(hosts, weights, {"policy": policy, "hashing": hashing}, 0)

    def pick(self, key: str | bytes) -> str | None:
        slice = ffi.new("mc_slice *")
        alive: list[Any] = []
        slice_of(slice, key, alive)
        number = lib.mc_picker_pick_key(self._picker, slice[0])
        return self._begin(number) if self._bounded else self._host(number)

    def pick_many(self, keys: Iterable[str | bytes]) -> list[str | None]:
        given = list(checked_keys(keys))
        if self._bounded:
            return [self.pick(key) for key in given]
        slices, numbers = ffi.new("mc_slice[]", len(given)), ffi.new("int32_t[]", len(given))
        alive: list[Any] = []
        for i, key in enumerate(given):
            slice_of(slices[i], key, alive)
        lib.mc_picker_pick_keys(self._picker, slices, len(given), numbers)
        return [self._host(number) for number in numbers]

    def done(self, host: str) -> None:
        self._done(host)


class RingHash(_Hashing):
    """Consistent hashing on a ring: adding or removing a host moves hardly a key between the others."""

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
        if hash_function not in _HASH_FUNCTIONS:
            raise ValueError(
                f"hash_function is {hash_function!r}; expected one of {', '.join(_HASH_FUNCTIONS)}"
            )
        hashing = {
            "function": _HASH_FUNCTIONS[hash_function],
            "minimum_ring_size": checked_size("minimum_ring_size", minimum_ring_size, 1),
            "maximum_ring_size": checked_size("maximum_ring_size", maximum_ring_size, 1),
        }
        super().__init__(hosts, weights, lib.MC_POLICY_RING_HASH, hashing, hash_balance_factor)


class Maglev(_Hashing):
    """Consistent hashing by a table: keys are spread more evenly than on a ring."""

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        weights: Weights = None,
        table_size: int = 65537,
        hash_balance_factor: int | None = None,
    ) -> None:
        hashing = {"table_size": checked_size("table_size", table_size)}
        super().__init__(hosts, weights, lib.MC_POLICY_MAGLEV, hashing, hash_balance_factor)


class RoundRobin(Picker):
    """One host after another, from a random first one."""

    def __init__(self, hosts: Iterable[str], *, weights: Weights = None, seed: int | None = None) -> None:
        super().__init__(hosts, weights, {"policy": lib.MC_POLICY_ROUND_ROBIN}, seed)

    def pick(self) -> str | None:
        return self._host(lib.mc_picker_pick(self._picker, self._draws.next(), 0))


class RandomChoice(Picker):
    """A host by chance, by weight where weights are given."""

    def __init__(self, hosts: Iterable[str], *, weights: Weights = None, seed: int | None = None) -> None:
        policy = lib.MC_POLICY_RANDOM if weights is None else lib.MC_POLICY_WEIGHTED_RANDOM
        super().__init__(hosts, weights, {"policy": policy}, seed)

    def pick(self) -> str | None:
        return self._host(lib.mc_picker_pick(self._picker, self._draws.next(), 0))


class LeastRequest(Picker):
    """The host with the fewest requests under way, of a few that chance picks."""

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
        _check(parameters.LeastRequest(choice_count, active_request_bias, full_scan))
        load = {
            "slow_start_aggression": 1.0,
            "choice_count": choice_count,
            "active_request_bias": active_request_bias,
            "full_scan": full_scan,
        }
        super().__init__(hosts, weights, {"policy": lib.MC_POLICY_LEAST_REQUEST, "load": load}, seed)

    def pick(self) -> str | None:
        return self._begin(lib.mc_picker_pick(self._picker, self._draws.next(), 0))

    def done(self, host: str) -> None:
        self._done(host)

    def active(self, host: str) -> int:
        return int(lib.mc_picker_active(self._picker, self._number(host)))


class PeakEwma(Picker):
    """The host that will answer soonest by its latency and its requests under way, of two by chance."""

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
        _check(parameters.PeakEwma(decay_time, default_rtt, penalty_value))
        load = {
            "slow_start_aggression": 1.0,
            "decay_ns": _nanoseconds(decay_time),
            "default_latency_ns": _nanoseconds(default_rtt),
            "penalty": penalty_value,
        }
        self._clock = checked_clock(clock)
        super().__init__(hosts, None, {"policy": lib.MC_POLICY_PEAK_EWMA, "load": load}, seed)

    def _now(self) -> int:
        return int(lib.mc_platform_now_ns()) if self._clock is None else _nanoseconds(self._clock())

    def pick(self) -> str | None:
        return self._begin(lib.mc_picker_pick(self._picker, self._draws.next(), self._now()))

    def done(self, host: str, latency: float | None = None) -> None:
        report = ffi.new("mc_report *")
        report.now_ns = self._now()
        report.latency_ns = 0 if latency is None else _nanoseconds(latency)
        lib.mc_picker_report(self._picker, self._done(host), report)

    def active(self, host: str) -> int:
        return int(lib.mc_picker_active(self._picker, self._number(host)))


def _check(given: parameters.LeastRequest | parameters.PeakEwma) -> None:
    for problem in parameters.check_parameters(given):
        raise ValueError(f"{type(given).__name__}.{problem}")


def _nanoseconds(seconds: float) -> int:
    # Half the range is 292 years; now and a duration must add up.
    return int(min(seconds, 9.0e9) * 1e9) if seconds > 0 else 0  # NaN is not
