"""Check a model module against the config that names it, by parsing its source: nothing is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config.keys.model import is_allowed_class, is_module_name
from include.config.problems import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from include.config.problems import Problem
    from include.config.text.node import Node

    CheckClass = Callable[[str, Mapping[str, Any]], list[str]]

# A module defines exactly one of these; the number of leading arguments that Refinery itself gives.
ENTRY_POINTS = {"build_model": 0, "train": 2}

_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Signature:
    """What a module's function takes from `params`.

    Attributes:
        function: The function's name.
        accepted: The names of its parameters.
        required: Those without a default.
        takes_any: Whether it takes any name (`**params`), or what it takes cannot be told from its source.
    """

    function: str
    accepted: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    takes_any: bool = False


class ModelModules:
    """The modules of one folder, each parsed once in a load."""

    def __init__(self, models_dir: Path) -> None:
        """Take the folder; it is read when a module is first asked for."""
        self._models_dir = models_dir
        self._signatures: dict[str, Signature | str] = {}

    def check(self, tree: Node) -> list[Problem]:
        """Report what keeps a pipeline's module from being called with its parameters.

        Args:
            tree: The resolved values; they may be wrong in themselves.
        """
        model = tree.entries.get("model")
        module = model.entries.get("module") if model else None
        if model is None or module is None or module.is_broken or not is_module_name(module.value):
            return []
        name = str(module.value)
        if name not in self._signatures:
            self._signatures[name] = self._read(name)
        signature = self._signatures[name]
        if isinstance(signature, str):
            return [module.problem("bad-module", _path(module), signature)]
        return _check_params(signature, name, model)

    def _read(self, name: str) -> Signature | str:
        file = self._models_dir / f"{name}.py"
        if not file.is_file():
            known = [path.stem for path in self._models_dir.glob("[!_]*.py")]
            return f"there is no {self._shown(name)}{suggest_name(name, known)}"
        try:
            source = file.read_bytes()
            tree = ast.parse(source) if len(source) <= _MAX_BYTES else None
        except SyntaxError as error:
            return f"{self._shown(name)} is not valid Python: {error.msg} on line {error.lineno}"
        except (ValueError, RecursionError, MemoryError, OSError):
            tree = None
        if tree is None:
            return f"{self._shown(name)} cannot be parsed; is it a Python source?"
        found = {entry: signature for entry in ENTRY_POINTS if (signature := _find(tree, entry))}
        if len(found) != 1:
            wanted = " or ".join(ENTRY_POINTS)
            what = f"both {' and '.join(found)}" if found else "neither"
            return f"{self._shown(name)} must define {wanted}, exactly one of them; it defines {what}"
        return next(iter(found.values()))

    def _shown(self, name: str) -> str:
        return f"{self._models_dir.parent.name}/{self._models_dir.name}/{name}.py"


def check_library_class(tree: Node, check_class: CheckClass) -> list[Problem]:
    """Report what a library class's constructor has against the pipeline's parameters.

    Args:
        tree: The resolved values; they may be wrong in themselves.
        check_class: As of load_project.
    """
    model = tree.entries.get("model")
    path = model.entries.get("class") if model else None
    if model is None or path is None or path.is_broken or not is_allowed_class(path.value):
        return []
    params = _params(model)
    given = {name: node.to_plain() for name, node in params.items()}
    return [_place(text, params, path) for text in check_class(str(path.value), given)]


def _place(text: str, params: Mapping[str, Node], path: Node) -> Problem:
    """Put a problem on the parameter that it names, else on the class."""
    for name, node in params.items():
        if f'"{name}"' in text:
            return node.key_problem("bad-params", ("model", "params", name), text)
    return path.problem("bad-class", _path(path, "class"), text)


def _params(model: Node) -> dict[str, Node]:
    return model.entries["params"].entries if "params" in model.entries else {}


def _check_params(signature: Signature, module: str, model: Node) -> list[Problem]:
    if signature.takes_any:
        return []
    params = _params(model)
    what = f"{module}.{signature.function}"
    problems = []
    for name, node in params.items():
        if name not in signature.accepted:
            message = f"{what} takes no such parameter{_offer(name, signature.accepted)}"
            problems.append(node.key_problem("unknown-param", ("model", "params", name), message))
    missing = [name for name in signature.required if name not in params]
    if missing:
        place = model.entries.get("params") or model
        key = ("model", "params") if "params" in model.entries else ("model",)
        problems.append(
            place.key_problem("missing-param", key, f"{what} needs {list_names(missing)} under params")
        )
    return problems


def _offer(wrong: str, accepted: tuple[str, ...]) -> str:
    if not accepted:
        return "; it takes none"
    near = nearest_name(wrong, accepted)
    takes = f"it takes {list_names(accepted)}"
    return f'; did you mean "{near}"? ({takes})' if near else f"; {takes}"


def _find(tree: ast.Module, name: str) -> Signature | None:
    """Find what the module's top level binds to a name; the last binding counts."""
    found = None
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
            found = _read_signature(statement)
        elif name in _bound_names(statement):
            found = Signature(name, takes_any=True)
    return found


def _read_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    arguments = function.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    given = ENTRY_POINTS[function.name]
    by_name = [argument.arg for argument in arguments.args if argument.arg in positional[given:]]
    keyword_only = [argument.arg for argument in arguments.kwonlyargs]
    with_default = set(positional[len(positional) - len(arguments.defaults) :])
    with_default |= {
        name for name, default in zip(keyword_only, arguments.kw_defaults, strict=True) if default is not None
    }
    accepted = (*by_name, *keyword_only)
    required = tuple(name for name in accepted if name not in with_default)
    # A decorator may change what the function takes.
    takes_any = arguments.kwarg is not None or bool(function.decorator_list)
    return Signature(function.name, accepted, required, takes_any)


def _bound_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement other than a function binds, also within if and try."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name) for alias in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.If | ast.Try | ast.With):
        return {
            node.id if isinstance(node, ast.Name) else node.name
            for node in ast.walk(statement)
            if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
            or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
    return set()


def _path(node: Node, key: str = "module") -> tuple[str, ...]:
    return ("model", key) if node.key_start else ("model",)
