-- Whose key an execution was asked for with: budgets may be a key's.
ALTER TABLE executions ADD COLUMN key_id text;

-- What may be spent. Null in a column of the scope matches everything. spent and reserved are of the period period_start..period_end
-- (null: for ever); what remains is always limit - spent - reserved. alerted is the highest share of alert_at that was told of in it,
-- in ten thousandths. number tells a budget from a former one of the same id: what is held for that one is not this one's.
CREATE TABLE budgets (
  number        integer PRIMARY KEY AUTOINCREMENT,
  id            text NOT NULL UNIQUE,
  agent         text,
  user_id       text,
  key_id        text,
  model         text,
  platform      text,
  period        text NOT NULL,
  time_zone     text NOT NULL,
  limit_nano    integer NOT NULL,
  alert_at      text NOT NULL,
  spent_nano    integer NOT NULL DEFAULT 0,
  reserved_nano integer NOT NULL DEFAULT 0,
  period_start  integer NOT NULL,
  period_end    integer,
  alerted       integer NOT NULL DEFAULT 0
);

-- Money that is held for a call under way, in every budget that it counts for (a JSON array of their numbers). The row goes when the call is
-- recorded; one whose call is never recorded (its worker died) is charged in full once lapses_at has passed. id is that of the call in llm_calls.
CREATE TABLE budget_reservations (
  id            text NOT NULL PRIMARY KEY,
  execution_id  text,
  fence         integer NOT NULL,
  platform      text NOT NULL,
  model         text NOT NULL,
  input_tokens  integer NOT NULL,
  output_tokens integer NOT NULL,
  amount_nano   integer NOT NULL,
  budgets       text NOT NULL,
  created_at    integer NOT NULL,
  expires_at    integer NOT NULL,
  lapses_at     integer
);
CREATE INDEX budget_reservations_by_execution ON budget_reservations (execution_id);
