"""Strongly connected components (Tarjan, "Depth-first search and linear graph algorithms", 1972), by a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def components(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The components of a graph, each after what it needs, its members in the order of the mapping. What is needed and is no key of
    it is passed over."""
    order = {name: index for index, name in enumerate(needs)}
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    unplaced: dict[str, None] = {}
    found: list[list[str]] = []
    for root in needs:
        path: list[tuple[str, Iterator[str]]] = [] if root in number else [(root, iter(needs[root]))]
        while path:
            name, rest = path[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                unplaced[name] = None
            following = next((other for other in rest if other in needs and (other not in number or other in unplaced)), None)
            if following is None:
                path.pop()
                if path:
                    caller = path[-1][0]
                    lowest[caller] = min(lowest[caller], lowest[name])
                if lowest[name] == number[name]:
                    members = list(unplaced)[list(unplaced).index(name) :]
                    for member in members:
                        del unplaced[member]
                    found.append(sorted(members, key=order.__getitem__))
            elif following in number:
                lowest[name] = min(lowest[name], number[following])
            else:
                path.append((following, iter(needs[following])))
    return found
