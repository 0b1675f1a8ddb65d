"""What options may be."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

import yaml

from recsyn.errors import RecsynError

_MOST_DIGITS = 18
_MOST_ROWS = 10**12


class Parser(ArgumentParser):
    """A parser that also takes families of options, ``--FAMILY.KEY VALUE`` for whatever key. argparse wants every option named
    beforehand, so those that the words name are, before the words are read."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._families: dict[str, str] = {}
        self._named: set[str] = set()

    def add_family(self, prefix: str, dest: str, title: str, help: str) -> None:
        """Take every option that begins with ``prefix``, and give it a title of its own in the help: ``dest`` becomes a mapping of
        what follows the prefix to the value that was given."""
        self._families[prefix] = dest
        self._named.add(f"{prefix}KEY")
        self.add_argument_group(title).add_argument(
            f"{prefix}KEY", action=_Keyed, const=prefix, default={}, dest=dest, metavar="VALUE", help=help
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        for word in args or ():
            option = word.partition("=")[0]
            for prefix, dest in self._families.items():
                if option.startswith(prefix) and option not in self._named:
                    self.add_argument(option, action=_Keyed, const=prefix, default=SUPPRESS, dest=dest, help=SUPPRESS)
                    self._named.add(option)
        return super().parse_known_args(args, namespace)


class _Keyed(Action):
    """An option of a family; ``const`` is what it has before its key."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None) -> None:
        assert option_string is not None
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), option_string.removeprefix(self.const): values})


def positive(text: str) -> int:
    """A whole number from 1 up."""
    number = whole(text)
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number


def whole(text: str) -> int:
    """A whole number from 0 up."""
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    if len(text) > _MOST_DIGITS:
        raise ArgumentTypeError(f"a number of {len(text):,} digits is more than the {_MOST_DIGITS} that are read")
    return int(text)


def seconds(text: str) -> float:
    """A time above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return number


def row_count(text: str) -> int:
    """A number of rows, from 1 up."""
    number = positive(text)
    if number > _MOST_ROWS:
        raise ArgumentTypeError(f"{number:,} rows are more than the {_MOST_ROWS:,} that are made at most")
    return number


def from_yaml(option: str, text: str) -> Any:
    """The value of an option, read as YAML. Raises :class:`RecsynError` for one that is none."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError):
        # PyYAML lets through what Python says of a date that is none, and the like.
        raise RecsynError(f"the value of {option} is not YAML", "put a text with signs in it between quotes") from None
