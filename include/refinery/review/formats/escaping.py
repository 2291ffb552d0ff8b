"""Write foreign text so that it stays text: no markup, no mention, no reference, no hidden character comes out of it."""

from __future__ import annotations

import html
import re

# What a code span between backticks cannot hold everywhere: in a table, in a cell that GitHub splits, beside other spans.
_NEEDS_ENTITIES = re.compile(r"[`|\\<>&]")
# Full stops and colons are not among them: GitHub makes links of www.example.org and https: wherever they stand.
_NOT_MARKUP = re.compile(r"[^\W_]|[ ,-]")
# Words and numbers that mean nothing to Markdown or GitHub. Seven digits could be a commit.
_HARMLESS = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d{1,6}(?:[.:,-]\d{1,6}){0,4}%?")
_BACKTICKS = re.compile(r"`+")
# The blanks in "{{ ds }}" end no word.
_WORD = re.compile(r"(?:\{\{[^{}]*\}\}|\S)+")
# A sentence ends with the command that it proposes.
_BEFORE_COMMAND = " with: "
_LIST_NUMBER = re.compile(r"\d+[.)].*")
_PUNCTUATED = re.compile(r"(?P<lead>[(\"]*)(?P<word>.*?)(?P<trail>[.,:;?)\"]*)")


def visible(text: str) -> str:
    """Write each character that cannot be seen, or turns the direction of others, as its code; so it is one line."""
    return "".join(letter if letter.isprintable() else _code_of(letter) for letter in text)


def shorten(text: str, width: int) -> str:
    """Make a text visible and cut it to a width."""
    shown = visible(text)
    return shown if len(shown) <= width else f"{shown[: width - 3]}..."


def code(text: str) -> str:
    """Write a text as code in Markdown, on one line, also in a table; GitHub reads no mention or reference in code."""
    shown = visible(text)
    if shown != shown.strip() or not shown or _NEEDS_ENTITIES.search(shown):
        return f"<code>{entities(shown)}</code>"
    return f"`{shown}`"


def entities(text: str) -> str:
    """Write a text for an HTML element in Markdown: all that could be markup as character references."""
    return "".join(
        letter if _NOT_MARKUP.fullmatch(letter) else f"&#{ord(letter)};" for letter in visible(text)
    )


def prose(sentence: str) -> str:
    """Write a sentence in Markdown: plain words as they are, all else in it (URLs, keys, values, names, a command) as code."""
    words_before, with_, command = visible(sentence).partition(_BEFORE_COMMAND)
    words = [_word(word) for word in _WORD.findall(words_before + with_)]
    if words and _LIST_NUMBER.fullmatch(words[0]):
        words[0] = code(words[0])
    return " ".join([*words, code(command)] if command else words)


def html_text(text: str) -> str:
    """Write a text in an HTML element's content, where Markdown is not read."""
    return html.escape(visible(text))


def html_code(text: str) -> str:
    """Write a text as code in an HTML element's content, where Markdown is not read."""
    return f"<code>{html_text(text)}</code>"


def fence(text: str) -> str:
    """Return a row of backticks longer than any in a text, to stand before and after it."""
    return "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))


def _word(word: str) -> str:
    if word == "->":
        return "\N{RIGHTWARDS ARROW}"
    found = _PUNCTUATED.fullmatch(word)
    if not found or not found["word"]:
        return code(word)
    lead, core, trail = found.group("lead", "word", "trail")
    return f"{lead}{core if _HARMLESS.fullmatch(core) else code(core)}{trail}"


def _code_of(letter: str) -> str:
    if letter in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[letter]
    return f"\\u{{{ord(letter):x}}}"
