"""The front page of the bookshop, for people with a browser (``meshcore demo --serve``)."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["render"]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 1.05rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}
  aside {{ background: #eef3f8; border-radius: .5rem; padding: .6rem 1rem; margin: 1.5rem 0 }}
  blockquote {{ margin: 1rem 0; padding-left: 1rem; border-left: .2rem solid #ccd }}
</style>
<h1>{title}</h1>
<p>{author}, {year}. {pages} pages.</p>
<aside>These reviews were served by <strong>reviews {version}</strong>{reader}. Reload to draw again.</aside>
{reviews}
</html>
"""


def render(details: dict[str, Any], reviews: dict[str, Any], reader: str | None) -> str:
    """The page as HTML."""
    stars = reviews.get("stars", {})
    color = escape(reviews.get("star_color", ""), quote=True)
    quotes = []
    for review in reviews["reviews"]:
        count = stars.get(review["reviewer"])
        rating = f' <span style="color: {color}">{"&#9733;" * count}</span>' if count else ""
        quotes.append(
            f"<blockquote>{escape(review['text'])}<br>{escape(review['reviewer'])}{rating}</blockquote>"
        )
    return _PAGE.format(
        title=escape(details["title"]),
        author=escape(details["author"]),
        year=details["year"],
        pages=details["pages"],
        version=escape(reviews["version"]),
        reader=f" for {escape(reader)}" if reader else "",
        reviews="\n".join(quotes),
    )
