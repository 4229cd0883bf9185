-- A receipt needs the signed heads, and a start the last of them; like 0005.
CREATE INDEX events_of_heads ON events (kind, seq) WHERE kind = 'head' OR kind = 'key';
