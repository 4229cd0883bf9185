-- Tokens may expire. An expiry is given when a token is created, or brought forward when it is replaced; it is never
-- put off. An expired token is refused at once, and a daemon then revokes it.
ALTER TABLE tokens ADD COLUMN expires_at_ms INTEGER CHECK (expires_at_ms >= 0);

DROP TRIGGER tokens_only_revoke;
DROP TRIGGER tokens_note_created;
DROP TRIGGER tokens_note_revoked;

-- A token can be revoked, once, or expire sooner; nothing else about it changes.
CREATE TRIGGER tokens_only_revoke BEFORE UPDATE ON tokens
WHEN OLD.revoked_at_ms IS NOT NULL
  OR (NEW.revoked_at_ms IS NULL) = (NEW.expires_at_ms IS OLD.expires_at_ms)
  OR NEW.expires_at_ms IS NOT OLD.expires_at_ms AND (NEW.expires_at_ms IS NULL OR NEW.expires_at_ms > OLD.expires_at_ms)
  OR NEW.id <> OLD.id OR NEW.role <> OLD.role OR NEW.name <> OLD.name OR NEW.agent IS NOT OLD.agent
  OR NEW.token_hash <> OLD.token_hash OR NEW.skill_sha256 IS NOT OLD.skill_sha256
  OR NEW.created_at_ms <> OLD.created_at_ms
BEGIN SELECT RAISE(ABORT, 'a token can only be revoked, or expire sooner'); END;

CREATE TABLE changes_of_tokens (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT    NOT NULL REFERENCES tokens (id),
  action   TEXT    NOT NULL CHECK (action IN ('created', 'revoked', 'expires')),
  at_ms    INTEGER NOT NULL CHECK (at_ms >= 0)
) STRICT;
INSERT INTO changes_of_tokens SELECT nr, token_id, action, at_ms FROM token_changes ORDER BY nr;
DROP TABLE token_changes;
ALTER TABLE changes_of_tokens RENAME TO token_changes;

CREATE TRIGGER tokens_note_created AFTER INSERT ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'created', NEW.created_at_ms); END;

CREATE TRIGGER tokens_note_revoked AFTER UPDATE OF revoked_at_ms ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'revoked', NEW.revoked_at_ms); END;

-- `at_ms` is when it will expire.
CREATE TRIGGER tokens_note_expires AFTER UPDATE OF expires_at_ms ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'expires', NEW.expires_at_ms); END;
