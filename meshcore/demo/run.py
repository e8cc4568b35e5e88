"""The demo from start to end: put the shop up, play, say how it went."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Any

from meshcore._version import __version__
from meshcore.demo.board import Board, State
from meshcore.demo.display import Display, choose_display
from meshcore.demo.scenario import new_board, play
from meshcore.demo.shop import BASE, FIRST_STAGE, FOLDER, USER, Shop

__all__ = ["run_demo"]

_FRAME_SECONDS = 0.08
_SHOWN_FAILURES = 3


async def run_demo(*, requests: int, serve: bool) -> bool:
    """Run the demo on stdout; with ``serve``, stay until SIGINT or SIGTERM.

    Returns whether all was seen as expected.
    """
    display = choose_display(sys.stdout)
    _cancel_on_sigterm()
    shop = Shop()
    board = new_board()
    started = time.monotonic()
    try:
        await shop.start()
        _introduce(display, shop)
        await _show(display, board, play(shop, board, requests))
        _conclude(display, shop, board, time.monotonic() - started, serve)
        if serve:
            await _signalled()
            display.say("stopping")
    finally:
        display.close()
        await shop.stop()
    return board.ok


async def _show(display: Display, board: Board, work: Coroutine[Any, Any, None]) -> None:
    """Await ``work`` while the display follows the board."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            display.update(board)
            await asyncio.wait([task], timeout=_FRAME_SECONDS)
        display.update(board)
        await task
    finally:
        # Also where the demo is interrupted, the customers leave before the shop closes.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        display.close()


def _introduce(display: Display, shop: Shop) -> None:
    style = display.style
    arrow = style.dim(f" {style.arrow} ")
    display.say()
    display.say(f"{style.bold(f'meshcore {__version__}')}: a small bookshop, routed by Istio YAML")
    display.say()
    display.say(f"  {arrow.join(('you', 'gateway', 'productpage', 'mesh', 'details, reviews, ratings'))}")
    display.say(
        f"  gateway on http://127.0.0.1:{shop.gateway_port}, mesh on http://127.0.0.1:{shop.mesh_port}"
    )
    display.say(f"  rules: {BASE}, {FIRST_STAGE}")
    display.say()


def _conclude(display: Display, shop: Shop, board: Board, seconds: float, serve: bool) -> None:
    style = display.style
    count = len(board.checks)
    wrong = sum(check.state is not State.OK for check in board.checks)
    verdict = (
        style.bad(f"{wrong} of {count} not as expected") if wrong else style.good(f"All {count} as expected")
    )
    display.say()
    display.say(f"{verdict}, in {seconds:.1f} s.")
    display.say(
        f"{board.requests:,} requests at the gateway, {shop.served:,} at the services behind it, "
        f"{len(board.failures)} failed."
    )
    for failure in board.failures[:_SHOWN_FAILURES]:
        display.say(f"  {failure}")
    display.say()
    for label, text in _serving(shop) if serve else _next_steps():
        display.say(f"  {label:<20}  {text}")


def _next_steps() -> list[tuple[str, str]]:
    return [
        ("read the rules", str(FOLDER / BASE)),
        ("keep the shop up", "meshcore demo --serve"),
        ("see your own routes", "meshcore routes -c YOUR.yaml"),
        ("serve them", "meshcore proxy -c YOUR.yaml --gateway NAMESPACE/NAME"),
    ]


def _serving(shop: Shop) -> list[tuple[str, str]]:
    url = f"http://127.0.0.1:{shop.gateway_port}"
    return [
        ("the front page", f"{url}/productpage"),
        ("as the tester", f"curl -H 'end-user: {USER[0]}' {url}/productpage"),
        ("prefix rewrite", f"curl {url}/catalog/0"),
        ("redirect", f"curl -i {url}/shop"),
        ("direct response", f"curl -i {url}/robots.txt"),
        ("stop it", "Ctrl-C"),
    ]


def _cancel_on_sigterm() -> None:
    """End the current task, so that cleaning up is done, where SIGTERM would kill the process."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _signalled() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
