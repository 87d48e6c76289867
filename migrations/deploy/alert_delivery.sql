-- Deploy radioshop:alert_delivery to pg
--
-- Alerts reach people. Routes say who is told what and how; a notice is one alert for one route, entered in the transaction that raises
-- the alert; a delivery is one message to one recipient, made of the notices that wait when a host asks for work. Hosts take a
-- delivery on lease, send it, and confirm it: what a host that died has left is another's when its lease ends.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- The alert, snoozed

ALTER TABLE radioshop.alert
  ADD COLUMN snoozed_until date,
  ADD COLUMN snoozed_by text NOT NULL DEFAULT '',
  ADD COLUMN snooze_note text NOT NULL DEFAULT '',
  ADD COLUMN round int NOT NULL DEFAULT 0,
  ADD CONSTRAINT alert_snoozed_by_fits CHECK (snoozed_until IS NULL OR snoozed_by <> ''),
  ADD CONSTRAINT alert_snooze_note_form CHECK (radioshop.is_text(snooze_note, 4000));
COMMENT ON COLUMN radioshop.alert.snoozed_until IS 'nothing is said of the item before this day of its agency; NULL: it is not snoozed';
COMMENT ON COLUMN radioshop.alert.round IS 'how often a snooze has ended and the alert was said again';
COMMENT ON CONSTRAINT alert_snooze_note_form ON radioshop.alert IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
CREATE INDEX alert_snoozed ON radioshop.alert (agency_id, snoozed_until, alert_id) WHERE snoozed_until IS NOT NULL;
GRANT UPDATE (snoozed_until, snoozed_by, snooze_note, round) ON radioshop.alert TO radioshop_app;
CREATE TRIGGER record_snooze AFTER UPDATE ON radioshop.alert FOR EACH ROW
  WHEN (OLD.snoozed_until IS DISTINCT FROM NEW.snoozed_until AND NEW.snoozed_until IS NOT NULL)
  EXECUTE FUNCTION radioshop.record_event('alert', 'alert_id', 'settled_at');

ALTER TYPE radioshop.alert_shown ADD ATTRIBUTE snoozed_until date, ADD ATTRIBUTE snoozed_by text, ADD ATTRIBUTE snooze_note text,
  ADD ATTRIBUTE settled_at timestamptz;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.alert_route (
  agency_id int NOT NULL,
  route_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text COLLATE "C" NOT NULL,
  channel text NOT NULL,
  address text NOT NULL DEFAULT '',
  secret text NOT NULL DEFAULT '',
  principal text NOT NULL DEFAULT '',
  kinds text[] NOT NULL DEFAULT '{}',
  from_step int NOT NULL DEFAULT 0,
  each_alone boolean NOT NULL DEFAULT false,
  quiet text NOT NULL DEFAULT '',
  time_zone text NOT NULL DEFAULT '',
  storm_limit int NOT NULL DEFAULT 50,
  stopped boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT alert_route_pkey PRIMARY KEY (agency_id, route_id),
  CONSTRAINT alert_route_code_unique UNIQUE (agency_id, code),
  CONSTRAINT alert_route_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency (agency_id),
  CONSTRAINT alert_route_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9._-]{0,15}$'),
  CONSTRAINT alert_route_channel_known CHECK (channel IN ('email', 'webhook', 'file', 'output')),
  CONSTRAINT alert_route_address_form CHECK (CASE channel
    WHEN 'email' THEN char_length(address) <= 254 AND address ~ '^[A-Za-z0-9!#$%&''*+/=?^_`{|}~][A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{0,63}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$'
    WHEN 'webhook' THEN char_length(address) <= 2000 AND address ~ '^https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?$'
    WHEN 'file' THEN address ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
    ELSE address = '' END),
  CONSTRAINT alert_route_secret_form CHECK (CASE WHEN channel = 'webhook' THEN secret ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' ELSE secret = '' END),
  CONSTRAINT alert_route_kinds_known CHECK (kinds <@ '{overdue,escalated,resolved}'::text[] AND cardinality(kinds) <= 32),
  CONSTRAINT alert_route_from_step_range CHECK (from_step BETWEEN 0 AND 1000),
  CONSTRAINT alert_route_quiet_form CHECK (quiet = '' OR quiet ~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$'
    AND left(quiet, 5) <> right(quiet, 5)),
  CONSTRAINT alert_route_time_zone_known CHECK (time_zone = '' OR radioshop.is_time_zone(time_zone)),
  CONSTRAINT alert_route_storm_limit_range CHECK (storm_limit BETWEEN 1 AND 200)
);
COMMENT ON COLUMN radioshop.alert_route.secret IS 'name of the file with the key on the host that sends; the key itself is never here';
COMMENT ON COLUMN radioshop.alert_route.principal IS 'whose route it is: nothing goes to somebody who is locked out';
COMMENT ON COLUMN radioshop.alert_route.quiet IS 'hours in which nothing is sent, as 22:00-06:00 in time_zone';
COMMENT ON CONSTRAINT alert_route_code_unique ON radioshop.alert_route IS 'code: another route of the agency has this code';
COMMENT ON CONSTRAINT alert_route_code_form ON radioshop.alert_route IS
  'code: a code is 1 to 16 letters, digits, dots, hyphens or underscores, and begins with a letter or digit';
COMMENT ON CONSTRAINT alert_route_channel_known ON radioshop.alert_route IS 'channel: a channel is email, webhook, file or output';
COMMENT ON CONSTRAINT alert_route_address_form ON radioshop.alert_route IS 'address: this is no address of the channel';
COMMENT ON CONSTRAINT alert_route_secret_form ON radioshop.alert_route IS
  'secret: a webhook needs the name of a file with its key, at most 64 letters, digits, dots, hyphens or underscores; nothing else has one';
COMMENT ON CONSTRAINT alert_route_kinds_known ON radioshop.alert_route IS 'kinds: a route has no such kind of alert';
COMMENT ON CONSTRAINT alert_route_from_step_range ON radioshop.alert_route IS 'from_step: give 0 to 1000';
COMMENT ON CONSTRAINT alert_route_quiet_form ON radioshop.alert_route IS 'quiet: write quiet hours like 22:00-06:00';
COMMENT ON CONSTRAINT alert_route_time_zone_known ON radioshop.alert_route IS
  'time_zone: no time zone has this name; use a name of the IANA list, such as America/Chicago';
COMMENT ON CONSTRAINT alert_route_storm_limit_range ON radioshop.alert_route IS 'storm_limit: give 1 to 200';

CREATE TABLE radioshop.alert_delivery (
  agency_id int NOT NULL,
  delivery_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  route_id uuid NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  secret text NOT NULL,
  storm boolean NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  next_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL DEFAULT 'waiting',
  generation int NOT NULL DEFAULT 0,
  lease_until timestamptz,
  leased_by text NOT NULL DEFAULT '',
  reply text NOT NULL DEFAULT '',
  ended_at timestamptz,
  CONSTRAINT alert_delivery_pkey PRIMARY KEY (agency_id, delivery_id),
  CONSTRAINT alert_delivery_route_known FOREIGN KEY (agency_id, route_id) REFERENCES radioshop.alert_route (agency_id, route_id),
  CONSTRAINT alert_delivery_state_known CHECK (state IN ('waiting', 'delivered', 'failed', 'muted')),
  CONSTRAINT alert_delivery_ended_at_fits CHECK ((ended_at IS NULL) = (state = 'waiting')),
  CONSTRAINT alert_delivery_reply_form CHECK (char_length(reply) <= 1000)
);
COMMENT ON COLUMN radioshop.alert_delivery.address IS 'the route''s, as is the channel and the secret''s name, when the message was made';
COMMENT ON COLUMN radioshop.alert_delivery.generation IS 'how often it was handed out; a confirmation names the one it answers';
CREATE INDEX alert_delivery_waiting ON radioshop.alert_delivery (agency_id, next_at, delivery_id) WHERE state = 'waiting';
CREATE INDEX alert_delivery_by_route ON radioshop.alert_delivery (agency_id, route_id, state);

CREATE TABLE radioshop.alert_notice (
  agency_id int NOT NULL,
  notice_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  alert_id uuid NOT NULL,
  route_id uuid NOT NULL,
  round int NOT NULL,
  state text NOT NULL DEFAULT 'queued',
  reason text NOT NULL DEFAULT '',
  delivery_id uuid,
  queued_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT alert_notice_pkey PRIMARY KEY (agency_id, notice_id),
  CONSTRAINT alert_notice_once UNIQUE (agency_id, alert_id, route_id, round),
  CONSTRAINT alert_notice_alert_known FOREIGN KEY (agency_id, alert_id) REFERENCES radioshop.alert (agency_id, alert_id),
  CONSTRAINT alert_notice_route_known FOREIGN KEY (agency_id, route_id) REFERENCES radioshop.alert_route (agency_id, route_id),
  CONSTRAINT alert_notice_delivery_known FOREIGN KEY (agency_id, delivery_id) REFERENCES radioshop.alert_delivery (agency_id, delivery_id),
  CONSTRAINT alert_notice_state_known CHECK (state IN ('queued', 'waiting', 'delivered', 'failed', 'muted')),
  CONSTRAINT alert_notice_delivery_fits CHECK (CASE state WHEN 'queued' THEN delivery_id IS NULL WHEN 'muted' THEN true ELSE delivery_id IS NOT NULL END),
  CONSTRAINT alert_notice_reason_fits CHECK (state <> 'muted' OR reason <> '')
);
COMMENT ON COLUMN radioshop.alert_notice.round IS 'the alert''s, when it was queued: after a snooze it is said again';
COMMENT ON COLUMN radioshop.alert_notice.state IS 'queued: in no message yet; waiting: in one that is not delivered; muted: never sent, and reason says why';
CREATE INDEX alert_notice_by_state ON radioshop.alert_notice (agency_id, state, notice_id);
CREATE INDEX alert_notice_queued ON radioshop.alert_notice (agency_id, route_id, notice_id) WHERE state = 'queued';
CREATE INDEX alert_notice_by_delivery ON radioshop.alert_notice (agency_id, delivery_id);

CREATE TABLE radioshop.alert_run (
  agency_id int NOT NULL,
  running_since timestamptz,
  decided_at timestamptz,
  decided_day date,
  claimed_at timestamptz,
  sent_at timestamptz,
  CONSTRAINT alert_run_pkey PRIMARY KEY (agency_id),
  CONSTRAINT alert_run_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency (agency_id)
);
COMMENT ON TABLE radioshop.alert_run IS 'when the alert job last did what for an agency, for those who watch whether it is alive';
COMMENT ON COLUMN radioshop.alert_run.running_since IS 'a run has begun and has not said all: no message is made of its alerts yet';
COMMENT ON COLUMN radioshop.alert_run.claimed_at IS 'when a host last asked what there is to send';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.alert_route FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.alert_route
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('alert_route', 'route_id');
-- Notices and leases are their own record; what became of a message is an event.
CREATE TRIGGER record_event AFTER UPDATE ON radioshop.alert_delivery FOR EACH ROW WHEN (OLD.state <> NEW.state)
  EXECUTE FUNCTION radioshop.record_event('alert_delivery', 'delivery_id', 'next_at', 'lease_until');

ALTER TABLE radioshop.alert_route ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_route_agency ON radioshop.alert_route
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.alert_delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_delivery_agency ON radioshop.alert_delivery
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.alert_notice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_notice_agency ON radioshop.alert_notice
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.alert_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_run_agency ON radioshop.alert_run
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (channel, address, secret, principal, kinds, from_step, each_alone, quiet, time_zone, storm_limit, stopped)
  ON radioshop.alert_route TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (next_at, state, generation, lease_until, leased_by, reply, ended_at) ON radioshop.alert_delivery TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (state, reason, delivery_id) ON radioshop.alert_notice TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (running_since, decided_at, decided_day, claimed_at, sent_at) ON radioshop.alert_run TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Showing

-- An alert as a caller sees it. VOLATILE, so that it sees what the calling function has just changed.
CREATE FUNCTION radioshop.shown_alert(agency int, alert uuid) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.alert_shown;
BEGIN
  SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at, l.acked_at,
      l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at
    INTO shown
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = agency AND l.alert_id = alert;
  RETURN shown;
END
$$;

-- A route as a caller sees it, or why not. In step with message AlertRoute.
CREATE TYPE radioshop.alert_route_shown AS (
  refusal text, id uuid, agency text, code text, channel text, address text, secret text, principal text, kinds text[], from_step int,
  each_alone boolean, quiet text, time_zone text, storm_limit int, stopped boolean, queued int, revision bigint
);
CREATE FUNCTION radioshop.shown_alert_route(agency int, route uuid) RETURNS radioshop.alert_route_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.alert_route_shown;
BEGIN
  SELECT NULL, r.route_id, g.code, r.code, r.channel, r.address, r.secret, r.principal, r.kinds, r.from_step, r.each_alone, r.quiet,
      r.time_zone, r.storm_limit, r.stopped, (SELECT count(*) FROM radioshop.alert_notice n
        WHERE n.agency_id = r.agency_id AND n.route_id = r.route_id AND n.state = 'queued')::int, r.revision
    INTO shown FROM radioshop.alert_route r JOIN radioshop.agency g ON g.agency_id = r.agency_id
    WHERE r.agency_id = agency AND r.route_id = route;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Routes

-- Why a route with this address leads nowhere; NULL when it leads somewhere. The constraints say the same, but not for each channel.
CREATE FUNCTION radioshop.refuse_route(channel text, address text, secret text, principal text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE
    WHEN channel IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'channel', 'say how it is sent: email, webhook, file or output')
    WHEN channel <> 'output' AND address = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'address', 'a route needs an address, or it leads nowhere')
    WHEN channel = 'output' AND address <> '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'address', 'output has no address: it is printed by the command that sends')
    WHEN channel = 'email' AND NOT (char_length(address) <= 254 AND address ~ '^[A-Za-z0-9!#$%&''*+/=?^_`{|}~][A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{0,63}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'address', 'write one plain address, such as fleet@example.org, without a name or a line break')
    WHEN channel = 'webhook' AND address !~ '^https://' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'address', 'a webhook begins with https://, since what is sent names radios and people')
    WHEN channel = 'webhook' AND NOT (char_length(address) <= 2000 AND address ~ '^https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?$') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'address', 'write the URL as https://HOST/PATH, without a password, a blank or a line break')
    WHEN channel = 'file' AND address !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'address', 'give the name of a file without a directory; the host that sends knows the directory')
    WHEN channel = 'webhook' AND secret = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'secret', 'a webhook is signed: give the name of the file on the sending host that holds its key')
    WHEN channel <> 'webhook' AND secret <> '' THEN radioshop.refuse('INVALID_ARGUMENT', 'secret', 'only a webhook has a secret')
    WHEN principal <> '' AND EXISTS (SELECT FROM radioshop.locked_out(ARRAY[principal])) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'principal', format('%s may not enter: no such principal, or it is locked out', principal))
  END;
END
$$;

-- Adds a route: what is raised from now on goes there, and not what was raised before.
CREATE FUNCTION radioshop.create_alert_route(agency text, code text, channel text, address text, secret text, principal text, kinds text[],
  from_step int, each_alone boolean, quiet text, time_zone text, storm_limit int, stopped boolean)
RETURNS radioshop.alert_route_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_route_shown;
  of_agency int;
  made uuid;
BEGIN
  SELECT g.agency_id INTO of_agency FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND g.code = upper(create_alert_route.agency);
  shown.refusal := CASE
    WHEN coalesce(create_alert_route.agency, '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a route needs the code of its agency')
    WHEN of_agency IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', create_alert_route.agency))
    ELSE radioshop.refuse_route(create_alert_route.channel, coalesce(create_alert_route.address, ''), coalesce(create_alert_route.secret, ''),
      coalesce(create_alert_route.principal, ''))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.alert_route (agency_id, code, channel, address, secret, principal, kinds, from_step, each_alone, quiet, time_zone,
      storm_limit, stopped)
    VALUES (of_agency, upper(btrim(coalesce(create_alert_route.code, ''))), create_alert_route.channel, coalesce(create_alert_route.address, ''),
      coalesce(create_alert_route.secret, ''), coalesce(create_alert_route.principal, ''), coalesce(create_alert_route.kinds, '{}'),
      coalesce(create_alert_route.from_step, 0), coalesce(create_alert_route.each_alone, false), coalesce(create_alert_route.quiet, ''),
      coalesce(create_alert_route.time_zone, ''), coalesce(nullif(create_alert_route.storm_limit, 0), 50),
      coalesce(create_alert_route.stopped, false))
    RETURNING route_id INTO made;
  RETURN radioshop.shown_alert_route(of_agency, made);
END
$$;

-- Changes the fields that mask names. What failed for good at the old address is queued for the new one.
CREATE FUNCTION radioshop.update_alert_route(agency text, code text, revision bigint, mask text[], channel text, address text, secret text,
  principal text, kinds text[], from_step int, each_alone boolean, quiet text, time_zone text, storm_limit int, stopped boolean)
RETURNS radioshop.alert_route_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{channel,address,secret,principal,kinds,from_step,each_alone,quiet,time_zone,storm_limit,stopped}';
  shown radioshop.alert_route_shown;
  was radioshop.alert_route%ROWTYPE;
  want radioshop.alert_route%ROWTYPE;
BEGIN
  SELECT r.agency_id, r.route_id, r.revision, r.channel, r.address, r.secret, r.principal
    INTO was.agency_id, was.route_id, was.revision, was.channel, was.address, was.secret, was.principal
    FROM radioshop.agency g JOIN radioshop.alert_route r ON r.agency_id = g.agency_id AND r.code = upper(update_alert_route.code)
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(update_alert_route.agency) FOR NO KEY UPDATE OF r;
  shown.refusal := radioshop.refuse_update(mask, changeable, update_alert_route.revision, was.revision,
    format('route %s of agency %s', update_alert_route.code, update_alert_route.agency));
  IF was.route_id IS NULL THEN
    shown.refusal := radioshop.refuse('NOT_FOUND', 'code', format('agency %s has no route %s', update_alert_route.agency, update_alert_route.code));
  END IF;
  want := was;
  want.channel := CASE WHEN 'channel' = ANY (mask) THEN update_alert_route.channel ELSE was.channel END;
  want.address := CASE WHEN 'address' = ANY (mask) THEN update_alert_route.address ELSE was.address END;
  want.secret := CASE WHEN 'secret' = ANY (mask) THEN update_alert_route.secret ELSE was.secret END;
  want.principal := CASE WHEN 'principal' = ANY (mask) THEN update_alert_route.principal ELSE was.principal END;
  shown.refusal := coalesce(shown.refusal, radioshop.refuse_route(want.channel, want.address, want.secret,
    CASE WHEN 'principal' = ANY (mask) THEN want.principal ELSE '' END));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.alert_route r SET channel = want.channel, address = want.address, secret = want.secret, principal = want.principal,
      kinds = CASE WHEN 'kinds' = ANY (mask) THEN coalesce(update_alert_route.kinds, '{}') ELSE r.kinds END,
      from_step = CASE WHEN 'from_step' = ANY (mask) THEN update_alert_route.from_step ELSE r.from_step END,
      each_alone = CASE WHEN 'each_alone' = ANY (mask) THEN update_alert_route.each_alone ELSE r.each_alone END,
      quiet = CASE WHEN 'quiet' = ANY (mask) THEN update_alert_route.quiet ELSE r.quiet END,
      time_zone = CASE WHEN 'time_zone' = ANY (mask) THEN update_alert_route.time_zone ELSE r.time_zone END,
      storm_limit = CASE WHEN 'storm_limit' = ANY (mask) THEN update_alert_route.storm_limit ELSE r.storm_limit END,
      stopped = CASE WHEN 'stopped' = ANY (mask) THEN update_alert_route.stopped ELSE r.stopped END
    WHERE r.agency_id = was.agency_id AND r.route_id = was.route_id;
  IF (want.channel, want.address, want.secret) IS DISTINCT FROM (was.channel, was.address, was.secret) THEN
    UPDATE radioshop.alert_notice n SET state = 'queued', delivery_id = NULL
      WHERE n.agency_id = was.agency_id AND n.state = 'failed' AND n.route_id = was.route_id;
  END IF;
  RETURN radioshop.shown_alert_route(was.agency_id, was.route_id);
END
$$;

-- Whether it is quiet now, in hours as 22:00-06:00. They may go over midnight.
CREATE FUNCTION radioshop.is_quiet(quiet text, zone text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  local_time text := to_char(now() AT TIME ZONE zone, 'HH24:MI');
BEGIN
  RETURN quiet <> '' AND CASE WHEN left(quiet, 5) < right(quiet, 5) THEN local_time >= left(quiet, 5) AND local_time < right(quiet, 5)
    ELSE local_time >= left(quiet, 5) OR local_time < right(quiet, 5) END;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Deciding

-- Enters for every route what it is to be told of these alerts. That something is settled is told to those who were told of it.
CREATE FUNCTION radioshop.queue_alerts(agency int, alerts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.alert_notice (agency_id, alert_id, route_id, round)
    SELECT l.agency_id, l.alert_id, r.route_id, l.round
      FROM unnest(alerts) x (alert_id)
      JOIN radioshop.alert l ON l.agency_id = agency AND l.alert_id = x.alert_id
      JOIN radioshop.alert_route r ON r.agency_id = l.agency_id AND NOT r.stopped AND (r.kinds = '{}' OR l.kind = ANY (r.kinds))
      WHERE CASE WHEN l.kind = 'resolved' THEN EXISTS (SELECT FROM radioshop.alert b
          JOIN radioshop.alert_notice n ON n.agency_id = b.agency_id AND n.alert_id = b.alert_id AND n.route_id = r.route_id
          WHERE b.agency_id = l.agency_id AND b.asset_id = l.asset_id AND b.plan_id = l.plan_id AND b.due_on = l.due_on AND b.kind <> 'resolved'
            AND n.state <> 'muted')
        ELSE l.step >= r.from_step END
      ORDER BY l.due_on, l.alert_id, r.route_id
      ON CONFLICT ON CONSTRAINT alert_notice_once DO NOTHING;
END
$$;

-- What is snoozed no longer: said again when it is still open, and nothing newer is said of the item in this run. Returns as emit_overdue().
CREATE FUNCTION radioshop.emit_woken(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH woken AS MATERIALIZED (
    SELECT l.alert_id, l.asset_id, l.plan_id, l.due_on, l.acked_at IS NULL AND l.settled_at IS NULL AS open, l.step FROM radioshop.alert l
      WHERE l.agency_id = agency AND l.snoozed_until <= today AND l.snoozed_until IS NOT NULL
      ORDER BY l.snoozed_until, l.alert_id LIMIT lim FOR NO KEY UPDATE SKIP LOCKED
  ), again AS (
    SELECT w.alert_id FROM woken w WHERE w.open AND NOT EXISTS (SELECT FROM radioshop.alert b WHERE b.agency_id = agency
      AND b.asset_id = w.asset_id AND b.plan_id = w.plan_id AND b.due_on = w.due_on AND b.kind <> 'resolved' AND b.step > w.step)
  ), noted AS (
    UPDATE radioshop.alert l SET snoozed_until = NULL,
        round = l.round + CASE WHEN EXISTS (SELECT FROM again i WHERE i.alert_id = w.alert_id) THEN 1 ELSE 0 END
      FROM woken w WHERE l.agency_id = agency AND l.alert_id = w.alert_id
  )
  SELECT i.alert_id FROM woken w LEFT JOIN again i ON i.alert_id = w.alert_id;
END
$$;

-- As in the change "alert", but what is snoozed is left alone until that ends.
CREATE OR REPLACE FUNCTION radioshop.emit_escalated(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH late AS (
    SELECT s.asset_id, s.plan_id, s.next_due, s.overdue_from, (today - s.overdue_from) / s.escalate_days AS step FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.escalate_on <= today AND s.escalate_on IS NOT NULL
        AND NOT EXISTS (SELECT FROM radioshop.alert b WHERE b.agency_id = s.agency_id AND b.asset_id = s.asset_id AND b.plan_id = s.plan_id
          AND b.due_on = s.next_due AND b.snoozed_until > today)
      ORDER BY s.escalate_on, s.asset_id, s.plan_id LIMIT lim FOR NO KEY UPDATE OF s SKIP LOCKED
  ), noted AS (
    UPDATE radioshop.schedule s SET alerted_step = t.step FROM late t
      WHERE s.agency_id = agency AND s.asset_id = t.asset_id AND s.plan_id = t.plan_id
  ), said AS (
    INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, step, days_overdue)
      SELECT agency, 'escalated', t.asset_id, t.plan_id, t.next_due, t.step, today - t.overdue_from + 1 FROM late t
      ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.asset_id, l.plan_id, l.alert_id
  )
  SELECT i.alert_id FROM late t LEFT JOIN said i ON i.asset_id = t.asset_id AND i.plan_id = t.plan_id;
END
$$;

-- One step of a run for one agency: what is to be said, at most lim items; none when all is said.
CREATE FUNCTION radioshop.emit_next(agency int, today date, lim int) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  handled uuid[];
BEGIN
  handled := ARRAY(SELECT radioshop.emit_resolved(agency, lim));
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_overdue(agency, today, lim));
  END IF;
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_escalated(agency, today, lim));
  END IF;
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_woken(agency, today, lim));
  END IF;
  RETURN handled;
END
$$;

-- Enters what is to be said into the ledger and returns it, at most lim items, and queues it for the routes in the same transaction. Two
-- hosts at once take turns by agency, and the second finds what the first has left.
CREATE OR REPLACE FUNCTION radioshop.emit_alerts(agency text, lim int) RETURNS SETOF radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  of_agency record;
  handled uuid[];
  said uuid[];
  made uuid[] := '{}';
  most constant int := CASE WHEN emit_alerts.lim = 0 THEN 1000 ELSE emit_alerts.lim END;
BEGIN
  shown.refusal := CASE
    WHEN most NOT BETWEEN 1 AND 1000 THEN radioshop.refuse('INVALID_ARGUMENT', 'limit', 'give 1 to 1000, or 0 for 1000')
    WHEN coalesce(emit_alerts.agency, '') <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(emit_alerts.agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', emit_alerts.agency))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR of_agency IN SELECT g.agency_id, radioshop.today(g.time_zone) AS today FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
        AND (coalesce(emit_alerts.agency, '') = '' OR g.code = upper(emit_alerts.agency)) ORDER BY g.code LOOP
    EXIT WHEN cardinality(made) >= most;
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.alert'), of_agency.agency_id);
    PERFORM radioshop.lock_schedules(of_agency.agency_id, false);
    said := '{}';
    LOOP
      handled := radioshop.emit_next(of_agency.agency_id, of_agency.today, most - cardinality(made) - cardinality(said));
      said := said || array_remove(handled, NULL);
      EXIT WHEN cardinality(handled) = 0 OR cardinality(made) + cardinality(said) >= most;
    END LOOP;
    PERFORM radioshop.queue_alerts(of_agency.agency_id, said);
    made := made || said;
    INSERT INTO radioshop.alert_run AS n (agency_id, running_since, decided_at, decided_day)
      SELECT of_agency.agency_id, CASE WHEN cardinality(handled) > 0 THEN now() END, CASE WHEN cardinality(handled) = 0 THEN now() END,
        of_agency.today
      ON CONFLICT ON CONSTRAINT alert_run_pkey DO UPDATE SET decided_day = excluded.decided_day,
        running_since = CASE WHEN excluded.running_since IS NOT NULL AND n.running_since > now() - interval '10 minutes'
          THEN n.running_since ELSE excluded.running_since END,
        decided_at = coalesce(excluded.decided_at, n.decided_at);
  END LOOP;
  RETURN QUERY SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at,
      l.acked_at, l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = ANY (made)
    ORDER BY g.code, l.due_on, a.tag_key, p.code_key, l.kind;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Acknowledging and snoozing

-- The alert that people name, locked with its schedule as when alerts are emitted, or why nothing can be done about it.
CREATE FUNCTION radioshop.open_alert(alert text, done text, OUT agency_id int, OUT alert_id uuid, OUT asset_id uuid, OUT plan_id uuid,
  OUT due_on date, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  key text := lower(btrim(open_alert.alert));
BEGIN
  IF key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'alert', 'give the UUID of an alert');
    RETURN;
  END IF;
  SELECT l.agency_id, l.alert_id, l.asset_id, l.plan_id, l.due_on INTO it FROM radioshop.alert l
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = key::uuid;
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'alert', format('no alert has the UUID %s', key));
    RETURN;
  END IF;
  PERFORM 1 FROM radioshop.schedule s
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id FOR NO KEY UPDATE;
  SELECT CASE
      WHEN l.kind = 'resolved' THEN radioshop.refuse('FAILED_PRECONDITION', 'alert', format('a resolved alert needs no %s', done))
      WHEN l.acked_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        format('the alert was acknowledged by %s already', l.acked_by))
      WHEN l.settled_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        'the alert is settled: the asset is not overdue any more')
    END INTO open_alert.refusal
    FROM radioshop.alert l WHERE l.agency_id = it.agency_id AND l.alert_id = it.alert_id FOR NO KEY UPDATE;
  agency_id := it.agency_id;
  alert_id := it.alert_id;
  asset_id := it.asset_id;
  plan_id := it.plan_id;
  due_on := it.due_on;
END
$$;

-- What is queued of an item and in no message yet is not sent, and says why.
CREATE FUNCTION radioshop.mute_notices(agency int, alerts uuid[], why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.alert_notice n SET state = 'muted', reason = why
    WHERE n.agency_id = agency AND n.state = 'queued' AND n.alert_id = ANY (alerts);
END
$$;

-- Acknowledges an alert and with it all that was said of the same due date: it is not raised again until the next one.
CREATE OR REPLACE FUNCTION radioshop.ack_alert(alert text, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  it record;
  same uuid[];
BEGIN
  SELECT o.agency_id, o.alert_id, o.asset_id, o.plan_id, o.due_on, o.refusal INTO it
    FROM radioshop.open_alert(ack_alert.alert, 'acknowledgement') o;
  IF it.refusal IS NOT NULL THEN
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  WITH acked AS (
    UPDATE radioshop.alert l SET acked_at = now(), acked_by = radioshop.caller(), snoozed_until = NULL,
        ack_note = btrim(coalesce(ack_alert.note, ''), E' \t\r\n')
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id = it.plan_id AND l.due_on = it.due_on
        AND l.kind <> 'resolved' AND l.acked_at IS NULL
      RETURNING l.alert_id
  )
  SELECT array_agg(d.alert_id) INTO same FROM acked d;
  UPDATE radioshop.schedule s SET alert_acked = true
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id AND s.alerted_due = it.due_on;
  PERFORM radioshop.mute_notices(it.agency_id, same, format('acknowledged by %s before it was sent', radioshop.caller()));
  RETURN radioshop.shown_alert(it.agency_id, it.alert_id);
END
$$;

-- Snoozes an alert and with it all that was said of the same due date: nothing is said of it before that day.
CREATE FUNCTION radioshop.snooze_alert(alert text, until date, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  it record;
  today date;
  same uuid[];
BEGIN
  SELECT o.agency_id, o.alert_id, o.asset_id, o.plan_id, o.due_on, o.refusal INTO it FROM radioshop.open_alert(snooze_alert.alert, 'snooze') o;
  shown.refusal := it.refusal;
  IF shown.refusal IS NULL THEN
    SELECT radioshop.today(g.time_zone) INTO today FROM radioshop.agency g WHERE g.agency_id = it.agency_id;
    shown.refusal := CASE
      WHEN snooze_alert.until IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'until', 'say on which day it is said again')
      WHEN snooze_alert.until <= today THEN radioshop.refuse('INVALID_ARGUMENT', 'until', format('give a day after today, %s', today))
      WHEN snooze_alert.until > today + 366 THEN radioshop.refuse('INVALID_ARGUMENT', 'until', 'at most a year; acknowledge it to hear no more of it')
    END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  WITH snoozed AS (
    UPDATE radioshop.alert l SET snoozed_until = snooze_alert.until, snoozed_by = radioshop.caller(),
        snooze_note = btrim(coalesce(snooze_alert.note, ''), E' \t\r\n')
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id = it.plan_id AND l.due_on = it.due_on
        AND l.kind <> 'resolved' AND l.acked_at IS NULL
      RETURNING l.alert_id
  )
  SELECT array_agg(d.alert_id) INTO same FROM snoozed d;
  PERFORM radioshop.mute_notices(it.agency_id, same, format('snoozed by %s until %s', radioshop.caller(), snooze_alert.until));
  RETURN radioshop.shown_alert(it.agency_id, it.alert_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Delivering

-- Ends a delivery, and with it the notices that are in it.
CREATE FUNCTION radioshop.end_delivery(agency int, delivery uuid, ending text, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.alert_delivery d SET state = ending, ended_at = now(), lease_until = NULL, reply = left(why, 1000)
    WHERE d.agency_id = agency AND d.delivery_id = delivery;
  UPDATE radioshop.alert_notice n SET state = ending, reason = CASE WHEN ending = 'muted' THEN why ELSE '' END
    WHERE n.agency_id = agency AND n.delivery_id = delivery;
END
$$;

-- What is not to be sent any more: routes that were stopped, people who were locked out, and what nobody could deliver for three days.
CREATE FUNCTION radioshop.end_undeliverable(agency int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  closed record;
BEGIN
  FOR closed IN SELECT r.route_id, CASE WHEN r.stopped THEN format('route %s is stopped', r.code)
        ELSE format('%s may not enter any more', r.principal) END AS why
      FROM radioshop.alert_route r
      WHERE r.agency_id = agency AND (r.stopped OR r.principal <> '' AND EXISTS (SELECT FROM radioshop.locked_out(ARRAY[r.principal]))) LOOP
    UPDATE radioshop.alert_notice n SET state = 'muted', reason = closed.why
      WHERE n.agency_id = agency AND n.route_id = closed.route_id AND n.state = 'queued';
    PERFORM radioshop.end_delivery(agency, d.delivery_id, 'muted', closed.why) FROM radioshop.alert_delivery d
      WHERE d.agency_id = agency AND d.route_id = closed.route_id AND d.state = 'waiting' AND (d.lease_until IS NULL OR d.lease_until < now());
  END LOOP;
  PERFORM radioshop.end_delivery(agency, d.delivery_id, 'failed', 'not delivered in three days: ' || d.reply) FROM radioshop.alert_delivery d
    WHERE d.agency_id = agency AND d.state = 'waiting' AND d.made_at < now() - interval '3 days' AND (d.lease_until IS NULL OR d.lease_until < now());
END
$$;

-- Makes messages of the notices that wait: one for each route, one for each notice where the route wants that, or, when there are more
-- than it wants at once, one that just says how many. Not while it is quiet there, nor while a run is still saying things.
CREATE FUNCTION radioshop.make_deliveries(agency int, zone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  route record;
  notices uuid[];
  part uuid[];
  storm boolean;
  made uuid;
BEGIN
  IF EXISTS (SELECT FROM radioshop.alert_run n WHERE n.agency_id = agency AND n.running_since > now() - interval '10 minutes') THEN
    RETURN;
  END IF;
  FOR route IN SELECT r.route_id, r.channel, r.address, r.secret, r.each_alone, r.storm_limit FROM radioshop.alert_route r
      WHERE r.agency_id = agency AND NOT radioshop.is_quiet(r.quiet, CASE r.time_zone WHEN '' THEN zone ELSE r.time_zone END) LOOP
    notices := ARRAY(SELECT n.notice_id FROM radioshop.alert_notice n
      WHERE n.agency_id = agency AND n.route_id = route.route_id AND n.state = 'queued' ORDER BY n.notice_id LIMIT route.storm_limit + 1);
    storm := cardinality(notices) > route.storm_limit;
    WHILE cardinality(notices) > 0 LOOP
      part := CASE WHEN route.each_alone AND NOT storm THEN notices[1:1] ELSE notices END;
      notices := notices[cardinality(part) + 1:];
      INSERT INTO radioshop.alert_delivery (agency_id, route_id, channel, address, secret, storm)
        VALUES (agency, route.route_id, route.channel, route.address, route.secret, storm) RETURNING delivery_id INTO made;
      UPDATE radioshop.alert_notice n SET state = 'waiting', delivery_id = made
        WHERE n.agency_id = agency AND n.route_id = route.route_id AND n.state = 'queued' AND (storm OR n.notice_id = ANY (part));
    END LOOP;
  END LOOP;
END
$$;

-- A delivery as the host that is to send it sees it, or why not. In step with message Delivery.
CREATE TYPE radioshop.delivery_shown AS (
  refusal text, id uuid, generation int, agency text, agency_name text, route text, channel text, address text, secret text, storm boolean,
  made_at timestamptz, lease_until timestamptz, state text, reply text, item_count int, counts jsonb, items jsonb
);
CREATE FUNCTION radioshop.shown_delivery(agency int, delivery uuid) RETURNS radioshop.delivery_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.delivery_shown;
BEGIN
  SELECT NULL, d.delivery_id, d.generation, g.code, g.name, r.code, d.channel, d.address, d.secret, d.storm, d.made_at, d.lease_until, d.state, d.reply
    INTO shown FROM radioshop.alert_delivery d JOIN radioshop.agency g ON g.agency_id = d.agency_id
      JOIN radioshop.alert_route r ON r.agency_id = d.agency_id AND r.route_id = d.route_id
    WHERE d.agency_id = agency AND d.delivery_id = delivery;
  SELECT coalesce(sum(c.n), 0)::int, coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'count', c.n) ORDER BY c.kind), '[]')
    INTO shown.item_count, shown.counts
    FROM (SELECT l.kind, count(*) AS n FROM radioshop.alert_notice n JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id
      WHERE n.agency_id = agency AND n.delivery_id = delivery GROUP BY l.kind) c;
  shown.items := '[]';
  IF NOT shown.storm THEN
    SELECT coalesce(jsonb_agg(jsonb_build_object('alert', l.alert_id, 'kind', l.kind, 'tag', a.tag, 'assigned_to', a.assigned_to,
        'location', a.location, 'plan', p.code, 'plan_name', p.name, 'due_on', l.due_on, 'days_overdue', l.days_overdue, 'step', l.step)
        ORDER BY l.due_on, a.tag_key, p.code_key, l.alert_id), '[]') INTO shown.items
      FROM radioshop.alert_notice n JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id
        JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
        JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
      WHERE n.agency_id = agency AND n.delivery_id = delivery;
  END IF;
  RETURN shown;
END
$$;

-- Hands out what is to be sent, at most lim messages, for so many seconds. Two hosts at once take turns by agency and get different ones.
CREATE FUNCTION radioshop.claim_deliveries(agency text, host text, seconds int, lim int) RETURNS SETOF radioshop.delivery_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.delivery_shown;
  of_agency record;
  taken uuid;
  given int := 0;
  most constant int := CASE WHEN claim_deliveries.lim = 0 THEN 10 ELSE claim_deliveries.lim END;
  lease constant int := CASE WHEN claim_deliveries.seconds = 0 THEN 600 ELSE claim_deliveries.seconds END;
BEGIN
  shown.refusal := CASE
    WHEN most NOT BETWEEN 1 AND 20 THEN radioshop.refuse('INVALID_ARGUMENT', 'limit', 'give 1 to 20, or 0 for 10')
    WHEN lease NOT BETWEEN 1 AND 3600 THEN radioshop.refuse('INVALID_ARGUMENT', 'lease_seconds', 'give 1 to 3600 seconds, or 0 for 600')
    WHEN coalesce(claim_deliveries.host, '') = '' OR NOT radioshop.is_line(claim_deliveries.host, 255) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'host', 'say which host sends them, in a line of at most 255 characters')
    WHEN coalesce(claim_deliveries.agency, '') <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(claim_deliveries.agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', claim_deliveries.agency))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR of_agency IN SELECT g.agency_id, g.time_zone FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
        AND (coalesce(claim_deliveries.agency, '') = '' OR g.code = upper(claim_deliveries.agency)) ORDER BY g.code LOOP
    EXIT WHEN given >= most;
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.alert_delivery'), of_agency.agency_id);
    INSERT INTO radioshop.alert_run (agency_id, claimed_at) VALUES (of_agency.agency_id, now())
      ON CONFLICT ON CONSTRAINT alert_run_pkey DO UPDATE SET claimed_at = excluded.claimed_at;
    PERFORM radioshop.end_undeliverable(of_agency.agency_id);
    PERFORM radioshop.make_deliveries(of_agency.agency_id, of_agency.time_zone);
    FOR taken IN SELECT d.delivery_id FROM radioshop.alert_delivery d
          JOIN radioshop.alert_route r ON r.agency_id = d.agency_id AND r.route_id = d.route_id
        WHERE d.agency_id = of_agency.agency_id AND d.state = 'waiting' AND d.next_at <= now() AND (d.lease_until IS NULL OR d.lease_until < now())
          AND NOT radioshop.is_quiet(r.quiet, CASE r.time_zone WHEN '' THEN of_agency.time_zone ELSE r.time_zone END)
        ORDER BY d.next_at, d.delivery_id LIMIT most - given FOR NO KEY UPDATE OF d SKIP LOCKED LOOP
      UPDATE radioshop.alert_delivery d SET generation = d.generation + 1, lease_until = now() + make_interval(secs => lease),
          leased_by = claim_deliveries.host
        WHERE d.agency_id = of_agency.agency_id AND d.delivery_id = taken;
      given := given + 1;
      shown := radioshop.shown_delivery(of_agency.agency_id, taken);
      RETURN NEXT shown;
    END LOOP;
  END LOOP;
END
$$;

-- How long to wait after so many tries.
CREATE FUNCTION radioshop.retry_after(tries int) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE tries WHEN 1 THEN interval '1 minute' WHEN 2 THEN interval '5 minutes' WHEN 3 THEN interval '15 minutes' ELSE interval '1 hour' END
$$;

-- What became of a delivery that was handed out. That it was delivered is believed whoever says it and however late: nothing takes a
-- message back. That it was not is believed only of the host that has it.
CREATE FUNCTION radioshop.confirm_delivery(delivery text, generation int, outcome text, reply text) RETURNS radioshop.delivery_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.delivery_shown;
  it record;
  key text := lower(btrim(confirm_delivery.delivery));
  said text := left(translate(coalesce(confirm_delivery.reply, ''), E'\r\n\t', '   '), 900);
BEGIN
  shown.refusal := CASE
    WHEN key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'delivery', 'give the UUID of a delivery')
    WHEN confirm_delivery.outcome IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'outcome', 'say what became of it: delivered, failed or retry')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  SELECT d.agency_id, d.delivery_id, d.state, d.generation, d.leased_by INTO it FROM radioshop.alert_delivery d
    WHERE d.agency_id = ANY (radioshop.agencies()) AND d.delivery_id = key::uuid FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    shown.refusal := radioshop.refuse('NOT_FOUND', 'delivery', format('no delivery has the UUID %s', key));
    RETURN shown;
  END IF;
  IF confirm_delivery.generation NOT BETWEEN 1 AND it.generation THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'generation', format('it was handed out %s times; say which time is meant', it.generation));
  ELSIF it.state = 'delivered' THEN
    NULL;
  ELSIF confirm_delivery.outcome = 'delivered' THEN
    PERFORM radioshop.end_delivery(it.agency_id, it.delivery_id, 'delivered', said);
    UPDATE radioshop.alert_run n SET sent_at = now() WHERE n.agency_id = it.agency_id;
  ELSIF confirm_delivery.generation <> it.generation THEN
    shown.refusal := radioshop.refuse('ABORTED', 'generation', format('the lease has ended and %s has the delivery now', it.leased_by));
  ELSIF it.state <> 'waiting' THEN
    NULL;
  ELSIF confirm_delivery.outcome = 'failed' THEN
    PERFORM radioshop.end_delivery(it.agency_id, it.delivery_id, 'failed', said);
  ELSE
    UPDATE radioshop.alert_delivery d SET lease_until = NULL, reply = said, next_at = now() + radioshop.retry_after(d.generation)
      WHERE d.agency_id = it.agency_id AND d.delivery_id = it.delivery_id;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  RETURN radioshop.shown_delivery(it.agency_id, it.delivery_id);
END
$$;

-- When alerts were last decided, asked for and sent, for the daemon's metrics: of the agency that is worst off. The daemon asks on
-- nobody's behalf: so it looks as the shop does, for the length of this one query, and gives back nothing but times.
CREATE FUNCTION radioshop.alert_times(OUT decided float8, OUT claimed float8, OUT sent float8, OUT oldest_waiting float8) LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  ignored text;
BEGIN
  ignored := set_config('radioshop.agencies', '{0}', true);
  ignored := set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  SELECT min(extract(epoch FROM n.decided_at)), min(extract(epoch FROM n.claimed_at)), max(extract(epoch FROM n.sent_at))
    INTO decided, claimed, sent FROM radioshop.alert_run n;
  SELECT min(extract(epoch FROM d.made_at)) INTO oldest_waiting FROM radioshop.agency g
    CROSS JOIN LATERAL (SELECT w.made_at FROM radioshop.alert_delivery w WHERE w.agency_id = g.agency_id AND w.state = 'waiting' ORDER BY w.next_at LIMIT 1000) d;
  ignored := set_config('radioshop.agencies', before, true);
END
$$;

UPDATE radioshop.schema_version SET version = 8;

COMMIT;
