"""An adapter for requests: a session's requests go where the mesh says.

session = requests.Session()
session.mount("http://", MeshAdapter(mesh))
session.get("http://reviews/reviews/7")
"""

from __future__ import annotations

from http.client import HTTPMessage
from types import SimpleNamespace
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from meshcore.integrations.urllib3 import MeshPoolManager
from meshcore.mesh import Mesh

__all__ = ["MeshAdapter"]


class MeshAdapter(HTTPAdapter):
    """Routes, balances, retries and limits what a ``requests.Session`` sends, by the mesh's configuration.

    What it answers and raises is what ``meshcore.integrations.urllib3.MeshPoolManager`` does, in the words of
    requests.

    Args:
        mesh: the mesh of the process.
        options: those of ``requests.adapters.HTTPAdapter``.
    """

    def __init__(self, mesh: Mesh, **options: Any) -> None:
        self.mesh = mesh
        super().__init__(**options)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = MeshPoolManager(
            self.mesh, num_pools=connections, maxsize=maxsize, block=block, **options
        )

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """What requests makes of urllib3's answer. It looks for cookies in that of http.client, which has
        none of those that the mesh sets."""
        cookies = resp.headers.getlist("set-cookie")
        original = getattr(resp, "_original_response", None)
        if cookies != ([] if original is None else original.msg.get_all("set-cookie", [])):
            message = HTTPMessage()
            for cookie in cookies:
                message["Set-Cookie"] = cookie
            if original is None:  # the mesh's own answer
                original = SimpleNamespace(isclosed=lambda: True, close=lambda: None)
                resp._original_response = original
            original.msg = message
        return super().build_response(req, resp)
