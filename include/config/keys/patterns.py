"""Regular expressions in configs: those that compile, and that no text keeps busy for ever."""

import re
import warnings
from typing import Annotated

from include.config.keys.base import Checked, Text, refuse

# Longer ones are no rule that a reviewer can judge.
_MAX_LENGTH = 500

_ONE_CHARACTER = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_INNERMOST_GROUP = re.compile(
    r"\((?:\?(?:P<\w+>|[aiLmsux-]*:|<?[=!]|>))?(?P<body>[^()]*)\)(?P<repeat>[*+]|\{\d+,\})?"
)
# A branch in which each part may repeat, so that one text can be cut into repeats of it in many ways.
_ELASTIC = re.compile(r"(?:[^*+?{}](?:[*+?]|\{\d*,\d*\})[?+]?)+")


def may_take_forever(pattern: str) -> bool:
    """Tell whether a valid pattern repeats what itself repeats, as (a+)+: its time doubles with each character.

    Patterns that hide it better pass; a run's timeout ends them.
    """
    text = _ONE_CHARACTER.sub("x", pattern)
    while group := _INNERMOST_GROUP.search(text):
        is_elastic = any(_ELASTIC.fullmatch(branch) for branch in group["body"].split("|"))
        if is_elastic and group["repeat"]:
            return True
        stand_in = "x+" if is_elastic else f"x{group['repeat'] or ''}"
        text = text[: group.start()] + stand_in + text[group.end() :]
    return False


def _check_pattern(pattern: str) -> None:
    if len(pattern) > _MAX_LENGTH:
        refuse(f"must be at most {_MAX_LENGTH} characters long, and has {len(pattern)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python's next versions may read otherwise
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        refuse(f"is no regular expression: {error}")
    if may_take_forever(pattern):
        refuse("repeats what itself repeats, as (a+)+, and may take for ever; repeat one of the two")


Pattern = Annotated[Text, Checked(_check_pattern)]
