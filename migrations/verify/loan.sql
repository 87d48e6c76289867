-- Verify radioshop:loan on pg

BEGIN;

SELECT agency_id, asset_id, note, added_by, added_at FROM radioshop.loaner WHERE false;
SELECT agency_id, loan_id, asset_id, lender, tag, tag_key, serial, model, borrower_id, borrower_agency, borrower, badge, unit, purpose, ticket,
  loaner, out_at, out_by, out_on, due_on, reason, note, in_at, in_by, in_on, condition, return_note, damage_ticket_id, status_before, revision,
  updated_at FROM radioshop.loan WHERE false;
SELECT agency_id, ticket_id, lender_id, loan_id, over_on FROM radioshop.ticket_loaner WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 23, 'schema_version is below 23';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.loaner'::regclass, 'radioshop.loan'::regclass, 'radioshop.ticket_loaner'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 3, 'row level security is not forced';
  ASSERT radioshop.loan_latest('2026-11-30', true) = '2027-02-28', 'three months from the end of November are not the end of February';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.loan', 'DELETE, TRUNCATE'), 'loans can be deleted';
  ASSERT to_regprocedure('radioshop.alert_loaners_out(int, date, int)') IS NOT NULL, 'the kind loaner_not_back has no function';
END
$$;

ROLLBACK;
