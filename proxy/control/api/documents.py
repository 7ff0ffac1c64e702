"""`/api/documents`: saved views, queries and boards, one's own and those shared with the organisation."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath, JSONBody, QueryParameter

from proxy.control.api.checks import check_name
from proxy.control.api.document_kinds import checked_content
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import Caller, caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.metadata import documents
from proxy.metadata.db import Connection
from proxy.metadata.documents import Kind, StoredDocument
from proxy.metadata.errors import InvalidValue

__all__ = ["DOCUMENT_ROUTES"]

_MAX_ROWS_WITH_CONTENT: Final = 100


class NewDocument(msgspec.Struct, forbid_unknown_fields=True):
    """A view, query or board to save."""

    kind: Kind
    name: str
    content: dict[str, Any]
    """By kind; docs/documents.md."""
    shared: bool = False
    """Whether all of the organisation see it."""


class DocumentChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    revision: int
    """The one that was read: the change is refused where somebody else has made one since."""
    name: str | None = None
    content: dict[str, Any] | None = None
    shared: bool | None = None


class Document(msgspec.Struct, kw_only=True):
    id: str
    kind: Kind
    name: str
    content: dict[str, Any] | None
    """null in a list that was not asked for it."""
    shared: bool
    revision: int
    owner: str
    owner_name: str
    """Empty: the owner is gone."""
    mine: bool
    may_change: bool
    """Whether the caller is its owner or an admin."""
    created_us: int
    changed_us: int
    changed_by: str
    changed_by_name: str


class DocumentPage(msgspec.Struct):
    data: list[Document]
    next: str | None


@get("/api/documents", sync_to_thread=True, opt=needs("viewer"), summary="Saved views, queries and boards",
     operation_id="listDocuments")  # fmt: skip
def list_documents(
    request: Request[Any, Any, Any],
    kind: Annotated[Kind | None, QueryParameter(description="Only these.")] = None,
    content: Annotated[
        bool, QueryParameter(description=f"With their content: at most {_MAX_ROWS_WITH_CONTENT} at a time.")
    ] = False,
    after: After = "",
    limit: Limit = 50,
) -> DocumentPage:
    """The caller's own and those that are shared, oldest first."""
    check_limit(limit)
    if content and limit > _MAX_ROWS_WITH_CONTENT:
        raise InvalidValue("limit", str(limit), f"1 to {_MAX_ROWS_WITH_CONTENT} with content")
    caller = caller_of(request)
    with database_of(request).read() as rows:
        found = documents.listed(rows, caller.org, caller.name, kind, after, limit + 1, content)
        data = _answers(rows, caller, found[:limit])
    return DocumentPage(data, found[limit - 1].id if len(found) > limit else None)


@post("/api/documents", sync_to_thread=True, opt=needs("member"), summary="Save a view, query or board",
      operation_id="createDocument", status_code=201)  # fmt: skip
def create_document(request: Request[Any, Any, Any], data: JSONBody[NewDocument]) -> Response[Document]:
    """The caller owns it."""
    caller, name = caller_of(request), check_name("name", data.name)
    content = checked_content(data.kind, data.content)

    def make(rows: Connection) -> Document:
        made = documents.create(rows, caller.org, data.kind, name, content, caller.name, data.shared)
        return _answers(rows, caller, [made])[0]

    return mutate(request, data, make, 201, publish=False)


@get("/api/documents/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One saved document",
     operation_id="getDocument")  # fmt: skip
def show_document(request: Request[Any, Any, Any], id: FromPath[str]) -> Document:
    """With its content, as it was saved."""
    caller = caller_of(request)
    with database_of(request).read() as rows:
        return _answers(rows, caller, [documents.shown(rows, caller.org, id, caller.name)])[0]


@patch("/api/documents/{id:str}", sync_to_thread=True, opt=needs("member"), summary="Change a saved document",
       operation_id="editDocument")  # fmt: skip
def edit_document(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[DocumentChange]
) -> Response[Document]:
    """Rename it, replace its content, share it. 409 where somebody else changed it since it was read."""
    caller = caller_of(request)
    changed: dict[str, Any] = {}
    if data.name is not None:
        changed["name"] = check_name("name", data.name)
    if data.shared is not None:
        changed["shared"] = data.shared
    if not 1 <= data.revision < 1 << 31:
        raise InvalidValue("revision", str(data.revision), "the revision of the document that was read")

    def change(rows: Connection) -> Document:
        before = _changeable(rows, caller, id)
        if data.content is not None:
            changed["content"] = checked_content(before.kind, data.content)
        after = documents.edit(rows, caller.org, id, data.revision, caller.name, **changed)
        return _answers(rows, caller, [after])[0]

    return mutate(request, data, change, publish=False)


@delete("/api/documents/{id:str}", sync_to_thread=True, opt=needs("member"), summary="Delete a saved document",
        status_code=204, operation_id="deleteDocument")  # fmt: skip
def delete_document(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """For everybody who saw it."""
    caller = caller_of(request)
    with database_of(request).write(publish=False) as rows:
        _changeable(rows, caller, id)
        documents.remove(rows, caller.org, id)


def _changeable(rows: Connection, caller: Caller, id: str) -> StoredDocument:
    """Return a document that the caller may change."""
    found = documents.shown(rows, caller.org, id, caller.name)
    if not _may_change(caller, found):
        owner = documents.names_of(rows, caller.org, {found.owner})[found.owner] or "somebody who is gone"
        raise PermissionDeniedException(f"It belongs to {owner}: its owner and admins may change it. Save a copy.")
    return found


def _may_change(caller: Caller, document: StoredDocument) -> bool:
    return caller.may("member") and (document.owner == caller.name or caller.may("admin"))


def _answers(rows: Connection, caller: Caller, found: list[StoredDocument]) -> list[Document]:
    names = documents.names_of(rows, caller.org, {id for one in found for id in (one.owner, one.changed_by)})
    return [
        Document(
            id=one.id,
            kind=one.kind,
            name=one.name,
            content=msgspec.json.decode(one.content) if one.content else None,
            shared=one.shared,
            revision=one.revision,
            owner=one.owner,
            owner_name=names[one.owner],
            mine=one.owner == caller.name,
            may_change=_may_change(caller, one),
            created_us=one.created_us,
            changed_us=one.changed_us,
            changed_by=one.changed_by,
            changed_by_name=names[one.changed_by],
        )
        for one in found
    ]


DOCUMENT_ROUTES: list[Any] = [list_documents, create_document, show_document, edit_document, delete_document]
