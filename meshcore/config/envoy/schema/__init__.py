"""Typed schemas of Envoy's v3 messages, as far as we support them, with Envoy's own validation rules.

Source of fields and rules: Envoy's API reference, v3. What a message has beyond its schema is
refused by name (``__unsupported__``), or accepted with a warning where it cannot change a decision
(``__noted__``), or accepted in silence where it names statistics only (``__ignored__``).
"""
