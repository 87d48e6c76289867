-- Verify radioshop:inventory on pg

BEGIN;

SELECT i.agency_id, i.inventory_id, i.number, i.state FROM radioshop.inventory i WHERE false;
SELECT i.agency_id, i.inventory_id, i.asset_id, i.verdict FROM radioshop.inventory_item i WHERE false;
SELECT s.agency_id, s.inventory_id, s.code_key FROM radioshop.inventory_stray s WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 33, 'schema_version is below 33';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE oid = ANY ('{radioshop.inventory,
    radioshop.inventory_item, radioshop.inventory_stray}'::regclass[])), 'row level security is not forced';
  ASSERT radioshop.inventory_away('A', 'in_service', 'B', NULL) = 'moved to B', 'what was moved is not accounted for';
END
$$;

ROLLBACK;
