"""Texts on a page of Markdown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.markdown import table

CELLS = st.text(alphabet="ab |", max_size=6)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_table_has_its_cells_whatever_is_in_them(rows: list[list[str]]) -> None:
    head, rule, *lines = table(rows[0], "lrl", rows[1:]).splitlines()
    assert rule == "|---|---:|---|"
    for line, row in zip([head, *lines], rows, strict=True):
        cells = re.split(r"(?<!\\)\|", line)
        assert (cells[0], cells[-1]) == ("", "")
        assert [cell[1:-1].replace(r"\|", "|") for cell in cells[1:-1]] == row
