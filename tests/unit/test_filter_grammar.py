"""The filter grammar: text and JSON are two forms of one tree, and faults are named where they stand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.query import And, FilterError, Leaf, Node, Not, Or, parse_filter, parse_json, parse_text, to_json, to_text
from proxy.query.check import OPS_OF_KIND
from proxy.query.columns import find_column

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)
TIMES = st.sampled_from(["7d", "90s", "2026-01-31", "2026-01-31T12:00:00Z", "now"])
NAMES = st.sampled_from(
    ["status", "cost", "latency_ms", "user", "property.feature", "cached", "start", "cost_missing", "text"]
) | TEXTS.filter(lambda text: text and text == text.lower()).map("property.{}".format)


def word(text: str) -> Leaf:
    return Leaf("text", "contains", text)


@st.composite
def leaves(draw: st.DrawFn) -> Node:
    name = draw(NAMES)
    kind = find_column("", name).kind
    op: Any = draw(st.sampled_from(OPS_OF_KIND[kind]))
    numeric = kind == "number" or (kind == "text" and op in ("lt", "lte", "gt", "gte", "between"))
    scalar: st.SearchStrategy[Any] = NUMBERS if numeric else {"bool": st.booleans(), "time": TIMES}.get(kind, TEXTS)
    if kind == "search":
        scalar = TEXTS.filter(str.strip)
    if op == "matches":
        scalar = st.sampled_from(["^a", "a b", 'x"y', "(a|b)+", r"\d+ \("])
    if op == "exists":
        return Leaf(name, op)
    if op in ("in", "between"):
        size = 2 if op == "between" else draw(st.integers(0, 3))
        return Leaf(name, op, tuple(draw(scalar) for _ in range(size)))
    return Leaf(name, op, draw(scalar))


TREES = st.recursive(
    leaves(),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: And(tuple(nodes)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda nodes: Or(tuple(nodes)))
        | inner.map(Not)
    ),
    max_leaves=8,
)


def plain(node: Node) -> Node:
    """The tree with each time range written as two comparisons, as the text form has it."""
    match node:
        case And(nodes):
            return And(tuple(map(plain, nodes)))
        case Or(nodes):
            return Or(tuple(map(plain, nodes)))
        case Not(inner):
            return Not(plain(inner))
        case Leaf(column, "between", (low, high)) if find_column("", column).kind == "time":
            return And((Leaf(column, "gte", low), Leaf(column, "lte", high)))
        case _:
            return node


@given(TREES)
def test_either_form_gives_the_same_tree_back(tree: Node) -> None:
    assert parse_json(to_json(tree)) == tree
    assert parse_text(to_text(tree)) == plain(tree)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", And()),
        ("status>=400", Leaf("status", "gte", 400)),
        ("status:4xx", Leaf("status", "between", (400, 499))),
        ("latency>2s", Leaf("latency", "gt", 2000)),
        ("cost>$0.01", Leaf("cost", "gt", 0.01)),
        ("tokens>10k", Leaf("tokens", "gt", 10_000)),
        ("property.Feature:search", Leaf("property.feature", "eq", "search")),
        ("user:(ada, bob)", Leaf("user", "in", ("ada", "bob"))),
        ("model:gpt-4*", Leaf("model", "starts_with", "gpt-4")),
        ('model:"gpt-4*"', Leaf("model", "eq", "gpt-4*")),
        ("user:*", Leaf("user", "exists")),
        ("-cached:true", Not(Leaf("cached", "eq", True))),
        ("user!=ada", Leaf("user", "ne", "ada")),
        ("error_message!~quota", Not(Leaf("error_message", "contains", "quota"))),
        ("path=~^/v1/(a|b)$", Leaf("path", "matches", "^/v1/(a|b)$")),
        ("since:7d", Leaf("start", "gte", "7d")),
        ("refund", Leaf("text", "contains", "refund")),
        ('"refund policy"', Leaf("text", "eq", "refund policy")),
        (
            "a OR b c",
            Or((Leaf("text", "contains", "a"), And((Leaf("text", "contains", "b"), Leaf("text", "contains", "c"))))),
        ),
    ],
)
def test_what_people_type(text: str, tree: Node) -> None:
    assert parse_text(text) == tree


@pytest.mark.parametrize(
    ("form", "parameter", "part"),
    [
        ("stauts>400", "filter at character 1", "status"),
        ("user:ada cost>cheap", "filter at character 15", "a number"),
        ("(user:ada", "filter at character 10", "closing bracket"),
        ("user:ada)", "filter at character 9", "opening bracket"),
        ('"open', "filter at character 1", "quotation"),
        ("user:", "filter at character 6", "a value of user"),
        ("a OR ", "filter at character 6", "both sides"),
        ("NOT", "filter at character 4", "after NOT"),
        ("path=~(((", "filter at character 7", "RE2"),
        ("path=~(a{1000}){1000}", "filter at character 7", "RE2"),
        ("start>soon", "filter at character 7", "how long ago"),
        ("attempts:x", "filter at character 10", "only be read"),
        ("(" * 40 + "a" + ")" * 40, "filter at character 34", "at most 32"),
        ("a " * 300, "filter at character 401", "at most 200"),
        ({"and": [{"column": "status", "op": "gte", "value": "x"}]}, "filter.and[0].value", "a number"),
        ({"and": [{"column": "statu", "op": "gte", "value": 1}]}, "filter.and[0].column", "status"),
        ({"not": {"column": "status", "op": "like", "value": 1}}, "filter.not.op", "between"),
        ({"column": "status", "op": "in", "value": 200}, "filter.value", "a list"),
        ({"column": "cached", "op": "eq", "value": "yes"}, "filter.value", "true or false"),
        ({"column": "status", "op": "eq", "value": True}, "filter.value", "a number"),
        ({"column": "status", "op": "eq", "value": float("inf")}, "filter.value", "a number"),
        ({"nor": []}, "filter", '{"and": […]}'),
        ([], "filter", '{"and": […]}'),
        ({"and": {"a": 1}}, "filter.and", "a list"),
    ],
)
def test_a_fault_is_named_where_it_stands(form: object, parameter: str, part: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(form)
    assert caught.value.parameter == parameter
    assert part in caught.value.accepted


def test_deep_json_is_refused_before_the_stack_ends() -> None:
    form: dict[str, Any] = {"column": "status", "op": "eq", "value": 1}
    for _ in range(33):
        form = {"not": form}
    with pytest.raises(FilterError, match="at most 32 levels"):
        parse_json(form)


def test_many_empty_lists_are_refused() -> None:
    with pytest.raises(FilterError, match="at most 200 comparisons") as caught:
        parse_json({"and": [{"or": [{"and": []}] * 20}] * 20})
    assert caught.value.parameter == "filter.and[10].or[0]"


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_named_fault(text: str) -> None:
    try:
        tree = parse_text(text)
    except FilterError as error:
        assert error.parameter.startswith("filter")
        assert error.accepted
    else:
        assert parse_json(to_json(tree)) == tree
