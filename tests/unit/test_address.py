"""Addresses: from what a caller asked for to an origin and an upstream path."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.errors import (
    BadDirective,
    BadRequest,
    FeatureUnavailable,
    Forbidden,
    NotFound,
    ProxyError,
    SettingError,
)
from proxy.providers import Catalog, Route, load, mask_query, resolve

CATALOG = load(domain="example.com")


def to(
    path: str, query: str = "", host: str = "localhost:8787", target: str = "", base: str = "", mark: str = ""
) -> Route:
    return resolve(CATALOG, host, path, query, target, base, mark)


def url(route: Route) -> str:
    return f"{route.origin.scheme}://{route.origin.authority}{route.path}"


@pytest.mark.parametrize(
    ("path", "expected", "dialect", "operation"),
    [
        ("/v1/chat/completions", "https://api.openai.com/v1/chat/completions", "openai", "chat"),
        ("/v1/files/file-1/content", "https://api.openai.com/v1/files/file-1/content", "openai", "files"),
        ("/v1/responses/resp_1", "https://api.openai.com/v1/responses/resp_1", "openai", "stored"),
        ("/v1/messages", "https://api.anthropic.com/v1/messages", "anthropic", "messages"),
        ("/v1/messages/batches", "https://api.anthropic.com/v1/messages/batches", "anthropic", "batches"),
        ("/v1/complete", "https://api.anthropic.com/v1/complete", "anthropic", "completions"),
        (
            "/v1beta/models/gemini-2.5-pro:generateContent",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
            "gemini",
            "generate_content",
        ),
        (
            "/v1beta/openai/chat/completions",
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
            "openai",
            "chat",
        ),
        ("/openai/v1/embeddings", "https://api.openai.com/v1/embeddings", "openai", "embeddings"),
        ("/oai/v1/embeddings", "https://api.openai.com/v1/embeddings", "openai", "embeddings"),
        ("/anthropic/v1/messages", "https://api.anthropic.com/v1/messages", "anthropic", "messages"),
        ("/groq/openai/v1/chat/completions", "https://api.groq.com/openai/v1/chat/completions", "openai", "chat"),
        ("/openrouter/api/v1/messages", "https://openrouter.ai/api/v1/messages", "anthropic", "messages"),
        ("/ollama/api/chat", "http://127.0.0.1:11434/api/chat", "ollama", "chat"),
        ("/ollama/v1/chat/completions", "http://127.0.0.1:11434/v1/chat/completions", "openai", "chat"),
        ("/v1/gateway/oai/v1/chat/completions", "https://api.openai.com/v1/chat/completions", "openai", "chat"),
        ("/v1/gateway/anthropic/v1/messages", "https://api.anthropic.com/v1/messages", "anthropic", "messages"),
        (
            "/azure/my-res/openai/deployments/gpt-4o/chat/completions",
            "https://my-res.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
            "openai",
            "chat",
        ),
        (
            "/vertex/global/v1/projects/p/locations/global/publishers/anthropic/models/c@1:streamRawPredict",
            "https://aiplatform.googleapis.com"
            "/v1/projects/p/locations/global/publishers/anthropic/models/c@1:streamRawPredict",
            "anthropic",
            "messages",
        ),
        (
            "/vertex/us-east5/v1/projects/p/locations/us-east5/publishers/google/models/g:countTokens",
            "https://us-east5-aiplatform.googleapis.com"
            "/v1/projects/p/locations/us-east5/publishers/google/models/g:countTokens",
            "gemini",
            "count_tokens",
        ),
        (
            "/bedrock/us-east-1/model/arn:aws:x:endpoint/e-1/invoke",
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn:aws:x:endpoint/e-1/invoke",
            "bedrock",
            "invoke",
        ),
        ("/openai", "https://api.openai.com/", "openai", "other"),
    ],
)
def test_a_path_leads_to_its_provider(path: str, expected: str, dialect: str, operation: str) -> None:
    route = to(path)
    assert (url(route), route.dialect, route.operation, route.origin.guarded) == (expected, dialect, operation, False)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/azure/r/openai/deployments/gpt-4o/chat/completions", "gpt-4o"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/bedrock/us-east-1/model/arn:aws:x:endpoint/e-1/invoke", "arn:aws:x:endpoint/e-1"),
        ("/v1/chat/completions", ""),
        ("/v1/models/gpt-4o", ""),
    ],
)
def test_a_model_in_the_path_is_named(path: str, model: str) -> None:
    assert to(path).model_in_path == model


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("oai.example.com", "api.openai.com"),
        ("ANTHROPIC.example.com:8787", "api.anthropic.com"),
        ("together.example.com", "api.together.xyz"),
        ("gateway.example.com", "api.openai.com"),
        ("example.com", "api.openai.com"),
        ("oai.example.com.evil.example", "api.openai.com"),
        ("127.0.0.1:8787", "api.openai.com"),
        ("[::1]:8787", "api.openai.com"),
    ],
)
def test_the_whole_first_label_names_the_provider(host: str, expected: str) -> None:
    assert to("/v1/models", host=host).origin.host == expected


def test_a_path_under_a_label_is_not_read_as_a_prefix() -> None:
    assert to("/openai/v1/chat/completions", host="groq.example.com").origin.host == "api.groq.com"


@pytest.mark.parametrize("host", ["groqq.example.com", "x.oai.example.com", "oa.example.com"])
def test_an_unknown_label_is_refused(host: str) -> None:
    with pytest.raises(NotFound):
        to("/openai/v1/chat/completions", host=host)


@pytest.mark.parametrize("path", ["/", "/nothing/v1", "/v2/chat", "/openaix/v1", "/v1betax/models"])
def test_an_unknown_path_is_404_and_names_the_prefixes(path: str) -> None:
    with pytest.raises(NotFound, match="/anthropic"):
        to(path)


@pytest.mark.parametrize("label", ["My_Res", "a.b", "", "-a", "evil.com#", "ä", "a" * 64, "..", "a@b"])
def test_a_variable_that_is_no_host_label_is_400(label: str) -> None:
    with pytest.raises(BadRequest):
        to(f"/azure/{label}/openai/deployments/x/chat/completions")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/a%20b",
        "/v1/files/100%",
        "/v1/files/%C3%A4%c3%a4",
        "/v1/files/a%3Fb%23c",
        "/v1/files/%2e%2e",
        "/v1/files//a",
        "/v1/files/a+b%2Fc%3ad",
        "/v1/chat/../x",
    ],
)
def test_a_path_is_forwarded_as_it_came(path: str) -> None:
    assert to(path).path == path
    assert to(f"/openai{path}").path == path
    assert to(f"/%6fpenai{path}").path == path
    assert to(f"/v1/gateway/o%61i{path}").path == path
    assert to(path, target="https://api.openai.com").path == path


def test_a_path_that_begins_with_two_slashes_is_forwarded_to_a_target() -> None:
    assert to("//openai/deployments", target="https://r.openai.azure.com").path == "//openai/deployments"


@pytest.mark.parametrize(
    ("path", "sent"), [("/v1/files/ä b", "/v1/files/%C3%A4%20b"), ("/v1/files/a?b#", "/v1/files/a%3Fb%23")]
)
def test_what_may_not_stand_in_a_path_is_encoded(path: str, sent: str) -> None:
    assert to(path).path == sent


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f%", exclude_categories=["Cs"]), max_size=40))
def test_an_encoded_path_decodes_to_what_was_asked(tail: str) -> None:
    sent = to("/v1/files/" + tail).path
    assert sent.isascii() and sent.isprintable() and " " not in sent and "?" not in sent
    assert unquote(sent) == "/v1/files/" + tail


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/bedrock/us-east-1/model/arn%3Aaws%3Ax%3Aendpoint%2Fe-1/invoke", "arn:aws:x:endpoint/e-1"),
        ("/v1beta/models/gemini%2D2.5%2dpro%3AgenerateContent", "gemini-2.5-pro"),
        ("/azure/r/openai/deployments/gpt%2D4o/chat/completions", "gpt-4o"),
    ],
)
def test_a_model_is_found_in_an_encoded_path(path: str, model: str) -> None:
    route = to(path)
    assert route.model_in_path == model and path.endswith(route.path)


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent", "countTokens", "embedContent"])
@pytest.mark.parametrize("mark", ["x-goog-api-key", ""])
def test_a_verb_of_google_leads_to_gemini(version: str, verb: str, mark: str) -> None:
    route = to(f"/{version}/models/gemini-2.0-flash:{verb}", mark=mark)
    assert (route.provider.name, route.dialect, route.model_in_path) == ("gemini", "gemini", "gemini-2.0-flash")
    assert route.path == f"/{version}/models/gemini-2.0-flash:{verb}"


@pytest.mark.parametrize(
    ("path", "mark", "provider"),
    [
        ("/v1/models", "", "openai"),
        ("/v1/models", "anthropic-version", "anthropic"),
        ("/v1/models", "x-goog-api-key", "gemini"),
        ("/v1/files/f", "anthropic-version", "anthropic"),
        ("/v1/models/ft:gpt-4o-mini:acme::abc", "", "openai"),
        ("/v1/skills_of_tomorrow", "anthropic-version", "anthropic"),
        ("/v1/interactions", "x-goog-api-key", "gemini"),
        ("/v1/models", "?key", "gemini"),
        ("/openai/v1/models", "?key", "openai"),
        ("/openai/v1/models", "anthropic-version", "openai"),
        ("/groq/openai/v1/models", "x-goog-api-key", "groq"),
        ("/v1/gateway/oai/v1/models", "anthropic-version", "openai"),
    ],
)
def test_a_header_tells_whose_a_bare_path_is(path: str, mark: str, provider: str) -> None:
    for _ in range(2):  # the second time from the memo
        assert to(path, mark=mark).provider.name == provider


@pytest.mark.parametrize(
    "path", ["/v1/whatever", "/v1", "/v1/", "/v1/messages_x", "/v1/chat_x", "/v1//chat", "/v1/../x"]
)
def test_a_path_that_nobody_owns_is_404_and_says_what_would_be_right(path: str) -> None:
    with pytest.raises(NotFound, match="/v1/chat/completions"):
        to(path)


@pytest.mark.parametrize(
    "path",
    [
        *(f"/{prefix}/v1/log" for prefix in ("oai", "anthropic", "custom", "googleapis")),
        "/v1/log",
        "/v1/log/",
        "/v1/log/request",
        "/v1/trace",
        "/v1/trace/log",
        "/v1/trace/custom/v1/log",
        "/v1/prompt-2025",
        "/v1/prompt-2025/id/x/versions",
        "/oai//v1/log",
        "/oai/v1%2Flog",
        "/OAI/v1/Log",
        "/%6fai/v1/log",
    ],
)
@pytest.mark.parametrize("mark", ["", "anthropic-version"])
def test_no_path_of_a_logger_is_forwarded(path: str, mark: str) -> None:
    for host in ("localhost:8787", "oai.example.com"):
        with pytest.raises(FeatureUnavailable) as caught:
            to(path, host=host, mark=mark)
        assert (caught.value.status, caught.value.code) == (501, "not_implemented")


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x1f", "\x7f"])
def test_control_characters_are_refused(char: str) -> None:
    with pytest.raises(BadRequest):
        to(f"/v1/chat{char}X: y")


def test_a_query_is_passed_on_and_never_splits_the_request() -> None:
    assert to("/v1/models", "a=1&b=%20").path == "/v1/models?a=1&b=%20"
    assert to("/v1/models", "a=1 HTTP/1.1\r\nX: y#z").path == "/v1/models?a=1%20HTTP/1.1%0D%0AX:%20y%23z"


def test_a_query_is_not_remembered() -> None:
    catalog = load()  # of its own: Hypothesis may make paths with any word of this file
    assert resolve(catalog, "", "/v1/models", "key=secret").path != resolve(catalog, "", "/v1/models").path
    assert catalog.routes
    assert not any("secret" in part for key in catalog.routes for part in key)


def test_what_is_remembered_is_bounded() -> None:
    for number in range(5000):
        to(f"/v1/files/{number}")
    assert len(CATALOG.routes) <= 2048


ALLOWED = [
    "https://api.openai.com",
    "https://API.OpenAI.com:443/",
    "https://api.together.ai",
    "https://my-res.openai.azure.com",
    "https://dbc-1.cloud.databricks.com",
    "https://us-central1-aiplatform.googleapis.com",
    "https://bedrock-runtime.eu-west-1.amazonaws.com",
]


@pytest.mark.parametrize("target", ALLOWED)
def test_a_catalog_host_is_a_guarded_target(target: str) -> None:
    route = to("/some/path", target=target)
    assert route.origin.guarded
    assert route.path == "/some/path"
    assert route.origin.host == target.removeprefix("https://").lower().partition("/")[0].partition(":")[0]


REFUSED = [
    "https://api.anthropic.com.evil.example",
    "https://evil.example",
    "https://evilapi.openai.com.example",
    "https://xapi.anthropic.com",
    "https://user@api.openai.com",
    "https://api.openai.com@evil.example",
    "https://api.openai.com:443@evil.example",
    "https://api.openai.com\\@evil.example",
    "https://api.openai.com%2eevil.example",
    "https://api.openai.com.",
    "https://api.openai.com:8443",
    "https://api.openai.com:000001443",
    "http://api.openai.com",
    "https://a b.openai.azure.com",
    "https://.openai.azure.com",
    "https://openai.azure.com",
    "https://x_y.openai.azure.com",
    "https://evil.com-aiplatform.googleapis.com",
    "https://storage.googleapis.com",
    "https://bedrock-runtime.a.b.amazonaws.com",
    "http://localhost:11434",
    "http://127.0.0.1:11434",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0177.0.0.1",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://169.254.169.254",
    "https://metadata.google.internal",
    "https://10.0.0.1",
    "https://ａpi.openai.com",
]


@pytest.mark.parametrize("header", ["target", "base"])
@pytest.mark.parametrize("value", REFUSED)
def test_any_other_target_is_forbidden(header: str, value: str) -> None:
    with pytest.raises(Forbidden) as caught:
        to("/v1/chat/completions", **{header: value})
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "value", ["api.openai.com", "ftp://api.openai.com", "https://", "nonsense", "https:///x", "//x"]
)
def test_a_target_that_is_no_url_is_400(value: str) -> None:
    with pytest.raises(BadDirective, match="Helicone-Target-Url"):
        to("/v1/x", target=value)


def test_a_target_carries_no_path_of_its_own() -> None:
    assert to("/v1/x", target="https://api.openai.com/v1").path == "/v1/x"
    with pytest.raises(BadDirective):
        to("/chat/completions", target="https://api.openai.com/v1")


def test_a_base_stands_for_openais() -> None:
    base = "https://r.openai.azure.com/openai/deployments/gpt-4o/?api-version=2024-10-01"
    for path in ("/v1/chat/completions", "/openai/v1/chat/completions", "/chat/completions"):
        route = to(path, "x=1", base=base)
        assert route.path == "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-01&x=1"
        assert (route.origin.guarded, route.model_in_path) == (True, "gpt-4o")
    assert to("/v1/models", base="https://api.deepseek.com").path == "/v1/models"


@pytest.mark.parametrize(
    "path", ["/v1/../../admin", "/..", "/v1/..", "/a/..\\b", "/v1/%2e%2e/x", "/v1/a%2F..%2fb", "/a/..%5Cb"]
)
def test_dots_do_not_leave_a_base(path: str) -> None:
    with pytest.raises(BadRequest):
        to(path, base="https://api.groq.com/openai/v1")


def test_the_operator_adds_origins_by_name() -> None:
    catalog = load(allow="http://localhost:11434, https://llm.corp.example:8443,https://*.ml.corp.example")
    known = resolve(catalog, "", "/api/chat", "", "http://localhost:11434")
    assert (known.provider.name, known.dialect, known.origin.guarded) == ("ollama", "ollama", False)
    other = resolve(catalog, "", "/v1/messages", "", "https://llm.corp.example:8443")
    assert (other.provider.name, other.dialect, other.origin.port, other.origin.guarded) == (
        "custom",
        "anthropic",
        8443,
        False,
    )
    assert resolve(catalog, "", "/v1/x", "", "https://a.ml.corp.example").origin.guarded
    for refused in ("https://localhost:11434", "http://localhost:11435", "https://llm.corp.example"):
        with pytest.raises(Forbidden):
            resolve(catalog, "", "/v1/x", "", refused)


@pytest.mark.parametrize("allow", ["localhost", "https://x.example/path", "ftp://x", "https://u@x.example"])
def test_a_wrong_origin_in_the_settings_refuses_the_start(allow: str) -> None:
    with pytest.raises(SettingError, match=r"targets\.allow"):
        load(allow=allow)


FolderOf = Callable[[str, str], Catalog]


@pytest.fixture
def folder_of(tmp_path: Path) -> FolderOf:
    def write(name: str, text: str) -> Catalog:
        (tmp_path / name).write_text(text)
        return load(str(tmp_path))

    return write


def test_a_users_file_redirects_a_provider(folder_of: FolderOf) -> None:
    catalog = folder_of("openai.toml", 'origin = "http://127.0.0.1:9"')
    route = resolve(catalog, "", "/v1/chat/completions")
    assert url(route) == "http://127.0.0.1:9/v1/chat/completions"
    assert (route.origin.guarded, route.stream_usage) == (False, True)
    assert resolve(catalog, "", "/v1/x", "", "http://127.0.0.1:9").provider.name == "openai"


def test_a_users_file_adds_a_provider(folder_of: FolderOf) -> None:
    catalog = folder_of("mine.toml", 'origin = "https://{team}.llm.corp.example"\ndialect = "anthropic"')
    assert url(resolve(catalog, "", "/mine/red/v1/messages")) == "https://red.llm.corp.example/v1/messages"
    assert resolve(catalog, "", "/v1/messages", "", "https://blue.llm.corp.example").provider.name == "mine"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("orign = 'https://x.example'", "orign"),
        ("origin = 'x.example'", "origin"),
        ("origin = 'https://x.example/path'", "origin"),
        ("origin = 'https://x.example'\naliases = ['openai']", "aliases"),
        ("origin = 'https://x.example'\ndialect = 'klingon'", "dialect"),
        ("origin = 5", "mine.toml"),
        ("ours = true", "ours"),
        ("= nonsense", "mine.toml"),
        ("name = 'other'", "name"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_key(folder_of: FolderOf, text: str, named: str) -> None:
    with pytest.raises(SettingError, match=named) as caught:
        folder_of("mine.toml", text)
    assert "mine.toml" in str(caught.value)


def test_a_provider_without_an_origin_is_reached_by_target_only(folder_of: FolderOf) -> None:
    catalog = folder_of("ollama.toml", 'origin = ""')
    with pytest.raises(NotFound):
        resolve(catalog, "", "/ollama/api/chat")


def test_credentials_in_a_query_are_masked() -> None:
    asked = "key=AIza&alt=sse&API_KEY=x&sig=%2Fa&access%5Ftoken=z&a.key=1&flag&key="
    assert mask_query(asked) == "key=***&alt=sse&API_KEY=***&sig=***&access%5Ftoken=***&a.key=1&flag&key="
    assert mask_query("") == ""


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_nothing_but_our_own_errors_comes_of_any_address(host: str, path: str, target: str, base: str) -> None:
    try:
        route = to(path, host=host, target=target, base=base)
    except ProxyError as error:
        assert error.status in (400, 403, 404)
    else:
        assert route.path.isascii() and route.path.isprintable() and " " not in route.path
