"""An app in the mesh, whatever it speaks."""

from typing import Any

from meshcore.integrations._inbound import Inbound
from meshcore.mesh import Mesh

class Member:
    """An app, which decisions are plainly for it, and the count of its requests.

    Each is counted once it is over, by cluster, status and flags; status 0: the answer had not begun.
    """

    app: Any

    @property
    def mesh(self) -> Mesh:
        """The mesh of the process."""

    def __init__(self, app: Any, inbound: Inbound) -> None: ...
