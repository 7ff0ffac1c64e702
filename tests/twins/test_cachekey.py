"""Which requests share a key, and which never do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _speedups._pure import cachekey as plain
from tests.twins.conftest import twin

BASE: dict[str, Any] = {
    "namespace": "org",
    "method": "POST",
    "url": "https://api.openai.com/v1/chat/completions",
    "body": b'{"model":"m","n":1}',
    "headers": [("openai-beta", "x")],
}


def test_a_key_has_two_digests(cachekey: Any) -> None:
    key = cachekey.cache_key(**BASE)
    assert (len(key.xx), len(key.digest)) == (16, 32)
    assert key.xx.hex() == "bbd9850e0f9d411240317369c92e4dd4"
    assert key.digest.hex() == "90b9fe206ac1778c99f57e8da91b9efa5511ef331dc33a24add47f4ed4fdf709"


@pytest.mark.parametrize(
    "one, other",
    [
        (b'{"a":1,"b":2}', b' {\n"b" : 2,\t"a" : 1}\r\n'),
        (b'{"a":{"y":[1,2],"x":null}}', b'{"a":{"x":null,"y":[1, 2]}}'),
        (b'["\\u0041\\/\\u00e9\\ud83d\\ude00"]', '["A/é😀"]'.encode()),
        (b'["\\n\\"\\\\"]', b'["\\u000a\\u0022\\u005c"]'),
        (b"[1]", b"[1.0]"),
        (b"[1]", b"[10e-1]"),
        (b"[-0]", b"[0.000E5]"),
        (b"[1500]", b"[1.5e+3]"),
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b'{"\\u0061":1,"a":2}', b'{"a":2}'),
    ],
)
def test_bodies_of_one_meaning_share_a_key(cachekey: Any, one: bytes, other: bytes) -> None:
    assert cachekey.canonical_json(one) == cachekey.canonical_json(other) is not None
    assert cachekey.cache_key(**BASE | {"body": one}) == cachekey.cache_key(**BASE | {"body": other})


@pytest.mark.parametrize(
    "one, other",
    [
        (b"[9007199254740992]", b"[9007199254740993]"),
        (b"[0.1]", b"[0.1000000000000000055511151231257827]"),
        (b"[1e400]", b"[1e401]"),
        (b"[1]", b"[-1]"),
        (b'["1"]', b"[1]"),
        (b"[null]", b'["null"]'),
        (b"[[1],2]", b"[[1,2]]"),
        (b'{"a":"b"}', b'{"a":"B"}'),
        (b'["a\\",\\"b"]', b'["a","b"]'),
        (b'["\\ud83d"]', b'["\\ude00"]'),
        (b'{"a":[1,2]}', b'{"a":[2,1]}'),
        (b"not json", b"not  json"),
    ],
)
def test_bodies_of_another_meaning_do_not(cachekey: Any, one: bytes, other: bytes) -> None:
    assert cachekey.cache_key(**BASE | {"body": one}) != cachekey.cache_key(**BASE | {"body": other})


@pytest.mark.parametrize(
    "change",
    [
        {"namespace": "other"},
        {"method": "GET"},
        {"url": BASE["url"] + "?a=1"},
        {"body": b'{"model":"m","n":2}'},
        {"headers": []},
        {"headers": [("openai-beta", "y")]},
        {"seed": "s"},
        {"ignored": ("n",)},
    ],
)
def test_every_part_is_part_of_the_key(cachekey: Any, change: dict[str, Any]) -> None:
    assert cachekey.cache_key(**BASE | change) != cachekey.cache_key(**BASE)


def test_no_two_parts_run_together(cachekey: Any) -> None:
    rows = [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ("abcd", "", "")]
    keys = {cachekey.cache_key(a, b, c, b"", []) for a, b, c in rows}
    keys |= {cachekey.cache_key("", "", "", b"", [(a, b), (c, "")]) for a, b, c in rows}
    assert len(keys) == 2 * len(rows)


def test_bytes_that_are_json_are_told_from_bytes_that_look_like_its_canonical_form(cachekey: Any) -> None:
    lone = b'["\\ud83d"]'
    canonical = cachekey.canonical_json(lone)
    assert cachekey.canonical_json(canonical) is None
    assert cachekey.cache_key(**BASE | {"body": lone}) != cachekey.cache_key(**BASE | {"body": canonical})


def test_header_names_count_without_case_and_order(cachekey: Any) -> None:
    one = cachekey.cache_key(**BASE | {"headers": [("A", "1"), ("b", "2")]})
    assert one == cachekey.cache_key(**BASE | {"headers": [("B", "2"), ("a", "1")]})
    assert one != cachekey.cache_key(**BASE | {"headers": [("a", "2"), ("b", "1")]})


def test_namespace_may_be_bytes(cachekey: Any) -> None:
    assert cachekey.cache_key(**BASE | {"namespace": b"org"}) == cachekey.cache_key(**BASE)


@pytest.mark.parametrize(
    "ignored, left",
    [
        (("user",), b'{"meta":{"id":1,"t":2},"list":[{"id":1}]}'),
        (("meta.id",), b'{"user":"u","meta":{"t":2},"list":[{"id":1}]}'),
        (("list.id", "user", "none.at.all"), b'{"meta":{"id":1,"t":2},"list":[{}]}'),
        (("meta", "meta.id"), b'{"user":"u","list":[{"id":1}]}'),
        (("user.id",), b'{"user":"u","meta":{"id":1,"t":2},"list":[{"id":1}]}'),
    ],
)
def test_ignored_paths_are_left_out(cachekey: Any, ignored: tuple[str, ...], left: bytes) -> None:
    body = b'{"user":"u","meta":{"id":1,"t":2},"list":[{"id":1}]}'
    assert cachekey.canonical_json(body, ignored) == cachekey.canonical_json(left)


def test_64_paths_and_no_more_can_be_ignored(cachekey: Any) -> None:
    paths = tuple(f"k{i}" for i in range(64))
    body = json.dumps(dict.fromkeys([*paths, "kept"], 1)).encode()
    assert cachekey.canonical_json(body, paths) == b'{"kept":1}'
    with pytest.raises(ValueError, match="at most 64"):
        cachekey.canonical_json(body, (*paths, "k64"))


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[1,]", b"[01]", b"[1.]", b"[.5]", b"[+1]", b"[NaN]", b"[1]x", b"\xef\xbb\xbf[1]", b'["\t"]']
    + [b'["\\x"]', b'["\\u12"]', b'["\xff"]', b'["\xed\xa0\x80"]', b'{"a"}', b"{1:2}", b"{'a':1}", b"tru", b"[1e]"],
)
def test_what_is_not_json_is_taken_as_bytes(cachekey: Any, body: bytes) -> None:
    assert cachekey.canonical_json(body) is None
    assert cachekey.cache_key(**BASE | {"body": body}) != cachekey.cache_key(**BASE | {"body": body + b" "})


@pytest.mark.parametrize("depth, known", [(128, True), (129, False), (100_000, False)])
@pytest.mark.parametrize("start, end", [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_has_a_limit(cachekey: Any, depth: int, known: bool, start: bytes, end: bytes) -> None:
    assert (cachekey.canonical_json(start * depth + b"1" + end * depth) is not None) == known


def test_an_exponent_of_more_than_15_digits_is_taken_as_bytes(cachekey: Any) -> None:
    assert cachekey.canonical_json(b"1e-0999999999999999") == b"1e-999999999999999"
    assert cachekey.canonical_json(b"1e1000000000000000") is None


def test_a_thousand_keys_are_put_in_order(cachekey: Any) -> None:
    keys = [f"k{i * 7919 % 1000}" for i in range(1000)]
    body = json.dumps(dict.fromkeys(keys, 1)).encode()
    assert cachekey.canonical_json(body) == json.dumps(dict.fromkeys(sorted(keys), 1), separators=(",", ":")).encode()


WORDS = ["1", "-0", "0.10", "1E+2", "1e999999999999999", "00", "NaN", "null", "true", '"\\ud83d\\ude00"', '"\\ud83dA"']
WORDS += [
    '"\\u00e9"',
    '"é"',
    '"a\\"b"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a":',
    '"b":',
    '"\\u0061":',
    " ",
    '"',
    "\\",
    "{}",
    "\n",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abé") | st.text(), inner, max_size=5),
)
BODIES = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=14).map(lambda words: "".join(words).encode()),
    st.tuples(VALUES, st.booleans(), st.sampled_from([None, 2])).map(
        lambda t: json.dumps(t[0], ensure_ascii=t[1], indent=t[2]).encode("utf-8", "surrogatepass")
    ),
    st.binary(max_size=20),
)
PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a.a", "é", "", "b.a.b"]), max_size=3).map(tuple)


@given(BODIES, PATHS)
def test_the_twins_are_equal(body: bytes, ignored: tuple[str, ...]) -> None:
    compiled = twin("cachekey", "cython")
    assert plain.canonical_json(body, ignored) == compiled.canonical_json(body, ignored)
    parts: list[Any] = ["n", "POST", "/é", body, [("B", "é"), ("a", "2")], "seed", ignored]
    assert plain.cache_key(*parts) == compiled.cache_key(*parts)


@given(VALUES)
def test_any_spelling_of_a_value_has_one_canonical_form(value: Any) -> None:
    spellings = [json.dumps(value), json.dumps(value, indent=1), json.dumps(value, sort_keys=True)]
    assert len({plain.canonical_json(text.encode()) for text in spellings}) == 1
