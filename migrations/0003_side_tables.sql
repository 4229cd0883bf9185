-- Free text of callers (rationale, evidence), by sha256 of its UTF-8 bytes. The chain holds only the hash, so a text
-- can be erased and the chain stays valid.
CREATE TABLE texts (
  hash  TEXT    PRIMARY KEY CHECK (length(hash) = 64),
  body  TEXT    NOT NULL,
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0)
) STRICT;

CREATE TRIGGER texts_no_update BEFORE UPDATE ON texts
BEGIN SELECT RAISE(ABORT, 'texts can be erased but not changed'); END;

-- Policies that were in force, whole, by sha256 of their canonical JSON.
CREATE TABLE policies (
  hash  TEXT    PRIMARY KEY CHECK (length(hash) = 64),
  body  TEXT    NOT NULL CHECK (body <> ''),
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0)
) STRICT;

CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are append-only: update refused'); END;
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are append-only: delete refused'); END;

-- Access tokens. Only the sha256 of a token is kept; a token is 256 random bits, so an unsalted hash is not guessable.
CREATE TABLE tokens (
  id            TEXT    PRIMARY KEY CHECK (id <> ''),
  role          TEXT    NOT NULL CHECK (role IN ('agent', 'monitor', 'operator')),
  name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  agent         TEXT             CHECK (length(agent) BETWEEN 1 AND 64),
  token_hash    TEXT    NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  skill_sha256  TEXT             CHECK (length(skill_sha256) = 64),
  created_at_ms INTEGER NOT NULL CHECK (created_at_ms >= 0),
  revoked_at_ms INTEGER          CHECK (revoked_at_ms >= created_at_ms),
  CHECK (role <> 'agent' OR agent IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens are revoked, not deleted'); END;

-- A token can only be revoked, once; nothing else about it changes.
CREATE TRIGGER tokens_only_revoke BEFORE UPDATE ON tokens
WHEN OLD.revoked_at_ms IS NOT NULL OR NEW.revoked_at_ms IS NULL
  OR NEW.id <> OLD.id OR NEW.role <> OLD.role OR NEW.name <> OLD.name OR NEW.agent IS NOT OLD.agent
  OR NEW.token_hash <> OLD.token_hash OR NEW.skill_sha256 IS NOT OLD.skill_sha256
  OR NEW.created_at_ms <> OLD.created_at_ms
BEGIN SELECT RAISE(ABORT, 'a token can only be revoked'); END;
