-- Deploy radioshop:retirement to pg
--
-- How an asset leaves: it is retired, with who, when and why, and then disposed of, with how, to whom and what it brought. Nothing is retired
-- that is lent, checked out, in repair, attached, or holds keys, whatever statement tries; and nothing is disposed of without these words.
-- A plain change of the status to retired is a retirement without a reason, and one back into use ends it. What a radio had of a unit ID is
-- free with its disposal, unless it was missing then.

BEGIN;

CREATE TABLE radioshop.retirement (
  agency_id int NOT NULL,
  retirement_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  reason text,
  note text NOT NULL DEFAULT '',
  retired_on date NOT NULL,
  retired_at timestamptz NOT NULL DEFAULT now(),
  retired_by text NOT NULL DEFAULT radioshop.caller(),
  method text,
  disposed_on date,
  recipient text NOT NULL DEFAULT '',
  proceeds_cents bigint,
  certificate text NOT NULL DEFAULT '',
  disposal_note text NOT NULL DEFAULT '',
  disposed_at timestamptz,
  disposed_by text NOT NULL DEFAULT '',
  system text NOT NULL DEFAULT '',
  unit_id int,
  ended_at timestamptz,
  ended_by text NOT NULL DEFAULT '',
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT retirement_pkey PRIMARY KEY (agency_id, retirement_id),
  CONSTRAINT retirement_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT retirement_reason_known CHECK (reason IN ('end_of_life', 'end_of_support', 'beyond_repair', 'replaced', 'surplus', 'lost', 'other')),
  CONSTRAINT retirement_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT retirement_retired_on_range CHECK (retired_on BETWEEN '1950-01-01' AND '2199-12-31'),
  CONSTRAINT retirement_method_known CHECK (method IN ('sold', 'scrapped', 'destroyed', 'donated', 'returned', 'traded_in')),
  CONSTRAINT retirement_disposal_whole CHECK ((method IS NULL) = (disposed_on IS NULL) AND (method IS NULL) = (disposed_at IS NULL)
    AND (method IS NULL) = (disposed_by = '')),
  CONSTRAINT retirement_disposal_fits CHECK (method IS NOT NULL OR (recipient = '' AND proceeds_cents IS NULL AND certificate = '' AND disposal_note = '')),
  CONSTRAINT retirement_disposed_on_range CHECK (disposed_on BETWEEN retired_on AND '2199-12-31'),
  CONSTRAINT retirement_recipient_form CHECK (radioshop.is_line(recipient, 200)),
  CONSTRAINT retirement_recipient_known CHECK (recipient <> '' OR method NOT IN ('sold', 'donated', 'returned', 'traded_in')),
  CONSTRAINT retirement_proceeds_cents_range CHECK (proceeds_cents BETWEEN 0 AND 100000000000000),
  CONSTRAINT retirement_proceeds_fit CHECK (proceeds_cents = 0 OR method NOT IN ('donated', 'destroyed')),
  CONSTRAINT retirement_certificate_form CHECK (radioshop.is_line(certificate, 120)),
  CONSTRAINT retirement_disposal_note_form CHECK (radioshop.is_text(disposal_note, 2000)),
  CONSTRAINT retirement_ended_whole CHECK ((ended_at IS NULL) = (ended_by = ''))
);
COMMENT ON COLUMN radioshop.retirement.reason IS 'NULL: nobody said it';
COMMENT ON COLUMN radioshop.retirement.unit_id IS 'what it had when it was disposed of';
COMMENT ON COLUMN radioshop.retirement.ended_at IS 'since when it is in use again; NULL while it is not';
COMMENT ON CONSTRAINT retirement_asset_known ON radioshop.retirement IS 'assets: no such asset';
COMMENT ON CONSTRAINT retirement_reason_known ON radioshop.retirement IS
  'reason: a reason is end_of_life, end_of_support, beyond_repair, replaced, surplus, lost or other';
COMMENT ON CONSTRAINT retirement_note_form ON radioshop.retirement IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT retirement_retired_on_range ON radioshop.retirement IS 'retired_on: the day must lie between 1950-01-01 and 2199-12-31';
COMMENT ON CONSTRAINT retirement_method_known ON radioshop.retirement IS
  'method: it is sold, scrapped, destroyed, donated, returned or traded_in';
COMMENT ON CONSTRAINT retirement_disposal_whole ON radioshop.retirement IS 'method: what is disposed of was so by somebody, on a day';
COMMENT ON CONSTRAINT retirement_disposal_fits ON radioshop.retirement IS 'method: it is not disposed of yet; say so with asset dispose';
COMMENT ON CONSTRAINT retirement_disposed_on_range ON radioshop.retirement IS 'disposed_on: it is disposed of on the day it was retired, or later';
COMMENT ON CONSTRAINT retirement_recipient_form ON radioshop.retirement IS 'recipient: a recipient is one line of at most 200 characters';
COMMENT ON CONSTRAINT retirement_recipient_known ON radioshop.retirement IS
  'recipient: say to whom; only what is scrapped or destroyed may go without';
COMMENT ON CONSTRAINT retirement_proceeds_cents_range ON radioshop.retirement IS
  'proceeds_cents: give at most 1,000,000,000,000 dollars, and not less than none';
COMMENT ON CONSTRAINT retirement_proceeds_fit ON radioshop.retirement IS 'proceeds_cents: what is donated or destroyed brings nothing';
COMMENT ON CONSTRAINT retirement_certificate_form ON radioshop.retirement IS 'certificate: a certificate is one line of at most 120 characters';
COMMENT ON CONSTRAINT retirement_disposal_note_form ON radioshop.retirement IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT retirement_ended_whole ON radioshop.retirement IS 'asset: what is in use again was put there by somebody';
CREATE UNIQUE INDEX retirement_one_open ON radioshop.retirement (agency_id, asset_id) WHERE ended_at IS NULL;
COMMENT ON INDEX radioshop.retirement_one_open IS 'assets: somebody else has just retired it; read it again';
CREATE INDEX retirement_by_asset ON radioshop.retirement (agency_id, asset_id, retired_at DESC, retirement_id DESC);
CREATE INDEX retirement_open_by_time ON radioshop.retirement (agency_id, retired_at DESC, retirement_id DESC) WHERE ended_at IS NULL;
CREATE INDEX retirement_waiting_by_time ON radioshop.retirement (agency_id, retired_at DESC, retirement_id DESC)
  WHERE ended_at IS NULL AND method IS NULL;
CREATE INDEX retirement_disposed_by_time ON radioshop.retirement (agency_id, retired_at DESC, retirement_id DESC)
  WHERE ended_at IS NULL AND method IS NOT NULL;
CREATE INDEX retirement_ended_by_time ON radioshop.retirement (agency_id, retired_at DESC, retirement_id DESC) WHERE ended_at IS NOT NULL;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is in the way

-- Why an asset is not retired, with everything that is in the way; NULL when it may be. `own` is the ticket that it is retired with, if any.
-- From what is missing no keys can be erased any more.
CREATE FUNCTION radioshop.why_not_retire(agency int, asset uuid, own uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
BEGIN
  SELECT g.code || ':' || a.tag AS name, a.tag, a.status INTO it FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = agency AND a.asset_id = asset;
  RETURN nullif(concat_ws('; ',
    (SELECT format('asset %s:%s is lent to %s since %s; take it in with loan return before it is retired', l.lender, l.tag, l.borrower, l.out_on)
      FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL),
    (SELECT format('asset %s is checked out to %s (%s) since %s; check it in with asset checkin before it is retired', it.name, c.name, c.code, k.out_on)
      FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      WHERE k.agency_id = agency AND k.asset_id = asset AND k.in_at IS NULL),
    (SELECT format('ticket %s is open for asset %s (%s); close it before it is retired', t.number, it.name, replace(t.state, '_', ' '))
      FROM radioshop.ticket t WHERE t.agency_id = agency AND t.asset_id = asset AND t.closed_at IS NULL AND t.ticket_id IS DISTINCT FROM own),
    (SELECT format('asset %s is attached to %s; detach with asset detach before it is retired', it.name, p.tag)
      FROM radioshop.component c JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
      WHERE c.agency_id = agency AND c.asset_id = asset AND c.until_at IS NULL),
    (SELECT format('attached to asset %s: %s; detach with asset detach before it is retired', it.name, string_agg(a.tag, ', ' ORDER BY a.tag_key))
      FROM radioshop.component c JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
      WHERE c.agency_id = agency AND c.parent_id = asset AND c.until_at IS NULL HAVING count(*) > 0),
    (SELECT format('asset %s holds keys of %s; erase them and record it with key erase or key zeroize before it is retired', it.name,
        string_agg(radioshop.keyset_name(l.keyset_agency_id, l.keyset_id), ', ' ORDER BY radioshop.keyset_name(l.keyset_agency_id, l.keyset_id)))
      FROM radioshop.key_load l WHERE it.status <> 'missing' AND l.agency_id = agency AND l.asset_id = asset AND l.ended_at IS NULL HAVING count(*) > 0)),
    '');
END
$$;

-- As before, and for all that is in the way.
CREATE OR REPLACE FUNCTION radioshop.refuse_retiring(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  why_not constant text := radioshop.why_not_retire(agency, asset, NULL);
BEGIN
  RETURN CASE WHEN why_not IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', field, why_not) END;
END
$$;
CREATE OR REPLACE FUNCTION radioshop.refuse_retiring_with(ticket text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', 'retire_asset', w.why_not) FROM radioshop.find_ticket(ticket) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id
    CROSS JOIN LATERAL radioshop.why_not_retire(t.agency_id, t.asset_id, t.ticket_id) w (why_not) WHERE w.why_not IS NOT NULL);
END
$$;

-- The same whatever statement tries, beside asset_not_lent, asset_not_checked_out and asset_not_attached. A radio is written off while its
-- ticket is not closed yet: that one ends it.
CREATE FUNCTION radioshop.asset_stays_in_repair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.ticket t WHERE t.agency_id = NEW.agency_id AND t.asset_id = NEW.asset_id AND t.closed_at IS NULL
      AND (NEW.status = 'disposed' OR t.outcome IS DISTINCT FROM 'beyond_repair')) THEN
    RAISE EXCEPTION 'asset % has an open ticket', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_in_repair';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_in_repair AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status IN ('retired', 'disposed') AND OLD.status NOT IN (NEW.status, 'disposed')) EXECUTE FUNCTION radioshop.asset_stays_in_repair();
COMMENT ON CONSTRAINT asset_not_in_repair ON radioshop.asset IS
  'status: a ticket is open for it (asset show says which); close it before it is retired';

CREATE FUNCTION radioshop.asset_stays_keyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.key_load l WHERE l.agency_id = NEW.agency_id AND l.asset_id = NEW.asset_id AND l.ended_at IS NULL) THEN
    RAISE EXCEPTION 'asset % holds keys', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_keyed';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_keyed AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status IN ('retired', 'disposed') AND OLD.status NOT IN (NEW.status, 'missing', 'disposed')) EXECUTE FUNCTION radioshop.asset_stays_keyed();
COMMENT ON CONSTRAINT asset_not_keyed ON radioshop.asset IS
  'status: it holds keys (key held says which); erase them and record it with key erase or key zeroize before it is retired';

CREATE FUNCTION radioshop.asset_disposal_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM radioshop.retirement r WHERE r.agency_id = NEW.agency_id AND r.asset_id = NEW.asset_id AND r.ended_at IS NULL
      AND r.method IS NOT NULL) THEN
    RAISE EXCEPTION 'nobody said how asset % was disposed of', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_says_how';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_says_how AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status = 'disposed' AND OLD.status <> 'disposed') EXECUTE FUNCTION radioshop.asset_disposal_said();
COMMENT ON CONSTRAINT asset_says_how ON radioshop.asset IS
  'status: retire it, and then say how it was disposed of, with asset dispose';

-- Every retirement is on record, by whatever way. It ends when the asset is in use again, or missing after all; what was disposed of and is here
-- again, but not in use, is retired anew.
CREATE FUNCTION radioshop.retirement_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  reason text;
  note text := '';
BEGIN
  IF OLD.status = 'disposed' OR NEW.status NOT IN ('retired', 'disposed') THEN
    UPDATE radioshop.retirement r SET ended_at = now(), ended_by = radioshop.caller()
      WHERE r.agency_id = NEW.agency_id AND r.asset_id = NEW.asset_id AND r.ended_at IS NULL
      RETURNING r.reason, r.note INTO reason, note;
  ELSIF NEW.status = 'retired' THEN
    SELECT 'beyond_repair', 'ticket ' || t.number INTO reason, note FROM radioshop.ticket t
      WHERE t.agency_id = NEW.agency_id AND t.asset_id = NEW.asset_id AND t.outcome = 'beyond_repair' AND (t.closed_at IS NULL OR t.closed_at = now())
      ORDER BY t.ticket_id DESC LIMIT 1;
  END IF;
  IF NEW.status = 'retired' THEN -- unless the method has written it already
    INSERT INTO radioshop.retirement (agency_id, asset_id, reason, note, retired_on)
      SELECT NEW.agency_id, NEW.asset_id, reason, coalesce(note, ''), radioshop.today(g.time_zone) FROM radioshop.agency g WHERE g.agency_id = NEW.agency_id
      ON CONFLICT (agency_id, asset_id) WHERE ended_at IS NULL DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER retirement_follow AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND (OLD.status IN ('retired', 'disposed') OR NEW.status IN ('retired', 'disposed')))
  EXECUTE FUNCTION radioshop.retirement_follow();

-- What has ended stays as it ended, whatever statement tries.
CREATE FUNCTION radioshop.retirement_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'asset: it is in use again, and what was said of its retirement stays' USING ERRCODE = 'RS412';
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON radioshop.retirement FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION radioshop.retirement_stays();
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.retirement FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.retirement
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('retirement', 'asset_id');

ALTER TABLE radioshop.retirement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY retirement_agency ON radioshop.retirement
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (reason, note, retired_on, method, disposed_on, recipient, proceeds_cents, certificate, disposal_note, disposed_at, disposed_by,
  system, unit_id, ended_at, ended_by) ON radioshop.retirement TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A retirement as a caller sees it, or why not. In step with message Retirement.
CREATE TYPE radioshop.retirement_shown AS (
  refusal text, id uuid, agency text, tag text, serial text, model text, class text, status text, state text, reason text, note text,
  retired_on date, retired_at timestamptz, retired_by text, method text, disposed_on date, recipient text, proceeds_cents bigint, certificate text,
  disposal_note text, disposed_at timestamptz, disposed_by text, system text, unit_id int, ended_at timestamptz, ended_by text, warnings text[],
  revision bigint
);

CREATE FUNCTION radioshop.shown_retirement(agency int, retirement uuid) RETURNS radioshop.retirement_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.retirement_shown;
BEGIN
  SELECT NULL, r.retirement_id, g.code, a.tag, a.serial, coalesce(m.number, ''), a.class, a.status,
      CASE WHEN r.ended_at IS NOT NULL THEN 'ended' WHEN r.method IS NOT NULL THEN 'disposed' ELSE 'retired' END, r.reason, r.note, r.retired_on,
      r.retired_at, r.retired_by, r.method, r.disposed_on, r.recipient, r.proceeds_cents, r.certificate, r.disposal_note, r.disposed_at,
      r.disposed_by, r.system, r.unit_id, r.ended_at, r.ended_by, '{}'::text[], r.revision
    INTO shown
    FROM radioshop.retirement r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      JOIN radioshop.asset a ON a.agency_id = r.agency_id AND a.asset_id = r.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE r.agency_id = shown_retirement.agency AND r.retirement_id = retirement;
  RETURN shown;
END
$$;

-- The retirement that stands of an asset, or else its last one; or by its own UUID.
CREATE FUNCTION radioshop.one_retirement(code text, OUT agency_id int, OUT retirement_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := upper(btrim(coalesce(one_retirement.code, '')));
  it record;
BEGIN
  IF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    SELECT r.agency_id, r.retirement_id INTO one_retirement.agency_id, one_retirement.retirement_id FROM radioshop.retirement r
      WHERE r.agency_id = ANY (radioshop.agencies()) AND r.retirement_id = key::uuid;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;
  it := radioshop.one_asset(btrim(one_retirement.code));
  refusal := it.refusal;
  IF refusal IS NULL THEN
    SELECT r.agency_id, r.retirement_id INTO one_retirement.agency_id, one_retirement.retirement_id FROM radioshop.retirement r
      WHERE r.agency_id = it.agency_id AND r.asset_id = it.asset_id ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT 1;
    IF NOT FOUND THEN
      refusal := (SELECT CASE WHEN a.status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
            format('asset %s:%s was %s before it was kept how; who changed it is among its events', g.code, a.tag, a.status))
          ELSE radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s:%s was never retired', g.code, a.tag)) END
        FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id);
    END IF;
  END IF;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Retired, all or none

CREATE FUNCTION radioshop.retire_assets(assets text[], reason text, note text, retired_on date) RETURNS SETOF radioshop.retirement_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.retirement_shown;
  those record;
  wrong text[];
  today date;
  made record;
BEGIN
  those := radioshop.some_assets(retire_assets.assets);
  shown.refusal := CASE
    WHEN those.refusal IS NOT NULL THEN those.refusal
    WHEN retire_assets.reason IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'reason',
      'say why: end_of_life, end_of_support, beyond_repair, replaced, surplus, lost or other') END;
  IF shown.refusal IS NULL THEN
    PERFORM radioshop.lock_assets(those.assets);
    today := (SELECT radioshop.today(g.time_zone) FROM radioshop.agency g WHERE g.agency_id = those.agency_id);
    wrong := ARRAY(SELECT w.sentence FROM (
        SELECT CASE WHEN a.status IN ('retired', 'disposed') THEN format('asset %s is %s already', a.tag, a.status)
            ELSE radioshop.why_not_retire(a.agency_id, a.asset_id, NULL) END AS sentence, a.tag_key
        FROM radioshop.asset a WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets)) w
      WHERE w.sentence IS NOT NULL ORDER BY w.tag_key);
    shown.refusal := CASE
      WHEN retire_assets.retired_on > today THEN radioshop.refuse('INVALID_ARGUMENT', 'retired_on', format('%s is not yet; today is %s', retire_assets.retired_on, today))
      WHEN cardinality(wrong) > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong)) END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  INSERT INTO radioshop.retirement (agency_id, asset_id, reason, note, retired_on)
    SELECT a.agency_id, a.asset_id, retire_assets.reason, btrim(coalesce(retire_assets.note, ''), E' \t\r\n'), coalesce(retire_assets.retired_on, today)
    FROM unnest(those.assets) WITH ORDINALITY t (asset, place) JOIN radioshop.asset a ON a.agency_id = those.agency_id AND a.asset_id = t.asset ORDER BY t.place;
  UPDATE radioshop.asset a SET status = 'retired' WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets);
  FOR made IN SELECT r.retirement_id, r.asset_id, a.tag FROM radioshop.retirement r JOIN radioshop.asset a ON a.agency_id = r.agency_id AND a.asset_id = r.asset_id
      WHERE r.agency_id = those.agency_id AND r.asset_id = ANY (those.assets) AND r.ended_at IS NULL ORDER BY array_position(those.assets, r.asset_id) LOOP
    shown := radioshop.shown_retirement(those.agency_id, made.retirement_id);
    shown.warnings := ARRAY(SELECT format('asset %s is open in campaign %s; it counts no more there', made.tag, c.code)
        FROM radioshop.campaign_item i JOIN radioshop.campaign c ON c.campaign_id = i.campaign_id
        WHERE i.agency_id = those.agency_id AND i.asset_id = made.asset_id AND i.result IN ('open', 'failed') AND c.ended_at IS NULL ORDER BY c.code)
      || ARRAY(SELECT format('asset %s was missing and may still hold keys of %s', made.tag, radioshop.keyset_name(l.keyset_agency_id, l.keyset_id))
        FROM radioshop.key_load l WHERE l.agency_id = those.agency_id AND l.asset_id = made.asset_id AND l.ended_at IS NULL ORDER BY 1);
    RETURN NEXT shown;
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Disposed of, all or none

-- The i-th of n shares of an amount: equal but for the cents that are left over, which the first ones have.
CREATE FUNCTION radioshop.share_of(cents bigint, n bigint, i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT cents / n + (i <= cents % n)::int
$$;

CREATE FUNCTION radioshop.dispose_assets(assets text[], method text, disposed_on date, recipient text, proceeds_cents bigint, certificate text, note text)
RETURNS SETOF radioshop.retirement_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.retirement_shown;
  those record;
  wrong text[];
  today date;
  day date;
BEGIN
  those := radioshop.some_assets(dispose_assets.assets);
  shown.refusal := CASE
    WHEN those.refusal IS NOT NULL THEN those.refusal
    WHEN dispose_assets.method IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'method',
      'say how: sold, scrapped, destroyed, donated, returned or traded_in') END;
  IF shown.refusal IS NULL THEN
    PERFORM radioshop.lock_assets(those.assets);
    today := (SELECT radioshop.today(g.time_zone) FROM radioshop.agency g WHERE g.agency_id = those.agency_id);
    day := coalesce(dispose_assets.disposed_on, today);
    wrong := ARRAY(SELECT w.sentence FROM (
        SELECT CASE WHEN a.status = 'disposed' THEN format('asset %s is disposed of already', a.tag) || coalesce(format(' (%s, %s)', r.method, r.disposed_on), '')
            WHEN a.status <> 'retired' THEN format('asset %s is %s; retire it first, with asset retire', a.tag, replace(a.status, '_', ' '))
            WHEN day < r.retired_on THEN format('asset %s was retired on %s and is not disposed of before', a.tag, r.retired_on)
            ELSE radioshop.why_not_retire(a.agency_id, a.asset_id, NULL) END AS sentence, a.tag_key
        FROM radioshop.asset a LEFT JOIN radioshop.retirement r ON r.agency_id = a.agency_id AND r.asset_id = a.asset_id AND r.ended_at IS NULL
        WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets)) w
      WHERE w.sentence IS NOT NULL ORDER BY w.tag_key);
    shown.refusal := CASE
      WHEN day > today THEN radioshop.refuse('INVALID_ARGUMENT', 'disposed_on', format('%s is not yet; today is %s', day, today))
      WHEN cardinality(wrong) > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong)) END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  -- What was retired before this was kept has no row yet.
  INSERT INTO radioshop.retirement (agency_id, asset_id, retired_on)
    SELECT those.agency_id, t.asset, day FROM unnest(those.assets) WITH ORDINALITY t (asset, place) ORDER BY t.place
    ON CONFLICT (agency_id, asset_id) WHERE ended_at IS NULL DO NOTHING;
  UPDATE radioshop.retirement r SET method = dispose_assets.method, disposed_on = day, recipient = btrim(coalesce(dispose_assets.recipient, '')),
      proceeds_cents = radioshop.share_of(dispose_assets.proceeds_cents, cardinality(those.assets), array_position(those.assets, r.asset_id)),
      certificate = btrim(coalesce(dispose_assets.certificate, '')), disposal_note = btrim(coalesce(dispose_assets.note, ''), E' \t\r\n'),
      disposed_at = now(), disposed_by = radioshop.caller(), system = CASE WHEN a.unit_id IS NULL THEN '' ELSE a.system END, unit_id = a.unit_id
    FROM radioshop.asset a
    WHERE r.agency_id = those.agency_id AND r.asset_id = ANY (those.assets) AND r.ended_at IS NULL AND a.agency_id = r.agency_id AND a.asset_id = r.asset_id;
  UPDATE radioshop.asset a SET status = 'disposed', unit_id = NULL WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets);
  RETURN QUERY SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.state, s.reason, s.note, s.retired_on, s.retired_at, s.retired_by,
      s.method, s.disposed_on, s.recipient, s.proceeds_cents, s.certificate, s.disposal_note, s.disposed_at, s.disposed_by, s.system, s.unit_id, s.ended_at,
      s.ended_by, s.warnings, s.revision
    FROM radioshop.retirement r CROSS JOIN LATERAL radioshop.shown_retirement(r.agency_id, r.retirement_id) s
    WHERE r.agency_id = those.agency_id AND r.asset_id = ANY (those.assets) AND r.ended_at IS NULL ORDER BY array_position(those.assets, r.asset_id);
END
$$;

-- Corrects what was said, or adds what came later, such as the certificate.
CREATE FUNCTION radioshop.update_retirement(retirement text, mask text[], revision bigint, reason text, note text, retired_on date, method text,
  disposed_on date, recipient text, proceeds_cents bigint, certificate text, disposal_note text) RETURNS radioshop.retirement_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.retirement_shown;
  it record;
  now_is record;
  of_disposal constant text[] := '{method,disposed_on,recipient,proceeds_cents,certificate,disposal_note}';
BEGIN
  it := radioshop.one_retirement(update_retirement.retirement);
  SELECT r.revision, r.method, r.ended_at, a.tag, radioshop.today(g.time_zone) AS today INTO now_is
    FROM radioshop.retirement r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      JOIN radioshop.asset a ON a.agency_id = r.agency_id AND a.asset_id = r.asset_id
    WHERE r.agency_id = it.agency_id AND r.retirement_id = it.retirement_id FOR NO KEY UPDATE OF r;
  shown.refusal := coalesce(it.refusal, radioshop.refuse_update(mask, '{reason,note,retired_on}'::text[] || of_disposal, update_retirement.revision,
    now_is.revision, format('the retirement of asset %s', now_is.tag)), CASE
    WHEN now_is.ended_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s is in use again, and what was said of its retirement stays', now_is.tag))
    WHEN now_is.method IS NULL AND mask && of_disposal THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s is not disposed of yet; say so with asset dispose', now_is.tag))
    WHEN 'reason' = ANY (mask) AND update_retirement.reason IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why it was retired')
    WHEN 'method' = ANY (mask) AND update_retirement.method IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'method', 'say how it was disposed of')
    WHEN 'retired_on' = ANY (mask) AND coalesce(update_retirement.retired_on > now_is.today, true) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'retired_on', format('give a day until today, %s', now_is.today))
    WHEN 'disposed_on' = ANY (mask) AND coalesce(update_retirement.disposed_on > now_is.today, true) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'disposed_on', format('give a day until today, %s', now_is.today)) END);
  IF shown.refusal IS NULL THEN
    UPDATE radioshop.retirement r SET
        reason = CASE WHEN 'reason' = ANY (mask) THEN update_retirement.reason ELSE r.reason END,
        note = CASE WHEN 'note' = ANY (mask) THEN btrim(coalesce(update_retirement.note, ''), E' \t\r\n') ELSE r.note END,
        retired_on = CASE WHEN 'retired_on' = ANY (mask) THEN update_retirement.retired_on ELSE r.retired_on END,
        method = CASE WHEN 'method' = ANY (mask) THEN update_retirement.method ELSE r.method END,
        disposed_on = CASE WHEN 'disposed_on' = ANY (mask) THEN update_retirement.disposed_on ELSE r.disposed_on END,
        recipient = CASE WHEN 'recipient' = ANY (mask) THEN btrim(coalesce(update_retirement.recipient, '')) ELSE r.recipient END,
        proceeds_cents = CASE WHEN 'proceeds_cents' = ANY (mask) THEN update_retirement.proceeds_cents ELSE r.proceeds_cents END,
        certificate = CASE WHEN 'certificate' = ANY (mask) THEN btrim(coalesce(update_retirement.certificate, '')) ELSE r.certificate END,
        disposal_note = CASE WHEN 'disposal_note' = ANY (mask) THEN btrim(coalesce(update_retirement.disposal_note, ''), E' \t\r\n') ELSE r.disposal_note END
      WHERE r.agency_id = it.agency_id AND r.retirement_id = it.retirement_id;
    shown := radioshop.shown_retirement(it.agency_id, it.retirement_id);
  END IF;
  RETURN shown;
END
$$;

UPDATE radioshop.schema_version SET version = 45;

COMMIT;
