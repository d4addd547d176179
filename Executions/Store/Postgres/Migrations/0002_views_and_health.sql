-- Ids are UUIDv7, so a time is a bound of the primary key: what the views read is a range of it, and grows with the load but not
-- with the age of the system.
CREATE FUNCTION first_execution_id(since timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM since) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- What the three summaries have in common: a row for each agent, command and workflow that was asked for in the last 90 days.
-- Failed is FAILED or TIMED_OUT; CANCELLED is neither success nor failure. Rates are 0 to 1 and times seconds, both of what
-- succeeded or failed, and null while nothing has. Tokens are input and output; cached, cache-write and reasoning tokens are parts of them.
CREATE VIEW execution_summary AS
SELECT e.kind, e.target,
  count(*) AS total_executions,
  count(*) FILTER (WHERE e.status = 2) AS successful,
  count(*) FILTER (WHERE e.status IN (3, 5)) AS failed,
  avg(CASE e.status WHEN 2 THEN 1.0::double precision ELSE 0 END) FILTER (WHERE e.status IN (2, 3, 5)) AS success_rate,
  avg(date_part('epoch', e.completed_at - e.started_at)) FILTER (WHERE e.status IN (2, 3, 5)) AS avg_execution_time,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY date_part('epoch', e.completed_at - e.started_at))
    FILTER (WHERE e.status IN (2, 3, 5)) AS p95_execution_time,
  sum(e.input_tokens + e.output_tokens)::bigint AS total_tokens,
  sum(e.cost_usd) AS total_cost
FROM executions e
WHERE e.id >= first_execution_id(now() - interval '90 days')
GROUP BY e.kind, e.target;

CREATE VIEW agent_performance_summary AS
SELECT target AS agent_name, total_executions, successful, failed, success_rate, avg_execution_time, p95_execution_time,
  total_tokens, total_cost
FROM execution_summary WHERE kind = 0;

CREATE VIEW command_usage_statistics AS
SELECT target AS command_name, total_executions, successful, failed, success_rate, failed::double precision / nullif(successful + failed, 0) AS failure_rate,
  avg_execution_time, p95_execution_time, total_tokens, total_cost
FROM execution_summary WHERE kind = 1;

-- What runs is counted from the queue, which is small.
CREATE VIEW workflow_performance_summary AS
SELECT s.target AS workflow_name, s.total_executions, s.successful, s.failed, coalesce(r.running, 0) AS running_executions,
  s.success_rate, s.avg_execution_time, s.p95_execution_time, s.total_tokens, s.total_cost
FROM execution_summary s
LEFT JOIN (
  SELECT e.target, count(*) AS running FROM execution_queue q JOIN executions e ON e.id = q.id
  WHERE q.status = 1 AND e.kind = 2 GROUP BY e.target) r ON r.target = s.target
WHERE s.kind = 2;

-- A row for each of the last 30 days of UTC, today included, also for days on which nothing was asked for. Executions belong to
-- the day on which they were accepted. Counts and times are those of agents; tokens and cost are the whole system's.
CREATE VIEW daily_system_metrics AS
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
    sum(e.input_tokens + e.output_tokens)::bigint AS total_tokens,
    sum(e.cost_usd) AS total_cost,
    avg(date_part('epoch', e.completed_at - e.started_at)) FILTER (WHERE e.kind = 0 AND e.status IN (2, 3, 5)) AS avg_execution_time
  FROM executions e
  WHERE e.id >= first_execution_id(((now() AT TIME ZONE 'UTC')::date - 29)::timestamp AT TIME ZONE 'UTC')
  GROUP BY 1) t ON t.date = d.date;

-- Users of the last 90 days. The name is the one that a key carries, by custom an email address; last_activity is when they
-- last asked for something.
CREATE VIEW user_activity_summary AS
SELECT e.user_id AS email,
  count(*) FILTER (WHERE e.kind = 0) AS agent_executions_count,
  count(*) FILTER (WHERE e.kind = 1) AS command_executions_count,
  count(*) FILTER (WHERE e.kind = 2) AS workflow_executions_count,
  sum(e.input_tokens + e.output_tokens)::bigint AS total_tokens,
  sum(e.cost_usd) AS total_cost,
  max(e.created_at) AS last_activity
FROM executions e
WHERE e.id >= first_execution_id(now() - interval '90 days')
GROUP BY e.user_id;

-- Changes of components' health, of every service. Times are Unix milliseconds: the SQL is the same on both stores.
CREATE TABLE health_changes (
  id          text PRIMARY KEY,
  service     text NOT NULL,
  instance    text NOT NULL,
  component   text NOT NULL,
  from_status text,
  to_status   text NOT NULL,
  changed_at  bigint NOT NULL,
  details     text
);
CREATE INDEX health_changes_by_time ON health_changes (changed_at, id);
