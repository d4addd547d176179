-- Money is reserved and released, never created.
ALTER TABLE budgets ADD CONSTRAINT budgets_not_negative CHECK (spent_usd >= 0 AND reserved_usd >= 0 AND limit_usd >= 0);
ALTER TABLE budget_reservations ADD CONSTRAINT budget_reservations_not_negative CHECK (amount_usd >= 0 AND input_tokens >= 0 AND output_tokens >= 0);
