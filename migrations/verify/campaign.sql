-- Verify radioshop:campaign on pg

BEGIN;

SELECT campaign_id, code, code_key, name, kind, target, instructions, starts_on, due_on, state, reason, ended_by, ended_at, created_by, revision,
  created_at, updated_at FROM radioshop.campaign WHERE false;
SELECT agency_id, selection_id, campaign_id, filter, assets, selected_by, selected_at FROM radioshop.campaign_selection WHERE false;
SELECT agency_id, campaign_id, asset_id, selection_id, result, ticked_at, ticked_by, note, had, undone_at, undone_by, undo_reason
  FROM radioshop.campaign_item WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 22, 'schema_version is below 22';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.campaign'::regclass, 'radioshop.campaign_selection'::regclass,
    'radioshop.campaign_item'::regclass) AND relrowsecurity AND relforcerowsecurity) = 3, 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.campaign_item', 'DELETE, TRUNCATE'), 'radios can be taken out of a campaign';
  ASSERT radioshop.campaign_percent(300, 299, 0, 0) = 99, 'a percentage is rounded up';
END
$$;

ROLLBACK;
