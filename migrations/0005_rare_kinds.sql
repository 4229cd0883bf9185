-- A start asks for the newest records of these kinds, whatever the age of the ledger. They are few, so that the index
-- adds no page to the commit of any other record. The condition is a chain of OR, which SQLite finds a query's own term in.
CREATE INDEX events_of_rare_kinds ON events (kind, seq)
WHERE kind = 'arming' OR kind = 'checkpoint' OR kind = 'policy' OR kind = 'recovery' OR kind = 'rules';
