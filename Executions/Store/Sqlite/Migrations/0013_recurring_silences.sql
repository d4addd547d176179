-- Windows that come again, as JSON: {"cron": …, "duration": …, "time_zone": …}. Null is one window, from starts_at to ends_at.
ALTER TABLE alert_silences ADD COLUMN recurring text;
