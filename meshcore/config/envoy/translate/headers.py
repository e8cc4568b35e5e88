"""Header edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meshcore.config.envoy.schema.base import HeaderAppendAction, HeaderValueOption
from meshcore.config.envoy.schema.filters import HeaderMutation, Mutations
from meshcore.config.envoy.translate.context import Context
from meshcore.config.findings import quoted
from meshcore.config.schema import Record, node_of, path_of
from meshcore.config.tree import SequenceNode
from meshcore.model import AppendAction, HeaderEdits, HeaderValue
from meshcore.model.format import FormatError, parse_format

__all__ = ["check_format", "edits", "edits_of_mutation", "edits_of_mutations", "header_values", "removals"]


class Editing(Protocol):
    """The levels that edit headers: all name the fields alike."""

    request_headers_to_add: list[HeaderValueOption]
    request_headers_to_remove: list[str]
    response_headers_to_add: list[HeaderValueOption]
    response_headers_to_remove: list[str]


def _is_protected(name: str) -> bool:
    """Headers that may not be edited this way: rewrites change them."""
    return name.startswith(":") or name.lower() == "host"


def check_format(context: Context, record: Record, field: str, text: str) -> None:
    """Report a format string that we cannot serve."""
    try:
        parse_format(text)
    except FormatError as error:
        context.error(record, field, f"not a format that is supported: {error}", found=quoted(text))


def header_values(context: Context, options: Sequence[HeaderValueOption]) -> tuple[HeaderValue, ...]:
    return tuple(_header_value(context, option) for option in options)


def _header_value(context: Context, option: HeaderValueOption) -> HeaderValue:
    header = option.header
    if _is_protected(header.key):
        context.error(header, "key", "pseudo headers and host may not be edited", found=quoted(header.key))
    value, field = header.value, "value"
    if header.raw_value:
        field = "raw_value"
        try:
            value = header.raw_value.decode()
        except UnicodeDecodeError:
            context.error(header, field, "only UTF-8 is supported")
        if any(character in value for character in "\0\r\n"):
            context.error(header, field, "NUL, CR and LF may not stand in a header")
    check_format(context, header, field, value)
    action = option.append_action
    if option.append is not None:
        if action is not HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD:
            context.error(option, "append", "set together with append_action; only one of them may be")
        elif not option.append:
            action = HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
    return HeaderValue(header.key.lower(), value, AppendAction[action.name], option.keep_empty_value)


def removals(context: Context, record: Record, field: str, names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    node = node_of(record, field)
    for index, name in enumerate(names):
        if _is_protected(name) and isinstance(node, SequenceNode):
            context.findings.error(
                node.items[index],
                f"{path_of(record, field)}[{index}]",
                "pseudo headers and host may not be removed",
                found=quoted(name),
            )
    return tuple(name.lower() for name in names)


def edits(context: Context, level: Record) -> HeaderEdits:
    """The edits of one level (a weighted cluster, route, virtual host or route configuration)."""
    editing: Editing = level  # type: ignore[assignment]
    return HeaderEdits(
        header_values(context, editing.request_headers_to_add),
        removals(context, level, "request_headers_to_remove", editing.request_headers_to_remove),
        header_values(context, editing.response_headers_to_add),
        removals(context, level, "response_headers_to_remove", editing.response_headers_to_remove),
    )


def edits_of_mutations(context: Context, mutations: Mutations | None) -> HeaderEdits:
    """The header mutation filter's mutations, as edits."""
    if mutations is None:
        return HeaderEdits()
    request_add, request_remove = _mutations(context, mutations.request_mutations)
    response_add, response_remove = _mutations(context, mutations.response_mutations)
    return HeaderEdits(request_add, request_remove, response_add, response_remove)


def edits_of_mutation(context: Context, mutation: HeaderMutation) -> HeaderEdits:
    """One mutation of a request, as edits."""
    add, remove = _mutations(context, (mutation,))
    return HeaderEdits(add, remove)


def _mutations(
    context: Context, mutations: Sequence[HeaderMutation]
) -> tuple[tuple[HeaderValue, ...], tuple[str, ...]]:
    added = [mutation.append for mutation in mutations if mutation.append is not None]
    removed = [mutation.remove.lower() for mutation in mutations if mutation.remove is not None]
    return header_values(context, added), tuple(removed)
