-- The gateways' alert engine. Times are Unix milliseconds: the SQL is the same on both stores.

-- One row: who evaluates and sends. "fence" grows with every change of holder, "beat" with every sign of life.
CREATE TABLE alert_leader (
  id     integer PRIMARY KEY,
  holder text NOT NULL,
  fence  integer NOT NULL,
  beat   integer NOT NULL
);
INSERT INTO alert_leader (id, holder, fence, beat) VALUES (1, '', 0, 0);

-- Rules put by the API, over those of the file. A deleted one hides the file's.
CREATE TABLE alert_rules (
  name       text NOT NULL PRIMARY KEY,
  definition text NOT NULL,
  deleted    integer NOT NULL,
  updated_at integer NOT NULL,
  updated_by text NOT NULL
);

-- Alerts that are pending or fire, and those that fired once: the history.
CREATE TABLE alerts (
  id              text NOT NULL PRIMARY KEY,
  rule            text NOT NULL,
  fingerprint     text NOT NULL,
  labels          text NOT NULL,
  severity        text NOT NULL,
  state           text NOT NULL,
  value           real NOT NULL,
  summary         text NOT NULL,
  description     text NOT NULL,
  runbook         text NOT NULL,
  active_at       integer NOT NULL,
  fired_at        integer,
  resolved_at     integer,
  acknowledged_at integer,
  acknowledged_by text,
  note            text
);
CREATE UNIQUE INDEX alerts_active ON alerts (fingerprint) WHERE state <> 'resolved';
CREATE INDEX alerts_by_time ON alerts (fired_at, id);

CREATE TABLE alert_silences (
  id         text NOT NULL PRIMARY KEY,
  matchers   text NOT NULL,
  starts_at  integer NOT NULL,
  ends_at    integer NOT NULL,
  comment    text NOT NULL,
  created_by text NOT NULL,
  created_at integer NOT NULL
);
CREATE INDEX alert_silences_by_end ON alert_silences (ends_at);

-- What has been told of each group of alerts.
CREATE TABLE alert_groups (
  id       text NOT NULL PRIMARY KEY,
  state    text NOT NULL
);

-- Notices to be delivered, and for a while those that were.
CREATE TABLE alert_notices (
  id         text NOT NULL PRIMARY KEY,
  channel    text NOT NULL,
  group_id   text NOT NULL,
  content    text NOT NULL,
  state      text NOT NULL,
  attempts   integer NOT NULL,
  created_at integer NOT NULL,
  due_at     integer NOT NULL,
  ended_at   integer,
  error      text
);
CREATE INDEX alert_notices_waiting ON alert_notices (channel, group_id, id) WHERE state = 'waiting';
CREATE INDEX alert_notices_by_time ON alert_notices (created_at);

-- Where the metrics of each process are.
CREATE TABLE service_instances (
  id      text NOT NULL PRIMARY KEY,
  job     text NOT NULL,
  url     text NOT NULL,
  seen_at integer NOT NULL
);
