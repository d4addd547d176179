-- Calls that the gateway makes for its clients belong to no execution: they name their user instead. Calls of an execution leave it null,
-- since their execution knows.
ALTER TABLE llm_calls ALTER COLUMN execution_id DROP NOT NULL, ADD COLUMN user_id text;
