"""Files of shared states: whose they are, and what is wrong with them."""

from __future__ import annotations

import gc
import os
import re
import resource
import sys
from pathlib import Path

import pytest
from shared_support import forked, python

from meshcore import RateLimiter, SharedState, SharedStateError, TokenBucket
from meshcore.shared import file

pytestmark = pytest.mark.usefixtures("each_backend", "backend_of_files")

SIZE = 1 << 20
#: How a file begins until it is made: MC_SHARED_UNFINISHED of meshcore/shared.h.
UNFINISHED = (0x6E696765626D6D63).to_bytes(8, sys.byteorder)


def bucket(state: SharedState | Path | str, name: str = "", most: int = 5) -> TokenBucket:
    """One that gains nothing while the test lasts."""
    return TokenBucket(most, 1, 86400.0, shared_state=state, name=name)


def taken(of: TokenBucket) -> int:
    return sum(of.allow() for _ in range(of.max_tokens + 1))


def test_a_link_is_not_followed(path: Path) -> None:
    target = path.with_name("target")
    target.write_bytes(b"")
    path.symlink_to(target)
    with pytest.raises(SharedStateError, match=f"{path} is a symbolic link"):
        SharedState(path)
    assert target.read_bytes() == b""


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SharedStateError, match="cannot be opened: File name too long"):
        SharedState(tmp_path / ("x" * 300))


def test_another_users_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.touch(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(SharedStateError, match=r"belongs to another user \(uid \d+\); choose another"):
        SharedState(path)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("mode", [0o640, 0o602, 0o666])
def test_a_file_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    path.touch()
    path.chmod(mode)
    with pytest.raises(SharedStateError, match=f"mode {mode:04o}, expected 0600"):
        SharedState(path)


def test_what_is_no_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SharedStateError, match="cannot be opened: Is a directory"):
        SharedState(path)
    pipe = path.with_name("pipe")
    os.mkfifo(pipe, 0o600)
    with pytest.raises(SharedStateError, match="is no regular file"):
        SharedState(pipe)
    with pytest.raises(SharedStateError, match="cannot be opened: No such file"):
        SharedState(path / "none" / "here")
    path.with_name("one").touch(0o600)
    path.with_name("two").hardlink_to(path.with_name("one"))
    with pytest.raises(SharedStateError, match="hard links"):
        SharedState(path.with_name("one"))


def make(path: Path) -> bytes:
    """A file that nobody has open, with a bucket and a limiter in it; what it begins with."""
    state = SharedState(path, size=SIZE, workers=7)
    kept = bucket(state), RateLimiter(5, 1, 86400.0, capacity=100, shared_state=state)
    used = state.used
    assert [one.allow() if isinstance(one, TokenBucket) else one.allow("key") for one in kept] == [True, True]
    del kept, state
    gc.collect()
    return path.read_bytes()[:used]


def refused(path: Path) -> str:
    wanted = f"shared state {path} .*stop those who use it and remove it"
    with pytest.raises(SharedStateError, match=wanted) as caught:
        SharedState(path)
    return str(caught.value)


def test_a_truncated_file_is_refused(path: Path) -> None:
    make(path)
    for size in (SIZE - 1, SIZE // 2, 4096, 1000, 100, 1):
        os.truncate(path, size)
        assert "is truncated" in refused(path) or size < 1000
    path.unlink()
    make(path)
    os.truncate(path, 2 * SIZE)
    assert "is truncated, or has grown" in refused(path)


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.touch(0o600)
    path.write_bytes(b"the list of our customers\n" * 100)
    assert "is no shared state of meshcore" in refused(path)
    assert path.read_bytes().startswith(b"the list")


def test_another_version_is_refused(path: Path) -> None:
    content = make(path)
    with path.open("r+b") as file:
        file.seek(8)
        file.write(bytes([content[8] ^ 1]))
    assert "was made by another version or build of meshcore" in refused(path)


def dropped() -> None:
    """What nothing refers to is gone: by itself where references are counted."""
    if sys.implementation.name != "cpython":
        gc.collect()


def test_damage_is_refused_or_does_no_harm(path: Path) -> None:
    """Of the header, of regions and of limiters what stays is sealed; the rest may be anything.

    Here of a file's bytes, while it is in use and between; in C of every bit, and of what engines have there.
    """
    content = make(path)
    refusals = 0
    state: SharedState | None
    for at in range(0, len(content), 13):
        damaged = bytearray(content)
        damaged[at] ^= 0xFF
        with path.open("r+b") as file:
            file.write(damaged)
        try:
            state = SharedState(path)
            bucket(state).allow()
            RateLimiter(5, 1, 86400.0, capacity=100, shared_state=state).allow("key")
        except SharedStateError:
            refusals += 1
        if at % 2:
            state = None  # else it is damaged while it is in use
            dropped()
    assert refusals > 20


@pytest.mark.parametrize("at", [0, 8, 16, 24, 32, 47, 48, 56])
def test_a_header_with_another_byte_is_refused(path: Path, at: int) -> None:
    content = bytearray(make(path))
    content[at] ^= 1
    path.write_bytes(content + bytes(SIZE - len(content)))
    words = {0: "is no shared state", 8: "another version", 56: "where its regions end|list of regions"}
    assert re.search(words.get(at, "is damaged: its header"), refused(path))


def test_a_file_that_its_maker_did_not_finish_is_made_again(path: Path) -> None:
    SharedState(path, size=SIZE)
    gc.collect()
    made = path.read_bytes()
    for written in (0, 8, 16, 64, len(made)):  # of it, when the maker was killed
        path.write_bytes((UNFINISHED + made[8:])[:written])
        os.truncate(path, SIZE if written else 0)
        assert SharedState(path, size=SIZE).size == SIZE
        gc.collect()


def test_a_file_that_begins_with_zeros_is_not_ours(path: Path) -> None:
    """A disk's image, say: whatever is in it stays."""
    path.touch(0o600)
    path.write_bytes(bytes(1024) + b"a file system")
    with pytest.raises(SharedStateError, match="no shared state of meshcore"):
        SharedState(path, size=SIZE)
    assert path.read_bytes() == bytes(1024) + b"a file system"


def test_a_size_is_the_makers(path: Path) -> None:
    state = SharedState(path, size=SIZE, workers=7)
    assert SharedState(path).size == SIZE
    assert SharedState(path, size=SIZE, workers=7).workers == 7
    with pytest.raises(SharedStateError, match=f"made with size={SIZE}, and size={2 * SIZE} is asked for"):
        SharedState(path, size=2 * SIZE)
    with pytest.raises(SharedStateError, match="made with workers=7, and workers=8 is asked for"):
        SharedState(path, workers=8)
    assert state.processes == (os.getpid(),)


def test_full_is_said(path: Path) -> None:
    state = SharedState(path, size=SIZE)
    with pytest.raises(SharedStateError, match=rf"{path} is full: of its {SIZE} bytes \d+ are left.*size="):
        RateLimiter(5, 1, 1.0, capacity=1_000_000, shared_state=state)
    with pytest.raises(SharedStateError, match=r"has no room for as many keys|is full"):
        RateLimiter(5, 1, 1.0, capacity=2**48, shared_state=state)
    assert taken(bucket(state)) == 5  # what fits, fits


def test_a_size_that_its_filesystem_cannot_have_leaves_no_file(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, hard))
    try:
        with pytest.raises(SharedStateError, match="cannot have 2,097,152 bytes: File too large; make"):
            SharedState(path, size=2 * SIZE)
        assert list(path.parent.iterdir()) == []
        assert SharedState(path, size=SIZE).size == SIZE
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_nobody_uses_makes_room(path: Path) -> None:
    state = SharedState(path, size=SIZE)
    for name in range(100):
        RateLimiter(5, 1, 1.0, capacity=4000, shared_state=state, name=f"{name}")
        dropped()
    kept = [RateLimiter(5, 1, 1.0, capacity=4000, shared_state=state, name=name) for name in ("a", "b")]
    assert all(one.allow("key") for one in kept)


def test_a_file_of_before_the_machine_started_begins_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(path)
    monkeypatch.setattr(file, "_boot", lambda: b"another boot....")
    state = SharedState(path)
    assert (state.regions, state.processes) == (0, (os.getpid(),))
    assert taken(bucket(state)) == 5


def test_a_file_that_another_machine_uses_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with forked(lambda: SharedState(path)):
        monkeypatch.setattr(file, "_boot", lambda: b"another boot....")
        assert "is used by another machine" in refused(path)


def test_a_fork_without_a_place_says_so(path: Path) -> None:
    code = """
import os, sys
from meshcore import SharedState
state = SharedState(sys.argv[1], workers=1)
child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""
    process = python(code, path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "has no place for this process" in err


def test_a_fork_takes_no_other_file_for_its_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = SharedState(path)
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))
    real = os.open

    def without_proc(name: str | Path, flags: int, mode: int = 0o777) -> int:
        if str(name).startswith("/proc/"):
            raise FileNotFoundError(name)
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", without_proc)
    assert file.again(state._open) == -1
    path.unlink()
    path.write_bytes(b"another file")
    assert file.again(state._open) == -1
    path.with_name("moved").rename(path)
    descriptor = file.again(state._open)
    assert os.path.sameopenfile(descriptor, state._open.descriptor)
    os.close(descriptor)


def test_a_removed_file_serves_those_who_have_it(path: Path) -> None:
    state = SharedState(path)
    one = bucket(state)
    state.unlink()
    state.unlink()
    with forked(lambda: one.allow(2)):
        assert one.remaining == 3
    assert bucket(path).remaining == 5
