-- Verify radioshop:transfer on pg

BEGIN;

SELECT agency_id, transfer_id, number, giver, receiver_id, receiver, state, price_cents, note, offered_at, offered_by, decided_at, decided_by, decision_note
  FROM radioshop.transfer WHERE false;
SELECT agency_id, transfer_id, asset_id, place, receiver_id, open, parent_tag, tag, serial, model_id, class, quantity, flashcode, firmware, purchased_on, warranty_until,
  date_code, price_cents, repairs, serviced_on, new_id, new_tag FROM radioshop.transfer_item WHERE false;
SELECT transfer_id FROM radioshop.retirement WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 48, 'schema_version is below 48';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.transfer'::regclass, 'radioshop.transfer_item'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 2, 'row level security is not forced';
END
$$;

ROLLBACK;
