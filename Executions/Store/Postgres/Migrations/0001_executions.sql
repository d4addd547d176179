-- What was asked for and how it ended. Rows change once or twice in a life, always in place: no index covers a column that
-- an update touches, and pages keep room, so that updates stay heap-only (HOT) and cost no index entry.
-- status: 0 while a row in execution_queue stands for it, else 2 COMPLETED, 3 FAILED, 4 CANCELLED, 5 TIMED_OUT.
CREATE TABLE executions (
  id              uuid PRIMARY KEY,
  kind            smallint NOT NULL,
  target          text NOT NULL,
  parent_id       uuid,
  user_id         text NOT NULL,
  status          smallint NOT NULL DEFAULT 0,
  priority        smallint NOT NULL,
  input           text NOT NULL,
  output          text,
  error_type      text,
  error_message   text,
  attempt         integer NOT NULL DEFAULT 0,
  max_attempts    integer NOT NULL,
  created_at      timestamptz NOT NULL,
  run_at          timestamptz NOT NULL,
  started_at      timestamptz,
  completed_at    timestamptz,
  timeout_ms      bigint,
  budget_usd      numeric(18, 9),
  metadata        text,
  platform        text,
  model           text,
  input_tokens    bigint NOT NULL DEFAULT 0,
  output_tokens   bigint NOT NULL DEFAULT 0,
  cached_tokens   bigint NOT NULL DEFAULT 0,
  cache_write_tokens bigint NOT NULL DEFAULT 0,
  reasoning_tokens   bigint NOT NULL DEFAULT 0,
  cost_usd        numeric(18, 9) NOT NULL DEFAULT 0,
  worker          text,
  fence           bigint NOT NULL DEFAULT 0,
  trace_parent    text,
  request_id      text,
  idempotency_key text,
  request_hash    bytea
) WITH (fillfactor = 60);
CREATE INDEX executions_by_target ON executions (target, id);
CREATE INDEX executions_by_user ON executions (user_id, id);
CREATE INDEX executions_by_parent ON executions (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX executions_by_key ON executions (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What is live: waiting (status 0) or held by a worker (status 1). A narrow row that is gone when the execution ends, so
-- that the queue stays small however long the history is.
CREATE TABLE execution_queue (
  id           uuid PRIMARY KEY,
  status       smallint NOT NULL DEFAULT 0,
  priority     smallint NOT NULL,
  run_at       timestamptz NOT NULL,
  attempt      integer NOT NULL DEFAULT 0,
  fence        bigint NOT NULL DEFAULT 0,
  worker       text,
  lease_until  timestamptz,
  started_at   timestamptz,
  cancel_requested boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX execution_queue_due ON execution_queue (priority, run_at, id) WHERE status = 0;
CREATE INDEX execution_queue_held ON execution_queue (lease_until) WHERE status = 1;

-- Events in chunks as they were flushed: frames first_seq..last_seq, one a line, as they go over the wire.
-- Number 1 (PENDING) is not stored: it follows from the execution's own row.
CREATE TABLE execution_events (
  execution_id uuid NOT NULL,
  first_seq    bigint NOT NULL,
  last_seq     bigint NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  frames       text NOT NULL,
  PRIMARY KEY (execution_id, first_seq)
);

CREATE TABLE llm_calls (
  id              uuid PRIMARY KEY,
  execution_id    uuid NOT NULL,
  platform        text NOT NULL,
  model           text NOT NULL,
  started_at      timestamptz NOT NULL,
  duration_ms     double precision NOT NULL,
  first_token_ms  double precision,
  status          smallint NOT NULL,
  error           text,
  input_tokens    bigint NOT NULL,
  output_tokens   bigint NOT NULL,
  cached_tokens   bigint NOT NULL,
  cache_write_tokens bigint NOT NULL,
  reasoning_tokens   bigint NOT NULL,
  estimated       boolean NOT NULL,
  cost_usd        numeric(18, 9)
);
CREATE INDEX llm_calls_by_execution ON llm_calls (execution_id);

-- Times of these two are Unix milliseconds: their SQL is the same on both stores.
CREATE TABLE api_keys (
  id           text PRIMARY KEY,
  name         text NOT NULL,
  hash         text NOT NULL UNIQUE,
  role         text NOT NULL,
  user_id      text NOT NULL,
  created_at   bigint NOT NULL,
  expires_at   bigint,
  revoked_at   bigint,
  last_used_at bigint
);

CREATE TABLE agents (
  id         text PRIMARY KEY,
  definition text NOT NULL,
  deleted    integer NOT NULL DEFAULT 0,
  updated_at bigint NOT NULL
);
