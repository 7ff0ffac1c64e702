"""Managed prompts: what placeholders become, what is refused and where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.errors import BadRequest
from proxy.core.template import Template, Variable, fill, merge, parse


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **more}


def test_values_are_put_in_and_never_looked_at_again() -> None:
    template = parse(said("{{ a }} and {{b}}{{a}}", model="m"))
    body = template.render({"a": "{{b}}", "b": 0, "extra": 1})
    assert body == said("{{b}} and 0{{b}}", model="m")
    assert template.render({"a": "", "b": False})["messages"][0]["content"] == " and false"
    assert (
        template.render({"a": [1, {"x": "ü"}], "b": 2.5})["messages"][0]["content"]
        == '[1,{"x":"ü"}] and 2.5[1,{"x":"ü"}]'
    )


def test_the_template_itself_never_changes() -> None:
    body = said("{{a}}", tools=[{"n": ["{{a}}"]}])
    template = parse(body)
    template.render({"a": "x"})["messages"].append(1)
    assert template.render({"a": "y"}) == said("y", tools=[{"n": ["y"]}]) and body == said(
        "{{a}}", tools=[{"n": ["{{a}}"]}]
    )


def test_typed_places_take_the_value_itself() -> None:
    body = said("{{n}}", tools=[{"most": "{{n}}", "text": "n={{n}}"}], response_format={"schema": "{{schema}}"})
    found = parse(body).render({"n": 3, "schema": {"type": "object"}})
    assert found["tools"] == [{"most": 3, "text": "n=3"}] and found["response_format"] == {"schema": {"type": "object"}}
    assert found["messages"][0]["content"] == "3"


def test_types_and_defaults() -> None:
    template = parse(said("{{hc:n:number}} {{t}}"), [Variable("t", default="x"), Variable("n", "number")])
    assert template.render({"n": 1})["messages"][0]["content"] == "1 x"
    for value in ("1", True, None):
        with pytest.raises(BadRequest, match=r"'n' is .*used as a number") as caught:
            template.render({"n": value})
        assert caught.value.code == "wrong_variable_type" and caught.value.param == "n"
    with pytest.raises(BadRequest, match=r"'n' is missing; it is used at \$\.messages\[0\]\.content") as caught:
        template.render({})
    assert caught.value.code == "missing_variable"
    assert {name: variable.type for name, variable in template.names.items()} == {"n": "number", "t": "string"}


@pytest.mark.parametrize(
    "text", ["{{", "}}", "{{a", "{{a b}}", "{{}}", "{{1a}}", "x {{a}} {{", "{{hc:a:date}}", "{{hcp:a}}", "{{a}}}}"]
)
def test_what_is_no_placeholder_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadRequest, match="character") as caught:
        parse(said(text))
    assert caught.value.param == "$.messages[0].content" and caught.value.code == "invalid_template"


def test_types_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadRequest, match="one type"):
        parse(said("{{hc:a:number}} {{hc:a:boolean}}"))


def test_a_declared_type_and_its_uses_agree_or_are_refused_when_they_are_written() -> None:
    for text, kind in [("{{hc:a:number}}", "string"), ("{{hc:a:string}}", "number"), ("{{hc:a:boolean}}", "number")]:
        with pytest.raises(BadRequest, match=f"elsewhere it is {kind}") as caught:
            parse(said(text), [Variable("a", kind)])  # type: ignore[arg-type]
        assert caught.value.param == "$.messages[0].content" and caught.value.code == "invalid_template"


def test_a_variable_declared_without_a_type_has_that_of_its_uses() -> None:
    template = parse(said("{{a}} {{hc:a:number}} {{b}}"), [Variable("b"), Variable("a", default=5)])
    assert template.render({"b": "x"}) == said("5 5 x") and template.render({"a": 1, "b": "x"}) == said("1 1 x")
    assert {name: variable.type for name, variable in template.names.items()} == {"a": "number", "b": "string"}
    for wrong in ({"a": "1", "b": "x"}, {"b": 1}):
        with pytest.raises(BadRequest) as caught:
            template.render(wrong)
        assert caught.value.code == "wrong_variable_type"
    for text, default, told in [
        ("{{hc:a:number}}", "five", "a string; accepted: a number"),
        ("{{a}}", 5, "a string"),
    ]:
        with pytest.raises(BadRequest, match=told) as caught:
            parse(said(text), [Variable("a", default=default)])
        assert caught.value.param == "variables[0].default"


def test_partials_are_filled_with_the_same_variables_and_cycles_are_named() -> None:
    others = {
        "tone": parse(said("Be {{mood}}.")),
        "loop": parse(said("{{hcp:loop:0}}")),
        "deep": parse(said("{{hcp:tone:0}}")),
    }

    def partials(prompt: str, index: int, environment: str) -> Template | None:
        return others.get(prompt) if environment in ("", "staging") else None

    assert parse(said("{{hcp:deep:0:staging}} Hi {{mood}}")).render({"mood": "kind"}, partials) == said(
        "Be kind. Hi kind"
    )
    for text, told in [
        ("{{hcp:loop:0}}", "loop:0 -> loop:0"),
        ("{{hcp:none:0}}", "none:0"),
        ("{{hcp:tone:3}}", "message 3"),
    ]:
        with pytest.raises(BadRequest, match=told):
            parse(said(text)).render({"mood": "x"}, partials)


def test_partials_that_hold_many_partials_end_soon() -> None:
    many = {depth: parse(said(f"{{{{hcp:p{depth + 1}:0}}}}" * 100)) for depth in range(7)} | {7: parse(said("x"))}

    def partials(prompt: str, index: int, environment: str) -> Template | None:
        return many[int(prompt[1:])]

    for work in (lambda: many[0].render({}, partials), lambda: many[0].check_partials(partials)):
        with pytest.raises(BadRequest, match="more than 1000 partials"):
            work()
    assert many[6].render({}, partials) == said("x" * 100)


def test_a_caller_s_own_text_may_be_anything() -> None:
    assert fill(said("{{name}} {{ not a name }} {{"), {"name": "Ada"}) == said("Ada {{ not a name }} {{")
    assert fill(said([{"type": "text", "text": "{{name}}"}]), {"name": "x"}) == said([{"type": "text", "text": "x"}])


def test_merging() -> None:
    prompt = {"model": "a", "temperature": 1, "messages": [{"role": "system", "content": "s"}]}
    assert merge(prompt, {"model": "", "temperature": 0, "messages": [1]}) == {
        "model": "a", "temperature": 0, "messages": [{"role": "system", "content": "s"}, 1],
    }  # fmt: skip
    assert merge(prompt, {"model": "b"})["messages"] == prompt["messages"] and merge({}, {"x": 1}) == {"x": 1}


PLAIN = st.text().filter(lambda text: "{{" not in text and "}}" not in text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_without_placeholders_nothing_changes(body: dict[str, Any]) -> None:
    assert parse(body).render({}) == body and fill(body, {}) == body


@given(PLAIN, PLAIN, st.text())
def test_a_value_is_in_the_text_as_it_is(before: str, after: str, value: str) -> None:
    if (before + "{").endswith("{{") or ("}" + after).startswith("}}"):
        return
    assert parse(said(before + "{{v}}" + after)).render({"v": value}) == said(before + value + after)


@given(st.text(alphabet="{}ab:hcp0 "))
def test_whatever_it_is_it_parses_or_says_where_not(text: str) -> None:
    try:
        parse(said(text))
    except BadRequest as error:
        assert error.param == "$.messages[0].content"
