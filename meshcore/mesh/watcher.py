"""Reads changed documents in a thread beside the traffic."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from meshcore.model import Config
from meshcore.watching import Documents

__all__ = ["Watcher"]

_log = logging.getLogger("meshcore.mesh")


class Watcher:
    """Serves the documents anew when they change, until closed.

    What cannot be served is logged with all its findings, and the old configuration keeps serving.
    """

    def __init__(self, documents: Documents[Config], serve: Callable[[Config], object]) -> None:
        self.error = ""  #: why the last change was refused; "" where it was not
        self._documents = documents
        self._serve = serve
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meshcore-documents", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._documents.wait):
            self.look()

    def look(self) -> bool:
        """Look at the files once; whether a change of them is in force now."""
        settled = self._documents.look()
        change = self._documents.take(self._serve, settled) if settled is not None else None
        if change is None:
            return False
        self.error = change.reason
        if change.config is None:
            _log.error(
                "the changed configuration was refused; the old one keeps serving: %s",
                change.reason,
                exc_info=change.defect,
            )
        return change.config is not None
