-- Verify radioshop:ticket_parent on pg

BEGIN;

SELECT t.parent_id FROM radioshop.ticket t WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 20, 'schema_version is below 20';
  ASSERT (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'radioshop.ticket'::regclass AND tgenabled = 'O'
    AND tgname IN ('hold_parent_added', 'hold_parent_changed', 'hold_open_children')) = 3, 'nothing holds parents';
END
$$;

ROLLBACK;
