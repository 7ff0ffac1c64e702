"""`/api/prompts`: managed prompts, their versions, environments and rendering."""

import difflib
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from proxy.control.api.checks import check_label, check_name, check_prompt_id, check_template
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us, uuid7
from proxy.core.errors import BadRequest
from proxy.core.template import Partials, Template, Variable, parse
from proxy.metadata import prompts
from proxy.metadata.errors import InvalidValue, RowConflict, RowNotFound
from proxy.metadata.prompts import Prompt, Version

__all__ = ["PROMPT_ROUTES"]

_PRODUCTION: Final = "production"


class NewVersion(msgspec.Struct, forbid_unknown_fields=True):
    """`body` is what goes to the provider (messages, model, parameters), `{{name}}` in its strings a variable."""

    body: dict[str, Any]
    variables: list[dict[str, Any]] = []
    """Objects of `name`, `type` (string, number, boolean; without one that of its uses, else string) and `default`."""
    note: str = ""
    environments: list[str] = []
    """Environments that stand for it from now on."""
    after: int = 0
    """The version that this one was made from: 409 where a newer one was created meanwhile. 0: not looked at."""


class NewPrompt(NewVersion, forbid_unknown_fields=True):
    id: str = ""
    """Empty: one is made."""
    name: str = ""


class Made(msgspec.Struct):
    prompt: Prompt
    version: Version


class PromptPage(msgspec.Struct):
    data: list[Prompt]
    next: str | None


class VersionPage(msgspec.Struct):
    data: list[Version]
    next: int | None


class Comparison(msgspec.Struct):
    """`diff` is a unified diff of both bodies as indented JSON."""

    before: Version
    after: Version
    diff: str


class ToVersion(msgspec.Struct, forbid_unknown_fields=True):
    version: int


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """`version`, else `environment`, else production, else the newest."""

    variables: dict[str, Any] = {}
    version: int = 0
    environment: str = ""


class Rendered(msgspec.Struct):
    version: int
    body: dict[str, Any]


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    """A version that is not saved, and values to fill it in with."""

    body: dict[str, Any]
    variables: list[dict[str, Any]] = []
    values: dict[str, Any] = {}


class DraftVariable(msgspec.Struct, omit_defaults=True):
    name: str
    type: str
    default: Any = msgspec.UNSET


class RenderedDraft(msgspec.Struct):
    """`body` is null where values are `missing` or `problem` says what is wrong with one."""

    body: dict[str, Any] | None
    variables: list[DraftVariable]
    """All that it uses or declares."""
    missing: list[str]
    problem: str = ""


class VersionUsage(msgspec.Struct):
    version: str
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_nanousd: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None


class Usages(msgspec.Struct):
    data: list[VersionUsage]


@get("/api/prompts", sync_to_thread=True, opt=needs("viewer"), summary="Managed prompts", operation_id="listPrompts")
def list_prompts(
    request: Request[Any, Any, Any], after: After = "", limit: Limit = 50, archived: FromQuery[bool] = False
) -> PromptPage:
    """By id."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = prompts.listed(rows, caller_of(request).org, after, limit + 1, archived)
    return PromptPage(found[:limit], found[limit - 1].id if len(found) > limit else None)


@post("/api/prompts", sync_to_thread=True, opt=needs("member"), summary="Create a prompt", operation_id="createPrompt",
      status_code=201)  # fmt: skip
def create_prompt(request: Request[Any, Any, Any], data: JSONBody[NewPrompt]) -> Response[Made]:
    """With its first version."""
    org, by = caller_of(request).org, caller_of(request).name
    id = check_prompt_id("id", data.id or uuid7(now_us()))
    name = check_name("name", data.name) if data.name else ""
    _checked(data)

    def make(rows: Any) -> Made:
        prompts.create(rows, org, id, name)
        version = prompts.add_version(rows, org, id, data.body, data.variables, data.note, by)
        for label in data.environments:
            prompts.label(rows, org, id, label, version.version)
        _leads_nowhere_back(rows, org, version)
        return Made(prompts.shown(rows, org, id), version)

    return mutate(request, data, make, 201)


@get("/api/prompts/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One prompt", operation_id="getPrompt")
def show_prompt(request: Request[Any, Any, Any], id: FromPath[str]) -> Prompt:
    """Its environments and its newest version's number."""
    with database_of(request).read() as rows:
        return prompts.shown(rows, caller_of(request).org, id)


@post("/api/prompts/{id:str}/versions", sync_to_thread=True, opt=needs("member"), summary="Create a version",
      operation_id="createVersion", status_code=201)  # fmt: skip
def create_version(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[NewVersion]) -> Response[Made]:
    """Numbered one higher than the newest. It never changes."""
    org, by = caller_of(request).org, caller_of(request).name
    _checked(data)

    def make(rows: Any) -> Made:
        version = prompts.add_version(rows, org, id, data.body, data.variables, data.note, by)
        if data.after and version.version != data.after + 1:
            raise RowConflict(
                f"version {version.version - 1} of {id!r} was created meanwhile; "
                f"this one was made from version {data.after}"
            )
        for label in data.environments:
            prompts.label(rows, org, id, label, version.version)
        _leads_nowhere_back(rows, org, version)
        return Made(prompts.shown(rows, org, id), version)

    return mutate(request, data, make, 201)


@get("/api/prompts/{id:str}/versions", sync_to_thread=True, opt=needs("viewer"), summary="Versions, newest first",
     operation_id="listVersions")  # fmt: skip
def list_versions(
    request: Request[Any, Any, Any],
    id: FromPath[str],
    before: Annotated[int, QueryParameter(name="cursor", description="`next` of the page before.")] = 0,
    limit: Limit = 50,
) -> VersionPage:
    """With their bodies."""
    check_limit(limit)
    if not 0 <= before < 1 << 31:
        raise InvalidValue("cursor", str(before), "`next` of the page before")
    with database_of(request).read() as rows:
        found = prompts.versions(rows, caller_of(request).org, id, before, limit + 1)
    return VersionPage(found[:limit], found[limit - 1].version if len(found) > limit else None)


@get("/api/prompts/{id:str}/versions/{number:int}", sync_to_thread=True, opt=needs("viewer"), summary="One version",
     operation_id="getVersion")  # fmt: skip
def show_version(request: Request[Any, Any, Any], id: FromPath[str], number: FromPath[int]) -> Version:
    """With its body."""
    with database_of(request).read() as rows:
        return prompts.version(rows, caller_of(request).org, id, _number(number))


@get("/api/prompts/{id:str}/compare", sync_to_thread=True, opt=needs("viewer"), summary="Compare two versions",
     operation_id="compareVersions")  # fmt: skip
def compare(
    request: Request[Any, Any, Any], id: FromPath[str], before: FromQuery[int], after: FromQuery[int]
) -> Comparison:
    """And what differs, line by line."""
    with database_of(request).read() as rows:
        pair = [prompts.version(rows, caller_of(request).org, id, _number(number)) for number in (before, after)]
    texts = [msgspec.json.format(msgspec.json.encode(one.body, order="sorted"), indent=2).decode() for one in pair]
    old, new = (text.splitlines() for text in texts)
    lines = difflib.unified_diff(old, new, f"{id} {before}", f"{id} {after}", lineterm="")
    return Comparison(pair[0], pair[1], "\n".join(lines))


@put("/api/prompts/{id:str}/environments/{label:str}", sync_to_thread=True, opt=needs("member"),
     summary="Release or roll back", operation_id="setEnvironment")  # fmt: skip
def set_environment(
    request: Request[Any, Any, Any], id: FromPath[str], label: FromPath[str], data: JSONBody[ToVersion]
) -> Response[Prompt]:
    """The environment stands for that version; gateways know within two seconds."""
    check_label("environment", label)
    org = caller_of(request).org
    number = _number(data.version)

    def make(rows: Any) -> Prompt:
        found = prompts.label(rows, org, id, label, number)
        _leads_nowhere_back(rows, org, prompts.version(rows, org, id, number))
        return found

    return mutate(request, data, make)


@delete("/api/prompts/{id:str}/environments/{label:str}", sync_to_thread=True, opt=needs("member"), status_code=200,
        summary="Take an environment away", operation_id="deleteEnvironment")  # fmt: skip
def delete_environment(request: Request[Any, Any, Any], id: FromPath[str], label: FromPath[str]) -> Response[Prompt]:
    """Calls that name it are answered 404 then."""
    org = caller_of(request).org

    def make(rows: Any) -> Prompt:
        found = prompts.unlabel(rows, org, id, label)
        if label == _PRODUCTION:  # who names neither version nor environment gets the newest from now on
            _leads_nowhere_back(rows, org, prompts.version(rows, org, id, found.newest))
        return found

    return mutate(request, label, make)


@post("/api/prompts/{id:str}/archive", sync_to_thread=True, opt=needs("member"), summary="Archive", status_code=200,
      operation_id="archivePrompt")  # fmt: skip
def archive(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Prompt]:
    """Served to nobody from now on; nothing is lost."""
    return mutate(request, id, lambda rows: prompts.archive(rows, caller_of(request).org, id))


@post("/api/prompts/{id:str}/restore", sync_to_thread=True, opt=needs("member"), summary="Restore", status_code=200,
      operation_id="restorePrompt")  # fmt: skip
def restore(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Prompt]:
    """An archived prompt is served again."""
    return mutate(request, id, lambda rows: prompts.archive(rows, caller_of(request).org, id, archived=False))


@post("/api/prompts/{id:str}/render", sync_to_thread=True, opt=needs("viewer"), summary="Fill in a prompt",
      status_code=200, operation_id="renderPrompt")  # fmt: skip
def render(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[Asked]) -> Rendered:
    """As the gateway would send it."""
    org = caller_of(request).org
    with database_of(request).read() as rows:
        number = _number(data.version) if data.version else 0
        number, template = _chosen(rows, org, id, number, data.environment)
        return Rendered(number, template.render(data.variables, _partials(rows, org)))


@post("/api/prompts/render", sync_to_thread=True, opt=needs("viewer"), summary="Fill in a version that is not saved",
      status_code=200, operation_id="renderTemplate")  # fmt: skip
def render_template(request: Request[Any, Any, Any], data: JSONBody[Draft]) -> RenderedDraft:
    """With the variables that it uses: for an editor. 400 where the template does not parse."""
    check_template(data.body, data.variables)
    template = parse(data.body, msgspec.convert(data.variables, list[Variable]))
    names = list(template.names.values())
    variables = [DraftVariable(one.name, str(one.type), one.default) for one in names]
    missing = [one.name for one in names if one.name not in data.values and one.default is msgspec.UNSET]
    if missing:
        return RenderedDraft(None, variables, missing)
    with database_of(request).read() as rows:
        try:
            body = template.render(data.values, _partials(rows, caller_of(request).org))
        except BadRequest as error:
            return RenderedDraft(None, variables, [], error.message)
    return RenderedDraft(body, variables, [])


@get("/api/prompts/{id:str}/usage", sync_to_thread=True, opt=needs("viewer"), summary="Usage by version",
     operation_id="promptUsage")  # fmt: skip
def usage(request: Request[Any, Any, Any], id: FromPath[str]) -> Usages:
    """Calls, errors, tokens, cost and latency by version, from the log."""
    org = caller_of(request).org
    with database_of(request).read() as rows:
        prompts.shown(rows, org, id)
    plane: ControlPlane = request.app.state.plane
    return Usages([VersionUsage(**row) for row in plane.log.store.prompt_usage(org, id)])


def _chosen(rows: Any, org: str, id: str, number: int, environment: str) -> tuple[int, Template]:
    """The version that a call would get, and its template."""
    about = prompts.shown(rows, org, id)
    if environment and environment not in about.labels:
        raise RowNotFound("environment", environment)
    number = number or about.labels.get(environment or _PRODUCTION, about.newest)
    return number, _template(prompts.version(rows, org, id, number))


def _template(version: Version) -> Template:
    return parse(version.body, msgspec.convert(version.variables, list[Variable]))


def _partials(rows: Any, org: str) -> Partials:
    def found(prompt: str, index: int, environment: str) -> Template | None:
        try:
            return _chosen(rows, org, prompt, 0, environment)[1]
        except RowNotFound:
            return None

    return found


def _leads_nowhere_back(rows: Any, org: str, version: Version) -> None:
    """Refuses a version whose partials would include themselves, as environments stand now."""
    _template(version).check_partials(_partials(rows, org))


def _checked(data: NewVersion) -> None:
    check_template(data.body, data.variables)
    if len(data.note) > 1000:
        raise InvalidValue("note", data.note[:60] + "…", "at most 1000 characters")
    for at, label in enumerate(data.environments):
        check_label(f"environments[{at}]", label)


def _number(number: int) -> int:
    if not 1 <= number < 1 << 31:
        raise InvalidValue("version", str(number), "1 or more")
    return number


PROMPT_ROUTES: list[Any] = [
    list_prompts, create_prompt, show_prompt, create_version, list_versions, show_version, compare, set_environment,
    delete_environment, archive, restore, render, render_template, usage,
]  # fmt: skip
