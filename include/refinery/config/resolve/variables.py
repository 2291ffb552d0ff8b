"""Replace ${name} by the values of variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refinery.config.checks.expansion import MAX_OF_PIPELINE, TOO_LARGE
from refinery.wording import suggest_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

# "$${" stands for the two characters "${".
_VARIABLE = re.compile(r"\$(?P<escape>\$)?\{(?P<name>[^{}]*)(?P<close>\})?")
_MATRIX = "matrix."
_TOO_LONG = f"makes the texts of this pipeline longer than {MAX_OF_PIPELINE:,} characters, counting expanded variables; shorten them"


class Variables:
    """The variables that values may use, and which of them are used.

    Attributes:
        declared: The value of each by its name, such as "bucket" or "matrix.region".
        used: The names that values refer to.
    """

    def __init__(
        self,
        declared: Mapping[str, Node],
        place: str,
        *,
        used: set[str] | None = None,
        awaits_matrix: bool = False,
    ) -> None:
        """Store the variables.

        Args:
            declared: The value of each by its name.
            place: The file that declares them, for messages.
            used: Collects the names that values refer to.
            awaits_matrix: Whether a matrix's values are not known yet, so that their names are not mistakes.
        """
        self.declared = declared
        self.used: set[str] = set() if used is None else used
        self._place = place
        self._awaits_matrix = awaits_matrix
        self._written = 0  # characters, of all texts

    def afresh(self) -> Variables:
        """Return the same variables, of which none is used yet."""
        return Variables(self.declared, self._place)

    def with_matrix(self, combination: Mapping[str, Node]) -> Variables:
        """Return the variables with the values of one combination of a matrix added."""
        matrix = {_MATRIX + axis: node for axis, node in combination.items()}
        return Variables({**self.declared, **matrix}, self._place, used=self.used)

    def awaiting_matrix(self) -> Variables:
        """Return the variables for a layer below the matrix."""
        return Variables(self.declared, self._place, used=self.used, awaits_matrix=True)

    def note_uses(self, text: str) -> None:
        """Count the names in an unparsable text as used, so that they are not reported as unused."""
        self.used.update(match["name"] for match in _VARIABLE.finditer(text))

    def substitute(self, node: Node, path: tuple[str | int, ...], problems: list[Problem]) -> Node:
        """Replace every ${name} below a node; without any, return the node itself."""
        value = node.value
        if isinstance(value, str):
            return self._substitute_text(node, value, path, problems) if "${" in value else node
        if isinstance(value, dict):
            changed = {
                key: new
                for key, item in value.items()
                if (new := self.substitute(item, (*path, key), problems)) is not item
            }
            return node.with_value({**value, **changed}) if changed else node
        if isinstance(value, list):
            items = [self.substitute(item, (*path, index), problems) for index, item in enumerate(value)]
            is_same = all(new is old for new, old in zip(items, value, strict=True))
            return node if is_same else node.with_value(items)
        return node

    def _substitute_text(
        self, node: Node, text: str, path: tuple[str | int, ...], problems: list[Problem]
    ) -> Node:
        found: dict[str, Node] = {}
        parts: list[str] = []
        end = 0
        result = node.with_value(text)
        for match in _VARIABLE.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            if match["escape"]:
                parts.append(match[0][1:])
            elif (variable := self._find(match)) is not None:
                found[match["name"]] = variable
                parts.append(_write(variable))
            else:
                result.is_broken = True
                if not self._is_for_later(match):
                    problems.append(
                        node.part_problem("unknown-variable", path, self._explain(match), match[0])
                    )
        if result.is_broken:
            return result
        result.variables = found
        alone = _VARIABLE.fullmatch(text)
        if alone and found:
            # A variable alone keeps its type: a number stays one.
            result.stands_for = found[alone["name"]]
            result.value = result.stands_for.value
            return result
        parts.append(text[end:])
        fits = self._written <= MAX_OF_PIPELINE
        self._written += sum(map(len, parts))
        if self._written <= MAX_OF_PIPELINE:
            result.value = "".join(parts)
        else:
            result.is_broken = True
            if fits:  # the first that does not is reported
                problems.append(node.problem(TOO_LARGE, path, _TOO_LONG))
        return result

    def _find(self, match: re.Match[str]) -> Node | None:
        if not match["close"]:
            return None
        name = match["name"]
        self.used.add(name)
        return self.declared.get(name)

    def _is_for_later(self, match: re.Match[str]) -> bool:
        return self._awaits_matrix and match["name"].startswith(_MATRIX)

    def _explain(self, match: re.Match[str]) -> str:
        if not match["close"]:
            return f'"{match[0]}" has no closing brace; write ${{name}}, or $${{ for a literal ${{'
        name = match["name"]
        if name.startswith(_MATRIX):
            axes = [known.removeprefix(_MATRIX) for known in self.declared if known.startswith(_MATRIX)]
            axis = name.removeprefix(_MATRIX)
            if not axes:
                return "this config has no matrix; add one, or use a variable of the environment"
            return f'the matrix has no axis "{axis}"{suggest_name(axis, axes)}'
        known = [known for known in self.declared if not known.startswith(_MATRIX)]
        return f'"{name}" is not declared under vars in {self._place}{suggest_name(name, known)}'


def _write(variable: Node) -> str:
    value = variable.value
    return str(value).lower() if isinstance(value, bool) else str(value)
