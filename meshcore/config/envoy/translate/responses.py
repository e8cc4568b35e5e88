"""Redirects and direct responses."""

from __future__ import annotations

import os

from meshcore.config.envoy.schema import route as schema
from meshcore.config.envoy.schema.base import DataSource
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import check_format
from meshcore.config.envoy.translate.matching import regex_rewrite
from meshcore.config.findings import quoted
from meshcore.model import DirectResponse, PathKind, PathMatch, PathRewrite, PathRewriteKind, Redirect

__all__ = ["data", "direct_response", "redirect"]

_STATUS = {
    schema.RedirectResponseCode.MOVED_PERMANENTLY: 301,
    schema.RedirectResponseCode.FOUND: 302,
    schema.RedirectResponseCode.SEE_OTHER: 303,
    schema.RedirectResponseCode.TEMPORARY_REDIRECT: 307,
    schema.RedirectResponseCode.PERMANENT_REDIRECT: 308,
}
#: Stands in a ``body_format`` for the body itself.
_BODY = "%LOCAL_REPLY_BODY%"


def redirect(context: Context, source: schema.RedirectAction, match: PathMatch) -> Redirect:
    path: PathRewrite | None = None
    if source.path_redirect:
        path = PathRewrite(PathRewriteKind.FULL, source.path_redirect)
    elif source.prefix_rewrite:
        if match.kind is PathKind.TEMPLATE:
            context.error(source, "prefix_rewrite", "cannot be used with path_match_policy")
        path = PathRewrite(PathRewriteKind.PREFIX, source.prefix_rewrite)
    elif source.regex_rewrite is not None:
        path = PathRewrite(PathRewriteKind.REGEX, regex=regex_rewrite(context, source.regex_rewrite))
    if source.port_redirect > 65535:
        context.error(source, "port_redirect", found=str(source.port_redirect), expected="a port")
    if any(character in (source.scheme_redirect or "") for character in "\0\r\n"):
        context.error(source, "scheme_redirect", expected="a text without NUL, CR and LF")
    return Redirect(
        status=_STATUS[source.response_code],
        scheme=source.scheme_redirect or "",
        https=bool(source.https_redirect),
        host=source.host_redirect,
        port=source.port_redirect or None,
        path=path,
        strip_query=source.strip_query,
    )


def direct_response(context: Context, source: schema.DirectResponseAction, limit: int) -> DirectResponse:
    body = data(context, source.body) if source.body is not None else b""
    if len(body) > limit:
        context.error(source, "body", found=f"{len(body)} bytes", expected=f"at most {limit}")
    template = source.body_format
    if template is None:
        return DirectResponse(source.status, body)
    if template.text_format_source is not None:
        field = "text_format_source"
        text = data(context, template.text_format_source).decode("utf-8", "replace")
    else:
        field, text = "text_format", template.text_format or ""
    check_format(context, template, field, text.replace(_BODY, ""))
    if _BODY in text:
        try:
            text = text.replace(_BODY, body.decode().replace("%", "%%"))
        except UnicodeDecodeError:
            context.error(source, "body", f"only UTF-8 is supported in {_BODY}")
    return DirectResponse(source.status, body, text, template.content_type)


def data(context: Context, source: DataSource) -> bytes:
    """The bytes of a data source, read once; problems are reported."""
    if source.inline_string is not None:
        return source.inline_string.encode("utf-8", "replace")
    if source.inline_bytes is not None:
        return source.inline_bytes
    if source.environment_variable is not None:
        value = os.environ.get(source.environment_variable)
        if value is None:
            variable = quoted(source.environment_variable)
            context.error(source, "environment_variable", f"the variable {variable} is not set")
        return (value or "").encode("utf-8", "surrogateescape")
    assert source.filename is not None
    context.findings.files.append(source.filename)
    try:
        with open(source.filename, "rb") as stream:
            return stream.read()
    except OSError as error:
        context.error(source, "filename", f"cannot be read: {error.strerror or error}")
        return b""
