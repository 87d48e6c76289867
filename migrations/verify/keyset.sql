-- Verify radioshop:keyset on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 39, 'schema_version is below 39';
END
$$;
SELECT class FROM radioshop.agency WHERE false;
SELECT agency_id, keyset_id, code, code_key, name, number, algorithm, ckrs, classes, note, successor_agency_id, successor_id, old_at, old_by,
  old_reason, created_by, revision, created_at, updated_at FROM radioshop.keyset WHERE false;
SELECT agency_id, load_id, asset_id, keyset_agency_id, keyset_id, ckrs, means, loader_agency_id, loader_id, loaded_on, note, exception,
  recorded_by, recorded_at, ended_as, ended_on, ended_note, ended_by, ended_at FROM radioshop.key_load WHERE false;

ROLLBACK;
