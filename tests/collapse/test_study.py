"""Studies as they are read: what is refused before anything runs, and what names what is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from recsyn.cli.studying import chosen_points
from recsyn.collapse.study import COLLAPSES, load_collapse
from recsyn.errors import RecsynError


def test_a_setting_for_every_choice_of_points(write, yaml: str) -> None:
    study = load_collapse(str(write(yaml + "  size:\n    few: {rows: 5}\n    many: {rows: 50, chains: 2}\n")))
    assert [(dict(s.point), s.rows, s.chains, s.workflow["kind"]) for s in study.settings] == [
        ({"workflow": "replace", "size": "few"}, 5, 3, "replace"),
        ({"workflow": "replace", "size": "many"}, 50, 2, "replace"),
        ({"workflow": "accumulate", "size": "few"}, 5, 3, "accumulate"),
        ({"workflow": "accumulate", "size": "many"}, 50, 2, "accumulate"),
    ]
    assert len(study.cells) == 10
    assert len({cell.key for cell in study.cells}) == 10


def test_changes_are_laid_over_mappings_of_the_same_kind_alone(write) -> None:
    text = """
title: x
family: {kind: "mean.py:Mean", centre: 1.0}
workflow: {kind: mix, real: 0.3}
rows: 20
axes:
  what:
    less: {workflow: {real: 0.1}}
    other: {workflow: {kind: accumulate}}
    centre: {family: {centre: 2.0}}
"""
    less, other, centre = load_collapse(str(write(text))).settings
    assert less.workflow == {"kind": "mix", "real": 0.1}
    assert other.workflow == {"kind": "accumulate", "weights": [1.0]}
    assert centre.family["centre"] == 2.0
    assert centre.workflow == {"kind": "mix", "real": 0.3}


def test_quick_lays_its_changes_over_and_keeps_some_points(write, yaml: str) -> None:
    path = write(yaml + "quick:\n  chains: 1\n  axes: {workflow: [accumulate]}\n")
    small = load_collapse(str(path), quick=True)
    assert [dict(setting.point) for setting in small.settings] == [{"workflow": "accumulate"}]
    assert small.settings[0].chains == 1
    with pytest.raises(RecsynError, match="no small version"):
        load_collapse(str(write()), quick=True)


def test_keys_tell_all_that_changes_numbers_and_nothing_else(write, yaml: str, code: str) -> None:
    def keys(text: str = yaml, family: str = code) -> set[str]:
        return {cell.key for cell in load_collapse(str(write(text, family))).cells}

    base = keys()
    assert keys(yaml.replace("means of means", "another title")) == base
    assert keys(yaml.replace("chains: 3", "chains: 5")) > base
    for changed in ["rows: 21", "generations: 5", "test_rows: 11"]:
        field = changed.split(":")[0]
        line = next(line for line in yaml.splitlines() if line.startswith(f"{field}:"))
        assert not keys(yaml.replace(line, changed)) & base
    assert not keys(yaml + "seed: 1\n") & base
    assert not keys(yaml + "budget: {match: rows}\n") & base
    assert not keys(family=code + "\n# changed\n") & base
    assert not keys(yaml.replace('Mean"', 'Mean", centre: 2')) & base


def test_keys_do_not_tell_where_the_files_are(write, yaml: str, code: str, tmp_path: Path) -> None:
    base = {cell.key for cell in load_collapse(str(write())).cells}
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "mean.py").write_text(code)
    (other / "study.yaml").write_text(yaml)
    assert {cell.key for cell in load_collapse(str(other / "study.yaml")).cells} == base


def test_keys_are_names_that_a_folder_can_have(write, yaml: str) -> None:
    name = "漢字" * 200
    cells = load_collapse(str(write(yaml.replace("replace: {", f"{name}: {{")))).cells
    assert max(len(cell.key.encode()) for cell in cells) < 200
    assert len({cell.key for cell in cells}) == len(cells)


def test_other_processes_find_a_family_from_another_folder(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    cell = load_collapse("study.yaml").cells[0]
    monkeypatch.chdir(tmp_path / "other")
    assert type(cell.setting.opened()[0]).__name__ == "Mean"


def test_a_part_of_a_study(write) -> None:
    study = load_collapse(str(write()))
    assert [dict(s.point) for s in study.only({"workflow": ["replace"]}).settings] == [{"workflow": "replace"}]
    with pytest.raises(RecsynError, match="did you mean `replace`"):
        study.only({"workflow": ["replac"]})


def test_points_with_commas_in_their_names_are_chosen() -> None:
    study = load_collapse("verifier", quick=True)
    part = study.only(chosen_points(["kept=φ 0.9, ψ 0.3,all", "model=as it was taught"]))
    assert part.axes["kept"] == ("all", "φ 0.9, ψ 0.3")
    assert len(part.settings) == 2
    with pytest.raises(RecsynError, match=r"the axis kept has no point 'φ 0.9'"):
        study.only(chosen_points(["kept=φ 0.9"]))


def test_a_study_without_a_title_is_called_by_its_file(write, yaml: str) -> None:
    assert load_collapse(str(write(yaml.replace("title: means of means\n", ""), name="mine.yaml"))).title == "mine"


def test_batches_cut_chains_into_cells(write, yaml: str, code: str) -> None:
    family = code.replace("def right", "def batch(self, chains, whole, generator):\n        return self\n\n    def right")
    setting = load_collapse(str(write(yaml + "together: 2\n", family))).settings[0]
    assert setting.batched
    cells = list(load_collapse(str(write(yaml + "together: 2\n", family))).cells_of(replace(setting, chains=5)))
    assert [(cell.first, cell.count) for cell in cells] == [(0, 2), (2, 2), (4, 1)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("rows: 20", "rows: 0"), "rows is 0, not a whole number from 1"),
        (("rows: 20", "rowz: 20"), "a study of collapse has no field 'rowz'\n  hint: did you mean `rows`?"),
        (
            ("workflow: replace}", "workflow: replce}"),
            "at workflow replace: there is no workflow 'replce'\n  hint: did you mean `replace`?",
        ),
        (("workflow: replace}", "workflow: {kind: mix, share: 1}}"), "the workflow mix has no field 'share'"),
        (("workflow: replace}", "workflow: {kind: mix, real: 1.5}}"), "is 1.5, not from 0 to 1"),
        (("workflow: replace}", "workflow: {kind: mix, real: 0.001}}"), "a share 0.001 of 20 rows is no row"),
        (("workflow: replace}", "workflow: {kind: accumulate, weights: [0, 0]}}"), "the weights of accumulate sum to nothing"),
        (("workflow: replace}", "workflow: {kind: accumulate, weights: [0, 1]}}"), "real rows weigh nothing"),
        (("workflow: replace}", "workflow: {kind: accumulate, weights: [.nan]}}"), "a weight is nan, not a number"),
        (
            ("workflow: replace}", "workflow: {kind: verified, right: 0, wrong: 0}}"),
            "keeps neither right nor wrong rows keeps nothing",
        ),
        (
            ("workflow: replace}", "workflow: {kind: accumulate-subsample, rows: 21}}"),
            "21 rows cannot be drawn without replacement from the 20",
        ),
        (("workflow: replace}", "budget: {match: steps, steps: 3}}"), "this family has none"),
        (("workflow: replace}", "budget: {match: time}}"), "a budget matches 'time'"),
        (("mean.py:Mean", "mean.py:Mena"), "defines no 'Mena'\n  hint: did you mean `Mean`?"),
        (("mean.py:Mean", "nowhere.py:Mean"), "there is no file 'nowhere.py'"),
        (("mean.py:Mean", "gausian"), "there is no family 'gausian'\n  hint: did you mean `gaussian`?"),
        (
            ('kind: "mean.py:Mean"', 'kind: "mean.py:Mean", center: 1'),
            "cannot be made from its fields in the configuration: TypeError",
        ),
        (("  workflow:\n", "  chain:\n"), "an axis is called chain, and so is a column of the records"),
        (("generations: 4", "generations: four"), "generations is 'four', not a whole number"),
        (('{kind: "mean.py:Mean"}', "null"), "a family is {'kind': None}"),
        (
            ("workflow: replace}", "family: {kind: linear, features: 3}, budget: {match: steps, steps: 3}}"),
            "steps are counted of a linear regression that takes none",
        ),
        # A fit to all 20 rows has a finite error, one to 7 or 6 of them none.
        (
            ("workflow: replace}", "family: {kind: linear, features: 6}, workflow: {kind: accumulate-subsample, rows: 7}}"),
            "least squares on 7 rows with 6 features is infinite",
        ),
        (
            ("workflow: replace}", "family: {kind: linear, features: 6}, workflow: {kind: weighted, real: 0, made: 0.3}}"),
            "least squares on 6 rows with 6 features is infinite",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(write, yaml: str, changed: tuple[str, str], message: str) -> None:
    path = write(yaml.replace(*changed))
    with pytest.raises(RecsynError) as caught:
        load_collapse(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize("method", ["check(self, rows)", "to_config(self)"])
def test_a_mistake_in_a_method_of_a_family_is_told(write, code: str, method: str) -> None:
    family = code.replace("    def right", f"    def {method}:\n        return 1 / 0\n\n    def right")
    with pytest.raises(RecsynError, match=rf"'{method.partition('(')[0]}' of the family .* fails: ZeroDivisionError"):
        load_collapse(str(write(family=family)))


def test_a_filter_needs_a_family_that_knows_what_is_right(write, yaml: str, code: str) -> None:
    family = code.replace("def right", "def wrong")
    with pytest.raises(RecsynError, match="does not know which are right"):
        load_collapse(str(write(yaml.replace("workflow: replace}", "workflow: {kind: verified}}"), family)))


def test_published_figures(write, yaml: str) -> None:
    published = "published:\n  - at: {workflow: replace}\n    source: nobody\n    figures: {test_loss: {1: 0.05, 4: 0.2}}\n"
    (each,) = load_collapse(str(write(yaml + published))).published
    assert (dict(each.at), each.metric, dict(each.by_generation), each.source) == (
        {"workflow": "replace"},
        "test_loss",
        {1: 0.05, 4: 0.2},
        "nobody",
    )
    with pytest.raises(RecsynError, match="the axis workflow has no point 'replacing'"):
        load_collapse(str(write(yaml + published.replace("at: {workflow: replace}", "at: {workflow: replacing}"))))


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", COLLAPSES.names)
def test_those_that_ship(name: str, quick: bool) -> None:
    study = load_collapse(name, quick)
    assert study.title
    assert study.about
    assert study.settings
