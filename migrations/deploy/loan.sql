-- Deploy radioshop:loan to pg
--
-- What is lent: who has an asset, until when, and how it came back. A loan belongs to the agency that owns the asset; where the borrower is
-- of another agency, that agency sees the loan and nothing else of the owner, which is why a loan keeps the tag, the model and the codes of
-- both as they were when it went out. What the ticket's side knows, that its radio has a loaner and that the repair is over, is a row of the
-- ticket's agency: neither side writes into the records of the other. A radio in repair stays assigned to whom it is assigned to.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Rules that are dates

-- The last day of a loan. A loaner, from the pool or for a radio in repair, is lent for three months at most; anything else for a year.
CREATE FUNCTION radioshop.loan_latest(out_on date, loaner boolean) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (out_on + CASE WHEN loaner THEN interval '3 months' ELSE interval '1 year' END)::date;
END
$$;

-- When it is due: as agreed, or a week after the repair was over, whichever is first. over_on: NULL while there is a repair, or none.
CREATE FUNCTION radioshop.loan_due(due_on date, over_on date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(due_on, over_on + 7)
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.loaner (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  note text NOT NULL DEFAULT '',
  added_by text NOT NULL DEFAULT radioshop.caller(),
  added_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT loaner_pkey PRIMARY KEY (agency_id, asset_id),
  CONSTRAINT loaner_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT loaner_note_form CHECK (radioshop.is_line(note, 200))
);
COMMENT ON TABLE radioshop.loaner IS 'the pool of an agency: what is there to be lent, also to other agencies';
COMMENT ON CONSTRAINT loaner_pkey ON radioshop.loaner IS 'asset: it is in the pool of loaners already';
COMMENT ON CONSTRAINT loaner_asset_known ON radioshop.loaner IS 'asset: no such asset';
COMMENT ON CONSTRAINT loaner_note_form ON radioshop.loaner IS 'note: a note is one line of at most 200 characters';

CREATE TABLE radioshop.loan (
  agency_id int NOT NULL,
  loan_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  lender text COLLATE "C" NOT NULL,
  tag text NOT NULL,
  tag_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(tag)) STORED,
  serial text NOT NULL,
  model text NOT NULL,
  borrower_id int NOT NULL,
  borrower_agency text COLLATE "C" NOT NULL,
  borrower text NOT NULL,
  badge text NOT NULL DEFAULT '',
  unit text NOT NULL DEFAULT '',
  purpose text NOT NULL,
  ticket text COLLATE "C" NOT NULL DEFAULT '',
  loaner boolean NOT NULL,
  out_at timestamptz NOT NULL DEFAULT now(),
  out_by text NOT NULL DEFAULT radioshop.caller(),
  out_on date NOT NULL,
  due_on date NOT NULL,
  reason text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  in_at timestamptz,
  in_by text NOT NULL DEFAULT '',
  in_on date,
  condition text,
  return_note text NOT NULL DEFAULT '',
  damage_ticket_id uuid,
  status_before text NOT NULL,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT loan_pkey PRIMARY KEY (agency_id, loan_id),
  CONSTRAINT loan_of_borrower UNIQUE (agency_id, loan_id, borrower_id),
  CONSTRAINT loan_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT loan_borrower_known FOREIGN KEY (borrower_id) REFERENCES radioshop.agency (agency_id),
  CONSTRAINT loan_damage_known FOREIGN KEY (agency_id, damage_ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  CONSTRAINT loan_borrower_form CHECK (borrower <> '' AND radioshop.is_line(borrower, 120)),
  CONSTRAINT loan_badge_form CHECK (radioshop.is_line(badge, 64)),
  CONSTRAINT loan_unit_form CHECK (radioshop.is_line(unit, 64)),
  CONSTRAINT loan_purpose_known CHECK (purpose IN ('repair', 'event', 'training', 'other')),
  CONSTRAINT loan_ticket_fits CHECK ((ticket <> '') = (purpose = 'repair')),
  CONSTRAINT loan_agency_fits CHECK (loaner OR (ticket = '' AND borrower_id = agency_id)),
  CONSTRAINT loan_due_on_fits CHECK (due_on >= out_on AND due_on <= radioshop.loan_latest(out_on, loaner)),
  CONSTRAINT loan_reason_form CHECK (radioshop.is_line(reason, 500)),
  CONSTRAINT loan_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT loan_in_fits CHECK ((in_at IS NOT NULL) = (in_on IS NOT NULL) AND (in_at IS NOT NULL) = (condition IS NOT NULL)),
  CONSTRAINT loan_condition_known CHECK (condition IN ('good', 'damaged', 'incomplete', 'lost')),
  CONSTRAINT loan_return_note_form CHECK (radioshop.is_text(return_note, 2000)),
  CONSTRAINT loan_damage_fits CHECK (damage_ticket_id IS NULL OR condition IN ('good', 'damaged', 'incomplete'))
);
COMMENT ON COLUMN radioshop.loan.ticket IS 'number of the ticket of the borrower''s agency; see ticket_loaner';
COMMENT ON COLUMN radioshop.loan.loaner IS 'from the pool, or for a radio in repair: three months at most';
COMMENT ON COLUMN radioshop.loan.due_on IS 'as agreed; see loan_due()';
COMMENT ON COLUMN radioshop.loan.reason IS 'why it was lent for longer, last';
COMMENT ON COLUMN radioshop.loan.status_before IS 'status that the asset gets back';
COMMENT ON CONSTRAINT loan_of_borrower ON radioshop.loan IS 'loan: there is such a loan already';
COMMENT ON CONSTRAINT loan_asset_known ON radioshop.loan IS 'asset: no such asset';
COMMENT ON CONSTRAINT loan_borrower_known ON radioshop.loan IS 'borrower_agency: no agency has this code';
COMMENT ON CONSTRAINT loan_damage_known ON radioshop.loan IS 'problem: no such ticket';
COMMENT ON CONSTRAINT loan_borrower_form ON radioshop.loan IS 'borrower: say who gets it, on one line of at most 120 characters';
COMMENT ON CONSTRAINT loan_badge_form ON radioshop.loan IS 'badge: a badge number is one line of at most 64 characters';
COMMENT ON CONSTRAINT loan_unit_form ON radioshop.loan IS 'unit: a unit is one line of at most 64 characters';
COMMENT ON CONSTRAINT loan_purpose_known ON radioshop.loan IS 'purpose: an asset is lent for a repair, an event, a training or something other';
COMMENT ON CONSTRAINT loan_ticket_fits ON radioshop.loan IS 'ticket: a loan for a repair names its ticket, and no other does';
COMMENT ON CONSTRAINT loan_agency_fits ON radioshop.loan IS 'asset: only loaners go to other agencies';
COMMENT ON CONSTRAINT loan_due_on_fits ON radioshop.loan IS
  'due_on: a loaner is lent from today on for three months at most, anything else for a year';
COMMENT ON CONSTRAINT loan_reason_form ON radioshop.loan IS 'reason: a reason is one line of at most 500 characters';
COMMENT ON CONSTRAINT loan_note_form ON radioshop.loan IS 'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT loan_in_fits ON radioshop.loan IS 'condition: what came back came back somehow, and nothing else did';
COMMENT ON CONSTRAINT loan_condition_known ON radioshop.loan IS 'condition: it comes back good, damaged or incomplete, or is lost';
COMMENT ON CONSTRAINT loan_return_note_form ON radioshop.loan IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT loan_damage_fits ON radioshop.loan IS 'problem: what did not come back is not repaired';
CREATE UNIQUE INDEX loan_one_open ON radioshop.loan (agency_id, asset_id) WHERE in_at IS NULL;
COMMENT ON INDEX radioshop.loan_one_open IS 'asset: it is lent already';
CREATE UNIQUE INDEX loan_one_open_of_ticket ON radioshop.loan (borrower_id, ticket) WHERE in_at IS NULL AND ticket <> '';
COMMENT ON INDEX radioshop.loan_one_open_of_ticket IS 'ticket: there is a loaner for it already';
CREATE INDEX loan_by_time ON radioshop.loan (agency_id, out_at DESC, loan_id DESC);
CREATE INDEX loan_open_by_time ON radioshop.loan (agency_id, out_at DESC, loan_id DESC) WHERE in_at IS NULL;
CREATE INDEX loan_borrowed_by_time ON radioshop.loan (borrower_id, out_at DESC, loan_id DESC) WHERE borrower_id <> agency_id;
CREATE INDEX loan_by_asset ON radioshop.loan (agency_id, asset_id, out_at DESC, loan_id DESC);
CREATE INDEX loan_by_ticket ON radioshop.loan (borrower_id, ticket, out_at DESC, loan_id DESC) WHERE ticket <> '';
-- A whole code is found without the agency first, as codes of assets are.
CREATE INDEX loan_by_id ON radioshop.loan (loan_id);
CREATE INDEX loan_by_tag ON radioshop.loan (tag_key) WHERE borrower_id <> agency_id;

CREATE TABLE radioshop.ticket_loaner (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  lender_id int NOT NULL,
  loan_id uuid NOT NULL,
  over_on date,
  CONSTRAINT ticket_loaner_pkey PRIMARY KEY (agency_id, ticket_id, loan_id),
  CONSTRAINT ticket_loaner_loan_once UNIQUE (agency_id, lender_id, loan_id),
  CONSTRAINT ticket_loaner_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  CONSTRAINT ticket_loaner_loan_known FOREIGN KEY (lender_id, loan_id, agency_id) REFERENCES radioshop.loan (agency_id, loan_id, borrower_id)
);
COMMENT ON TABLE radioshop.ticket_loaner IS 'what the agency of a ticket knows of a loan: that it is for this ticket, and since when the repair is over';
COMMENT ON CONSTRAINT ticket_loaner_loan_once ON radioshop.ticket_loaner IS 'ticket: the loan is for another ticket';
CREATE INDEX ticket_loaner_by_loan ON radioshop.ticket_loaner (lender_id, loan_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Guards

-- What goes out is there to be lent, and is in service while it is out; what comes back has the status it had before, or is missing.
CREATE FUNCTION radioshop.loan_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  status text;
  wanted text;
BEGIN
  SELECT a.status INTO status FROM radioshop.asset a WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id FOR NO KEY UPDATE;
  IF TG_OP = 'INSERT' THEN
    IF status NOT IN ('in_service', 'spare') OR EXISTS (SELECT FROM radioshop.ticket t
        WHERE t.agency_id = NEW.agency_id AND t.asset_id = NEW.asset_id AND t.closed_at IS NULL)
      OR (NEW.borrower_id <> NEW.agency_id AND NOT EXISTS (SELECT FROM radioshop.loaner p
        WHERE p.agency_id = NEW.agency_id AND p.asset_id = NEW.asset_id)) THEN
      RAISE EXCEPTION 'asset % cannot be lent', NEW.tag USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'loan', CONSTRAINT = 'loan_may_go_out';
    END IF;
    NEW.status_before := status;
    wanted := 'in_service';
  ELSIF OLD.in_at IS NOT NULL THEN
    IF (OLD.due_on, OLD.reason, OLD.in_at, OLD.in_by, OLD.in_on, OLD.condition, OLD.return_note) IS DISTINCT FROM
        (NEW.due_on, NEW.reason, NEW.in_at, NEW.in_by, NEW.in_on, NEW.condition, NEW.return_note) OR OLD.damage_ticket_id IS NOT NULL THEN
      RAISE EXCEPTION 'the loan of asset % is over', NEW.tag USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'loan', CONSTRAINT = 'loan_stays_over';
    END IF;
  ELSIF NEW.in_at IS NOT NULL AND status IN ('in_service', 'spare', 'missing') THEN
    wanted := CASE WHEN NEW.condition = 'lost' THEN 'missing' ELSE NEW.status_before END;
  END IF;
  IF wanted <> status THEN
    UPDATE radioshop.asset a SET status = wanted WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE INSERT OR UPDATE ON radioshop.loan FOR EACH ROW EXECUTE FUNCTION radioshop.loan_follow();
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.loan FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.loan
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('loan', 'loan_id', 'tag_key', 'status_before');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.loaner
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('loaner', 'asset_id');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.ticket_loaner
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_loaner', 'ticket_id');

-- What is lent is taken in before it is retired, whatever statement retires it.
CREATE FUNCTION radioshop.asset_stays_lent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.loan l WHERE l.agency_id = NEW.agency_id AND l.asset_id = NEW.asset_id AND l.in_at IS NULL) THEN
    RAISE EXCEPTION 'asset % is lent', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_lent';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_lent AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status IN ('retired', 'disposed') AND OLD.status NOT IN ('retired', 'disposed')) EXECUTE FUNCTION radioshop.asset_stays_lent();
COMMENT ON CONSTRAINT asset_not_lent ON radioshop.asset IS 'status: it is lent; take it in with loan return before it is retired';

-- When the repair is over, its loaner is due within a week, and the ticket says that it is still out. When it is taken up again, so is the loan.
CREATE FUNCTION radioshop.ticket_keep_loaner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  over constant boolean := NEW.state IN ('returned', 'closed', 'cancelled');
  lent record;
BEGIN
  IF over = (OLD.state IN ('returned', 'closed', 'cancelled')) THEN
    RETURN NULL;
  END IF;
  FOR lent IN
    UPDATE radioshop.ticket_loaner x SET over_on = CASE WHEN over THEN radioshop.today(g.time_zone) END
      FROM radioshop.agency g, radioshop.loan l
      WHERE x.agency_id = NEW.agency_id AND x.ticket_id = NEW.ticket_id AND g.agency_id = x.agency_id
        AND l.agency_id = x.lender_id AND l.loan_id = x.loan_id AND l.in_at IS NULL
      RETURNING l.lender, l.tag, l.borrower, radioshop.loan_due(l.due_on, x.over_on) AS due_on
  LOOP
    IF over THEN
      PERFORM radioshop.add_entry(NEW.agency_id, NEW.ticket_id, 'note', format('loaner %s:%s is still out with %s; it is due back on %s',
        lent.lender, lent.tag, lent.borrower, lent.due_on), 0, 0, NULL);
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER keep_loaner AFTER UPDATE OF state ON radioshop.ticket FOR EACH ROW WHEN (OLD.state <> NEW.state)
  EXECUTE FUNCTION radioshop.ticket_keep_loaner();

ALTER TABLE radioshop.loaner ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY loaner_agency ON radioshop.loaner
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.loan ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY loan_agency ON radioshop.loan
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY loan_borrowed ON radioshop.loan FOR SELECT
  USING (borrower_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.ticket_loaner ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_loaner_agency ON radioshop.ticket_loaner
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY ticket_loaner_lent ON radioshop.ticket_loaner FOR SELECT
  USING (lender_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, DELETE ON radioshop.loaner TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (due_on, reason, in_at, in_by, in_on, condition, return_note, damage_ticket_id) ON radioshop.loan TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (over_on) ON radioshop.ticket_loaner TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A loan as a caller sees it, or why not. In step with message Loan. What is asked of the owner's register is shown to the owner only.
CREATE TYPE radioshop.loan_shown AS (
  refusal text, id uuid, agency text, tag text, serial text, model text, borrower text, badge text, unit text, borrower_agency text,
  purpose text, ticket text, out_at timestamptz, out_by text, out_on date, due_on date, latest_on date, reason text, note text,
  in_at timestamptz, in_by text, condition text, return_note text, damage_ticket text, days_out int, days_late int, revision bigint
);

CREATE FUNCTION radioshop.shown_loan(agency int, loan uuid) RETURNS radioshop.loan_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.loan_shown;
BEGIN
  SELECT NULL, l.loan_id, l.lender, coalesce(a.tag, l.tag), l.serial, l.model, l.borrower, l.badge, l.unit, l.borrower_agency, l.purpose,
      l.ticket, l.out_at, l.out_by, l.out_on, d.due_on, radioshop.loan_due(radioshop.loan_latest(l.out_on, l.loaner), x.over_on), l.reason, l.note,
      l.in_at, l.in_by, l.condition, l.return_note, coalesce(t.number, ''), d.until - l.out_on, greatest(d.until - d.due_on, 0), l.revision
    INTO shown
    FROM radioshop.loan l
      LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
      LEFT JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = l.agency_id AND t.ticket_id = l.damage_ticket_id
      LEFT JOIN radioshop.agency g ON g.agency_id = l.agency_id
      LEFT JOIN radioshop.agency b ON b.agency_id = l.borrower_id
      CROSS JOIN LATERAL (SELECT radioshop.loan_due(l.due_on, x.over_on) AS due_on,
        coalesce(l.in_on, radioshop.today(coalesce(g.time_zone, b.time_zone))) AS until) d
    WHERE l.agency_id = agency AND l.loan_id = loan;
  RETURN shown;
END
$$;

-- The loan that a code means: its UUID; any code on the asset, which means its open loan or else its last; the number of a ticket, likewise;
-- and for who has borrowed it and does not see the asset, the tag it was lent with.
CREATE FUNCTION radioshop.one_loan(code text, OUT agency_id int, OUT loan_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  scope constant int[] := radioshop.agencies();
  key constant text := upper(btrim(coalesce(one_loan.code, '')));
  of_asset record;
BEGIN
  IF key = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'loan', 'give a code on the asset that is lent, the number of the ticket, or the UUID of the loan');
    RETURN;
  ELSIF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    SELECT l.agency_id, l.loan_id INTO one_loan.agency_id, one_loan.loan_id FROM radioshop.loan l
      WHERE l.loan_id = key::uuid AND (l.agency_id = ANY (scope) OR l.borrower_id = ANY (scope));
  END IF;
  IF one_loan.loan_id IS NULL THEN
    of_asset := radioshop.one_asset(btrim(one_loan.code));
    IF split_part(of_asset.refusal, chr(31), 1) = 'INVALID_ARGUMENT' THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', 'loan', split_part(of_asset.refusal, chr(31), 3));
      RETURN;
    END IF;
    SELECT l.agency_id, l.loan_id INTO one_loan.agency_id, one_loan.loan_id FROM radioshop.loan l
      WHERE l.agency_id = of_asset.agency_id AND l.asset_id = of_asset.asset_id
      ORDER BY l.in_at IS NOT NULL, l.out_at DESC, l.loan_id DESC LIMIT 1;
  END IF;
  IF one_loan.loan_id IS NULL THEN
    SELECT l.agency_id, l.loan_id INTO one_loan.agency_id, one_loan.loan_id FROM radioshop.find_ticket(key) f
      JOIN radioshop.ticket_loaner x ON x.agency_id = f.agency_id AND x.ticket_id = f.ticket_id
      JOIN radioshop.loan l ON l.agency_id = x.lender_id AND l.loan_id = x.loan_id
      ORDER BY l.in_at IS NOT NULL, l.out_at DESC, l.loan_id DESC LIMIT 1;
  END IF;
  IF one_loan.loan_id IS NULL THEN
    SELECT l.agency_id, l.loan_id INTO one_loan.agency_id, one_loan.loan_id FROM radioshop.loan l
      WHERE l.borrower_id = ANY (scope) AND l.borrower_id <> l.agency_id
        AND (l.tag_key = key OR (l.tag_key = substr(key, strpos(key, ':') + 1) AND l.lender = split_part(key, ':', 1)))
      ORDER BY l.in_at IS NOT NULL, l.out_at DESC, l.loan_id DESC LIMIT 1;
  END IF;
  IF one_loan.loan_id IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', 'loan', format('nothing with the code %s is or was lent', btrim(one_loan.code)));
  END IF;
END
$$;

-- Locks the assets in one order, so that two benches that lend each other's radios do not wait for each other.
CREATE FUNCTION radioshop.lock_assets(assets uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM radioshop.asset a WHERE a.agency_id = ANY (radioshop.agencies()) AND a.asset_id = ANY (assets) ORDER BY a.asset_id FOR NO KEY UPDATE;
END
$$;

-- The refusal when an asset is not there to be lent; NULL when it is.
CREATE FUNCTION radioshop.refuse_lending(agency int, asset uuid) RETURNS text LANGUAGE plpgsql AS $$
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

-- The refusal when an asset is lent and so is not retired; NULL when it may be.
CREATE FUNCTION radioshop.refuse_retiring(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is lent to %s since %s; take it in with loan return before it is retired', l.lender, l.tag, l.borrower, l.out_on))
    FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL);
END
$$;

-- The same for the asset of a ticket that is to be retired with it.
CREATE FUNCTION radioshop.refuse_retiring_with(ticket text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse_retiring(t.agency_id, t.asset_id, 'retire_asset') FROM radioshop.find_ticket(ticket) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id);
END
$$;

-- The loaner that is out for a ticket, and when it is due; empty and NULL when none is. Sees what the same statement has just done.
CREATE FUNCTION radioshop.loaner_of(agency text, ticket uuid, OUT loaner text, OUT due_on date) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  SELECT l.lender || ':' || l.tag, radioshop.loan_due(l.due_on, x.over_on) INTO loaner_of.loaner, loaner_of.due_on
    FROM radioshop.agency g JOIN radioshop.ticket_loaner x ON x.agency_id = g.agency_id AND x.ticket_id = loaner_of.ticket
      JOIN radioshop.loan l ON l.agency_id = x.lender_id AND l.loan_id = x.loan_id AND l.in_at IS NULL
    WHERE g.code = loaner_of.agency AND g.agency_id = ANY (radioshop.agencies());
  loaner := coalesce(loaner, '');
END
$$;

-- Who has an asset, in words, where that is not simply whom it is assigned to: in repair, with which loaner, or lent.
CREATE FUNCTION radioshop.custody_of(agency int, asset uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
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

-- The loan that a code means, locked behind its asset (and behind the radio in repair and its ticket, where the caller sees them), or the
-- refusal. Only who works for the agency that owns the asset changes a loan.
CREATE FUNCTION radioshop.loan_to_change(code text, expected bigint, OUT agency_id int, OUT loan_id uuid, OUT asset_id uuid, OUT tag text,
  OUT borrower text, OUT due_on date, OUT latest_on date, OUT over_on date, OUT today date, OUT ticket_agency int, OUT ticket_id uuid, OUT refusal text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_loan record;
  it record;
BEGIN
  found_loan := radioshop.one_loan(loan_to_change.code);
  refusal := found_loan.refusal;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT l.agency_id, l.loan_id, l.asset_id, l.lender || ':' || l.tag AS tag, l.borrower, t.agency_id AS ticket_agency, t.ticket_id, t.asset_id AS repaired
    INTO it
    FROM radioshop.loan l
      LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = x.agency_id AND t.ticket_id = x.ticket_id
    WHERE l.agency_id = found_loan.agency_id AND l.loan_id = found_loan.loan_id;
  IF it.agency_id <> ALL (radioshop.agencies()) THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', 'loan', format('%s is lent by another agency; it says how long, and takes it in', it.tag));
    RETURN;
  END IF;
  PERFORM radioshop.lock_assets(ARRAY[it.asset_id, it.repaired]);
  PERFORM 1 FROM radioshop.ticket t WHERE t.agency_id = it.ticket_agency AND t.ticket_id = it.ticket_id FOR NO KEY UPDATE;
  agency_id := it.agency_id;
  loan_id := it.loan_id;
  asset_id := it.asset_id;
  tag := it.tag;
  borrower := it.borrower;
  ticket_agency := it.ticket_agency;
  ticket_id := it.ticket_id;
  PERFORM 1 FROM radioshop.loan l WHERE l.agency_id = it.agency_id AND l.loan_id = it.loan_id FOR NO KEY UPDATE;
  SELECT radioshop.loan_due(l.due_on, x.over_on), radioshop.loan_due(radioshop.loan_latest(l.out_on, l.loaner), x.over_on), x.over_on,
      radioshop.today(g.time_zone),
      CASE WHEN coalesce(expected, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision',
          format('give the revision you have read; the loan of %s is at %s', it.tag, l.revision))
        WHEN expected <> l.revision THEN radioshop.refuse('ABORTED', 'revision',
          format('the loan of %s has moved on to revision %s; read it again', it.tag, l.revision))
        WHEN l.in_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'loan',
          format('%s came back on %s; it is not lent any more', it.tag, l.in_on)) END
    INTO loan_to_change.due_on, loan_to_change.latest_on, loan_to_change.over_on, loan_to_change.today, loan_to_change.refusal
    FROM radioshop.loan l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
    WHERE l.agency_id = it.agency_id AND l.loan_id = it.loan_id;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods that write

CREATE FUNCTION radioshop.issue_loan(asset text, ticket text, borrower text, badge text, unit text, borrower_agency text, purpose text,
  due_on date, note text) RETURNS radioshop.loan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.loan_shown;
  lent record;
  repair record;
  it record;
  place record;
  asked constant text := upper(btrim(coalesce(issue_loan.borrower_agency, '')));
  for_ticket constant boolean := btrim(coalesce(issue_loan.ticket, '')) <> '';
  reason constant text := coalesce(issue_loan.purpose, CASE WHEN for_ticket THEN 'repair' ELSE 'other' END);
  who text := btrim(coalesce(issue_loan.borrower, ''));
  until date;
  latest date;
  made constant uuid := radioshop.uuid_v7();
BEGIN
  lent := radioshop.one_asset(issue_loan.asset);
  shown.refusal := lent.refusal;
  SELECT NULL::int AS agency_id, NULL::uuid AS asset_id, '' AS number, '' AS state, '' AS code, '' AS loaner INTO repair; -- of no ticket
  IF shown.refusal IS NULL AND for_ticket THEN
    SELECT t.agency_id, t.ticket_id, t.asset_id INTO repair FROM radioshop.find_ticket(issue_loan.ticket) f
      JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id;
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', btrim(issue_loan.ticket)));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.lock_assets(ARRAY[lent.asset_id, repair.asset_id]);
  IF for_ticket THEN
    PERFORM 1 FROM radioshop.ticket t WHERE t.agency_id = repair.agency_id AND t.ticket_id = repair.ticket_id FOR NO KEY UPDATE;
    SELECT t.agency_id, t.ticket_id, t.number, t.state, g.code, a.assigned_to, o.loaner INTO repair
      FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
        JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
        CROSS JOIN LATERAL radioshop.loaner_of(g.code, t.ticket_id) o
      WHERE t.agency_id = repair.agency_id AND t.ticket_id = repair.ticket_id;
    who := coalesce(nullif(who, ''), repair.assigned_to);
  END IF;
  SELECT a.agency_id, a.tag, a.serial, coalesce(m.number, '') AS model, g.code, radioshop.today(g.time_zone) AS today,
      EXISTS (SELECT FROM radioshop.loaner p WHERE p.agency_id = a.agency_id AND p.asset_id = a.asset_id) AS pooled INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE a.agency_id = lent.agency_id AND a.asset_id = lent.asset_id;
  SELECT g.agency_id, g.code INTO place FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
    AND g.code = coalesce(nullif(asked, ''), CASE WHEN for_ticket THEN repair.code ELSE it.code END);
  latest := radioshop.loan_latest(it.today, it.pooled OR for_ticket);
  until := coalesce(issue_loan.due_on, CASE WHEN for_ticket THEN latest END);
  shown.refusal := CASE
    WHEN place.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'borrower_agency', format('no agency has the code %s', asked))
    WHEN for_ticket AND place.agency_id <> repair.agency_id THEN radioshop.refuse('INVALID_ARGUMENT', 'borrower_agency',
      format('ticket %s is of %s; a loaner for it goes there', repair.number, repair.code))
    WHEN for_ticket AND reason <> 'repair' THEN radioshop.refuse('INVALID_ARGUMENT', 'purpose', 'what is lent for a ticket is lent for its repair')
    WHEN NOT for_ticket AND reason = 'repair' THEN radioshop.refuse('INVALID_ARGUMENT', 'ticket', 'name the ticket of the radio that is in repair')
    WHEN for_ticket AND repair.state IN ('returned', 'closed', 'cancelled') THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('ticket %s is %s; a loaner is for a radio in repair', repair.number, repair.state))
    WHEN for_ticket AND repair.loaner <> '' THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('loaner %s is out for ticket %s; take it in with loan return first', repair.loaner, repair.number))
    WHEN who = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'borrower', CASE WHEN for_ticket THEN
      format('say who gets it; the radio of ticket %s is assigned to nobody', repair.number) ELSE 'say who gets it' END)
    WHEN radioshop.refuse_lending(it.agency_id, lent.asset_id) IS NOT NULL THEN radioshop.refuse_lending(it.agency_id, lent.asset_id)
    WHEN place.agency_id <> it.agency_id AND NOT it.pooled THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s:%s is not in the pool of loaners, and only those go to other agencies; add it with loaner add', it.code, it.tag))
    WHEN until IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('say until when it is lent; the latest is %s', latest))
    WHEN until < it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('give a day from today, %s, to %s', it.today, latest))
    WHEN until > latest THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('%s is lent for %s at most: until %s', it.code || ':' || it.tag,
      CASE WHEN it.pooled OR for_ticket THEN 'the repair or three months' ELSE 'a year' END, latest))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.loan (agency_id, loan_id, asset_id, lender, tag, serial, model, borrower_id, borrower_agency, borrower, badge, unit, purpose,
      ticket, loaner, out_on, due_on, note)
    VALUES (it.agency_id, made, lent.asset_id, it.code, it.tag, it.serial, it.model, place.agency_id, place.code, who,
      btrim(coalesce(issue_loan.badge, '')), btrim(coalesce(issue_loan.unit, '')), reason, CASE WHEN for_ticket THEN repair.number ELSE '' END,
      it.pooled OR for_ticket, it.today, until, btrim(coalesce(issue_loan.note, ''), E' \t\r\n'));
  IF for_ticket THEN
    INSERT INTO radioshop.ticket_loaner (agency_id, ticket_id, lender_id, loan_id) VALUES (repair.agency_id, repair.ticket_id, it.agency_id, made);
    PERFORM radioshop.add_entry(repair.agency_id, repair.ticket_id, 'note',
      format('loaner %s:%s issued to %s until %s', it.code, it.tag, who, until), 0, 0, NULL);
  END IF;
  RETURN radioshop.shown_loan(it.agency_id, made);
END
$$;

CREATE FUNCTION radioshop.extend_loan(loan text, revision bigint, due_on date, reason text) RETURNS radioshop.loan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.loan_shown;
  it record;
BEGIN
  it := radioshop.loan_to_change(extend_loan.loan, extend_loan.revision);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN btrim(coalesce(extend_loan.reason, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why it is lent for longer')
    WHEN extend_loan.due_on IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('say until when; the latest is %s', it.latest_on))
    WHEN extend_loan.due_on > it.latest_on AND it.over_on IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on',
      format('the repair was over on %s; the latest is %s', it.over_on, it.latest_on))
    WHEN extend_loan.due_on > it.latest_on THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('the longest period ends on %s', it.latest_on))
    WHEN extend_loan.due_on <= it.due_on OR extend_loan.due_on < it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on',
      format('it is due on %s already; give a later day, from today on, until %s', it.due_on, it.latest_on))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.loan l SET due_on = extend_loan.due_on, reason = btrim(extend_loan.reason) WHERE l.agency_id = it.agency_id AND l.loan_id = it.loan_id;
  RETURN radioshop.shown_loan(it.agency_id, it.loan_id);
END
$$;

-- Takes it in. With a problem, a ticket is opened for it at the bench, or nothing is done at all.
CREATE FUNCTION radioshop.return_loan(loan text, revision bigint, condition text, note text, problem text) RETURNS radioshop.loan_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.loan_shown;
  it record;
  opened record;
  came constant text := coalesce(return_loan.condition, CASE WHEN btrim(coalesce(return_loan.problem, ''), E' \t\r\n') = '' THEN 'good' ELSE 'damaged' END);
BEGIN
  it := radioshop.loan_to_change(return_loan.loan, return_loan.revision);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN btrim(coalesce(return_loan.problem, ''), E' \t\r\n') = '' THEN NULL
    WHEN came = 'lost' THEN radioshop.refuse('INVALID_ARGUMENT', 'problem', 'what is lost is not repaired; say what happened in the note')
    ELSE radioshop.refuse_second_ticket(it.agency_id, it.asset_id, 'problem') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  BEGIN
    UPDATE radioshop.loan l SET in_at = now(), in_by = radioshop.caller(), in_on = it.today, condition = came,
        return_note = btrim(coalesce(return_loan.note, ''), E' \t\r\n') WHERE l.agency_id = it.agency_id AND l.loan_id = it.loan_id;
    IF it.ticket_id IS NOT NULL THEN
      PERFORM radioshop.add_entry(it.ticket_agency, it.ticket_id, 'note', format('loaner %s is back from %s: %s', it.tag, it.borrower, came), 0, 0, NULL);
    END IF;
    IF btrim(coalesce(return_loan.problem, ''), E' \t\r\n') <> '' THEN
      opened := radioshop.open_ticket(it.asset_id::text, return_loan.problem, 'normal', true);
      IF opened.refusal IS NOT NULL THEN
        RAISE EXCEPTION 'the ticket is refused' USING ERRCODE = 'RS000';
      END IF;
      UPDATE radioshop.loan l SET damage_ticket_id = opened.id WHERE l.agency_id = it.agency_id AND l.loan_id = it.loan_id;
    END IF;
  EXCEPTION WHEN SQLSTATE 'RS000' THEN
    shown.refusal := opened.refusal;
    RETURN shown;
  END;
  RETURN radioshop.shown_loan(it.agency_id, it.loan_id);
END
$$;

-- As open_ticket(), and the loaner with it, or neither.
CREATE FUNCTION radioshop.open_ticket_with_loaner(asset text, problem text, priority text, received boolean, problem_code text, loaner text,
  borrower text, due_on date) RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  lent record;
  broken record;
BEGIN
  IF btrim(coalesce(open_ticket_with_loaner.loaner, '')) = '' THEN
    shown.refusal := CASE WHEN btrim(coalesce(open_ticket_with_loaner.borrower, '')) <> '' OR open_ticket_with_loaner.due_on IS NOT NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'loaner', 'say which loaner is issued') END;
    IF shown.refusal IS NULL THEN
      shown := radioshop.open_ticket(open_ticket_with_loaner.asset, open_ticket_with_loaner.problem, open_ticket_with_loaner.priority,
        open_ticket_with_loaner.received, open_ticket_with_loaner.problem_code);
    END IF;
    RETURN shown;
  END IF;
  SELECT o.asset_id INTO broken FROM radioshop.one_asset(open_ticket_with_loaner.asset) o;
  SELECT o.asset_id INTO lent FROM radioshop.one_asset(open_ticket_with_loaner.loaner) o;
  PERFORM radioshop.lock_assets(ARRAY[broken.asset_id, lent.asset_id]);
  BEGIN
    shown := radioshop.open_ticket(open_ticket_with_loaner.asset, open_ticket_with_loaner.problem, open_ticket_with_loaner.priority,
      open_ticket_with_loaner.received, open_ticket_with_loaner.problem_code);
    IF shown.refusal IS NULL THEN
      SELECT replace(l.refusal, chr(31) || 'asset' || chr(31), chr(31) || 'loaner' || chr(31)) AS refusal INTO lent
        FROM radioshop.issue_loan(open_ticket_with_loaner.loaner, shown.id::text, open_ticket_with_loaner.borrower, '', '', '', 'repair',
          open_ticket_with_loaner.due_on, '') l;
      IF lent.refusal IS NOT NULL THEN
        RAISE EXCEPTION 'the loaner is refused' USING ERRCODE = 'RS000';
      END IF;
    END IF;
  EXCEPTION WHEN SQLSTATE 'RS000' THEN
    shown := NULL;
    shown.refusal := lent.refusal;
  END;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The pool

-- A loaner as a caller sees it, or why not. In step with message Loaner.
CREATE TYPE radioshop.loaner_shown AS (
  refusal text, agency text, tag text, model text, family text, band text, class text, status text, free boolean, note text,
  loan text, borrower text, borrower_agency text, ticket text, out_on date, due_on date, days_out int, days_late int
);

CREATE FUNCTION radioshop.shown_loaner(agency int, asset uuid) RETURNS radioshop.loaner_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.loaner_shown;
BEGIN
  SELECT NULL, g.code, a.tag, coalesce(m.number, ''), coalesce(m.family, ''), coalesce(m.band, ''), a.class, a.status,
      radioshop.refuse_lending(p.agency_id, p.asset_id) IS NULL, p.note, coalesce(l.loan_id::text, ''), coalesce(s.borrower, ''), coalesce(s.borrower_agency, ''),
      coalesce(s.ticket, ''), s.out_on, s.due_on, coalesce(s.days_out, 0), coalesce(s.days_late, 0)
    INTO shown
    FROM radioshop.loaner p JOIN radioshop.agency g ON g.agency_id = p.agency_id
      JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      LEFT JOIN radioshop.loan l ON l.agency_id = p.agency_id AND l.asset_id = p.asset_id AND l.in_at IS NULL
      LEFT JOIN LATERAL radioshop.shown_loan(l.agency_id, l.loan_id) s ON l.loan_id IS NOT NULL
    WHERE p.agency_id = shown_loaner.agency AND p.asset_id = shown_loaner.asset;
  RETURN shown;
END
$$;

-- Puts an asset into the pool, or takes it out; what is there already is there with its new note.
CREATE FUNCTION radioshop.change_loaner(give boolean, asset text, note text) RETURNS radioshop.loaner_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.loaner_shown;
  it record;
  status text;
BEGIN
  it := radioshop.one_asset(change_loaner.asset);
  shown.refusal := it.refusal;
  IF shown.refusal IS NULL THEN
    SELECT a.status INTO status FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id FOR NO KEY UPDATE;
    shown.refusal := CASE
      WHEN give AND status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format('it is %s; nobody will borrow it', status))
      WHEN give AND EXISTS (SELECT FROM radioshop.loaner p WHERE p.agency_id = it.agency_id AND p.asset_id = it.asset_id) THEN
        radioshop.refuse('ALREADY_EXISTS', 'asset', 'it is in the pool of loaners already')
      WHEN NOT give AND NOT EXISTS (SELECT FROM radioshop.loaner p WHERE p.agency_id = it.agency_id AND p.asset_id = it.asset_id) THEN
        radioshop.refuse('NOT_FOUND', 'asset', 'it is not in the pool of loaners')
      WHEN NOT give THEN (SELECT radioshop.refuse('FAILED_PRECONDITION', 'asset', format('it is lent to %s since %s; take it in with loan return first',
          l.borrower, l.out_on))
        FROM radioshop.loan l WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.in_at IS NULL) END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF give THEN
    INSERT INTO radioshop.loaner (agency_id, asset_id, note) VALUES (it.agency_id, it.asset_id, btrim(coalesce(change_loaner.note, '')));
    RETURN radioshop.shown_loaner(it.agency_id, it.asset_id);
  END IF;
  shown := radioshop.shown_loaner(it.agency_id, it.asset_id);
  DELETE FROM radioshop.loaner p WHERE p.agency_id = it.agency_id AND p.asset_id = it.asset_id;
  shown.free := false;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Alerts: what should be back for so many days, once; settled when it is back or lent for longer

CREATE FUNCTION radioshop.alert_loaners_out(agency int, today date, days int) RETURNS SETOF radioshop.alert_subject LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT l.asset_id, NULL::uuid, d.due_on, 0, alert_loaners_out.today - d.due_on,
      format('lent to %s (%s)', l.borrower, l.borrower_agency) || CASE WHEN l.ticket <> '' THEN ' for ' || l.ticket ELSE '' END,
      ''::text, 0::bigint
    FROM radioshop.loan l
      LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
      CROSS JOIN LATERAL (SELECT radioshop.loan_due(l.due_on, x.over_on) AS due_on) d
    WHERE l.agency_id = alert_loaners_out.agency AND l.in_at IS NULL AND d.due_on <= alert_loaners_out.today - alert_loaners_out.days;
END
$$;
INSERT INTO radioshop.alert_kind (kind, subjects, days, resolves) VALUES ('loaner_not_back', 'alert_loaners_out', 1, true);

UPDATE radioshop.schema_version SET version = 23;

COMMIT;
