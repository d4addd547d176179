-- What an agent's loop has done, so that another attempt goes on from there (docs/decisions/0015): each answer of the model that
-- asked for tools, and each call that it asked for. Written by whoever holds the lease, and read when an execution is claimed again.
CREATE TABLE agent_turns (
  execution_id uuid NOT NULL,
  round        integer NOT NULL,
  tokens       bigint NOT NULL,
  message      text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (execution_id, round)
);
CREATE INDEX agent_turns_by_time ON agent_turns (created_at);

-- ended_at is null from before the tool runs until its result is there: whether it had its effect is unknown.
CREATE TABLE tool_calls (
  execution_id uuid NOT NULL,
  round        integer NOT NULL,
  call_id      text NOT NULL,
  tool         text NOT NULL,
  attempt      integer NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  failed       boolean NOT NULL DEFAULT false,
  result       text,
  PRIMARY KEY (execution_id, round, call_id)
);
CREATE INDEX tool_calls_by_time ON tool_calls (started_at);

-- What agents were told to remember, for one user each. Times are Unix milliseconds: the SQL is the same on both stores.
CREATE TABLE agent_memories (
  agent      text NOT NULL,
  user_id    text NOT NULL,
  name       text NOT NULL,
  content    text NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (agent, user_id, name)
);
