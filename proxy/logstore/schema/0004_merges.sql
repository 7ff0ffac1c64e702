-- Parts are merged sixteen or more at a time (ClickHouse 24.12 and later), so that a row is rewritten less often:
-- rewriting is most of what it costs after its insert. A read opens a few more small parts and takes no longer.
ALTER TABLE requests MODIFY SETTING min_parts_to_merge_at_once = 16;
ALTER TABLE bodies MODIFY SETTING min_parts_to_merge_at_once = 16;
