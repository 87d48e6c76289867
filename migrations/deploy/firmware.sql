-- Deploy radioshop:firmware to pg
--
-- Which firmware is approved for a model, from when and until when, and which radios are off it. What a radio had before is not kept
-- twice: the events know it.

BEGIN;

CREATE TABLE radioshop.approved_firmware (
  model_id uuid NOT NULL,
  version text NOT NULL,
  version_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(version)) STORED,
  from_on date NOT NULL,
  until_on date,
  note text NOT NULL DEFAULT '',
  approved_by text NOT NULL DEFAULT radioshop.caller(),
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT approved_firmware_pkey PRIMARY KEY (model_id, version_key),
  CONSTRAINT approved_firmware_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model,
  CONSTRAINT approved_firmware_version_form CHECK (version <> '' AND radioshop.is_line(version, 120)),
  CONSTRAINT approved_firmware_from_on_range CHECK (from_on BETWEEN '1970-01-01' AND '2199-12-31'),
  CONSTRAINT approved_firmware_until_on_range CHECK (until_on BETWEEN from_on AND '2199-12-31'),
  CONSTRAINT approved_firmware_note_form CHECK (radioshop.is_text(note, 4000))
);
COMMENT ON COLUMN radioshop.approved_firmware.until_on IS 'the last day on which a radio may have it';
COMMENT ON CONSTRAINT approved_firmware_pkey ON radioshop.approved_firmware IS
  'firmware.version: this version is approved for this model already; read it, and give its revision to change it';
COMMENT ON CONSTRAINT approved_firmware_model_known ON radioshop.approved_firmware IS 'firmware.model: no model of the catalogue has this number';
COMMENT ON CONSTRAINT approved_firmware_version_form ON radioshop.approved_firmware IS
  'firmware.version: a version is needed, one line of at most 120 characters, as radios have it';
COMMENT ON CONSTRAINT approved_firmware_from_on_range ON radioshop.approved_firmware IS
  'firmware.from_on: give a day from 1970-01-01 to 2199-12-31';
COMMENT ON CONSTRAINT approved_firmware_until_on_range ON radioshop.approved_firmware IS
  'firmware.until_on: an approval does not end before it begins';
COMMENT ON CONSTRAINT approved_firmware_note_form ON radioshop.approved_firmware IS
  'firmware.note: at most 4000 characters, and no control characters but tabs and line ends';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.approved_firmware FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.approved_firmware
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('approved_firmware', 'version', 'version_key');

ALTER TABLE radioshop.approved_firmware ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY approved_firmware_read ON radioshop.approved_firmware FOR SELECT USING (true);
CREATE POLICY approved_firmware_add ON radioshop.approved_firmware FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY approved_firmware_change ON radioshop.approved_firmware FOR UPDATE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (from_on, until_on, note, approved_by) ON radioshop.approved_firmware TO radioshop_app;

-- In step with message ApprovedFirmware.
CREATE TYPE radioshop.approved_firmware_shown AS (
  refusal text, model text, version text, from_on date, until_on date, note text, approved_by text, revision bigint
);

-- Approves a version for a model, or changes an approval that was read. Of two who approve the same version the key refuses the second.
CREATE FUNCTION radioshop.set_approved_firmware(model text, version text, from_on date, until_on date, note text, revision bigint)
RETURNS radioshop.approved_firmware_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.approved_firmware_shown;
  kind uuid;
  it record;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop approves firmware');
    RETURN shown;
  END IF;
  SELECT m.model_id, m.number INTO kind, shown.model FROM radioshop.model m WHERE m.number_key = upper(btrim(set_approved_firmware.model));
  IF NOT FOUND THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'firmware.model',
      format('the catalogue has no model %s; add it first', btrim(set_approved_firmware.model)));
    RETURN shown;
  END IF;
  SELECT f.revision, f.version INTO it FROM radioshop.approved_firmware f
    WHERE f.model_id = kind AND f.version_key = upper(btrim(set_approved_firmware.version)) FOR NO KEY UPDATE;
  IF FOUND AND coalesce(set_approved_firmware.revision, 0) = 0 THEN
    shown.refusal := radioshop.refuse('ALREADY_EXISTS', 'firmware.version',
      format('%s is approved for model %s already; give its revision, %s, to change that', it.version, shown.model, it.revision));
  ELSIF it.revision <> set_approved_firmware.revision THEN
    shown.refusal := radioshop.refuse('ABORTED', 'firmware.revision', format('the approval of %s for model %s is at revision %s now, not %s; read it again and repeat the change',
      it.version, shown.model, it.revision, set_approved_firmware.revision));
  ELSIF it.revision IS NULL AND coalesce(set_approved_firmware.revision, 0) <> 0 THEN
    shown.refusal := radioshop.refuse('NOT_FOUND', 'firmware.version',
      format('%s is not approved for model %s; leave out the revision to approve it', btrim(set_approved_firmware.version), shown.model));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF it.revision IS NULL THEN
    INSERT INTO radioshop.approved_firmware (model_id, version, from_on, until_on, note)
      VALUES (kind, btrim(coalesce(set_approved_firmware.version, '')), coalesce(set_approved_firmware.from_on, current_date),
        set_approved_firmware.until_on, btrim(coalesce(set_approved_firmware.note, ''), E' \t\r\n'))
      RETURNING version, from_on, until_on, note, approved_by, revision
        INTO shown.version, shown.from_on, shown.until_on, shown.note, shown.approved_by, shown.revision;
  ELSE
    UPDATE radioshop.approved_firmware f SET from_on = coalesce(set_approved_firmware.from_on, f.from_on), until_on = set_approved_firmware.until_on,
        note = btrim(coalesce(set_approved_firmware.note, ''), E' \t\r\n'), approved_by = radioshop.caller()
      WHERE f.model_id = kind AND f.version_key = upper(btrim(set_approved_firmware.version))
      RETURNING version, from_on, until_on, note, approved_by, revision
        INTO shown.version, shown.from_on, shown.until_on, shown.note, shown.approved_by, shown.revision;
  END IF;
  RETURN shown;
END
$$;

-- How a radio stands on a day of its agency; NULL when nothing was ever approved for its model.
CREATE FUNCTION radioshop.firmware_standing(model uuid, firmware text, today date) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
BEGIN
  SELECT count(*) AS n, bool_or(f.version_key = upper(firmware)) AS listed,
      bool_or(f.version_key = upper(firmware) AND f.from_on > today) AS later, bool_or(f.version_key = upper(firmware) AND f.until_on < today) AS past
    INTO it FROM radioshop.approved_firmware f WHERE f.model_id = firmware_standing.model;
  RETURN CASE WHEN it.n = 0 THEN NULL WHEN firmware = '' THEN 'not_known' WHEN NOT it.listed THEN 'not_approved' WHEN it.later THEN 'not_yet'
    WHEN it.past THEN 'ended' ELSE 'approved' END;
END
$$;

CREATE FUNCTION radioshop.refuse_firmware_question(agency text, model text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN refuse_firmware_question.agency <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(refuse_firmware_question.agency))) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', btrim(refuse_firmware_question.agency)))
    WHEN btrim(refuse_firmware_question.model) <> '' AND NOT EXISTS (SELECT FROM radioshop.model m
        WHERE m.number_key = upper(btrim(refuse_firmware_question.model))) THEN
      radioshop.refuse('NOT_FOUND', 'model', format('the catalogue has no model %s', btrim(refuse_firmware_question.model))) END;
END
$$;

-- The radios that are off approved firmware, in order of agency and tag, behind `after`: of each model for which any is approved, from the
-- index of models. Retired and disposed ones are left out.
CREATE FUNCTION radioshop.walk_off_firmware(agency text, model text, wanted text, after text[], most int)
RETURNS TABLE (code text, agency_id int, asset_id uuid, tag_key text, standing text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  kinds constant uuid[] := ARRAY(SELECT DISTINCT f.model_id FROM radioshop.approved_firmware f JOIN radioshop.model m ON m.model_id = f.model_id
    WHERE btrim(walk_off_firmware.model) = '' OR m.number_key = upper(btrim(walk_off_firmware.model)));
  place record;
  behind text;
  n int;
BEGIN
  FOR place IN
    SELECT g.agency_id, g.code, radioshop.today(g.time_zone) AS today FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND (walk_off_firmware.agency = '' OR g.code = upper(btrim(walk_off_firmware.agency)))
        AND g.code >= coalesce(walk_off_firmware.after[1], '')
      ORDER BY g.code
  LOOP
    behind := CASE WHEN place.code = walk_off_firmware.after[1] THEN walk_off_firmware.after[2] ELSE '' END;
    RETURN QUERY SELECT place.code, r.agency_id, r.asset_id, r.tag_key, r.standing
      FROM unnest(kinds) k (model_id) CROSS JOIN LATERAL (
        SELECT a.agency_id, a.asset_id, a.tag_key, s.standing FROM radioshop.asset a
          CROSS JOIN LATERAL (SELECT radioshop.firmware_standing(a.model_id, a.firmware, place.today) AS standing) s
        WHERE a.agency_id = place.agency_id AND a.model_id = k.model_id AND a.tag_key > behind AND a.status NOT IN ('retired', 'disposed')
          AND CASE WHEN wanted IS NULL THEN s.standing <> 'approved' ELSE s.standing = wanted END
        ORDER BY a.tag_key LIMIT most) r
      ORDER BY r.tag_key LIMIT most;
    GET DIAGNOSTICS n = ROW_COUNT;
    most := most - n;
    EXIT WHEN most <= 0;
  END LOOP;
END
$$;

-- Firmware and codeplugs that an asset has had, from its events, each with what is known of where it came from.
CREATE FUNCTION radioshop.firmware_history(agency int, asset uuid) RETURNS TABLE (event_id uuid, since timestamptz, kind text, version text, was text,
  changed_by text, method text, source text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT e.event_id, e.at, k.kind, coalesce(e.after ->> k.kind, ''), coalesce(e.before ->> k.kind, ''), e.principal, e.method,
      coalesce(
        CASE e.method WHEN 'CampaignService.TickCampaignItem' THEN
          (SELECT 'campaign ' || c.code FROM radioshop.campaign_item i JOIN radioshop.campaign c ON c.campaign_id = i.campaign_id
            WHERE i.agency_id = e.agency_id AND i.asset_id = firmware_history.asset AND c.kind = k.kind AND i.result = 'done'
              AND i.ticked_at <= e.at AND i.ticked_at > e.at - interval '1 minute' ORDER BY i.ticked_at DESC LIMIT 1)
        WHEN 'RmaService.ReceiveRma' THEN
          (SELECT 'RMA ' || r.number FROM radioshop.rma r JOIN radioshop.ticket t ON t.agency_id = r.agency_id AND t.ticket_id = r.ticket_id
            WHERE r.agency_id = e.agency_id AND t.asset_id = firmware_history.asset AND k.kind = 'firmware' AND r.firmware_back = e.after ->> 'firmware'
              AND t.opened_at <= e.at ORDER BY t.opened_at DESC LIMIT 1) END, '')
    FROM radioshop.event e CROSS JOIN LATERAL (VALUES ('firmware'), ('codeplug')) k (kind)
    WHERE e.agency_id = firmware_history.agency AND e.resource_id = firmware_history.asset::text AND e.resource = 'asset'
      AND coalesce(e.after ->> k.kind, '') <> coalesce(e.before ->> k.kind, '');
END
$$;

UPDATE radioshop.schema_version SET version = 37;

COMMIT;
