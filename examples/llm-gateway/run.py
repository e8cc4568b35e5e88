"""Runs the gateway, by two workers, and four model servers; sends traffic, and shows what comes of it.

python examples/llm-gateway/run.py            runs, shows, ends
python examples/llm-gateway/run.py --serve    stays up
"""

from __future__ import annotations

import collections
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

sys.path.append(str(Path(__file__).parent.parent))

from showing import Server, Table, endpoints_of, free_ports, run, serving, until

from meshcore import WeightedSplit
from meshcore.demo.board import binomial_band

HERE = Path(__file__).parent
PATH = "/v1/chat/completions"
#: The servers: their model, and its version.
MODELS = (("large", "stable"), ("large", "stable"), ("large", "canary"), ("small", "stable"))
SMALL = 3  #: which of them is the small one
USERS = [f"user-{number}" for number in range(40)]


class Up(NamedTuple):
    """What runs."""

    gateway: str  #: its URL
    models: list[str]  #: theirs, as in MODELS
    rules: Path  #: the mesh.yaml that the gateway follows


def uvicorn(app: str, port: int, env: dict[str, str], *options: str) -> Server:
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "error", *options]
    return Server(command, port, env)


@contextmanager
def all_up() -> Iterator[Up]:
    port, *ports = free_ports(1 + len(MODELS))
    members = [(*model, at) for model, at in zip(MODELS, ports, strict=True)]
    servers = [uvicorn("model:app", at, {"MODEL": name, "VERSION": version}) for name, version, at in members]
    with tempfile.TemporaryDirectory() as folder:
        endpoints, rules = Path(folder, "endpoints.yaml"), Path(folder, "mesh.yaml")
        endpoints.write_text(endpoints_of(members))
        rules.write_text((HERE / "mesh.yaml").read_text())
        env = {"MESH": str(rules), "ENDPOINTS": str(endpoints), "STATE": str(Path(folder, "state"))}
        servers.append(uvicorn("gateway:app", port, env, "--workers", "2"))
        with serving(servers, HERE):
            yield Up(f"http://127.0.0.1:{port}", [f"http://127.0.0.1:{at}" for at in ports], rules)


class Asker:
    """A client of the gateway."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.http = httpx.Client(timeout=60)

    def ask(self, model: str, *, key: str = "key", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        return self.http.post(f"{self.up.gateway}{PATH}", headers=headers, json=question(model, **more))

    def who(self, model: str, **more: Any) -> str:
        """The model that answered, or the status of what it was not."""
        answer = self.ask(model, **more)
        return str(answer.json()["model"] if answer.status_code == 200 else answer.status_code)

    def stream(self, where: str) -> AbstractContextManager[httpx.Response]:
        """An answer word by word, of the gateway or of a model itself."""
        body = question("small", stream=True, stream_options={"include_usage": True}, max_tokens=5)
        headers = {"authorization": "Bearer streams"}
        return self.http.stream("POST", f"{where}{PATH}", headers=headers, json=body)

    def tell(self, model: int, what: str) -> None:
        self.http.post(f"{self.up.models[model]}/{what}").raise_for_status()

    def seen(self, model: int, what: str) -> Any:
        return self.http.get(f"{self.up.models[model]}/seen").json()[what]

    def under_way(self) -> int:
        return int(self.http.get(f"{self.up.gateway}/under-way").text)


def question(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "Go on"}], **more}


def at_once(count: int, call: Callable[[], str]) -> collections.Counter[str]:
    """How often what was returned."""
    with ThreadPoolExecutor(16) as pool:
        return collections.Counter(one.result() for one in [pool.submit(call) for _ in range(count)])


# ------------------------------------------------------------------ what is shown


def models(asker: Asker, table: Table) -> None:
    table.row("a model", "small-stable", asker.who("small"))
    table.row("the provider's key", "Bearer the-key-of-the-gateway", asker.seen(SMALL, "key"))
    table.row("a model that is not there", "404", asker.who("http://localhost"))
    least, most = binomial_band(200, 0.25)
    seen = at_once(200, partial(asker.who, "auto", key="weights"))
    right = least <= seen["large-stable"] <= most and seen["large-stable"] + seen["small-stable"] == 200
    table.row("auto: weighted models", "25 % large, 75 % small", dict(seen), right)


def canary(asker: Asker, table: Table) -> None:
    def on_it() -> set[str]:
        def answers(user: str) -> str:
            return asker.who("large", user=user, key=user)

        with ThreadPoolExecutor(16) as pool:
            seen = dict(zip(USERS, pool.map(answers, USERS), strict=True))
        return {user for user, model in seen.items() if model == "large-canary"}

    first = on_it()
    again = on_it()
    table.row("large: a canary by user, 20 %", "each time the same", f"{len(first)} of 40", again == first)
    names = [f"outbound|80|{subset}|large.default.svc.cluster.local" for subset in ("stable", "canary")]
    split = WeightedSplit(dict.fromkeys(names, 50))
    goal = {user for user in USERS if split.pick(user) == names[1]}
    rules, left = asker.up.rules, set[str]()
    rules.write_text(
        rules.read_text().replace("weight: 80", "weight: 50").replace("weight: 20", "weight: 50")
    )

    def followed() -> bool:
        now = on_it()
        left.update(first - now)
        return now == goal

    until("the gateway follows mesh.yaml", followed)
    table.row("50 %, while it serves", "nobody leaves", f"{len(goal)} of 40, {len(left)} left", not left)


def streams(asker: Asker, table: Table) -> None:
    small, gateway = asker.up.models[SMALL], asker.up.gateway
    with asker.stream(small) as answer:
        own = answer.read()
    with asker.stream(gateway) as answer:
        table.row("streamed answers", "not a byte changed", f"{len(own)} bytes", answer.read() == own)
    asker.tell(SMALL, "hold")
    with asker.stream(gateway) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        busy = asker.under_way()
        asker.tell(SMALL, "go-on")
        whole = first + b"".join(pieces)
        right = whole == own and b"It " in first and b"was" not in first and busy == 1
        table.row("their first bytes", "before the last are made", f"{len(first)} of {len(own)}", right)
    asker.tell(SMALL, "hold")
    with asker.stream(gateway) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        before = asker.seen(SMALL, "streams"), asker.under_way()
    until("the model is left alone", lambda: (asker.seen(SMALL, "streams"), asker.under_way()) == (0, 0))
    table.row("a client that leaves", "(1, 1), then none", f"{before}, then none", before == (1, 1))
    asker.tell(SMALL, "go-on")


def limits(asker: Asker, table: Table) -> None:
    seen = at_once(60, partial(asker.who, "small", key="free-of-charge"))
    table.row("20 requests an hour, by 2 workers", {"small-stable": 20, "429": 40}, dict(seen))
    long = {"max_tokens": 240, "messages": [{"role": "user", "content": f"{'x' * 20} {'y' * 19}"}]}
    answers = [asker.ask("small", key="tokens", **long) for _ in range(20)]
    seen = collections.Counter(str(answer.status_code) for answer in answers)
    # A request may take 10 + 240 tokens, and takes 2 + 48: it passes while 250 are left.
    table.row("1,000 tokens, 250 guessed, 50 used", {"200": 16, "429": 4}, dict(seen))
    wait = int(answers[-1].headers["retry-after"])
    table.row("when 50 more have come", "180 s or a little less", f"{wait} s", 120 < wait <= 180)


def failures(asker: Asker, table: Table) -> None:
    asker.tell(0, "answer/429")
    before = asker.seen(0, "requests")
    seen = at_once(50, partial(asker.who, "large", key="retries"))
    tried = asker.seen(0, "requests") - before
    right = seen["large-stable"] + seen["large-canary"] == 50 and tried > 0
    table.row("a server with 429: another one", "50 of 50", f"{dict(seen)}, {tried} tried twice", right)
    for broken in range(SMALL):
        asker.tell(broken, "answer/503")
    seen = at_once(40, partial(asker.who, "large", key="fallback"))
    table.row("a model with 503: another one", {"small-stable": 40}, dict(seen))

    keys = itertools.count()

    def reached() -> int:
        """How many of 40 requests come to the broken servers.

        As in Envoy, an ejection less than a second after another one waits for that second to end.
        """
        before: int = sum(asker.seen(broken, "requests") for broken in range(SMALL))
        at_once(40, partial(asker.who, "large", key=f"ejected-{next(keys)}"))
        after: int = sum(asker.seen(broken, "requests") for broken in range(SMALL))
        return after - before

    until("broken servers are left alone", lambda: not reached())
    now = reached()
    table.row("its servers are soon left alone", "0 of 40 requests", f"{now} of 40 requests", now == 0)


def show(up: Up, table: Table) -> None:
    for part in (models, canary, streams, limits, failures):
        part(Asker(up), table)


if __name__ == "__main__":
    sys.exit(run(all_up(), lambda up: f"the gateway is on {up.gateway}{PATH}", show))
