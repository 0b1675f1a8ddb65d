"""Small random models of Hugging Face's, held against a decoding of one row and one token at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import tokenizers
import torch
import transformers

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.huggingface import HuggingFace, _clearly
from recsyn.testing.models.opening import open_model
from recsyn.testing.models.portions import Portions
from recsyn.testing.models.pretrained import check_tokens, load_pretrained
from recsyn.testing.models.writing import written
from recsyn.testing.verdicts import Graded, Judge, examine
from recsyn.values import Datum, Value

pytestmark = pytest.mark.usefixtures("one_thread")

PAD, EOS, UNK = 0, 1, 2
TOKENS = ("X0", "X1", "01")
KINDS = ("t5", "gpt2", "bart")
SEEDS = {"t5": 11, "gpt2": 6, "bart": 12}
"""With these, answers end, and are not all the same."""
Making = Callable[..., Path]


def tokenizer(tokens: Sequence[str] = TOKENS, **special: str) -> Any:
    """A tokenizer that knows these tokens, between blanks."""
    names = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", **special}
    words = {token: place for place, token in enumerate(["<pad>", "</s>", "<unk>", *tokens])}
    core = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    core.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **{k: v for k, v in names.items() if v})


def network(kind: str, vocabulary: int, positions: int) -> Any:
    torch.manual_seed(SEEDS[kind])
    small = {"vocab_size": vocabulary, "pad_token_id": PAD, "eos_token_id": EOS, "bos_token_id": None}
    if kind == "t5":
        shape = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "initializer_factor": 6.0}
        model = transformers.T5ForConditionalGeneration(transformers.T5Config(**small, **shape, decoder_start_token_id=PAD))
    elif kind == "bart":
        sizes = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in (("layers", 1), ("attention_heads", 2))}
        sizes |= {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "init_std": 1.0}
        told = {"max_position_embeddings": positions, "decoder_start_token_id": EOS, "forced_eos_token_id": None}
        model = transformers.BartForConditionalGeneration(transformers.BartConfig(**small, **sizes, **told))
    else:
        shape = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": positions, "initializer_range": 1.0}
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**small, **shape))
    with torch.no_grad():
        # Nothing is as likely as what has a meaning, so that answers can be written as tokens.
        model.get_output_embeddings().weight[[PAD, UNK]] = 0
    return model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """The folder of a small random model."""
    kept: dict[tuple[str, int], Path] = {}

    def of(kind: str, positions: int = 64) -> Path:
        if (kind, positions) not in kept:
            folder = tmp_path_factory.mktemp(kind)
            transformers.utils.logging.set_verbosity_error()
            network(kind, 3 + len(TOKENS), positions).save_pretrained(folder)
            tokenizer().save_pretrained(folder)
            kept[kind, positions] = folder
        return kept[kind, positions]

    return of


class AnyAnswer:
    """A task that takes tokens for right outputs as they are, so that what a model says can be the right answer."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __getattr__(self, name: str) -> Any:
        return getattr(self.task, name)

    def answers(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> list[list[str]]:
        return [self.task.output_codec.encode(o) if isinstance(o, Value) else list(o) for o in outputs]


def opened(folder: Path, task: Any, size: int = 5) -> HuggingFace:
    return HuggingFace(load_pretrained(folder, "cpu"), task, portions=Portions(size))


@torch.inference_mode()
def one_by_one(model: HuggingFace, task: Task, input: Datum, most: int) -> tuple[list[int], float, float]:
    """The greedy ids of one input, a pass over all of them for each: their negative log-likelihood, and by how much the closest
    choice was made."""
    network, closest, loss = model.pretrained.model, np.inf, 0.0
    source = [3 + TOKENS.index(token) for token in task.input_codec.encode(input)]
    written = [] if model.pretrained.causal else [PAD if network.config.model_type == "t5" else EOS]
    first = len(written)
    while len(written) - first < most and EOS not in written[first:]:
        if model.pretrained.causal:
            logits = network(input_ids=torch.tensor([source + written])).logits[0, -1]
        else:
            logits = network(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([written])).logits[0, -1]
        best = logits.topk(2)
        closest = min(closest, float(best.values[0] - best.values[1]))
        loss -= float(logits.double().log_softmax(-1)[best.indices[0]])
        written.append(int(best.indices[0]))
    return written[first:], loss, closest


@pytest.mark.parametrize("kind", KINDS)
def test_answers_verdicts_and_losses_are_those_of_greedy_decoding(
    kind: str, made: Making, succ: Task, numbers: list[Datum]
) -> None:
    model = opened(made(kind), AnyAnswer(succ))
    assert isinstance(model, Judge)
    assert isinstance(model, Graded)
    answers = model(numbers)
    alone = [one_by_one(model, succ, each, most=2 * (len(succ.output_codec.encode(succ.function(each)))) + 16) for each in numbers]
    ended = []
    for place, (answer, (ids, _, _)) in enumerate(zip(answers, alone, strict=True)):
        tokens = tuple(TOKENS[id - 3] for id in ids if id >= 3)
        assert answer == Answer(tokens, ids[-1] == EOS), str(numbers[place])
        if ids[-1] == EOS and PAD not in ids and UNK not in ids:
            ended.append(place)
    assert len(ended) > 10, "the random model is of no use to this test"
    chosen = [numbers[place] for place in ended]
    said = [list(answers[place].tokens) for place in ended]  # type: ignore[union-attr]
    verdicts = model.correct(chosen, said)
    assert verdicts.dtype == np.bool_
    # What is doubtful may be said to be wrong, and is written out; most is clear.
    assert all(verdict or alone[place][2] < 0.01 for verdict, place in zip(verdicts, ended, strict=True))
    assert verdicts.mean() > 0.8
    losses = model.losses(chosen, said)
    assert losses.dtype == np.float64
    assert losses == pytest.approx([alone[place][1] for place in ended], rel=1e-3, abs=1e-3)
    for change in (lambda s: [*s, "01"], lambda s: s[:-1] if s else ["X0"], lambda s: ["X1" if s[:1] != ["X1"] else "X0", *s[1:]]):
        others = [change(each) for each in said]
        assert not model.correct(chosen, others).any()
        assert (model.losses(chosen, others) > losses - 1e-6).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_two_tokens_that_are_all_but_equally_likely_leave_a_doubt(dtype: Any) -> None:
    """The second row's choice would go the other way if each of its logits had one rounding more of its type."""
    logits = torch.tensor([[[1.0, 9.0, 5.0]], [[8.0, 8.0, 1.0]], [[9.0, 1.0, 5.0]]]).to(dtype)
    logits[1, 0, 1] += 8 * torch.finfo(dtype).eps
    assert _clearly(logits, torch.tensor([[1], [1], [1]])).tolist() == [True, False, False]
    assert _clearly(logits, torch.tensor([[-100], [-100], [0]])).tolist() == [True, True, True]
    assert not _clearly(torch.full((1, 1, 3), torch.nan), torch.tensor([[0]])).any()


def test_ids_that_read_as_another_text_are_no_right_answer(made: Making, succ: Task, numbers: list[Datum]) -> None:
    """A token that the tokenizer does not know is no other one that it does not know, and an end within is an end."""
    pairs = opened(made("t5"), AnyAnswer(succ))._pairs(numbers[:3], [["X7"], ["X0", "</s>", "01"], ["X0"]])  # type: ignore[list-item]
    assert [pair.faithful for pair in pairs] == [False, False, True]


@pytest.mark.parametrize("kind", ["t5", "gpt2"])
def test_logits_that_are_no_numbers_lose_their_row_alone(kind: str, made: Making, succ: Task, numbers: list[Datum]) -> None:
    model = opened(made(kind), succ)
    before = model(numbers)
    network = model.pretrained.model
    weights = network.get_input_embeddings() if kind == "gpt2" else network.get_encoder().embed_tokens
    plain = weights.forward

    def embedded(ids: Any) -> Any:
        """What is embedded, but for inputs that begin with X1 X1: that is no numbers."""
        found = plain(ids).clone()
        for place, row in enumerate(ids.tolist()):
            begins = next((i for i, id in enumerate(row) if id != PAD), 0) if kind == "gpt2" else 0
            if row[begins : begins + 2] == [4, 4]:
                found[place] = torch.nan
        return found

    weights.forward = embedded
    hurt = [place for place, each in enumerate(numbers) if str(each).startswith("XI (XI")]
    after = model(numbers)
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        if place in hurt:
            assert other == Unanswered("not a number", "the logits of token 1 are not numbers")
        else:
            assert one == other
    outputs = succ.function.of_each(numbers)
    losses = model.losses(numbers, outputs)
    assert np.isinf(losses).nonzero()[0].tolist() == hurt
    assert not model.correct(numbers, outputs)[hurt].any()


@pytest.mark.parametrize("kind", ["gpt2", "bart"])
def test_what_is_too_long_has_no_answer(kind: str, made: Making, succ: Task) -> None:
    model = opened(made(kind, positions=8), succ)
    inputs = [succ.input_codec.decode(["X1"] * n + ["01"]) for n in (3, 6, 7, 8, 12)]
    answers = model(inputs)
    # The newline of the template is no token of this tokenizer.
    fits = [n + 1 < 8 if kind == "gpt2" else n + 1 <= 8 for n in (3, 6, 7, 8, 12)]
    assert [isinstance(answer, Answer) for answer in answers] == fits
    assert answers[-1] == Unanswered("raised", "the input is 13 tokens of the model's, and it has 8 positions")
    # Short inputs have more room for their answers than the long ones that they share a batch with.
    assert answers == [answer for each in inputs for answer in model([each])]
    if kind == "gpt2":
        assert [len(answer.tokens) for answer in answers if isinstance(answer, Answer)] == [4, 1]
    outputs = succ.function.of_each(inputs)
    assert not model.correct(inputs, outputs).any()
    assert np.isinf(model.losses(inputs, outputs)[-1])


def test_an_answer_without_end_is_cut_after_twice_the_right_one(made: Making, succ: Task, numbers: list[Datum]) -> None:
    model = opened(made("t5"), succ)
    with torch.no_grad():
        model.pretrained.model.get_output_embeddings().weight[[PAD, EOS, UNK]] = 0
        # A vector and its opposite: one of them is always likelier than nothing.
        model.pretrained.model.get_output_embeddings().weight[4] = -model.pretrained.model.get_output_embeddings().weight[3]
    for input, answer in zip(numbers, model(numbers), strict=True):
        assert isinstance(answer, Answer)
        assert not answer.ended
        assert len(answer.tokens) == 2 * len(succ.output_codec.encode(succ.function(input))) + 16


def test_an_unknown_token_in_an_answer_is_not_passed_over(made: Making, succ: Task) -> None:
    assert opened(made("t5"), succ)._answer([3, UNK, 5, EOS, 3]) == Answer(("X0", "<unk>", "01"))
    assert opened(made("t5"), succ)._answer([PAD, 3, 5]) == Answer(("X0", "01"), ended=False)


def test_batches_are_halved_until_they_fit(made: Making, succ: Task, numbers: list[Datum]) -> None:
    model = opened(made("gpt2"), succ, size=32)
    answers, network = model(numbers), model.pretrained.model
    generate, asked = network.generate, []

    def small(**told: Any) -> Any:
        asked.append(len(told["input_ids"]))
        if asked[-1] > 10:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return generate(**told)

    network.generate = small
    assert model(numbers) == answers
    assert asked == [31, 15, 7, 7, 7, 7, 3]


def test_settings_of_generation_in_the_folder_change_nothing(
    made: Making, succ: Task, numbers: list[Datum], tmp_path: Path
) -> None:
    plain = opened(made("gpt2"), succ)(numbers)
    folder = shutil.copytree(made("gpt2"), tmp_path / "other")
    told = {"do_sample": True, "temperature": 5.0, "num_beams": 3, "repetition_penalty": 9.0, "max_new_tokens": 2, "min_length": 20}
    (folder / "generation_config.json").write_text(json.dumps(told | {"suppress_tokens": [3], "forced_eos_token_id": 4}))
    assert opened(folder, succ)(numbers) == plain


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (("X0", "X1"), "does not know `01`"),
        (("X0", "x1", "01"), "does not know `X1`"),
    ],
)
def test_another_vocabulary_is_told_before_anything_runs(
    tokens: tuple[str, ...], said: str, made: Making, succ: Task, tmp_path: Path
) -> None:
    folder = shutil.copytree(made("t5"), tmp_path / "other")
    tokenizer(tokens).save_pretrained(folder)
    with pytest.raises(RecsynError, match=f"the model's tokenizer {said}, which succ writes\n  hint: hold the model against"):
        open_model(str(folder), succ)


def test_tokens_that_run_together_are_told(made: Making, succ: Task, tmp_path: Path) -> None:
    folder = shutil.copytree(made("t5"), tmp_path / "other")
    core = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    core.decoder = tokenizers.decoders.Fuse()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    with pytest.raises(RecsynError, match=r"reads `.*` back as `"):
        check_tokens(load_pretrained(folder, "cpu"), succ)


def test_a_tokenizer_of_more_tokens_than_the_model_is_told(made: Making, succ: Task, tmp_path: Path) -> None:
    folder = shutil.copytree(made("t5"), tmp_path / "other")
    tokenizer(("a", "b", "c", *TOKENS)).save_pretrained(folder)
    with pytest.raises(RecsynError, match="gives `01` the id 8, and the model has 6"):
        check_tokens(load_pretrained(folder, "cpu"), succ)


def test_pickled_weights_are_refused_unread(made: Making, succ: Task, tmp_path: Path) -> None:
    folder = shutil.copytree(made("t5"), tmp_path / "other")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(RecsynError, match=r"holds its weights as pytorch_model\.bin, which may run code as it is read"):
        open_model(str(folder), succ)
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(RecsynError, match="holds no weights"):
        open_model(str(folder), succ)


def test_code_in_the_folder_is_not_run(made: Making, succ: Task, tmp_path: Path) -> None:
    folder = shutil.copytree(made("gpt2"), tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model", "AutoTokenizer": ["evil.Tokenizer", None]}
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": own, "model_type": "my-own"}))
    with pytest.raises(RecsynError, match="needs code of its own, which recsyn does not run"):
        open_model(str(folder), succ)
    # One that transformers knows is loaded as that, and its own code left alone.
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": own, "attn_implementation": "somebody/kernels"}))
    open_model(str(folder), succ)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.safetensors", b"\xff" * 100),
        ("config.json", b'{"model_type": "t5", "d_model": "wide"}'),
        ("tokenizer.json", b"{}"),
        (
            "config.json",
            b'{"model_type": "t5", "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 3, "num_heads": 2, "vocab_size": 6}',
        ),
    ],
)
def test_what_is_damaged_is_told(file: str, content: bytes, made: Making, succ: Task, tmp_path: Path) -> None:
    folder = shutil.copytree(made("t5"), tmp_path / "other")
    (folder / file).write_bytes(content)
    with pytest.raises(RecsynError, match="/other'"):
        open_model(str(folder), succ)


@pytest.mark.parametrize("template", ["{input} ->", "Q: {input}"])
def test_a_prompt_that_the_tokenizer_does_not_know_is_told(template: str, made: Making, succ: Task) -> None:
    with pytest.raises(RecsynError, match="does not know all of the prompt"):
        open_model(str(made("gpt2")), succ, Asking(prompt=template))


def test_a_prompt_is_put_around_inputs_of_causal_models(made: Making, succ: Task, numbers: list[Datum]) -> None:
    model = open_model(str(made("gpt2")), succ, Asking(prompt="X0 {input} X1")).model
    assert isinstance(model, HuggingFace)
    assert model._sources(["X1 01"]) == [[3, 4, 5, 4]]
    with pytest.raises(RecsynError, match="no place for the input"):
        HuggingFace(model.pretrained, succ, "X0")


def test_the_end_that_a_tokenizer_adds_is_no_part_of_a_prompt(
    made: Making, succ: Task, numbers: list[Datum], tmp_path: Path
) -> None:
    plain = opened(made("gpt2"), succ)
    folder = shutil.copytree(made("gpt2"), tmp_path / "other")
    core = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    core.post_processor = tokenizers.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", EOS)])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    model = opened(folder, succ)
    assert model.pretrained.encode(["X0"]) == [[3, EOS]]
    assert model(numbers) == plain(numbers)
    outputs = succ.function.of_each(numbers)
    assert model.losses(numbers, outputs) == pytest.approx(plain.losses(numbers, outputs))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gpt2", "bart"])
def test_verdicts_of_a_half_trained_model_are_those_of_its_answers(
    kind: str, succ: Task, numbers: list[Datum], tmp_path: Path
) -> None:
    """It has learnt some small numbers by heart. What is judged in one pass is judged as if it were written out."""
    words, learning = tokenizer(), network(kind, 3 + len(TOKENS), 64)
    for weight in learning.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.1)
    own = torch.optim.AdamW(learning.parameters(), lr=1e-2)
    sources = words([written(succ, each) for each in numbers])["input_ids"]
    answers = [" ".join(tokens) for tokens in succ.answers(numbers, succ.function.of_each(numbers))]
    targets = [[*ids, EOS] for ids in words(answers)["input_ids"]]
    if kind == "gpt2":
        read = [one + other for one, other in zip(sources, targets, strict=True)]
        labels = [[-100] * len(one) + other for one, other in zip(sources, targets, strict=True)]
    else:
        read, labels = sources, targets
    told = {"input_ids": filled(read, PAD), "attention_mask": filled([[1] * len(row) for row in read], 0)}
    for _ in range(250):
        learning(**told, labels=filled(labels, -100)).loss.backward()
        own.step()
        own.zero_grad()
    learning.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    model = opened(tmp_path, succ, size=64)
    inputs = list(succ.space.smallest(100))
    verdicts = examine(model, succ, inputs)
    assert verdicts == examine(model.__call__, succ, inputs)
    right = np.array([verdict is None for verdict in verdicts])
    assert 0.02 < right.mean() < 0.98
    losses = model.losses(inputs, succ.function.of_each(inputs))
    assert losses[right].mean() < losses[~right].mean()


def filled(rows: Sequence[Sequence[int]], filler: int) -> Any:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
