"""`/api/sessions`, `/api/users`, `/api/models` and the like: groups of calls with their figures.

Each list has a short form in query parameters (GET) and takes the whole question as JSON (POST)."""

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.params import Dependency, JSONBody, QueryParameter

from proxy.control.api.group_page import GroupAsked, Since, Until, context_of, group_page, query_of, window_of_list
from proxy.control.api.group_rows import (
    ErrorPage,
    ErrorRow,
    GroupRow,
    ModelPage,
    ModelRow,
    PromptVersionPage,
    PromptVersionRow,
    PropertyPage,
    PropertyRow,
    ProviderPage,
    ProviderRow,
    SessionPage,
    SessionRow,
    ToolPage,
    ToolRow,
    UserPage,
    UserRow,
    ValuePage,
    ValueRow,
)
from proxy.control.auth import needs
from proxy.control.queries import run_query
from proxy.core.clock import now_us
from proxy.query import FilterError, to_json
from proxy.query.check import check_leaf
from proxy.query.group_lists import (
    ERRORS,
    MODELS,
    PROMPT_VERSIONS,
    PROVIDERS,
    SESSIONS,
    TOOLS,
    USERS,
    property_names,
    property_values,
)
from proxy.query.groups import GroupList
from proxy.query.tree import Leaf

__all__ = ["GROUP_ROUTES"]

Answer = Callable[[Request[Any, Any, Any], GroupAsked], Any]


def _errors(request: Request[Any, Any, Any], asked: GroupAsked) -> ErrorPage:
    rows, next_cursor = group_page(request, ERRORS, asked)
    return ErrorPage([ErrorRow(**row) for row in rows], next_cursor)


def _property_names(request: Request[Any, Any, Any], asked: GroupAsked) -> PropertyPage:
    at_us = now_us()
    context = context_of(request, window_of_list(asked, at_us), at_us)
    groups = property_names(context)
    rows, next_cursor = group_page(request, groups, asked, context.binder.values, at_us)
    return PropertyPage([PropertyRow(**row) for row in rows], next_cursor)


def _values(request: Request[Any, Any, Any], name: str, asked: GroupAsked) -> ValuePage:
    if not name:
        raise FilterError("name", name, "the name of a property")
    at_us = now_us()
    context = context_of(request, window_of_list(asked, at_us), at_us)
    groups = property_values(name.lower(), context)
    rows, next_cursor = group_page(request, groups, asked, context.binder.values, at_us)
    return ValuePage([ValueRow(**row) for row in rows], next_cursor)


def _routes(path: str, name: str, what: str, answer: Answer, page: type[Any]) -> list[Any]:
    """The two forms of one list. Litestar reads the type of the answer from the annotations."""

    async def list_groups(request: Request[Any, Any, Any], asked: Annotated[GroupAsked, Dependency()]) -> Any:
        """One page of the list; figures are of the calls that match."""
        return await run_query(request, lambda: answer(request, asked))

    async def query_groups(request: Request[Any, Any, Any], data: JSONBody[GroupAsked]) -> Any:
        """One page of the list; figures are of the calls that match."""
        return await run_query(request, lambda: answer(request, data))

    for handler in (list_groups, query_groups):
        handler.__annotations__["return"] = page
    dependencies = {"asked": Provide(query_of, sync_to_thread=False)}
    return [
        get(path, opt=needs("viewer"), summary=what, operation_id=f"list{name}",
            dependencies=dependencies)(list_groups),
        post(f"{path}/query", opt=needs("viewer"), summary=what, operation_id=f"query{name}",
             status_code=200)(query_groups),
    ]  # fmt: skip


def _plain(path: str, name: str, what: str, groups: GroupList, row: type[GroupRow], page: type[Any]) -> list[Any]:
    """The two forms of a list whose rows have the names of its keys and figures."""

    def answer(request: Request[Any, Any, Any], asked: GroupAsked) -> Any:
        rows, next_cursor = group_page(request, groups, asked)
        return page([row(**each) for each in rows], next_cursor)

    return _routes(path, name, what, answer, page)


class ValuesAsked(GroupAsked, forbid_unknown_fields=True, kw_only=True):
    name: str
    """Of the property; without case."""


_NAME = Annotated[str, QueryParameter(description="Name of the property; without case.")]


@get("/api/properties/values", opt=needs("viewer"), summary="Values of one property",
     operation_id="listPropertyValues", dependencies={"asked": Provide(query_of, sync_to_thread=False)})  # fmt: skip
async def list_values(
    request: Request[Any, Any, Any], asked: Annotated[GroupAsked, Dependency()], name: _NAME = ""
) -> ValuePage:
    """One page of the list; figures are of the calls that match."""
    return await run_query(request, lambda: _values(request, name, asked))


@post("/api/properties/values/query", opt=needs("viewer"), summary="Values of one property",
      operation_id="queryPropertyValues", status_code=200)  # fmt: skip
async def query_values(request: Request[Any, Any, Any], data: JSONBody[ValuesAsked]) -> ValuePage:
    """One page of the list; figures are of the calls that match."""
    return await run_query(request, lambda: _values(request, data.name, data))


@get("/api/users/one", opt=needs("viewer"), summary="One user", operation_id="getUser")
async def show_user(
    request: Request[Any, Any, Any],
    id: Annotated[str, QueryParameter(description="Id of the user.")],
    since: Since = "30d",
    until: Until = "now",
) -> UserRow:
    """The user's row of the list; 404 where the user has no call in that time."""
    filter = to_json(check_leaf(Leaf("user", "eq", id), "id"))
    asked = GroupAsked(filter=filter, since=since, until=until, limit=1)
    rows, _ = await run_query(request, lambda: group_page(request, USERS, asked))
    if not rows:
        raise NotFoundException(f"No call of the user {id!r} in that time.")
    return UserRow(**rows[0])


GROUP_ROUTES: list[Any] = [
    *_plain("/api/sessions", "Sessions", "Sessions of calls", SESSIONS, SessionRow, SessionPage),
    *_plain("/api/users", "Users", "Users of calls", USERS, UserRow, UserPage),
    *_plain("/api/models", "Models", "Models by provider", MODELS, ModelRow, ModelPage),
    *_plain("/api/providers", "Providers", "Providers", PROVIDERS, ProviderRow, ProviderPage),
    *_plain("/api/prompt-versions", "PromptVersions", "Versions of prompts", PROMPT_VERSIONS, PromptVersionRow,
            PromptVersionPage),
    *_plain("/api/tools", "Tools", "Tools that calls are about", TOOLS, ToolRow, ToolPage),
    *_routes("/api/properties", "Properties", "Names of properties", _property_names, PropertyPage),
    *_routes("/api/errors", "Errors", "Failed calls by error and shape of the message", _errors, ErrorPage),
    list_values, query_values, show_user,
]  # fmt: skip
