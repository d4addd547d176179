-- Why an alert is over: "ended", "rule_off" or "rule_removed"; null while it is not, and where that was not written down.
ALTER TABLE alerts ADD COLUMN resolution text;

-- 1 where an earlier attempt may have arrived without an answer: its sender died or waited in vain.
ALTER TABLE alert_notices ADD COLUMN unsure bigint NOT NULL DEFAULT 0;

-- Deliveries of the last minute, for the channels' rate limits: they hold whichever gateway leads.
CREATE TABLE alert_sends (
  channel text NOT NULL,
  sent_at bigint NOT NULL
);
CREATE INDEX alert_sends_by_channel ON alert_sends (channel, sent_at);
