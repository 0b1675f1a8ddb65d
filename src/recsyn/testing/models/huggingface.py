"""Hugging Face models as models: greedy answers, and verdicts and losses by one pass over answers that are known."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.testing.models.portions import Portions
from recsyn.testing.models.pretrained import Pretrained, blaming, quietly
from recsyn.testing.models.writing import first_input, written
from recsyn.values import Datum

B = TypeVar("B")
TEMPLATE = "{input}\n"
_NOTHING = -100
_CLOSE = {torch.float32: 1e-4, torch.float64: 1e-9, torch.bfloat16: 0.1}
_CLOSE_OTHERWISE = 0.02
"""Shares of a logit (or of 1, where that is more) by which two computations of it may differ, in another order or batch."""


@dataclass(frozen=True)
class _Pair:
    """The ids of what is read and of a right answer, its end included. ``faithful`` is false where these ids have another text."""

    source: list[int]
    target: list[int]
    faithful: bool


@dataclass(frozen=True, eq=False)
class HuggingFace:
    """A model that is given the task's tokens with blanks between them: as they are where it has an encoder, and inside
    ``template`` where it continues a text, of which only the continuation is read.

    Answers are greedy, whatever the folder says of generation, and cut where positions end, or where they are twice as long as the
    right one and more: it is wrong then, however it would end. An input too long for the model, and one on which its logits are
    not numbers, has no answer. Raises :class:`RecsynError` for a template without ``{input}``.
    """

    pretrained: Pretrained
    task: Task
    template: str = TEMPLATE
    portions: Portions = field(default_factory=Portions)

    def __post_init__(self) -> None:
        if "{input}" not in self.template:
            raise RecsynError("the prompt has no place for the input", "write {input} where the input's tokens belong")

    def check(self) -> None:
        """Ask one question, whatever the answer. Raises :class:`RecsynError` where the model cannot read it."""
        own = self.pretrained
        with blaming(None):
            around = own.bare([self._prompt("")])[0] if own.causal else []
        if own.tokenizer.unk_token_id is not None and own.tokenizer.unk_token_id in around:
            raise RecsynError(
                f"the model's tokenizer does not know all of the prompt {quoted(self.template)}",
                "give the prompt that the model was trained with",
            )
        with blaming(own.folder):
            self([first_input(self.task)])

    def __call__(self, inputs: Sequence[Datum | Line], /) -> list[Answer | Unanswered]:
        """The greedy answer to each input."""
        sources = self._sources([written(self.task, each) for each in inputs])
        limits = self._limits(inputs, sources)
        answers: list[Answer | Unanswered] = [self._too_long(len(source)) for source in sources]
        places = [place for place, limit in enumerate(limits) if limit > 0]
        found = self._by_length(places, sources, lambda some: self._written([sources[p] for p in some], [limits[p] for p in some]))
        for place, answer in zip(places, found, strict=True):
            answers[place] = answer
        return answers

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.bool_]:
        """``bool [n]``: true only where greedy decoding gives exactly the right text. Where two tokens are all but equally likely,
        or the right text can be written by other ids, nothing is said for it: those are written out."""
        right = np.zeros(len(inputs), dtype=np.bool_)
        for place, (likeliest, _) in self._forced(inputs, outputs):
            right[place] = likeliest
        return right

    def losses(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.float64]:
        """``float64 [n]``: the negative log-likelihood, in nats, of each right answer and its end; infinite where the two together
        are too long for the model, or its logits are not numbers."""
        losses = np.full(len(inputs), np.inf)
        for place, (_, loss) in self._forced(inputs, outputs):
            losses[place] = loss
        return losses

    def _sources(self, texts: Sequence[str]) -> list[list[int]]:
        if not self.pretrained.causal:
            return self.pretrained.encode(texts)
        return [self._open(ids) for ids in self.pretrained.encode([self._prompt(text) for text in texts])]

    def _prompt(self, text: str) -> str:
        return self.template.replace("{input}", text)

    def _open(self, ids: list[int]) -> list[int]:
        """The ids of a prompt without the end that a tokenizer may put after every text."""
        return ids[:-1] if self._closes and ids[-1:] == [self.pretrained.eos] else ids

    @property
    def _closes(self) -> bool:
        bare, whole = self.pretrained.bare(["a"])[0], self.pretrained.encode(["a"])[0]
        return whole[-1:] == [self.pretrained.eos] and bare[-1:] != whole[-1:]

    def _limits(self, inputs: Sequence[Datum | Line], sources: Sequence[list[int]]) -> list[int]:
        """How many tokens, the end included, each answer may have; 0 where the input is too long already."""
        values = [each for each in inputs if not isinstance(each, tuple)]
        right = self.pretrained.bare([" ".join(a) for a in self.task.answers(values, self.task.function.of_each(values))])
        enough = iter([2 * len(ids) + 16 for ids in right])
        wanted = [
            4 * len(source) + 64 if isinstance(each, tuple) else next(enough) for each, source in zip(inputs, sources, strict=True)
        ]
        longest = self.pretrained.longest
        if longest is None:
            return wanted
        room = [longest - len(source) for source in sources]
        if not self.pretrained.causal:
            room = [longest if more >= 0 else 0 for more in room]
        return [min(many, max(0, more)) for many, more in zip(wanted, room, strict=True)]

    def _too_long(self, read: int) -> Unanswered:
        return Unanswered("raised", f"the input is {read} tokens of the model's, and it has {self.pretrained.longest} positions")

    def _by_length(self, places: Sequence[int], sources: Sequence[list[int]], work: Callable[[Sequence[int]], list[B]]) -> list[B]:
        """What ``work`` gives for each place, done by like lengths and the longest first, on which memory is spent."""
        order = sorted(range(len(places)), key=lambda i: -len(sources[places[i]]))
        with torch.inference_mode(), self.pretrained.threads():
            done = self.portions.over([places[i] for i in order], work)
        found = dict(zip(order, done, strict=True))
        return [found[i] for i in range(len(places))]

    def _written(self, sources: Sequence[list[int]], limits: Sequence[int]) -> list[Answer | Unanswered]:
        own = self.pretrained
        transformers = importlib.import_module("transformers")
        ids, mask = self._padded(sources, own.pad, before=own.causal)
        width = ids.shape[1] if own.causal else 1
        # All rows are fed as long as one goes on, and none may be fed where it has no position.
        steps = max(limits) if own.longest is None else min(max(limits), own.longest - width)
        watch = _Watch(sorted(own.ends), width, torch.tensor(limits, device=ids.device))
        settings = transformers.GenerationConfig(
            max_new_tokens=steps,
            do_sample=False,
            num_beams=1,
            pad_token_id=own.pad,
            eos_token_id=sorted(own.ends),
            decoder_start_token_id=own.start,
        )
        told = {"generation_config": settings, "logits_processor": transformers.LogitsProcessorList([watch])}
        with quietly(transformers):
            rows = own.model.generate(input_ids=ids, attention_mask=mask, **told)[:, width:].tolist()
        answers = [
            Unanswered("not a number", f"the logits of token {lost + 1} are not numbers")
            if lost >= 0
            else self._answer(row[:limit])
            for row, limit, lost in zip(rows, limits, watch.lost.tolist(), strict=True)
        ]
        # Those that were shorter, and have positions left, are written without the longest.
        open = [place for place, row in enumerate(rows) if limits[place] > steps and own.ends.isdisjoint(row)]
        again = self._written([sources[place] for place in open], [limits[place] for place in open]) if open else []
        for place, answer in zip(open, again, strict=True):
            answers[place] = answer
        return answers

    def _answer(self, ids: list[int]) -> Answer:
        end = next((place for place, id in enumerate(ids) if id in self.pretrained.ends), None)
        return Answer(tuple(self.pretrained.decode(ids[:end]).split()), end is not None)

    def _forced(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> list[tuple[int, tuple[bool, float]]]:
        """For the inputs whose answers fit, by place: whether each token of the right one is clearly likeliest, and its loss."""
        pairs = self._pairs(inputs, outputs)
        longest = self.pretrained.longest
        places = [place for place, pair in enumerate(pairs) if longest is None or self._length(pair) <= longest]
        sources = [pair.source + pair.target for pair in pairs]
        done = self._by_length(places, sources, lambda some: self._judged([pairs[place] for place in some]))
        return list(zip(places, done, strict=True))

    def _length(self, pair: _Pair) -> int:
        read, answered = len(pair.source), len(pair.target)
        return read + answered if self.pretrained.causal else max(read, answered)

    def _pairs(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> list[_Pair]:
        own = self.pretrained
        texts = [written(self.task, self.task.asked(each)) for each in inputs]
        answers = [" ".join(tokens) for tokens in self.task.answers(inputs, outputs)]
        sources, targets = self._sources(texts), self._targets(texts, answers)
        pairs = []
        for source, target, answer in zip(sources, targets, answers, strict=True):
            ids = target[len(source) :] if own.causal and target[: len(source)] == source else None
            if own.causal and ids is None:
                (ids,) = own.bare([answer])
            ids = target if ids is None else ids
            ids = ids if ids[-1:] == [own.eos] else [*ids, own.eos]
            faithful = own.decode(ids[:-1]).split() == answer.split() and own.ends.isdisjoint(ids[:-1])
            pairs.append(_Pair(source, ids, faithful))
        return pairs

    def _targets(self, texts: Sequence[str], answers: Sequence[str]) -> list[list[int]]:
        """The ids of right answers: after what is read, where that goes on as one text."""
        if not self.pretrained.causal:
            return self.pretrained.encode(answers)
        return self.pretrained.encode([self._prompt(text) + answer for text, answer in zip(texts, answers, strict=True)])

    def _judged(self, pairs: Sequence[_Pair]) -> list[tuple[bool, float]]:
        own = self.pretrained
        if own.causal:
            ids, mask = self._padded([pair.source + pair.target[:-1] for pair in pairs], own.pad)
            labels, _ = self._padded([[_NOTHING] * (len(pair.source) - 1) + pair.target for pair in pairs], _NOTHING)
            logits = own.model(input_ids=ids, attention_mask=mask).logits
        else:
            ids, mask = self._padded([pair.source for pair in pairs], own.pad)
            labels, _ = self._padded([pair.target for pair in pairs], _NOTHING)
            begun, _ = self._padded([[own.start, *pair.target[:-1]] for pair in pairs], own.pad)
            logits = own.model(input_ids=ids, attention_mask=mask, decoder_input_ids=begun).logits
        right = _clearly(logits, labels) & torch.tensor([pair.faithful for pair in pairs], device=labels.device)
        return list(zip(right.tolist(), _surprise(logits, labels).tolist(), strict=True))

    def _padded(self, rows: Sequence[list[int]], filler: int, before: bool = False) -> tuple[Tensor, Tensor]:
        """Rows of ids as ``int64 [n, L]``, and where they are no filling, ``int64 [n, L]``."""
        width = max(map(len, rows))
        spare = [[filler] * (width - len(row)) for row in rows]
        ids = [more + row if before else row + more for row, more in zip(rows, spare, strict=True)]
        seen = [
            [0] * len(more) + [1] * len(row) if before else [1] * len(row) + [0] * len(more)
            for row, more in zip(rows, spare, strict=True)
        ]
        return torch.tensor(ids, device=self.pretrained.device), torch.tensor(seen, device=self.pretrained.device)


class _Watch:
    """Sees the logits of every token as it is chosen, and ends rows that have as many tokens as ``limits`` ``int64 [n]`` and rows
    whose logits are not numbers. ``lost`` ``int64 [n]`` is the place of the token at which they were not, else -1."""

    def __init__(self, ends: Sequence[int], width: int, limits: Tensor) -> None:
        self._ends, self._width, self._limits = ends, width, limits
        self.lost = torch.full_like(limits, -1)

    def __call__(self, ids: Tensor, scores: Tensor) -> Tensor:
        written = ids[:, self._width :]
        done = torch.isin(written, torch.tensor(self._ends, device=ids.device)).any(1)
        bad = scores.isnan().any(1) & ~done
        self.lost[bad] = written.shape[1]
        over = bad | (self._limits <= written.shape[1])
        ended = torch.full_like(scores[:1], -torch.inf)
        ended[:, self._ends[0]] = 0
        return torch.where(over[:, None], ended, scores)


def _clearly(logits: Tensor, labels: Tensor) -> Tensor:
    """``bool [n]``: whether each label ``int64 [n, L]`` has the largest of logits ``float [n, L, V]`` by more than rounding."""
    best, places = logits.topk(min(2, logits.shape[-1]), dim=-1)
    share = _CLOSE.get(logits.dtype, _CLOSE_OTHERWISE)
    clear = (best[..., 0] - best[..., -1]) > share * best[..., 0].abs().clamp(min=1)
    return (((places[..., 0] == labels) & clear) | (labels == _NOTHING)).all(1)


def _surprise(logits: Tensor, labels: Tensor) -> Tensor:
    """``float64 [n]``: the negative log-likelihood of the labels, in nats."""
    chances = logits.double().log_softmax(-1)
    own = chances.gather(-1, labels.clamp(min=0)[..., None])[..., 0].masked_fill(labels == _NOTHING, 0)
    return -own.sum(1).nan_to_num(nan=-torch.inf)
