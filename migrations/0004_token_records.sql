-- Changes of tokens that are not in the chain yet. Only the holder of the ledger's lock appends to the chain; the command
-- line creates and revokes tokens while a daemon runs, which then records what it finds here. `tokens` is what is asked;
-- `audit verify` compares it with the records.
-- A number is used once: the ledger knows by it what is in a batch that is not committed yet.
CREATE TABLE token_changes (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT    NOT NULL REFERENCES tokens (id),
  action   TEXT    NOT NULL CHECK (action IN ('created', 'revoked')),
  at_ms    INTEGER NOT NULL CHECK (at_ms >= 0)
) STRICT;

CREATE TRIGGER tokens_note_created AFTER INSERT ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'created', NEW.created_at_ms); END;

CREATE TRIGGER tokens_note_revoked AFTER UPDATE OF revoked_at_ms ON tokens
BEGIN INSERT INTO token_changes (token_id, action, at_ms) VALUES (NEW.id, 'revoked', NEW.revoked_at_ms); END;

-- Tokens of before: they come into the chain at the next start.
INSERT INTO token_changes (token_id, action, at_ms)
SELECT id, 'created', created_at_ms FROM tokens ORDER BY created_at_ms, id;
INSERT INTO token_changes (token_id, action, at_ms)
SELECT id, 'revoked', revoked_at_ms FROM tokens WHERE revoked_at_ms IS NOT NULL ORDER BY revoked_at_ms, id;
