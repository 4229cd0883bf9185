-- The chain. Append-only: a record once written is never changed and never removed. There is no index: every one would
-- add a page to each commit.
CREATE TABLE events (
  seq       INTEGER PRIMARY KEY CHECK (seq >= 1),
  at_ms     INTEGER NOT NULL CHECK (at_ms >= 0),
  kind      TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
  payload   TEXT    NOT NULL CHECK (payload <> ''),
  prev_hash TEXT    NOT NULL CHECK (length(prev_hash) = 64),
  hash      TEXT    NOT NULL CHECK (length(hash) = 64)
) STRICT;

-- The next record must carry the next number. This also refuses INSERT OR REPLACE of an old one.
CREATE TRIGGER events_dense BEFORE INSERT ON events
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'events: seq must be the last one plus 1'); END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only: update refused'); END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only: delete refused'); END;
