"""A task: a function, what is asked of it, a way to write its inputs and outputs as tokens, and the distribution that inputs are
drawn from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsyn.data.answers import Mistake
from recsyn.data.codecs import Codec, codec_for
from recsyn.data.distributions import Distribution, Sampler, distribution_from_config
from recsyn.data.features import OF_ANSWERS, Columns, Feature, features
from recsyn.data.growing import Growth, TooManyWays, growth
from recsyn.data.questions import MOST_ROUNDS, AskedNext, Line, Question, mistake, question_for
from recsyn.data.shifting import ShiftedCodec, ShiftedQuestion
from recsyn.data.space import Alphabet, Space, checked_types_within, space_of
from recsyn.data.splits import Division, Splits, splits_from_config
from recsyn.data.vocabulary import END, START, Vocabulary
from recsyn.errors import RecsynError, quoted
from recsyn.lang import core
from recsyn.lang.checker import check
from recsyn.lang.diagnostics import nearest
from recsyn.lang.source import Source
from recsyn.lang.types import ARROW, INT, Type, TypeConstant, substitute, variables_of
from recsyn.semantics.function import Function
from recsyn.semantics.reference import Reference
from recsyn.values import Datum

_FIELDS = (
    "name",
    "program",
    "source",
    "imports",
    "function",
    "input",
    "output",
    "integers",
    "characters",
    "labels",
    "padding",
    "distribution",
    "splits",
    "asks",
    "rounds",
)
_FIRST = 8
"""Smallest inputs on which a task has to have an answer."""

_MOST_PADDING = 10_000
_MOST_INTEGERS = 100_000


@dataclass(frozen=True, eq=False)
class Task:
    """Everything a data set is made from. ``function`` takes one argument (:attr:`Function.of_tuple` makes one of several);
    ``input`` and ``output`` name codecs, ``asks`` one of :data:`~recsyn.data.questions.QUESTIONS`, ``rounds`` how many of them;
    ``padding`` is how many blanks may stand before an input (:mod:`recsyn.data.shifting`)."""

    name: str
    function: Function
    input: str
    output: str
    distribution: Distribution
    alphabet: Alphabet = field(default_factory=Alphabet)
    splits: Splits = field(default_factory=Splits)
    asks: str = "value"
    rounds: int | None = None
    padding: int = 0
    own_features: tuple[Feature, ...] = ()

    def __post_init__(self) -> None:
        if len(self.function.parameters) != 1:
            raise RecsynError(
                f"{self.function.name} takes {len(self.function.parameters)} arguments, and the function of a task takes one",
                "give its `of_tuple`, the same function of one tuple" if self.function.parameters else None,
            )
        for type in checked_types_within(self.output_type, self.function.program.datatypes):
            if isinstance(type, TypeConstant) and type.name == ARROW:
                raise RecsynError(f"{self.function.name} gives functions, which no sequence of tokens writes")

    @property
    def program_source(self) -> str:
        return self.function.program.source.text

    @property
    def program_hash(self) -> str:
        """SHA-256 of the program's text and of those that it imports, in hexadecimal."""
        return sha256("\0".join(source.text for source in self.function.program.sources).encode()).hexdigest()

    @cached_property
    def space(self) -> Space:
        """All inputs of the function."""
        function = self.function
        shape = function.shape if function.shape and function.shape.position == 0 else None
        return space_of(function.parameters[0], function.program.datatypes, self.alphabet, shape)

    @cached_property
    def sampler(self) -> Sampler:
        return Sampler(self.distribution, self.space)

    @cached_property
    def growth(self) -> Growth | None:
        """The tables that rows are grown from; ``None`` where there are none, or too large ones, and the sampler draws rows."""
        starts = self.sampler.starts()
        try:
            return None if starts is None else growth(self.space.grammar, starts)
        except TooManyWays:
            return None

    @cached_property
    def division(self) -> Division:
        """Which split each input belongs to."""
        return Division(self.splits, self.space, self._facts)

    def _facts(self, inputs: Sequence[Datum]) -> Columns:
        """The features that groups go by, and perhaps others."""
        if self.groups_go_by_answers:
            return self.features(inputs, self.function.of_each(inputs))
        unknown = [0] * len(inputs)
        return features(self.space, inputs, unknown, unknown, self.function.program, self.own_features)

    @cached_property
    def groups_go_by_answers(self) -> bool:
        """Whether a group speaks of how long the right answer is: then it has to be worked out before its input is taken."""
        return not self.splits.features.isdisjoint(OF_ANSWERS)

    def drawn_for(self, split: str) -> Task:
        """The task whose distribution the inputs of a split are drawn from: this one, but for groups with one of their own. Raises
        :class:`RecsynError` for a name that is neither a split nor a group."""
        self.splits.check(split)
        return self._groups.get(split, self)

    @cached_property
    def _groups(self) -> dict[str, Task]:
        """A task for each group that has its own distribution."""
        return {g.name: self.with_distribution(g.distribution) for g in self.splits.groups if g.distribution is not None}

    @cached_property
    def input_codec(self) -> Codec:
        plain = self._plain_input_codec
        return ShiftedCodec(plain, self.padding) if self.padding else plain

    @cached_property
    def _plain_input_codec(self) -> Codec:
        return codec_for(self.input, self.space.type, self.space.datatypes, self.alphabet)

    @cached_property
    def output_codec(self) -> Codec:
        return codec_for(self.output, self.output_type, self.space.datatypes, self.alphabet)

    @property
    def output_type(self) -> Type:
        """The type of outputs, variables taken for ``Int``."""
        return substitute(self.function.result, dict.fromkeys(variables_of(self.function.result), INT))

    @cached_property
    def question(self) -> Question:
        plain = self._plain_question
        return ShiftedQuestion(plain, self.input_codec) if isinstance(self.input_codec, ShiftedCodec) else plain

    @cached_property
    def _plain_question(self) -> Question:
        input, output = self._plain_input_codec, self.output_codec
        return question_for(self.asks, self.rounds, self.function, input, output, self.space.datatypes)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of([*self.input_codec.tokens, *self.question.tokens])

    @cached_property
    def _longest(self) -> tuple[int, int]:
        """The longest rows seen among draws of the distribution: a bound is not known for every codec and function."""
        from recsyn.data.rows import generate

        rows = generate(self, 512, seed=0)
        return rows.source.shape[1], rows.target.shape[1]

    @property
    def max_source_length(self) -> int:
        """The length of the longest source row among 512 drawn ones, its end included."""
        return self._longest[0]

    @property
    def max_target_length(self) -> int:
        """The length of the longest target row among 512 drawn ones, start and end included."""
        return self._longest[1]

    @property
    def asks_of_lines(self) -> bool:
        """Whether what a model is given is a line of a reduction, and no input."""
        return self.asks == "next"

    @property
    def emulates(self) -> bool:
        """Whether a model of it can be run to the end of a whole evaluation: one of a step, of a round, of the next line or of all
        lines."""
        return self.asks in ("step", "next", "trace") or (self.asks == "rounds" and self.rounds == 1)

    def asked(self, input: Datum) -> Datum | Line:
        """What a model is asked about for an input: the input itself, or a line of the reduction on it."""
        return tuple(self.question.given(input)) if self.asks_of_lines else input

    def lines(self, input: Datum) -> list[Line]:
        """The lines of the function's reduction on an input, from the call to the value, as a model reads and writes them. Raises
        :class:`RecsynError` where the task does not ask for the next one."""
        asked, codec = self._plain_question, self.input_codec
        if not isinstance(asked, AskedNext):
            raise RecsynError(f"{self.name} asks for {self.asks}, and not for the next line", "make it one with `asks: next`")
        blanks = codec.blanks(input) if isinstance(codec, ShiftedCodec) else []
        return [(*blanks, *line) for line in asked.lines(input)]

    def encode_source(self, asked: Sequence[Datum | Line]) -> NDArray[np.int32]:
        """``int32 [n, L]``: the tokens that are given for each input, or a line as it stands, the end, padding."""
        encode, given = self.vocabulary.encode, self.question.given
        return padded([[*encode(each if isinstance(each, tuple) else given(each)), END] for each in asked])

    def answers(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> list[list[str]]:
        """The tokens of the right answer to each of n inputs; ``outputs`` are the function's values on them."""
        answer = self.question.answer
        return [answer(input, output) for input, output in zip(inputs, outputs, strict=True)]

    def mistake(self, input: Datum, tokens: Sequence[str]) -> Mistake | None:
        """Where an answer to an input goes wrong, and why; ``None`` where it is right."""
        return mistake(self.question, input, self.function(input), tokens)

    def encode_target(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.int32]:
        """``int32 [n, L]``: the start, the tokens of the right answer to each input, the end, padding."""
        encode = self.vocabulary.encode
        return padded([[START, *encode(tokens), END] for tokens in self.answers(inputs, outputs)])

    def features(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> Columns:
        """The structural features of inputs and of the right answers to them, each ``int64 [n]``."""
        lengths = [len(self.question.given(v)) for v in inputs]
        answers = [len(tokens) for tokens in self.answers(inputs, outputs)]
        return features(self.space, inputs, lengths, answers, self.function.program, self.own_features)

    def with_distribution(self, distribution: Distribution) -> Task:
        return replace(self, distribution=distribution)

    def to_config(self) -> dict[str, Any]:
        """The task as JSON-able data, the program's text within, from which :func:`task_from_config` makes it again."""
        splits = {} if self.splits == Splits() else {"splits": self.splits.to_config()}
        asks = {} if self.asks == "value" else {"asks": self.asks}
        rounds = {} if self.rounds is None else {"rounds": self.rounds}
        files = self.function.program.files
        return {
            "name": self.name,
            "program": self.function.program.source.name,
            "source": self.program_source,
            "function": core.spelled(self.function.name),
            "input": self.input,
            "output": self.output,
            "integers": [self.alphabet.integers[0], self.alphabet.integers[-1]],
            "characters": "".join(self.alphabet.characters),
            **({"imports": files} if files else {}),
            **({"labels": "distinct"} if self.alphabet.distinct else {}),
            **({"padding": self.padding} if self.padding else {}),
            "distribution": self.distribution.to_config(),
            **splits,
            **asks,
            **rounds,
        }

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Task:
        """The task that a configuration describes. Raises :class:`RecsynError` naming what is wrong in it."""
        return task_from_config(config)


def task_from_config(config: Any) -> Task:
    """The task that a configuration describes, its program's text in ``source``. Raises :class:`RecsynError`."""
    if not isinstance(config, Mapping):
        raise RecsynError("a task is a mapping of names to values", f"its fields are {', '.join(_FIELDS)}")
    for name in config:
        if name not in _FIELDS:
            near = nearest(name, _FIELDS) if isinstance(name, str) else None
            raise RecsynError(f"a task has no field {quoted(name)}", near or f"its fields are {', '.join(_FIELDS)}")
    texts: dict[str, str] = {
        "name": "task",
        "program": "program.rec",
        "input": "prefix",
        "output": "prefix",
        "characters": "abcdefghij",
        "asks": "value",
    }
    for name in ("name", "program", "source", "function", "input", "output", "characters", "asks"):
        value = config.get(name, texts.get(name))
        if not isinstance(value, str) or not value:
            raise RecsynError(
                f"the task's {name!r} is {quoted(value)}, not a text" if name in config else f"the task has no {name!r}"
            )
        texts[name] = _encodable(name, value)
    program = check(Source(texts["program"], texts["source"], files=_files(config.get("imports"))))
    if texts["function"] not in program.definitions:
        near = nearest(texts["function"], program.own) or nearest(texts["function"], program.definitions)
        raise RecsynError(f"{texts['program']} defines no function {texts['function']!r}", near)
    if any(c.isspace() for c in texts["characters"]):
        raise RecsynError("the task's 'characters' hold white space, which stands between tokens", "leave it out")
    task = Task(
        name=texts["name"],
        function=Function(program, texts["function"], Reference(program)).of_tuple,
        input=texts["input"],
        output=texts["output"],
        distribution=distribution_from_config(config.get("distribution")),
        alphabet=Alphabet(
            _integers(config.get("integers", [0, 9])), tuple(dict.fromkeys(texts["characters"])), _distinct(config.get("labels"))
        ),
        splits=splits_from_config(config.get("splits")),
        asks=texts["asks"],
        rounds=_rounds(config.get("rounds")),
        padding=_padding(config.get("padding", 0)),
    )
    # What cannot be drawn or written down is refused here, before anything is made of it.
    _ = task.sampler, task.vocabulary
    if task.asks != "value":
        smallest = list(task.space.smallest(_FIRST))
        _ = task.answers(smallest, task.function.of_each(smallest))
    _check_groups(task)
    return task


def _check_groups(task: Task) -> None:
    """Raise :class:`RecsynError` for a group whose predicate speaks of what inputs do not have, or that has nothing to draw."""
    if not task.splits.groups:
        return
    smallest = list(task.space.smallest(1))
    known = list(task.features(smallest, task.function.of_each(smallest)))
    for group in task.splits.groups:
        try:
            group.where.check(known)
            _ = task.drawn_for(group.name).sampler
        except RecsynError as error:
            raise RecsynError(f"in the group {group.name!r}: {error.message}", error.hint) from None


def _files(value: Any) -> dict[str, str]:
    """The files that the program imports."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for item in value.items() for part in item):
        raise RecsynError(f"`imports` is {quoted(value)}, not a mapping of the names of files to their texts")
    return {_encodable("imports", os.path.normpath(name)): _encodable("imports", text) for name, text in value.items()}


def _encodable(name: str, text: str) -> str:
    """JSON can hold halves of characters, which no file and no hash can."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise RecsynError(f"the task's {name!r} holds half a character (a surrogate), which is no text")
    return text


def _rounds(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_ROUNDS):
        raise RecsynError(f"`rounds` is {quoted(value)}, not a whole number from 1 to {MOST_ROUNDS:,}")
    return value


def _distinct(value: Any) -> bool:
    """Whether no label comes twice in an input."""
    if value not in (None, "repeated", "distinct"):
        near = nearest(value, ("repeated", "distinct")) if isinstance(value, str) else None
        raise RecsynError(f"the labels of an input are not {quoted(value)}", near or "`labels` are `repeated` or `distinct`")
    return bool(value == "distinct")


def _padding(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_PADDING:
        raise RecsynError(f"`padding` is {quoted(value)}, not a whole number from 0 to {_MOST_PADDING:,}")
    return value


def _integers(value: Any) -> tuple[int, ...]:
    whole = (
        isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    )
    if not whole or not value[0] <= value[1] < value[0] + _MOST_INTEGERS:
        raise RecsynError(
            f"`integers` is {quoted(value)}, not a pair of whole numbers [least, greatest]",
            f"there may be {_MOST_INTEGERS:,} of them at most",
        )
    return tuple(range(value[0], value[1] + 1))


def padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Rows of different lengths as one array ``int32 [n, longest]``, zeros (padding) after each."""
    array = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int32)
    for index, row in enumerate(rows):
        array[index, : len(row)] = row
    return array
