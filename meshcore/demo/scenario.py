"""The play: what is asked of the shop, and what must come back."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

from aiohttp import ClientResponse

from meshcore.demo.board import Board, Check, State, binomial_band
from meshcore.demo.shop import CANARY, FIRST_STAGE, SECOND_STAGE, STICKY_STAGES, USER, Shop
from meshcore.demo.traffic import Crowd, Customer

__all__ = ["new_board", "play"]

#: Customers at the same time: enough that the swap always finds requests in flight.
CROWD = 8
#: Requests of the tester; each of them must be routed by the header. A slow machine may do with the least.
TESTS = 20
LEAST_TESTS = 5
#: Users who are watched while the sticky canary grows; a slow machine watches fewer.
USERS = [f"user-{number}" for number in range(64)]
#: How long a stage may take (seconds) for all its requests; a slow machine is judged by what came.
STAGE_SECONDS = 4.0
#: The whole play ends by then (seconds), also if something hangs.
PLAY_SECONDS = 15.0
#: Fewer requests than this say nothing about a split.
LEAST_REQUESTS = 30


def new_board() -> Board:
    """The promises of the documents, none tried yet."""
    user, version = USER
    return Board(
        versions={FIRST_STAGE: Counter(), SECOND_STAGE: Counter()},
        checks=[
            Check("canary 90/10", "reviews v1 90, v2 10", _shares(CANARY[FIRST_STAGE])),
            Check("header-routed user", f"end-user: {user}", f"always reviews {version}"),
            Check("prefix rewrite", "/catalog/ to /details/", "details sees /details/0"),
            Check("redirect", "/shop to /productpage", "301 to /productpage"),
            Check("direct response", "/robots.txt", "200 from the gateway"),
            Check("config swap", SECOND_STAGE, "no request lost"),
            Check("canary 50/50", "reviews v1 50, v2 50", _shares(CANARY[SECOND_STAGE])),
            Check("sticky canary", "10% to 50% of users", "nobody leaves it"),
        ],
    )


async def play(shop: Shop, board: Board, requests: int) -> None:
    """Try every promise; each stage of the canary gets ``requests`` requests.

    What could not be finished in time is closed as failed. Afterwards no check is open.
    """
    # A stage ends before the play does: on a slow machine it is judged by what it has seen by then.
    deadline = asyncio.get_running_loop().time() + 0.9 * PLAY_SECONDS
    try:
        await asyncio.wait_for(_play(shop, board, requests, deadline), PLAY_SECONDS)
    except asyncio.TimeoutError:
        for check in board.checks:
            if check.state in (State.WAITING, State.RUNNING):
                check.close(False, "not finished in time")


async def _play(shop: Shop, board: Board, requests: int, deadline: float) -> None:
    first, user, rewrite, redirect, answer, swap, second, sticky = board.checks
    async with Customer(shop.gateway_port, board) as customer:
        stage = _Stage(first, board.versions[FIRST_STAGE], requests)

        def arrived(generation: int, version: str) -> None:
            # A page that was asked before the swap and came after it belongs to neither stage.
            if generation == crowd.generation:
                stage.count(version)

        async with Crowd(customer, CROWD, arrived) as crowd:
            await asyncio.gather(
                stage.judge(CANARY[FIRST_STAGE], deadline),
                _features(customer, user, rewrite, redirect, answer),
            )
            await _swap(shop, board, crowd, swap)
            stage = _Stage(second, board.versions[SECOND_STAGE], requests)
            await stage.judge(CANARY[SECOND_STAGE], deadline)
        await _stay(shop, customer, sticky)


class _Stage:
    """Counts the versions of reviews that are seen while one configuration is in force."""

    def __init__(self, check: Check, versions: Counter[str], requests: int) -> None:
        self._check = check
        self._requests = requests
        self._versions = versions
        self._full = asyncio.Event()
        check.state = State.RUNNING

    def count(self, version: str) -> None:
        if self._full.is_set():
            return
        self._versions[version] += 1
        self._check.seen = self._seen()
        if self._versions.total() >= self._requests:
            self._full.set()

    async def judge(self, expected: dict[str, float], deadline: float) -> None:
        """Wait until enough has been seen, then say whether chance explains the difference.

        The wait ends by ``deadline`` (of the loop's clock) where no more than the least is there.
        """
        left = deadline - asyncio.get_running_loop().time()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._full.wait(), min(STAGE_SECONDS, max(left, 0.0)))
        while (total := self._versions.total()) < LEAST_REQUESTS:
            await asyncio.sleep(0.05)
        self._full.set()  # what comes from now on belongs to nobody
        ok = set(self._versions) <= set(expected)
        for version, share in expected.items():
            low, high = binomial_band(total, share)
            ok = ok and low <= self._versions[version] <= high
        self._check.close(ok, self._seen())

    def _seen(self) -> str:
        total = self._versions.total()
        shares = {version: count / total for version, count in sorted(self._versions.items())}
        return f"{_shares(shares, '.1f')}  of {total}"


async def _features(customer: Customer, user: Check, rewrite: Check, redirect: Check, answer: Check) -> None:
    name, version = USER
    user.state = State.RUNNING
    right = 0
    clock = asyncio.get_running_loop().time
    enough = clock() + STAGE_SECONDS
    for number in range(1, TESTS + 1):
        right += await customer.reviews(name) == version
        user.seen = f"{version} {right} of {number}"
        if number >= LEAST_TESTS and clock() > enough:
            break
    user.close(right == number, user.seen)

    got = await customer.get("/catalog/0")
    path = (await got.json()).get("path") if got is not None and got.status == 200 else None
    seen = f"details sees {path}" if path else _status(got)
    rewrite.close(path == "/details/0", seen)

    got = await customer.get("/shop")
    location = got.headers.get("location", "") if got is not None else ""
    path = location.removeprefix(customer.url)
    seen = f"{_status(got)} to {path}" if location else _status(got)
    redirect.close(got is not None and got.status == 301 and location == f"{customer.url}/productpage", seen)

    got = await customer.get("/robots.txt")
    robots = await got.text() if got is not None else ""
    # No service has such a page: whoever gets it was answered by the gateway itself.
    ok = got is not None and got.status == 200 and robots.startswith("User-agent: *\n")
    answer.close(ok, f"{_status(got)} from the gateway" if ok else _status(got))


async def _swap(shop: Shop, board: Board, crowd: Crowd, check: Check) -> None:
    """Change the configuration under load and wait for the requests that saw the change."""
    check.state = State.RUNNING
    failed = len(board.failures)
    await asyncio.to_thread(shop.change, SECOND_STAGE)
    old = crowd.generation
    in_flight = crowd.in_flight[old]
    crowd.generation += 1
    while crowd.in_flight[old]:
        await asyncio.sleep(0.01)
    lost = len(board.failures) - failed
    check.close(in_flight > 0 and not lost, f"{in_flight} in flight, {lost} lost")


async def _stay(shop: Shop, customer: Customer, check: Check) -> None:
    """Let the sticky canary grow, and count the users who were on it and are not any more."""
    check.state = State.RUNNING
    before, after = [await _versions_by_user(shop, customer, stage) for stage in STICKY_STAGES]
    watched = [user for user in before if user in after]
    was, now = ({user for user in watched if stage[user] == "v2"} for stage in (before, after))
    left = len(was - now)
    seen = f"{len(was)}, then {len(now)} of {len(watched)}; {left} left"
    some = 0 < len(was) < len(now) or len(watched) < len(USERS)
    check.close(some and not left, seen)


async def _versions_by_user(shop: Shop, customer: Customer, stage: str) -> dict[str, str | None]:
    """Which reviews each user sees in a stage."""
    await asyncio.to_thread(shop.change, stage)
    seen: dict[str, str | None] = {}
    clock = asyncio.get_running_loop().time
    enough = clock() + STAGE_SECONDS / 2
    for start in range(0, len(USERS), CROWD):
        users = USERS[start : start + CROWD]
        seen.update(zip(users, await asyncio.gather(*map(customer.reviews, users)), strict=True))
        if clock() > enough:
            break
    return seen


def _status(answer: ClientResponse | None) -> str:
    return "no answer" if answer is None else str(answer.status)


def _shares(shares: dict[str, float], digits: str = "g") -> str:
    return "  ".join(f"{version} {100 * share:{digits}}%" for version, share in shares.items())
