"""A run in a notebook: its terms one under another, each with the rule that led to it, what is reduced next marked."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from recsyn.semantics.frames import Frame

_CSS = (
    ".recsyn-run table{border-collapse:collapse;margin:.3em 0}"
    ".recsyn-run td{text-align:left!important;vertical-align:baseline;padding:.15em .8em .15em 0;background:none!important}"
    ".recsyn-run td+td{font-family:ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap!important;overflow-wrap:anywhere}"
    ".recsyn-run td:first-child{white-space:nowrap;font-weight:600}"
    ".recsyn-run mark{background:rgba(222,170,20,.28);color:inherit;border-bottom:2px solid rgba(190,140,10,.9)}"
    ".recsyn-run caption{text-align:left;opacity:.7;caption-side:top}"
)


def run_as_html(title: str, frames: Iterable[Frame], left_out: int = 0) -> str:
    """A fragment that needs nothing else. Where frames are left out, they stand before the last one of those given."""
    rows = [_row(escape(frame.rule), "".join(_stretch(*piece) for piece in frame.text)) for frame in frames]
    if left_out:
        rows.insert(-1, _row("", f'<span style="opacity:.65">… {left_out:,} more</span>'))
    return f'<div class="recsyn-run"><style>{_CSS}</style><table><caption>{escape(title)}</caption>{"".join(rows)}</table></div>'


def _row(rule: str, said: str) -> str:
    return f"<tr><td>{rule}</td><td>{said}</td></tr>"


def _stretch(text: str, marked: bool) -> str:
    return f"<mark>{escape(text)}</mark>" if marked else escape(text)
