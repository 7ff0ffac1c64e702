"""Text search: the condition that the prompt and the answer of a call hold words or a phrase.

The engine's `text` index knows words: runs of letters and digits, in any case. What it cannot know by words (writing
without spaces, and signs) is compared character by character.
"""

import re
from collections.abc import Iterable
from typing import Final

from proxy.query.binding import Binder, Context

__all__ = ["indexed_text", "search_condition", "text_condition"]

_PREVIEWS: Final = "concat(request_preview, ' ', response_preview)"
_BODIES: Final = "concat(request, ' ', request_text, ' ', response_text)"
"""What is searched where there is no index: also the request as it came, because rows may have no `request_text`."""
_PUNCTUATION: Final = "“”„‘’‚«»‹›—–…·•→、。，！？：；（）「」『』《》【】\u00a0"
"""Made blanks before a text is split: the engine takes every character beyond ASCII for a letter."""
_INDEXED_WORD: Final = re.compile(r"[^\W_]")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean: the index sees a whole clause as one word."""


def search_condition(text: str, context: Context, *, phrase: bool) -> str:
    """The condition over `requests` that a call's texts hold the words of `text`, or the phrase.

    Without the index the previews are searched, too: they outlive the bodies.
    """
    bind = context.binder.bind
    window = context.window
    condition = (
        f"(start, id) IN (SELECT start, id FROM bodies WHERE org = {bind(context.org, 'String')}"
        f" AND start >= fromUnixTimestamp64Micro({bind(window.since_us, 'Int64')})"
        f" AND start < fromUnixTimestamp64Micro({bind(window.until_us, 'Int64')})"
        f" AND {text_condition(text, phrase=phrase, chars=context.text_chars, binder=context.binder)})"
    )
    if context.text_chars:
        return condition
    return f"({_scan(_PREVIEWS, text.split(), phrase, context.binder)}) OR {condition}"


def indexed_text(chars: int) -> str:
    """The expression over `bodies` that is indexed. A search asks for the same (`proxy/logstore/migrate.py`)."""
    return _normalize(f"substringUTF8(concat(request_text, ' ', response_text), 1, {chars})")


def text_condition(text: str, *, phrase: bool, chars: int, binder: Binder) -> str:
    """The condition over `bodies` that a call holds all words of `text` in any order, or `text` as a phrase.

    `chars` is `LogStore.text_chars`. Where that is 0, whole bodies are searched, and a part of a word matches, too.
    """
    words = text.split()
    if not chars:
        return _scan(_BODIES, words, phrase, binder)
    searched = indexed_text(chars)
    if phrase:
        if not all(map(_is_indexed, words)):
            return _holds(searched, " ".join(words), binder)
        return f"hasPhrase({searched}, {_normalize(binder.bind(' '.join(words), 'String'))})"
    known = " ".join(dict.fromkeys(filter(_is_indexed, words)))
    conditions = [f"hasAllTokens({searched}, {_normalize(binder.bind(known, 'String'))})"] if known else []
    others = dict.fromkeys(word for word in words if not _is_indexed(word))
    return _all([*conditions, *(_holds(searched, word, binder) for word in others)])


def _scan(searched: str, words: list[str], phrase: bool, binder: Binder) -> str:
    needles = [" ".join(words)] if phrase else dict.fromkeys(words)
    return _all(_holds(searched, needle, binder) for needle in needles)


def _normalize(sql: str) -> str:
    """The expression of a text as it is split into words."""
    return f"lowerUTF8(translateUTF8({sql}, '{_PUNCTUATION}', '{' ' * len(_PUNCTUATION)}'))"


def _is_indexed(word: str) -> bool:
    return bool(_INDEXED_WORD.search(word)) and not _UNSPACED.search(word)


def _holds(expression: str, needle: str, binder: Binder) -> str:
    return f"positionCaseInsensitiveUTF8({expression}, {binder.bind(needle, 'String')}) > 0"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "0"
