-- The user's own prices, one row for each name and time from which it holds (Unix milliseconds; 0 is always). Its SQL is the
-- same on both stores.
CREATE TABLE prices (
  name           text NOT NULL,
  effective_from integer NOT NULL,
  entry          text NOT NULL,
  updated_at     integer NOT NULL,
  PRIMARY KEY (name, effective_from)
);

-- What a completed execution was charged; null where its agent had no price then.
ALTER TABLE executions ADD COLUMN revenue_nano integer;
