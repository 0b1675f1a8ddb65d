"""A program in Gallina, the language of Coq, as one of recsyn.

Sentences that change no meaning are passed over, those that define datatypes, functions and examples are translated, and each other
one is an error that names what it is. What the program means is checked when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from recsyn.lang.diagnostics import Fault, LanguageError, nearest
from recsyn.lang.formatting import formatted
from recsyn.lang.gallina import tree
from recsyn.lang.gallina.library import TRANSPARENT_SCOPES
from recsyn.lang.gallina.sentences import Sentence, comments_of, parsed, sentences_of
from recsyn.lang.gallina.translation import Cascade, Translation
from recsyn.lang.source import Source, Span

_READ = {
    "Inductive": "inductive",
    "Variant": "inductive",
    "Fixpoint": "fixpoint",
    "Definition": "definition",
    "Example": "definition",
}
"""The sentences that define something, and the rules of the grammar for them."""
_PASSED_OVER = frozenset(
    """About Add Bind Check Close Comments Compute Create Declare Delimit Eval Export Extract Extraction Fail Generalizable Hint
    Implicit Import Locate Opaque Open Print Recursive Require Search SearchAbout SearchPattern SearchRewrite Separate Set Test Time
    Transparent Typeclasses Undelimit Unset""".split()
)
_STATEMENT = "an equation without variables that holds by computation can be an `Example`"
_WHOLE = "write what it holds for the whole file, and give functions their parameters one by one"
_REFUSED = {
    **dict.fromkeys("Lemma Theorem Fact Remark Corollary Proposition Property Goal".split(), _STATEMENT),
    **dict.fromkeys("Record Structure".split(), "write an `Inductive` type with one constructor"),
    **dict.fromkeys("Class Instance Existing".split(), "write functions that take what they need as arguments"),
    **dict.fromkeys("Notation Infix Abbreviation Coercion Canonical".split(), "write out what it stands for"),
    **dict.fromkeys("CoInductive CoFixpoint".split(), "only finite data and functions that end are read"),
    **dict.fromkeys("Module Section".split(), "write its definitions without it"),
    **dict.fromkeys("Variable Variables Context Let".split(), _WHOLE),
    **dict.fromkeys("Parameter Parameters Axiom Axioms Hypothesis Hypotheses Conjecture".split(), "define what it is"),
    **dict.fromkeys("Function Program Equations".split(), "write a `Fixpoint`, which needs no proof"),
    **dict.fromkeys("Ltac Ltac2 Tactic Scheme Combined Derive Obligation Obligations Next Solve".split(), None),
    **dict.fromkeys("From Reserved Register Universe Universes Constraint Primitive".split(), None),
}
"""The sentences that are not read, with what to write in their place."""
_ENDS_PROOF = frozenset("Qed Defined Admitted Abort Save".split())
_KNOWN = frozenset(_READ) | _PASSED_OVER | frozenset(_REFUSED)
_INTERRUPTS = frozenset(_READ) | frozenset(_REFUSED) - {"Next", "Solve", "Obligation", "Obligations"}
"""What stands in no proof: a proof that such a sentence follows has no end."""
_PROVES = frozenset("Lemma Theorem Fact Remark Corollary Proposition Property Goal Instance Program Function Let Equations".split())
_BLANK = re.compile(r"\s*")
_UPPER = re.compile(r"[^\W\d_a-z]")
_PROOF_TERM = re.compile(r"Proof\s+(?!with\b|using\b)\S")
_LONE = re.compile(r"(?<![\w'.])[^\W\d][\w']*(?!\.?[\w'])")
_ARGUMENT = re.compile(r"[\[{(]|[\]})]|[^\W\d][\w']*|[:,/]|\S")


@dataclass(frozen=True)
class _Comment:
    """A comment as it stands: ``leads`` where it is before the sentence that it is about, ``apart`` where an empty line follows it
    there."""

    text: str
    leads: bool
    apart: bool

    @property
    def documents(self) -> bool:
        """Whether Coq's own tool takes it for documentation of what it leads to."""
        return self.leads and not self.apart and self.text.startswith("(** ")


@dataclass(frozen=True)
class _Item:
    """A sentence that says something, with what it says or why it cannot be understood; ``comments`` stand above it."""

    sentence: Sentence
    comments: tuple[_Comment, ...]
    content: Any = None
    fault: Fault | None = None


def from_gallina(source: Source) -> str:
    """The text of the program that a Gallina text means, laid out. Raises :class:`LanguageError`, with everything in it that is not
    read."""
    try:
        comments = comments_of(source.text)
    except Fault as fault:
        raise LanguageError([fault.diagnostic(source)]) from None
    items = list(_items(source.text, comments))
    translation = Translation()
    read = [item for item in items if item.content is not None]
    datatypes = [d for item in read if isinstance(item.content, tree.Inductive) for d in item.content.datatypes]
    translation.claim(datatypes, (word for item in read for word in _LONE.findall(item.sentence.text)))
    faults: list[Fault] = []
    texts: list[str] = []
    for item in items:
        try:
            if item.fault is not None:
                raise item.fault
            text = _translated(item, translation)
        except (Fault, Cascade) as error:
            translation.promised.update(item.sentence.words)
            if isinstance(error, Fault):
                faults.append(error)
        else:
            texts.append(_below(item.comments, text))
    if faults:
        raise LanguageError(fault.diagnostic(source) for fault in faults)
    texts.append(_below(_comments_above(source.text, comments, list(sentences_of(source.text, comments)))[-1], ""))
    declarations = [text for text in texts if text]
    if not any(item.content is not None for item in items) or not declarations:
        message = "this file holds no definition"
        hint = "an `Inductive` type, a `Fixpoint`, a `Definition` or an `Example` is one"
        raise LanguageError([Fault("syntax", message, Span(0, 0), hint).diagnostic(source)])
    return formatted(Source(source.name, "\n\n".join([*translation.prelude(), *declarations]) + "\n"))


def _items(text: str, comments: Sequence[Span]) -> Iterator[_Item]:
    sentences = list(sentences_of(text, comments))
    above = _comments_above(text, comments, sentences)
    ends = _proof_ends(sentences)
    index = 0
    while index < len(sentences):
        sentence = sentences[index]
        begin = index
        index += 1
        item = _item(sentence)
        proof = ends[index]
        if _wants_proof(item):
            if proof is None and item.fault is None:
                message = f"the proof of this `{sentence.word}` is not there, or does not end"
                fault = Fault("syntax", message, sentence.word_span, "it ends with `Qed.`")
                item = replace(item, content=None, fault=fault)
            elif proof is not None:
                aborted = sentences[proof - 1].word == "Abort"
                index = proof
                if aborted and item.fault is None:
                    continue
        elif proof is not None and (item.fault is not None or _is_statement(item.content)) and _begins_proof(sentences[index]):
            index = proof
        inside = (replace(c, leads=False) for held in above[begin + 1 : index] for c in held)
        yield replace(item, comments=(*above[begin], *inside))


def _item(sentence: Sentence) -> _Item:
    """What a sentence says."""
    word = sentence.word
    try:
        if not sentence.closed:
            end = sentence.start + len(sentence.text)
            hint = "a sentence ends with a dot that white space follows"
            raise Fault("syntax", "the last sentence does not end", Span(end - 1, end), hint)
        if word in _READ:
            return _Item(sentence, (), parsed(sentence, _READ[word]))
        if word == "From" and re.search(r"\b(Require|Import|Export)\b", sentence.text):
            return _Item(sentence, ())
        if word == "End" or word in _PASSED_OVER or word == "Arguments":
            return _Item(sentence, ())
        raise _refusal(sentence)
    except Fault as fault:
        return _Item(sentence, (), None, fault)


def _refusal(sentence: Sentence) -> Fault:
    word, span = sentence.word, sentence.word_span
    if word in _REFUSED:
        return Fault("syntax", f"`{word}` is not read", span, _REFUSED[word])
    if word in _ENDS_PROOF or word == "Proof":
        return Fault("syntax", f"`{word}` stands here without anything to prove", span)
    shown = word if len(word) <= 40 else word[:37] + "…"
    hint = _nearest_known(word) or "datatypes, functions and examples are read"
    return Fault("syntax", f"a sentence that begins with `{shown}` is not read", span, hint)


@cache
def _nearest_known(word: str) -> str | None:
    return nearest(word, sorted(_KNOWN))


def _is_statement(content: Any) -> bool:
    return isinstance(content, tree.Definition) and content.body is None


def _wants_proof(item: _Item) -> bool:
    if item.content is not None:
        return item.sentence.word == "Example" and _is_statement(item.content)
    return item.fault is not None and item.sentence.word in _PROVES | {"Example"} and ":=" not in item.sentence.text


def _begins_proof(sentence: Sentence) -> bool:
    return sentence.word == "Proof" or not _UPPER.match(sentence.word)


def _proof_ends(sentences: Sequence[Sentence]) -> list[int | None]:
    """For each place between sentences where those after a proof begin, if a proof stands there."""
    found: list[int | None] = [None]
    for index in reversed(range(len(sentences))):
        sentence = sentences[index]
        if sentence.word in _INTERRUPTS:
            found.append(None)
        elif sentence.word in _ENDS_PROOF or _PROOF_TERM.match(sentence.text):
            found.append(index + 1)
        else:
            found.append(found[-1])
    return found[::-1]


def _translated(item: _Item, translation: Translation) -> str:
    """The declaration for a sentence; empty for one that declares nothing."""
    word, content = item.sentence.word, item.content
    if isinstance(content, tree.Inductive):
        return translation.inductive(content)
    if isinstance(content, tree.Fixpoint):
        return translation.fixpoint(content)
    if isinstance(content, tree.Definition):
        if word == "Example" and (content.body is None or not _is_data(content.type)):
            return translation.example(content)
        return translation.definition(content)
    rest = item.sentence.rest.split()
    if word == "Arguments":
        _take_arguments(item.sentence.rest, translation)
    elif word in ("Open", "Close"):
        _take_scope(word, rest, translation)
    elif word in ("Set", "Unset"):
        _take_option(word == "Set", " ".join(rest), translation)
    return ""


def _is_data(type: tree.Term | None) -> bool:
    """Whether a type is not that of a proof."""
    while isinstance(type, tree.Product) or (isinstance(type, tree.Operation) and type.operator == "->"):
        type = type.body if isinstance(type, tree.Product) else type.right
    return not isinstance(type, tree.Operation) or type.operator == "*"


def _take_arguments(rest: str, translation: Translation) -> None:
    name, *words = _ARGUMENT.findall(rest) or [""]
    flags: list[bool] = []
    inside = False
    for word in words:
        if word in ":,/":
            break
        if word in "[{(":
            inside = word != "("
        elif word in "]})":
            inside = False
        elif re.match(r"\w", word):
            flags.append(inside)
    if "clear implicits" in rest:
        flags = [False] * 1_000
    translation.arguments(name, flags)


def _take_scope(word: str, rest: Sequence[str], translation: Translation) -> None:
    name = rest[-1].removesuffix("_scope") if len(rest) == 2 and rest[0] == "Scope" else ""
    if name and name not in TRANSPARENT_SCOPES:
        translation.scope = name if word == "Open" else "nat"


def _take_option(value: bool, option: str, translation: Translation) -> None:
    if option == "Implicit Arguments":
        translation.implicits = replace(translation.implicits, inferred=value)
    elif option == "Contextual Implicit":
        translation.implicits = replace(translation.implicits, contextual=value)


# Comments


def _comments_above(text: str, comments: Sequence[Span], sentences: Sequence[Sentence]) -> list[tuple[_Comment, ...]]:
    """For each sentence, and for the end of the text, the comments that are to stand above it: those before it, inside it, and
    behind it on its last line."""
    found: list[list[_Comment]] = [[] for _ in (*sentences, None)]
    index = 0
    for comment in comments:
        while index < len(sentences) and sentences[index].end <= comment.start:
            index += 1
        behind = index > 0 and "\n" not in text[sentences[index - 1].end : comment.start]
        leads = not behind and (index == len(sentences) or comment.end <= sentences[index].start)
        gap = _BLANK.match(text, comment.end)
        apart = leads and gap is not None and gap.group().count("\n") > 1
        found[index - behind].append(_Comment(text[comment.start : comment.end], leads, apart))
    return [tuple(c) for c in found]


def _below(comments: Sequence[_Comment], declaration: str) -> str:
    """A declaration below its comments, the documentation right above it."""
    leading = [c for c in comments if c.leads]
    first = len(leading)
    while declaration.startswith(("fun", "type")) and first and leading[first - 1].documents:
        first -= 1
    others = (*leading[:first], *(c for c in comments if not c.leads))
    texts = [*(_as_comment(c, "--") for c in others), *(_as_comment(c, "---") for c in leading[first:])]
    return ("".join(texts) + declaration).rstrip("\n")


def _as_comment(comment: _Comment, mark: str) -> str:
    lines = [line.strip() for line in comment.text[2:-2].strip("*").splitlines()]
    said = [f"{mark} {line}".rstrip() for line in lines if line.strip("*-= ")]
    return "\n".join(said) + ("\n\n" if comment.apart else "\n") if said else ""
