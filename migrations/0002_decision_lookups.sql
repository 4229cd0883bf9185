-- Lookups derived from events of kind 'decision', written in the same transaction. They hold nothing that is not in
-- the chain; `audit verify` compares them with it. A decision id needs none: it ends in the seq of its record.
CREATE TABLE decisions_by_agent (
  agent TEXT    NOT NULL,
  seq   INTEGER NOT NULL REFERENCES events (seq),
  PRIMARY KEY (agent, seq)
) STRICT, WITHOUT ROWID;

-- The first decision of an idempotency key. kind is the decision's own: tool, slice, ...
CREATE TABLE decisions_by_request (
  agent      TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  request_id TEXT    NOT NULL,
  seq        INTEGER NOT NULL REFERENCES events (seq),
  PRIMARY KEY (agent, kind, request_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER decisions_by_agent_no_update BEFORE UPDATE ON decisions_by_agent
BEGIN SELECT RAISE(ABORT, 'decisions_by_agent is append-only: update refused'); END;
CREATE TRIGGER decisions_by_agent_no_delete BEFORE DELETE ON decisions_by_agent
BEGIN SELECT RAISE(ABORT, 'decisions_by_agent is append-only: delete refused'); END;

CREATE TRIGGER decisions_by_request_no_update BEFORE UPDATE ON decisions_by_request
BEGIN SELECT RAISE(ABORT, 'decisions_by_request is append-only: update refused'); END;
CREATE TRIGGER decisions_by_request_no_delete BEFORE DELETE ON decisions_by_request
BEGIN SELECT RAISE(ABORT, 'decisions_by_request is append-only: delete refused'); END;
