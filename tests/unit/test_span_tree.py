"""A session's calls by their spans, over spans in whose place another call stands."""

from typing import Any

from proxy.control.sessions.node import Node
from proxy.control.sessions.spans import span_tree


def row(id: str, span: str, parent: str = "", trace: str = "t") -> dict[str, Any]:
    figures = dict.fromkeys(
        ("errors", "cost_nanousd_sum", "unknown_cost_calls", "input_tokens_sum", "output_tokens_sum"), 0
    )
    times = {"start_us": 1, "end_us": 2, "busy_ms": 0.001}
    return {"id": id, "span_id": span, "parent_span_id": parent, "trace_id": trace, **figures, **times}


def link(span: str, parent: str, call: str) -> dict[str, Any]:
    return {"trace_id": "t", "span_id": span, "parent_span_id": parent, "call_id": call}


def shape(node: Node) -> dict[str, Any]:
    return {child.key: shape(child) for child in node.children}


def test_a_proxied_call_stands_where_its_span_stood() -> None:
    rows = [row("chain", "c"), row("proxied", "p", "http", trace="t"), row("tool", "t1", "llm")]
    assert shape(span_tree(rows, [link("llm", "c", "proxied")])) == {"chain": {"proxied": {"tool": {}}}}


def test_also_where_it_carried_no_trace_and_several_spans_are_gone() -> None:
    rows = [row("chain", "c"), row("proxied", "", trace="")]
    links = [link("inner", "outer", "proxied"), link("outer", "c", "inner row")]
    assert shape(span_tree(rows, links)) == {"chain": {"proxied": {}}}


def test_links_in_a_circle_or_to_nowhere_end() -> None:
    rows = [row("a", "sa", "x"), row("b", "sb", "gone")]
    links = [link("x", "y", "none"), link("y", "x", "none"), link("gone", "nowhere", "b")]
    root = span_tree(rows, links)
    assert shape(root) == {"a": {}, "b": {}}
    assert [node.about.parent_missing for node in root.children] == [True, True]
