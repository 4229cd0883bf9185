-- A role for scrapers: it reads metrics, health and readiness. The check of a column cannot be changed, so the table is
-- made again, and with it the table of changes, which refers to it.
CREATE TABLE tokens_of_roles (
  id            TEXT    PRIMARY KEY CHECK (id <> ''),
  role          TEXT    NOT NULL CHECK (role IN ('agent', 'metrics', 'monitor', 'operator')),
  name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  agent         TEXT             CHECK (length(agent) BETWEEN 1 AND 64),
  token_hash    TEXT    NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  skill_sha256  TEXT             CHECK (length(skill_sha256) = 64),
  created_at_ms INTEGER NOT NULL CHECK (created_at_ms >= 0),
  revoked_at_ms INTEGER          CHECK (revoked_at_ms >= created_at_ms),
  expires_at_ms INTEGER          CHECK (expires_at_ms >= 0),
  CHECK (role <> 'agent' OR agent IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO tokens_of_roles
SELECT id, role, name, agent, token_hash, skill_sha256, created_at_ms, revoked_at_ms, expires_at_ms FROM tokens;

CREATE TABLE changes_of_roles (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT    NOT NULL REFERENCES tokens_of_roles (id),
  action   TEXT    NOT NULL CHECK (action IN ('created', 'revoked', 'expires')),
  at_ms    INTEGER NOT NULL CHECK (at_ms >= 0)
) STRICT;
INSERT INTO changes_of_roles SELECT nr, token_id, action, at_ms FROM token_changes ORDER BY nr;

DROP TABLE token_changes;
DROP TABLE tokens;
ALTER TABLE tokens_of_roles RENAME TO tokens;
ALTER TABLE changes_of_roles RENAME TO token_changes;

CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens are revoked, not deleted'); END;

-- A token can be revoked, once, or expire sooner; nothing else about it changes.
CREATE TRIGGER tokens_only_revoke BEFORE UPDATE ON tokens
WHEN OLD.revoked_at_ms IS NOT NULL
  OR (NEW.revoked_at_ms IS NULL) = (NEW.expires_at_ms IS OLD.expires_at_ms)
  OR NEW.expires_at_ms IS NOT OLD.expires_at_ms AND (NEW.expires_at_ms IS NULL OR NEW.expires_at_ms > OLD.expires_at_ms)
  OR NEW.id <> OLD.id OR NEW.role <> OLD.role OR NEW.name <> OLD.name OR NEW.agent IS NOT OLD.agent
  OR NEW.token_hash <> OLD.token_hash OR NEW.skill_sha256 IS NOT OLD.skill_sha256
  OR NEW.created_at_ms <> OLD.created_at_ms
BEGIN SELECT RAISE(ABORT, 'a token can only be revoked, or expire sooner'); END;

CREATE TRIGGER tokens_note_created AFTER INSERT ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'created', NEW.created_at_ms); END;

CREATE TRIGGER tokens_note_revoked AFTER UPDATE OF revoked_at_ms ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'revoked', NEW.revoked_at_ms); END;

-- `at_ms` is when it will expire.
CREATE TRIGGER tokens_note_expires AFTER UPDATE OF expires_at_ms ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'expires', NEW.expires_at_ms); END;
