-- The user's own prices, one row for each name and time from which it holds (Unix milliseconds; 0 is always). Its SQL is the
-- same on both stores.
CREATE TABLE prices (
  name           text NOT NULL,
  effective_from bigint NOT NULL,
  entry          text NOT NULL,
  updated_at     bigint NOT NULL,
  PRIMARY KEY (name, effective_from)
);

-- What a completed execution was charged; null where its agent had no price then.
ALTER TABLE executions ADD COLUMN revenue_usd numeric(18, 9);

-- Calls stand in monthly partitions of UTC, by their ids, which begin with their time: what is older than its retention is dropped
-- with its partition, without a row being touched. What was there until now becomes the first partition as it is, not copied.
ALTER TABLE llm_calls RENAME TO llm_calls_first;
ALTER INDEX llm_calls_pkey RENAME TO llm_calls_first_pkey;
ALTER INDEX llm_calls_by_execution RENAME TO llm_calls_first_execution_id_idx;
CREATE TABLE llm_calls (LIKE llm_calls_first) PARTITION BY RANGE (id);
ALTER TABLE llm_calls ADD PRIMARY KEY (id);
CREATE INDEX llm_calls_by_execution ON llm_calls (execution_id);

-- What no month has been made for: a clock far ahead must not lose a call.
CREATE TABLE llm_calls_other PARTITION OF llm_calls DEFAULT;

-- Makes the partition of the month that a time lies in, unless it is there.
CREATE FUNCTION add_llm_calls_month(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  month timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
  first uuid := first_execution_id(month AT TIME ZONE 'UTC');
  next uuid := first_execution_id((month + interval '1 month') AT TIME ZONE 'UTC');
  part text := to_char(month, '"llm_calls_"YYYY_MM');
BEGIN
  IF EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'llm_calls'::regclass
      AND (c.relname = part OR (c.relname LIKE 'llm_calls_until_%' AND c.relname > to_char(month, '"llm_calls_until_"YYYY_MM'))))
  THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE llm_calls INCLUDING DEFAULTS)', part);
  EXECUTE format('WITH moved AS (DELETE FROM llm_calls_other WHERE id >= %L AND id < %L RETURNING *) INSERT INTO %I SELECT * FROM moved', first, next, part);
  EXECUTE format('ALTER TABLE llm_calls ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
END $$;

-- Drops the partitions whose last moment is before a time, and what is as old among the rest. Returns how many were dropped.
CREATE FUNCTION drop_llm_calls(before timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  part record;
  dropped integer := 0;
BEGIN
  FOR part IN
    SELECT c.relname AS name,
      (to_date(right(c.relname, 7), 'YYYY_MM') + CASE WHEN c.relname LIKE 'llm_calls_until_%' THEN interval '0' ELSE interval '1 month' END) AT TIME ZONE 'UTC' AS ends
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'llm_calls'::regclass AND c.relname ~ '^llm_calls_(until_)?[0-9]{4}_[0-9]{2}$'
  LOOP
    IF part.ends <= before THEN
      EXECUTE format('DROP TABLE %I', part.name);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  DELETE FROM llm_calls_other WHERE id < first_execution_id(before);
  RETURN dropped;
END $$;

DO $$
DECLARE
  next timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month';
  bound uuid := first_execution_id(next AT TIME ZONE 'UTC');
  part text := to_char(next, '"llm_calls_until_"YYYY_MM');
BEGIN
  WITH moved AS (DELETE FROM llm_calls_first WHERE id >= bound RETURNING *) INSERT INTO llm_calls_other SELECT * FROM moved;
  EXECUTE format('ALTER TABLE llm_calls_first RENAME TO %I', part);
  EXECUTE format('ALTER TABLE llm_calls ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', part, bound);
  PERFORM add_llm_calls_month(next AT TIME ZONE 'UTC');
END $$;
