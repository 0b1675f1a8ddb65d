"""Features and rules in plain words."""

from __future__ import annotations

from recsyn.testing.rules import Condition, Rule

_PHRASES = {
    "size": "the input holds {} constructor{s}",
    "depth": "the longest path of the input holds {} constructor{s}",
    "recursion_depth": "the recursion goes {} call{s} deep",
    "calls": "the function calls itself {} time{s}",
    "rest": "the smallest part at which the recursion stops holds {} constructor{s}",
    "imbalance": "the two sides of some node differ in depth by {}",
    "balance": "the input is {} deeper in its last part than in its first",
    "labels": "the input holds {} label{s}",
    "repeats": "the input repeats {} label{s}",
    "output_length": "the right output has {} token{s}",
    "growth": "the right output is {} token{s} longer than the input",
}
_NAMES = {
    "size": "constructors in the input",
    "depth": "constructors on its longest path",
    "recursion_depth": "depth of the recursion",
    "calls": "calls of itself",
    "rest": "constructors where the recursion stops",
    "forks": "nodes that fork",
    "imbalance": "most that two sides of a node differ in depth",
    "balance": "how much deeper the last part is than the first",
    "labels": "labels in the input",
    "repeats": "labels that repeat",
    "output_length": "tokens of the right output",
    "growth": "tokens that the output is longer by",
    "longer": "whether the output is longer (1) or not (0)",
}
_AMOUNTS = {">=": "at least", "<=": "at most", "==": "exactly"}


def rule_in_words(rule: Rule | None) -> str:
    """The rule as the end of a sentence that begins "it fails"."""
    if rule is None:
        return "where no simple rule predicts it"
    if not rule.conditions:
        return "on every input"
    return "where " + " and ".join(map(_condition_in_words, rule.conditions))


def feature_in_words(feature: str) -> str:
    """What a feature counts, as one would name an axis by it."""
    if feature in _NAMES:
        return _NAMES[feature]
    kind, _, of = feature.partition("_")
    if kind == "count" and of:
        return f"{of} in the input"
    spine = _spine(feature)
    if spine:
        constructor, field = spine
        return (
            f"{constructor} off the spine along field {field}"
            if kind == "off"
            else f"{constructor} on the spine along field {field}"
        )
    return feature.replace("_", " ")


def _condition_in_words(condition: Condition) -> str:
    amount = f"{_AMOUNTS[condition.relation]} {condition.threshold}".replace("-", "−")
    phrase = _PHRASES.get(condition.feature)
    if phrase:
        return phrase.format(amount, s="" if condition.threshold == 1 else "s")
    if condition.feature == "longer":
        held = condition.threshold > 0 if condition.relation != "<=" else condition.threshold >= 1
        return f"the right output is {'' if held else 'no '}longer than the input"
    kind, _, of = condition.feature.partition("_")
    if kind == "count":
        return f"the input holds {amount} {of}"
    found = _spine(condition.feature)
    if found:
        constructor, field = found
        spine = f"the spine along field {field} of {constructor}"
        return f"{spine} is {amount} long" if kind == "spine" else f"the input has {amount} {constructor} off {spine}"
    return f"{condition.feature} is {amount}"


def _spine(feature: str) -> tuple[str, str] | None:
    """The constructor and the field of a feature that is about a spine."""
    if not feature.startswith(("spine_", "off_spine_")):
        return None
    constructor, _, field = feature.partition("spine_")[2].rpartition("_")
    return constructor, field
