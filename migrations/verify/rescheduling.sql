-- Verify radioshop:rescheduling on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 13, 'schema_version is below 13';
  ASSERT NOT EXISTS (SELECT FROM radioshop.services_done(0, '{}', NULL)), 'nobody''s services were found';
END
$$;

ROLLBACK;
