"""Credentials that stand where none belongs are neither stored nor told: what looks like one is masked by its shape, or
by the name it stands under.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.errors import SettingError
from proxy.core.masking import MASK, is_secret_name, mask, mask_named, mask_path, mask_query, mask_strictly
from proxy.core.record import Record
from proxy.core.settings import load
from proxy.ingest.fit import fit
from proxy.logstore.address import parse_address
from proxy.logstore.limits import StoreError
from proxy.prices import PriceBook
from tests.e2e.control_process import ControlProcess, until
from tests.stack import Stack, free_port

SECRET = "q7Zr4tVw9xYb2Nc5Md8Kf1Gh"
KEY = f"sk-proj-{SECRET}"
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
SHAPES = [
    KEY,
    f"sk-ant-api03-{SECRET}",
    f"sk-perihelion-{SECRET}",
    f"pk-helicone-{SECRET}",
    f"gsk_{SECRET}",
    f"xai-{SECRET}",
    f"pplx-{SECRET}",
    f"nvapi-{SECRET}",
    f"AIzaSy{SECRET}",
    f"ya29.{SECRET}",
    f"hf_{SECRET}",
    f"r8_{SECRET}",
    f"ghp_{SECRET}",
    f"github_pat_{SECRET}",
    f"glpat-{SECRET}",
    f"xoxb-{SECRET}",
    f"whsec_{SECRET}",
    f"sk_live_{SECRET}",
    f"AKIA{SECRET.upper()}",
    f"ABSK{SECRET}=",
    f"eyJ{SECRET}.{SECRET}.{SECRET}",
    f"Bearer {SECRET}",
    f"bearer  {SECRET}",
    f"Basic {SECRET}=",
    f"https://ada:{SECRET}@llm.example.com/v1",
    f"https://ada:{SECRET}/{SECRET}@llm.example.com/v1",
    f"https://{SECRET}@llm.example.com/v1",
    f"ada:{SECRET}@llm.example.com",
    f"postgresql://ada:{SECRET}@db/x",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET}\n-----END PRIVATE KEY-----",
    f'{{"api-key": "{SECRET}"}}',
    f'{{\\"x-functions-key\\": \\"{SECRET}\\"',
    f"{{'Ocp-Apim-Subscription-Key': '{SECRET}'}}",
    f"api_key={SECRET}",
    f"X-Api-Key: {SECRET}",
    f"https://h.example/a?subscription-key={SECRET}&x=1",
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "azure"), f'origin = "{simulator_origin}"\nvariables = []')
    with Stack(tmp_path_factory.mktemp("secrets"), providers).start_gateway() as running:
        yield running


@pytest.mark.parametrize("text", SHAPES)
def test_a_credential_is_known_by_its_shape_or_its_place(text: str) -> None:
    for whole in (text, f"found '{text}' in it", f"{text}\n", f'"{text}"'):
        shown = mask(whole)
        assert SECRET not in shown and SECRET.upper() not in shown and MASK in shown
        assert mask(shown) == shown, "masking twice changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "A key is required: send Helicone-Auth: Bearer sk-perihelion-….",
        "Header Helicone-Auth: found 'x'; accepted: y.",
        "The key in Helicone-Auth is unknown, expired or revoked.",
        "Basic plan",
        "task-management-of-a-team",
        "ada@example.com",
        "mailto:ada@example.com",
        "max_tokens=4096",
        "gpt-4o-mini-2024-07-18",
        "3f2b8c1e-0f6e-4b8e-9d4c-2b1f0a9c8d7e",
        "Expected `str`, got `int` - at `$.key`",
        '{"error": {"code": "invalid_api_key", "type": "token"}}',
        "resp_68af0c9d8f7081a2b3c4d5e6f7a8b9c0",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "name",
    [
        *("api-key", "X-Api-Key", "apiKey", "subscription-key", "Ocp-Apim-Subscription-Key", "AWSAccessKeyId", "jwt"),
        *("access%5Ftoken", "client_secret", "Helicone-Auth-Key", "x-goog-signature", "dbPassword", "session_cookie"),
    ],
)
def test_names_of_credentials(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["model", "max_tokens", "author", "keyword", "pageToken", "idempotency-key"])
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "field",
    [
        *("subscription-key", "x-api-key", "code", "sig", "access_token", "Api%2DKey", "X-Functions-Key", "authToken"),
        *("X-Amz-Credential", "password", "pwd", "sas", "client_secret"),
    ],
)
def test_fields_of_a_query_that_hold_a_credential(field: str) -> None:
    assert mask_query(f"a=1&{field}={SECRET}&b=2") == f"a=1&{field}=***&b=2"


def test_a_credential_is_masked_wherever_it_stands_in_a_target() -> None:
    assert SECRET not in mask_query(f"q={KEY}&{KEY}&x=https%3A%2F%2Fada%3A{SECRET}%40h.example")
    for path in (f"/oai/{KEY}/v1", f"/oai/{KEY.replace('-', '%2D')}/v1", f"/x;api_key={SECRET}/y"):
        assert SECRET not in mask_path(path) and mask_path(path).count("/") == path.count("/")
    assert mask_path("/v1/models/gemini-2.0:generateContent?alt=sse") == "/v1/models/gemini-2.0:generateContent?alt=sse"


def test_an_unknown_header_keeps_nothing_that_could_be_a_key() -> None:
    sent = {"helicone-auth-key": "short", "helicone-auht": SECRET, "helicone-job": "run of 2026-11-27", KEY: "1"}
    kept = mask_named(sent, strictly=True)
    assert kept["helicone-job"] == "run of 2026-11-27" and SECRET not in str(kept) and "short" not in str(kept)
    assert mask_strictly("f81d4fae-7dec-11d0-a765-00a0c91e6bf6") == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def test_many_large_values_cost_no_search_and_keep_no_credential() -> None:
    many = {f"name-{number}": "://a:" * 200 for number in range(60)}
    kept = mask_named({**many, "note": f"uses {KEY}", "token": SECRET, "team": "growth"})
    assert SECRET not in str(kept) and kept["team"] == "growth" and kept["name-7"] == "://a:" * 200
    kept = mask_named({**many, "helicone-auht": SECRET * 4, "helicone-foo": "a b"}, strictly=True)
    assert SECRET not in str(kept) and kept["helicone-foo"] == "a b"


@pytest.mark.parametrize(
    "text",
    ["a" * 40_000, "://" * 13_000, "a:" * 20_000, "sk-" * 13_000, '"key":' * 6_000, "Bearer " * 6_000, "a=b&" * 10_000],
)
def test_masking_takes_time_in_proportion_to_the_text(text: str) -> None:
    """A pattern that went back and forth would take minutes here, and the test would be stopped."""
    mask_strictly(text)


# --- the gateway -------------------------------------------------------------------------------------------------


def spooled(stack: Stack) -> bytes:
    """All that the data folder holds."""
    return b"".join(file.read_bytes() for file in (stack.folder / "data").rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/chat/completions", {"Helicone-Auth-Key": f"Bearer {SECRET}"}),
        ("/v1/chat/completions", {"Helicone-Auht": SECRET}),
        ("/v1/chat/completions", {"Helicone-Api-Key": KEY}),
        ("/v1/chat/completions", {"Helicone-Property-Api-Key": SECRET}),
        ("/v1/chat/completions", {"Helicone-Property-Note": f"used {KEY}"}),
        ("/v1/chat/completions", {f"Helicone-Property-{KEY}": "x"}),
        ("/v1/chat/completions", {"Helicone-User-Id": KEY, "Helicone-Session-Id": f"xai-{SECRET}"}),
        ("/v1/chat/completions", {"Helicone-Session-Path": f"/{KEY}", "Helicone-Session-Name": f"Bearer {SECRET}"}),
        ("/v1/chat/completions", {"Helicone-Request-Name": KEY, "Helicone-Prompt-Id": KEY}),
        ("/v1/chat/completions", {"User-Agent": f"curl {KEY}", "Traceparent": KEY}),
        ("/v1/chat/completions", {"Helicone-Model-Override": KEY}),
        ("/v1/chat/completions", {"Helicone-Cache-Enabled": KEY}),
        ("/v1/chat/completions", {"Helicone-RateLimit-Policy": f"10;w=60;s={KEY}"}),
        ("/v1/chat/completions", {"Helicone-Request-Id": SECRET}),
        ("/v1/chat/completions", {"Helicone-Target-Url": f"https://ada:{SECRET}@llm.example.com"}),
        ("/v1/chat/completions", {"Helicone-Target-Url": f"https://ada:{SECRET}/x@llm.example.com"}),
        ("/v1/chat/completions", {"Helicone-Target-Url": f"ada:{SECRET}@llm.example.com"}),
        ("/v1/chat/completions", {"Helicone-OpenAI-Api-Base": f"https://{KEY}@llm.example.com/v1"}),
        ("/v1/chat/completions", {"Helicone-Fallback": f'[{{"model": "{KEY}"'}),
        ("/v1/chat/completions", {"Helicone-Fallbacks": f'[{{"headers": {{"Authorization": "{SECRET}"}}'}),
        ("/v1/chat/completions", {"Helicone-Fallbacks": f'[{{"headers": {{"x-portal": "{SECRET}"}}'}),
        ("/v1/chat/completions", {"Helicone-Prompt-Variables": f'{{"api_key": "{SECRET}"'}),
        (f"/oai/sk-helicone-{SECRET}/v1/chat/completions", {}),
        (f"/oai/sk%2Dhelicone%2D{SECRET}/v1/chat/completions", {}),
        (f"/nowhere/{KEY}", {}),
        (f"/openai/v1/files/{KEY}", {}),
        (f"/v1/chat/completions?subscription-key={SECRET}&x-api-key={SECRET}&code={SECRET}", {}),
        (f"/v1/chat/completions?x={KEY}", {}),
        ("/v1/chat/completions", {"x-sim-status": "401", "x-sim-error-text": f"Incorrect API key provided: {KEY}"}),
    ],
)
def test_a_credential_in_the_wrong_place_is_neither_stored_nor_told(
    stack: Stack, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.post(stack.gateway + path, json=BODY, headers=headers, timeout=30)
    row = stack.record(answer.headers["helicone-id"])
    assert SECRET not in json.dumps(row)
    assert SECRET.encode() not in spooled(stack)
    if "x-sim-status" not in headers:  # a provider's own answer is passed on as it came
        assert SECRET not in answer.text + str(answer.headers)


def test_labels_without_a_credential_are_kept_as_they_came(stack: Stack) -> None:
    labels = {
        "Helicone-User-Id": "ada@example.com",
        "Helicone-Property-Tokens": "max_tokens=4096",
        "Helicone-Foo": "a b",
    }
    answer = httpx.post(stack.gateway + "/v1/chat/completions", json=BODY, headers=labels, timeout=30)
    row = stack.record(answer.headers["helicone-id"])
    assert (row["user_id"], row["properties"]["tokens"]) == ("ada@example.com", "max_tokens=4096")
    assert row["unknown_directives"] == {"helicone-foo": "a b"}


def test_a_compressed_error_of_a_provider_is_masked_by_the_shipper(stack: Stack) -> None:
    headers = {"x-sim-status": "401", "x-sim-error-text": f"no such key: {KEY}", "x-sim-encoding": "gzip"}
    answer = httpx.post(stack.gateway + "/v1/chat/completions", json=BODY, headers=headers, timeout=30)
    assert SECRET in answer.text
    row = stack.record(answer.headers["helicone-id"])
    assert SECRET not in json.dumps(row) and "no such key" in row["error_message"]


# --- what did not pass through the gateway -----------------------------------------------------------------------


def test_a_reported_call_is_masked_before_it_is_spooled() -> None:
    record = Record(
        id="x", org="o", key="", started_us=1, status=500, path=f"/v1?api-key={SECRET}", user_id=KEY,
        properties={"token": SECRET}, unknown_directives={"helicone-auht": SECRET}, error_message=f"Bearer {SECRET}",
        response_body=f'{{"error": "{KEY}"}}'.encode(),
    )  # fmt: skip
    assert SECRET not in str(fit(record, 1 << 20))


def test_errors_of_older_segments_are_masked_when_they_are_shipped() -> None:
    body = json.dumps({"error": {"message": f"bad key {KEY}", "type": "x"}}).encode()
    record = Record(
        id="x", org="o", key="", started_us=1, status=401, dialect="openai", operation="chat", path="/v1",
        response_type="application/json", response_body=body,
    )  # fmt: skip
    assert SECRET not in str(RowBuilder(PriceBook(), text_chars=600).build_one(record))


# --- settings and the command line -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("upstream.proxy", f"http://ada:{SECRET}@proxy.example:3128"),
        ("snapshot.tokne", SECRET),
        ("oidc.client_secrets", SECRET),
        ("gateway.port", f"Bearer {SECRET}"),
        ("otel.headers", f"authorization {SECRET}"),
        ("parquet.secret_key", SECRET),
        ("otel.endpoint", f"http://ada:{SECRET}@otel.example"),
        ("oidc.issuer", f"http://ada:{SECRET}@id.example"),
    ],
)
def test_a_setting_that_cannot_be_used_tells_no_secret(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        load(environ={}, overrides={name: value})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", [f"clickhouse//ada:{SECRET}@host:9", f"clickhouse://ada:{SECRET}@host:x"])
def test_an_address_of_a_store_tells_no_password(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        parse_address(url)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--set", f"snapshot.token{SECRET}"),
        ("check", "--set", f"kv.url=redis//ada:{SECRET}@h"),
        ("check", "--set", f"log.store=clickhouse://ada:{SECRET}@h:9000/db"),
    ],
)
def test_a_command_tells_no_secret(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = Stack(tmp_path).run(*arguments)
    assert done.stdout + done.stderr and SECRET not in done.stdout + done.stderr


# --- what the control plane tells --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """A control plane whose store refuses it."""
    store = f"clickhouse://ada:{SECRET}@127.0.0.1:{free_port()}/db"
    process = ControlProcess(tmp_path_factory.mktemp("failing") / "data", PERIHELION_LOG_STORE=store).start()
    until(lambda: process.ask("/healthz")[0] == 200, "the control plane")
    yield process
    process.end()


def test_readiness_tells_strangers_no_address_user_or_path(failing: ControlProcess) -> None:
    def told(headers: dict[str, str]) -> str:
        return str(httpx.get(failing.url + "/readyz", headers=headers, timeout=30).json()["store"])

    until(lambda: "127.0.0.1" in told({"Authorization": f"Bearer {failing.token}"}), "the cause, for this machine")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "perihelion_session=wrong"}):
        assert "in the log of the control plane" in told(headers)
        assert not any(word in told(headers) for word in ("127.0.0.1", "ada", str(failing.data), SECRET))


def test_a_refused_value_is_not_told_back(failing: ControlProcess) -> None:
    head = {"Authorization": f"Bearer {failing.token}"}
    for path, value in (("/api/keys", {"name": "x", "token": KEY}), ("/api/credentials/nobody", {"value": KEY})):
        answer = httpx.request("PUT" if "cred" in path else "POST", failing.url + path, json=value, headers=head)
        assert answer.status_code == 400 and SECRET not in answer.text, answer.text
