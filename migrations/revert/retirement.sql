-- Revert radioshop:retirement from pg
--
-- Why and how assets left is forgotten; their statuses stay, and can be changed again without a word.

BEGIN;

UPDATE radioshop.schema_version SET version = 44;

DROP FUNCTION radioshop.update_retirement(text, text[], bigint, text, text, date, text, date, text, bigint, text, text);
DROP FUNCTION radioshop.dispose_assets(text[], text, date, text, bigint, text, text);
DROP FUNCTION radioshop.share_of(bigint, bigint, bigint);
DROP FUNCTION radioshop.retire_assets(text[], text, text, date);
DROP FUNCTION radioshop.one_retirement(text);
DROP FUNCTION radioshop.shown_retirement(int, uuid);
DROP TYPE radioshop.retirement_shown;
DROP TRIGGER retirement_follow ON radioshop.asset;
DROP TRIGGER asset_says_how ON radioshop.asset;
DROP TRIGGER asset_not_keyed ON radioshop.asset;
DROP TRIGGER asset_not_in_repair ON radioshop.asset;
DROP TABLE radioshop.retirement;
DROP FUNCTION radioshop.retirement_stays();
DROP FUNCTION radioshop.retirement_follow();
DROP FUNCTION radioshop.asset_disposal_said();
DROP FUNCTION radioshop.asset_stays_keyed();
DROP FUNCTION radioshop.asset_stays_in_repair();

CREATE OR REPLACE FUNCTION radioshop.refuse_retiring(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is lent to %s since %s; take it in with loan return before it is retired', l.lender, l.tag, l.borrower, l.out_on))
    FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL),
    (SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is checked out to %s (%s) since %s; check it in with asset checkin before it is retired', g.code, a.tag, c.name, c.code, k.out_on))
    FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      JOIN radioshop.asset a ON a.agency_id = k.agency_id AND a.asset_id = k.asset_id JOIN radioshop.agency g ON g.agency_id = k.agency_id
    WHERE k.agency_id = agency AND k.asset_id = asset AND k.in_at IS NULL));
END
$$;

CREATE OR REPLACE FUNCTION radioshop.refuse_retiring_with(ticket text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse_retiring(t.agency_id, t.asset_id, 'retire_asset') FROM radioshop.find_ticket(ticket) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id);
END
$$;

DROP FUNCTION radioshop.why_not_retire(int, uuid, uuid);

COMMIT;
