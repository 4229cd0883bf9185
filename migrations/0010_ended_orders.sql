-- Orders that have ended and left the views, as the fold left them: for reading, one row an order. A row is written in the
-- transaction of the record with which its order left. It holds nothing that is not in the chain: a start that folds all
-- records writes it again.
CREATE TABLE ended_orders (
  nr              INTEGER PRIMARY KEY,
  client_order_id TEXT    NOT NULL,
  decision_id     TEXT,
  agent           TEXT,
  symbol          TEXT    NOT NULL,
  planned_at_ms   INTEGER NOT NULL,
  ended_at_ms     INTEGER NOT NULL,
  body            TEXT    NOT NULL,
  -- That of the exit whose first order it is.
  claim           TEXT
) STRICT;

-- Somebody else may use an id again.
CREATE UNIQUE INDEX ended_orders_by_id ON ended_orders (client_order_id, planned_at_ms);
CREATE INDEX ended_orders_by_decision ON ended_orders (decision_id) WHERE decision_id IS NOT NULL;
-- With all that a page is chosen by: rows of others are not read.
CREATE INDEX ended_orders_by_time ON ended_orders (planned_at_ms, agent, symbol, ended_at_ms);
