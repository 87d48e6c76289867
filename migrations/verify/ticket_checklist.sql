-- Verify radioshop:ticket_checklist on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 18, 'schema_version is below 18';
  ASSERT radioshop.refuse_untested('none', 'ready', 'repaired') IS NULL, 'a ticket that is not there is held back';
  ASSERT radioshop.checklist_of(1, '00000000-0000-4000-8000-000000000001') = '[]', 'a ticket that is not there has a checklist';
  ASSERT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'radioshop.ticket'::regclass AND tgname = 'hold_untested' AND tgenabled = 'O'),
    'nothing holds an untested radio';
END
$$;

ROLLBACK;
