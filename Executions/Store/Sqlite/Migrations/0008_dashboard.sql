-- Sign-ins of browsers, by the hash of what their cookie holds, and what was set on the dashboard's page. Times are Unix
-- milliseconds: the SQL is the same on both stores.
CREATE TABLE dashboard_sessions (
  hash       text NOT NULL PRIMARY KEY,
  key_hash   text NOT NULL,
  created_at integer NOT NULL,
  expires_at integer NOT NULL
);
CREATE INDEX dashboard_sessions_by_key ON dashboard_sessions (key_hash, created_at);

CREATE TABLE dashboard_settings (
  name       text NOT NULL PRIMARY KEY,
  value      text NOT NULL,
  updated_at integer NOT NULL
);
