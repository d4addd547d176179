-- The step of its workflow that an execution runs; null for any other.
ALTER TABLE executions ADD COLUMN step text;

-- A parked execution goes on without a worker: it waits (status 0) for what it has started, and is claimed at run_at or when woken.
-- To the outside it is RUNNING. wakes counts what it was woken by: one that changed while a worker held the row is not lost.
ALTER TABLE execution_queue ADD COLUMN parked integer NOT NULL DEFAULT 0;
ALTER TABLE execution_queue ADD COLUMN wakes integer NOT NULL DEFAULT 0;

-- The definition under which a workflow was started: a file that changes meanwhile does not change what runs.
CREATE TABLE workflow_runs (
  execution_id text NOT NULL PRIMARY KEY,
  definition   text NOT NULL
);

CREATE TABLE workflow_approvals (
  execution_id text NOT NULL,
  step         text NOT NULL,
  message      text NOT NULL,
  role         text NOT NULL,
  asked_at     integer NOT NULL,
  expires_at   integer NOT NULL,
  decided_at   integer,
  approved     integer,
  decided_by   text,
  comment      text,
  PRIMARY KEY (execution_id, step)
);
CREATE INDEX workflow_approvals_waiting ON workflow_approvals (asked_at) WHERE decided_at IS NULL;

-- When each schedule is next due. Times are Unix milliseconds: the SQL is the same on both stores.
CREATE TABLE schedules (
  id           text NOT NULL PRIMARY KEY,
  rule         text NOT NULL,
  next_at      integer NOT NULL,
  last_execution text
);

-- A workflow's own tokens and cost are the sum of its steps', which count on their own: sums over all kinds leave it out.
DROP VIEW workflow_performance_summary;
CREATE VIEW workflow_performance_summary AS
SELECT s.target AS workflow_name, s.total_executions, s.successful, s.failed, coalesce(r.running, 0) AS running_executions,
  s.success_rate, s.avg_execution_time, s.p95_execution_time, s.total_tokens, s.total_cost
FROM execution_summary s
LEFT JOIN (
  SELECT e.target, count(*) AS running FROM execution_queue q JOIN executions e ON e.id = q.id
  WHERE (q.status = 1 OR q.parked = 1) AND e.kind = 2 GROUP BY e.target) r ON r.target = s.target
WHERE s.kind = 2;

DROP VIEW daily_system_metrics;
CREATE VIEW daily_system_metrics AS
WITH RECURSIVE days(date, left) AS (
  SELECT date('now'), 29
  UNION ALL
  SELECT date(date, '-1 day'), left - 1 FROM days WHERE left > 0),
totals AS (
  SELECT date(created_at / 1000000, 'unixepoch') AS date,
    sum(kind = 0) AS total_agent_executions,
    sum(kind = 0 AND status = 2) AS successful_executions,
    sum(kind = 0 AND status IN (3, 5)) AS failed_executions,
    sum(CASE WHEN kind <> 2 THEN input_tokens + output_tokens ELSE 0 END) AS total_tokens,
    sum(CASE WHEN kind <> 2 THEN cost_nano ELSE 0 END) / 1e9 AS total_cost,
    avg(CASE WHEN kind = 0 AND status IN (2, 3, 5) THEN (completed_at - started_at) / 1e6 END) AS avg_execution_time
  FROM executions
  WHERE id >= (
    SELECT printf('%08x-%04x-0000-0000-000000000000', since >> 16, since & 65535)
    FROM (SELECT CAST(strftime('%s', 'now', 'start of day', '-29 days') AS integer) * 1000 AS since))
  GROUP BY 1)
SELECT d.date,
  coalesce(t.total_agent_executions, 0) AS total_agent_executions,
  coalesce(t.successful_executions, 0) AS successful_executions,
  coalesce(t.failed_executions, 0) AS failed_executions,
  coalesce(t.total_tokens, 0) AS total_tokens,
  coalesce(t.total_cost, 0) AS total_cost,
  t.avg_execution_time
FROM days d LEFT JOIN totals t ON t.date = d.date;

DROP VIEW user_activity_summary;
CREATE VIEW user_activity_summary AS
SELECT user_id AS email,
  sum(kind = 0) AS agent_executions_count,
  sum(kind = 1) AS command_executions_count,
  sum(kind = 2) AS workflow_executions_count,
  sum(CASE WHEN kind <> 2 THEN input_tokens + output_tokens ELSE 0 END) AS total_tokens,
  sum(CASE WHEN kind <> 2 THEN cost_nano ELSE 0 END) / 1e9 AS total_cost,
  strftime('%Y-%m-%dT%H:%M:%S', max(created_at) / 1000000, 'unixepoch') || printf('.%06dZ', max(created_at) % 1000000) AS last_activity
FROM executions
WHERE id >= (
  SELECT printf('%08x-%04x-0000-0000-000000000000', since >> 16, since & 65535)
  FROM (SELECT CAST(strftime('%s', 'now', '-90 days') AS integer) * 1000 AS since))
GROUP BY user_id;
