"""Cells run, killed, and run again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recsyn.collapse.keeping import kept_ended, kept_generations, kept_rows
from recsyn.collapse.records import write_records
from recsyn.collapse.running import outcomes, run_cell, run_cells
from recsyn.collapse.study import Study, load_collapse
from recsyn.engines.local import Local
from recsyn.errors import RecsynError


def run_all(study: Study, folder: Path, processes: int = 1) -> dict[str, str]:
    ends = run_cells(study.cells, folder, Local(processes), lambda cell, generation: None)
    return {finished.cell.key: finished.failed for finished in ends if finished.failed}


def numbers(study: Study, folder: Path) -> dict[str, list[list[float]]]:
    return {cell.key: np.nan_to_num(kept_ended(folder / cell.key).values["mean"], nan=-1.0).tolist() for cell in study.cells}


def test_outcomes_put_the_chains_of_a_setting_together(write, tmp_path: Path) -> None:
    study = load_collapse(str(write()))
    assert run_all(study, tmp_path / "runs") == {}
    found = outcomes(study, tmp_path / "runs", {}, lambda setting: ())
    assert [dict(each.point) for each in found] == [{"workflow": "replace"}, {"workflow": "accumulate"}]
    for each in found:
        assert each.values["test_loss"].shape == (3, 4)
        assert np.isfinite(each.values["test_loss"]).all()
        assert (each.values["real_share"][:, 0] == 1).all()
        assert len({tuple(row) for row in each.values["mean"].tolist()}) == 3
        assert sorted(each.shown) == [1, 2, 3, 4]
    assert (found[0].values["mean"][:, 0] == found[1].values["mean"][:, 0]).all()


def test_what_has_ended_is_found_again_and_rows_are_kept_where_that_is_asked_for(write, tmp_path: Path, yaml: str) -> None:
    study = load_collapse(str(write(yaml + "keep_rows: true\n")))
    cell = study.cells[0]
    run_cell(cell, tmp_path, lambda generation: None)
    kept = list(kept_rows(tmp_path / cell.key))
    assert [rows.shape for _, rows in kept] == [(20,)] * 4
    assert [(lot.generation, lot.parent, lot.count, lot.real) for lot, _ in kept] == [(n + 1, n, 20, False) for n in range(1, 5)]
    assert cell.key not in {other.key for other in load_collapse(str(write())).cells}  # an earlier run without them is none of this
    told: list[int] = []
    run_cell(cell, tmp_path, told.append)
    assert told == []


def test_the_same_numbers_in_one_process_and_in_two(write, tmp_path: Path) -> None:
    study = load_collapse(str(write()))
    run_all(study, tmp_path / "one")
    run_all(study, tmp_path / "two", processes=2)
    assert numbers(study, tmp_path / "one") == numbers(study, tmp_path / "two")


def test_what_fails_is_told_the_others_go_on_and_it_is_tried_again(write, tmp_path: Path, code: str) -> None:
    flag = tmp_path / "broken"
    broken = code.replace(
        "    def fit(self, rows, weights, generator):\n",
        "    def fit(self, rows, weights, generator):\n"
        "        import os\n"
        f"        if len(rows) == 60 and os.path.exists({str(flag)!r}):\n"
        "            raise OSError('no luck')\n",
    )
    study = load_collapse(str(write(family=broken)))
    whole = load_collapse(str(write(family=broken)))
    run_all(whole, tmp_path / "whole")
    flag.touch()
    failed = run_all(study, tmp_path / "runs")
    assert len(failed) == 3
    assert all("'fit' of the family Mean fails in generation 3: OSError: no luck" in why for why in failed.values())
    found = outcomes(study, tmp_path / "runs", failed, lambda setting: ())
    assert not found[0].failed
    assert len(found[1].failed) == 3
    key = next(cell.key for cell in study.cells if cell.key in failed)
    assert len(list(kept_generations(tmp_path / "runs" / key))) == 2
    flag.unlink()
    assert run_all(study, tmp_path / "runs") == {}
    assert numbers(study, tmp_path / "runs") == numbers(whole, tmp_path / "whole")


def test_a_killed_worker_loses_one_generation_of_its_own_chain_alone(write, tmp_path: Path, code: str) -> None:
    """In the third generation of the chain that comes there first, and never again."""
    deadly = code.replace(
        "    def fit(self, rows, weights, generator):\n",
        "    def fit(self, rows, weights, generator):\n"
        "        import os, signal\n"
        f"        if len(rows) == 60 and not os.path.exists({str(tmp_path / 'killed')!r}):\n"
        f"            open({str(tmp_path / 'killed')!r}, 'x').close()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    study = load_collapse(str(write(family=deadly)))
    failed = run_all(study, tmp_path / "runs", processes=2)
    assert len(failed) == 1
    ((key, why),) = failed.items()
    assert "SIGKILL" in why
    assert len(list(kept_generations(tmp_path / "runs" / key))) == 2
    assert sum(kept_ended(tmp_path / "runs" / cell.key) is not None for cell in study.cells) == 5
    assert run_all(study, tmp_path / "runs", processes=2) == {}
    run_all(study, tmp_path / "whole")
    assert numbers(study, tmp_path / "runs") == numbers(study, tmp_path / "whole")


def test_a_chain_that_collapses_is_recorded_with_its_cause_and_the_grid_goes_on(write, tmp_path: Path, ending: str) -> None:
    study = load_collapse(str(write(family=ending)))
    assert run_all(study, tmp_path) == {}
    replace, accumulate = outcomes(study, tmp_path, {}, lambda setting: ())
    assert replace.collapses == ()
    assert [(each.chain, each.generation, each.cause) for each in accumulate.collapses] == [
        (c, 4, "too many rows") for c in range(3)
    ]
    assert np.isnan(accumulate.values["test_loss"][:, 3]).all()
    assert np.isfinite(accumulate.values["test_loss"][:, :3]).all()


def test_a_folder_that_cannot_be_written_is_told(write, tmp_path: Path) -> None:
    study = load_collapse(str(write()))
    (tmp_path / "file").touch()
    failed = run_all(study, tmp_path / "file")
    assert len(failed) == 6
    with pytest.raises(RecsynError, match="cannot be written"):
        run_cell(study.cells[0], tmp_path / "file", lambda generation: None)


SLOW = "import time; time.sleep(0.05)"


def test_killed_at_any_moment_and_run_again_it_ends_with_the_same_numbers(write, tmp_path: Path, yaml: str, code: str) -> None:
    """``kill -9`` of the whole, several times, at moments that differ."""
    slow = code.replace("        return Model(", f"        {SLOW}\n        return Model(")
    path = write(yaml.replace("generations: 4", "generations: 8"), slow)
    study = load_collapse(str(path))
    run_all(study, tmp_path / "whole")
    script = (
        "import sys; from pathlib import Path\n"
        "from recsyn.collapse.study import load_collapse\n"
        "from recsyn.collapse.running import run_cell\n"
        "study = load_collapse(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "for cell in study.cells: run_cell(cell, Path(sys.argv[2]), lambda generation: None)\n"
        "print('done', flush=True)\n"
    )
    for attempt in range(30):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(path), str(tmp_path / "killed")], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.31 + 0.013 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        if "done" in out:
            break
    assert attempt > 1
    assert "done" in out
    assert numbers(study, tmp_path / "killed") == numbers(study, tmp_path / "whole")
    assert not list((tmp_path / "killed").rglob("generation-*"))


@pytest.fixture
def records(write, tmp_path: Path, ending: str):
    study = load_collapse(str(write(family=ending)))
    run_all(study, tmp_path / "runs")
    return outcomes(study, tmp_path / "runs", {}, lambda setting: ())


def test_records_are_one_row_for_each_generation_and_metric(records, tmp_path: Path) -> None:
    write_records(tmp_path / "records.jsonl", "study", records)
    rows = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    losses = {(r["workflow"], r["chain"], r["generation"]): r["value"] for r in rows if r["metric"] == "test_loss"}
    assert len(losses) == 3 * 4 + 3 * 3
    assert losses["accumulate", 2, 3] == records[1].values["test_loss"][2, 2]
    ends = [row for row in rows if row["metric"] == "collapsed"]
    assert [(r["workflow"], r["chain"], r["generation"], r["cause"]) for r in ends] == [
        ("accumulate", chain, 4, "too many rows") for chain in range(3)
    ]
    assert {row["study"] for row in rows} == {"study"}


def test_records_name_chains_by_their_numbers_also_where_others_did_not_run(write, tmp_path: Path, ending: str) -> None:
    study = load_collapse(str(write(family=ending)))
    run_all(study, tmp_path / "runs")
    gone = next(cell for cell in study.cells if cell.setting.point == {"workflow": "accumulate"} and cell.first == 1)
    shutil.rmtree(tmp_path / "runs" / gone.key)
    found = outcomes(study, tmp_path / "runs", {}, lambda setting: ())
    write_records(tmp_path / "records.jsonl", "study", found)
    rows = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    by_metric = {
        metric: {row["chain"] for row in rows if row["workflow"] == "accumulate" and row["metric"] == metric}
        for metric in ("mean", "collapsed")
    }
    assert by_metric == {"mean": {0, 2}, "collapsed": {0, 2}}
    assert [found[1].place_of(chain) for chain in range(4)] == [0, None, 1, None]
    assert [found[0].place_of(chain) for chain in range(4)] == [0, 1, 2, None]


def test_parquet_has_the_same_rows_as_json_lines(records, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_records(tmp_path / "records.jsonl", "study", records)
    write_records(tmp_path / "records.parquet", "study", records)
    table = parquet.read_table(tmp_path / "records.parquet")
    assert table.column_names == ["study", "workflow", "chain", "generation", "metric", "value", "cause"]
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert table.to_pylist() == lines


def test_pandas_and_polars_read_records_as_they_are(records, tmp_path: Path) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for name in ("records.parquet", "records.jsonl"):
        write_records(tmp_path / name, "study", records)
    for frame in (pandas.read_parquet(tmp_path / "records.parquet"), pandas.read_json(tmp_path / "records.jsonl", lines=True)):
        means = frame[frame.metric == "test_loss"].groupby(["workflow", "generation"], observed=True).value.mean()
        assert means["replace", 2] == pytest.approx(records[0].values["test_loss"][:, 1].mean())
    for frame in (polars.read_parquet(tmp_path / "records.parquet"), polars.read_ndjson(tmp_path / "records.jsonl")):
        ends = frame.filter(polars.col("metric") == "collapsed")
        assert ends["cause"].to_list() == ["too many rows"] * 3


def test_records_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match=r"its name ends in .parquet or .jsonl"):
        write_records(tmp_path / "records.csv", "study", [])
