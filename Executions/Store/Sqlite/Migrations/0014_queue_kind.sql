-- What kind of execution waits, so that the queue's depth is told by kind from the queue alone.
ALTER TABLE execution_queue ADD COLUMN kind integer NOT NULL DEFAULT 0;
UPDATE execution_queue SET kind = (SELECT e.kind FROM executions e WHERE e.id = execution_queue.id)
WHERE id IN (SELECT q.id FROM execution_queue q JOIN executions e ON e.id = q.id WHERE e.kind <> 0);
