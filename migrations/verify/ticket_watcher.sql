-- Verify radioshop:ticket_watcher on pg

BEGIN;

SELECT w.agency_id, w.ticket_id, w.principal, w.added_by, w.added_at, w.moved FROM radioshop.ticket_watcher w WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 24, 'schema_version is below 24';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.ticket_watcher'::regclass),
    'row level security is not forced';
  ASSERT NOT radioshop.may_see_tickets('No such principal', 1), 'a stranger may see tickets';
END
$$;

ROLLBACK;
