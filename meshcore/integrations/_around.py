"""What a middleware may be put around, and what it may be given."""

from __future__ import annotations

import inspect

from meshcore import _options as option
from meshcore.mesh import Mesh

__all__ = ["require_app", "require_mesh"]


def require_mesh(mesh: object) -> None:
    """
    Raises:
        TypeError: it is something else, such as the path of a document.
    """
    option.instance("mesh", mesh, Mesh, "a meshcore.Mesh (see Mesh.load)")


def require_app(app: object, mesh: Mesh, middleware: type, arguments: int, instead: str) -> None:
    """See that a middleware is put around an app of its kind, and once.

    Args:
        arguments: how many an app of the middleware's kind is called with.
        instead: what is for apps that are not called so.

    Raises:
        TypeError: it is of another kind.
        ValueError: it has the same mesh already: limits would be taken from twice.
    """
    if not callable(app):
        raise option.wrong("app", app, "an app")
    try:
        inspect.signature(app).bind(*range(arguments))
    except ValueError:  # it does not tell what it takes
        pass
    except TypeError:
        message = f"app cannot be called with {arguments} arguments; {instead} is for apps of the other kind"
        raise TypeError(message) from None
    seen: list[object] = []
    while app is not None and not any(app is it for it in seen):
        if (isinstance(app, middleware) and getattr(app, "mesh", None) is mesh) or _adds(app, mesh):
            raise ValueError("app: this mesh is around it already; put the middleware around an app once")
        seen.append(app)
        app = getattr(app, "app", None) or getattr(app, "wsgi_app", None)  # Flask has the latter


def _adds(app: object, mesh: Mesh) -> bool:
    """Whether an app of Starlette's will put the mesh around itself when it is first called."""
    added = getattr(app, "user_middleware", ())
    if not isinstance(added, list | tuple):
        return False
    return any((getattr(one, "kwargs", None) or {}).get("mesh") is mesh for one in added)
