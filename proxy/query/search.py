"""Text search: the condition that the prompt and the answer of a call hold words or a phrase.

The engine's `text` index knows words: runs of letters and digits, in any case. What it cannot know by words (writing
without spaces, signs, words of 50 characters and more) is compared character by character.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from proxy.query.compile import Binder

__all__ = ["TEXT", "text_condition"]

TEXT: Final = "concat(request_text, ' ', response_text)"
"""What is indexed and searched; a search must ask for exactly this expression (`proxy/logstore/migrate.py`)."""
_SCANNED: Final = "concat(request, ' ', request_text, ' ', response_text)"
"""What is searched where there is no index: also the request as it came, because rows may have no `request_text`."""
_MAX_NEEDLE: Final = 100
"""Characters asked for at once: the index cuts what it is asked for to the length that it covers, 100 or more."""
_MAX_WORD: Final = 49
"""Two words of a phrase can be asked for at once."""
_INDEXED_WORD: Final = re.compile(r"[^\W_]")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean: the index sees a whole clause as one word."""


def text_condition(text: str, *, phrase: bool, indexed: bool, binder: Binder) -> str:
    """The condition over `bodies` that a call holds all words of `text` in any order, or `text` as a phrase.

    `indexed` is `LogStore.text_indexed`. Without the index a part of a word matches, too.
    """
    words = text.split()
    if not indexed:
        needles = [" ".join(words)] if phrase else dict.fromkeys(words)
        return _all(_holds(_SCANNED, needle, binder) for needle in needles)
    if phrase:
        if not all(map(_is_indexed, words)):
            return _holds(TEXT, " ".join(words), binder)
        return _all(f"hasPhrase({TEXT}, {binder.bind(part, 'String')})" for part in _parts(words, overlap=True))
    known = [word for word in dict.fromkeys(words) if _is_indexed(word)]
    conditions = [f"hasAllTokens({TEXT}, {binder.bind(part, 'String')})" for part in _parts(known)]
    return _all([*conditions, *(_holds(TEXT, word, binder) for word in dict.fromkeys(words) if not _is_indexed(word))])


def _is_indexed(word: str) -> bool:
    return len(word) <= _MAX_WORD and bool(_INDEXED_WORD.search(word)) and not _UNSPACED.search(word)


def _parts(words: list[str], *, overlap: bool = False) -> Iterator[str]:
    """The words in runs that can be asked for at once; with `overlap` each begins with the last word of another."""
    cuts = [0]
    length = 0
    for at, word in enumerate(words):
        length += len(word) + 1
        if length > _MAX_NEEDLE + 1:
            cuts.append(at)
            length = len(word) + 1 + (len(words[at - 1]) + 1 if overlap else 0)
    for first, last in pairwise([*cuts, len(words)]):
        run = words[first - 1 if overlap and first else first : last]
        if run:
            yield " ".join(run)


def _holds(expression: str, needle: str, binder: Binder) -> str:
    return f"positionCaseInsensitiveUTF8({expression}, {binder.bind(needle, 'String')}) > 0"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "0"
