"""The functions, and the models that are one of them with a bug in it: what ``catalogue.yaml`` and the programs beside it say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeAlias, get_args

import yaml

import recsyn
from recsyn.data.configurations import Configuration
from recsyn.data.experiments import experiment_of
from recsyn.data.randomness import stream
from recsyn.data.tasks import Task
from recsyn.values import Datum

FOLDER = Path(__file__).parent
Kind = Literal["blatant", "moderate", "rare", "very rare", "deep", "conjunction", "hashed", "random"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Answering: TypeAlias = Callable[[Sequence[Datum]], list[Any]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A function with the task that is made of it. Its models are tested on inputs of up to ``tested`` constructors, which may be
    more than the task draws."""

    task: Task
    tested: int
    folder: Path

    @property
    def name(self) -> str:
        return self.task.name

    def program(self, file: str) -> Answering:
        """The model that a program in its folder is."""
        return recsyn.load(str(self.folder / file))[self.name].of_tuple.of_each

    def value(self, text: str) -> Datum:
        """The input that an expression of the language is."""
        return recsyn.load(str(self.folder / "right.rec")).value(text)


@dataclass(frozen=True, eq=False)
class Planted:
    """A model that is a subject's function with a bug, which ``sentence`` tells. ``smallest`` is the first failing input in
    :func:`~recsyn.testing.shrinking.order`; ``rate`` the share of wrong answers where sizes up to what is tested are each as
    likely. Bugs of the kind ``random`` come and go from call to call, so that no input is the smallest that fails."""

    subject: Subject
    name: str
    kind: Kind
    sentence: str
    rate: float
    smallest: Datum | None

    def __str__(self) -> str:
        return f"{self.subject.name}: {self.name}"

    def model(self) -> Answering:
        """The model, which where there is chance in it begins anew."""
        if self.kind != "random":
            return self.subject.program(f"bug-{self.name}.rec")
        return _at_times(self.subject, self.rate, stream("planted", str(self)))


@dataclass(frozen=True, eq=False)
class Correct:
    """A model of a subject in which there is nothing to find: a program, which answers with values or with their tokens."""

    subject: Subject
    file: str
    tokens: bool = False

    def __str__(self) -> str:
        return f"{self.subject.name}: {self.file.removesuffix('.rec')}{', as tokens' if self.tokens else ''}"

    def model(self) -> Answering:
        answers = self.subject.program(self.file)
        if not self.tokens:
            return answers
        encode = self.subject.task.output_codec.encode
        return lambda inputs: [" ".join(encode(output)) for output in answers(inputs)]


@cache
def subjects() -> Mapping[str, Subject]:
    """The functions by name."""
    return {name: _subject(name, entry) for name, entry in _entries().items()}


@cache
def planted() -> tuple[Planted, ...]:
    """All models with a bug."""
    return tuple(
        Planted(
            subject,
            name,
            bug["kind"],
            bug["sentence"] if bug["kind"] == "random" else _sentence(subject.folder / f"bug-{name}.rec"),
            bug["rate"],
            None if bug["kind"] == "random" else subject.value(bug["smallest"]),
        )
        for subject in subjects().values()
        for name, bug in (_entries()[subject.name]["bugs"] or {}).items()
    )


@cache
def correct() -> tuple[Correct, ...]:
    """All models without one: every function, other programs for it, and their answers as tokens."""
    return tuple(
        Correct(subject, file.removesuffix(" as tokens"), file.endswith(" as tokens"))
        for subject in subjects().values()
        for file in _entries()[subject.name]["correct"]
    )


@cache
def _entries() -> Mapping[str, Any]:
    entries: Mapping[str, Any] = yaml.safe_load((FOLDER / "catalogue.yaml").read_text("utf-8"))
    return entries


def _subject(name: str, entry: Mapping[str, Any]) -> Subject:
    folder = FOLDER / name
    task = dict(entry["task"])
    drawn = {"kind": "uniform", "sizes": task.pop("sizes")}
    config = {"name": name, "program": "right.rec", "function": name, "distribution": drawn, **task}
    return Subject(experiment_of(Configuration({"task": config}, folder / "task.yaml")).task, entry["tested"], folder)


def _sentence(file: Path) -> str:
    """The comment at the head of a program."""
    return " ".join(_head(file.read_text("utf-8").splitlines()))


def _head(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("-- "):
            return
        yield line.removeprefix("-- ")


def _at_times(subject: Subject, rate: float, chance: Random) -> Answering:
    """The function, but for a share of its calls, chosen without regard to the input, that answer with a token too many."""
    right, codec = subject.task.function.of_each, subject.task.output_codec

    def model(inputs: Sequence[Datum]) -> list[Any]:
        written = [codec.encode(output) for output in right(inputs)]
        return [[*tokens, codec.tokens[0]] if chance.random() < rate else tokens for tokens in written]

    return model
