-- Verify radioshop:foundation on pg

BEGIN;

SELECT agency_id, code, name, time_zone, revision, created_at, updated_at FROM radioshop.agency WHERE false;
SELECT principal_id, name, display_name, disabled, revision, created_at, updated_at FROM radioshop.principal WHERE false;
SELECT principal_id, role, agency_id FROM radioshop.principal_grant WHERE false;
SELECT principal_id, request_id, method, payload_hash, reply, answered_at FROM radioshop.request WHERE false;
SELECT agency_id, event_id, at, principal, resource, resource_id, action, before, after, method, call, request_id, transaction
  FROM radioshop.event WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 1, 'schema_version is below 1';
  ASSERT radioshop.uuid_v7()::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'uuid_v7 makes no UUID of version 7';
  ASSERT (SELECT count(*) FROM pg_class WHERE relnamespace = 'radioshop'::regnamespace AND relrowsecurity AND relforcerowsecurity
    AND relname IN ('agency', 'principal', 'principal_grant', 'request', 'event')) = 5, 'row level security is not forced';
  ASSERT has_function_privilege('radioshop_app', 'radioshop.enter(text, text[], text, text, int, int, uuid, bytea)', 'EXECUTE'),
    'radioshop_app cannot enter';
  ASSERT NOT has_function_privilege('radioshop_app', 'radioshop.bootstrap_admin(text, text)', 'EXECUTE'),
    'radioshop_app can make administrators';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.event', 'UPDATE, DELETE, TRUNCATE'), 'events can be changed';
  PERFORM set_config('radioshop.agencies', '{0}', true);
  ASSERT (SELECT code FROM radioshop.agency WHERE agency_id = 0) = 'SHOP', 'the shop itself is missing';
END
$$;

ROLLBACK;
