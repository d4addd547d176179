-- Money is reserved and released, never created. (SQLite cannot add a constraint to a table.)
CREATE TRIGGER budgets_not_negative BEFORE UPDATE OF spent_nano, reserved_nano, limit_nano ON budgets
WHEN NEW.spent_nano < 0 OR NEW.reserved_nano < 0 OR NEW.limit_nano < 0
BEGIN
  SELECT RAISE(ABORT, 'A budget cannot be negative.');
END;
CREATE TRIGGER budget_reservations_not_negative BEFORE INSERT ON budget_reservations
WHEN NEW.amount_nano < 0 OR NEW.input_tokens < 0 OR NEW.output_tokens < 0
BEGIN
  SELECT RAISE(ABORT, 'A reservation cannot be negative.');
END;
