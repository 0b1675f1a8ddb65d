"""A run in LaTeX: what the redex was, underlined, and the rule over an arrow to what it became."""

from __future__ import annotations

from recsyn.lang.printer import Piece
from recsyn.semantics.frames import Run

_SAID = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    " ": r"\ ",
    "…": r"\ldots{}",
    "□": r"$\Box$",
    "→": r"$\to$",
    "·": r"$\cdot$",
    "ε": r"$\varepsilon$",
    "⟦": r"$[\![$",
    "⟧": r"$]\!]$",
    "δ": r"$\delta$",
    "β": r"$\beta$",
    "ι": r"$\iota$",
    "ζ": r"$\zeta$",
    **{c: f"\\{c}" for c in "{}$&#_%"},
    # A pair of these may be one glyph of a font: `--`, `<<`, `?'`.
    **{c: c + "{}" for c in "-'`<>,!?"},
}


def latex(run: Run) -> str:
    """The run as a display of ``amsmath``, a line for every term. Characters outside ASCII that have no name in LaTeX stand there
    as the language escapes them."""
    lines = []
    for frame in run.frames():
        arrow = f"\\xrightarrow{{\\,\\text{{{escaped(frame.rule)}}}\\,}}{{}} " if frame.rule else ""
        lines.append(f"  {arrow}& {''.join(map(_stretch, frame.text))}")
    needs = "% \\usepackage{amsmath,amssymb}; \\allowdisplaybreaks lets it run over pages."
    return "\n".join([needs, r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"])


def _stretch(piece: Piece) -> str:
    text, marked = piece
    said = f"\\texttt{{{escaped(text)}}}"
    return f"\\underline{{{said}}}" if marked else said


def escaped(text: str) -> str:
    """Text as it is written in LaTeX's text mode, whatever characters it holds."""
    return "".join(_SAID.get(c) or (c if " " < c < "\x7f" else rf"\textbackslash{{}}u\{{{ord(c):x}\}}") for c in text)
