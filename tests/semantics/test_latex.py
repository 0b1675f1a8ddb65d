"""A reduction for LaTeX: its exact text, and that no character of a program means anything to TeX."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

import recsyn
from recsyn.semantics.latex import escaped, latex


def test_the_successor_of_three(successor: recsyn.Program) -> None:
    text = latex(successor.trace("succ (XI One)"))
    assert text.splitlines()[1:5] == [
        r"\begin{align*}",
        r"  & \underline{\texttt{succ\ (XI\ One)}} \\",
        r"  \xrightarrow{\,\text{$\delta$}\,}{} & \underline{\texttt{(fn\ n\ =>{}\ \ldots{})\ (XI\ One)}} \\",
        r"  \xrightarrow{\,\text{$\beta$}\,}{} & \underline{\texttt{match\ XI\ One\ with\ \ldots{}\ end}} \\",
    ]
    assert text.splitlines()[-2:] == [
        r"  \xrightarrow{\,\text{$\iota$}\,}{} & \texttt{XO\ (XO\ One)}",
        r"\end{align*}",
    ]


WORDS = {
    "textbackslash{}": "\\", "textasciicircum{}": "^", "textasciitilde{}": "~", "ldots{}": "…",
    "delta": "δ", "beta": "β", "iota": "ι", "zeta": "ζ", "to": "→", "Box": "□", "cdot": "·", "varepsilon": "ε", " ": " ",
}  # fmt: skip


def read_back(text: str) -> str:
    """What TeX would set, for the little that is used of it."""
    text = re.sub(r"\\textbackslash\{\}u\\\{([0-9a-f]+)\\\}", lambda m: chr(int(m[1], 16)), text)
    text = text.replace(r"$[\![$", "⟦").replace(r"$]\!]$", "⟧")
    text = re.sub(r"\$\\(delta|beta|iota|zeta|to|Box|cdot|varepsilon)\$", lambda m: WORDS[m[1]], text)
    text = re.sub(
        r"\\(textbackslash\{\}|textasciicircum\{\}|textasciitilde\{\}|ldots\{\}| )", lambda m: WORDS[m[1]] + "\ue000", text
    )
    text = text.replace("\ue000", "")
    return re.sub(r"\\([{}$&#_%])", r"\1", re.sub(r"(?<=[-'`<>,!?])\{\}", "", text))


@given(st.text(st.characters(exclude_characters="\\\ue000", exclude_categories=["Cs"])))
def test_text_is_set_as_it_is(text: str) -> None:
    assert read_back(escaped(text)) == text
    assert escaped(text).isascii()


@given(st.text())
def test_no_character_means_anything_to_tex(text: str) -> None:
    """What is left once everything that is escaped is taken away is harmless, and every brace has its other."""
    left = re.sub(
        r"\\(textbackslash|textasciicircum|textasciitilde|ldots)\{\}|\$(\\(delta|beta|iota|zeta|to|Box|cdot|varepsilon)|\[\\!\[|\]\\!\])\$",
        "",
        escaped(text),
    )
    left = re.sub(r"\\[{}$&#_% ]", "", left).replace("{}", "")
    assert not set(left) & set("\\{}$&#_%^~ \n")


def test_rules_that_tex_would_read(successor: recsyn.Program) -> None:
    text = latex(successor.trace("7 % 2 == 1 && True"))
    assert r"\text{\%}" in text
    assert r"\text{\&\&}" in text
