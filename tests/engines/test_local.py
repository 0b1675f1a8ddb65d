"""Items worked off in this process and in several others: each has one end, and what ends one ends no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import active_children
from pathlib import Path

import pytest
import works
from ends import SURVIVABLE, all_of, check_ends, is_gone
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.engines import Done, Ended, local
from recsyn.engines.local import Elsewhere, Local
from recsyn.errors import RecsynError

BROKEN_OFF = """
import sys, time
from recsyn.engines.local import Elsewhere, Local
import works

if __name__ == "__main__":
    for _ in Local(2).run(works.quick_or_waits, [1, 0, 2], lambda number, pid: print(pid, flush=True)):
        pass
"""


@given(st.lists(st.integers(-9, 9), max_size=6), st.just(1))
@settings(max_examples=100)
def test_each_item_has_one_end_in_this_process(items, processes) -> None:
    check_squares(items, processes)


@given(st.lists(st.integers(-9, 9), max_size=6), st.integers(2, 3))
@settings(max_examples=6)
def test_each_item_has_one_end_in_others(items, processes) -> None:
    check_squares(items, processes)
    assert active_children() == []


def check_squares(items, processes) -> None:
    ends, told = all_of(Local(processes), works.square, items)
    assert ends == {number: Done(number, item * item) for number, item in enumerate(items)}
    assert told == {number: ["begun", ("nearly", item)] for number, item in enumerate(items)}


def test_others_work_at_the_same_time_and_go_on(tmp_path: Path) -> None:
    first = [(str(tmp_path), number, 3) for number in range(3)]
    ends, _ = all_of(Local(3), works.meets, [*first, *[(str(tmp_path), 0, 0)] * 9])
    assert len(ends) == 12
    pids = {end.result for end in ends.values()}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_one_item_is_worked_on_here(tmp_path: Path) -> None:
    ends, _ = all_of(Local(4), works.meets, [(str(tmp_path), 0, 1)])
    assert ends == {0: Done(0, os.getpid())}


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize("items", [1, 2])
def test_elsewhere_also_one_item_is_worked_on_in_another_process_on_one_thread(processes: int, items: int) -> None:
    ends, _ = all_of(Elsewhere(processes), works.quick_or_waits, [0] * items)
    assert len(ends) == items
    assert os.getpid() not in {end.result for end in ends.values()}
    ends, _ = all_of(Elsewhere(processes), works.threads, [0] * items)
    assert all(end.result["OMP_NUM_THREADS"] == "1" for end in ends.values())
    assert all_of(Elsewhere(processes), works.square, []) == ({}, {})


DEADLY = {
    "killed": "its process was ended before its time by SIGKILL, perhaps for want of memory",
    "crashed": "its process was ended before its time by SIGSEGV",
    "left": "its process ended before its time, with exit status 7",
}


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_raised_ends_one_item(processes: int) -> None:
    items = ["a", *SURVIVABLE, "b"]
    ends, told = all_of(Local(processes), works.fails, items)
    check_ends(items, ends, told, SURVIVABLE)
    assert "works.py, line" in ends[4].why


def test_what_is_killed_ends_one_item() -> None:
    items = ["a", "killed", "b", "crashed", "killed", "left", "refused", "c", "unsendable", "d"]
    ends, told = all_of(Local(2), works.fails, items)
    check_ends(items, ends, told, {**SURVIVABLE, **DEADLY, "unsendable": "what it gave cannot be sent"})
    assert active_children() == []


def test_all_may_be_killed() -> None:
    ends, _ = all_of(Local(2), works.fails, ["killed"] * 5)
    assert [ends[number].why for number in range(5)] == [DEADLY["killed"]] * 5


def test_an_end_is_seen_although_another_process_holds_the_pipe() -> None:
    started: list[int] = []
    try:
        ends = {end.number: end for end in Local(2).run(works.orphaning, [0, 1, 2], lambda _, pid: started.append(pid))}
        assert not is_gone(started[0], patience=0)
    finally:
        for pid in started:
            os.kill(pid, signal.SIGKILL)
    assert ends == {0: Ended(0, DEADLY["killed"]), 1: Done(1, 1), 2: Done(2, 2)}
    assert len(started) == 1


def test_work_that_cannot_be_found_there_ends_its_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elusive.py").write_text("def work(item, tell):\n    return item\n")
    monkeypatch.syspath_prepend(tmp_path)
    import elusive

    (tmp_path / "elusive.py").unlink()
    ends, _ = all_of(Local(2), elusive.work, [1, 2])
    assert all("ModuleNotFoundError: No module named 'elusive'" in ends[number].why for number in (0, 1))


def test_others_have_one_thread_and_this_process_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    ends, _ = all_of(Local(2), works.threads, [0, 1])
    assert dict(os.environ) == before
    for end in ends.values():
        assert end.result.items() >= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}.items()


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, RecsynError("of the one that hears")])
def test_what_is_raised_by_the_one_that_hears_comes_out(processes: int, error) -> None:
    heard: list[int] = []

    def hear(_, message):
        heard.append(message)
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        list(Local(processes).run(works.waits, [1, 2], hear))
    assert len(heard) == 1
    assert active_children() == []
    assert heard[0] == os.getpid() if processes == 1 else is_gone(heard[0])


def test_closing_ends_what_is_worked_on() -> None:
    heard: list[int] = []
    run = Local(2).run(works.quick_or_waits, [1, 0, 0], lambda _, pid: heard.append(pid))
    ended = next(run)
    assert ended.number == 1
    begun = active_children()
    assert len(begun) == 2
    run.close()
    assert active_children() == []
    assert all(is_gone(pid) for pid in heard)


def test_where_none_can_be_started_this_is_told_once(monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr(local, "_work_off", print)  # which says nothing that was waited for
    with pytest.raises(RecsynError, match="no process that works could be started") as caught:
        list(Local(3).run(works.square, [1, 2, 3, 4], lambda *_: None))
    assert "fewer --processes" in caught.value.hint
    assert capfd.readouterr().out.count("Connection") == 3


def test_where_no_process_is_to_be_had_this_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(local.SpawnProcess, "start", start)
    with pytest.raises(RecsynError, match="no process that works could be started"):
        list(Local(2).run(works.square, [1, 2], lambda *_: None))


@pytest.fixture
def script(tmp_path: Path) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(Path(works.__file__).parent)!r})\n{BROKEN_OFF}")
    return [sys.executable, str(path)]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_others_end_with_the_first(script: list[str], how: int) -> None:
    first = subprocess.Popen(
        script,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        pids = [int(first.stdout.readline()) for _ in range(2)]
        if how == signal.SIGINT:
            os.killpg(first.pid, how)  # as a terminal does
        else:
            first.send_signal(how)
        _, complaints = first.communicate(timeout=20)
        assert all(is_gone(pid) for pid in pids)
        assert complaints.count("Traceback") == (how == signal.SIGINT), complaints
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)


def test_processes_that_just_start_do_not_complain_of_an_interrupt(script: list[str]) -> None:
    for after in (0.1, 0.2, 0.3):
        first = subprocess.Popen(
            script,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        time.sleep(after)
        os.killpg(first.pid, signal.SIGINT)
        _, complaints = first.communicate(timeout=20)
        assert complaints.count("Traceback") <= 1, complaints


def test_an_iterator_that_nobody_closes_does_not_hold_up_the_end(script: list[str]) -> None:
    path = Path(script[1])
    held = path.read_text().replace("    for _ in Local(2)", "    run = Local(2)").replace(":\n        pass\n", "\n    next(run)\n")
    path.write_text(held + "    raise LookupError('of the caller')\n")
    done = subprocess.run(script, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "LookupError: of the caller" in done.stderr
    assert all(is_gone(int(pid)) for pid in done.stdout.split())
