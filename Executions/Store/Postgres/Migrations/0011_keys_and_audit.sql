-- Changes of keys and users, one at a time: each takes this row first, and every gateway reads it to see that there was one.
CREATE TABLE key_changes (
  id      integer PRIMARY KEY,
  version bigint NOT NULL
);
INSERT INTO key_changes (id, version) VALUES (1, 0);

CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- Users are the names that keys carry; a row here blocks all keys of one. Times are Unix milliseconds, here and below.
CREATE TABLE disabled_users (
  name        text PRIMARY KEY,
  disabled_at bigint NOT NULL,
  disabled_by text NOT NULL
);

-- Last use of keys that are configured: they have no row in api_keys.
CREATE TABLE configured_key_uses (
  hash         text PRIMARY KEY,
  last_used_at bigint NOT NULL
);

-- What somebody changed through API or dashboard. Ids are UUIDv7, so they sort by time, and a time is a bound of the primary key.
CREATE TABLE audit_log (
  id         text COLLATE "C" PRIMARY KEY,
  actor      text NOT NULL,
  key_id     text,
  role       text,
  action     text COLLATE "C" NOT NULL,
  target     text NOT NULL,
  request_id text,
  address    text,
  changes    text
);
CREATE INDEX audit_log_by_actor ON audit_log (actor, id);
CREATE INDEX audit_log_by_action ON audit_log (action, id);
CREATE INDEX audit_log_by_target ON audit_log (target, id);
