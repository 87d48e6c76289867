-- Deploy radioshop:ticket_outcome to pg
--
-- How a repair ends and what it may cost: codes of fault, cause and action; the outcome; the return of a fault that was repaired
-- before; and the approval of the agency that owns the asset, which is asked and given in rows that are never changed.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Codes: the shop's, read by every caller, changed by the shop's administrators only

CREATE TABLE radioshop.ticket_code (
  kind text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  name text NOT NULL,
  retired boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ticket_code_pkey PRIMARY KEY (kind, code),
  CONSTRAINT ticket_code_kind_known CHECK (kind IN ('problem', 'cause', 'action')),
  CONSTRAINT ticket_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9_]{0,31}$'),
  CONSTRAINT ticket_code_name_form CHECK (name <> '' AND radioshop.is_line(name, 120))
);
COMMENT ON CONSTRAINT ticket_code_pkey ON radioshop.ticket_code IS 'code: there is such a code of this kind already';
COMMENT ON CONSTRAINT ticket_code_kind_known ON radioshop.ticket_code IS 'kind: a code is one of a problem, a cause or an action';
COMMENT ON CONSTRAINT ticket_code_form ON radioshop.ticket_code IS
  'code: a code is 1 to 32 capital letters, digits and underscores, such as NO_TX';
COMMENT ON CONSTRAINT ticket_code_name_form ON radioshop.ticket_code IS 'name: a name is needed, one line of at most 120 characters';
INSERT INTO radioshop.ticket_code (kind, code, name) VALUES
  ('problem', 'NO_TX', 'Does not transmit'), ('problem', 'LOW_POWER', 'Transmits with too little power'),
  ('problem', 'OFF_FREQ', 'Off frequency'), ('problem', 'AUDIO_TX', 'Transmit audio bad or missing'),
  ('problem', 'AUDIO_RX', 'Receive audio bad or missing'), ('problem', 'NO_RX', 'Does not receive'),
  ('problem', 'NO_POWER', 'Does not turn on'), ('problem', 'DISPLAY', 'Display'), ('problem', 'KNOB', 'Knob or switch'),
  ('problem', 'PTT', 'Push-to-talk'), ('problem', 'BATTERY', 'Battery or contacts'), ('problem', 'ANTENNA', 'Antenna or its connector'),
  ('problem', 'ACCESSORY', 'Speaker microphone, headset or cable'), ('problem', 'HOUSING', 'Housing, clip or seal'),
  ('problem', 'LIQUID', 'Liquid inside'), ('problem', 'ENCRYPTION', 'Encryption or keys'),
  ('problem', 'PROGRAMMING', 'Codeplug or programming'), ('problem', 'GPS', 'Position'), ('problem', 'OTHER', 'Something else'),
  ('cause', 'WEAR', 'Wear'), ('cause', 'DROP', 'Dropped or struck'), ('cause', 'LIQUID', 'Liquid'), ('cause', 'DIRT', 'Dirt or corrosion'),
  ('cause', 'ELECTRONIC', 'Electronic part failed'), ('cause', 'FIRMWARE', 'Firmware'), ('cause', 'PROGRAMMING', 'Codeplug'),
  ('cause', 'USER', 'Handling'), ('cause', 'UNKNOWN', 'Not found out'),
  ('action', 'CLEANED', 'Cleaned'), ('action', 'ALIGNED', 'Aligned'), ('action', 'REPLACED_PART', 'Part replaced'),
  ('action', 'REPROGRAMMED', 'Programmed anew'), ('action', 'REKEYED', 'Keys loaded anew'),
  ('action', 'FIRMWARE_UPDATED', 'Firmware updated'), ('action', 'DEPOT', 'Repaired by the maker''s depot'),
  ('action', 'EXPLAINED', 'Handling explained'), ('action', 'NONE', 'Nothing was done');

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.ticket_code FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.ticket_code
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_code', 'code');
ALTER TABLE radioshop.ticket_code ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_code_read ON radioshop.ticket_code FOR SELECT USING (true);
CREATE POLICY ticket_code_add ON radioshop.ticket_code FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY ticket_code_change ON radioshop.ticket_code FOR UPDATE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (name, retired) ON radioshop.ticket_code TO radioshop_app;

-- The refusal when a new ticket may not be given this code; NULL when it may, or when no code is given.
CREATE FUNCTION radioshop.refuse_ticket_code(kind text, code text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key text := upper(btrim(coalesce(refuse_ticket_code.code, '')));
BEGIN
  IF key = '' OR EXISTS (SELECT FROM radioshop.ticket_code c WHERE c.kind = refuse_ticket_code.kind AND c.code = key AND NOT c.retired) THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', refuse_ticket_code.kind || '_code', format('%s is no %s code of the shop; these are: %s',
    left(key, 64), refuse_ticket_code.kind, (SELECT string_agg(x.code, ', ' ORDER BY x.code) FROM (
      SELECT c.code FROM radioshop.ticket_code c WHERE c.kind = refuse_ticket_code.kind AND NOT c.retired ORDER BY c.code LIMIT 60) x)));
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What an agency and the shop have agreed about repairs: one row an agency, made with it

CREATE TABLE radioshop.ticket_terms (
  agency_id int NOT NULL,
  approval_above_cents bigint,
  return_days int NOT NULL DEFAULT 90,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ticket_terms_pkey PRIMARY KEY (agency_id),
  CONSTRAINT ticket_terms_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT ticket_terms_approval_above_cents_range CHECK (approval_above_cents BETWEEN 0 AND 100000000),
  CONSTRAINT ticket_terms_return_days_range CHECK (return_days BETWEEN 0 AND 3650)
);
COMMENT ON TABLE radioshop.ticket_terms IS 'what an agency and the shop have agreed about repairs';
COMMENT ON COLUMN radioshop.ticket_terms.approval_above_cents IS 'NULL: the agency need not be asked';
COMMENT ON CONSTRAINT ticket_terms_approval_above_cents_range ON radioshop.ticket_terms IS
  'approval_above_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_terms_return_days_range ON radioshop.ticket_terms IS 'return_days: give 0 to 3650 days';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.ticket_terms FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
-- Its making is told by the event of the agency.
CREATE TRIGGER record_event AFTER UPDATE OR DELETE ON radioshop.ticket_terms
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_terms', 'agency_id');
ALTER TABLE radioshop.ticket_terms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_terms_agency ON radioshop.ticket_terms
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
-- The shop adds an agency that agencies() does not list yet.
CREATE POLICY ticket_terms_add ON radioshop.ticket_terms FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT (agency_id), UPDATE (approval_above_cents, return_days) ON radioshop.ticket_terms TO radioshop_app;

CREATE FUNCTION radioshop.add_ticket_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.ticket_terms (agency_id) VALUES (NEW.agency_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER add_ticket_terms AFTER INSERT ON radioshop.agency FOR EACH ROW WHEN (NEW.agency_id <> 0)
  EXECUTE FUNCTION radioshop.add_ticket_terms();

-- For the rows that are there: as the owner of the schema, who sees what the settings say.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
END
$$;
INSERT INTO radioshop.ticket_terms (agency_id) SELECT g.agency_id FROM radioshop.agency g WHERE g.agency_id <> 0;

-- ---------------------------------------------------------------------------------------------------------------------
-- The ticket

CREATE TABLE radioshop.ticket_outcome (
  from_state text NOT NULL,
  to_state text NOT NULL,
  outcome text NOT NULL,
  CONSTRAINT ticket_outcome_pkey PRIMARY KEY (from_state, to_state, outcome),
  CONSTRAINT ticket_outcome_move_known FOREIGN KEY (from_state, to_state) REFERENCES radioshop.ticket_move (from_state, to_state)
);
COMMENT ON TABLE radioshop.ticket_outcome IS 'outcomes with which a move may end a repair: the only place that says so';
INSERT INTO radioshop.ticket_outcome (from_state, to_state, outcome)
  SELECT m.from_state, m.to_state, o.outcome FROM radioshop.ticket_move m
    CROSS JOIN unnest('{repaired,no_fault_found,beyond_repair,cancelled}'::text[]) o (outcome)
    WHERE CASE
      WHEN m.to_state = 'cancelled' THEN o.outcome = 'cancelled'
      WHEN o.outcome = 'cancelled' THEN false
      WHEN m.from_state = 'diagnosing' THEN m.to_state = 'ready' AND o.outcome <> 'repaired' -- what was repaired has been tested
      ELSE m.to_state IN ('ready', 'returned', 'closed') END;
GRANT SELECT ON radioshop.ticket_outcome TO radioshop_app;

ALTER TABLE radioshop.ticket
  ADD COLUMN problem_kind text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('problem') STORED,
  ADD COLUMN problem_code text COLLATE "C",
  ADD COLUMN cause_kind text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('cause') STORED,
  ADD COLUMN cause_code text COLLATE "C",
  ADD COLUMN action_kind text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('action') STORED,
  ADD COLUMN action_code text COLLATE "C",
  ADD COLUMN outcome text,
  ADD COLUMN returns_id uuid,
  ADD COLUMN estimate_cents bigint NOT NULL DEFAULT 0,
  ADD COLUMN approved_cents bigint,
  ADD COLUMN write_off_approved boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN radioshop.ticket.returns_id IS 'the earlier ticket of the same asset whose fault is back';
COMMENT ON COLUMN radioshop.ticket.approved_cents IS 'what the last approval of a cost allows; set by trigger from ticket_decision';
COMMENT ON COLUMN radioshop.ticket.write_off_approved IS 'the agency has agreed to write the asset off; set by trigger from ticket_decision';

-- What was closed before there were outcomes: repaired, unless it never went further than the diagnosis.
ALTER TABLE radioshop.ticket DISABLE TRIGGER USER;
UPDATE radioshop.ticket t SET outcome = CASE
    WHEN t.state = 'cancelled' THEN 'cancelled'
    WHEN t.from_state IS NULL OR (t.from_state <> 'diagnosing' AND EXISTS (SELECT FROM radioshop.ticket_entry e
      WHERE e.agency_id = t.agency_id AND e.ticket_id = t.ticket_id AND e.state IN ('repairing', 'testing', 'at_depot'))) THEN 'repaired'
    ELSE 'no_fault_found' END
  WHERE t.state IN ('ready', 'returned', 'closed', 'cancelled');
ALTER TABLE radioshop.ticket ENABLE TRIGGER USER;

ALTER TABLE radioshop.ticket
  ADD CONSTRAINT ticket_problem_code_known FOREIGN KEY (problem_kind, problem_code) REFERENCES radioshop.ticket_code (kind, code),
  ADD CONSTRAINT ticket_cause_code_known FOREIGN KEY (cause_kind, cause_code) REFERENCES radioshop.ticket_code (kind, code),
  ADD CONSTRAINT ticket_action_code_known FOREIGN KEY (action_kind, action_code) REFERENCES radioshop.ticket_code (kind, code),
  ADD CONSTRAINT ticket_outcome_known CHECK (outcome IN ('repaired', 'no_fault_found', 'beyond_repair', 'cancelled')),
  ADD CONSTRAINT ticket_outcome_fits CHECK ((outcome IS NOT NULL) = (state IN ('ready', 'returned', 'closed', 'cancelled'))
    AND (outcome IS NOT DISTINCT FROM 'cancelled') = (state = 'cancelled')),
  ADD CONSTRAINT ticket_outcome_allowed FOREIGN KEY (from_state, state, outcome)
    REFERENCES radioshop.ticket_outcome (from_state, to_state, outcome),
  ADD CONSTRAINT ticket_write_off_approved CHECK (outcome <> 'beyond_repair' OR write_off_approved),
  ADD CONSTRAINT ticket_estimate_cents_range CHECK (estimate_cents BETWEEN 0 AND 100000000),
  ADD CONSTRAINT ticket_asset_unique UNIQUE (agency_id, asset_id, ticket_id),
  ADD CONSTRAINT ticket_returns_same_asset FOREIGN KEY (agency_id, asset_id, returns_id)
    REFERENCES radioshop.ticket (agency_id, asset_id, ticket_id),
  ADD CONSTRAINT ticket_returns_another CHECK (returns_id <> ticket_id);
COMMENT ON CONSTRAINT ticket_problem_code_known ON radioshop.ticket IS 'problem_code: the shop has no such code of a problem';
COMMENT ON CONSTRAINT ticket_cause_code_known ON radioshop.ticket IS 'cause_code: the shop has no such code of a cause';
COMMENT ON CONSTRAINT ticket_action_code_known ON radioshop.ticket IS 'action_code: the shop has no such code of an action';
COMMENT ON CONSTRAINT ticket_outcome_known ON radioshop.ticket IS
  'outcome: an outcome is repaired, no_fault_found, beyond_repair or cancelled';
COMMENT ON CONSTRAINT ticket_outcome_fits ON radioshop.ticket IS
  'outcome: just ready, returned, closed and cancelled tickets have an outcome';
COMMENT ON CONSTRAINT ticket_outcome_allowed ON radioshop.ticket IS 'outcome: a repair cannot end so from where the ticket is';
COMMENT ON CONSTRAINT ticket_write_off_approved ON radioshop.ticket IS
  'outcome: the fleet manager of the agency has not agreed to write the asset off';
COMMENT ON CONSTRAINT ticket_estimate_cents_range ON radioshop.ticket IS
  'estimate_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_asset_unique ON radioshop.ticket IS 'ticket: another ticket has this UUID';
COMMENT ON CONSTRAINT ticket_returns_same_asset ON radioshop.ticket IS 'returns_ticket: a fault returns on the same asset only';
COMMENT ON CONSTRAINT ticket_returns_another ON radioshop.ticket IS 'returns_ticket: a ticket cannot be the return of itself';
GRANT UPDATE (problem_code, cause_code, action_code, outcome, returns_id, estimate_cents) ON radioshop.ticket TO radioshop_app;

DROP TRIGGER record_event ON radioshop.ticket;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.ticket FOR EACH ROW
  EXECUTE FUNCTION radioshop.record_event('ticket', 'ticket_id', 'from_state', 'asset_before', 'problem_kind', 'cause_kind', 'action_kind');

-- ---------------------------------------------------------------------------------------------------------------------
-- Approval: what was asked, and what was answered. Both only grow.

CREATE TABLE radioshop.ticket_approval (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  approval_no int NOT NULL,
  entry_no int NOT NULL,
  write_off boolean NOT NULL DEFAULT false,
  estimate_cents bigint NOT NULL,
  reason text NOT NULL,
  asked_by text NOT NULL DEFAULT radioshop.caller(),
  asked_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ticket_approval_pkey PRIMARY KEY (agency_id, ticket_id, approval_no),
  CONSTRAINT ticket_approval_asker_unique UNIQUE (agency_id, ticket_id, approval_no, asked_by, write_off),
  CONSTRAINT ticket_approval_entry_known FOREIGN KEY (agency_id, ticket_id, entry_no)
    REFERENCES radioshop.ticket_entry (agency_id, ticket_id, entry_no),
  CONSTRAINT ticket_approval_estimate_cents_range CHECK (estimate_cents BETWEEN 0 AND 100000000),
  CONSTRAINT ticket_approval_reason_form CHECK (reason <> '' AND radioshop.is_text(reason, 4000))
);
COMMENT ON COLUMN radioshop.ticket_approval.entry_no IS 'the entry it was asked with: a later move withdraws the question';
COMMENT ON CONSTRAINT ticket_approval_asker_unique ON radioshop.ticket_approval IS 'ticket: this was asked already';
COMMENT ON CONSTRAINT ticket_approval_estimate_cents_range ON radioshop.ticket_approval IS
  'estimate_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_approval_reason_form ON radioshop.ticket_approval IS
  'reason: say why, in at most 4000 characters';

CREATE TABLE radioshop.ticket_decision (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  approval_no int NOT NULL,
  asked_by text NOT NULL,
  write_off boolean NOT NULL,
  approved boolean NOT NULL,
  approved_cents bigint,
  note text NOT NULL DEFAULT '',
  decided_by text NOT NULL DEFAULT radioshop.caller(),
  decided_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ticket_decision_pkey PRIMARY KEY (agency_id, ticket_id, approval_no),
  CONSTRAINT ticket_decision_approval_known FOREIGN KEY (agency_id, ticket_id, approval_no, asked_by, write_off)
    REFERENCES radioshop.ticket_approval (agency_id, ticket_id, approval_no, asked_by, write_off),
  CONSTRAINT ticket_decision_four_eyes CHECK (decided_by <> asked_by),
  CONSTRAINT ticket_decision_approved_cents_range CHECK (approved_cents BETWEEN 0 AND 100000000),
  CONSTRAINT ticket_decision_approved_cents_fit CHECK ((approved_cents IS NOT NULL) = (approved AND NOT write_off)),
  CONSTRAINT ticket_decision_note_form CHECK (radioshop.is_text(note, 4000)),
  CONSTRAINT ticket_decision_note_needed CHECK (approved OR note <> '')
);
COMMENT ON CONSTRAINT ticket_decision_pkey ON radioshop.ticket_decision IS 'ticket: this was decided already';
COMMENT ON CONSTRAINT ticket_decision_four_eyes ON radioshop.ticket_decision IS 'ticket: who asks does not answer; somebody else must decide';
COMMENT ON CONSTRAINT ticket_decision_approved_cents_range ON radioshop.ticket_decision IS
  'amount_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_decision_approved_cents_fit ON radioshop.ticket_decision IS
  'amount_cents: the approval of a cost has an amount, nothing else has';
COMMENT ON CONSTRAINT ticket_decision_note_form ON radioshop.ticket_decision IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT ticket_decision_note_needed ON radioshop.ticket_decision IS 'note: say why it is declined';

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.ticket_approval
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.ticket_decision
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT ON radioshop.ticket_approval
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_approval', 'ticket_id', 'entry_no');
CREATE TRIGGER record_event AFTER INSERT ON radioshop.ticket_decision
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_decision', 'ticket_id');
ALTER TABLE radioshop.ticket_approval ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_approval_agency ON radioshop.ticket_approval
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.ticket_decision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_decision_agency ON radioshop.ticket_decision
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.ticket_approval, radioshop.ticket_decision TO radioshop_app;

-- Cents as people read them.
CREATE FUNCTION radioshop.dollars(cents bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT '$' || to_char(cents / 100.0, 'FM999999990.00')
$$;

-- What stands between a ticket and the work: the sentence when it costs more than its agency lets pass or has approved; NULL when it
-- may go on. It is the estimate or what it has cost already, whichever is more.
CREATE FUNCTION radioshop.unapproved_cost(agency int, estimate bigint, cost bigint, approved bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  need constant bigint := greatest(estimate, cost);
  free bigint;
BEGIN
  SELECT s.approval_above_cents INTO free FROM radioshop.ticket_terms s WHERE s.agency_id = agency;
  IF free IS NULL OR need <= free OR need <= approved THEN
    RETURN NULL;
  END IF;
  RETURN format('it comes to %s, its agency wants to be asked above %s, and %s; ask its fleet manager first',
    radioshop.dollars(need), radioshop.dollars(free),
    CASE WHEN approved IS NULL THEN 'nothing is approved' ELSE radioshop.dollars(approved) || ' is approved' END);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Triggers

-- Keeps from_state, closed_at and outcome, holds work back that is not approved, and lets the status of the asset follow. An asset
-- that was retired meanwhile stays so. A ticket inserted as closed is a repair logged after the fact: it never held the asset.
CREATE OR REPLACE FUNCTION radioshop.ticket_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted text := radioshop.shop_status(NEW.state);
  status text;
  why_not text;
BEGIN
  NEW.from_state := NULL;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.state = OLD.state THEN
      NEW.from_state := OLD.from_state;
      RETURN NEW;
    END IF;
    NEW.from_state := OLD.state;
    IF OLD.state = 'awaiting_approval' THEN
      SELECT (array_agg(d.approved_cents ORDER BY d.approval_no DESC) FILTER (WHERE d.approved AND NOT d.write_off))[1],
          coalesce((array_agg(d.approved ORDER BY d.approval_no DESC) FILTER (WHERE d.write_off))[1], false)
        INTO NEW.approved_cents, NEW.write_off_approved
        FROM radioshop.ticket_decision d WHERE d.agency_id = NEW.agency_id AND d.ticket_id = NEW.ticket_id;
    END IF;
  END IF;
  NEW.closed_at := CASE WHEN NEW.state IN ('closed', 'cancelled') THEN now() END;
  NEW.outcome := CASE
    WHEN NEW.state = 'cancelled' THEN 'cancelled'
    WHEN NEW.state NOT IN ('ready', 'returned', 'closed') THEN NULL
    WHEN NEW.outcome <> 'cancelled' THEN NEW.outcome
    WHEN NEW.from_state = 'diagnosing' THEN 'no_fault_found'
    ELSE 'repaired' END;
  IF NEW.state IN ('repairing', 'at_depot') THEN
    why_not := radioshop.unapproved_cost(NEW.agency_id, NEW.estimate_cents, NEW.cost_cents, NEW.approved_cents);
    IF why_not IS NOT NULL THEN
      RAISE EXCEPTION 'ticket % cannot move to %: %', NEW.number, NEW.state, why_not
        USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'ticket', CONSTRAINT = 'ticket_cost_approved';
    END IF;
  END IF;
  IF wanted IS NULL AND NEW.asset_before IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT a.status INTO status FROM radioshop.asset a
    WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id FOR NO KEY UPDATE;
  IF wanted IS NOT NULL AND status NOT IN ('retired', 'disposed') THEN
    NEW.asset_before := CASE WHEN status NOT IN ('in_shop', 'at_depot') THEN status ELSE coalesce(NEW.asset_before, 'in_service') END;
  ELSIF wanted IS NULL THEN
    IF status IN ('in_shop', 'at_depot') THEN -- what is handed back is not missing any more
      wanted := CASE WHEN NEW.asset_before = 'missing' AND NEW.state <> 'cancelled' THEN 'in_service' ELSE NEW.asset_before END;
    END IF;
    NEW.asset_before := NULL;
  ELSE
    wanted := NULL;
  END IF;
  IF wanted <> status THEN
    UPDATE radioshop.asset a SET status = wanted WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id;
  END IF;
  RETURN NEW;
END
$$;

-- Links a ticket to the last one in which the same fault of the same asset was closed, if that was so lately that the agency calls it
-- the same repair: when it is opened, when it gets its code, and when it is opened again. A link that is there stays.
-- Links lead back in time only, so that they cannot make a circle.
CREATE FUNCTION radioshop.ticket_link_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.returns_id IS NOT NULL THEN
    IF (TG_OP = 'INSERT' OR NEW.returns_id IS DISTINCT FROM OLD.returns_id) AND EXISTS (SELECT FROM radioshop.ticket t
        WHERE t.agency_id = NEW.agency_id AND t.ticket_id = NEW.returns_id AND t.opened_at >= NEW.opened_at) THEN
      RAISE EXCEPTION 'ticket % is not older than %', NEW.returns_id, NEW.ticket_id
        USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'ticket', CONSTRAINT = 'ticket_returns_another';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.problem_code IS NULL OR (TG_OP = 'UPDATE' AND NEW.problem_code IS NOT DISTINCT FROM OLD.problem_code
      AND NOT (OLD.closed_at IS NOT NULL AND NEW.closed_at IS NULL)) THEN
    RETURN NEW;
  END IF;
  SELECT t.ticket_id INTO NEW.returns_id
    FROM radioshop.ticket t JOIN radioshop.ticket_terms s ON s.agency_id = t.agency_id
    WHERE t.agency_id = NEW.agency_id AND t.asset_id = NEW.asset_id AND t.ticket_id <> NEW.ticket_id AND t.opened_at < NEW.opened_at
      AND t.problem_code = NEW.problem_code AND t.state = 'closed'
      AND t.closed_at > NEW.opened_at - make_interval(days => s.return_days)
    ORDER BY t.closed_at DESC, t.ticket_id DESC LIMIT 1;
  RETURN NEW;
END
$$;
CREATE TRIGGER link_return BEFORE INSERT OR UPDATE ON radioshop.ticket FOR EACH ROW EXECUTE FUNCTION radioshop.ticket_link_return();

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

ALTER TYPE radioshop.ticket_shown ADD ATTRIBUTE problem_code text, ADD ATTRIBUTE cause_code text, ADD ATTRIBUTE action_code text,
  ADD ATTRIBUTE outcome text, ADD ATTRIBUTE returns_ticket text, ADD ATTRIBUTE estimate_cents bigint, ADD ATTRIBUTE approved_cents bigint,
  ADD ATTRIBUTE write_off_approved boolean;

CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision,
      coalesce(t.problem_code, ''), coalesce(t.cause_code, ''), coalesce(t.action_code, ''), t.outcome, coalesce(r.number, ''),
      t.estimate_cents, t.approved_cents, t.write_off_approved
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket r ON r.agency_id = t.agency_id AND r.ticket_id = t.returns_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

-- The question that waits for its answer: the last one, if nothing has moved the ticket since. Its number, or NULL.
CREATE FUNCTION radioshop.open_approval(agency int, ticket uuid) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT p.approval_no FROM radioshop.ticket_approval p WHERE p.agency_id = agency AND p.ticket_id = ticket
    AND p.approval_no = (SELECT max(l.approval_no) FROM radioshop.ticket_approval l WHERE l.agency_id = agency AND l.ticket_id = ticket)
    AND NOT EXISTS (SELECT FROM radioshop.ticket_decision d
      WHERE d.agency_id = agency AND d.ticket_id = ticket AND d.approval_no = p.approval_no)
    AND NOT EXISTS (SELECT FROM radioshop.ticket_entry e
      WHERE e.agency_id = agency AND e.ticket_id = ticket AND e.entry_no > p.entry_no AND e.kind = 'move'));
END
$$;

-- The approvals of a ticket as JSON, in order; in step with message TicketApproval.
CREATE FUNCTION radioshop.approvals_of(agency int, ticket uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  waiting constant int := radioshop.open_approval(agency, ticket);
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'write_off', p.write_off, 'estimate_cents', p.estimate_cents, 'reason', p.reason, 'asked_by', p.asked_by,
        'asked_at', to_char(p.asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'answer', CASE WHEN d.approved THEN 'approved' WHEN NOT d.approved THEN 'declined'
          WHEN p.approval_no = waiting THEN 'waiting' ELSE 'withdrawn' END,
        'approved_cents', d.approved_cents, 'note', d.note, 'decided_by', d.decided_by,
        'decided_at', to_char(d.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) ORDER BY p.approval_no), '[]')
    FROM radioshop.ticket_approval p LEFT JOIN radioshop.ticket_decision d
      ON d.agency_id = p.agency_id AND d.ticket_id = p.ticket_id AND d.approval_no = p.approval_no
    WHERE p.agency_id = agency AND p.ticket_id = ticket);
END
$$;

-- The refusal of a move that the table of moves allows and something else forbids; NULL when nothing does. Later changes add to it.
CREATE FUNCTION radioshop.refuse_ticket_move(agency int, ticket uuid, state text) RETURNS text LANGUAGE plpgsql STABLE AS $$
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

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods that write

DROP FUNCTION radioshop.open_ticket(text, text, text, boolean);
CREATE FUNCTION radioshop.open_ticket(asset text, problem text, priority text, received boolean, problem_code text DEFAULT '')
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  on_asset record;
  begins constant text := CASE WHEN open_ticket.received THEN 'received' ELSE 'reported' END;
  made uuid := radioshop.uuid_v7();
BEGIN
  on_asset := radioshop.asset_to_repair(open_ticket.asset);
  shown.refusal := on_asset.refusal;
  IF shown.refusal IS NULL THEN
    shown.refusal := coalesce(radioshop.refuse_second_ticket(on_asset.agency_id, on_asset.asset_id, 'asset'),
      radioshop.refuse_ticket_code('problem', open_ticket.problem_code));
  END IF;
  IF shown.refusal IS NULL THEN
    INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, state, priority, problem, problem_code)
      VALUES (on_asset.agency_id, made, radioshop.next_ticket_number(on_asset.agency_id), on_asset.asset_id, begins,
        coalesce(open_ticket.priority, 'normal'), btrim(coalesce(open_ticket.problem, ''), E' \t\r\n'),
        nullif(upper(btrim(coalesce(open_ticket.problem_code, ''))), ''));
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', '', 0, 0, begins);
    shown := radioshop.shown_ticket(on_asset.agency_id, made);
  END IF;
  RETURN shown;
END
$$;

-- A repair that is already done: inserted as closed, with receipt, work, part and closing as its history.
DROP FUNCTION radioshop.log_repair(text, text, text, text, int, text, bigint);
CREATE FUNCTION radioshop.log_repair(asset text, problem text, cause text, action text, minutes int, part text, part_cost_cents bigint,
  problem_code text DEFAULT '', cause_code text DEFAULT '', action_code text DEFAULT '', outcome text DEFAULT NULL)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  on_asset record;
  made uuid := radioshop.uuid_v7();
  why_not text;
BEGIN
  on_asset := radioshop.asset_to_repair(log_repair.asset);
  shown.refusal := CASE
    WHEN on_asset.refusal IS NOT NULL THEN on_asset.refusal
    WHEN coalesce(log_repair.minutes, 0) NOT BETWEEN 0 AND 100000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'minutes', 'give at most 100,000 minutes, and not less than none')
    WHEN coalesce(log_repair.part_cost_cents, 0) NOT BETWEEN 0 AND 100000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'part_cost_cents', 'give at most 100,000,000 cents, and not less than none')
    WHEN coalesce(log_repair.part_cost_cents, 0) > 0 AND btrim(coalesce(log_repair.part, '')) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'part', 'name the part that has this cost')
    WHEN log_repair.outcome NOT IN ('repaired', 'no_fault_found') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'outcome', 'a repair is logged as repaired or no_fault_found; open a ticket for anything else')
    ELSE coalesce(radioshop.refuse_ticket_code('problem', log_repair.problem_code),
      radioshop.refuse_ticket_code('cause', log_repair.cause_code), radioshop.refuse_ticket_code('action', log_repair.action_code))
  END;
  IF shown.refusal IS NULL THEN
    why_not := radioshop.unapproved_cost(on_asset.agency_id, 0, coalesce(log_repair.part_cost_cents, 0), NULL);
    IF why_not IS NOT NULL THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'part_cost_cents',
        format('this repair cannot be logged in one step: %s, on a ticket', why_not));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, state, problem, cause, action, labour_minutes, cost_cents,
      problem_code, cause_code, action_code, outcome)
    VALUES (on_asset.agency_id, made, radioshop.next_ticket_number(on_asset.agency_id), on_asset.asset_id, 'closed',
      btrim(coalesce(log_repair.problem, ''), E' \t\r\n'), btrim(coalesce(log_repair.cause, ''), E' \t\r\n'),
      btrim(coalesce(log_repair.action, ''), E' \t\r\n'), coalesce(log_repair.minutes, 0), coalesce(log_repair.part_cost_cents, 0),
      nullif(upper(btrim(coalesce(log_repair.problem_code, ''))), ''), nullif(upper(btrim(coalesce(log_repair.cause_code, ''))), ''),
      nullif(upper(btrim(coalesce(log_repair.action_code, ''))), ''), log_repair.outcome);
  PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', 'logged after the repair', 0, 0, 'received');
  IF log_repair.minutes > 0 THEN
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'labour', log_repair.action, log_repair.minutes, 0, NULL);
  END IF;
  IF btrim(coalesce(log_repair.part, '')) <> '' THEN
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'part', log_repair.part, 0, log_repair.part_cost_cents, NULL);
  END IF;
  PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', '', 0, 0, 'closed');
  RETURN radioshop.shown_ticket(on_asset.agency_id, made);
END
$$;

-- The refusal of an outcome; NULL when the move may end the repair so. asked: NULL when the caller leaves it to us.
CREATE FUNCTION radioshop.refuse_outcome(agency int, ticket uuid, to_state text, asked text, retire boolean) RETURNS text
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

DROP FUNCTION radioshop.move_ticket(text, bigint, text, text, text, text);
CREATE FUNCTION radioshop.move_ticket(ticket text, revision bigint, state text, note text, cause text, action text,
  cause_code text DEFAULT '', action_code text DEFAULT '', outcome text DEFAULT NULL, retire boolean DEFAULT false)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
  moves text[];
  asset_status text;
BEGIN
  it := radioshop.ticket_to_change(move_ticket.ticket, coalesce(move_ticket.revision, 0));
  moves := radioshop.ticket_moves(it.state);
  SELECT a.status INTO asset_status FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id;
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN move_ticket.state IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'state', 'say where to move the ticket')
    WHEN move_ticket.state <> ALL (moves) THEN radioshop.refuse('FAILED_PRECONDITION', 'state',
      format('ticket %s is %s; it can move to %s', it.number, it.state, array_to_string(moves, ', ')))
    WHEN it.state NOT IN ('closed', 'cancelled') THEN coalesce(
      radioshop.refuse_ticket_code('cause', move_ticket.cause_code), radioshop.refuse_ticket_code('action', move_ticket.action_code),
      radioshop.refuse_outcome(it.agency_id, it.ticket_id, move_ticket.state, move_ticket.outcome, move_ticket.retire),
      radioshop.refuse_ticket_move(it.agency_id, it.ticket_id, move_ticket.state))
    WHEN asset_status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'state',
      format('the asset of ticket %s is %s; change its status before the ticket is reopened', it.number, asset_status))
    ELSE coalesce(radioshop.refuse_second_ticket(it.agency_id, it.asset_id, 'state'),
      radioshop.refuse_ticket_code('cause', move_ticket.cause_code), radioshop.refuse_ticket_code('action', move_ticket.action_code),
      radioshop.refuse_outcome(it.agency_id, it.ticket_id, move_ticket.state, move_ticket.outcome, move_ticket.retire),
      radioshop.refuse_ticket_move(it.agency_id, it.ticket_id, move_ticket.state))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, 'move', move_ticket.note, 0, 0, move_ticket.state);
  UPDATE radioshop.ticket t SET state = move_ticket.state,
      cause = coalesce(nullif(btrim(move_ticket.cause, E' \t\r\n'), ''), t.cause),
      action = coalesce(nullif(btrim(move_ticket.action, E' \t\r\n'), ''), t.action),
      cause_code = coalesce(nullif(upper(btrim(move_ticket.cause_code)), ''), t.cause_code),
      action_code = coalesce(nullif(upper(btrim(move_ticket.action_code)), ''), t.action_code),
      outcome = coalesce(move_ticket.outcome, t.outcome)
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  IF move_ticket.retire THEN
    UPDATE radioshop.asset a SET status = 'retired'
      WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id AND a.status NOT IN ('retired', 'disposed');
  END IF;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

-- Work and parts belong to an open ticket; a note or a bill may come when it is closed.
CREATE OR REPLACE FUNCTION radioshop.add_ticket_entry(ticket text, kind text, text text, minutes int, cost_cents bigint)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
BEGIN
  it := radioshop.ticket_to_change(add_ticket_entry.ticket, NULL);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN add_ticket_entry.kind IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'kind', 'say what it is: note, labour, part or outside')
    WHEN add_ticket_entry.kind = 'move' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'kind', 'an entry is a note, labour, a part or an outside cost; move the ticket with MoveTicket')
    WHEN it.state IN ('closed', 'cancelled') AND add_ticket_entry.kind IN ('labour', 'part') THEN
      radioshop.refuse('FAILED_PRECONDITION', 'kind', format('ticket %s is %s; it can be given a note or an outside cost, or reopened (to %s)',
        it.number, it.state, array_to_string(radioshop.ticket_moves(it.state), ', ')))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  -- The entry goes first: its constraints are about the field that was typed, the sums' about all entries.
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, add_ticket_entry.kind, add_ticket_entry.text, add_ticket_entry.minutes,
    add_ticket_entry.cost_cents, NULL);
  UPDATE radioshop.ticket t SET labour_minutes = t.labour_minutes + coalesce(add_ticket_entry.minutes, 0),
      cost_cents = t.cost_cents + coalesce(add_ticket_entry.cost_cents, 0)
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

DROP FUNCTION radioshop.update_ticket(text, bigint, text[], text, text, text, text);
CREATE FUNCTION radioshop.update_ticket(ticket text, revision bigint, mask text[], priority text, problem text, cause text, action text,
  problem_code text DEFAULT '', cause_code text DEFAULT '', action_code text DEFAULT '', estimate_cents bigint DEFAULT 0,
  returns_ticket text DEFAULT '')
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{priority,problem,cause,action,problem_code,cause_code,action_code,estimate_cents,returns_ticket}';
  shown radioshop.ticket_shown;
  it record;
  earlier record;
  earlier_id uuid;
  wrong text;
BEGIN
  SELECT m INTO wrong FROM unnest(mask) m WHERE m <> ALL (changeable) LIMIT 1;
  it := radioshop.ticket_to_change(update_ticket.ticket, coalesce(update_ticket.revision, 0));
  IF btrim(coalesce(update_ticket.returns_ticket, '')) <> '' AND 'returns_ticket' = ANY (mask) THEN
    SELECT r.ticket_id, r.number, r.asset_id, r.opened_at < t.opened_at AS is_older INTO earlier
      FROM radioshop.find_ticket(update_ticket.returns_ticket) f
        JOIN radioshop.ticket r ON r.agency_id = f.agency_id AND r.ticket_id = f.ticket_id
        JOIN radioshop.ticket t ON t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id
      WHERE f.agency_id = it.agency_id;
    IF earlier.ticket_id IS NULL THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'returns_ticket',
        format('the agency has no ticket with the number or UUID %s', update_ticket.returns_ticket));
    ELSIF earlier.asset_id <> it.asset_id OR NOT earlier.is_older THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'returns_ticket',
        format('ticket %s is not an older one of the same asset', earlier.number));
    END IF;
    earlier_id := earlier.ticket_id;
  END IF;
  shown.refusal := CASE
    WHEN coalesce(cardinality(mask), 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', 'name the fields to change')
    WHEN wrong IS NOT NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
        format('%s cannot be changed; these can: %s', wrong, array_to_string(changeable, ', ')))
    ELSE coalesce(it.refusal, shown.refusal,
      CASE WHEN 'problem_code' = ANY (mask) THEN radioshop.refuse_ticket_code('problem', update_ticket.problem_code) END,
      CASE WHEN 'cause_code' = ANY (mask) THEN radioshop.refuse_ticket_code('cause', update_ticket.cause_code) END,
      CASE WHEN 'action_code' = ANY (mask) THEN radioshop.refuse_ticket_code('action', update_ticket.action_code) END)
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.ticket t SET
      priority = CASE WHEN 'priority' = ANY (mask) THEN coalesce(update_ticket.priority, 'normal') ELSE t.priority END,
      problem = CASE WHEN 'problem' = ANY (mask) THEN btrim(coalesce(update_ticket.problem, ''), E' \t\r\n') ELSE t.problem END,
      cause = CASE WHEN 'cause' = ANY (mask) THEN btrim(coalesce(update_ticket.cause, ''), E' \t\r\n') ELSE t.cause END,
      action = CASE WHEN 'action' = ANY (mask) THEN btrim(coalesce(update_ticket.action, ''), E' \t\r\n') ELSE t.action END,
      problem_code = CASE WHEN 'problem_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.problem_code)), '') ELSE t.problem_code END,
      cause_code = CASE WHEN 'cause_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.cause_code)), '') ELSE t.cause_code END,
      action_code = CASE WHEN 'action_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.action_code)), '') ELSE t.action_code END,
      estimate_cents = CASE WHEN 'estimate_cents' = ANY (mask) THEN coalesce(update_ticket.estimate_cents, 0) ELSE t.estimate_cents END,
      returns_id = CASE WHEN 'returns_ticket' = ANY (mask) THEN earlier_id ELSE t.returns_id END
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

-- Asks the agency: the ticket waits for the answer. A question that is asked anew, while the first one waits, takes its place.
CREATE FUNCTION radioshop.request_approval(ticket text, revision bigint, estimate_cents bigint, reason text, write_off boolean)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
  words constant text := btrim(coalesce(request_approval.reason, ''), E' \t\r\n');
  asks text;
BEGIN
  it := radioshop.ticket_to_change(request_approval.ticket, coalesce(request_approval.revision, 0));
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(request_approval.estimate_cents, 0) NOT BETWEEN 0 AND 100000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'estimate_cents', 'give at most 100,000,000 cents, and not less than none')
    WHEN coalesce(request_approval.estimate_cents, 0) = 0 AND NOT request_approval.write_off THEN
      radioshop.refuse('INVALID_ARGUMENT', 'estimate_cents', 'say what the repair will cost')
    WHEN words = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why')
    WHEN char_length(words) > 3900 THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why, in at most 3900 characters')
    WHEN it.state <> 'awaiting_approval' AND 'awaiting_approval' <> ALL (radioshop.ticket_moves(it.state)) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'ticket', format('ticket %s is %s; the agency is asked from %s', it.number, it.state,
        (SELECT string_agg(m.from_state, ' or ' ORDER BY m.from_state) FROM radioshop.ticket_move m WHERE m.to_state = 'awaiting_approval')))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  asks := CASE WHEN request_approval.write_off THEN 'asks to write it off' ELSE 'asks for' END
    || CASE WHEN request_approval.estimate_cents > 0 THEN
      CASE WHEN request_approval.write_off THEN ', a repair would cost ' ELSE ' ' END || radioshop.dollars(request_approval.estimate_cents)
      ELSE '' END || ': ' || words;
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, CASE WHEN it.state = 'awaiting_approval' THEN 'note' ELSE 'move' END, asks, 0, 0,
    CASE WHEN it.state <> 'awaiting_approval' THEN 'awaiting_approval' END);
  INSERT INTO radioshop.ticket_approval (agency_id, ticket_id, approval_no, entry_no, write_off, estimate_cents, reason)
    SELECT it.agency_id, it.ticket_id, 1 + (SELECT count(*) FROM radioshop.ticket_approval p
        WHERE p.agency_id = it.agency_id AND p.ticket_id = it.ticket_id), max(e.entry_no),
        request_approval.write_off, coalesce(request_approval.estimate_cents, 0), words
      FROM radioshop.ticket_entry e WHERE e.agency_id = it.agency_id AND e.ticket_id = it.ticket_id;
  UPDATE radioshop.ticket t SET state = 'awaiting_approval',
      estimate_cents = CASE WHEN request_approval.write_off THEN t.estimate_cents ELSE request_approval.estimate_cents END
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

-- Answers for the agency; the ticket is back on the bench with the answer, and is diagnosed until the bench moves it on.
-- amount_cents: NULL or 0 approves what was asked for.
CREATE FUNCTION radioshop.decide_approval(ticket text, revision bigint, approve boolean, amount_cents bigint, note text)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
  asked record;
  amount bigint;
  words constant text := btrim(coalesce(decide_approval.note, ''), E' \t\r\n');
BEGIN
  it := radioshop.ticket_to_change(decide_approval.ticket, coalesce(decide_approval.revision, 0));
  SELECT p.approval_no, p.asked_by, p.write_off, p.estimate_cents INTO asked FROM radioshop.ticket_approval p
    WHERE p.agency_id = it.agency_id AND p.ticket_id = it.ticket_id
      AND p.approval_no = radioshop.open_approval(it.agency_id, it.ticket_id);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.state <> 'awaiting_approval' OR asked.approval_no IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('ticket %s is %s, and nothing waits for an answer; the shop must ask first', it.number, it.state))
    WHEN asked.asked_by = radioshop.caller() THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('%s has asked for this; another fleet manager of the agency must answer', asked.asked_by))
    WHEN asked.write_off AND decide_approval.amount_cents <> 0 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'amount_cents', 'this asks to write the asset off; approve it without an amount')
    WHEN decide_approval.amount_cents NOT BETWEEN 0 AND 100000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'amount_cents', 'give at most 100,000,000 cents, and not less than none')
    WHEN NOT approve AND words = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'note', 'say why it is declined')
    WHEN char_length(words) > 3900 THEN radioshop.refuse('INVALID_ARGUMENT', 'note', 'give at most 3900 characters')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  amount := CASE WHEN approve AND NOT asked.write_off THEN coalesce(nullif(decide_approval.amount_cents, 0), asked.estimate_cents) END;
  INSERT INTO radioshop.ticket_decision (agency_id, ticket_id, approval_no, asked_by, write_off, approved, approved_cents, note)
    VALUES (it.agency_id, it.ticket_id, asked.approval_no, asked.asked_by, asked.write_off, approve, amount, words);
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, 'move', CASE WHEN NOT approve THEN 'declined'
      WHEN asked.write_off THEN 'may be written off' ELSE 'approved up to ' || radioshop.dollars(amount) END
      || CASE WHEN words <> '' THEN ': ' || words ELSE '' END, 0, 0, 'diagnosing');
  UPDATE radioshop.ticket t SET state = 'diagnosing' WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

UPDATE radioshop.schema_version SET version = 6;

COMMIT;
