"""A Hugging Face model and its tokenizer from a local folder, of which no code is run."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from recsyn.data.rows import generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, extra
from recsyn.neural.networks import one_thread
from recsyn.testing.models.writing import written

_ROWS = 32
_SMALL = 10_000_000
"""Parameters."""
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


@dataclass(frozen=True, eq=False)
class Pretrained:
    """``causal`` tells a model that continues a text from one with an encoder. ``eos`` is the id that ends an answer, ``ends`` are
    all that do; ``pad`` and ``start`` stand for nothing and for the beginning of a decoder's row. ``silent`` are ids that are no
    part of an answer. ``longest`` is how many positions there are, ``None`` where that has no limit."""

    folder: Path
    model: Any
    tokenizer: Any
    causal: bool
    eos: int
    ends: frozenset[int]
    pad: int
    start: int
    silent: frozenset[int]
    longest: int | None

    @property
    def device(self) -> torch.device:
        return torch.device(self.model.device)

    def threads(self) -> AbstractContextManager[None]:
        """Around its work: a small network on the processor is many times slower on several threads where others work too."""
        small = self.device.type == "cpu" and self.model.num_parameters() <= _SMALL
        return one_thread() if small else nullcontext()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts, with what the tokenizer puts around them."""
        return [list(ids) for ids in self.tokenizer(list(texts), verbose=False)["input_ids"]] if texts else []

    def bare(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts, with nothing around them."""
        return (
            [list(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]]
            if texts
            else []
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, silent ones left out. An unknown token is shown as such, and never passed over."""
        spoken = [id for id in ids if id not in self.silent]
        return str(self.tokenizer.decode(spoken, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def load_pretrained(folder: Path, device: str) -> Pretrained:
    """The model in a folder that ``save_pretrained`` wrote, tokenizer included. Raises :class:`RecsynError` for weights that are
    pickled, which may run code as they are read, for a model that needs code of its own, and for what cannot be loaded."""
    with extra("a Hugging Face model", "huggingface"):
        # By name, because the types of all of it take mypy minutes.
        transformers = importlib.import_module("transformers")
    _check_weights(folder)
    told = {"local_files_only": True, "trust_remote_code": False}
    with blaming(folder), quietly(transformers):
        config = transformers.AutoConfig.from_pretrained(folder, **told)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **told)
        causal = not config.is_encoder_decoder
        kind = transformers.AutoModelForCausalLM if causal else transformers.AutoModelForSeq2SeqLM
        # Attention by its name, because a configuration may ask for somebody's kernels instead.
        model, loaded = kind.from_pretrained(
            folder, **told, use_safetensors=True, dtype="auto", attn_implementation="eager", output_loading_info=True
        )
        missing = sorted([*loaded["missing_keys"], *(each[0] for each in loaded["mismatched_keys"])])
        if missing:
            raise RecsynError(f"its weights lack {missing[0]} as its configuration describes it")
        model = model.to(device).eval()
        own = model.generation_config
        # All else that is said there of how to generate, from beams to penalties, is no part of the model.
        model.generation_config = transformers.GenerationConfig()
        return _described(folder, model, tokenizer, config, own, causal)


def check_tokens(pretrained: Pretrained, task: Task) -> None:
    """Raise :class:`RecsynError` where the tokenizer does not give back what the task writes, or has ids that the model lacks."""
    tokens = list(dict.fromkeys([*task.input_codec.tokens, *task.question.tokens]))
    rows = generate(task, _ROWS, 0)
    answers = task.answers(rows.inputs, rows.outputs)
    texts = [*tokens, *(written(task, task.asked(each)) for each in rows.inputs), *map(" ".join, answers)]
    with blaming(None):
        ids = pretrained.bare(texts)
    known = pretrained.model.get_input_embeddings().num_embeddings
    unknown = pretrained.tokenizer.unk_token_id
    for text, own in zip(texts, ids, strict=True):
        if unknown is not None and unknown in own:
            raise _unfit(task, f"does not know `{text[:80]}`")
        back = pretrained.decode(own).split()
        if back != text.split():
            raise _unfit(task, f"reads `{text[:80]}` back as `{' '.join(back)[:80]}`")
        if any(id >= known for id in own):
            raise _unfit(task, f"gives `{text[:80]}` the id {max(own)}, and the model has {known}")


def _unfit(task: Task, why: str) -> RecsynError:
    return RecsynError(
        f"the model's tokenizer {why}, which {task.name} writes", "hold the model against the task that it was trained on"
    )


def _check_weights(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
    if pickled:
        raise RecsynError(
            f"{str(folder)!r} holds its weights as {pickled[0]}, which may run code as it is read, and not as safetensors",
            "load it where you trust it, and write it again by save_pretrained",
        )
    raise RecsynError(f"{str(folder)!r} holds no weights", "there is a model.safetensors in what save_pretrained writes")


def _described(folder: Path, model: Any, tokenizer: Any, config: Any, own: Any, causal: bool) -> Pretrained:
    size = model.get_input_embeddings().num_embeddings
    special = {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
    # A configuration's defaults are ids of another vocabulary where the tokenizer is one's own.
    told = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    eos = next((id for id in (tokenizer.eos_token_id, *told) if id is not None and id < size), None)
    if eos is None:
        raise RecsynError("it has no token that ends an answer", "give its tokenizer an eos_token")
    ends = frozenset({eos, *(id for id in told if id in special)})
    pad = next(id for id in (tokenizer.pad_token_id, eos) if id is not None)
    begins = (own.decoder_start_token_id, getattr(config, "decoder_start_token_id", None), tokenizer.bos_token_id, pad)
    start = next(id for id in begins if id is not None)
    if not causal and not 0 <= start < size:
        raise RecsynError(f"its decoder starts with the token {start}, and it has {size}")
    longest = getattr(config, "max_position_embeddings", None)
    limit = longest if isinstance(longest, int) and longest > 0 else None
    return Pretrained(folder, model, tokenizer, causal, eos, ends, pad, start, frozenset({*special, pad, *ends}), limit)


@contextmanager
def blaming(folder: Path | None) -> Iterator[None]:
    """Around what foreign code makes of a folder that may hold anything."""
    where = "the model's tokenizer" if folder is None else f"{str(folder)!r}"
    try:
        yield
    except RecsynError as error:
        raise RecsynError(f"{where}: {error.message}", error.hint) from None
    except Exception as error:
        text = " ".join(str(error).split())
        if "trust_remote_code" in text:
            raise RecsynError(
                f"{where} needs code of its own, which recsyn does not run", "use a kind that transformers has"
            ) from None
        raise RecsynError(f"{where} cannot be used: {type(error).__name__}: {text[:300]}") from None


@contextmanager
def quietly(transformers: Any) -> Iterator[None]:
    """Nothing told and no bar drawn while a model loads."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
