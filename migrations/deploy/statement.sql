-- Deploy radioshop:statement to pg
--
-- What each agency pays for a month. settle() is the arithmetic, pure, over arrays: a preview, a closing and the tests call the same.
-- Closing a month writes its statements once; then they stay as they are, and what is found later goes into a later month.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

-- Amounts that are set right later: each belongs to the open month it is charged in, and says what it sets right.
CREATE TABLE radioshop.correction (
  agency_id int NOT NULL,
  correction_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  month date NOT NULL,
  for_month date,
  for_line int,
  amount_cents bigint NOT NULL,
  text text NOT NULL,
  principal text NOT NULL DEFAULT radioshop.caller(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT correction_pkey PRIMARY KEY (agency_id, correction_id),
  CONSTRAINT correction_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT correction_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT correction_month_first_day CHECK (radioshop.is_month(month)),
  CONSTRAINT correction_for_month_before CHECK (for_month < month),
  CONSTRAINT correction_for_line_fits CHECK (for_line IS NULL OR for_month IS NOT NULL),
  CONSTRAINT correction_amount_cents_range CHECK (amount_cents <> 0 AND amount_cents BETWEEN -1000000000000 AND 1000000000000),
  CONSTRAINT correction_text_form CHECK (text <> '' AND radioshop.is_line(text, 200))
);
COMMENT ON CONSTRAINT correction_agency_known ON radioshop.correction IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT correction_agency_not_shop ON radioshop.correction IS 'agency: the shop itself has no statement to correct';
COMMENT ON CONSTRAINT correction_month_first_day ON radioshop.correction IS 'month: give the month as YYYY-MM';
COMMENT ON CONSTRAINT correction_for_month_before ON radioshop.correction IS
  'for_month: what is set right lies in a month before the one that it is charged in';
COMMENT ON CONSTRAINT correction_for_line_fits ON radioshop.correction IS 'for_line: a line needs the month of its statement';
COMMENT ON CONSTRAINT correction_amount_cents_range ON radioshop.correction IS
  'amount_cents: give 1 to 1,000,000,000,000 cents to charge, or as many below none to give back';
COMMENT ON CONSTRAINT correction_text_form ON radioshop.correction IS 'text: say what is set right, in one line of at most 200 characters';
CREATE INDEX correction_by_month ON radioshop.correction (agency_id, month, at);

-- The ledger of the self-insurance fund: its balance is the sum. Rows of agency 0 are the shop's own.
CREATE TABLE radioshop.fund_movement (
  agency_id int NOT NULL,
  movement_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  month date NOT NULL,
  kind text NOT NULL,
  amount_cents bigint NOT NULL,
  text text NOT NULL,
  reference text NOT NULL DEFAULT '',
  principal text NOT NULL DEFAULT radioshop.caller(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT fund_movement_pkey PRIMARY KEY (agency_id, movement_id),
  CONSTRAINT fund_movement_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT fund_movement_month_first_day CHECK (radioshop.is_month(month)),
  CONSTRAINT fund_movement_kind_known CHECK (kind IN ('deposit', 'withdrawal', 'payout', 'contribution')),
  CONSTRAINT fund_movement_agency_fits CHECK ((agency_id = 0) = (kind IN ('deposit', 'withdrawal'))),
  CONSTRAINT fund_movement_amount_cents_range CHECK (amount_cents <> 0 AND abs(amount_cents) <= 100000000000000
    AND (amount_cents > 0) = (kind IN ('deposit', 'contribution'))),
  CONSTRAINT fund_movement_text_form CHECK (text <> '' AND radioshop.is_line(text, 200)),
  CONSTRAINT fund_movement_reference_form CHECK (radioshop.is_line(reference, 64))
);
COMMENT ON CONSTRAINT fund_movement_agency_known ON radioshop.fund_movement IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT fund_movement_month_first_day ON radioshop.fund_movement IS 'month: give the month as YYYY-MM';
COMMENT ON CONSTRAINT fund_movement_kind_known ON radioshop.fund_movement IS 'kind: a movement is a deposit, a withdrawal or a payout';
COMMENT ON CONSTRAINT fund_movement_agency_fits ON radioshop.fund_movement IS
  'agency: a payout goes to an agency; deposits and withdrawals are the shop''s';
COMMENT ON CONSTRAINT fund_movement_amount_cents_range ON radioshop.fund_movement IS
  'amount_cents: give 1 to 100,000,000,000,000 cents';
COMMENT ON CONSTRAINT fund_movement_text_form ON radioshop.fund_movement IS 'text: say what it is for, in one line of at most 200 characters';
COMMENT ON CONSTRAINT fund_movement_reference_form ON radioshop.fund_movement IS 'ticket: a reference is one line of at most 64 characters';
CREATE INDEX fund_movement_by_time ON radioshop.fund_movement (agency_id, at DESC, movement_id DESC);

-- One statement an agency and closed month.
CREATE TABLE radioshop.statement (
  agency_id int NOT NULL,
  month date NOT NULL,
  lines int NOT NULL,
  subscriber_cents bigint NOT NULL,
  share_cents bigint NOT NULL,
  labour_cents bigint NOT NULL,
  parts_cents bigint NOT NULL,
  outside_cents bigint NOT NULL,
  handling_cents bigint NOT NULL,
  insurance_cents bigint NOT NULL,
  correction_cents bigint NOT NULL,
  total_cents bigint NOT NULL,
  CONSTRAINT statement_pkey PRIMARY KEY (agency_id, month),
  CONSTRAINT statement_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT statement_month_closed FOREIGN KEY (month) REFERENCES radioshop.billing_month,
  CONSTRAINT statement_adds_up CHECK (total_cents = subscriber_cents + share_cents + labour_cents + parts_cents + outside_cents
    + handling_cents + insurance_cents + correction_cents)
);
COMMENT ON CONSTRAINT statement_adds_up ON radioshop.statement IS 'total_cents: a statement is the sum of its parts';

CREATE TABLE radioshop.statement_line (
  agency_id int NOT NULL,
  month date NOT NULL,
  line_no int NOT NULL,
  kind text NOT NULL,
  ticket text NOT NULL,
  class text,
  description text NOT NULL,
  quantity bigint NOT NULL,
  whole bigint NOT NULL,
  unit_cents bigint NOT NULL,
  amount_cents bigint NOT NULL,
  rounding_millicents int NOT NULL,
  reference text NOT NULL,
  CONSTRAINT statement_line_pkey PRIMARY KEY (agency_id, month, line_no),
  CONSTRAINT statement_line_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT statement_line_month_closed FOREIGN KEY (month) REFERENCES radioshop.billing_month,
  CONSTRAINT statement_line_kind_known CHECK (kind IN ('subscriber', 'share', 'labour', 'part', 'outside', 'handling', 'contribution',
    'payout', 'correction', 'fixed_cost')),
  CONSTRAINT statement_line_rounding_below_cent CHECK (abs(rounding_millicents) <= 1000)
);
COMMENT ON TABLE radioshop.statement_line IS
  'lines of the statements; those of agency 0 are what the shop''s remainder is made of, fixed costs and shared work';
COMMENT ON CONSTRAINT statement_line_kind_known ON radioshop.statement_line IS 'kind: no line is of this kind';
COMMENT ON CONSTRAINT statement_line_rounding_below_cent ON radioshop.statement_line IS
  'rounding_millicents: no amount is rounded by more than a cent';

-- The shop's own sums of a closed month.
CREATE TABLE radioshop.month_account (
  month date NOT NULL,
  agreement date NOT NULL,
  fixed_cents bigint NOT NULL,
  shared_work_cents bigint NOT NULL,
  subscriber_cents bigint NOT NULL,
  remainder_cents bigint NOT NULL,
  direct_cents bigint NOT NULL,
  insurance_cents bigint NOT NULL,
  correction_cents bigint NOT NULL,
  total_cents bigint NOT NULL,
  fund_cents bigint NOT NULL,
  fingerprint text NOT NULL,
  CONSTRAINT month_account_pkey PRIMARY KEY (month),
  CONSTRAINT month_account_month_closed FOREIGN KEY (month) REFERENCES radioshop.billing_month,
  CONSTRAINT month_account_agreement_known FOREIGN KEY (agreement) REFERENCES radioshop.agreement,
  CONSTRAINT month_account_remainder CHECK (remainder_cents = fixed_cents + shared_work_cents - subscriber_cents),
  CONSTRAINT month_account_total CHECK (total_cents = fixed_cents + shared_work_cents + direct_cents + insurance_cents + correction_cents)
);
COMMENT ON CONSTRAINT month_account_remainder ON radioshop.month_account IS
  'remainder_cents: the remainder is fixed costs and shared work less subscriber fees';
COMMENT ON CONSTRAINT month_account_total ON radioshop.month_account IS
  'total_cents: the shop''s total is fixed costs, all work, insurance and corrections';

-- ---------------------------------------------------------------------------------------------------------------------
-- What keeps a closed month as it is

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.correction
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.fund_movement
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.statement
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.statement_line
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.month_account
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

-- Statements grow in the transaction that closes their month, and never again.
CREATE FUNCTION radioshop.only_while_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added a LEFT JOIN radioshop.billing_month b ON b.month = a.month
      WHERE b.transaction IS DISTINCT FROM pg_current_xact_id()) THEN
    RAISE EXCEPTION '% is written when its month is closed, and never again', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER only_while_closing AFTER INSERT ON radioshop.statement REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_while_closing();
CREATE TRIGGER only_while_closing AFTER INSERT ON radioshop.statement_line REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_while_closing();
CREATE TRIGGER only_while_closing AFTER INSERT ON radioshop.month_account REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_while_closing();

-- Nothing is posted to a closed month. RS412 is FAILED_PRECONDITION, and its text "field: sentence" what the client reads.
CREATE FUNCTION radioshop.only_open_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.month <= radioshop.last_closed() THEN
    RAISE EXCEPTION 'month: % is closed', radioshop.show_month(NEW.month) USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER only_open_months BEFORE INSERT ON radioshop.correction FOR EACH ROW EXECUTE FUNCTION radioshop.only_open_months();
CREATE TRIGGER only_open_months BEFORE INSERT ON radioshop.fund_movement FOR EACH ROW EXECUTE FUNCTION radioshop.only_open_months();

-- The same for work. An entry that is written now belongs to now, even when its transaction began before the turn of a month that was
-- closed meanwhile; one that names a time in a closed month is refused. The shared lock lets a closing wait for entries under way,
-- and lets them see, after it, that it was there.
CREATE FUNCTION radioshop.entry_in_open_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  closed text;
BEGIN
  PERFORM radioshop.lock_months(false);
  SELECT radioshop.show_month(b.month) INTO closed FROM radioshop.billing_month b WHERE b.ends_at > NEW.at ORDER BY b.ends_at LIMIT 1;
  IF NOT FOUND THEN
    RETURN NEW;
  ELSIF NEW.at = now() THEN
    NEW.at := clock_timestamp();
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'at: % is closed; enter the work as of now, and it counts for the month that is open', closed USING ERRCODE = 'RS412';
END
$$;
CREATE TRIGGER entry_in_open_month BEFORE INSERT ON radioshop.ticket_entry
  FOR EACH ROW WHEN (NEW.minutes <> 0 OR NEW.cost_cents <> 0) EXECUTE FUNCTION radioshop.entry_in_open_month();

-- The last look, when the transaction ends: lines make statements, and statements make the shop's total, to the cent.
CREATE FUNCTION radioshop.check_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coalesce(sum(s.total_cents), 0) FROM radioshop.statement s WHERE s.month = NEW.month) <> NEW.total_cents
    OR EXISTS (SELECT FROM (SELECT s.agency_id, s.total_cents, s.lines FROM radioshop.statement s WHERE s.month = NEW.month) s
      FULL JOIN (SELECT l.agency_id, sum(l.amount_cents) AS cents, count(*) AS lines FROM radioshop.statement_line l
        WHERE l.month = NEW.month AND l.agency_id > 0 GROUP BY l.agency_id) l ON l.agency_id = s.agency_id
      WHERE coalesce(s.total_cents, 0) <> coalesce(l.cents, 0) OR coalesce(s.lines, 0) <> coalesce(l.lines, 0)) THEN
    RAISE EXCEPTION 'the statements of % do not add up to the total of the shop', NEW.month USING ERRCODE = 'XX000';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER check_month AFTER INSERT ON radioshop.month_account
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION radioshop.check_month();

CREATE TRIGGER record_event AFTER INSERT ON radioshop.correction
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('correction', 'correction_id');
CREATE TRIGGER record_event AFTER INSERT ON radioshop.fund_movement
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('fund_movement', 'movement_id');
CREATE TRIGGER record_event AFTER INSERT ON radioshop.statement
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('statement', 'month');

-- An agency reads what is its own; the shop writes.
ALTER TABLE radioshop.correction ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY correction_read ON radioshop.correction FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY correction_add ON radioshop.correction FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.fund_movement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY fund_movement_read ON radioshop.fund_movement FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY fund_movement_add ON radioshop.fund_movement FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.statement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY statement_read ON radioshop.statement FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY statement_add ON radioshop.statement FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.statement_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY statement_line_read ON radioshop.statement_line FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY statement_line_add ON radioshop.statement_line FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.month_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY month_account_shop ON radioshop.month_account USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT ON radioshop.correction, radioshop.fund_movement, radioshop.statement, radioshop.statement_line,
  radioshop.month_account TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- The arithmetic

-- What a month is reckoned from, and what comes of it. hourly_cents NULL: no rate says what the work costs.
CREATE TYPE radioshop.month_member AS (agency_id int, code text, kind text, share_bp int);
CREATE TYPE radioshop.month_radios AS (agency_id int, class text, quantity bigint);
CREATE TYPE radioshop.month_work AS (agency_id int, ticket text, entry_no int, kind text, text text, minutes bigint, hourly_cents bigint,
  cost_cents bigint, warranty boolean);
CREATE TYPE radioshop.month_posting AS (agency_id int, kind text, text text, reference text, amount_cents bigint);
CREATE TYPE radioshop.settled_line AS (agency_id int, line_no int, kind text, ticket text, class text, description text, quantity numeric,
  whole numeric, unit_cents numeric, amount_cents numeric, rounding_millicents numeric, reference text);

-- n / d to the nearest whole, halves away from zero. Exact: div() cuts, it does not approximate.
CREATE FUNCTION radioshop.round_half(n numeric, d numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sign(n) * div(2 * abs(n) + d, 2 * d)
$$;

-- total in whole parts that are to each other as the weights, and make exactly total: each part is rounded down, and the units that are
-- left go one each to the largest remainders, among equal ones to the first. The weights are not negative, and not all zero; the total
-- may be negative.
CREATE FUNCTION radioshop.apportion(total numeric, weights numeric[]) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT array_agg(r.part + CASE WHEN r.rank <= total - r.parts THEN 1 ELSE 0 END ORDER BY r.i)
    FROM (SELECT p.i, p.part, sum(p.part) OVER () AS parts, row_number() OVER (ORDER BY p.rest DESC, p.i) AS rank
      FROM (SELECT w.i, c.rest, div(total * w.weight - c.rest, s.whole) AS part
        FROM (SELECT sum(v) AS whole FROM unnest(weights) v) s
          CROSS JOIN unnest(weights) WITH ORDINALITY w (weight, i)
          CROSS JOIN LATERAL (SELECT mod(mod(total * w.weight, s.whole) + s.whole, s.whole) AS rest) c) p) r);
END
$$;

-- The lines of a month, agency by agency; those of agency 0 are what the remainder is made of. fund_cents is what the fund holds before
-- this month's contributions. A line whose amount is NULL has work that no rate covers. Kinds stand in the order in which they are read.
CREATE FUNCTION radioshop.settle(terms radioshop.agreement, members radioshop.month_member[], radios radioshop.month_radios[],
  work radioshop.month_work[], postings radioshop.month_posting[], fund_cents numeric)
RETURNS SETOF radioshop.settled_line LANGUAGE plpgsql IMMUTABLE AS $$
#variable_conflict use_column
DECLARE
  kinds constant text[] := '{subscriber,share,fixed_cost,labour,part,outside,handling,contribution,payout,correction}';
BEGIN
  RETURN QUERY
  WITH member AS MATERIALIZED (
    SELECT m.agency_id, m.code COLLATE "C" AS code, m.kind, m.share_bp FROM unnest(settle.members) m
  ), fixed AS MATERIALIZED (
    SELECT f.i, f.cost ->> 'description' AS description, (f.cost ->> 'monthly_cents')::numeric AS cents
    FROM jsonb_array_elements((settle.terms).fixed_costs) WITH ORDINALITY f (cost, i)
  ), subscribed AS MATERIALIZED (
    SELECT m.agency_id, f.fee ->> 'class' AS class, (f.fee ->> 'monthly_cents')::numeric AS cents, sum(r.quantity) AS radios
    FROM jsonb_array_elements((settle.terms).fees) f (fee)
      JOIN unnest(settle.radios) r ON r.class = f.fee ->> 'class'
      JOIN member m ON m.agency_id = r.agency_id AND m.kind <> 'stock'
    GROUP BY m.agency_id, f.fee HAVING sum(r.quantity) > 0
  ), done AS MATERIALIZED (
    SELECT CASE WHEN c.charge = 'shared' THEN 0 ELSE w.agency_id END AS payer, w.ticket, w.entry_no, w.kind, w.text, w.minutes,
      w.hourly_cents, w.cost_cents
    FROM unnest(settle.work) w JOIN member m ON m.agency_id = w.agency_id
      CROSS JOIN LATERAL (SELECT CASE WHEN m.kind = 'stock' THEN (settle.terms).stock_work
        WHEN w.warranty THEN (settle.terms).warranty_work ELSE 'charged' END AS charge) c
    WHERE c.charge <> 'not_charged'
  ), labour AS MATERIALIZED (
    SELECT d.payer, d.ticket, d.hourly_cents, sum(d.minutes) AS minutes,
      radioshop.round_half(sum(d.minutes) * d.hourly_cents, 60) AS cents
    FROM done d WHERE d.kind = 'labour' GROUP BY d.payer, d.ticket, d.hourly_cents
  ), handling AS MATERIALIZED (
    SELECT h.payer, h.kind, h.bp, h.base, radioshop.round_half(h.base * h.bp, 10000) AS cents FROM (
      SELECT d.payer, d.kind, CASE d.kind WHEN 'part' THEN (settle.terms).parts_handling_bp ELSE (settle.terms).outside_handling_bp END AS bp,
        sum(d.cost_cents) AS base
      FROM done d WHERE d.kind IN ('part', 'outside') AND d.payer <> 0 GROUP BY d.payer, d.kind) h
    WHERE h.bp > 0 AND h.base <> 0
  ), direct AS MATERIALIZED (
    SELECT d.payer, sum(d.minutes) AS minutes, sum(d.cents) AS cents
    FROM (SELECT l.payer, l.minutes, l.cents FROM labour l
      UNION ALL SELECT d.payer, 0, d.cost_cents FROM done d WHERE d.kind IN ('part', 'outside')) d
    GROUP BY d.payer
  ), sharing AS MATERIALIZED (
    SELECT array_agg(m.agency_id ORDER BY m.code) AS agencies, array_agg(w.weight ORDER BY m.code) AS weights, sum(w.weight) AS whole
    FROM member m
      LEFT JOIN (SELECT s.agency_id, sum(s.radios) AS radios FROM subscribed s GROUP BY s.agency_id) r ON r.agency_id = m.agency_id
      LEFT JOIN direct d ON d.payer = m.agency_id
      CROSS JOIN LATERAL (SELECT CASE (settle.terms).split WHEN 'percent' THEN m.share_bp WHEN 'radios' THEN coalesce(r.radios, 0)
        WHEN 'minutes' THEN coalesce(d.minutes, 0) ELSE greatest(0, coalesce(d.cents, 0)) END::numeric AS weight) w
    WHERE m.kind = 'member'
  ), pot AS MATERIALIZED ( -- where nobody has anything of what it is split by, the parts are equal
    SELECT s.agencies, CASE WHEN s.whole > 0 THEN s.weights ELSE array_fill(1::numeric, ARRAY[cardinality(s.agencies)]) END AS weights,
      CASE WHEN s.whole > 0 THEN s.whole ELSE cardinality(s.agencies) END AS whole,
      coalesce((SELECT sum(f.cents) FROM fixed f), 0) + coalesce((SELECT d.cents FROM direct d WHERE d.payer = 0), 0)
        - coalesce((SELECT sum(b.radios * b.cents) FROM subscribed b), 0) AS cents
    FROM sharing s WHERE s.agencies IS NOT NULL
  ), paying AS MATERIALIZED (
    SELECT p.agencies, p.wanted, p.radios, p.whole, least(p.whole, greatest(0, (settle.terms).fund_ceiling_cents - settle.fund_cents)) AS cents
    FROM (SELECT array_agg(m.agency_id ORDER BY m.code) AS agencies, array_agg(r.radios ORDER BY m.code) AS radios,
        array_agg(r.radios * (settle.terms).fund_monthly_cents ORDER BY m.code) AS wanted,
        sum(r.radios) * (settle.terms).fund_monthly_cents AS whole
      FROM member m JOIN (SELECT s.agency_id, sum(s.radios) AS radios FROM subscribed s GROUP BY s.agency_id) r
        ON r.agency_id = m.agency_id AND m.kind = 'member') p
    WHERE p.whole > 0
  ), line (agency_id, kind, first_key, next_key, ticket, class, description, quantity, whole, unit_cents, amount_cents, off, reference) AS (
    SELECT s.agency_id, 'subscriber', s.class, 0::bigint, '', s.class, 'Subscriber fee, ' || replace(s.class, '_', ' '), s.radios, 0::numeric, s.cents,
      s.radios * s.cents, 0::numeric, ''
    FROM subscribed s
    UNION ALL
    SELECT u.agency_id, 'share', '', 0, '', NULL, 'Share of the remainder by ' || CASE (settle.terms).split WHEN 'direct_cost'
        THEN 'direct cost' ELSE (settle.terms).split END, u.weight, p.whole, p.cents, u.cents,
      radioshop.round_half((u.cents * p.whole - p.cents * u.weight) * 1000, p.whole), ''
    FROM pot p CROSS JOIN LATERAL unnest(p.agencies, p.weights, radioshop.apportion(p.cents, p.weights)) u (agency_id, weight, cents)
    UNION ALL
    SELECT 0, 'fixed_cost', '', f.i, '', NULL, f.description, 0, 0, 0, f.cents, 0, '' FROM fixed f
    UNION ALL
    SELECT l.payer, 'labour', l.ticket, l.hourly_cents, l.ticket, NULL, 'Labour', l.minutes, 0, l.hourly_cents, l.cents,
      radioshop.round_half((l.cents * 60 - l.minutes * l.hourly_cents) * 1000, 60), ''
    FROM labour l
    UNION ALL
    SELECT d.payer, d.kind, d.ticket, d.entry_no, d.ticket, NULL, d.text, 0, 0, 0, d.cost_cents, 0, ''
    FROM done d WHERE d.kind IN ('part', 'outside')
    UNION ALL
    SELECT h.payer, 'handling', '', CASE h.kind WHEN 'part' THEN 1 ELSE 2 END, '', NULL, CASE h.kind WHEN 'part' THEN 'Handling of parts' ELSE 'Handling of outside work' END,
      h.bp, 10000, h.base, h.cents, radioshop.round_half((h.cents * 10000 - h.base * h.bp) * 1000, 10000), ''
    FROM handling h
    UNION ALL
    SELECT u.agency_id, 'contribution', '', 0, '', NULL, CASE WHEN p.cents < p.whole THEN 'Contribution to the fund, up to its ceiling'
        ELSE 'Contribution to the fund' END, u.radios, 0, (settle.terms).fund_monthly_cents, u.cents,
      radioshop.round_half((u.cents * p.whole - p.cents * u.wanted) * 1000, p.whole), ''
    FROM paying p CROSS JOIN LATERAL unnest(p.agencies, p.wanted, p.radios, radioshop.apportion(p.cents, p.wanted))
      u (agency_id, wanted, radios, cents)
    WHERE u.cents > 0
    UNION ALL
    SELECT p.agency_id, p.kind, '', p.i, '', NULL, p.text, 0, 0, 0, p.amount_cents, 0, p.reference
    FROM unnest(settle.postings) WITH ORDINALITY p (agency_id, kind, text, reference, amount_cents, i)
  )
  SELECT l.agency_id, (row_number() OVER (PARTITION BY l.agency_id
      ORDER BY array_position(kinds, l.kind), l.first_key COLLATE "C", l.next_key))::int, l.kind, l.ticket, l.class, l.description,
    l.quantity, l.whole, l.unit_cents, l.amount_cents, l.off, l.reference
  FROM line l;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What a month is reckoned from

-- How many radios an agency had of each class at an instant, in these statuses. The present is counted on an index; what has changed since
-- is taken back by its events. Assets that were added since did not exist.
CREATE INDEX asset_counted ON radioshop.asset (agency_id, class, status, quantity);
CREATE FUNCTION radioshop.count_radios(of_agencies int[], classes text[], statuses text[], at timestamptz)
RETURNS SETOF radioshop.month_radios LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH since AS MATERIALIZED (
    SELECT e.agency_id, e.resource_id::uuid AS asset_id, bool_or(e.action = 'insert') AS added,
      (array_agg(e.before ->> 'class' ORDER BY e.at, e.event_id) FILTER (WHERE e.before ? 'class'))[1] AS class,
      (array_agg(e.before ->> 'status' ORDER BY e.at, e.event_id) FILTER (WHERE e.before ? 'status'))[1] AS status,
      (array_agg((e.before ->> 'quantity')::bigint ORDER BY e.at, e.event_id) FILTER (WHERE e.before ? 'quantity'))[1] AS quantity
    FROM radioshop.event e
    WHERE e.agency_id = ANY (of_agencies) AND e.resource = 'asset' AND e.at >= count_radios.at
      AND (e.action = 'insert' OR e.before ?| '{class,status,quantity}')
    GROUP BY e.agency_id, e.resource_id
  ), counted (agency_id, class, quantity) AS (
    SELECT a.agency_id, a.class, sum(a.quantity) FROM radioshop.asset a
      WHERE a.agency_id = ANY (of_agencies) AND a.class = ANY (classes) AND a.status = ANY (statuses)
      GROUP BY a.agency_id, a.class
    UNION ALL
    SELECT a.agency_id, a.class, -a.quantity FROM since s JOIN radioshop.asset a ON a.agency_id = s.agency_id AND a.asset_id = s.asset_id
      WHERE a.class = ANY (classes) AND a.status = ANY (statuses)
    UNION ALL
    SELECT a.agency_id, coalesce(s.class, a.class), coalesce(s.quantity, a.quantity)
      FROM since s JOIN radioshop.asset a ON a.agency_id = s.agency_id AND a.asset_id = s.asset_id
      WHERE NOT s.added AND coalesce(s.class, a.class) = ANY (classes) AND coalesce(s.status, a.status) = ANY (statuses)
  )
  SELECT c.agency_id, c.class, sum(c.quantity)::bigint FROM counted c GROUP BY c.agency_id, c.class HAVING sum(c.quantity) > 0;
END
$$;

-- Work that costs something, by time.
CREATE INDEX ticket_entry_by_time ON radioshop.ticket_entry (agency_id, at) WHERE minutes <> 0 OR cost_cents <> 0;

CREATE FUNCTION radioshop.work_between(zone text, begins_at timestamptz, ends_at timestamptz) RETURNS SETOF radioshop.month_work
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH entry AS MATERIALIZED (
    SELECT e.agency_id, e.ticket_id, e.entry_no, e.kind, e.text, e.minutes, e.cost_cents, e.principal, (e.at AT TIME ZONE zone)::date AS day
    FROM radioshop.ticket_entry e
    WHERE e.agency_id = ANY (radioshop.agencies()) AND e.at >= work_between.begins_at AND e.at < work_between.ends_at
      AND (e.minutes <> 0 OR e.cost_cents <> 0)
  ), rate AS MATERIALIZED (
    SELECT d.principal, d.day, r.hourly_cents
    FROM (SELECT DISTINCT e.principal, e.day FROM entry e WHERE e.kind = 'labour') d
      CROSS JOIN LATERAL radioshop.rate_on(d.principal, d.day) r
  )
  SELECT e.agency_id, t.number, e.entry_no, e.kind, e.text, e.minutes::bigint, r.hourly_cents, e.cost_cents,
    coalesce(a.warranty_until >= e.day, false)
  FROM entry e
    JOIN radioshop.ticket t ON t.agency_id = e.agency_id AND t.ticket_id = e.ticket_id
    JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
    LEFT JOIN rate r ON r.principal = e.principal AND r.day = e.day;
END
$$;

-- When a month begins and ends: it begins where the one before ended, and ends at midnight in the agreement's time zone.
CREATE FUNCTION radioshop.month_bounds(month date, OUT zone text, OUT begins_at timestamptz, OUT ends_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  zone := coalesce((SELECT v.time_zone FROM radioshop.agreement v WHERE v.from_month = radioshop.agreement_of(month_bounds.month)), 'UTC');
  ends_at := (month_bounds.month + interval '1 month') AT TIME ZONE zone;
  begins_at := coalesce((SELECT b.ends_at FROM radioshop.billing_month b
      WHERE b.month = (month_bounds.month - interval '1 month')::date), month_bounds.month::timestamp AT TIME ZONE zone);
END
$$;

-- The next month to close: the first of the agreement, then one after the other. NULL while there is no agreement.
CREATE FUNCTION radioshop.next_month() RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((radioshop.last_closed() + interval '1 month')::date, (SELECT min(v.from_month) FROM radioshop.agreement v));
END
$$;

-- A month as a caller sees it, or why not. In step with message Month.
CREATE TYPE radioshop.month_shown AS (
  refusal text, month text, begins_at timestamptz, ends_at timestamptz, closed_at timestamptz, closed_by text, agreement text, split text,
  fixed_cents bigint, shared_work_cents bigint, subscriber_cents bigint, remainder_cents bigint, direct_cents bigint,
  insurance_cents bigint, correction_cents bigint, total_cents bigint, fund_cents bigint, fingerprint text, statements jsonb
);

-- The refusal to preview or to close a month; NULL when it can be.
CREATE FUNCTION radioshop.refuse_month(asked text, closing boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  wanted constant date := radioshop.read_month(asked);
  next constant date := radioshop.next_month();
  bounds record;
  was record;
BEGIN
  IF wanted IS NULL THEN
    RETURN radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10');
  ELSIF next IS NULL THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'month', 'there is no agreement yet; set one first');
  END IF;
  bounds := radioshop.month_bounds(wanted);
  SELECT b.closed_by, b.closed_at INTO was FROM radioshop.billing_month b WHERE b.month = wanted;
  RETURN CASE
    WHEN was IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'month', format('%s was closed by %s on %s; its statements stand',
      radioshop.show_month(wanted), was.closed_by, to_char(was.closed_at AT TIME ZONE bounds.zone, 'YYYY-MM-DD HH24:MI')))
    WHEN wanted < next AND radioshop.last_closed() IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('the agreement begins with %s, and so do the statements', radioshop.show_month(next)))
    WHEN wanted < next THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('%s lies before the first month that was closed', radioshop.show_month(wanted)))
    WHEN NOT closing AND bounds.begins_at > now() THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('%s has not begun', radioshop.show_month(wanted)))
    WHEN closing AND bounds.ends_at > clock_timestamp() THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('%s is not over: it ends at %s in %s', radioshop.show_month(wanted),
        to_char(bounds.ends_at AT TIME ZONE bounds.zone, 'YYYY-MM-DD HH24:MI'), bounds.zone))
    WHEN closing AND wanted > next THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('months are closed one after the other, and %s is the next', radioshop.show_month(next))) END;
END
$$;

-- A month reckoned from what is on record: its lines, the statement of each agency, and the shop's sums; or why it cannot be. Preview and
-- closing both call this, and nothing else reckons.
CREATE FUNCTION radioshop.reckon_month(month date, OUT refusal text, OUT lines radioshop.settled_line[], OUT statements radioshop.statement[],
  OUT account radioshop.month_account) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  most constant numeric := 1000000000000000;
  bounds constant record := radioshop.month_bounds(reckon_month.month);
  terms radioshop.agreement;
  members radioshop.month_member[];
  work radioshop.month_work[];
  postings radioshop.month_posting[];
  radios radioshop.month_radios[];
  fund numeric;
BEGIN
  SELECT v.from_month, v.time_zone, v.split, v.fees, v.fixed_costs, v.counted_statuses, v.warranty_work, v.stock_work, v.parts_handling_bp,
      v.outside_handling_bp, v.fund_monthly_cents, v.fund_floor_cents, v.fund_ceiling_cents, v.note, v.revision, v.updated_at
    INTO terms FROM radioshop.agreement v WHERE v.from_month = radioshop.agreement_of(reckon_month.month);
  SELECT array_agg(ROW(m.agency_id, g.code, m.kind, m.share_bp)::radioshop.month_member) INTO members
    FROM radioshop.agreement_member m JOIN radioshop.agency g ON g.agency_id = m.agency_id WHERE m.from_month = terms.from_month;
  SELECT array_agg(w) INTO work FROM radioshop.work_between(bounds.zone, bounds.begins_at, bounds.ends_at) w;
  SELECT array_agg(ROW(p.agency_id, p.kind, p.text, p.reference, p.amount_cents)::radioshop.month_posting ORDER BY p.at, p.id) INTO postings
    FROM (SELECT c.agency_id, 'correction' AS kind, c.text, c.amount_cents, c.at, c.correction_id AS id,
        concat_ws(', ', radioshop.show_month(c.for_month), 'line ' || c.for_line) AS reference
      FROM radioshop.correction c WHERE c.agency_id = ANY (radioshop.agencies()) AND c.month = reckon_month.month
      UNION ALL
      SELECT f.agency_id, f.kind, f.text, f.amount_cents, f.at, f.movement_id, f.reference
      FROM radioshop.fund_movement f WHERE f.month = reckon_month.month AND f.kind = 'payout') p;

  refusal := (SELECT radioshop.refuse('FAILED_PRECONDITION', 'month', format(
      '%s has work or corrections in %s, but no part in the agreement of that month; name it there, as a customer if it has no share',
      min(g.code), radioshop.show_month(reckon_month.month)))
    FROM (SELECT w.agency_id FROM unnest(work) w UNION SELECT p.agency_id FROM unnest(postings) p
      EXCEPT SELECT m.agency_id FROM unnest(members) m) x JOIN radioshop.agency g ON g.agency_id = x.agency_id HAVING count(*) > 0);
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;

  SELECT array_agg(r) INTO radios FROM radioshop.count_radios(
    ARRAY(SELECT m.agency_id FROM unnest(members) m WHERE m.kind <> 'stock'),
    ARRAY(SELECT f ->> 'class' FROM jsonb_array_elements(terms.fees) f), terms.counted_statuses, least(bounds.ends_at, now())) r;
  SELECT coalesce(sum(f.amount_cents), 0) INTO fund FROM radioshop.fund_movement f WHERE f.month <= reckon_month.month;
  SELECT coalesce(array_agg(l ORDER BY l.agency_id, l.line_no), '{}') INTO lines
    FROM radioshop.settle(terms, members, radios, work, postings, fund) l;

  refusal := coalesce((SELECT radioshop.refuse('FAILED_PRECONDITION', 'month',
        format('no labour rate says what the work on %s costs; set a rate that is valid on its day', min(l.ticket)))
      FROM unnest(lines) l WHERE l.amount_cents IS NULL HAVING count(*) > 0),
    (SELECT radioshop.refuse('FAILED_PRECONDITION', 'month', format('the amounts of %s are beyond %s dollars; look at its fees and costs',
        radioshop.show_month(reckon_month.month), to_char(most / 100, 'FM999,999,999,999,999')))
      FROM unnest(lines) l HAVING sum(abs(l.amount_cents)) > most OR max(abs(l.unit_cents)) > most OR max(l.whole) > most));
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;

  SELECT coalesce(array_agg(ROW(s.agency_id, reckon_month.month, s.lines, s.subscriber, s.share, s.labour, s.parts, s.outside, s.handling,
      s.insurance, s.correction, s.total)::radioshop.statement ORDER BY s.code), '{}')
    INTO statements
    FROM (SELECT m.agency_id, m.code, count(l) AS lines,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'subscriber'), 0) AS subscriber,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'share'), 0) AS share,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'labour'), 0) AS labour,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'part'), 0) AS parts,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'outside'), 0) AS outside,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'handling'), 0) AS handling,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind IN ('contribution', 'payout')), 0) AS insurance,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'correction'), 0) AS correction,
        coalesce(sum(l.amount_cents), 0) AS total
      FROM unnest(members) m LEFT JOIN unnest(lines) l ON l.agency_id = m.agency_id
      WHERE m.kind <> 'stock' OR l.agency_id IS NOT NULL GROUP BY m.agency_id, m.code) s;

  -- From the costs, not from the statements: that both come to the same is looked at when the month is closed.
  SELECT reckon_month.month, terms.from_month, a.fixed, a.shared, a.subscriber, a.fixed + a.shared - a.subscriber, a.direct, a.insurance,
      a.correction, a.fixed + a.shared + a.direct + a.insurance + a.correction, fund + a.contribution, md5(lines::text)
    INTO account
    FROM (SELECT coalesce(sum(l.amount_cents) FILTER (WHERE l.agency_id = 0 AND l.kind = 'fixed_cost'), 0) AS fixed,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.agency_id = 0 AND l.kind <> 'fixed_cost'), 0) AS shared,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'subscriber'), 0) AS subscriber,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.agency_id > 0 AND l.kind IN ('labour', 'part', 'outside', 'handling')), 0) AS direct,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind IN ('contribution', 'payout')), 0) AS insurance,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'contribution'), 0) AS contribution,
        coalesce(sum(l.amount_cents) FILTER (WHERE l.kind = 'correction'), 0) AS correction
      FROM unnest(lines) l) a;
END
$$;

CREATE FUNCTION radioshop.shown_month(account radioshop.month_account, statements radioshop.statement[]) RETURNS radioshop.month_shown
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.month_shown;
  bounds constant record := radioshop.month_bounds(account.month);
BEGIN
  SELECT NULL, radioshop.show_month(account.month), coalesce(b.begins_at, bounds.begins_at), coalesce(b.ends_at, bounds.ends_at), b.closed_at,
      coalesce(b.closed_by, ''), radioshop.show_month(account.agreement),
      (SELECT v.split FROM radioshop.agreement v WHERE v.from_month = account.agreement),
      account.fixed_cents, account.shared_work_cents, account.subscriber_cents, account.remainder_cents, account.direct_cents,
      account.insurance_cents, account.correction_cents, account.total_cents, account.fund_cents, account.fingerprint,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('agency', g.code, 'agency_name', g.name, 'month', radioshop.show_month(account.month),
          'lines', s.lines, 'subscriber_cents', s.subscriber_cents, 'share_cents', s.share_cents, 'labour_cents', s.labour_cents,
          'parts_cents', s.parts_cents, 'outside_cents', s.outside_cents, 'handling_cents', s.handling_cents,
          'insurance_cents', s.insurance_cents, 'correction_cents', s.correction_cents, 'total_cents', s.total_cents) ORDER BY g.code), '[]')
        FROM unnest(statements) s JOIN radioshop.agency g ON g.agency_id = s.agency_id)
    INTO shown
    FROM (VALUES (1)) one (row) LEFT JOIN radioshop.billing_month b ON b.month = account.month;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods

CREATE FUNCTION radioshop.preview_month(month text) RETURNS radioshop.month_shown LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.month_shown;
  reckoned record;
BEGIN
  shown.refusal := CASE WHEN NOT radioshop.is_shop() THEN
      radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop previews a month')
    ELSE radioshop.refuse_month(preview_month.month, false) END;
  IF shown.refusal IS NULL THEN
    reckoned := radioshop.reckon_month(radioshop.read_month(preview_month.month));
    shown.refusal := reckoned.refusal;
  END IF;
  IF shown.refusal IS NULL THEN
    shown := radioshop.shown_month(reckoned.account, reckoned.statements);
  END IF;
  RETURN shown;
END
$$;

-- The lines that an agency would have; those of the shop itself for SHOP.
CREATE FUNCTION radioshop.preview_lines(month text, agency text) RETURNS TABLE (refusal text, line radioshop.settled_line)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  place int;
  reckoned record;
  why text;
BEGIN
  SELECT g.agency_id INTO place FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(preview_lines.agency));
  why := CASE WHEN NOT radioshop.is_shop() THEN
      radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop previews a month')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', preview_lines.agency))
    ELSE radioshop.refuse_month(preview_lines.month, false) END;
  IF why IS NULL THEN
    reckoned := radioshop.reckon_month(radioshop.read_month(preview_lines.month));
    why := reckoned.refusal;
  END IF;
  IF why IS NOT NULL THEN
    RETURN QUERY SELECT why, NULL::radioshop.settled_line;
  ELSE
    RETURN QUERY SELECT NULL::text, l FROM unnest(reckoned.lines) l WHERE l.agency_id = place ORDER BY l.line_no;
  END IF;
END
$$;

-- Closes a month, once. fingerprint, if given, is that of the preview: what has changed since is then refused.
CREATE FUNCTION radioshop.close_month(month text, fingerprint text) RETURNS radioshop.month_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.month_shown;
  closing constant date := radioshop.read_month(close_month.month);
  reckoned record;
  bounds record;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop closes a month');
    RETURN shown;
  END IF;
  PERFORM radioshop.lock_months(true);
  shown.refusal := radioshop.refuse_month(close_month.month, true);
  IF shown.refusal IS NULL THEN
    reckoned := radioshop.reckon_month(closing);
    shown.refusal := CASE WHEN reckoned.refusal IS NOT NULL THEN reckoned.refusal
      WHEN btrim(close_month.fingerprint) NOT IN ('', (reckoned.account).fingerprint) THEN radioshop.refuse('ABORTED', 'fingerprint',
        format('%s has changed since it was previewed; preview it again', radioshop.show_month(closing))) END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  bounds := radioshop.month_bounds(closing);
  INSERT INTO radioshop.fund_movement (agency_id, month, kind, amount_cents, text)
    SELECT l.agency_id, closing, 'contribution', l.amount_cents, l.description FROM unnest(reckoned.lines) l WHERE l.kind = 'contribution';
  INSERT INTO radioshop.billing_month (month, begins_at, ends_at) VALUES (closing, bounds.begins_at, bounds.ends_at);
  INSERT INTO radioshop.statement_line (agency_id, month, line_no, kind, ticket, class, description, quantity, whole, unit_cents, amount_cents,
      rounding_millicents, reference)
    SELECT l.agency_id, closing, l.line_no, l.kind, l.ticket, l.class, l.description, l.quantity, l.whole, l.unit_cents, l.amount_cents,
        l.rounding_millicents, l.reference
      FROM unnest(reckoned.lines) l;
  INSERT INTO radioshop.statement (agency_id, month, lines, subscriber_cents, share_cents, labour_cents, parts_cents, outside_cents,
      handling_cents, insurance_cents, correction_cents, total_cents)
    SELECT s.agency_id, s.month, s.lines, s.subscriber_cents, s.share_cents, s.labour_cents, s.parts_cents, s.outside_cents,
        s.handling_cents, s.insurance_cents, s.correction_cents, s.total_cents
      FROM unnest(reckoned.statements) s;
  INSERT INTO radioshop.month_account (month, agreement, fixed_cents, shared_work_cents, subscriber_cents, remainder_cents, direct_cents,
      insurance_cents, correction_cents, total_cents, fund_cents, fingerprint)
    SELECT a.month, a.agreement, a.fixed_cents, a.shared_work_cents, a.subscriber_cents, a.remainder_cents, a.direct_cents,
        a.insurance_cents, a.correction_cents, a.total_cents, a.fund_cents, a.fingerprint
      FROM (SELECT (reckoned.account).month, (reckoned.account).agreement, (reckoned.account).fixed_cents, (reckoned.account).shared_work_cents,
        (reckoned.account).subscriber_cents, (reckoned.account).remainder_cents, (reckoned.account).direct_cents,
        (reckoned.account).insurance_cents, (reckoned.account).correction_cents, (reckoned.account).total_cents,
        (reckoned.account).fund_cents, (reckoned.account).fingerprint) a;
  RETURN radioshop.shown_month(reckoned.account, reckoned.statements);
END
$$;

-- A closed month as the shop sees it.
CREATE FUNCTION radioshop.summarize_month(month text) RETURNS radioshop.month_shown LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.month_shown;
  account radioshop.month_account;
BEGIN
  SELECT a.month, a.agreement, a.fixed_cents, a.shared_work_cents, a.subscriber_cents, a.remainder_cents, a.direct_cents, a.insurance_cents,
      a.correction_cents, a.total_cents, a.fund_cents, a.fingerprint
    INTO account FROM radioshop.month_account a WHERE a.month = radioshop.read_month(summarize_month.month);
  shown.refusal := CASE
    WHEN radioshop.read_month(summarize_month.month) IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '',
      'the sums of the shop are for those who see every agency; list your own statements')
    WHEN account.month IS NULL THEN
      radioshop.refuse('NOT_FOUND', 'month', format('%s is not closed; preview it', btrim(summarize_month.month))) END;
  IF shown.refusal IS NULL THEN
    shown := radioshop.shown_month(account, (SELECT array_agg(ROW(s.agency_id, s.month, s.lines, s.subscriber_cents, s.share_cents,
        s.labour_cents, s.parts_cents, s.outside_cents, s.handling_cents, s.insurance_cents, s.correction_cents, s.total_cents)::radioshop.statement)
      FROM radioshop.statement s WHERE s.month = account.month));
  END IF;
  RETURN shown;
END
$$;

-- The open month that a posting belongs to, locked against its closing, or why none: the one asked for, or the next to be closed.
CREATE FUNCTION radioshop.month_to_post(asked text, OUT refusal text, OUT month date) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM radioshop.lock_months(true);
  month := CASE WHEN btrim(asked) = '' THEN radioshop.next_month() ELSE radioshop.read_month(asked) END;
  refusal := CASE
    WHEN radioshop.next_month() IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'month', 'there is no agreement yet; set one first')
    WHEN month IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN radioshop.agreement_of(month) IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'month',
      format('no agreement is in force in %s', radioshop.show_month(month)))
    ELSE radioshop.refuse_closed(month, 'month', 'nothing can be added to') END;
END
$$;

CREATE FUNCTION radioshop.add_correction(agency text, amount_cents bigint, text text, month text, for_month text, for_line int,
  OUT refusal text, OUT shown radioshop.correction) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place int;
  post record;
  wrong date := radioshop.read_month(add_correction.for_month);
BEGIN
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop corrects statements');
    RETURN;
  END IF;
  SELECT g.agency_id INTO place FROM radioshop.agency g WHERE g.agency_id > 0 AND g.code = upper(btrim(add_correction.agency));
  post := radioshop.month_to_post(add_correction.month);
  refusal := CASE
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', add_correction.agency))
    WHEN post.refusal IS NOT NULL THEN post.refusal
    WHEN NOT EXISTS (SELECT FROM radioshop.agreement_member m WHERE m.agency_id = place AND m.kind <> 'stock'
        AND m.from_month = radioshop.agreement_of(post.month)) THEN radioshop.refuse('FAILED_PRECONDITION', 'agency',
      format('%s has no statement in %s: it has no part in the agreement', upper(btrim(add_correction.agency)), radioshop.show_month(post.month)))
    WHEN btrim(add_correction.for_month) <> '' AND wrong IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'for_month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN wrong IS NOT NULL AND NOT EXISTS (SELECT FROM radioshop.statement s WHERE s.agency_id = place AND s.month = wrong) THEN
      radioshop.refuse('NOT_FOUND', 'for_month', format('%s has no statement of %s', upper(btrim(add_correction.agency)),
        btrim(add_correction.for_month)))
    WHEN add_correction.for_line <> 0 AND NOT EXISTS (SELECT FROM radioshop.statement_line l
        WHERE l.agency_id = place AND l.month = wrong AND l.line_no = add_correction.for_line) THEN
      radioshop.refuse('NOT_FOUND', 'for_line', format('that statement has no line %s', add_correction.for_line)) END;
  IF refusal IS NULL THEN
    INSERT INTO radioshop.correction AS c (agency_id, month, for_month, for_line, amount_cents, text)
      VALUES (place, post.month, wrong, nullif(add_correction.for_line, 0), coalesce(add_correction.amount_cents, 0),
        btrim(add_correction.text))
      RETURNING c.agency_id, c.correction_id, c.month, c.for_month, c.for_line, c.amount_cents, c.text, c.principal, c.at INTO shown;
  END IF;
END
$$;

CREATE FUNCTION radioshop.add_fund_movement(kind text, amount_cents bigint, text text, agency text, month text, ticket text,
  OUT refusal text, OUT shown radioshop.fund_movement, OUT fund_cents bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place int := 0;
  post record;
  repair text;
  floor_cents bigint;
  wanted constant bigint := coalesce(add_fund_movement.amount_cents, 0);
BEGIN
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop moves money of the fund');
    RETURN;
  ELSIF add_fund_movement.kind IS NULL OR add_fund_movement.kind = 'contribution' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'kind', 'a movement is a deposit, a withdrawal or a payout; contributions come with the closing of a month');
    RETURN;
  ELSIF wanted NOT BETWEEN 1 AND 100000000000000 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'amount_cents', 'give 1 to 100,000,000,000,000 cents');
    RETURN;
  END IF;
  IF btrim(add_fund_movement.agency) <> '' THEN
    SELECT g.agency_id INTO place FROM radioshop.agency g WHERE g.agency_id > 0 AND g.code = upper(btrim(add_fund_movement.agency));
  END IF;
  post := radioshop.month_to_post(add_fund_movement.month);
  IF btrim(add_fund_movement.ticket) <> '' THEN
    SELECT t.number INTO repair FROM radioshop.find_ticket(add_fund_movement.ticket) f
      JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id WHERE t.agency_id = place;
  END IF;
  SELECT v.fund_floor_cents INTO floor_cents FROM radioshop.agreement v WHERE v.from_month = radioshop.agreement_of(post.month);
  SELECT coalesce(sum(f.amount_cents), 0) INTO fund_cents FROM radioshop.fund_movement f;
  refusal := CASE
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', add_fund_movement.agency))
    WHEN post.refusal IS NOT NULL THEN post.refusal
    WHEN (add_fund_movement.kind = 'payout') <> (place > 0) THEN radioshop.refuse('INVALID_ARGUMENT', 'agency',
      'a payout goes to an agency; deposits and withdrawals are the shop''s')
    WHEN place > 0 AND NOT EXISTS (SELECT FROM radioshop.agreement_member m WHERE m.agency_id = place AND m.kind = 'member'
        AND m.from_month = radioshop.agreement_of(post.month)) THEN radioshop.refuse('FAILED_PRECONDITION', 'agency',
      format('%s is no member in %s, and has no part in the fund', upper(btrim(add_fund_movement.agency)), radioshop.show_month(post.month)))
    WHEN btrim(add_fund_movement.ticket) <> '' AND repair IS NULL THEN
      radioshop.refuse('NOT_FOUND', 'ticket', format('%s has no ticket %s', upper(btrim(add_fund_movement.agency)), add_fund_movement.ticket))
    WHEN add_fund_movement.kind <> 'deposit' AND fund_cents - wanted < floor_cents THEN radioshop.refuse('FAILED_PRECONDITION', 'amount_cents',
      format('the fund holds %s and keeps %s; it can pay at most %s', to_char(fund_cents / 100.0, 'FM999999999990.00'),
        to_char(floor_cents / 100.0, 'FM999999999990.00'), to_char(greatest(0, fund_cents - floor_cents) / 100.0, 'FM999999999990.00'))) END;
  IF refusal IS NULL THEN
    INSERT INTO radioshop.fund_movement AS f (agency_id, month, kind, amount_cents, text, reference)
      VALUES (place, post.month, add_fund_movement.kind, CASE add_fund_movement.kind WHEN 'deposit' THEN wanted ELSE -wanted END,
        btrim(add_fund_movement.text), coalesce(repair, ''))
      RETURNING f.agency_id, f.movement_id, f.month, f.kind, f.amount_cents, f.text, f.reference, f.principal, f.at INTO shown;
    fund_cents := fund_cents + shown.amount_cents;
  END IF;
END
$$;

UPDATE radioshop.schema_version SET version = 11;

COMMIT;
