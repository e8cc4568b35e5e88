"""What is wrong with a YAML text, in the words of a finding."""

from __future__ import annotations

import yaml

from meshcore.config.limits import MAX_DEPTH

__all__ = ["syntax_problem", "too_deep"]


def syntax_problem(error: yaml.YAMLError) -> str:
    """What the parser says, and what most likely was meant."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    if "nesting depth" in problem:  # libyaml has a bound of its own, which flow collections meet first
        return too_deep()
    message = f"not valid YAML: {problem}" + (f" ({context})" if context else "")
    if "\\t" in problem or "found character that cannot start any token" in problem:
        message += "; YAML is indented with blanks, never with tabs"
    elif "mapping values are not allowed" in problem:
        message += (
            "; a text with a colon in it has no blank behind the colon (header:NAME), or stands in quotes"
        )
    return message


def too_deep() -> str:
    return f"nested more than {MAX_DEPTH} levels deep"
