-- The step of its workflow that an execution runs; null for any other.
ALTER TABLE executions ADD COLUMN step text;

-- A parked execution goes on without a worker: it waits (status 0) for what it has started, and is claimed at run_at or when woken.
-- To the outside it is RUNNING. wakes counts what it was woken by: one that changed while a worker held the row is not lost.
ALTER TABLE execution_queue ADD COLUMN parked boolean NOT NULL DEFAULT false, ADD COLUMN wakes integer NOT NULL DEFAULT 0;

-- Ends of steps that their workflow has not been told of. Written with the end; applied in a transaction of its own, one workflow at a
-- time, so that no two transactions wait for each other.
CREATE TABLE execution_wakes (
  id        uuid PRIMARY KEY,
  parent_id uuid NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX execution_wakes_by_parent ON execution_wakes (parent_id);

-- The definition under which a workflow was started: a file that changes meanwhile does not change what runs.
CREATE TABLE workflow_runs (
  execution_id uuid PRIMARY KEY,
  definition   text NOT NULL
);

CREATE TABLE workflow_approvals (
  execution_id uuid NOT NULL,
  step         text NOT NULL,
  message      text NOT NULL,
  role         text NOT NULL,
  asked_at     timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  decided_at   timestamptz,
  approved     boolean,
  decided_by   text,
  comment      text,
  PRIMARY KEY (execution_id, step)
);
CREATE INDEX workflow_approvals_waiting ON workflow_approvals (asked_at) WHERE decided_at IS NULL;

-- When each schedule is next due. Times are Unix milliseconds: the SQL is the same on both stores.
CREATE TABLE schedules (
  id           text PRIMARY KEY,
  rule         text NOT NULL,
  next_at      bigint NOT NULL,
  last_execution text
);

-- A workflow's own tokens and cost are the sum of its steps', which count on their own: sums over all kinds leave it out.
CREATE OR REPLACE VIEW workflow_performance_summary AS
SELECT s.target AS workflow_name, s.total_executions, s.successful, s.failed, coalesce(r.running, 0) AS running_executions,
  s.success_rate, s.avg_execution_time, s.p95_execution_time, s.total_tokens, s.total_cost
FROM execution_summary s
LEFT JOIN (
  SELECT e.target, count(*) AS running FROM execution_queue q JOIN executions e ON e.id = q.id
  WHERE (q.status = 1 OR q.parked) AND e.kind = 2 GROUP BY e.target) r ON r.target = s.target
WHERE s.kind = 2;

CREATE OR REPLACE VIEW daily_system_metrics AS
SELECT d.date,
  coalesce(t.total_agent_executions, 0) AS total_agent_executions,
  coalesce(t.successful_executions, 0) AS successful_executions,
  coalesce(t.failed_executions, 0) AS failed_executions,
  coalesce(t.total_tokens, 0) AS total_tokens,
  coalesce(t.total_cost, 0) AS total_cost,
  t.avg_execution_time
FROM (SELECT (now() AT TIME ZONE 'UTC')::date - n AS date FROM generate_series(0, 29) n) d
LEFT JOIN (
  SELECT (e.created_at AT TIME ZONE 'UTC')::date AS date,
    count(*) FILTER (WHERE e.kind = 0) AS total_agent_executions,
    count(*) FILTER (WHERE e.kind = 0 AND e.status = 2) AS successful_executions,
    count(*) FILTER (WHERE e.kind = 0 AND e.status IN (3, 5)) AS failed_executions,
    (sum(e.input_tokens + e.output_tokens) FILTER (WHERE e.kind <> 2))::bigint AS total_tokens,
    sum(e.cost_usd) FILTER (WHERE e.kind <> 2) AS total_cost,
    avg(date_part('epoch', e.completed_at - e.started_at)) FILTER (WHERE e.kind = 0 AND e.status IN (2, 3, 5)) AS avg_execution_time
  FROM executions e
  WHERE e.id >= first_execution_id(((now() AT TIME ZONE 'UTC')::date - 29)::timestamp AT TIME ZONE 'UTC')
  GROUP BY 1) t ON t.date = d.date;

CREATE OR REPLACE VIEW user_activity_summary AS
SELECT e.user_id AS email,
  count(*) FILTER (WHERE e.kind = 0) AS agent_executions_count,
  count(*) FILTER (WHERE e.kind = 1) AS command_executions_count,
  count(*) FILTER (WHERE e.kind = 2) AS workflow_executions_count,
  coalesce(sum(e.input_tokens + e.output_tokens) FILTER (WHERE e.kind <> 2), 0)::bigint AS total_tokens,
  coalesce(sum(e.cost_usd) FILTER (WHERE e.kind <> 2), 0) AS total_cost,
  max(e.created_at) AS last_activity
FROM executions e
WHERE e.id >= first_execution_id(now() - interval '90 days')
GROUP BY e.user_id;
