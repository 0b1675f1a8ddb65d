"""The pages that explain the diagnostics: each wrong program is refused with the message shown, each right one is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import recsyn
from recsyn import LanguageError, RecsynError
from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.explanations import CODES, explanation

PAGES = Path(__file__).parents[2] / "docs" / "diagnostics"


def programs(section: str, folder: Path) -> list[Path]:
    """The programs of a section, written into files: one alone, or several that say their names."""
    files = []
    for text in re.findall(r"^```rec\n(.*?)^```", section, re.DOTALL | re.MULTILINE):
        named = re.match(r"-- (\S+\.rec)\n", text)
        files.append(folder / (named[1] if named else "main.rec"))
        files[-1].write_text(text)
    return files


def remarks(file: Path) -> list[Diagnostic]:
    try:
        program = recsyn.load(file.name)
    except LanguageError as error:
        return list(error.diagnostics)
    return [*program.checked.warnings, *program.failed_examples(), *program.falsified_properties()]


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_happens(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = explanation(code)
    assert page.startswith(f"# {code}: ")
    wrong, right = re.split(r"^## Right\n", page.partition("\n## Wrong\n")[2], flags=re.MULTILINE)
    found = remarks(programs(wrong, tmp_path)[0])
    assert code in [d.code for d in found]
    [message] = re.findall(r"^```text\n(.*?)^```", wrong, re.DOTALL | re.MULTILINE)
    assert "\n\n".join(d.render() for d in found) + "\n" == message
    assert [d.render() for d in remarks(programs(right, tmp_path)[0])] == []


def test_every_page_is_listed_and_has_a_code() -> None:
    assert {p.stem for p in PAGES.glob("*.md")} == {*CODES, "README"}
    index = (PAGES / "README.md").read_text("utf-8")
    assert re.findall(r"\]\((\S+)\.md\)", index) == list(CODES)
    assert all(explanation(code) == (PAGES / f"{code}.md").read_text("utf-8") for code in CODES)


def test_a_code_that_does_not_exist() -> None:
    with pytest.raises(RecsynError, match="`missing-patterns`"):
        explanation("missing-pattern")
    with pytest.raises(RecsynError, match="the codes are"):
        explanation("zzz")
