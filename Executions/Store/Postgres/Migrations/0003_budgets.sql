-- Whose key an execution was asked for with: budgets may be a key's.
ALTER TABLE executions ADD COLUMN key_id text;

-- What may be spent. Null in a column of the scope matches everything. spent and reserved are of the period period_start..period_end
-- (null: for ever); what remains is always limit - spent - reserved. alerted is the highest share of alert_at that was told of in it.
-- number tells a budget from a former one of the same id: what is held for that one is not this one's.
CREATE TABLE budgets (
  number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id           text NOT NULL UNIQUE,
  agent        text,
  user_id      text,
  key_id       text,
  model        text,
  platform     text,
  period       text NOT NULL,
  time_zone    text NOT NULL,
  limit_usd    numeric(18, 9) NOT NULL,
  alert_at     text NOT NULL,
  spent_usd    numeric(18, 9) NOT NULL DEFAULT 0,
  reserved_usd numeric(18, 9) NOT NULL DEFAULT 0,
  period_start timestamptz NOT NULL,
  period_end   timestamptz,
  alerted      numeric(6, 4) NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Money that is held for a call under way, in every budget (by number) that it counts for. The row goes when the call is recorded; one whose call
-- is never recorded (its worker died) is charged in full once lapses_at has passed. id is that of the call in llm_calls.
CREATE TABLE budget_reservations (
  id            uuid PRIMARY KEY,
  execution_id  uuid,
  fence         bigint NOT NULL,
  platform      text NOT NULL,
  model         text NOT NULL,
  input_tokens  bigint NOT NULL,
  output_tokens bigint NOT NULL,
  amount_usd    numeric(18, 9) NOT NULL,
  budgets       bigint[] NOT NULL,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  lapses_at     timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX budget_reservations_by_execution ON budget_reservations (execution_id);
