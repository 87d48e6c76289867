-- Verify radioshop:stock on pg

BEGIN;

SELECT part_id, number, number_key, name, manufacturer, maker_number, maker_key, unit, class, reorder_point, reorder_quantity, obsolete,
  revision, created_at, updated_at FROM radioshop.part WHERE false;
SELECT part_id, model_id FROM radioshop.part_model WHERE false;
SELECT location_id, code, name, kind, closed, revision, created_at, updated_at FROM radioshop.stock_location WHERE false;
SELECT lot_id, lot_no, code, part_id, received_on, supplier, reference, unit_cost_cents, quantity, received_by, received_at
  FROM radioshop.part_lot WHERE false;
SELECT part_id, lot_id, location_id, quantity FROM radioshop.part_stock WHERE false;
SELECT move_no, change_id, at, principal, kind, part_id, lot_id, location_id, quantity, reason, ticket_agency_id, ticket_id, entry_no
  FROM radioshop.part_move WHERE false;
SELECT agency_id, ticket_id, entry_no, at, part_id, part_number, part_name, unit, quantity FROM radioshop.part_use WHERE false;
SELECT corrects FROM radioshop.ticket_entry WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 7, 'schema_version is below 7';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid = ANY ('{radioshop.part,radioshop.part_model,radioshop.stock_location,radioshop.part_lot,
    radioshop.part_stock,radioshop.part_move,radioshop.part_use}'::regclass[]) AND relrowsecurity AND relforcerowsecurity) = 7,
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.part_move', 'UPDATE, DELETE, TRUNCATE'), 'the ledger can be changed';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.part_use', 'UPDATE, DELETE, TRUNCATE'), 'what was used can be changed';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.part_stock', 'DELETE, TRUNCATE'), 'stock can be deleted';
  PERFORM FROM radioshop.parts_below_reorder();
END
$$;

ROLLBACK;
