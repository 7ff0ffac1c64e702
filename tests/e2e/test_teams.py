"""Organisations, keys, credentials and prompts: made on the control plane, lived by the gateway."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.stack import Stack, free_port, wait_for

CHAT = "/openai/v1/chat/completions"
ASK: Any = [{"role": "user", "content": "Say hello."}]
CALL = {"model": "gpt-4o-mini", "messages": ASK}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), providers, auth__mode="required") as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    """This machine's owner on the control plane."""
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


def made(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def new_key(admin: httpx.Client, **fields: Any) -> tuple[str, str]:
    found = made(admin.post("/api/keys", json={"name": "test", **fields}), 201)
    return found["key"], found["about"]["id"]


def call(stack: Stack, key: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"Helicone-Auth": f"Bearer {key}"} if key else {}
    return httpx.post(stack.gateway + CHAT, json=CALL, headers=named, timeout=30)


def taken(stack: Stack, key: str, status: int = 200) -> None:
    wait_for(f"{status} from the gateway", lambda: call(stack, key).status_code == status)


def test_only_a_known_key_is_let_in(stack: Stack, admin: httpx.Client) -> None:
    for key in ("", "sk-perihelion-no-such-key"):
        answer = call(stack, key)
        assert answer.status_code == 401 and answer.headers["helicone-status"] == "read"
    key, id = new_key(admin)
    assert key.startswith("sk-perihelion-")
    taken(stack, key)
    answer = call(stack, key, Authorization="Bearer sk-provider")
    assert stack.record(answer.headers["helicone-id"])["key"] == id
    assert httpx.post(f"{stack.gateway}/{key}{CHAT}", json=CALL).status_code == 200
    both = {"Authorization": f"Bearer sk-provider, Bearer {key}"}
    assert httpx.post(stack.gateway + CHAT, json=CALL, headers=both).status_code == 200
    wait_for("its last use", lambda: made(admin.get(f"/api/keys/{id}"))["last_used_us"] > 0)
    listed = made(admin.get("/api/keys"))["data"]
    assert key not in json.dumps(listed) and listed[0]["hint"] == key[-4:]
    made(admin.delete(f"/api/keys/{id}"))
    taken(stack, key, 401)
    assert call(stack, key).json()["error"]["code"] == "unknown_key"


def test_keys_of_other_scopes_and_expired_ones_do_not_call(stack: Stack, admin: httpx.Client) -> None:
    reader, _ = new_key(admin, scopes=["read"])
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    brief, _ = new_key(admin, expires=soon)
    taken(stack, brief)
    assert call(stack, reader).status_code == 401
    taken(stack, brief, 401)
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {reader}"}) as client:
        assert client.get("/api/requests").status_code == 200
        assert client.post("/api/prompts", json={"body": {}}).status_code == 403
        assert client.get("/api/keys").status_code == 403
        assert client.get("/api/snapshot").status_code == 403
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {brief}"}) as client:
        assert client.get("/api/requests").status_code == 401


def test_limits_of_a_key_and_of_its_organisation_hold(stack: Stack, admin: httpx.Client) -> None:
    key, id = new_key(admin, policy="2;w=3600")
    taken(stack, key)
    wait_for("the limit", lambda: call(stack, key).status_code == 429)
    made(admin.patch(f"/api/keys/{id}", json={"policy": "50;w=3600"}))
    taken(stack, key)
    made(admin.patch("/api/organisation", json={"policy": "1000;w=60"}))
    wait_for("both", lambda: call(stack, key).headers.get("ratelimit", "").count(";r=") == 2)
    made(admin.patch("/api/organisation", json={"policy": ""}))
    answer = admin.patch(f"/api/keys/{id}", json={"policy": "many"})
    assert answer.status_code == 400 and answer.json()["parameter"] == "policy"


def test_two_keys_of_one_policy_have_a_bucket_each(stack: Stack, admin: httpx.Client) -> None:
    for key, _ in [new_key(admin, policy="1;w=3601") for _ in range(2)]:
        taken(stack, key)
        assert call(stack, key).status_code == 429


def test_a_stored_credential_is_used_and_never_seen_again(
    stack: Stack, admin: httpx.Client, simulator_origin: str
) -> None:
    key, _ = new_key(admin)
    secret = "sk-the-provider-s-own-key-1234"
    for provider in ("anthropic", "openai"):  # whoever sees the second has the first
        answer = admin.put(f"/api/credentials/{provider}", json={"value": secret})
        assert secret not in answer.text and made(answer)["hint"] == "1234"
    taken(stack, key)
    own = openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key=key, max_retries=0)
    other = anthropic.Anthropic(base_url=f"{stack.gateway}/anthropic", api_key=key, max_retries=0)

    def used() -> bool:
        own.chat.completions.create(model="gpt-4o-mini", messages=ASK)
        one = httpx.get(simulator_origin + "/_simulator/requests").json()[-1]
        return dict(one["headers"]).get("authorization") == f"Bearer {secret}"

    wait_for("the credential at the gateway", used)
    other.messages.create(model="claude-x", max_tokens=5, messages=ASK)
    told = dict(httpx.get(simulator_origin + "/_simulator/requests").json()[-1]["headers"])
    assert told["x-api-key"] == secret and key not in json.dumps(told)
    call(stack, key, Authorization="Bearer sk-mine")
    told = dict(httpx.get(simulator_origin + "/_simulator/requests").json()[-1]["headers"])
    assert {name.lower(): value for name, value in told.items()}["authorization"] == "Bearer sk-mine"
    # Not the log: it has what programs said, and changes under our hands. No key is ever part of what it is given.
    kept = [path for path in (stack.folder / "data").iterdir() if path.name not in ("log", "spool", "run")]
    files = [file for path in kept for file in (path, *path.rglob("*")) if file.is_file()]
    assert any(file.name == "metadata.db" for file in files) and any(file.name == "snapshot.bin" for file in files)
    for file in files:
        raw = file.read_bytes()
        assert secret.encode() not in raw and key.encode() not in raw, file
    assert secret not in admin.get("/api/credentials").text
    assert admin.put("/api/credentials/nobody", json={"value": "x"}).status_code == 400
    for provider in ("openai", "anthropic"):
        assert admin.delete(f"/api/credentials/{provider}").status_code == 204


def test_the_card_s_prompt_and_its_versions(stack: Stack, admin: httpx.Client, simulator_origin: str) -> None:
    body = {
        "model": "gpt-4o",
        "temperature": 0.5,
        "messages": [{"role": "system", "content": "Greet {{name}} in {{tone}}."}],
    }
    variables = [{"name": "tone", "default": "verse"}]
    prompt = {"id": "greeting", "body": body, "variables": variables, "environments": ["production"]}
    made(admin.post("/api/prompts", json=prompt), 201)
    second = {**body, "messages": [{"role": "system", "content": "Welcome, {{name}}!"}]}
    made(admin.post("/api/prompts/greeting/versions", json={"body": second, "environments": ["staging"]}), 201)
    key, _ = new_key(admin)
    taken(stack, key)

    def sent() -> Any:
        return json.loads(httpx.get(simulator_origin + "/_simulator/requests").json()[-1]["body"])

    client = openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="sk-x", max_retries=0,
                           default_headers={"Helicone-Auth": f"Bearer {key}"})  # fmt: skip
    create = client.chat.completions.with_raw_response.create

    def ask(variables: str, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Helicone-Prompt-Id": "greeting", "Helicone-Prompt-Variables": variables}
        return create(model="gpt-4o-mini", messages=ASK, extra_headers=named)

    answer = ask('{"name": "Ada"}')
    assert (answer.headers["helicone-prompt-id"], answer.headers["helicone-prompt-version"]) == ("greeting", "1")
    assert sent()["messages"] == [{"role": "system", "content": "Greet Ada in verse."}, *ASK]
    assert sent()["temperature"] == 0.5 and sent()["model"] == "gpt-4o-mini"
    record = stack.record(answer.headers["helicone-id"])
    assert (record["prompt_id"], record["prompt_version"]) == ("greeting", "1")
    ask(base64.b64encode(b'{"name": "{{tone}}", "tone": ""}').decode())
    assert sent()["messages"][0]["content"] == "Greet {{tone}} in ."
    assert ask('{"name": "Bob"}', Helicone_Prompt_Environment="staging").headers["helicone-prompt-version"] == "2"
    assert sent()["messages"][0]["content"] == "Welcome, Bob!"
    assert ask('{"name": "Bob"}', Helicone_Prompt_Version="1").headers["helicone-prompt-version"] == "1"
    # Helicone's newer form, in the body
    create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi from {{hc:name:string}}"}],
        extra_body={"prompt_id": "greeting", "environment": "staging", "inputs": {"name": "Eve"}},
    )  # fmt: skip
    assert [message["content"] for message in sent()["messages"]] == ["Welcome, Eve!", "Hi from Eve"]
    assert not {"prompt_id", "environment", "inputs"} & set(sent())
    with pytest.raises(openai.BadRequestError, match="'name' is missing"):
        ask("{}")
    with pytest.raises(openai.NotFoundError, match="no-such"):
        create(
            model="m", messages=ASK, extra_headers={"Helicone-Prompt-Id": "no-such", "Helicone-Prompt-Variables": "{}"}
        )
    tag = create(model="m", messages=ASK, extra_headers={"Helicone-Prompt-Id": "just-a-tag"})
    assert tag.headers["helicone-prompt-status"] == "unmanaged"
    # roll forward, roll back
    made(admin.put("/api/prompts/greeting/environments/production", json={"version": 2}))
    wait_for("the release", lambda: ask('{"name": "A"}').headers["helicone-prompt-version"] == "2")
    made(admin.put("/api/prompts/greeting/environments/production", json={"version": 1}))
    wait_for("the roll back", lambda: ask('{"name": "A"}').headers["helicone-prompt-version"] == "1")
    found = made(admin.get("/api/prompts/greeting/compare", params={"before": 1, "after": 2}))
    assert '-      "content": "Greet {{name}} in {{tone}}.",' in found["diff"]
    rendered = made(admin.post("/api/prompts/greeting/render", json={"variables": {"name": "X"}, "version": 2}))
    assert rendered["body"]["messages"][0]["content"] == "Welcome, X!"
    usage = wait_for("usage", lambda: made(admin.get("/api/prompts/greeting/usage"))["data"])
    assert {row["version"] for row in usage} >= {"1", "2"} and usage[0]["calls"] > 0 and usage[0]["cost_nanousd"] > 0
    made(admin.post("/api/prompts/greeting/archive"))
    wait_for("the end", lambda: _refused(lambda: ask('{"name": "A"}')))


def test_a_draft_is_filled_in_before_it_is_saved(admin: httpx.Client) -> None:
    body = {"messages": [{"role": "user", "content": "Greet {{name}} {{times}} times: {{hcp:opening:0}}"}]}
    draft: dict[str, Any] = {"body": body, "variables": [{"name": "times", "type": "number", "default": 2}]}
    found = made(admin.post("/api/prompts/render", json=draft))
    assert found["body"] is None and found["missing"] == ["name"]
    assert [(one["name"], one["type"]) for one in found["variables"]] == [("times", "number"), ("name", "string")]
    draft["values"] = {"name": "Ada"}
    assert "opening:0" in made(admin.post("/api/prompts/render", json=draft))["problem"]
    made(admin.post("/api/prompts", json={"id": "opening", "body": {"messages": [{"content": "Hi {{name}}"}]}}), 201)
    found = made(admin.post("/api/prompts/render", json=draft))
    assert found["body"]["messages"][0]["content"] == "Greet Ada 2 times: Hi Ada"
    wrong = admin.post("/api/prompts/render", json={"body": {"messages": [{"content": "{{oops"}]}})
    assert wrong.status_code == 400 and wrong.json()["parameter"]


def test_a_version_made_from_an_older_one_is_refused(admin: httpx.Client) -> None:
    made(admin.post("/api/prompts", json={"id": "shared", "body": {"model": "a"}}), 201)
    save = {"body": {"model": "b"}, "after": 1, "environments": ["production"]}
    assert made(admin.post("/api/prompts/shared/versions", json=save), 201)["version"]["version"] == 2
    late = admin.post("/api/prompts/shared/versions", json=save)
    assert late.status_code == 409 and "version 2" in late.json()["detail"] and "version 1" in late.json()["detail"]
    assert made(admin.get("/api/prompts/shared"))["newest"] == 2


def test_a_version_or_environment_that_a_prompt_has_not_is_no_tag(stack: Stack, admin: httpx.Client) -> None:
    body = {"messages": [{"role": "system", "content": "Be kind."}]}
    prompt = {"id": "kind", "body": body, "environments": ["production", "staging"]}
    made(admin.post("/api/prompts", json=prompt), 201)
    key, _ = new_key(admin)
    taken(stack, key)

    def ask(id: str = "kind", **headers: str) -> httpx.Response:
        return call(stack, key, Helicone_Prompt_Id=id, **headers)

    assert ask(Helicone_Prompt_Environment="staging").headers["helicone-prompt-version"] == "1"
    made(admin.delete("/api/prompts/kind/environments/staging"))
    wait_for("its end", lambda: ask(Helicone_Prompt_Environment="staging").status_code == 404)
    for headers, named in [
        ({"Helicone_Prompt_Environment": "staging"}, "in environment 'staging'"),
        ({"Helicone_Prompt_Environment": "prodction"}, "in environment 'prodction'"),
        ({"Helicone_Prompt_Version": "99"}, "in version 99"),
    ]:
        answer = ask(**headers)
        assert answer.status_code == 404 and answer.json()["error"]["code"] == "unknown_prompt"
        assert f"'kind' {named}" in answer.json()["error"]["message"]
        tag = ask("only-a-tag", **headers)
        assert tag.status_code == 200 and tag.headers["helicone-prompt-status"] == "unmanaged"
    assert ask().headers["helicone-prompt-version"] == "1"


def _refused(ask: Any) -> bool:
    try:
        ask()
    except openai.NotFoundError:
        return True
    return False


@pytest.mark.parametrize(
    "body, path",
    [
        ({"body": {"messages": [{"content": "Hi {{na me}}"}]}}, "$.messages[0].content"),
        ({"body": {"messages": [{"content": "Hi {{name"}]}}, "$.messages[0].content"),
        ({"body": {}, "variables": [{"name": "a", "type": "colour"}]}, "variables"),
        ({"body": {}, "variables": [{"name": "a", "type": "number", "default": "x"}]}, "variables[0].default"),
        ({"body": {}, "variables": [{"name": "a b"}]}, "variables[0].name"),
        ({"body": {}, "id": "a/b"}, "id"),
        ({"body": {}, "environments": ["Prod!"]}, "environments[0]"),
        ({"body": {}, "color": 1}, "data"),
        ({"body": "text"}, "body"),
    ],
)
def test_a_prompt_that_is_wrong_is_refused_with_the_path(admin: httpx.Client, body: Any, path: str) -> None:
    answer = admin.post("/api/prompts", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert path in answer.text


def test_people_sessions_csrf_and_roles(stack: Stack, admin: httpx.Client) -> None:
    path = made(admin.post("/api/members", json={"email": "Ada@example.com", "role": "owner"}), 201)["path"]
    token = path.partition("token=")[2]
    with httpx.Client(base_url=stack.control) as ada:
        assert ada.post("/api/links/use", json={"token": token, "password": "short"}).status_code == 400
        answer = ada.post("/api/links/use", json={"token": token, "password": "correct horse"})
        found = made(answer)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
        assert found["role"] == "owner" and found["organisation"] == "default"
        assert (
            httpx.post(stack.control + "/api/links/use", json={"token": token, "password": "correct horse"}).status_code
            == 401
        )
        assert ada.post("/api/organisations", json={"name": "Moon"}).status_code == 403  # no CSRF token
        csrf = {"X-CSRF-Token": made(ada.get("/api/me"))["csrf"]}
        moon = made(ada.post("/api/organisations", json={"name": "Moon"}, headers=csrf), 201)
        assert ada.post("/api/organisations", json={"name": "Moon"}, headers=csrf).status_code == 409
        found = made(ada.post("/api/session", json={"organisation": moon["id"]}, headers=csrf))
        csrf = {"X-CSRF-Token": found["csrf"]}
        key = made(ada.post("/api/keys", json={"name": "moon"}, headers=csrf), 201)
        taken(stack, key["key"])
        answer = call(stack, key["key"])
        wait_for("the call in its own log", lambda: len(made(ada.get("/api/requests"))["data"]) > 0)
        assert admin.get(f"/api/requests/{answer.headers['helicone-id']}").status_code == 404
        assert admin.get(f"/api/keys/{key['about']['id']}").status_code == 404
        assert admin.delete(f"/api/keys/{key['about']['id']}").status_code == 404
        member = made(ada.get("/api/members"))["data"][0]
        assert member["email"] == "ada@example.com"
        assert ada.delete(f"/api/members/{member['user_id']}", headers=csrf).status_code == 409  # the last owner
        invited = made(ada.post("/api/members", json={"email": "eve@example.com", "role": "viewer"}, headers=csrf), 201)
        with httpx.Client(base_url=stack.control) as eve:
            link = invited["path"].partition("token=")[2]
            seen = made(eve.post("/api/links/use", json={"token": link, "password": "battery staple"}))
            write = {"X-CSRF-Token": seen["csrf"]}
            assert eve.get("/api/prompts").status_code == 200
            assert eve.post("/api/prompts", json={"body": {}}, headers=write).status_code == 403
            assert eve.get("/api/keys").status_code == 403
        assert ada.post("/api/logout", headers=csrf).status_code == 200
        assert ada.get("/api/me").status_code == 401
        wrong = {"email": "ada@example.com", "password": "wrong guess"}
        statuses = [ada.post("/api/login", json=wrong).status_code for _ in range(8)]
        assert statuses[0] == 401 and statuses[-1] == 429 and set(statuses) == {401, 429}
        right = {"email": "ada@example.com", "password": "correct horse"}
        assert ada.post("/api/login", json=right).status_code == 429
        wait_for("the throttle's end", lambda: ada.post("/api/login", json=right).status_code == 200)


def test_the_same_idempotency_key_makes_one_thing(admin: httpx.Client) -> None:
    once = {"Idempotency-Key": "only-once"}
    first = made(admin.post("/api/keys", json={"name": "once"}, headers=once), 201)
    assert made(admin.post("/api/keys", json={"name": "once"}, headers=once), 201) == first
    assert admin.post("/api/keys", json={"name": "other"}, headers=once).status_code == 409


def test_another_credential_with_a_used_idempotency_key_is_a_clash(admin: httpx.Client) -> None:
    once, place = {"Idempotency-Key": "one-credential"}, "/api/credentials/openai"
    first = made(admin.put(place, json={"value": "sk-the-first-one-1111"}, headers=once))
    assert made(admin.put(place, json={"value": "sk-the-first-one-1111"}, headers=once)) == first
    assert admin.put(place, json={"value": "sk-the-other-one-2222"}, headers=once).status_code == 409
    assert [one["hint"] for one in made(admin.get("/api/credentials"))["data"]] == ["1111"]
    assert admin.delete(place).status_code == 204


def test_no_route_answers_without_credentials(stack: Stack, admin: httpx.Client) -> None:
    schema = made(admin.get("/api/schema/openapi.json"))
    open_ones = {"/healthz", "/readyz", "/metrics", "/api/login", "/api/links/use", "/api/links/look"}
    assert len(schema["paths"]) > 25
    for path, methods in schema["paths"].items():
        for method in methods:
            filled = path.replace("{", "").replace("}", "").replace("number", "1")
            answer = httpx.request(method, stack.control + filled)
            if path not in open_ones and not path.startswith("/api/schema"):
                assert answer.status_code == 401, (method, path, answer.status_code)


def test_gateways_live_on_without_the_control_plane_and_from_afar(
    tmp_path: Path, simulator_origin: str, stack: Stack, admin: httpx.Client
) -> None:
    key, id = new_key(admin)
    taken(stack, key)
    watcher, _ = new_key(admin, scopes=["snapshot"])
    far = Stack(
        tmp_path, {"openai": f'origin = "{simulator_origin}"'}, auth__mode="required", snapshot__url=stack.control,
        snapshot__token=watcher, secret__file=str(stack.folder / "data" / "secret.key"),
    )  # fmt: skip
    far.start("gateway")
    try:
        taken(far, key)
        far.stop()
        far.environ["PERIHELION_SNAPSHOT_URL"] = f"http://127.0.0.1:{free_port()}"  # nobody is there
        far.start("gateway")
        assert call(far, key).status_code == 200, "from what it last knew"
        far.stop()
        far.environ["PERIHELION_SNAPSHOT_URL"] = stack.control
        far.start("gateway")
        made(admin.delete(f"/api/keys/{id}"))
        taken(far, key, 401)
        taken(stack, key, 401)
    finally:
        far.stop()


def test_a_wrong_secret_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    with stack:
        pass
    database = (tmp_path / "data" / "metadata.db").read_bytes()
    stack.environ["PERIHELION_SECRET_KEY"] = "00" * 32
    done = stack.run("control")
    assert done.returncode == 2 and "sealed with the secret" in done.stderr
    assert (tmp_path / "data" / "metadata.db").read_bytes() == database
