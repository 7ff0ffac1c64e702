"""What one pass over a request's headers finds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _speedups import _names
from _speedups._pure import headers as plain
from tests.twins.conftest import twin

SWITCHES = [
    "cache_enabled",
    "cache_read",
    "cache_save",
    "retry_enabled",
    "omit_request",
    "omit_response",
    "stream_usage",
]
ATTRIBUTES = sorted(plain.Head.__annotations__)


def facts(head: Any) -> dict[str, Any]:
    return {name: getattr(head, name) for name in ATTRIBUTES}


def test_a_sdk_request_is_read_in_one_pass(headers: Any) -> None:
    head = headers.parse(
        [
            ("host", "localhost:8787"),
            ("content-type", "application/json"),
            ("content-length", "512"),
            ("accept-encoding", "gzip"),
            ("user-agent", "OpenAI/Python"),
            ("authorization", "Bearer sk-1"),
            ("Helicone-Auth", "Bearer sk-perihelion-1"),
            ("Helicone-User-Id", "ada"),
            ("Helicone-Property-App", "Demo"),
            ("Helicone-Cache-Enabled", "True"),
            ("Helicone-Retry-Num", "3"),
            ("Helicone-Else", "x"),
        ]
    )
    assert (head.host, head.content_type, head.content_length) == ("localhost:8787", "application/json", 512)
    assert (head.authorization, head.credential, head.auth) == ("Bearer sk-1", "Bearer sk-1", "Bearer sk-perihelion-1")
    assert (head.user_id, head.cache_enabled, head.cache_read) == ("ada", 1, -1)
    assert head.properties == {"app": "Demo"} and head.property_names == {"app": "App"}
    assert head.directives == {"retry-num": "3"} and head.unknown == {"helicone-else": "x"}
    expected = b"content-type: application/json\r\nuser-agent: OpenAI/Python\r\nauthorization: Bearer sk-1\r\n"
    assert head.forward == expected
    assert head.fault == "" and head.malformed == []


def test_nothing_is_found_in_nothing(headers: Any) -> None:
    assert facts(headers.parse([])) == facts(plain.Head())


@pytest.mark.parametrize("value, state", [("true", 1), ("TRUE", 1), ("1", 1), (" false\t", 0), ("0", 0)])
@pytest.mark.parametrize("slot", SWITCHES)
def test_a_switch_is_yes_or_no(headers: Any, slot: str, value: str, state: int) -> None:
    head = headers.parse([("Helicone-" + slot.replace("_", "-"), value)])
    assert getattr(head, slot) == state and head.malformed == []


@pytest.mark.parametrize("value", ["yes", "", "tru", "truе", "2", "true,true"])
def test_a_malformed_switch_is_named_with_its_value(headers: Any, value: str) -> None:
    head = headers.parse([("Helicone-Omit-Request", value)])
    assert head.omit_request == -2 and head.malformed == [("helicone-omit-request", value)]


def test_switches_that_contradict_themselves_are_malformed(headers: Any) -> None:
    head = headers.parse([("helicone-cache-enabled", "true"), ("helicone-cache-enabled", "false")])
    assert head.cache_enabled == -2 and head.malformed == [("helicone-cache-enabled", "false")]


@pytest.mark.parametrize(
    "values, length",
    [
        (["0"], 0),
        (["007"], 7),
        (["5", "5"], 5),
        (["5", "6"], -2),
        (["-1"], -2),
        (["+1"], -2),
        (["5 "], -2),
        (["1_0"], -2),
        (["٣"], -2),
        ([""], -2),
        (["5, 5"], -2),
        (["9" * 18], 10**18 - 1),
        (["9" * 19], -2),
    ],
)
def test_a_length_is_digits_or_malformed(headers: Any, values: list[str], length: int) -> None:
    assert headers.parse([("Content-Length", value) for value in values]).content_length == length


def test_hop_by_hop_and_own_headers_are_not_forwarded(headers: Any) -> None:
    items = [(name.title(), "x") for name in (*_names.DROPPED, "helicone-auth", "helicone-else", "helicone-property-a")]
    assert headers.parse([*items, ("X-Kept", "1")]).forward == b"X-Kept: 1\r\n"


def test_headers_that_connection_lists_are_not_forwarded(headers: Any) -> None:
    items = [("x-one", "1"), ("X-Two", "2"), ("connection", "close, X-ONE"), ("connection", "x-two"), ("x-three", "3")]
    assert headers.parse(items).forward == b"x-three: 3\r\n"


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\n", "\r", "a\0b"])
@pytest.mark.parametrize("name", ["x-any", "helicone-user-id", "content-type", "connection"])
def test_a_value_that_could_inject_a_header_is_a_fault_and_goes_nowhere(headers: Any, name: str, value: str) -> None:
    head = headers.parse([("x-good", "1"), (name, value), ("other name", "1")])
    assert head.fault == name and head.forward == b"x-good: 1\r\n"
    assert head.user_id == "" and head.content_type == ""


@pytest.mark.parametrize("name", ["a b", "a:", "é", "\u212a", "a\r\nb", "x\0"])
def test_an_illegal_name_is_a_fault(headers: Any, name: str) -> None:
    head = headers.parse([(name, "1")])
    assert head.fault == name and head.forward == b""


def test_a_fault_without_a_name_has_one(headers: Any) -> None:
    assert headers.parse([("", "1")]).fault == "(empty)"


def test_text_beyond_latin_1_may_be_said_to_us_and_not_to_a_provider(headers: Any) -> None:
    head = headers.parse([("helicone-property-city", "Łódź"), ("x-latin", "é")])
    assert head.properties == {"city": "Łódź"} and head.forward == b"x-latin: \xe9\r\n" and head.fault == ""
    assert headers.parse([("x-wide", "€")]).fault == "x-wide"


def latin(text: str) -> str:
    """The UTF-8 bytes of `text` as a server hands them over: a character a byte."""
    return text.encode().decode("latin-1")


def test_our_headers_are_utf_8_and_those_of_others_are_bytes(headers: Any) -> None:
    head = headers.parse(
        [
            ("helicone-user-id", latin("Zoë")),
            ("helicone-property-city", latin("Łódź")),
            ("helicone-ratelimit-policy", latin("1;w=60;s=ä")),
            ("helicone-ratelimit-policy", "2;w=60"),
            ("helicone-cache-seed", latin("ö")),
            ("x-name", latin("Zoë")),
        ]
    )
    assert (head.user_id, head.properties) == ("Zoë", {"city": "Łódź"}) and head.malformed == []
    assert head.rate_policy == "1;w=60;s=ä,2;w=60" and head.directives == {"cache-seed": "ö"}
    assert head.forward == "x-name: Zoë\r\n".encode()


@pytest.mark.parametrize("name", ["helicone-user-id", "helicone-property-a", "helicone-cache-seed", "helicone-x"])
def test_a_header_of_ours_that_is_not_utf_8_is_malformed(headers: Any, name: str) -> None:
    head = headers.parse([(name, "Zo\xeb")])
    assert head.malformed == [(name, "Zo\xeb")] and head.user_id == "" and not head.properties and not head.unknown


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("Zo%C3%AB", "Zoë"),
        ("a%20b", "a b"),
        (latin("ë%C3%AB"), "ëë"),
        ("100%", "100%"),
        ("%E9", "%E9"),
        ("a%0D%0Ab", "a%0D%0Ab"),
        ("%00", "%00"),
        ("a+b", "a+b"),
    ],
)
def test_percent_encoding_in_a_label_is_decoded_where_it_is_text(headers: Any, sent: str, text: str) -> None:
    head = headers.parse([("Helicone-User-Id", sent), ("Helicone-Property-A", sent), ("Helicone-Cache-Seed", sent)])
    assert (head.user_id, head.properties["a"]) == (text, text)
    assert head.directives["cache-seed"] == sent.encode("latin-1").decode()


def test_what_speaks_for_a_provider_is_told(headers: Any) -> None:
    head = headers.parse([("X-Goog-Api-Key", "k"), ("Anthropic-Version", "2023-06-01")])
    assert (head.x_goog_api_key, head.anthropic_version, head.credential) == ("k", "2023-06-01", "k")
    assert head.forward == b"X-Goog-Api-Key: k\r\nAnthropic-Version: 2023-06-01\r\n"


def test_the_credential_is_the_first_of_four_that_says_something(headers: Any) -> None:
    names = ["x-goog-api-key", "api-key", "x-api-key", "authorization"]
    for last in range(4):
        items = [(name, name) for name in names[: last + 1]] + [("authorization", "")]
        assert headers.parse(items).credential == names[last]


def test_lists_are_joined_and_of_all_else_the_first_counts(headers: Any) -> None:
    head = headers.parse(
        [
            ("helicone-ratelimit-policy", "10;w=60"),
            ("Helicone-RateLimit-Policy", "100;w=3600"),
            ("helicone-user-id", ""),
            ("helicone-user-id", "ada"),
            ("helicone-user-id", "eve"),
            ("helicone-property-a", "1"),
            ("Helicone-Property-A", "2"),
        ]
    )
    assert head.rate_policy == "10;w=60,100;w=3600"
    assert head.user_id == "ada" and head.properties == {"a": "1"} and head.property_names == {}


def test_our_cache_control_wins_over_the_general_one(headers: Any) -> None:
    both = [("cache-control", "no-cache"), ("helicone-cache-control", "max-age=5")]
    assert headers.parse(both).cache_control == "max-age=5"
    assert headers.parse(both[:1]).cache_control == "no-cache"


def test_a_policy_that_is_empty_is_malformed_and_not_absent(headers: Any) -> None:
    head = headers.parse([("Helicone-RateLimit-Policy", ""), ("helicone-ratelimit-policy", "1;w=60")])
    assert head.malformed == [("helicone-ratelimit-policy", "")] and head.rate_policy == "1;w=60"
    assert headers.parse([("helicone-cache-control", "")]).malformed == []


def test_a_property_without_a_name_is_malformed(headers: Any) -> None:
    assert headers.parse([("Helicone-Property-", "x")]).malformed == [("helicone-property-", "x")]


def test_more_lines_can_be_left_out(headers: Any) -> None:
    items = [("Authorization", "Bearer sk-1"), ("x-kept", "1"), ("helicone-auth", "x"), ("te", "x")]
    assert headers.forward_without(items, frozenset()) == headers.parse(items).forward
    assert headers.forward_without(items, frozenset({"authorization"})) == b"x-kept: 1\r\n"


def test_five_hundred_headers_are_no_trouble(headers: Any) -> None:
    items = [(f"x-{i}", str(i)) for i in range(500)]
    assert headers.parse(items).forward == b"".join(b"x-%d: %d\r\n" % (i, i) for i in range(500))


NAMES = [
    *_names.SLOTS,
    *_names.SWITCHES,
    *_names.DIRECTIVES,
    *_names.DROPPED,
    "helicone-x",
    "helicone-property-a",
    "x-a",
]
VALUES = [
    latin("é"),
    "%C3%A9",
    "%",
    "%0a",
    "",
    "true",
    " False ",
    "1",
    "5",
    "x-a, Accept",
    "keep-alive",
    "a\r\nb",
    "\0",
    "é",
    "€",
    "²",
    "1" * 19,
]
PAIRS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES).map(str.title), st.text(max_size=12)),
        st.one_of(st.sampled_from(VALUES), st.text(max_size=12)),
    ),
    max_size=80,
)


@given(PAIRS, st.frozensets(st.sampled_from(NAMES), max_size=3))
def test_the_twins_are_equal(items: list[tuple[str, str]], names: frozenset[str]) -> None:
    compiled = twin("headers", "cython")
    head = plain.parse(items)
    assert facts(head) == facts(compiled.parse(items))
    assert head.forward == plain.forward_without(items, frozenset())
    assert plain.forward_without(items, names) == compiled.forward_without(items, names)
