"""A process that checks: ``checker_process.py FOLDER PORT``. It says on stdout whatever changes."""

from __future__ import annotations

import asyncio
import sys

from meshcore import Engine
from meshcore.health import HealthChecker
from meshcore.model import Cluster, Config, Endpoint, HealthCheck, HttpHealthCheck, LocalityEndpoints

CHECK = HealthCheck(HttpHealthCheck("/"), timeout=5, interval=0.05, no_traffic_interval=0.05)


async def main(folder: str, port: int) -> None:
    endpoint = Endpoint("127.0.0.1", port)
    cluster = Cluster("c", localities=(LocalityEndpoints((endpoint,)),), health_check=CHECK)
    engine = Engine(Config((), (cluster,)))
    checker = HealthChecker(engine, shared=folder)
    running = asyncio.ensure_future(checker.run())
    await asyncio.wait({running, asyncio.ensure_future(checker.first_round())}, return_when="FIRST_COMPLETED")
    said = ""
    while True:
        (found,) = engine.clusters()[0]["endpoints"]
        line = f"{found['health']} {found['health_check']['by']}"
        if line != said:
            said = line
            print(line, flush=True)
        await asyncio.sleep(0.01)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
