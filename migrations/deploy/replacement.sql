-- Deploy radioshop:replacement to pg
--
-- When equipment is to be replaced, and what that costs: by the age at which the shop replaces a class or a model, or by the end of the maker's
-- support, whichever is earlier; and in which budget year of its agency that is. A warranty does not put it off: what is no longer supported
-- or worn out is replaced, whoever would pay for its repair.

BEGIN;

CREATE TABLE radioshop.replacement_term (
  model text COLLATE "C" NOT NULL DEFAULT '',
  class text COLLATE "C" NOT NULL DEFAULT '',
  model_id uuid,
  life_years int,
  price_cents bigint,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT replacement_term_pkey PRIMARY KEY (model, class),
  CONSTRAINT replacement_term_model_once UNIQUE (model_id),
  CONSTRAINT replacement_term_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model,
  CONSTRAINT replacement_term_of_one CHECK ((model = '') <> (class = '') AND (model = '') = (model_id IS NULL)),
  CONSTRAINT replacement_term_class_known CHECK (class = '' OR radioshop.is_equipment_class(class)),
  CONSTRAINT replacement_term_life_years_range CHECK (life_years BETWEEN 1 AND 50),
  CONSTRAINT replacement_term_price_cents_range CHECK (price_cents BETWEEN 0 AND 10000000000)
);
COMMENT ON TABLE radioshop.replacement_term IS 'the shop''s, of a class or of one model; what a model''s leaves open is that of its class';
COMMENT ON CONSTRAINT replacement_term_pkey ON radioshop.replacement_term IS 'class: there are terms for it already';
COMMENT ON CONSTRAINT replacement_term_model_once ON radioshop.replacement_term IS 'model: there are terms for it already';
COMMENT ON CONSTRAINT replacement_term_model_known ON radioshop.replacement_term IS 'model: no model of the catalogue has this number';
COMMENT ON CONSTRAINT replacement_term_of_one ON radioshop.replacement_term IS 'class: give a class or a model, and not both';
COMMENT ON CONSTRAINT replacement_term_class_known ON radioshop.replacement_term IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT replacement_term_life_years_range ON radioshop.replacement_term IS 'life_years: give 1 to 50 years';
COMMENT ON CONSTRAINT replacement_term_price_cents_range ON radioshop.replacement_term IS
  'price_cents: give at most 100,000,000 dollars, and not less than none';
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.replacement_term FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.replacement_term
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('replacement_term', 'class');
ALTER TABLE radioshop.replacement_term ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY replacement_term_read ON radioshop.replacement_term FOR SELECT USING (true);
CREATE POLICY replacement_term_add ON radioshop.replacement_term FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY replacement_term_change ON radioshop.replacement_term FOR UPDATE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (life_years, price_cents) ON radioshop.replacement_term TO radioshop_app;

-- What agencies plan with (Anoka County, 2000: portables eight years, mobiles ten). Of other classes only the end of support says anything.
SELECT set_config('radioshop.agencies', '{0}', true);
INSERT INTO radioshop.replacement_term (class, life_years) VALUES ('portable', 8), ('mobile', 10);
SELECT set_config('radioshop.agencies', '', true);

-- When the agency's budget year begins; that of most cities in July.
ALTER TABLE radioshop.ticket_terms ADD COLUMN budget_month int NOT NULL DEFAULT 7,
  ADD CONSTRAINT ticket_terms_budget_month_range CHECK (budget_month BETWEEN 1 AND 12);
COMMENT ON CONSTRAINT ticket_terms_budget_month_range ON radioshop.ticket_terms IS 'budget_month: give the number of a month, 1 to 12';
GRANT UPDATE (budget_month) ON radioshop.ticket_terms TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- The rule

-- The day by which a piece is to be replaced; NULL when nothing says it.
CREATE FUNCTION radioshop.replacement_day(purchased_on date, life_years int, end_of_support_on date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least((purchased_on + make_interval(years => life_years))::date, end_of_support_on)
$$;

-- Budget years are named by the year in which they end: with one that begins in July, 2027 is July 2026 to June 2027.
CREATE FUNCTION radioshop.budget_year(day date, first_month int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT extract(year FROM day)::int + (first_month > 1 AND extract(month FROM day) >= first_month)::int
$$;
CREATE FUNCTION radioshop.budget_year_begins(year int, first_month int) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT make_date(year - (first_month > 1)::int, first_month, 1)
$$;

-- The terms of a class or a model as a caller sees them, or why not. In step with message ReplacementTerms.
CREATE FUNCTION radioshop.set_replacement_terms(class text, model text, life_years int, price_cents bigint, revision bigint,
  OUT refusal text, OUT shown radioshop.replacement_term) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  code constant text := upper(btrim(coalesce(set_replacement_terms.model, '')));
  kind constant text := coalesce(set_replacement_terms.class, '');
  known uuid;
  held bigint;
  named constant text := CASE WHEN code <> '' THEN 'model ' || code ELSE replace(kind, '_', ' ') || 's' END;
BEGIN
  SELECT m.model_id INTO known FROM radioshop.model m WHERE m.number_key = code;
  refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop says when equipment is replaced')
    WHEN (code = '') = (kind = '') THEN radioshop.refuse('INVALID_ARGUMENT', 'class', 'give a class or a model, and not both')
    WHEN code <> '' AND known IS NULL THEN
      radioshop.refuse('NOT_FOUND', 'model', format('the catalogue has no model %s', btrim(set_replacement_terms.model))) END;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  -- Of two who set the first terms of the same, the second finds those of the first.
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.replacement_term', 0));
  SELECT t.revision INTO held FROM radioshop.replacement_term t WHERE t.model = code AND t.class = kind;
  refusal := CASE
    WHEN held IS NULL AND set_replacement_terms.revision <> 0 THEN radioshop.refuse('NOT_FOUND', 'revision',
      format('there are no terms for %s yet; leave the revision out to add them', named))
    WHEN held IS NOT NULL AND set_replacement_terms.revision = 0 THEN radioshop.refuse('ALREADY_EXISTS', 'revision',
      format('there are terms for %s already; give their revision %s to change them', named, held))
    WHEN held <> set_replacement_terms.revision THEN radioshop.refuse('ABORTED', 'revision',
      format('the terms for %s are at revision %s now, not %s; read them again and repeat the change', named, held, set_replacement_terms.revision)) END;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO radioshop.replacement_term (model, class, model_id, life_years, price_cents)
    VALUES (code, kind, known, set_replacement_terms.life_years, set_replacement_terms.price_cents)
    ON CONFLICT ON CONSTRAINT replacement_term_pkey DO UPDATE SET life_years = excluded.life_years, price_cents = excluded.price_cents;
  SELECT t.model, t.class, t.model_id, t.life_years, t.price_cents, t.revision, t.updated_at INTO shown
    FROM radioshop.replacement_term t WHERE t.model = code AND t.class = kind;
END
$$;

-- What counts in a forecast: everything of an agency that is in use or may be again. What is missing, retired or disposed of is not.
CREATE FUNCTION radioshop.replacements_of(agency int)
RETURNS TABLE (asset_id uuid, tag_key text, class text, model_id uuid, replace_on date, by_support boolean, price_cents bigint, quantity int)
LANGUAGE sql STABLE AS $$
  SELECT a.asset_id, a.tag_key, a.class, a.model_id, radioshop.replacement_day(a.purchased_on, coalesce(tm.life_years, tc.life_years), m.end_of_support_on),
    coalesce(m.end_of_support_on < (a.purchased_on + make_interval(years => coalesce(tm.life_years, tc.life_years)))::date, m.end_of_support_on IS NOT NULL),
    coalesce(tm.price_cents, tc.price_cents), a.quantity
  FROM radioshop.asset a
    LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    LEFT JOIN radioshop.replacement_term tm ON tm.model_id = a.model_id
    LEFT JOIN radioshop.replacement_term tc ON tc.model = '' AND tc.class = a.class
  WHERE a.agency_id = agency AND a.status IN ('in_service', 'spare', 'in_shop', 'at_depot')
$$;

-- What the agency last paid for a piece of each model: what stands in where the shop has set no price. Never what another agency paid.
CREATE FUNCTION radioshop.last_costs_of(agency int) RETURNS TABLE (model_id uuid, cost_cents bigint) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT ON (a.model_id) a.model_id, a.cost_cents FROM radioshop.asset a
  WHERE a.agency_id = agency AND a.model_id IS NOT NULL AND a.cost_cents IS NOT NULL AND a.quantity = 1
  ORDER BY a.model_id, a.purchased_on DESC NULLS LAST, a.created_at DESC
$$;

UPDATE radioshop.schema_version SET version = 41;

COMMIT;
