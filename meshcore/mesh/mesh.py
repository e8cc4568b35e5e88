"""The mesh of one process."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, NoReturn

from meshcore import _options as option
from meshcore.certificates import Certificates
from meshcore.config import Node, load
from meshcore.engine import Engine
from meshcore.health import require_libraries
from meshcore.mesh.callers import INTERNAL, Callers
from meshcore.mesh.given import (
    no_documents,
    require_config,
    require_options,
    require_paths,
    require_service,
    telling_ids,
)
from meshcore.mesh.life import Life, remember
from meshcore.mesh.limit_services import LimitServices, require_services
from meshcore.mesh.mirror_thread import MirrorThread, has_mirrors, require_httptools
from meshcore.mesh.telling import tell_passing, tell_served, tell_service, tell_untraced, tell_warnings
from meshcore.mesh.threads import Following
from meshcore.mesh.view import View
from meshcore.model import Cluster, Config, ConfigWarning
from meshcore.telemetry.spans import Spans
from meshcore.telemetry.tally import Tally
from meshcore.upstream.connections import Connections
from meshcore.upstream.mark import mark_line
from meshcore.watching import Documents, named_files

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

    from meshcore.config.load import Endpoints, MeshSettings, Path
    from meshcore.discovery import Resolver
    from meshcore.shared import SharedState

__all__ = ["Mesh"]


class Mesh(Life):
    """One configuration, kept up to date, for the middleware and all clients of a process.

        mesh = Mesh.load("bookinfo.yaml", service="productpage")
        app.add_middleware(MeshMiddleware, mesh=mesh)
        client = httpx.Client(transport=MeshTransport(mesh))

    It follows the documents, the names of endpoints and their health in threads of its own. They begin when
    the mesh is first used, or by ``start()``, and end with the process, or by ``close()``; ``with`` and
    ``async with`` do both. A mesh that was closed is used no more, unless it is started again. A process that
    is forked begins anew.

    Args:
        config: what to serve. None: nothing is configured: the app gets every request, and clients' go where
            they would, with ids, traces and logs.
        service: which service this process is: "reviews", "reviews.prod" or its full name; of an Envoy
            configuration the name of its cluster. None: it only calls others.
        node: the workload that the documents were compiled for: says the namespace that ``service`` is of.
        health_checks: check endpoints as their clusters ask for; False: nobody does, or somebody else.
        resolver: looks up the names of endpoints; None: ``meshcore.discovery.DefaultResolver``.
        runtime_dir: a folder for what the machine's processes share: one of them checks endpoints for all.
        dns_wait: seconds that ``start()`` and ``swap()`` wait for the first answers to names.
        shared_state: a name, a path or a SharedState: limits, breakers, ejections and requests under way are
            then those of all worker processes that name it so (docs/shared-state.md). None: of this process.
        callers: networks whose addresses are believed to be of the mesh, where a request says that its caller
            is (docs/mesh.md).
        spans: gets the spans of requests that are sampled, such as OpenTelemetry's
            ``BatchSpanProcessor(OTLPSpanExporter())`` (docs/tracing.md). None: nobody does.
        always_set_request_id_in_response: answers tell ``x-request-id``, whatever the documents say.

    Raises:
        ValueError: for a model that cannot be served; what load() returns always can.
        TypeError, ValueError: an option is none of its kind.
        SharedStateError: the shared state cannot be used, or has no room (from ``swap()``, too).
        ImportError: a check, a rate limit service or a mirror of the configuration needs a library that is
            not installed (from ``swap()``, too); or ``spans`` do.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        service: str | None = None,
        node: Node | None = None,
        health_checks: bool = True,
        resolver: Resolver | None = None,
        runtime_dir: str | os.PathLike[str] | None = None,
        dns_wait: float = 10.0,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
        callers: Collection[str] = INTERNAL,
        spans: SpanProcessor | None = None,
        always_set_request_id_in_response: bool = False,
    ) -> None:
        if config is not None:
            require_config(config)
        require_options(
            service=service,
            node=node,
            health_checks=health_checks,
            resolver=resolver,
            runtime_dir=runtime_dir,
            dns_wait=dns_wait,
            always_set_request_id_in_response=always_set_request_id_in_response,
        )
        self.node = node or Node()
        #: Answers tell the request's id, by whatever configuration.
        self.tells_request_id = always_set_request_id_in_response
        config = self._prepared(no_documents(self.node) if config is None else config)
        self.callers = Callers(callers)
        self.engine = Engine(config, shared_state=shared_state)
        self.service = service
        #: Reports the spans of requests; None: they are not reported.
        self.spans = None if spans is None else Spans(spans, service=service)
        #: (cluster, status, response flags) of each request that is over -> how many there were.
        self.requests: Tally[tuple[str, int, str]] = Tally()
        #: Envoy's counter -> its count: of what rate limit services said, and of mirrors.
        self.counters: Tally[str] = Tally()
        #: The places of requests at endpoints: what breakers of connections limit.
        self.connections = Connections(self.engine)
        #: Of TLS to endpoints: read when first needed, and anew after ``swap()``.
        self.certificates = Certificates()
        super().__init__(config, Following(health_checks, resolver, runtime_dir, dns_wait))
        self._view = View(config)
        self._services: set[str] = set()  #: that middlewares serve
        #: It was told that the process's own name looks wrong.
        self._misnamed = service is not None and self._tell_service(config, service, answers=False)
        self._passing: set[str] = set()  #: hosts of which was told that nobody knows them
        #: Asks the rate limit services that decisions name.
        self.limits = LimitServices(
            self.engine,
            count=self.counters.count,
            cluster=lambda name: self.view().cluster(name),
            address=self.address,
        )
        #: Sends copies of requests.
        self.mirrors = MirrorThread(
            self.engine,
            lambda: self.certificates,
            lambda: self.connections,
            count=self.counters.count,
            finished=lambda *over: self.requests.count(over),
            cluster=lambda name: self.view().cluster(name),
            address=self.address,
            mark=mark_line(service),
        )
        self._require_libraries(config)
        tell_untraced(config, self.spans)
        remember(self)

    @classmethod
    def load(
        cls,
        *paths: Path,
        service: str | None = None,
        node: Node | None = None,
        endpoints: Endpoints | None = None,
        mesh_config: MeshSettings | None = None,
        ignore_kinds: Collection[str] = (),
        reload_interval: float = 1.0,
        health_checks: bool = True,
        resolver: Resolver | None = None,
        runtime_dir: str | os.PathLike[str] | None = None,
        dns_wait: float = 10.0,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
        callers: Collection[str] = INTERNAL,
        spans: SpanProcessor | None = None,
        always_set_request_id_in_response: bool = False,
    ) -> Mesh:
        """A mesh of documents, which are read again when they change.

        Args:
            paths: files and folders of Istio's, Kubernetes' or Envoy's documents.
            endpoints, mesh_config, ignore_kinds: see :func:`meshcore.load`.
            reload_interval: seconds between two looks at the files; 0: they are read once.

        The others are those of the class.

        Raises:
            meshcore.ConfigError: with all that is wrong in the documents.
            TypeError, ValueError: an option is none of its kind.
        """
        require_paths(paths)
        option.seconds("reload_interval", reload_interval, zero="never")

        def read() -> Config:
            return load(
                list(paths),
                node=node,
                endpoints=endpoints,
                mesh_config=mesh_config,
                ignore_kinds=ignore_kinds,
            )

        files = [it for it in (*paths, endpoints, mesh_config) if isinstance(it, str | os.PathLike)]
        documents = Documents(read, [os.fspath(file) for file in files], reload_interval, named_files)
        config = read()
        documents.follow(config)
        mesh = cls(
            config,
            service=service,
            node=node,
            health_checks=health_checks,
            resolver=resolver,
            runtime_dir=runtime_dir,
            dns_wait=dns_wait,
            shared_state=shared_state,
            callers=callers,
            spans=spans,
            always_set_request_id_in_response=always_set_request_id_in_response,
        )
        mesh._documents = documents
        tell_warnings(config)
        return mesh

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Mesh cannot be pickled or copied; make another one of its documents or config")

    def __repr__(self) -> str:
        config = self.engine.config
        parts = [
            f"service={self.service!r}",
            f"clusters={len(config.clusters)}",
            f"digest={config.digest!r}",
            f"shared_state={str(self.shared_state.path) if self.shared_state is not None else None!r}",
            "started" if self.started else "closed" if self._closed else "not started",
        ]
        return f"<Mesh {' '.join(parts)}>"

    def _prepared(self, config: Config) -> Config:
        return telling_ids(config) if self.tells_request_id else config

    def _require_libraries(self, config: Config) -> None:
        require_services(config)
        require_httptools(config)
        if self._following.health_checks:
            require_libraries(cluster.health_check for cluster in config.clusters)

    def serve(self, service: str) -> None:
        """A middleware serves a service: warn where its name looks wrong, now and when documents change."""
        require_service(service)
        with self._lock:
            self._services.add(service)
            if not (self._misnamed and service == self.service):
                self._tell_service(self._config, service, answers=True)

    def _tell_service(self, config: Config, service: str, *, answers: bool) -> bool:
        return tell_service(config, service, self.node.namespace, answers=answers)

    # ------------------------------------------------------------------ what it serves

    def swap(self, config: Config) -> None:
        """Serve by another configuration; runtime state is kept.

        Raises:
            ValueError: where it cannot be compiled; nothing has changed then.
            ImportError: it needs a resolver or a library for checks that is not there; likewise.
            TypeError: it is something else, such as the path of a document.
        """
        require_config(config)
        config = self._prepared(config)
        with self._lock:
            self._require_libraries(config)
            if self._threads is None:
                self.engine.swap(config)
            else:
                if has_mirrors(config):
                    self.mirrors.begin()
                self._threads.swap(config)
            self._config = config
            self.certificates = Certificates()
            for service in self._services:
                self._tell_service(config, service, answers=True)
            if self.service is not None and self.service not in self._services:
                self._tell_service(config, self.service, answers=False)
            tell_untraced(config, self.spans)

    def close(self) -> None:
        """End what ``start()`` began. Middlewares and clients raise a RuntimeError from now on."""
        super().close()
        if self.spans is not None:
            self.spans.flush()

    def reload(self) -> None:
        """Read the documents now, changed or not, and serve them.

        Raises:
            meshcore.ConfigError: with all that is wrong in them; nothing has changed then.
            RuntimeError: the mesh was not made of documents.
        """
        if self._documents is None:
            raise RuntimeError("this mesh was made of a Config, not of documents: swap() another one")
        self._documents.read(self._serve_documents)

    def _serve_documents(self, config: Config) -> None:
        before = self._config
        self.swap(config)
        tell_served(config, before)

    @property
    def shared_state(self) -> SharedState | None:
        """Where this process counts together with others; None: it counts for itself."""
        return self.engine.shared_state

    @property
    def warnings(self) -> tuple[ConfigWarning, ...]:
        """What load() said of the configuration in force; of documents it was logged when they were read."""
        return self._config.warnings

    @property
    def reload_error(self) -> str:
        """Why the last change of the documents was refused; "" where it was not."""
        threads = self._threads
        return threads.reload_error if threads is not None else ""

    def view(self) -> View:
        """What requests look up in the configuration in force."""
        view, config = self._view, self.engine.config
        if view.config is not config:
            view = self._view = View(config, view)
        return view

    def passing(self, authority: str, *, refused: bool = False) -> None:
        """A client's request goes where it would go without a mesh, or is refused for its host: warn where
        that looks like a mistake, once for each host."""
        tell_passing(self.view(), authority, self._passing, self.node.namespace, refused=refused)

    def address(self, cluster: Cluster | None, endpoint: str) -> str:
        """Where to connect for an endpoint: of a LOGICAL_DNS cluster it is a name, whose address changes."""
        threads = self._threads
        return endpoint if threads is None else threads.address(cluster, endpoint)

    def failed(self, cluster: str, endpoint: str) -> None:
        """An endpoint's answer said that it fails (``x-envoy-immediate-health-check-fail``)."""
        threads = self._threads
        if threads is not None:
            threads.failed(cluster, endpoint)
