"""Runtime values: the static layers of a bootstrap and what the caller gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshcore.config.envoy.schema.base import FractionalPercent, RuntimeFractionalPercent
from meshcore.model import Fraction

__all__ = ["Runtime", "fraction"]

#: Protobuf enums may be given by number, too.
_DENOMINATORS: dict[object, int] = {
    "HUNDRED": 100,
    "TEN_THOUSAND": 10_000,
    "MILLION": 1_000_000,
    0: 100,
    1: 10_000,
    2: 1_000_000,
}


class Runtime:
    """Runtime keys, resolved once at load; later layers win."""

    def __init__(self, *layers: Mapping[str, object]) -> None:
        self._values: dict[str, object] = {}
        for layer in layers:
            self._flatten("", layer)

    def _flatten(self, prefix: str, layer: Mapping[str, object]) -> None:
        """``{"a": {"b": 1}}`` and ``{"a.b": 1}`` say the same."""
        for key, value in layer.items():
            name = f"{prefix}.{key}" if prefix else key
            if isinstance(value, Mapping) and not {"numerator", "denominator"} & set(value):
                self._flatten(name, value)
            else:
                self._values[name] = value

    def number(self, key: str) -> int | None:
        """The integer that the key has; None where it has none that is usable."""
        return _whole(self._values.get(key))

    def decimal(self, key: str) -> float | None:
        """The number that the key has; None where it has none that is usable."""
        value = self._values.get(key)
        return None if _whole(value) is None else float(value)  # type: ignore[arg-type]

    def flag(self, key: str, default: bool) -> bool:
        """Whether the key is true or false, by itself or as a text; the default where it is neither."""
        value = self._values.get(key)
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower(), default)
        return value if isinstance(value, bool) else default

    def keys(self) -> Iterable[str]:
        return self._values.keys()

    def fraction(self, percent: RuntimeFractionalPercent) -> Fraction:
        """The share that holds: the runtime's, or the default where the key has no usable value."""
        share = self.share(percent.runtime_key)
        return fraction(percent.default_value) if share is None else share

    def share(self, key: str) -> Fraction | None:
        """The share that the key has; None where it has none that is usable.

        An integer is a percentage, as in Envoy.
        """
        value = self._values.get(key) if key else None
        if isinstance(value, Mapping):
            denominator = value.get("denominator", "HUNDRED")
            numerator = value.get("numerator", 0)
            if isinstance(numerator, int) and numerator >= 0 and denominator in _DENOMINATORS:
                return Fraction(numerator, _DENOMINATORS[denominator])
        whole = _whole(value)
        return None if whole is None else Fraction(min(whole, 100))


def _whole(value: object) -> int | None:
    """A number without its fraction, as in Envoy; None for what is none, and for negative ones."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**64:
        return None
    return int(value)


def fraction(percent: FractionalPercent) -> Fraction:
    """A ``FractionalPercent`` of the document."""
    return Fraction(percent.numerator, _DENOMINATORS[percent.denominator.name])
