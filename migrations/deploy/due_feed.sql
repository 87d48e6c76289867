-- Deploy radioshop:due_feed to pg
--
-- When and how often a due date was moved, for calendars that follow it: an event there is replaced when its SEQUENCE grows.

BEGIN;

ALTER TABLE radioshop.schedule ADD COLUMN date_changes int NOT NULL DEFAULT 0, ADD COLUMN dated_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN radioshop.schedule.date_changes IS 'how often next_due was moved since the last service';
COMMENT ON COLUMN radioshop.schedule.dated_at IS 'when next_due was set';

CREATE FUNCTION radioshop.note_new_date() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.dated_at := now();
  NEW.date_changes := CASE WHEN NEW.last_done_on IS DISTINCT FROM OLD.last_done_on THEN 0 ELSE OLD.date_changes + 1 END;
  RETURN NEW;
END
$$;
CREATE TRIGGER note_new_date BEFORE UPDATE ON radioshop.schedule FOR EACH ROW WHEN (OLD.next_due IS DISTINCT FROM NEW.next_due)
  EXECUTE FUNCTION radioshop.note_new_date();

UPDATE radioshop.schema_version SET version = 4;

COMMIT;
