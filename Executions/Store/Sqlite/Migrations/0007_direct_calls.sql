-- Calls that the gateway makes for its clients belong to no execution: they name their user instead. Calls of an execution leave it null,
-- since their execution knows. SQLite cannot drop NOT NULL, so the column is made anew; the others stay as they are.
DROP INDEX llm_calls_by_execution;
ALTER TABLE llm_calls RENAME COLUMN execution_id TO old_execution_id;
ALTER TABLE llm_calls ADD COLUMN execution_id text;
UPDATE llm_calls SET execution_id = old_execution_id;
ALTER TABLE llm_calls DROP COLUMN old_execution_id;
ALTER TABLE llm_calls ADD COLUMN user_id text;
CREATE INDEX llm_calls_by_execution ON llm_calls (execution_id) WHERE execution_id IS NOT NULL;
