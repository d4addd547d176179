-- The tables of the PostgreSQL store in SQLite's types: ids as text (UUIDv7 sorts as text too), times as Unix microseconds,
-- money as billionths of a dollar, so that sums stay exact.
-- status: 0 while a row in execution_queue stands for it, else 2 COMPLETED, 3 FAILED, 4 CANCELLED, 5 TIMED_OUT.
CREATE TABLE executions (
  id              text NOT NULL PRIMARY KEY,
  kind            integer NOT NULL,
  target          text NOT NULL,
  parent_id       text,
  user_id         text NOT NULL,
  status          integer NOT NULL DEFAULT 0,
  priority        integer NOT NULL,
  input           text NOT NULL,
  output          text,
  error_type      text,
  error_message   text,
  attempt         integer NOT NULL DEFAULT 0,
  max_attempts    integer NOT NULL,
  created_at      integer NOT NULL,
  run_at          integer NOT NULL,
  started_at      integer,
  completed_at    integer,
  timeout_ms      integer,
  budget_nano     integer,
  metadata        text,
  platform        text,
  model           text,
  input_tokens    integer NOT NULL DEFAULT 0,
  output_tokens   integer NOT NULL DEFAULT 0,
  cached_tokens   integer NOT NULL DEFAULT 0,
  cache_write_tokens integer NOT NULL DEFAULT 0,
  reasoning_tokens   integer NOT NULL DEFAULT 0,
  cost_nano       integer NOT NULL DEFAULT 0,
  worker          text,
  fence           integer NOT NULL DEFAULT 0,
  trace_parent    text,
  request_id      text,
  idempotency_key text,
  request_hash    blob
);
CREATE INDEX executions_by_target ON executions (target, id);
CREATE INDEX executions_by_user ON executions (user_id, id);
CREATE INDEX executions_by_parent ON executions (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX executions_by_key ON executions (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What is live: waiting (status 0) or held by a worker (status 1). A narrow row that is gone when the execution ends, so
-- that the queue stays small however long the history is.
CREATE TABLE execution_queue (
  id           text NOT NULL PRIMARY KEY,
  status       integer NOT NULL DEFAULT 0,
  priority     integer NOT NULL,
  run_at       integer NOT NULL,
  attempt      integer NOT NULL DEFAULT 0,
  fence        integer NOT NULL DEFAULT 0,
  worker       text,
  lease_until  integer,
  started_at   integer,
  cancel_requested integer NOT NULL DEFAULT 0
);
CREATE INDEX execution_queue_due ON execution_queue (priority DESC, run_at, id) WHERE status = 0;
CREATE INDEX execution_queue_held ON execution_queue (lease_until) WHERE status = 1;

-- Events in chunks as they were flushed: frames first_seq..last_seq, one a line, as they go over the wire.
-- Number 1 (PENDING) is not stored: it follows from the execution's own row.
CREATE TABLE execution_events (
  execution_id text NOT NULL,
  first_seq    integer NOT NULL,
  last_seq     integer NOT NULL,
  created_at   integer NOT NULL,
  frames       text NOT NULL,
  PRIMARY KEY (execution_id, first_seq)
) WITHOUT ROWID;

CREATE TABLE llm_calls (
  id              text NOT NULL PRIMARY KEY,
  execution_id    text NOT NULL,
  platform        text NOT NULL,
  model           text NOT NULL,
  started_at      integer NOT NULL,
  duration_ms     real NOT NULL,
  first_token_ms  real,
  status          integer NOT NULL,
  error           text,
  input_tokens    integer NOT NULL,
  output_tokens   integer NOT NULL,
  cached_tokens   integer NOT NULL,
  cache_write_tokens integer NOT NULL,
  reasoning_tokens   integer NOT NULL,
  estimated       integer NOT NULL,
  cost_nano       integer
);
CREATE INDEX llm_calls_by_execution ON llm_calls (execution_id);

-- Times of these two are Unix milliseconds: their SQL is the same on both stores.
CREATE TABLE api_keys (
  id           text NOT NULL PRIMARY KEY,
  name         text NOT NULL,
  hash         text NOT NULL UNIQUE,
  role         text NOT NULL,
  user_id      text NOT NULL,
  created_at   integer NOT NULL,
  expires_at   integer,
  revoked_at   integer,
  last_used_at integer
);

CREATE TABLE agents (
  id         text NOT NULL PRIMARY KEY,
  definition text NOT NULL,
  deleted    integer NOT NULL DEFAULT 0,
  updated_at integer NOT NULL
);
