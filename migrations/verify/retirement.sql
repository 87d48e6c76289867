-- Verify radioshop:retirement on pg

BEGIN;

SELECT agency_id, retirement_id, asset_id, reason, note, retired_on, retired_at, retired_by, method, disposed_on, recipient, proceeds_cents, certificate,
  disposal_note, disposed_at, disposed_by, system, unit_id, ended_at, ended_by, revision, updated_at FROM radioshop.retirement WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 45, 'schema_version is below 45';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.retirement'::regclass), 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.retirement', 'DELETE, TRUNCATE'), 'a retirement can be deleted';
  ASSERT (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'radioshop.asset'::regclass
    AND tgname IN ('asset_not_in_repair', 'asset_not_keyed', 'asset_says_how', 'retirement_follow')) = 4, 'a guard is missing';
  ASSERT radioshop.share_of(1000, 3, 1) = 334 AND radioshop.share_of(1000, 3, 2) = 333, 'shares are wrong';
END
$$;

ROLLBACK;
