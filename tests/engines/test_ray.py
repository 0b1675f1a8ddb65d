"""Items worked off on a Ray that is started for these tests: two nodes in one machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import works
from ends import SURVIVABLE, all_of, check_ends, is_gone

pytest.importorskip("ray", reason="clusters are tried out with Ray, which is not installed")

import ray
from ray.cluster_utils import Cluster

from recsyn.collapse.keeping import kept_ended
from recsyn.collapse.running import run_cells
from recsyn.collapse.study import load_collapse
from recsyn.engines import Done
from recsyn.engines import ray as engine
from recsyn.engines.environment import environment
from recsyn.engines.local import Local
from recsyn.engines.ray import Ray
from recsyn.errors import RecsynError

SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
DEADLY = {
    "killed": "its process ended before its time, perhaps for want of memory",
    "left": "its process ended before its time, perhaps for want of memory",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with environment({"RAY_USAGE_STATS_ENABLED": "0"}):
        started = Cluster(initialize_head=True, head_node_args=SMALL)
        started.add_node(**SMALL)
    yield started
    started.shutdown()


@pytest.fixture
def on_cluster(cluster: Cluster, tmp_path: Path) -> Ray:
    """It joins the cluster and leaves it."""
    return Ray(cluster.address, tmp_path / "out")


@pytest.fixture(scope="module")
def joined(cluster: Cluster) -> Iterator[None]:
    """This process has joined it already, which takes less time than to do so in every test."""
    ray.init(address=cluster.address, logging_level="CRITICAL", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def there(joined: None, tmp_path: Path) -> Ray:
    return Ray(None, tmp_path / "out")


def cores_are_free() -> bool:
    until = time.monotonic() + 20
    while ray.available_resources().get("CPU") != 2 and time.monotonic() < until:
        time.sleep(0.05)
    return ray.available_resources().get("CPU") == 2


def test_both_nodes_work_with_the_same_results_as_one_process(on_cluster: Ray, tmp_path: Path) -> None:
    met = tmp_path / "met"
    met.mkdir()
    items = [(str(met), number, 2) for number in range(5)]
    ends, told = all_of(on_cluster, works.drawn_together, items)
    nodes = {number: end.result[0] for number, end in ends.items()}
    assert len(set(nodes.values())) == 2
    alone = all_of(Local(1), works.drawn_together, items)
    together = all_of(Local(2), works.drawn_together, items)
    assert told == alone[1] == together[1] == {number: [0, 1, 2] for number in range(5)}
    for number, end in ends.items():
        assert end.result[1] == alone[0][number].result[1] == together[0][number].result[1]
    assert not ray.is_initialized()
    assert list(on_cluster.folder.iterdir()) == []


@pytest.mark.parametrize("address", ["nowhere", "ray://127.0.0.1:10001", "127.0.0.1:", ":6379", "127.0.0.1:99999", "host:6379/x"])
def test_what_is_no_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="is no address of a cluster"):
        list(Ray(address, tmp_path).run(works.square, [1], lambda *_: None))


def test_where_nothing_answers_this_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(RecsynError, match=f"no cluster answers at 127.0.0.1:{port}: Connection refused") as caught:
            list(Ray(f"127.0.0.1:{port}", tmp_path).run(works.square, [1], lambda *_: None))
    assert time.monotonic() - begun < 5
    assert "ray start --head" in caught.value.hint
    with pytest.raises(RecsynError, match=r"no cluster answers at no\.such\.host\.invalid:6379"):
        list(Ray("no.such.host.invalid:6379", tmp_path).run(works.square, [1], lambda *_: None))


def test_where_something_else_answers_this_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(RecsynError, match=f"what answers at {address} let nobody in for"):
            list(Ray(address, tmp_path).run(works.square, [1], lambda *_: None))
    assert capfd.readouterr() == ("", "")


def test_a_cluster_that_refuses(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PROBE", "raise RuntimeError('Version mismatch: the cluster has Ray 1.0')")
    with pytest.raises(
        RecsynError, match=r"does not let this process in: RuntimeError: Version mismatch: the cluster has Ray 1\.0"
    ):
        list(Ray(cluster.address, tmp_path).run(works.square, [1], lambda *_: None))


def test_without_an_address_one_is_started_and_ended(tmp_path: Path, capfd) -> None:
    ends, told = all_of(Ray(None, tmp_path, 2), works.square, [3, 4])
    assert ends == {0: Done(0, 9), 1: Done(1, 16)}
    assert told == {0: ["begun", ("nearly", 3)], 1: ["begun", ("nearly", 4)]}
    assert not ray.is_initialized()
    assert capfd.readouterr() == ("", "")


def test_a_study_of_collapse_comes_to_the_same_numbers_as_in_one_process(there: Ray, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    axes = "axes: {workflow: {replace: {workflow: replace}, subsample: {workflow: accumulate-subsample}}}"
    study.write_text(
        f"family: {{kind: discrete, probabilities: [0.5, 0.3, 0.2]}}\nrows: 6\nchains: 4\ntogether: 2\n{axes}\n", "utf-8"
    )
    cells = load_collapse(str(study)).cells
    assert len(cells) == 4
    numbers = []
    for used, folder in ((there, tmp_path / "there"), (Local(1), tmp_path / "here")):
        told: list[int] = []
        ends = list(run_cells(cells, folder, used, lambda cell, generation: told.append(generation)))  # noqa: B023
        assert [end.failed for end in ends] == [None] * 4
        assert sorted(told) == sorted([*range(1, 11)] * 4)
        kept = [kept_ended(folder / cell.key) for cell in cells]
        numbers.append([{metric: values.tolist() for metric, values in each.values.items()} for each in kept if each])
    assert len(numbers[0]) == 4
    assert str(numbers[0]) == str(numbers[1])


def test_what_is_killed_or_raised_ends_one_item(there: Ray) -> None:
    items = ["a", "killed", *SURVIVABLE, "left", "b", "unsendable", "c"]
    ends, told = all_of(there, works.fails, items)
    check_ends(items, ends, told, {**SURVIVABLE, **DEADLY, "unsendable": "what it gave cannot be sent"})


def test_what_is_told_is_told_before_the_end(there: Ray) -> None:
    ends, told = all_of(there, works.square, [3] * 20)
    assert ends == {number: Done(number, 9) for number in range(20)}
    assert told == {number: ["begun", ("nearly", 3)] for number in range(20)}


def test_no_more_at_a_time_than_asked_for(joined: None, tmp_path: Path) -> None:
    ends, _ = all_of(Ray(None, tmp_path, 1), works.alone, [str(tmp_path)] * 6)
    assert ends == {number: Done(number, 1) for number in range(6)}


def test_others_have_one_thread(there: Ray) -> None:
    ends, _ = all_of(there, works.threads, [0])
    assert ends[0].result.items() >= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}.items()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_raised_by_the_one_that_hears_comes_out_and_ends_all(there: Ray, error: type[BaseException]) -> None:
    heard: list[int] = []

    def hear(_, pid):
        heard.append(pid)
        raise error

    with pytest.raises(error):
        list(there.run(works.waits, [1, 2, 3], hear))
    assert len(heard) == 1
    assert is_gone(heard[0])
    assert cores_are_free()


def test_closing_ends_what_is_worked_on_and_leaves_a_ray_that_was_there(there: Ray) -> None:
    job = ray.get_runtime_context().get_job_id()
    run = there.run(works.quick_or_waits, [1, 0], lambda *_: None)
    assert next(run).number == 1
    run.close()
    assert ray.get_runtime_context().get_job_id() == job
    assert cores_are_free()


def test_a_folder_that_nodes_do_not_see(joined: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = Path("/proc/self/cwd/out")  # another folder in each process
    with pytest.raises(RecsynError, match=r"the node .* \(.*\) does not see the folder '/proc/self/cwd/out'") as caught:
        list(Ray(None, own).run(works.square, [1, 2], lambda *_: None))
    assert "share" in caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []


def test_nodes_with_another_version(there: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "version", lambda _: "99.1")
    with pytest.raises(RecsynError, match=r"the node .* has recsyn \d.*, and this machine 99.1") as caught:
        list(there.run(works.square, [1, 2], lambda *_: None))
    assert 'pip install "recsyn==99.1"' in caught.value.hint


def test_a_folder_that_cannot_be_written_to(joined: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecsynError, match="cannot be written to"):
        list(Ray(None, tmp_path / "file" / "out").run(works.square, [1, 2], lambda *_: None))
