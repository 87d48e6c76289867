-- Revert radioshop:rma from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 15;

DROP FUNCTION radioshop.confirm_rma_codeplug(text, bigint, text);
DROP FUNCTION radioshop.cancel_rma(text, bigint, text);
DROP FUNCTION radioshop.receive_rma(text, bigint, date, text, text, text, boolean, bigint, text);
DROP FUNCTION radioshop.ship_rma(text, bigint, date, text, text);
DROP FUNCTION radioshop.open_rma(text, text, text, text, boolean, int, text);
DROP FUNCTION radioshop.move_back(int, uuid, text, text);
DROP FUNCTION radioshop.rma_to_change(text, bigint, text[]);
DROP FUNCTION radioshop.one_rma(text);
DROP FUNCTION radioshop.shown_rma(int, uuid);
DROP TYPE radioshop.rma_shown;

-- As they were before.
-- The part of find_assets() after the agencies are known; key is in capitals.
CREATE OR REPLACE FUNCTION radioshop.find_assets_within(scope int[], key text) RETURNS TABLE (agency_id int, asset_id uuid)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.tag_key = key;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.serial_key = key;
  IF FOUND THEN RETURN; END IF;
  IF key ~ '^[0-9]{1,9}$' THEN
    RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.unit_id = key::int;
    IF FOUND THEN RETURN; END IF;
  END IF;
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.alias_key = key;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.refuse_ticket_move(agency int, ticket uuid, state text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  why_not text;
BEGIN
  IF refuse_ticket_move.state NOT IN ('repairing', 'at_depot') THEN
    RETURN NULL;
  END IF;
  SELECT t.number, t.state, t.estimate_cents, t.cost_cents, t.approved_cents INTO it
    FROM radioshop.ticket t WHERE t.agency_id = agency AND t.ticket_id = ticket;
  why_not := radioshop.unapproved_cost(agency, it.estimate_cents, it.cost_cents, it.approved_cents);
  IF why_not IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', 'state',
    format('ticket %s cannot move to %s: %s', it.number, refuse_ticket_move.state, why_not));
END
$$;

-- The refusal of an outcome; NULL when the move may end the repair so. asked: NULL when the caller leaves it to us.
CREATE OR REPLACE FUNCTION radioshop.refuse_outcome(agency int, ticket uuid, to_state text, asked text, retire boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  allowed text;
BEGIN
  SELECT t.number, t.state, t.outcome, t.write_off_approved INTO it
    FROM radioshop.ticket t WHERE t.agency_id = agency AND t.ticket_id = ticket;
  IF asked IS NOT NULL THEN
    SELECT string_agg(o.outcome, ', ' ORDER BY array_position('{repaired,no_fault_found,beyond_repair,cancelled}'::text[], o.outcome)) INTO allowed
      FROM radioshop.ticket_outcome o WHERE o.from_state = it.state AND o.to_state = refuse_outcome.to_state;
    IF allowed IS NULL THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome',
        format('a move to %s has no outcome; give it when the ticket becomes ready', refuse_outcome.to_state));
    ELSIF asked <> ALL (string_to_array(allowed, ', ')) THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome', format('from %s to %s the outcome can be %s, not %s', it.state,
        refuse_outcome.to_state, allowed, asked));
    ELSIF asked = 'beyond_repair' AND NOT it.write_off_approved THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome', format('the fleet manager of the agency has not agreed to write the asset of '
        'ticket %s off; ask for it first', it.number));
    END IF;
  END IF;
  IF retire AND (refuse_outcome.to_state IN ('ready', 'returned', 'closed') AND coalesce(asked, it.outcome) = 'beyond_repair') IS NOT TRUE THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'retire_asset',
      'an asset is retired by its ticket only where the outcome is beyond_repair');
  END IF;
  RETURN NULL;
END
$$;

DROP TRIGGER stay_away ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_stays_away();
DROP TABLE radioshop.asset_former_serial, radioshop.rma;
DROP FUNCTION radioshop.rma_follow();
-- Where a ticket came from is told by its entries; the move itself is allowed no more.
ALTER TABLE radioshop.ticket NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
UPDATE radioshop.ticket SET from_state = 'received' WHERE from_state = 'at_depot' AND state = 'diagnosing';
ALTER TABLE radioshop.ticket FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
DELETE FROM radioshop.ticket_move WHERE from_state = 'at_depot' AND to_state = 'diagnosing';
ALTER TABLE radioshop.ticket DROP CONSTRAINT ticket_codeplug_reloaded, DROP COLUMN codeplug_due;
DROP FUNCTION radioshop.weekdays_between(date, date);
DROP FUNCTION radioshop.add_weekdays(date, int);

COMMIT;
