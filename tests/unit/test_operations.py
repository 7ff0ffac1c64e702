"""Every operation that a dialect names has a row of what the others must know of it."""

import ast
from pathlib import Path

import pytest

from proxy.providers import dialects
from proxy.providers.dialects import DIALECTS, OPERATIONS, guess_dialect

FOLDER = Path(dialects.__file__).parent


def named() -> set[str]:
    """The values of the tables of paths that each dialect's module holds."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                target = node.targets[0]
                if isinstance(target, ast.Name) and target.id in ("_TAILS", "_FOLDERS", "_METHODS"):
                    found |= {ast.literal_eval(value) for value in node.value.values}
    return found


def test_every_operation_of_a_dialect_has_a_row() -> None:
    assert named() | {"other", "images", "stored"} == set(OPERATIONS)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_path_that_a_dialect_does_not_know_is_another_operation(name: str) -> None:
    assert DIALECTS[name].operation("/nothing/of/this/kind") == "other"


@pytest.mark.parametrize(
    "path, name",
    [
        ("/v1/messages", "anthropic"),
        ("/anthropic/v1/complete", "anthropic"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini"),
        ("/v1/models/gemini-2.5-pro:generateContent", "gemini"),
        ("/v1/chat/completions", "openai"),
        ("/", "openai"),
    ],
)
def test_a_path_tells_the_shape_of_an_error_before_it_is_routed(path: str, name: str) -> None:
    assert guess_dialect(path).name == name


@pytest.mark.parametrize(
    ("path", "carried", "name"),
    [
        ("/v1/models", {"anthropic-version"}, "anthropic"),
        ("/v1/models", {"x-goog-api-key"}, "gemini"),
        ("/v1/models", {"?key"}, "gemini"),
        ("/v1/models", {"authorization"}, "openai"),
        ("/openai/v1/models", {"anthropic-version"}, "openai"),
    ],
)
def test_a_header_tells_the_shape_of_an_error_before_it_is_routed(path: str, carried: set[str], name: str) -> None:
    assert guess_dialect(path, carried).name == name
