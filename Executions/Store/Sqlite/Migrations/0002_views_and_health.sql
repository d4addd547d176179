-- The views of the PostgreSQL store: same names, columns and results. Dates and times are text in UTC, which sorts as time; money
-- is a sum of billionths shown in dollars as a real number, exact to the billionth up to a million dollars.

-- What the three summaries have in common: a row for each agent, command and workflow that was asked for in the last 90 days.
-- Failed is FAILED or TIMED_OUT; CANCELLED is neither success nor failure. Rates are 0 to 1 and times seconds, both of what
-- succeeded or failed, and null while nothing has. Tokens are input and output; cached, cache-write and reasoning tokens are parts of them.
-- The percentile is percentile_cont's: between the two values nearest to 0.95 * (n - 1), counted from 0. Ids are UUIDv7, so a time
-- is a bound of the primary key.
CREATE VIEW execution_summary AS
WITH recent AS (
  SELECT kind, target, status, input_tokens + output_tokens AS tokens, cost_nano,
    CASE WHEN status IN (2, 3, 5) THEN (completed_at - started_at) / 1e6 END AS seconds
  FROM executions
  WHERE id >= (
    SELECT printf('%08x-%04x-0000-0000-000000000000', since >> 16, since & 65535)
    FROM (SELECT CAST(strftime('%s', 'now', '-90 days') AS integer) * 1000 AS since))),
ranked AS (
  SELECT kind, target, status, tokens, cost_nano, seconds,
    row_number() OVER (PARTITION BY kind, target ORDER BY seconds NULLS LAST) - 1 AS place,
    0.95 * (count(seconds) OVER (PARTITION BY kind, target) - 1) AS wanted
  FROM recent),
summed AS (
  SELECT kind, target,
    count(*) AS total_executions,
    sum(status = 2) AS successful,
    sum(status IN (3, 5)) AS failed,
    avg(CASE WHEN status IN (2, 3, 5) THEN status = 2 END) AS success_rate,
    avg(seconds) AS avg_execution_time,
    max(CASE WHEN place = CAST(wanted AS integer) THEN seconds END) AS below,
    max(CASE WHEN place = CAST(wanted AS integer) + (wanted > CAST(wanted AS integer)) THEN seconds END) AS above,
    max(wanted - CAST(wanted AS integer)) AS part,
    sum(tokens) AS total_tokens,
    sum(cost_nano) / 1e9 AS total_cost
  FROM ranked GROUP BY kind, target)
SELECT kind, target, total_executions, successful, failed, success_rate, avg_execution_time,
  below + part * (above - below) AS p95_execution_time, total_tokens, total_cost
FROM summed;

CREATE VIEW agent_performance_summary AS
SELECT target AS agent_name, total_executions, successful, failed, success_rate, avg_execution_time, p95_execution_time,
  total_tokens, total_cost
FROM execution_summary WHERE kind = 0;

CREATE VIEW command_usage_statistics AS
SELECT target AS command_name, total_executions, successful, failed, success_rate, failed * 1.0 / nullif(successful + failed, 0) AS failure_rate,
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
WITH RECURSIVE days(date, left) AS (
  SELECT date('now'), 29
  UNION ALL
  SELECT date(date, '-1 day'), left - 1 FROM days WHERE left > 0),
totals AS (
  SELECT date(created_at / 1000000, 'unixepoch') AS date,
    sum(kind = 0) AS total_agent_executions,
    sum(kind = 0 AND status = 2) AS successful_executions,
    sum(kind = 0 AND status IN (3, 5)) AS failed_executions,
    sum(input_tokens + output_tokens) AS total_tokens,
    sum(cost_nano) / 1e9 AS total_cost,
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

-- Users of the last 90 days. The name is the one that a key carries, by custom an email address; last_activity is when they
-- last asked for something.
CREATE VIEW user_activity_summary AS
SELECT user_id AS email,
  sum(kind = 0) AS agent_executions_count,
  sum(kind = 1) AS command_executions_count,
  sum(kind = 2) AS workflow_executions_count,
  sum(input_tokens + output_tokens) AS total_tokens,
  sum(cost_nano) / 1e9 AS total_cost,
  strftime('%Y-%m-%dT%H:%M:%S', max(created_at) / 1000000, 'unixepoch') || printf('.%06dZ', max(created_at) % 1000000) AS last_activity
FROM executions
WHERE id >= (
  SELECT printf('%08x-%04x-0000-0000-000000000000', since >> 16, since & 65535)
  FROM (SELECT CAST(strftime('%s', 'now', '-90 days') AS integer) * 1000 AS since))
GROUP BY user_id;

-- Changes of components' health, of every service. Times are Unix milliseconds: the SQL is the same on both stores.
CREATE TABLE health_changes (
  id          text NOT NULL PRIMARY KEY,
  service     text NOT NULL,
  instance    text NOT NULL,
  component   text NOT NULL,
  from_status text,
  to_status   text NOT NULL,
  changed_at  integer NOT NULL,
  details     text
);
CREATE INDEX health_changes_by_time ON health_changes (changed_at, id);
