-- Segments of the chain that lie in files of their own (docs/ledger.md). A row follows from the record of kind `archived`
-- that names the file; nothing else can write one.
CREATE TABLE archives (
  to_seq    INTEGER PRIMARY KEY,
  from_seq  INTEGER NOT NULL CHECK (from_seq BETWEEN 1 AND to_seq),
  event_seq INTEGER NOT NULL UNIQUE CHECK (event_seq > to_seq),
  body      TEXT    NOT NULL
) STRICT;

CREATE TRIGGER archives_only_by_record BEFORE INSERT ON archives
WHEN NEW.body IS NOT (SELECT payload FROM events WHERE seq = NEW.event_seq AND kind = 'archived')
  OR NEW.from_seq IS NOT json_extract(NEW.body, '$.from_seq') OR NEW.to_seq IS NOT json_extract(NEW.body, '$.to_seq')
  OR NEW.from_seq IS NOT (SELECT coalesce(max(to_seq), 0) + 1 FROM archives)
BEGIN SELECT RAISE(ABORT, 'archives: the record of that place names no such next segment'); END;
CREATE TRIGGER archives_no_update BEFORE UPDATE ON archives
BEGIN SELECT RAISE(ABORT, 'archives are append-only: update refused'); END;
CREATE TRIGGER archives_no_delete BEFORE DELETE ON archives
BEGIN SELECT RAISE(ABORT, 'archives are append-only: delete refused'); END;

CREATE TRIGGER events_name_archives AFTER INSERT ON events WHEN NEW.kind = 'archived'
BEGIN
  INSERT INTO archives (to_seq, from_seq, event_seq, body)
  VALUES (json_extract(NEW.payload, '$.to_seq'), json_extract(NEW.payload, '$.from_seq'), NEW.seq, NEW.payload);
END;

-- A record leaves this file only after the chain has named the file that it lies in. Records of kinds that a start looks
-- up never leave. The lookup tables then refer to records that are elsewhere: whoever removes them turns foreign keys off.
DROP TRIGGER events_no_delete;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN OLD.seq > (SELECT coalesce(max(to_seq), 0) FROM archives)
  OR OLD.kind IN ('archived', 'arming', 'checkpoint', 'genesis', 'head', 'key', 'policy', 'recovery', 'rules')
BEGIN SELECT RAISE(ABORT, 'events are append-only: delete refused'); END;
