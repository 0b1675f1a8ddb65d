"""A task: a function, a way to write its inputs and outputs as tokens, and the distribution that inputs are drawn from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsyn.data.codecs import Codec, codec_for
from recsyn.data.distributions import Distribution, Sampler, distribution_from_config
from recsyn.data.features import Columns, features
from recsyn.data.space import Alphabet, Space, space_of, types_within
from recsyn.data.vocabulary import END, START, Vocabulary
from recsyn.errors import RecsynError
from recsyn.lang.checker import check
from recsyn.lang.source import Source
from recsyn.lang.types import ARROW, INT, Type, TypeConstant, substitute, variables_of
from recsyn.semantics.function import Function
from recsyn.semantics.reference import Reference
from recsyn.values import Datum

_FIELDS = ("name", "program", "source", "function", "input", "output", "integers", "characters", "distribution")


@dataclass(frozen=True, eq=False)
class Task:
    """Everything a data set is made from. ``input`` and ``output`` name codecs."""

    name: str
    function: Function
    input: str
    output: str
    distribution: Distribution
    alphabet: Alphabet = field(default_factory=Alphabet)

    def __post_init__(self) -> None:
        if len(self.function.parameters) != 1:
            raise RecsynError(
                f"{self.function.name} takes {len(self.function.parameters)} arguments, and the function of a task takes one",
                "write a function of a tuple that calls it",
            )
        for type in types_within(self.output_type, self.function.program.datatypes):
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
    def input_codec(self) -> Codec:
        return codec_for(self.input, self.space.type, self.space.datatypes, self.alphabet)

    @cached_property
    def output_codec(self) -> Codec:
        return codec_for(self.output, self.output_type, self.space.datatypes, self.alphabet)

    @property
    def output_type(self) -> Type:
        """The type of outputs, variables taken for ``Int``."""
        return substitute(self.function.result, dict.fromkeys(variables_of(self.function.result), INT))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of([*self.input_codec.tokens, *self.output_codec.tokens])

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

    def encode_source(self, inputs: Sequence[Datum]) -> NDArray[np.int32]:
        """``int32 [n, L]``: the tokens of each input, the end, padding."""
        encode = self.vocabulary.encode
        return padded([[*encode(self.input_codec.encode(v)), END] for v in inputs])

    def encode_target(self, outputs: Sequence[Datum]) -> NDArray[np.int32]:
        """``int32 [n, L]``: the start, the tokens of each output, the end, padding."""
        encode = self.vocabulary.encode
        return padded([[START, *encode(self.output_codec.encode(v)), END] for v in outputs])

    def features(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> Columns:
        """The structural features of inputs and their right outputs, each ``int64 [n]``."""
        lengths = [len(self.input_codec.encode(v)) for v in inputs]
        return features(self.space, inputs, lengths, [len(self.output_codec.encode(v)) for v in outputs])

    def with_distribution(self, distribution: Distribution) -> Task:
        return replace(self, distribution=distribution)

    def to_config(self) -> dict[str, Any]:
        """The task as JSON-able data, the program's text within, from which :func:`task_from_config` makes it again."""
        return {
            "name": self.name,
            "program": self.function.program.source.name,
            "source": self.program_source,
            "function": self.function.name,
            "input": self.input,
            "output": self.output,
            "integers": [self.alphabet.integers[0], self.alphabet.integers[-1]],
            "characters": "".join(self.alphabet.characters),
            "distribution": self.distribution.to_config(),
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
            near = difflib.get_close_matches(str(name), _FIELDS, n=1)
            raise RecsynError(
                f"a task has no field {name!r}", f"did you mean {near[0]!r}?" if near else f"its fields are {', '.join(_FIELDS)}"
            )
    texts: dict[str, str] = {
        "name": "task",
        "program": "program.rec",
        "input": "prefix",
        "output": "prefix",
        "characters": "abcdefghij",
    }
    for name in ("name", "program", "source", "function", "input", "output", "characters"):
        value = config.get(name, texts.get(name))
        if not isinstance(value, str) or not value:
            raise RecsynError(f"the task's {name!r} is {value!r}, not a text" if name in config else f"the task has no {name!r}")
        texts[name] = _encodable(name, value)
    program = check(Source(texts["program"], texts["source"]))
    if texts["function"] not in program.definitions:
        near = difflib.get_close_matches(texts["function"], program.definitions, n=1)
        raise RecsynError(
            f"{texts['program']} defines no function {texts['function']!r}", f"did you mean {near[0]!r}?" if near else None
        )
    task = Task(
        name=texts["name"],
        function=Function(program, texts["function"], Reference(program)),
        input=texts["input"],
        output=texts["output"],
        distribution=distribution_from_config(config.get("distribution")),
        alphabet=Alphabet(_integers(config.get("integers", [0, 9])), tuple(dict.fromkeys(texts["characters"]))),
    )
    # What cannot be drawn or written down is refused here, before anything is made of it.
    _ = task.sampler, task.vocabulary
    return task


def _encodable(name: str, text: str) -> str:
    """JSON can hold halves of characters, which no file and no hash can."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise RecsynError(f"the task's {name!r} holds half a character (a surrogate), which is no text")
    return text


def _integers(value: Any) -> tuple[int, ...]:
    whole = (
        isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    )
    if not whole or not value[0] <= value[1] < value[0] + 100_000:
        raise RecsynError(f"`integers` is {value!r}, not a pair of whole numbers [least, greatest]")
    return tuple(range(value[0], value[1] + 1))


def padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Rows of different lengths as one array ``int32 [n, longest]``, zeros (padding) after each."""
    array = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int32)
    for index, row in enumerate(rows):
        array[index, : len(row)] = row
    return array
