"""Shared states: what they are named by, what they tell, who uses them, and what the killed leave."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from shared_support import forked, kill, python, wait

from meshcore import RateLimiter, SharedState, SharedStateError, TokenBucket
from meshcore.shared.state import path_of

pytestmark = pytest.mark.usefixtures("each_backend", "backend_of_files")

SIZE = 1 << 20


def bucket(state: SharedState | Path | str, name: str = "", most: int = 5) -> TokenBucket:
    """One that gains nothing while the test lasts."""
    return TokenBucket(most, 1, 86400.0, shared_state=state, name=name)


def test_a_name_stands_for_a_file_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = path_of("shop")
    assert found.name == f"meshcore-{os.geteuid()}-shop.2"
    monkeypatch.setattr(os.path, "isdir", lambda folder: folder == str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert path_of("shop").parent == tmp_path


def test_what_has_a_slash_is_a_path(path: Path) -> None:
    assert path_of(str(path)) == path
    assert path_of(Path("state")) == Path("state")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a b", "a\0b", "ä", "x" * 101])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of letters"):
        SharedState(name)


@pytest.mark.parametrize("what", [1, True, b"name", ["name"]])
def test_what_is_no_name(what: object) -> None:
    with pytest.raises(TypeError, match="expected a name, a path or a SharedState"):
        SharedState(what)  # type: ignore[arg-type]


def test_sizes_and_workers_that_cannot_be(path: Path) -> None:
    for size in (0, -1, 100, 1 << 50):
        with pytest.raises(ValueError, match="size is"):
            SharedState(path, size=size)
    for workers in (0, -1, 255):
        with pytest.raises(ValueError, match="workers is"):
            SharedState(path, workers=workers)
    with pytest.raises(TypeError, match="size is"):
        SharedState(path, size="1M")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="workers is"):
        SharedState(path, workers=True)
    assert not path.exists()
    assert SharedState(path, workers=254).workers == 254


def test_what_a_state_says(path: Path) -> None:
    state = SharedState(path, size=SIZE, workers=7)
    assert (state.path, state.size, state.workers, state.regions) == (path, SIZE, 7, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == SIZE
    assert state.processes == (os.getpid(),)
    assert str(path) in repr(state)
    before = state.used
    one = bucket(state)
    assert one.shared_state is state
    assert (state.regions, state.used > before) == (1, True)
    assert path.stat().st_blocks * 512 < SIZE / 4  # memory is taken as it is used
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(state)


def test_whoever_means_one_file_has_one_place(path: Path) -> None:
    first, second = SharedState(path), SharedState(str(path))
    assert first.address == second.address
    assert first.processes == (os.getpid(),)
    assert bucket(path).shared_state is not first


def test_no_limit_is_shared_unless_it_is_asked_for() -> None:
    assert TokenBucket(1, 1, 1.0).shared_state is None
    assert RateLimiter(1, 1, 1.0).shared_state is None


def test_limits_of_one_name_and_the_same_parameters_are_one(path: Path) -> None:
    first, again = bucket(path, "a"), bucket(path, "a")
    assert [first.allow(3), again.allow(3), again.remaining] == [True, False, 2]
    assert bucket(path, "b").remaining == 5
    assert bucket(path, "a", most=6).remaining == 6  # other parameters: another bucket
    assert RateLimiter(5, 1, 86400.0, shared_state=path, name="a").check("key").remaining == 4


def test_names_are_text_or_bytes(path: Path) -> None:
    assert bucket(path, "ä").allow(5)
    assert not TokenBucket(5, 1, 86400.0, shared_state=path, name="ä".encode()).allow()
    with pytest.raises(TypeError):
        TokenBucket(5, 1, 86400.0, shared_state=path, name=7)  # type: ignore[arg-type]


def test_what_is_owed_outlives_its_processes(path: Path) -> None:
    child = os.fork()
    if not child:
        status = 1
        try:
            status = 0 if bucket(path).allow(3) else 1
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert bucket(path).remaining == 2
    SharedState(path).unlink()
    assert not path.exists()
    gc.collect()
    assert bucket(path).remaining == 5


SPENDS = """
import sys
from meshcore import RateLimiter, TokenBucket
state = sys.argv[1]
bucket = TokenBucket(100, 1, 86400.0, shared_state=state)
limiter = RateLimiter(100, 1, 86400.0, shared_state=state)
print("ready", flush=True)
sys.stdin.readline()
print(sum(bucket.allow() for _ in range(80)), sum(limiter.allow("key") for _ in range(80)))
"""


def wait_with_start(worker: subprocess.Popen[str]) -> str:
    out, err = worker.communicate("go\n", timeout=60)
    assert worker.returncode == 0, err
    return out


def test_processes_share_what_one_would_have(path: Path) -> None:
    workers = [python(SPENDS, path) for _ in range(3)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    counts = [[int(count) for count in wait_with_start(worker).split()] for worker in workers]
    assert [sum(column) for column in zip(*counts, strict=True)] == [100, 100]


def test_a_fork_has_a_place_of_its_own(path: Path) -> None:
    state = SharedState(path)
    before = bucket(state)
    with forked(lambda: before.allow(2)) as child:
        assert set(state.processes) == {os.getpid(), child}
        assert before.remaining == 3
        kill(child)
        assert state.processes == (os.getpid(),)


def test_a_parent_that_dies_leaves_its_child_alone(path: Path) -> None:
    """As where a server of workers is killed, and its workers live on."""
    reader, writer = os.pipe()

    def parent() -> object:
        state = SharedState(path)
        kept = bucket(state)
        child = os.fork()
        if not child:
            os.write(writer, b"%d\n" % os.getpid())
            os.read(writer_end, 1)  # until the test ends
            os._exit(0)
        return state, kept

    writer_end, last = os.pipe()
    with forked(parent):
        grandchild = int(os.read(reader, 20))
    try:
        assert set(SharedState(path).processes) == {os.getpid(), grandchild}
    finally:
        os.kill(grandchild, signal.SIGKILL)
        for descriptor in (reader, writer, writer_end, last):
            os.close(descriptor)


def test_as_many_processes_as_there_are_places(path: Path) -> None:
    with forked(lambda: SharedState(path, workers=1)) as only:
        with pytest.raises(SharedStateError, match=r"as many processes as it has places for.*workers="):
            SharedState(path)
        kill(only)
        assert SharedState(path).processes == (os.getpid(),)  # the dead make place


def test_a_process_that_execs_keeps_nothing(path: Path) -> None:
    state = SharedState(path)
    process = python("input()")
    assert state.processes == (os.getpid(),)
    process.communicate("\n", timeout=60)
    assert wait(python("print(1)")) == "1\n"
