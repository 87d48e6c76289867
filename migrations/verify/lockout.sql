-- Verify radioshop:lockout on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 2, 'schema_version is below 2';
  ASSERT (SELECT array_agg(n) FROM radioshop.locked_out('{"No such principal"}') n) = '{"No such principal"}', 'a stranger is let in';
  ASSERT coalesce(current_setting('radioshop.agencies', true), '') = '', 'locked_out leaves its rights behind';
END
$$;

ROLLBACK;
