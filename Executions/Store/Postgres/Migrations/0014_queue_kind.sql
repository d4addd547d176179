-- What kind of execution waits, so that the queue's depth is told by kind from the queue alone.
ALTER TABLE execution_queue ADD COLUMN kind smallint NOT NULL DEFAULT 0;
UPDATE execution_queue q SET kind = e.kind FROM executions e WHERE e.id = q.id AND e.kind <> 0;
