-- Verify radioshop:due_feed on pg

BEGIN;

SELECT date_changes, dated_at FROM radioshop.schedule WHERE false;
DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 4, 'schema_version is below 4';
  ASSERT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'radioshop.schedule'::regclass AND tgname = 'note_new_date'), 'no trigger';
END
$$;

ROLLBACK;
