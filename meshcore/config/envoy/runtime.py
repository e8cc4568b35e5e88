"""Runtime values: the static layers of a bootstrap and what the caller gives."""

from __future__ import annotations

from collections.abc import Mapping

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

    def fraction(self, percent: RuntimeFractionalPercent) -> Fraction:
        """The share that holds: the runtime's, or the default where the key has no usable value.

        An integer is a percentage, as in Envoy.
        """
        value = self._values.get(percent.runtime_key) if percent.runtime_key else None
        if isinstance(value, Mapping):
            denominator = value.get("denominator", "HUNDRED")
            numerator = value.get("numerator", 0)
            if isinstance(numerator, int) and numerator >= 0 and denominator in _DENOMINATORS:
                return Fraction(numerator, _DENOMINATORS[denominator])
        elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return Fraction(min(value, 100))
        return fraction(percent.default_value)


def fraction(percent: FractionalPercent) -> Fraction:
    """A ``FractionalPercent`` of the document."""
    return Fraction(percent.numerator, _DENOMINATORS[percent.denominator.name])
