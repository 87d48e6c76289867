-- Revert radioshop:custody from pg
--
-- Who has what is forgotten; assets stay assigned to those whom they were checked out to.

BEGIN;

UPDATE radioshop.schema_version SET version = 30;

DROP FUNCTION radioshop.asset_periods(int, uuid);
DROP TYPE radioshop.asset_period;
DROP FUNCTION radioshop.check_in(text[], text, text);
DROP FUNCTION radioshop.check_out(text[], text, date, text);
DROP FUNCTION radioshop.update_custodian(text, bigint, text[], text, text, text, text, boolean);
DROP FUNCTION radioshop.create_custodian(text, text, text, text, text, boolean);
DROP FUNCTION radioshop.some_assets(text[]);
DROP FUNCTION radioshop.some_of(text[]);
DROP FUNCTION radioshop.one_custodian(text, int, text);
DROP FUNCTION radioshop.shown_custodian(int, uuid);
DROP TYPE radioshop.custodian_shown;
DROP FUNCTION radioshop.shown_custody(int, uuid);
DROP TYPE radioshop.custody_shown;

CREATE OR REPLACE FUNCTION radioshop.refuse_retiring(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is lent to %s since %s; take it in with loan return before it is retired', l.lender, l.tag, l.borrower, l.out_on))
    FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.refuse_lending(agency int, asset uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT CASE
      WHEN l.loan_id IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is lent to %s since %s; take it in with loan return first', g.code, a.tag, l.borrower, l.out_on))
      WHEN t.number IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('ticket %s is open for asset %s:%s (%s); what is in repair is not lent', t.number, g.code, a.tag, t.state))
      WHEN a.status NOT IN ('in_service', 'spare') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is %s; only what is in service or spare is lent', g.code, a.tag, a.status)) END
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      LEFT JOIN radioshop.loan l ON l.agency_id = a.agency_id AND l.asset_id = a.asset_id AND l.in_at IS NULL
      LEFT JOIN radioshop.ticket t ON t.agency_id = a.agency_id AND t.asset_id = a.asset_id AND t.closed_at IS NULL
    WHERE a.agency_id = agency AND a.asset_id = asset);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.custody_of(agency int, asset uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN concat_ws('; ',
    (SELECT CASE WHEN radioshop.shop_status(t.state) IS NOT NULL THEN 'in repair' ELSE 'reported' END || ' (' || t.number || ', '
        || replace(t.state, '_', ' ') || ')' || coalesce((SELECT format(', loaner %s:%s with %s until %s', l.lender, l.tag, l.borrower,
          radioshop.loan_due(l.due_on, x.over_on))
        FROM radioshop.ticket_loaner x JOIN radioshop.loan l ON l.agency_id = x.lender_id AND l.loan_id = x.loan_id AND l.in_at IS NULL
        WHERE x.agency_id = t.agency_id AND x.ticket_id = t.ticket_id), '')
      FROM radioshop.ticket t WHERE t.agency_id = agency AND t.asset_id = asset AND t.closed_at IS NULL),
    (SELECT format('lent to %s (%s) until %s', l.borrower, l.borrower_agency, radioshop.loan_due(l.due_on, x.over_on))
        || CASE WHEN l.ticket <> '' THEN ' for ' || l.ticket ELSE '' END
      FROM radioshop.loan l LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
      WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL));
END
$$;

DROP TRIGGER not_checked_out ON radioshop.loan;
DROP FUNCTION radioshop.loan_of_what_is_in();
DROP TRIGGER asset_not_checked_out ON radioshop.asset;
DROP FUNCTION radioshop.asset_stays_checked_out();
DROP TRIGGER asset_shows_custodian ON radioshop.asset;
DROP FUNCTION radioshop.asset_shows_custodian();
DROP TABLE radioshop.custody, radioshop.custodian;
DROP FUNCTION radioshop.custodian_hands_in();
DROP FUNCTION radioshop.custodian_renamed();
DROP FUNCTION radioshop.custody_show();
DROP FUNCTION radioshop.custody_follow();

COMMIT;
