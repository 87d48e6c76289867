-- Deploy radioshop:campaign to pg
--
-- Campaigns: work that is done once on a selection of radios (a rekey, a firmware, a recall), ticked off radio by radio. The campaign is the
-- shop's and spans agencies; which radios were taken and what came of them is each agency's own. An agency of which nothing was taken does
-- not see the campaign at all.

BEGIN;

CREATE TABLE radioshop.campaign (
  campaign_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  name text NOT NULL,
  kind text NOT NULL,
  target text NOT NULL DEFAULT '',
  instructions text NOT NULL DEFAULT '',
  starts_on date NOT NULL,
  due_on date,
  state text NOT NULL DEFAULT 'open',
  reason text NOT NULL DEFAULT '',
  ended_by text NOT NULL DEFAULT '',
  ended_at timestamptz,
  created_by text NOT NULL DEFAULT radioshop.caller(),
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT campaign_pkey PRIMARY KEY (campaign_id),
  CONSTRAINT campaign_code_unique UNIQUE (code_key),
  CONSTRAINT campaign_code_form CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$'),
  CONSTRAINT campaign_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT campaign_kind_known CHECK (kind IN ('rekey', 'firmware', 'codeplug', 'recall', 'other')),
  CONSTRAINT campaign_target_form CHECK (radioshop.is_line(target, 120)),
  CONSTRAINT campaign_target_needed CHECK (kind NOT IN ('firmware', 'codeplug') OR target <> ''),
  CONSTRAINT campaign_target_no_key CHECK (regexp_replace(target, '[-: ]', '', 'g') !~ '[0-9A-Fa-f]{16}'),
  CONSTRAINT campaign_instructions_form CHECK (radioshop.is_text(instructions, 8000)),
  CONSTRAINT campaign_starts_on_range CHECK (starts_on BETWEEN '1970-01-01' AND '2199-12-31'),
  CONSTRAINT campaign_due_on_range CHECK (due_on BETWEEN starts_on AND '2199-12-31'),
  CONSTRAINT campaign_state_known CHECK (state IN ('open', 'closed', 'cancelled')),
  CONSTRAINT campaign_reason_form CHECK (radioshop.is_text(reason, 4000)),
  CONSTRAINT campaign_ended_whole CHECK ((state = 'open') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by = ''))
);
COMMENT ON COLUMN radioshop.campaign.target IS 'what a radio has when it is done; of a firmware or codeplug campaign, what a tick enters';
COMMENT ON COLUMN radioshop.campaign.reason IS 'why it ended with work undone, or was cancelled';
COMMENT ON CONSTRAINT campaign_code_unique ON radioshop.campaign IS 'code: another campaign has this code';
COMMENT ON CONSTRAINT campaign_code_form ON radioshop.campaign IS
  'code: a code is one to 32 letters, digits, dots, hyphens, underscores or slashes, such as AES-2026, and begins with a letter or digit';
COMMENT ON CONSTRAINT campaign_name_form ON radioshop.campaign IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT campaign_kind_known ON radioshop.campaign IS 'kind: a campaign is a rekey, firmware, codeplug, recall or other';
COMMENT ON CONSTRAINT campaign_target_form ON radioshop.campaign IS 'target: a target is one line of at most 120 characters';
COMMENT ON CONSTRAINT campaign_target_needed ON radioshop.campaign IS
  'target: say which firmware or codeplug a radio has when it is done, such as R32.10.00';
COMMENT ON CONSTRAINT campaign_target_no_key ON radioshop.campaign IS
  'target: this looks like a key; give the name of the keyset, never the key itself';
COMMENT ON CONSTRAINT campaign_instructions_form ON radioshop.campaign IS
  'instructions: at most 8000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT campaign_starts_on_range ON radioshop.campaign IS 'starts_on: give a day from 1970-01-01 to 2199-12-31';
COMMENT ON CONSTRAINT campaign_due_on_range ON radioshop.campaign IS
  'due_on: give a day from the one on which it begins to 2199-12-31';
COMMENT ON CONSTRAINT campaign_state_known ON radioshop.campaign IS 'state: a campaign is open, closed or cancelled';
COMMENT ON CONSTRAINT campaign_reason_form ON radioshop.campaign IS
  'reason: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT campaign_ended_whole ON radioshop.campaign IS 'state: what has ended has been ended by somebody';
CREATE INDEX campaign_by_time ON radioshop.campaign (created_at DESC, campaign_id DESC);

-- What was taken of an agency at once, and by which filter: the history of the selection, and one event for all of it.
CREATE TABLE radioshop.campaign_selection (
  agency_id int NOT NULL,
  selection_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  campaign_id uuid NOT NULL,
  filter text NOT NULL,
  assets int NOT NULL,
  selected_by text NOT NULL DEFAULT radioshop.caller(),
  selected_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT campaign_selection_pkey PRIMARY KEY (agency_id, selection_id),
  CONSTRAINT campaign_selection_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT campaign_selection_campaign_known FOREIGN KEY (campaign_id) REFERENCES radioshop.campaign,
  CONSTRAINT campaign_selection_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT campaign_selection_assets_range CHECK (assets > 0)
);
COMMENT ON COLUMN radioshop.campaign_selection.filter IS 'in words';
COMMENT ON CONSTRAINT campaign_selection_agency_not_shop ON radioshop.campaign_selection IS
  'selection.agency: radios belong to an agency, not to the shop itself';
COMMENT ON CONSTRAINT campaign_selection_assets_range ON radioshop.campaign_selection IS 'selection: nothing was selected';
CREATE INDEX campaign_selection_by_campaign ON radioshop.campaign_selection (campaign_id, agency_id);

CREATE TABLE radioshop.campaign_item (
  agency_id int NOT NULL,
  campaign_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  selection_id uuid NOT NULL,
  result text COLLATE "C" NOT NULL DEFAULT 'open',
  ticked_at timestamptz,
  ticked_by text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  had text,
  undone_at timestamptz,
  undone_by text NOT NULL DEFAULT '',
  undo_reason text NOT NULL DEFAULT '',
  CONSTRAINT campaign_item_pkey PRIMARY KEY (agency_id, campaign_id, asset_id),
  CONSTRAINT campaign_item_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT campaign_item_selection_known FOREIGN KEY (agency_id, selection_id)
    REFERENCES radioshop.campaign_selection (agency_id, selection_id),
  CONSTRAINT campaign_item_campaign_known FOREIGN KEY (campaign_id) REFERENCES radioshop.campaign,
  CONSTRAINT campaign_item_result_known CHECK (result IN ('open', 'done', 'failed', 'not_applicable')),
  CONSTRAINT campaign_item_tick_whole CHECK ((result = 'open') = (ticked_at IS NULL) AND (ticked_at IS NULL) = (ticked_by = '')),
  CONSTRAINT campaign_item_note_needed CHECK (result NOT IN ('failed', 'not_applicable') OR note <> ''),
  CONSTRAINT campaign_item_had_fits CHECK (had IS NULL OR result = 'done'),
  CONSTRAINT campaign_item_undo_whole CHECK ((undone_at IS NULL) = (undone_by = '') AND (undone_at IS NULL) = (undo_reason = '')),
  CONSTRAINT campaign_item_note_form CHECK (radioshop.is_text(note, 4000)),
  CONSTRAINT campaign_item_undo_reason_form CHECK (radioshop.is_text(undo_reason, 4000))
);
COMMENT ON COLUMN radioshop.campaign_item.had IS 'firmware or codeplug of the asset before the tick, if the tick entered the target';
COMMENT ON COLUMN radioshop.campaign_item.undone_at IS 'when a tick was last taken back; the events have them all';
COMMENT ON CONSTRAINT campaign_item_pkey ON radioshop.campaign_item IS 'asset: the radio is in this campaign already';
COMMENT ON CONSTRAINT campaign_item_result_known ON radioshop.campaign_item IS 'result: a radio is done, failed or not_applicable';
COMMENT ON CONSTRAINT campaign_item_tick_whole ON radioshop.campaign_item IS 'result: what is ticked off was ticked off by somebody';
COMMENT ON CONSTRAINT campaign_item_note_needed ON radioshop.campaign_item IS 'note: say why it failed or is not applicable';
COMMENT ON CONSTRAINT campaign_item_had_fits ON radioshop.campaign_item IS 'result: only what is done has entered the target';
COMMENT ON CONSTRAINT campaign_item_undo_whole ON radioshop.campaign_item IS 'reason: say why the tick is taken back';
COMMENT ON CONSTRAINT campaign_item_note_form ON radioshop.campaign_item IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT campaign_item_undo_reason_form ON radioshop.campaign_item IS
  'reason: at most 4000 characters, and no control characters but tabs and line ends';
CREATE INDEX campaign_item_by_result ON radioshop.campaign_item (agency_id, campaign_id, result, asset_id);
CREATE INDEX campaign_item_by_asset ON radioshop.campaign_item (agency_id, asset_id);

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.campaign FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.campaign
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('campaign', 'campaign_id', 'code_key');
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.campaign_selection
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.campaign_selection
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('campaign_selection', 'campaign_id');
-- Of thousands of radios that come in, the event is that of their selection; of each radio, what is done to it.
CREATE TRIGGER record_event AFTER UPDATE OR DELETE ON radioshop.campaign_item
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('campaign_item', 'asset_id');

ALTER TABLE radioshop.campaign_selection ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY campaign_selection_agency ON radioshop.campaign_selection
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.campaign_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY campaign_item_agency ON radioshop.campaign_item
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
-- The sub-select obeys the policy of the table it reads: a campaign is seen by whom some of it belongs to. Who ticks a radio off locks
-- the campaign against its end (FOR SHARE asks for the right to change it), so who sees it may lock it, and only the shop may change it.
ALTER TABLE radioshop.campaign ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY campaign_read ON radioshop.campaign FOR SELECT USING ((SELECT radioshop.is_shop())
  OR EXISTS (SELECT FROM radioshop.campaign_selection s WHERE s.campaign_id = campaign.campaign_id));
CREATE POLICY campaign_add ON radioshop.campaign FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY campaign_change ON radioshop.campaign FOR UPDATE USING ((SELECT radioshop.is_shop())
  OR EXISTS (SELECT FROM radioshop.campaign_selection s WHERE s.campaign_id = campaign.campaign_id))
  WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (name, instructions, starts_on, due_on, state, reason, ended_by, ended_at) ON radioshop.campaign
  TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.campaign_selection TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (result, ticked_at, ticked_by, note, had, undone_at, undone_by, undo_reason) ON radioshop.campaign_item
  TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- Where a radio is in a campaign. What is done stays done whatever becomes of the radio; what is not, counts while the radio is there.
CREATE FUNCTION radioshop.campaign_item_state(result text, status text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN result IN ('done', 'not_applicable') THEN result
    WHEN status IN ('retired', 'disposed') THEN 'gone'
    WHEN result = 'failed' THEN 'failed'
    WHEN status = 'missing' THEN 'missing'
    ELSE 'left' END
$$;

-- What is complete of what counts, in percent, rounded down: 100 means that nothing is left.
CREATE FUNCTION radioshop.campaign_percent(total bigint, done bigint, not_applicable bigint, gone bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN total = gone THEN 100 ELSE (100 * (done + not_applicable) / (total - gone))::int END
$$;

-- A campaign as a caller sees it, with what was taken of the caller's agencies, or why not. In step with message Campaign.
CREATE TYPE radioshop.campaign_shown AS (
  refusal text, code text, name text, kind text, target text, instructions text, starts_on date, due_on date, state text, agencies text[],
  assets int, reason text, ended_by text, ended_at timestamptz, created_by text, created_at timestamptz, revision bigint
);

CREATE FUNCTION radioshop.shown_campaign(campaign uuid) RETURNS radioshop.campaign_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.campaign_shown;
BEGIN
  SELECT NULL, c.code, c.name, c.kind, c.target, c.instructions, c.starts_on, c.due_on, c.state, coalesce(s.agencies, '{}'),
      coalesce(s.assets, 0), c.reason, c.ended_by, c.ended_at, c.created_by, c.created_at, c.revision
    INTO shown
    FROM radioshop.campaign c
      CROSS JOIN LATERAL (SELECT array_agg(DISTINCT g.code ORDER BY g.code) AS agencies, sum(x.assets)::int AS assets
        FROM radioshop.campaign_selection x JOIN radioshop.agency g ON g.agency_id = x.agency_id
        WHERE x.campaign_id = c.campaign_id AND x.agency_id = ANY (radioshop.agencies())) s
    WHERE c.campaign_id = shown_campaign.campaign;
  RETURN shown;
END
$$;

CREATE FUNCTION radioshop.one_campaign(code text, OUT campaign_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  SELECT c.campaign_id INTO one_campaign.campaign_id FROM radioshop.campaign c WHERE c.code_key = upper(btrim(one_campaign.code));
  IF NOT FOUND THEN
    refusal := CASE WHEN coalesce(btrim(one_campaign.code), '') = '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'campaign', 'give the code of a campaign, such as AES-2026')
      ELSE radioshop.refuse('NOT_FOUND', 'campaign', format('no campaign has the code %s', one_campaign.code)) END;
  END IF;
END
$$;

-- One radio of a campaign as a caller sees it, or why not. In step with message CampaignItem.
CREATE TYPE radioshop.campaign_item_shown AS (
  refusal text, campaign text, agency text, tag text, serial text, model text, firmware text, codeplug text, status text, assigned_to text,
  location text, state text, ticked_at timestamptz, ticked_by text, note text, undone_at timestamptz, undone_by text, undo_reason text,
  asset_id uuid, already boolean
);

CREATE FUNCTION radioshop.shown_campaign_item(agency int, campaign uuid, asset uuid) RETURNS radioshop.campaign_item_shown
LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.campaign_item_shown;
BEGIN
  SELECT NULL, c.code, g.code, a.tag, a.serial, coalesce(m.number, ''), a.firmware, a.codeplug, a.status, a.assigned_to, a.location,
      radioshop.campaign_item_state(i.result, a.status), i.ticked_at, i.ticked_by, i.note, i.undone_at, i.undone_by, i.undo_reason,
      a.asset_id, false
    INTO shown
    FROM radioshop.campaign_item i JOIN radioshop.campaign c ON c.campaign_id = i.campaign_id
      JOIN radioshop.agency g ON g.agency_id = i.agency_id
      JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE i.agency_id = shown_campaign_item.agency AND i.campaign_id = shown_campaign_item.campaign
      AND i.asset_id = shown_campaign_item.asset;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Which radios

-- The filter that people type, looked up and in words, or why it is none.
CREATE FUNCTION radioshop.read_campaign_selection(agencies text[], class text, model text, family text, status text, system text,
  firmware_not text, codeplug_not text, OUT refusal text, OUT scope int[], OUT models uuid[], OUT words text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  unknown text;
BEGIN
  SELECT array_agg(g.agency_id) INTO scope FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
    AND (coalesce(cardinality(agencies), 0) = 0 OR g.code IN (SELECT upper(btrim(x)) FROM unnest(agencies) x));
  SELECT x INTO unknown FROM unnest(agencies) x
    WHERE NOT EXISTS (SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (scope) AND g.code = upper(btrim(x))) LIMIT 1;
  IF coalesce(btrim(model), '') <> '' OR coalesce(btrim(family), '') <> '' THEN
    SELECT coalesce(array_agg(m.model_id), '{}') INTO models FROM radioshop.model m
      WHERE (coalesce(btrim(model), '') = '' OR m.number_key = upper(btrim(model)))
        AND (coalesce(btrim(read_campaign_selection.family), '') = '' OR upper(m.family) = upper(btrim(read_campaign_selection.family)));
  END IF;
  words := coalesce(nullif(concat_ws(', ', 'class ' || class, 'model ' || nullif(btrim(model), ''), 'family ' || nullif(btrim(family), ''),
    'status ' || status, 'system ' || nullif(btrim(system), ''), 'firmware other than ' || nullif(btrim(firmware_not), ''),
    'codeplug other than ' || nullif(btrim(codeplug_not), '')), ''), 'everything');
  refusal := CASE
    WHEN unknown IS NOT NULL THEN radioshop.refuse('NOT_FOUND', 'selection.agency', format('no agency has the code %s', unknown))
    WHEN scope IS NULL THEN radioshop.refuse('NOT_FOUND', 'selection.agency', 'there is no agency yet; create one first')
    WHEN cardinality(models) = 0 AND btrim(model) <> '' THEN radioshop.refuse('FAILED_PRECONDITION', 'selection.model',
      format('no model of the catalogue has the number %s%s', model, ' and the family ' || nullif(btrim(family), '')))
    WHEN cardinality(models) = 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'selection.family',
      format('no model of the catalogue is of the family %s', family))
    WHEN status IN ('missing', 'retired', 'disposed') THEN radioshop.refuse('INVALID_ARGUMENT', 'selection.status',
      format('nothing is done to a radio that is %s; a campaign takes what is in_service, spare, in_shop or at_depot', status)) END;
END
$$;

-- The radios that fit, each with whether it is lost to the work.
CREATE FUNCTION radioshop.campaign_fitting(scope int[], models uuid[], class text, status text, system text, firmware_not text,
  codeplug_not text) RETURNS TABLE (agency_id int, asset_id uuid, lost boolean) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT a.agency_id, a.asset_id, a.status IN ('missing', 'retired', 'disposed') FROM radioshop.asset a
    WHERE a.agency_id = ANY (scope)
      AND (models IS NULL OR a.model_id = ANY (models))
      AND (campaign_fitting.class IS NULL OR a.class = campaign_fitting.class)
      AND (campaign_fitting.status IS NULL OR a.status = campaign_fitting.status)
      AND (coalesce(btrim(campaign_fitting.system), '') = '' OR a.system_key = upper(btrim(campaign_fitting.system)))
      AND (coalesce(btrim(firmware_not), '') = '' OR upper(a.firmware) <> upper(btrim(firmware_not)))
      AND (coalesce(btrim(codeplug_not), '') = '' OR upper(a.codeplug) <> upper(btrim(codeplug_not)));
END
$$;

CREATE FUNCTION radioshop.preview_campaign(agencies text[], class text, model text, family text, status text, system text,
  firmware_not text, codeplug_not text, OUT refusal text, OUT assets int, OUT left_out int, OUT shares jsonb) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
BEGIN
  it := radioshop.read_campaign_selection(agencies, class, model, family, status, system, firmware_not, codeplug_not);
  refusal := it.refusal;
  IF refusal IS NULL THEN
    SELECT coalesce(sum(n.assets), 0)::int, coalesce(sum(n.left_out), 0)::int, coalesce(jsonb_agg(jsonb_build_object('agency', g.code,
          'assets', n.assets, 'left_out', n.left_out) ORDER BY g.code), '[]')
      INTO preview_campaign.assets, preview_campaign.left_out, preview_campaign.shares
      FROM (SELECT f.agency_id, count(*) FILTER (WHERE NOT f.lost)::int AS assets, count(*) FILTER (WHERE f.lost)::int AS left_out
          FROM radioshop.campaign_fitting(it.scope, it.models, class, status, system, firmware_not, codeplug_not) f
          GROUP BY f.agency_id) n
        JOIN radioshop.agency g ON g.agency_id = n.agency_id;
  END IF;
END
$$;

CREATE FUNCTION radioshop.create_campaign(code text, name text, kind text, target text, instructions text, starts_on date, due_on date,
  agencies text[], class text, model text, family text, status text, system text, firmware_not text, codeplug_not text)
RETURNS radioshop.campaign_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.campaign_shown;
  it record;
  made constant uuid := radioshop.uuid_v7();
BEGIN
  it := radioshop.read_campaign_selection(agencies, class, model, family, status, system, firmware_not, codeplug_not);
  shown.refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop makes campaigns')
    WHEN create_campaign.kind IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'campaign.kind',
      'say what it is: rekey, firmware, codeplug, recall or other')
    WHEN EXISTS (SELECT FROM radioshop.campaign c WHERE c.code_key = upper(btrim(create_campaign.code))) THEN
      radioshop.refuse('ALREADY_EXISTS', 'campaign.code', format('there is a campaign %s already', btrim(create_campaign.code)))
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN NOT EXISTS (SELECT FROM radioshop.campaign_fitting(it.scope, it.models, class, status, system, firmware_not, codeplug_not) f
        WHERE NOT f.lost) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'selection', format('no radio fits (%s); preview a wider selection', it.words)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  -- It begins on the earliest today of its agencies, so that none of them has to wait.
  INSERT INTO radioshop.campaign (campaign_id, code, name, kind, target, instructions, starts_on, due_on)
    VALUES (made, btrim(coalesce(create_campaign.code, '')), btrim(coalesce(create_campaign.name, '')), create_campaign.kind,
      btrim(coalesce(create_campaign.target, '')), btrim(coalesce(create_campaign.instructions, ''), E' \t\r\n'),
      coalesce(create_campaign.starts_on,
        (SELECT min(radioshop.today(g.time_zone)) FROM radioshop.agency g WHERE g.agency_id = ANY (it.scope))), create_campaign.due_on);
  -- One reading of the register gives both the radios and their number.
  WITH part AS MATERIALIZED (
    SELECT p.agency_id, radioshop.uuid_v7() AS selection_id FROM unnest(it.scope) p (agency_id)
  ), taken AS (
    INSERT INTO radioshop.campaign_item (agency_id, campaign_id, asset_id, selection_id)
      SELECT f.agency_id, made, f.asset_id, p.selection_id
        FROM radioshop.campaign_fitting(it.scope, it.models, class, status, system, firmware_not, codeplug_not) f
          JOIN part p ON p.agency_id = f.agency_id
        WHERE NOT f.lost
      RETURNING agency_id, selection_id
  )
  INSERT INTO radioshop.campaign_selection (agency_id, selection_id, campaign_id, filter, assets)
    SELECT t.agency_id, t.selection_id, made, it.words, count(*)::int FROM taken t GROUP BY t.agency_id, t.selection_id;
  RETURN radioshop.shown_campaign(made);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Radio by radio

-- The radio of a campaign that a code means, locked, with its campaign locked against its end; or why nothing can be done to it.
-- `place` is NULL when the radio is not in the campaign.
CREATE FUNCTION radioshop.campaign_item_to_change(campaign text, asset text, OUT refusal text, OUT agency_id int, OUT campaign_id uuid,
  OUT asset_id uuid, OUT code text, OUT kind text, OUT target text, OUT starts_on date, OUT name text, OUT status text, OUT today date,
  OUT time_zone text, OUT place text, OUT ticked_at timestamptz, OUT ticked_by text, OUT had text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_asset record;
  state text;
BEGIN
  SELECT o.campaign_id, o.refusal INTO campaign_item_to_change.campaign_id, campaign_item_to_change.refusal
    FROM radioshop.one_campaign(campaign_item_to_change.campaign) o;
  IF refusal IS NULL THEN
    found_asset := radioshop.one_asset(campaign_item_to_change.asset);
    refusal := found_asset.refusal;
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  agency_id := found_asset.agency_id;
  asset_id := found_asset.asset_id;
  SELECT c.code, c.kind, c.target, c.starts_on, c.state INTO campaign_item_to_change.code, campaign_item_to_change.kind,
      campaign_item_to_change.target, campaign_item_to_change.starts_on, state
    FROM radioshop.campaign c WHERE c.campaign_id = campaign_item_to_change.campaign_id FOR SHARE;
  -- The asset before the item, as whoever receives another radio in its place locks them. What is retired meanwhile is not ticked off,
  -- and of two who add the radio the second finds it added.
  SELECT g.code || ':' || a.tag, a.status, radioshop.today(g.time_zone), g.time_zone INTO campaign_item_to_change.name,
      campaign_item_to_change.status, campaign_item_to_change.today, campaign_item_to_change.time_zone
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = campaign_item_to_change.agency_id AND a.asset_id = campaign_item_to_change.asset_id FOR NO KEY UPDATE OF a;
  SELECT i.result, i.ticked_at, i.ticked_by, i.had INTO campaign_item_to_change.place, campaign_item_to_change.ticked_at,
      campaign_item_to_change.ticked_by, campaign_item_to_change.had
    FROM radioshop.campaign_item i WHERE i.agency_id = campaign_item_to_change.agency_id
      AND i.campaign_id = campaign_item_to_change.campaign_id AND i.asset_id = campaign_item_to_change.asset_id FOR NO KEY UPDATE;
  IF state <> 'open' THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'campaign', format('campaign %s is %s, and nothing of it can be changed any more',
      campaign_item_to_change.code, state));
  END IF;
END
$$;

CREATE FUNCTION radioshop.add_campaign_item(campaign text, asset text) RETURNS radioshop.campaign_item_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.campaign_item_shown;
  it record;
  selection constant uuid := radioshop.uuid_v7();
BEGIN
  it := radioshop.campaign_item_to_change(add_campaign_item.campaign, add_campaign_item.asset);
  shown.refusal := CASE
    WHEN it.agency_id IS NULL THEN it.refusal
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop adds to a campaign')
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.place IS NOT NULL THEN
      radioshop.refuse('ALREADY_EXISTS', 'asset', format('asset %s is in campaign %s already', it.name, it.code))
    WHEN it.status IN ('missing', 'retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s is %s; a campaign takes what is in_service, spare, in_shop or at_depot', it.name, it.status)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.campaign_selection (agency_id, selection_id, campaign_id, filter, assets)
    VALUES (it.agency_id, selection, it.campaign_id, 'asset ' || it.name, 1);
  INSERT INTO radioshop.campaign_item (agency_id, campaign_id, asset_id, selection_id)
    VALUES (it.agency_id, it.campaign_id, it.asset_id, selection);
  RETURN radioshop.shown_campaign_item(it.agency_id, it.campaign_id, it.asset_id);
END
$$;

-- Enters the firmware or codeplug in the asset where the campaign is about that; what the asset had before, or NULL.
CREATE FUNCTION radioshop.enter_campaign_target(agency int, asset uuid, kind text, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  had text;
BEGIN
  SELECT CASE enter_campaign_target.kind WHEN 'firmware' THEN a.firmware WHEN 'codeplug' THEN a.codeplug END INTO had
    FROM radioshop.asset a WHERE a.agency_id = enter_campaign_target.agency AND a.asset_id = enter_campaign_target.asset;
  IF had <> enter_campaign_target.target THEN
    UPDATE radioshop.asset a SET
        firmware = CASE enter_campaign_target.kind WHEN 'firmware' THEN enter_campaign_target.target ELSE a.firmware END,
        codeplug = CASE enter_campaign_target.kind WHEN 'codeplug' THEN enter_campaign_target.target ELSE a.codeplug END
      WHERE a.agency_id = enter_campaign_target.agency AND a.asset_id = enter_campaign_target.asset;
  END IF;
  RETURN had;
END
$$;

-- Ticks a radio off. What was ticked off so before is answered with who was first, and nothing changes; what failed may be tried again.
CREATE FUNCTION radioshop.tick_campaign_item(campaign text, asset text, result text, note text) RETURNS radioshop.campaign_item_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.campaign_item_shown;
  it record;
  asked constant text := coalesce(tick_campaign_item.result, 'done');
  said constant text := btrim(coalesce(tick_campaign_item.note, ''), E' \t\r\n');
  old_value text;
BEGIN
  it := radioshop.campaign_item_to_change(tick_campaign_item.campaign, tick_campaign_item.asset);
  IF it.refusal IS NULL AND it.place = asked THEN
    shown := radioshop.shown_campaign_item(it.agency_id, it.campaign_id, it.asset_id);
    shown.already := true;
    RETURN shown;
  END IF;
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.place IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format(
      'asset %s is not in campaign %s; if it needs the work too, have an administrator of the shop add it: radioshop campaign add %s %s',
      it.name, it.code, it.code, it.name))
    WHEN it.place IN ('done', 'not_applicable') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s was ticked off as %s '
      'by %s on %s; to tick it off as %s, take that back first: radioshop campaign undo %s %s', it.name, replace(it.place, '_', ' '),
      it.ticked_by, to_char(it.ticked_at AT TIME ZONE it.time_zone, 'YYYY-MM-DD HH24:MI'), replace(asked, '_', ' '), it.code, it.name))
    WHEN it.today < it.starts_on THEN radioshop.refuse('FAILED_PRECONDITION', 'campaign',
      format('campaign %s begins on %s, and nothing is ticked off before', it.code, it.starts_on))
    WHEN it.status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s is %s and counts no more; '
      'if it is in use, say so first: radioshop asset update %s --status in-service', it.name, it.status, it.name))
    WHEN asked <> 'done' AND said = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'note', format('say why it %s', CASE asked WHEN 'failed' THEN 'failed' ELSE 'is not applicable' END))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF asked = 'done' THEN
    old_value := radioshop.enter_campaign_target(it.agency_id, it.asset_id, it.kind, it.target);
  END IF;
  UPDATE radioshop.campaign_item i SET result = asked, ticked_at = now(), ticked_by = radioshop.caller(), note = said, had = old_value
    WHERE i.agency_id = it.agency_id AND i.campaign_id = it.campaign_id AND i.asset_id = it.asset_id;
  RETURN radioshop.shown_campaign_item(it.agency_id, it.campaign_id, it.asset_id);
END
$$;

-- Takes a tick back. The asset gets back what it had, unless somebody has entered something else since.
CREATE FUNCTION radioshop.undo_campaign_tick(campaign text, asset text, reason text) RETURNS radioshop.campaign_item_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.campaign_item_shown;
  it record;
BEGIN
  it := radioshop.campaign_item_to_change(undo_campaign_tick.campaign, undo_campaign_tick.asset);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.place IS NULL THEN
      radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s is not in campaign %s', it.name, it.code))
    WHEN it.place = 'open' THEN
      radioshop.refuse('FAILED_PRECONDITION', 'asset', format('asset %s is not ticked off in campaign %s', it.name, it.code))
    WHEN btrim(coalesce(undo_campaign_tick.reason, ''), E' \t\r\n') = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why the tick is taken back') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF it.had IS NOT NULL AND EXISTS (SELECT FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id
      AND it.target = CASE it.kind WHEN 'firmware' THEN a.firmware ELSE a.codeplug END) THEN
    PERFORM radioshop.enter_campaign_target(it.agency_id, it.asset_id, it.kind, it.had);
  END IF;
  UPDATE radioshop.campaign_item i SET result = 'open', ticked_at = NULL, ticked_by = '', note = '', had = NULL, undone_at = now(),
      undone_by = radioshop.caller(), undo_reason = btrim(undo_campaign_tick.reason, E' \t\r\n')
    WHERE i.agency_id = it.agency_id AND i.campaign_id = it.campaign_id AND i.asset_id = it.asset_id;
  RETURN radioshop.shown_campaign_item(it.agency_id, it.campaign_id, it.asset_id);
END
$$;

-- Another radio that a vendor sends in place of one has not had the work: what was ticked off of open campaigns is left again.
CREATE FUNCTION radioshop.campaign_of_replaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.campaign_item i SET result = 'open', ticked_at = NULL, ticked_by = '', note = '', had = NULL, undone_at = now(),
      undone_by = radioshop.caller(), undo_reason = format('another radio came back in the place of serial number %s', NEW.serial)
    FROM radioshop.campaign c
    WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND i.result <> 'open' AND c.campaign_id = i.campaign_id
      AND c.state = 'open';
  RETURN NULL;
END
$$;
CREATE TRIGGER reopen_campaigns AFTER INSERT ON radioshop.asset_former_serial
  FOR EACH ROW EXECUTE FUNCTION radioshop.campaign_of_replaced();

-- ---------------------------------------------------------------------------------------------------------------------
-- The campaign itself

-- The campaign that an administrator of the shop is about to change, locked, or why it cannot be.
CREATE FUNCTION radioshop.campaign_to_change(campaign text, revision bigint, OUT refusal text, OUT campaign_id uuid, OUT code text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  now_is record;
BEGIN
  SELECT o.campaign_id, o.refusal INTO campaign_to_change.campaign_id, campaign_to_change.refusal
    FROM radioshop.one_campaign(campaign_to_change.campaign) o;
  IF refusal IS NULL AND NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes a campaign');
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT c.code, c.state, c.revision INTO now_is FROM radioshop.campaign c
    WHERE c.campaign_id = campaign_to_change.campaign_id FOR NO KEY UPDATE;
  code := now_is.code;
  refusal := CASE
    WHEN coalesce(campaign_to_change.revision, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read')
    WHEN now_is.revision <> campaign_to_change.revision THEN radioshop.refuse('ABORTED', 'revision',
      format('campaign %s has moved on to revision %s; read it again', now_is.code, now_is.revision))
    WHEN now_is.state <> 'open' THEN
      radioshop.refuse('FAILED_PRECONDITION', 'campaign', format('campaign %s is %s already', now_is.code, now_is.state)) END;
END
$$;

CREATE FUNCTION radioshop.update_campaign(code text, revision bigint, mask text[], name text, instructions text, starts_on date, due_on date)
RETURNS radioshop.campaign_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{name,instructions,starts_on,due_on}';
  shown radioshop.campaign_shown;
  it record;
BEGIN
  it := radioshop.campaign_to_change(update_campaign.code, update_campaign.revision);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(cardinality(mask), 0) = 0 OR NOT mask <@ changeable THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', format('only '
      'these can be changed: %s; radios are added one by one, and another target is another campaign', array_to_string(changeable, ', '))) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.campaign c SET
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(coalesce(update_campaign.name, '')) ELSE c.name END,
      instructions = CASE WHEN 'instructions' = ANY (mask) THEN btrim(coalesce(update_campaign.instructions, ''), E' \t\r\n')
        ELSE c.instructions END,
      starts_on = CASE WHEN 'starts_on' = ANY (mask) THEN coalesce(update_campaign.starts_on, c.starts_on) ELSE c.starts_on END,
      due_on = CASE WHEN 'due_on' = ANY (mask) THEN update_campaign.due_on ELSE c.due_on END
    WHERE c.campaign_id = it.campaign_id;
  RETURN radioshop.shown_campaign(it.campaign_id);
END
$$;

-- Ends a campaign. With work undone, the reason says why; what is left stays on record as left.
CREATE FUNCTION radioshop.end_campaign(campaign text, revision bigint, state text, reason text) RETURNS radioshop.campaign_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.campaign_shown;
  it record;
  undone bigint;
  said constant text := btrim(coalesce(end_campaign.reason, ''), E' \t\r\n');
BEGIN
  it := radioshop.campaign_to_change(end_campaign.campaign, end_campaign.revision);
  IF it.refusal IS NULL THEN
    undone := (SELECT count(*) FROM radioshop.campaign_item i JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
      WHERE i.agency_id = ANY (radioshop.agencies()) AND i.campaign_id = it.campaign_id AND i.result IN ('open', 'failed')
        AND radioshop.campaign_item_state(i.result, a.status) <> 'gone');
  END IF;
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(end_campaign.state, 'open') NOT IN ('closed', 'cancelled') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'state', 'say whether it is closed or cancelled')
    WHEN said = '' AND undone > 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', format('%s not done; say why it ends',
      CASE undone WHEN 1 THEN 'one radio is' ELSE undone || ' radios are' END))
    WHEN said = '' AND end_campaign.state = 'cancelled' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why it is cancelled') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.campaign c SET state = end_campaign.state, reason = said, ended_by = radioshop.caller(), ended_at = now()
    WHERE c.campaign_id = it.campaign_id;
  RETURN radioshop.shown_campaign(it.campaign_id);
END
$$;

UPDATE radioshop.schema_version SET version = 22;

COMMIT;
