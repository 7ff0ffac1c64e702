-- Parts are merged sixteen or more at a time (ClickHouse 24.12 and later): a row is then written again less often, and
-- that is most of what it costs after its insert. A read has some small parts more to open, and takes no longer.
ALTER TABLE requests MODIFY SETTING min_parts_to_merge_at_once = 16;
ALTER TABLE bodies MODIFY SETTING min_parts_to_merge_at_once = 16;
