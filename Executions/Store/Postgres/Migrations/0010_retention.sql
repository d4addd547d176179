-- What usage needs of executions that retention removed: how many a day, agent and user had, and what they were charged. A call
-- finds here whose it was. Kept for as long as calls are.
CREATE TABLE execution_usage (
  id          uuid PRIMARY KEY,
  kind        smallint NOT NULL,
  target      text NOT NULL,
  user_id     text NOT NULL,
  created_at  timestamptz NOT NULL,
  revenue_usd numeric(18, 9)
);

-- One row: when the next pass of retention is due (Unix milliseconds). The process that moves it on runs the pass.
CREATE TABLE retention (
  id     bigint PRIMARY KEY,
  due_at bigint NOT NULL
);
INSERT INTO retention (id, due_at) VALUES (1, 0);
