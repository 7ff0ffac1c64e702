"""One session as a tree: of paths (`/plan/search`), or of spans and their parents.

`totals` adds up what calls came to. `paths` and `spans` make the nodes, `cut` the part of a large tree that one answer
holds. Pure: rows of the log in, trees out.
"""
