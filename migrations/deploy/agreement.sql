-- Deploy radioshop:agreement to pg
--
-- What the agencies of a shop have agreed to pay: versions of the agreement, each valid from a month on, and the rates of labour,
-- each valid from a day on. Which months are closed stands here too, since nothing that counted for a closed month may change.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Months

-- The first day of a month written as 2026-10; NULL for anything else.
CREATE FUNCTION radioshop.read_month(value text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF btrim(value) ~ '^2[01][0-9]{2}-(0[1-9]|1[0-2])$' THEN
    RETURN (btrim(value) || '-01')::date;
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION radioshop.show_month(month date) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT extract(year FROM month) || '-' || lpad(extract(month FROM month)::text, 2, '0')
$$;

CREATE FUNCTION radioshop.is_month(day date) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN day BETWEEN '2000-01-01' AND '2199-12-01' AND extract(day FROM day) = 1;
END
$$;

-- Closed months. Each keeps the instants that it began and ended at, and the next one begins where it ended: so no work falls between
-- two months or into both, whatever becomes of the shop's time zone.
CREATE TABLE radioshop.billing_month (
  month date NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_by text NOT NULL DEFAULT radioshop.caller(),
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT billing_month_pkey PRIMARY KEY (month),
  CONSTRAINT billing_month_first_day CHECK (radioshop.is_month(month)),
  CONSTRAINT billing_month_has_length CHECK (begins_at < ends_at),
  CONSTRAINT billing_month_over CHECK (ends_at <= closed_at)
);
COMMENT ON COLUMN radioshop.billing_month.transaction IS 'the one transaction that may write what the month says';
COMMENT ON CONSTRAINT billing_month_pkey ON radioshop.billing_month IS 'month: the month is closed already';
COMMENT ON CONSTRAINT billing_month_first_day ON radioshop.billing_month IS 'month: a month is named by its first day';
COMMENT ON CONSTRAINT billing_month_has_length ON radioshop.billing_month IS 'month: it ends after it begins';
COMMENT ON CONSTRAINT billing_month_over ON radioshop.billing_month IS 'month: it cannot be closed before it is over';
CREATE INDEX billing_month_by_end ON radioshop.billing_month (ends_at);
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.billing_month
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT ON radioshop.billing_month
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('month', 'month', 'transaction');
ALTER TABLE radioshop.billing_month ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY billing_month_read ON radioshop.billing_month FOR SELECT USING (true);
CREATE POLICY billing_month_add ON radioshop.billing_month FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT ON radioshop.billing_month TO radioshop_app;

-- Whoever writes what a month is counted from holds this lock: many shared, who log work; one alone, who closes a month or changes what
-- it is counted by. So nothing is written for a month behind the back of its closing.
CREATE FUNCTION radioshop.lock_months(alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF alone THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.months', 0));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('radioshop.months', 0));
  END IF;
END
$$;

-- The last closed month; NULL before the first is closed.
CREATE FUNCTION radioshop.last_closed() RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT max(b.month) FROM radioshop.billing_month b);
END
$$;

-- The refusal to change what `month` is counted by when it is closed; NULL when it is open.
CREATE FUNCTION radioshop.refuse_closed(month date, field text, what text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', field, format('%s %s, and %s was closed by %s on %s; the first month it can count for is %s',
      what, radioshop.show_month(refuse_closed.month), radioshop.show_month(b.month), b.closed_by,
      to_char(b.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), radioshop.show_month((b.month + interval '1 month')::date)))
    FROM radioshop.billing_month b WHERE b.month = radioshop.last_closed() AND refuse_closed.month <= b.month);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Versions of the agreement

-- [{"class": "portable", "monthly_cents": 2150}, …]: each class once.
CREATE FUNCTION radioshop.is_fee_list(fees jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN jsonb_typeof(fees) = 'array' AND coalesce((SELECT bool_and(coalesce(radioshop.is_equipment_class(f ->> 'class')
      AND (f ->> 'monthly_cents')::bigint BETWEEN 0 AND 100000000, false)) AND count(DISTINCT f ->> 'class') = count(*)
    FROM jsonb_array_elements(fees) f), true);
END
$$;

-- [{"description": "Bench rent", "monthly_cents": 120000}, …]
CREATE FUNCTION radioshop.is_cost_list(costs jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN jsonb_typeof(costs) = 'array' AND jsonb_array_length(costs) <= 100
    AND coalesce((SELECT bool_and(coalesce(c ->> 'description' <> '' AND radioshop.is_line(c ->> 'description', 120)
      AND (c ->> 'monthly_cents')::bigint BETWEEN 0 AND 100000000000, false)) FROM jsonb_array_elements(costs) c), true);
END
$$;

CREATE TABLE radioshop.agreement (
  from_month date NOT NULL,
  time_zone text NOT NULL DEFAULT 'America/Chicago',
  split text NOT NULL,
  fees jsonb NOT NULL DEFAULT '[]',
  fixed_costs jsonb NOT NULL DEFAULT '[]',
  counted_statuses text[] NOT NULL DEFAULT '{in_service,spare,in_shop,at_depot}',
  warranty_work text NOT NULL DEFAULT 'shared',
  stock_work text NOT NULL DEFAULT 'shared',
  parts_handling_bp int NOT NULL DEFAULT 0,
  outside_handling_bp int NOT NULL DEFAULT 0,
  fund_monthly_cents bigint NOT NULL DEFAULT 0,
  fund_floor_cents bigint NOT NULL DEFAULT 0,
  fund_ceiling_cents bigint NOT NULL DEFAULT 0,
  note text NOT NULL DEFAULT '',
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT agreement_pkey PRIMARY KEY (from_month),
  CONSTRAINT agreement_from_month_first_day CHECK (radioshop.is_month(from_month)),
  CONSTRAINT agreement_time_zone_known CHECK (radioshop.is_time_zone(time_zone)),
  CONSTRAINT agreement_split_known CHECK (split IN ('percent', 'radios', 'minutes', 'direct_cost')),
  CONSTRAINT agreement_fees_form CHECK (radioshop.is_fee_list(fees)),
  CONSTRAINT agreement_fixed_costs_form CHECK (radioshop.is_cost_list(fixed_costs)),
  CONSTRAINT agreement_counted_statuses_known CHECK (cardinality(counted_statuses) > 0
    AND counted_statuses <@ '{in_service,spare,in_shop,at_depot,missing,retired,disposed}'),
  CONSTRAINT agreement_warranty_work_known CHECK (warranty_work IN ('charged', 'shared', 'not_charged')),
  CONSTRAINT agreement_stock_work_known CHECK (stock_work IN ('shared', 'not_charged')),
  CONSTRAINT agreement_parts_handling_bp_range CHECK (parts_handling_bp BETWEEN 0 AND 10000),
  CONSTRAINT agreement_outside_handling_bp_range CHECK (outside_handling_bp BETWEEN 0 AND 10000),
  CONSTRAINT agreement_fund_monthly_cents_range CHECK (fund_monthly_cents BETWEEN 0 AND 100000000),
  CONSTRAINT agreement_fund_floor_range CHECK (fund_floor_cents BETWEEN 0 AND 100000000000000),
  CONSTRAINT agreement_fund_ceiling_range CHECK (fund_ceiling_cents BETWEEN 0 AND 100000000000000),
  CONSTRAINT agreement_fund_floor_below_ceiling CHECK (fund_floor_cents <= fund_ceiling_cents),
  CONSTRAINT agreement_fund_has_ceiling CHECK (fund_monthly_cents = 0 OR fund_ceiling_cents > 0),
  CONSTRAINT agreement_note_form CHECK (radioshop.is_text(note, 4000))
);
COMMENT ON TABLE radioshop.agreement IS 'versions: one is in force from its month until the month that the next one begins with';
COMMENT ON CONSTRAINT agreement_pkey ON radioshop.agreement IS 'from_month: a version begins with this month already; two cannot be in force at once';
COMMENT ON CONSTRAINT agreement_from_month_first_day ON radioshop.agreement IS 'from_month: give the month as YYYY-MM';
COMMENT ON CONSTRAINT agreement_time_zone_known ON radioshop.agreement IS
  'time_zone: no time zone has this name; use a name of the IANA list, such as America/Chicago';
COMMENT ON CONSTRAINT agreement_split_known ON radioshop.agreement IS
  'split: the remainder is split by percent, by radios, by minutes or by direct_cost';
COMMENT ON CONSTRAINT agreement_fees_form ON radioshop.agreement IS
  'fees: give each class of radio once, with 0 to 100,000,000 cents a month';
COMMENT ON CONSTRAINT agreement_fixed_costs_form ON radioshop.agreement IS
  'fixed_costs: give at most 100 lines, each with a description of one line (120 characters) and 0 to 100,000,000,000 cents a month';
COMMENT ON CONSTRAINT agreement_counted_statuses_known ON radioshop.agreement IS
  'counted_statuses: give at least one of in_service, spare, in_shop, at_depot, missing, retired, disposed';
COMMENT ON CONSTRAINT agreement_warranty_work_known ON radioshop.agreement IS 'warranty_work: warranty work is charged, shared or not_charged';
COMMENT ON CONSTRAINT agreement_stock_work_known ON radioshop.agreement IS
  'stock_work: work on the shop''s own stock is shared or not_charged, since nobody else owns it';
COMMENT ON CONSTRAINT agreement_parts_handling_bp_range ON radioshop.agreement IS
  'parts_handling_bp: give 0 to 10000 hundredths of a percent';
COMMENT ON CONSTRAINT agreement_outside_handling_bp_range ON radioshop.agreement IS
  'outside_handling_bp: give 0 to 10000 hundredths of a percent';
COMMENT ON CONSTRAINT agreement_fund_monthly_cents_range ON radioshop.agreement IS
  'fund_monthly_cents: give 0 to 100,000,000 cents a month';
COMMENT ON CONSTRAINT agreement_fund_floor_range ON radioshop.agreement IS 'fund_floor_cents: give 0 to 100,000,000,000,000 cents';
COMMENT ON CONSTRAINT agreement_fund_ceiling_range ON radioshop.agreement IS 'fund_ceiling_cents: give 0 to 100,000,000,000,000 cents';
COMMENT ON CONSTRAINT agreement_fund_floor_below_ceiling ON radioshop.agreement IS
  'fund_floor_cents: the floor of the fund cannot lie above its ceiling';
COMMENT ON CONSTRAINT agreement_fund_has_ceiling ON radioshop.agreement IS
  'fund_ceiling_cents: a fund that is paid into needs a ceiling at which the contributions stop';
COMMENT ON CONSTRAINT agreement_note_form ON radioshop.agreement IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';

CREATE TABLE radioshop.agreement_member (
  agency_id int NOT NULL,
  from_month date NOT NULL,
  kind text NOT NULL,
  share_bp int NOT NULL DEFAULT 0,
  CONSTRAINT agreement_member_pkey PRIMARY KEY (agency_id, from_month),
  CONSTRAINT agreement_member_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT agreement_member_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT agreement_member_version_known FOREIGN KEY (from_month) REFERENCES radioshop.agreement,
  CONSTRAINT agreement_member_kind_known CHECK (kind IN ('member', 'customer', 'stock')),
  CONSTRAINT agreement_member_share_bp_range CHECK (share_bp BETWEEN 0 AND 10000),
  CONSTRAINT agreement_member_share_fits CHECK (share_bp = 0 OR kind = 'member')
);
COMMENT ON COLUMN radioshop.agreement_member.kind IS
  'member: pays fees, its share and its work; customer: pays fees and its work; stock: the shop''s own equipment, pays nothing';
COMMENT ON CONSTRAINT agreement_member_pkey ON radioshop.agreement_member IS 'members: name each agency once';
COMMENT ON CONSTRAINT agreement_member_agency_known ON radioshop.agreement_member IS 'members: no agency has this code';
COMMENT ON CONSTRAINT agreement_member_agency_not_shop ON radioshop.agreement_member IS 'members: the shop itself is no member';
COMMENT ON CONSTRAINT agreement_member_version_known ON radioshop.agreement_member IS 'members: there is no such version';
COMMENT ON CONSTRAINT agreement_member_kind_known ON radioshop.agreement_member IS 'members: an agency is a member, a customer or stock';
COMMENT ON CONSTRAINT agreement_member_share_bp_range ON radioshop.agreement_member IS
  'members: a share lies between 0 and 10000 hundredths of a percent';
COMMENT ON CONSTRAINT agreement_member_share_fits ON radioshop.agreement_member IS 'members: only a member has a share';
CREATE INDEX agreement_member_by_version ON radioshop.agreement_member (from_month);

-- The last guard of what set_agreement() refuses with the sum: looked at when the transaction ends.
CREATE FUNCTION radioshop.check_shares() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  version date := CASE WHEN TG_OP = 'DELETE' THEN OLD.from_month ELSE NEW.from_month END;
BEGIN
  IF EXISTS (SELECT FROM radioshop.agreement v WHERE v.from_month = version AND (v.split = 'percent') IS DISTINCT FROM (
        SELECT sum(m.share_bp) = 10000 AND min(m.share_bp) FILTER (WHERE m.kind = 'member') > 0
        FROM radioshop.agreement_member m WHERE m.from_month = version))
    OR EXISTS (SELECT FROM radioshop.agreement v WHERE v.from_month = version AND v.split <> 'percent' AND EXISTS (
        SELECT FROM radioshop.agreement_member m WHERE m.from_month = version AND m.share_bp <> 0)) THEN
    RAISE EXCEPTION 'the shares of % are not 100.00 %%', version
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'agreement', CONSTRAINT = 'agreement_shares_whole';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER agreement_shares_whole AFTER INSERT OR UPDATE ON radioshop.agreement
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION radioshop.check_shares();
CREATE CONSTRAINT TRIGGER agreement_member_shares_whole AFTER INSERT OR UPDATE OR DELETE ON radioshop.agreement_member
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION radioshop.check_shares();
COMMENT ON CONSTRAINT agreement_shares_whole ON radioshop.agreement IS
  'members: with the split percent the shares of the members make exactly 100.00 %, and with any other split nobody has a share';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.agreement FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.agreement
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('agreement', 'from_month');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.agreement_member
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('agreement_member', 'from_month');

ALTER TABLE radioshop.agreement_member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY agreement_member_read ON radioshop.agreement_member FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY agreement_member_add ON radioshop.agreement_member FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY agreement_member_drop ON radioshop.agreement_member FOR DELETE USING ((SELECT radioshop.is_shop()));
-- Who has, or had, a part in the agreement reads its versions; of their members an agency sees itself alone.
ALTER TABLE radioshop.agreement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY agreement_read ON radioshop.agreement FOR SELECT
  USING ((SELECT radioshop.is_shop() OR EXISTS (SELECT FROM radioshop.agreement_member)));
CREATE POLICY agreement_add ON radioshop.agreement FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY agreement_change ON radioshop.agreement FOR UPDATE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (time_zone, split, fees, fixed_costs, counted_statuses, warranty_work, stock_work, parts_handling_bp,
  outside_handling_bp, fund_monthly_cents, fund_floor_cents, fund_ceiling_cents, note) ON radioshop.agreement TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.agreement_member TO radioshop_app;

-- A version as a caller sees it, or why not. In step with message Agreement. until_month is empty for the last one.
CREATE TYPE radioshop.agreement_shown AS (
  refusal text, from_month text, until_month text, time_zone text, split text, fees jsonb, fixed_costs jsonb, members jsonb, counted_statuses text[],
  warranty_work text, stock_work text, parts_handling_bp int, outside_handling_bp int, fund_monthly_cents bigint,
  fund_floor_cents bigint, fund_ceiling_cents bigint, note text, revision bigint
);

CREATE FUNCTION radioshop.shown_agreement(version date) RETURNS radioshop.agreement_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.agreement_shown;
BEGIN
  SELECT NULL, radioshop.show_month(v.from_month),
      coalesce((SELECT radioshop.show_month((min(n.from_month) - interval '1 month')::date) FROM radioshop.agreement n
        WHERE n.from_month > v.from_month), ''),
      v.time_zone, v.split, v.fees, v.fixed_costs,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('agency', g.code, 'kind', m.kind, 'share_bp', m.share_bp) ORDER BY g.code), '[]')
        FROM radioshop.agreement_member m JOIN radioshop.agency g ON g.agency_id = m.agency_id WHERE m.from_month = v.from_month),
      v.counted_statuses, v.warranty_work, v.stock_work, v.parts_handling_bp, v.outside_handling_bp, v.fund_monthly_cents,
      v.fund_floor_cents, v.fund_ceiling_cents, v.note, v.revision
    INTO shown FROM radioshop.agreement v WHERE v.from_month = shown_agreement.version;
  RETURN shown;
END
$$;

-- The version in force in a month; NULL when there is none that the caller may see.
CREATE FUNCTION radioshop.agreement_of(month date) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT max(v.from_month) FROM radioshop.agreement v WHERE v.from_month <= agreement_of.month);
END
$$;

-- What is wrong with the members of a version; NULL when nothing is.
CREATE FUNCTION radioshop.refuse_members(split text, agencies text[], kinds text[], shares int[]) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  wrong text;
  whole bigint;
BEGIN
  SELECT CASE WHEN x.code = '' THEN 'a member without the code of its agency'
      WHEN x.agency_id IS NULL THEN format('no agency has the code %s', left(x.code, 64))
      WHEN x.n > 1 THEN format('%s is named twice', x.code)
      WHEN x.kind IS NULL THEN format('say whether %s is a member, a customer or stock', x.code)
      WHEN x.share NOT BETWEEN 0 AND 10000 THEN format('the share of %s lies outside 0.00 to 100.00 %%', x.code)
      WHEN x.kind <> 'member' AND x.share <> 0 THEN format('%s is no member, and has no share', x.code)
      WHEN refuse_members.split <> 'percent' AND x.share <> 0 THEN
        format('%s has a share, but the remainder is split by %s', x.code, refuse_members.split)
      WHEN refuse_members.split = 'percent' AND x.kind = 'member' AND x.share = 0 THEN
        format('the member %s has no share; make it a customer if it pays for fees and work alone', x.code) END
    INTO wrong
    FROM (SELECT upper(btrim(m.code)) AS code, m.kind, m.share, m.i, g.agency_id, count(*) OVER (PARTITION BY upper(btrim(m.code))) AS n
      FROM unnest(refuse_members.agencies, refuse_members.kinds, refuse_members.shares) WITH ORDINALITY m (code, kind, share, i)
      LEFT JOIN radioshop.agency g ON g.code = upper(btrim(m.code)) AND g.agency_id > 0) x
    WHERE x.code = '' OR x.agency_id IS NULL OR x.n > 1 OR x.kind IS NULL OR x.share NOT BETWEEN 0 AND 10000
      OR (x.share <> 0 AND (x.kind <> 'member' OR refuse_members.split <> 'percent'))
      OR (refuse_members.split = 'percent' AND x.kind = 'member' AND x.share = 0)
    ORDER BY x.i LIMIT 1;
  SELECT sum(s) INTO whole FROM unnest(refuse_members.shares) s;
  RETURN CASE WHEN wrong IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'members', wrong)
    WHEN NOT coalesce('member' = ANY (kinds), false) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'members', 'an agreement needs a member who bears the remainder')
    WHEN refuse_members.split = 'percent' AND whole <> 10000 THEN radioshop.refuse('INVALID_ARGUMENT', 'members',
      format('the shares make %s %%, and must make exactly 100.00 %%', to_char(whole / 100.0, 'FM999999990.00'))) END;
END
$$;

-- Adds a version, or, with the revision that was read, puts another in the place of one that no closed month was counted by.
CREATE FUNCTION radioshop.set_agreement(from_month text, revision bigint, time_zone text, split text, fee_classes text[], fee_cents bigint[],
  cost_descriptions text[], cost_cents bigint[], member_agencies text[], member_kinds text[], member_shares int[], counted_statuses text[],
  warranty_work text, stock_work text, parts_handling_bp int, outside_handling_bp int, fund_monthly_cents bigint,
  fund_floor_cents bigint, fund_ceiling_cents bigint, note text)
RETURNS radioshop.agreement_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.agreement_shown;
  asked radioshop.agreement;
  held bigint;
BEGIN
  asked.from_month := radioshop.read_month(set_agreement.from_month);
  shown.refusal := CASE
    WHEN NOT radioshop.is_shop() THEN
      radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the agreement')
    WHEN asked.from_month IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'from_month', 'give the first month it counts for as YYYY-MM, such as 2026-10')
    WHEN set_agreement.split IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'split', 'say how the remainder is split: by percent, radios, minutes or direct_cost') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.lock_months(true);
  SELECT v.revision INTO held FROM radioshop.agreement v WHERE v.from_month = asked.from_month;
  shown.refusal := coalesce(
    radioshop.refuse_closed(asked.from_month, 'from_month', 'a version of the agreement cannot begin with'),
    CASE WHEN held IS NULL AND set_agreement.revision <> 0 THEN radioshop.refuse('NOT_FOUND', 'from_month',
        format('no version of the agreement begins with %s; leave the revision out to add one', radioshop.show_month(asked.from_month)))
      WHEN held IS NOT NULL AND set_agreement.revision = 0 THEN radioshop.refuse('ALREADY_EXISTS', 'from_month',
        format('a version of the agreement begins with %s already; give its revision %s to put this one in its place',
          radioshop.show_month(asked.from_month), held))
      WHEN held <> set_agreement.revision THEN radioshop.refuse('ABORTED', 'revision',
        format('the version of %s is at revision %s now, not %s; read it again and repeat the change',
          radioshop.show_month(asked.from_month), held, set_agreement.revision)) END,
    radioshop.refuse_members(set_agreement.split, member_agencies, member_kinds, member_shares));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  asked.fees := (SELECT coalesce(jsonb_agg(jsonb_build_object('class', f.class, 'monthly_cents', f.cents) ORDER BY f.i), '[]')
    FROM unnest(fee_classes, fee_cents) WITH ORDINALITY f (class, cents, i));
  asked.fixed_costs := (SELECT coalesce(jsonb_agg(jsonb_build_object('description', btrim(c.description), 'monthly_cents', c.cents)
      ORDER BY c.i), '[]')
    FROM unnest(cost_descriptions, set_agreement.cost_cents) WITH ORDINALITY c (description, cents, i));
  INSERT INTO radioshop.agreement AS v (from_month, time_zone, split, fees, fixed_costs, counted_statuses, warranty_work, stock_work,
      parts_handling_bp, outside_handling_bp, fund_monthly_cents, fund_floor_cents, fund_ceiling_cents, note)
    VALUES (asked.from_month, coalesce(nullif(btrim(set_agreement.time_zone), ''), 'America/Chicago'), set_agreement.split, asked.fees, asked.fixed_costs,
      coalesce(nullif(set_agreement.counted_statuses, '{}'), '{in_service,spare,in_shop,at_depot}'),
      coalesce(set_agreement.warranty_work, 'shared'), coalesce(set_agreement.stock_work, 'shared'),
      coalesce(set_agreement.parts_handling_bp, 0), coalesce(set_agreement.outside_handling_bp, 0),
      coalesce(set_agreement.fund_monthly_cents, 0), coalesce(set_agreement.fund_floor_cents, 0),
      coalesce(set_agreement.fund_ceiling_cents, 0), btrim(coalesce(set_agreement.note, ''), E' \t\r\n'))
    ON CONFLICT ON CONSTRAINT agreement_pkey DO UPDATE SET time_zone = excluded.time_zone, split = excluded.split, fees = excluded.fees,
      fixed_costs = excluded.fixed_costs, counted_statuses = excluded.counted_statuses, warranty_work = excluded.warranty_work,
      stock_work = excluded.stock_work, parts_handling_bp = excluded.parts_handling_bp,
      outside_handling_bp = excluded.outside_handling_bp, fund_monthly_cents = excluded.fund_monthly_cents,
      fund_floor_cents = excluded.fund_floor_cents, fund_ceiling_cents = excluded.fund_ceiling_cents, note = excluded.note;
  DELETE FROM radioshop.agreement_member m WHERE m.from_month = asked.from_month;
  INSERT INTO radioshop.agreement_member (agency_id, from_month, kind, share_bp)
    SELECT g.agency_id, asked.from_month, m.kind, coalesce(m.share, 0)
      FROM unnest(member_agencies, member_kinds, member_shares) m (code, kind, share)
        JOIN radioshop.agency g ON g.code = upper(btrim(m.code));
  RETURN radioshop.shown_agreement(asked.from_month);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Rates of labour

CREATE TABLE radioshop.labour_rate (
  technician text COLLATE "C" NOT NULL DEFAULT '',
  from_day date NOT NULL,
  hourly_cents bigint NOT NULL,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT labour_rate_pkey PRIMARY KEY (technician, from_day),
  CONSTRAINT labour_rate_from_day_range CHECK (from_day BETWEEN '2000-01-01' AND '2199-12-31'),
  CONSTRAINT labour_rate_hourly_cents_range CHECK (hourly_cents BETWEEN 0 AND 100000000)
);
COMMENT ON TABLE radioshop.labour_rate IS
  'a rate counts from its day until the next one of the same technician; technician '''' is everybody who has no rate of his own that day';
COMMENT ON CONSTRAINT labour_rate_pkey ON radioshop.labour_rate IS 'from_day: a rate begins on this day already';
COMMENT ON CONSTRAINT labour_rate_from_day_range ON radioshop.labour_rate IS 'from_day: give a day from 2000-01-01 to 2199-12-31';
COMMENT ON CONSTRAINT labour_rate_hourly_cents_range ON radioshop.labour_rate IS 'hourly_cents: give 0 to 100,000,000 cents an hour';
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.labour_rate FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.labour_rate
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('labour_rate', 'from_day');
-- Whoever has a part in the agreement may know what an hour costs.
ALTER TABLE radioshop.labour_rate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY labour_rate_read ON radioshop.labour_rate FOR SELECT
  USING ((SELECT radioshop.is_shop() OR EXISTS (SELECT FROM radioshop.agreement_member)));
CREATE POLICY labour_rate_add ON radioshop.labour_rate FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY labour_rate_change ON radioshop.labour_rate FOR UPDATE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (hourly_cents) ON radioshop.labour_rate TO radioshop_app;

-- What an hour of somebody costs on a day; NULL when no rate says so.
CREATE FUNCTION radioshop.rate_on(technician text, day date, OUT hourly_cents bigint, OUT of_technician text, OUT from_day date,
  OUT revision bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  SELECT r.hourly_cents, r.technician, r.from_day, r.revision
    INTO rate_on.hourly_cents, rate_on.of_technician, rate_on.from_day, rate_on.revision
    FROM radioshop.labour_rate r
    WHERE r.technician = ANY (ARRAY[rate_on.technician, '']) AND r.from_day <= rate_on.day
    ORDER BY r.technician DESC, r.from_day DESC LIMIT 1;
END
$$;

CREATE FUNCTION radioshop.set_labour_rate(technician text, from_day date, cents bigint, revision bigint, OUT refusal text,
  OUT shown radioshop.labour_rate) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  who text := btrim(coalesce(set_labour_rate.technician, ''));
  held bigint;
  named text := CASE WHEN who = '' THEN 'everybody' ELSE who END;
BEGIN
  refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop sets rates')
    WHEN set_labour_rate.from_day IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'from_day', 'give the first day it counts for as YYYY-MM-DD')
    WHEN who <> '' AND NOT EXISTS (SELECT FROM radioshop.principal p WHERE p.name = who) THEN
      radioshop.refuse('NOT_FOUND', 'technician', format('there is no principal %s', who)) END;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM radioshop.lock_months(true);
  SELECT r.revision INTO held FROM radioshop.labour_rate r WHERE r.technician = who AND r.from_day = set_labour_rate.from_day;
  refusal := coalesce(
    radioshop.refuse_closed(date_trunc('month', set_labour_rate.from_day)::date, 'from_day', 'a rate cannot begin in'),
    CASE WHEN held IS NULL AND set_labour_rate.revision <> 0 THEN radioshop.refuse('NOT_FOUND', 'from_day',
        format('no rate of %s begins on %s; leave the revision out to add one', named, set_labour_rate.from_day))
      WHEN held IS NOT NULL AND set_labour_rate.revision = 0 THEN radioshop.refuse('ALREADY_EXISTS', 'from_day',
        format('a rate of %s begins on %s already; give its revision %s to change it', named, set_labour_rate.from_day, held))
      WHEN held <> set_labour_rate.revision THEN radioshop.refuse('ABORTED', 'revision',
        format('the rate of %s from %s is at revision %s now, not %s; read it again and repeat the change', named,
          set_labour_rate.from_day, held, set_labour_rate.revision)) END);
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO radioshop.labour_rate (technician, from_day, hourly_cents) VALUES (who, set_labour_rate.from_day, cents)
    ON CONFLICT ON CONSTRAINT labour_rate_pkey DO UPDATE SET hourly_cents = excluded.hourly_cents;
  SELECT r.technician, r.from_day, r.hourly_cents, r.revision, r.updated_at INTO shown
    FROM radioshop.labour_rate r WHERE r.technician = who AND r.from_day = set_labour_rate.from_day;
END
$$;

UPDATE radioshop.schema_version SET version = 5;

COMMIT;
