"""Check a model's module or script against the config that names it, by parsing it: nothing is imported."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.config.checks.evaluation import task_without_target
from refinery.config.checks.model_imports import explain_wrong_import
from refinery.config.checks.run_params import read_params
from refinery.config.models.metrics import METRICS
from refinery.config.models.model import is_class_path, is_module_name
from refinery.config.models.script import is_script_name
from refinery.config.run_params import fill_typed_params
from refinery.config.yaml.scalars import with_scalar_keys
from refinery.spec.libraries import library_problem
from refinery.spec.search import Searching
from refinery.wording import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

# Takes the path and the params of each class of a model, whether it is fitted batch by batch, whether rows have weights, the task
# that the config names, the other keys, such as early_stopping, that the model must be able to follow, and what is searched. Returns the
# problems of each class, and then those of the metric of a search.
CheckClasses = Callable[
    [Sequence[tuple[str, Mapping[str, Any]]], bool, bool, str | None, frozenset[str], Searching | None],
    list[list[str]],
]

# A module defines exactly one of these; the number of leading arguments that Refinery passes.
ENTRY_POINTS = {"build_model": 0, "train": 2, "fit": 2}
_SAMPLE_WEIGHT = "sample_weight"
_BUILD = "build_model"
_TRAIN = "train"
_INCREMENTAL = "incremental"
_PICKLE = "pickle"

_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Signature:
    """The parameters of a module's function that `params` sets.

    Attributes:
        function: The function's name.
        accepted: The names of its parameters.
        required: Those without a default.
        takes_any: Whether it takes any name (`**params`), or its source does not show what it takes.
    """

    function: str
    accepted: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    takes_any: bool = False


class ModelModules:
    """The modules and scripts of one folder, each parsed once per load."""

    def __init__(self, models_dir: Path) -> None:
        """Store the folder; a module is read when it is first checked."""
        self._models_dir = models_dir
        self._signatures: dict[str, Signature | str] = {}
        self._scripts: dict[str, str | None] = {}

    def check(self, tree: Node) -> list[Problem]:
        """Return what keeps a pipeline's module or script from running with its parameters.

        Args:
            tree: The resolved values; they may be invalid.
        """
        model = tree.entries.get("model")
        if model is None:
            return []
        if script := _named(model, "script", is_script_name):
            why = self._script_problem(str(script.value))
            bad = [script.problem("bad-script", _path(script, "script"), why)] if why else []
            return [*bad, *_refuse_incremental(tree, "scripts")]
        module = _named(model, "module", is_module_name)
        if module is None:
            return []
        signature = self._signature(str(module.value))
        if isinstance(signature, str):
            return [module.problem("bad-module", _path(module), signature)]
        return [
            *_check_params(signature, str(module.value), model, given=_weights(tree)),
            *_check_weight(signature, tree),
            *_check_format(signature, model),
            *_check_fit(signature, tree),
            *_check_task(signature, tree),
        ]

    def judges_itself(self, tree: Node) -> bool | None:
        """Return whether the model's own code computes its metrics, as scripts and `train` do; None if unknown."""
        model = tree.entries.get("model")
        if model is None:
            return None
        if module := _named(model, "module", is_module_name):
            signature = self._signature(str(module.value))
            return None if isinstance(signature, str) else signature.function == _TRAIN
        if any(_candidates(model)):
            return False
        return True if _named(model, "script", is_script_name) else None

    def _signature(self, name: str) -> Signature | str:
        if name not in self._signatures:
            self._signatures[name] = self._read_module(name)
        return self._signatures[name]

    def _script_problem(self, name: str) -> str | None:
        if name not in self._scripts:
            folder = self._models_dir
            parsed = self._parse(name, (path.relative_to(folder).as_posix() for path in folder.rglob("*.py")))
            self._scripts[name] = (
                parsed if isinstance(parsed, str) else self._wrong_import(parsed, name, is_script=True)
            )
        return self._scripts[name]

    def _read_module(self, name: str) -> Signature | str:
        tree = self._parse(f"{name}.py", (path.stem for path in self._models_dir.glob("[!_]*.py")))
        if isinstance(tree, str):
            return tree
        if wrong := self._wrong_import(tree, f"{name}.py", is_script=False):
            return wrong
        found = {entry: signature for entry in ENTRY_POINTS if (signature := _find(tree, entry))}
        if len(found) != 1:
            what = " and ".join(found) or "none"
            return (
                f"{self._shown(f'{name}.py')} must define exactly one of {', '.join(ENTRY_POINTS)}; "
                f"it defines {what}"
            )
        return next(iter(found.values()))

    def _wrong_import(self, tree: ast.Module, name: str, *, is_script: bool) -> str | None:
        why = explain_wrong_import(tree, self._models_dir / name, self._models_dir, is_script=is_script)
        return f"{self._shown(name)} {why}" if why else None

    def _parse(self, name: str, known: Iterable[str]) -> ast.Module | str:
        """Parse a file below the folder, or return why that fails; a missing file is compared with the known names."""
        file = self._models_dir / name
        if not os.path.isfile(file):  # noqa: PTH113 - pathlib raises where a name is too long
            return f"there is no {self._shown(name)}{_suggest(name, known)}"
        try:
            source = file.read_bytes()
            if len(source) <= _MAX_BYTES:
                return ast.parse(source)
        except SyntaxError as error:
            return f"{self._shown(name)} is not valid Python: {error.msg} on line {error.lineno}"
        except (ValueError, RecursionError, MemoryError, OSError):
            pass  # reported below, like a file that is too large
        return f"{self._shown(name)} cannot be parsed; is it a Python file?"

    def _shown(self, name: str) -> str:
        return f"{self._models_dir.parent.name}/{self._models_dir.name}/{name}"


def _suggest(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest file; for what looks like a bare class name and is near none, say how to write a class."""
    suggestion = suggest_name(name, known)
    is_class = re.fullmatch(r"([A-Z][a-z0-9]*)+\.py", name) is not None
    if is_class and "did you mean" not in suggestion:
        return "; write a scikit-learn class with its module, such as sklearn.linear_model.Ridge"
    return suggestion


def check_libraries(
    tree: Node, libraries: Sequence[str], check_classes: CheckClasses | None
) -> list[Problem]:
    """Return what is wrong with the library classes of a pipeline's model, and with their parameters.

    Args:
        tree: The resolved values; they may be invalid.
        libraries: The libraries whose classes configs may name.
        check_classes: See load_project.
    """
    model = tree.entries.get("model")
    candidates = _candidates(model) if model else []
    refused = [
        one.path.problem("bad-class", one.at("class"), problem)
        for classes in candidates
        for one in classes
        if (problem := library_problem(str(one.path.value), libraries))
    ]
    if refused or check_classes is None:
        return refused
    return [
        problem
        for classes in candidates
        if classes
        for problem in _check_together(tree, classes, candidates[0], check_classes)
    ]


def check_search(tree: Node) -> Iterator[Problem]:
    """Yield a problem for a `search` without anything to search, unless it comes from a file that other pipelines share.

    Args:
        tree: The resolved values; they may be invalid.
    """
    search, model = tree.entries.get("search"), tree.entries.get("model")
    if search is None or model is None or search.source is not tree.source or search.value is None:
        return
    is_searched = "candidates" in model.entries or any(
        one.search for classes in _candidates(model) for one in classes
    )
    if not is_searched and (model.entries or model.value):
        message = (
            "has nothing to search; list models under model.candidates, or give the model's class a search, such as "
            "model: {class: sklearn.linear_model.Ridge, search: {alpha: 0.01..100 log}}"
        )
        yield search.key_problem("unused-search", ("search",), message)


@dataclass(frozen=True)
class _LibraryClass:
    """A library class in a config: the node of its path, its parameters, those that are searched, and the keys above them."""

    path: Node
    params: Mapping[str, Node]
    search: Mapping[str, Node]
    above: tuple[str | int, ...]

    def at(self, *keys: str) -> tuple[str | int, ...]:
        return (*self.above, *keys) if self.path.key_start else self.above


def _candidates(model: Node) -> list[list[_LibraryClass]]:
    """Return the classes of each candidate; those of the one model where there are none."""
    listed = model.entries.get("candidates")
    if listed is None:
        return [list(_classes(model, ("model",)))]
    return [list(_classes(item, ("model", "candidates", index))) for index, item in enumerate(listed.items)]


def _classes(model: Node, above: tuple[str | int, ...]) -> Iterator[_LibraryClass]:
    """Yield the model's class, or each step's; nothing where one of them is not a class path."""
    if path := _named(model, "class", is_class_path):
        yield _LibraryClass(path, _entries(model, "params"), _entries(model, "search"), above)
    steps = model.entries.get("steps")
    named = [(step, _named(step, "class", is_class_path)) for step in steps.items] if steps else []
    if all(path for _, path in named):
        for index, (step, path) in enumerate(named):
            if path:
                yield _LibraryClass(
                    path, _entries(step, "params"), _entries(step, "search"), (*above, "steps", index)
                )


def _check_together(
    tree: Node,
    classes: Sequence[_LibraryClass],
    first: Sequence[_LibraryClass],
    check_classes: CheckClasses,
) -> Iterator[Problem]:
    """Yield the problems of one candidate's classes."""
    declared = read_params(tree)
    given = []
    for one in classes:
        params = {name: with_scalar_keys(node.to_plain()) for name, node in one.params.items()}
        given.append((str(one.path.value), fill_typed_params(params, declared) if declared else params))
    metric = _search_metric(tree)
    searching = None
    if first is not classes or any(one.search for one in classes) or metric:
        searching = Searching(
            spaces=tuple({name: node.to_plain() for name, node in one.search.items()} for one in classes),
            by=str(metric.value) if metric else None,
            first=None if first is classes or not first else str(first[-1].path.value),
        )
    found = check_classes(
        given,
        _is_incremental(tree),
        bool(_weights(tree)),
        task_without_target(tree),
        _followed_keys(tree),
        searching,
    )
    for one, texts in zip(classes, found, strict=False):
        yield from (_place(text, one) for text in texts)
    if metric and first is classes:
        for text in (text for texts in found[len(classes) :] for text in texts):
            yield metric.problem("bad-metric", ("search", "by"), text)


def _search_metric(tree: Node) -> Node | None:
    search = tree.entries.get("search")
    return _named(search, "by", lambda value: value in METRICS) if search else None


def _place(text: str, one: _LibraryClass) -> Problem:
    """Place a problem at the parameter that it names, else at the class."""
    for key, nodes in (("params", one.params), ("search", one.search)):
        for name, node in nodes.items():
            if f'"{name}"' in text:
                return node.key_problem("bad-params", (*one.above, key, name), text)
    return one.path.problem("bad-class", one.at("class"), text)


def _named(model: Node, key: str, is_valid: Callable[[object], bool]) -> Node | None:
    node = model.entries.get(key)
    return node if node and not node.is_broken and is_valid(node.value) else None


def _params(model: Node) -> dict[str, Node]:
    return _entries(model, "params")


def _entries(model: Node, key: str) -> dict[str, Node]:
    return model.entries[key].entries if key in model.entries else {}


def _check_params(
    signature: Signature, module: str, model: Node, *, given: tuple[str, ...] = ()
) -> list[Problem]:
    if signature.takes_any:
        return []
    params = _params(model)
    what = f"{module}.{signature.function}"
    problems = []
    for name, node in params.items():
        if name not in signature.accepted:
            message = f"{what} does not take this parameter{_offer(name, signature.accepted)}"
            problems.append(node.key_problem("unknown-param", ("model", "params", name), message))
    missing = [name for name in signature.required if name not in params and name not in given]
    if missing:
        place = model.entries.get("params") or model
        key = ("model", "params") if "params" in model.entries else ("model",)
        problems.append(
            place.key_problem("missing-param", key, f"{what} requires {list_names(missing)} under params")
        )
    return problems


def _check_format(signature: Signature, model: Node) -> list[Problem]:
    chosen = model.entries.get("format")
    if signature.function != _TRAIN or chosen is None or chosen.value in (_PICKLE, None):
        return []
    message = f"does not apply to modules with {_TRAIN}, which write a pickle themselves; define build_model or fit, or remove this key"
    return [chosen.key_problem("bad-format", ("model", "format"), message)]


def _check_fit(signature: Signature, tree: Node) -> list[Problem]:
    return (
        []
        if signature.function == _BUILD
        else _refuse_incremental(tree, f"modules with {signature.function}")
    )


def _check_weight(signature: Signature, tree: Node) -> list[Problem]:
    if not _weights(tree) or signature.function == _BUILD:
        return []
    if signature.function == _TRAIN:
        message = f"does not apply to modules with {_TRAIN}, which read the dataset themselves; define {_BUILD} or fit, or remove this key"
    elif not signature.takes_any and _SAMPLE_WEIGHT not in signature.accepted:
        message = f"the module's fit takes no {_SAMPLE_WEIGHT}; write fit(features, target, {_SAMPLE_WEIGHT}), or remove this key"
    else:
        return []
    return [tree.entries["weight"].key_problem("bad-weight", ("weight",), message)]


def _check_task(signature: Signature, tree: Node) -> list[Problem]:
    if signature.function == _BUILD or task_without_target(tree) is None:
        return []
    why = "measure their models themselves" if signature.function == _TRAIN else "take a target"
    message = f"does not apply to modules with {signature.function}, which {why}; define {_BUILD}, or remove this key"
    return [tree.entries["task"].problem("bad-task", ("task",), message)]


def _weights(tree: Node) -> tuple[str, ...]:
    """Return what Refinery passes to the fit beside features and target: the rows' weights, where the config names some."""
    weight = tree.entries.get("weight")
    return (_SAMPLE_WEIGHT,) if weight is not None and weight.value is not None else ()


def _followed_keys(tree: Node) -> frozenset[str]:
    """Return the keys of `fit` and `evaluate` that not every class can follow, of those that are set."""
    found = set()
    for section, key in (("fit", "early_stopping"), ("evaluate", "threshold"), ("evaluate", "calibrate")):
        node = tree.entries[section].entries.get(key) if section in tree.entries else None
        if node is not None and node.value is not None:
            found.add(key)
    return frozenset(found)


def _refuse_incremental(tree: Node, models: str) -> list[Problem]:
    if not _is_incremental(tree):
        return []
    mode = tree.entries["fit"].entries["mode"]
    message = f"does not apply to {models}, which take all rows at once; define {_BUILD}, or remove this key"
    return [mode.problem("bad-fit", ("fit", "mode") if mode.key_start else ("fit",), message)]


def _is_incremental(tree: Node) -> bool:
    fit = tree.entries.get("fit")
    mode = fit.entries.get("mode") if fit else None
    return mode is not None and mode.value == _INCREMENTAL


def _offer(wrong: str, accepted: tuple[str, ...]) -> str:
    if not accepted:
        return "; it takes none"
    near = nearest_name(wrong, accepted)
    takes = f"it takes {list_names(accepted)}"
    return f'; did you mean "{near}"? ({takes})' if near else f"; {takes}"


def _find(tree: ast.Module, name: str) -> Signature | None:
    """Return the signature that the module's top level binds to a name; the last binding counts."""
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
