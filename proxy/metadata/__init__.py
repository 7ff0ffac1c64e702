"""Organisations, people, keys, credentials and prompts: SQLAlchemy Core over SQLite or PostgreSQL.

`db` opens the database and brings it up to date; each other module has the statements of one thing, as functions of an
open connection. Whatever changes what a gateway must know raises the revision, in the same transaction.
"""
