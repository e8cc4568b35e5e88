"""An add-on for mitmproxy that sends flows where a mesh says.

mitmdump -s addon.py --set mesh=mesh.yaml --set mesh_endpoints=endpoints.yaml
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.http import Headers, HTTPFlow, Response

from meshcore import ConfigError, Decision, Outcome
from meshcore.mesh import Mesh
from meshcore.model import Discovery


class MeshAddon:
    """Asks the engine for each flow: where it goes, what changes in it, or what is answered at once."""

    def __init__(self) -> None:
        self.mesh: Mesh | None = None
        self.open: dict[str, Decision] = {}  #: by flow, those that are on their way to an endpoint

    # -------------------------------------------------------------- its life

    def load(self, loader: Loader) -> None:
        loader.add_option("mesh", Sequence[str], [], "Istio's, Gateway API's or Envoy's documents.")
        loader.add_option("mesh_endpoints", str, "", "A file that says where the services are.")

    def configure(self, updated: set[str]) -> None:
        if not updated & {"mesh", "mesh_endpoints"} or not ctx.options.mesh:
            return
        try:
            mesh = Mesh.load(*ctx.options.mesh, endpoints=ctx.options.mesh_endpoints or None)
        except (ConfigError, OSError) as error:
            raise exceptions.OptionsError(str(error)) from error
        self.done()
        self.mesh = mesh

    def done(self) -> None:
        if self.mesh is not None:
            self.mesh.close()

    # -------------------------------------------------------------- a flow

    async def requestheaders(self, flow: HTTPFlow) -> None:
        mesh, request = self.mesh, flow.request
        if mesh is None:
            return
        if not mesh.started:
            await asyncio.to_thread(mesh.use)
        peer = flow.client_conn.peername
        decision = mesh.engine.decide(
            request.method,
            request.authority or None,
            request.path,
            request.headers.fields,
            scheme=request.scheme,
            source=peer[0] if peer else None,
            source_port=peer[1] if peer else 0,
            protocol=request.http_version,
        )
        if _unknown(mesh, decision):  # it goes where it would go without us
            decision.close()
            return
        self.open[flow.id] = decision
        if decision.delay:
            await asyncio.sleep(decision.delay)
            decision.end_delay()
        if decision.outcome is Outcome.FORWARD:
            _send(flow, decision)
        else:
            headers = Headers(decision.response_headers())
            flow.response = Response.make(decision.status or 503, decision.body, headers)
            self._over(flow)

    def responseheaders(self, flow: HTTPFlow) -> None:
        decision = self.open.get(flow.id)
        if decision is None or flow.response is None:
            return
        response = flow.response
        headers = response.headers.fields
        decision.report(status=response.status_code, headers=headers, replayable=False)
        response.headers = Headers(decision.response_headers(headers, status=response.status_code))

    def response(self, flow: HTTPFlow) -> None:
        self._over(flow)

    def error(self, flow: HTTPFlow) -> None:
        decision = self.open.get(flow.id)
        if decision is not None and flow.client_conn.connected:  # else it is the client that has left
            connected = flow.server_conn.timestamp_tcp_setup is not None
            decision.report(error="reset" if connected else "connect-failure", replayable=False)
        self._over(flow)

    def _over(self, flow: HTTPFlow) -> None:
        decision = self.open.pop(flow.id, None)
        if decision is not None:
            decision.close()


def _unknown(mesh: Mesh, decision: Decision) -> bool:
    """Whether the host is none of the mesh's."""
    cluster = mesh.view().cluster(decision.cluster)
    if cluster is None:
        return decision.virtual_host is None and decision.flags == "NR"
    return cluster.discovery is Discovery.ORIGINAL_DST


def _send(flow: HTTPFlow, decision: Decision) -> None:
    """Have mitmproxy send the flow to its endpoint, as the rules make it."""
    request = flow.request
    host, _, port = (decision.endpoint or "").rpartition(":")
    request.host, request.port, request.path = host.strip("[]"), int(port), decision.path
    request.headers = Headers(decision.request_headers())
    if request.is_http2:
        request.authority = decision.authority
    else:
        request.headers.insert(0, "host", decision.authority)


addons = [MeshAddon()]
