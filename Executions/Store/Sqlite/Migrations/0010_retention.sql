-- What usage needs of executions that retention removed: how many a day, agent and user had, and what they were charged. A call
-- finds here whose it was. Kept for as long as calls are.
CREATE TABLE execution_usage (
  id           text NOT NULL PRIMARY KEY,
  kind         integer NOT NULL,
  target       text NOT NULL,
  user_id      text NOT NULL,
  created_at   integer NOT NULL,
  revenue_nano integer
) WITHOUT ROWID;

-- One row: when the next pass of retention is due (Unix milliseconds). The process that moves it on runs the pass.
CREATE TABLE retention (
  id     integer PRIMARY KEY,
  due_at integer NOT NULL
);
INSERT INTO retention (id, due_at) VALUES (1, 0);
