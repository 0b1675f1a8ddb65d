"""What all pages of HTML have in common: each is one file that needs nothing else, and may run no script but its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from recsyn.errors import extra
from recsyn.semantics.stepper import digest

if TYPE_CHECKING:
    from jinja2 import Template


def template(text: str, words: Mapping[str, Callable[..., Any]]) -> Template:
    """Of a page: ``text`` extends ``page.html`` and has its blocks ``style`` and ``body``. It is rendered with a ``title``,
    a ``script``, and whatever it speaks of itself; ``words`` are its filters and functions. Raises :class:`MissingExtra` without
    the packages of the extra ``report``."""
    with extra("an HTML report", "report"):
        import jinja2
        import matplotlib  # noqa: F401
    shared = jinja2.DictLoader({name: file("recsyn.testing", name) for name in ("page.html", "page.css")})
    environment = jinja2.Environment(
        loader=shared, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {**words, "digest": digest}
    environment.globals |= words
    return environment.from_string(text)


def file(package: str, name: str) -> str:
    """A text that travels in a package."""
    return files(package).joinpath(name).read_text("utf-8")
