-- Deploy radioshop:foundation to pg
--
-- What everything else stands on: who calls (principal, principal_grant, enter), for whom (agency and the row level
-- security keyed on radioshop.agencies()), what was answered (request) and what was changed (event).

BEGIN;

CREATE SCHEMA radioshop;
COMMENT ON SCHEMA radioshop IS 'Shared register of radio equipment, service schedules and repair tickets';

-- The daemon may call every function of the schema but those taken from it by name; nobody else may call any.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA radioshop GRANT EXECUTE ON FUNCTIONS TO radioshop_app;
GRANT USAGE ON SCHEMA radioshop TO radioshop_app;

-- The daemon refuses to start when this is not the version it was built for.
CREATE TABLE radioshop.schema_version (
  version int NOT NULL,
  one boolean NOT NULL DEFAULT true PRIMARY KEY,
  CONSTRAINT schema_version_one_row CHECK (one)
);
INSERT INTO radioshop.schema_version (version) VALUES (1);
GRANT SELECT ON radioshop.schema_version TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Words that every later change uses

-- A UUID of version 7 (RFC 9562): milliseconds first, so that new keys land at the right end of every index.
CREATE FUNCTION radioshop.uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid
$$;

-- Agencies whose rows this call may see, set by enter(); NULL, and so none, when nobody has entered.
-- Written to be inlined: one SELECT, no SET clause.
CREATE FUNCTION radioshop.agencies() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('radioshop.agencies', true), '')::int[]
$$;

-- Whether the caller acts for the shop itself (a grant over every agency), and so may change the shop's own records.
CREATE FUNCTION radioshop.is_shop() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(0 = ANY (nullif(current_setting('radioshop.agencies', true), '')::int[]), false)
$$;

-- Who is calling, for events: the principal, or the database role when somebody works in the database by hand.
CREATE FUNCTION radioshop.caller() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('radioshop.principal', true), ''), 'database:' || session_user)
$$;

-- The value of a refusal column. Never NULL, since a NULL refusal means that all is well.
CREATE FUNCTION radioshop.refuse(status text, field text, sentence text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(status, 'INTERNAL') || chr(31) || coalesce(field, '') || chr(31)
    || coalesce(sentence, 'the call was refused')
$$;

-- The refusal of an update that names its fields in a mask and the revision it has read; NULL when it may go on.
-- `current` is NULL when there is no such row, `what` names the row in sentences, such as 'asset 1042'.
CREATE FUNCTION radioshop.refuse_update(paths text[], allowed text[], asked bigint, current bigint, what text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN coalesce(cardinality(paths), 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
      'name the fields to change; these can be: ' || array_to_string(allowed, ', '))
    WHEN NOT paths <@ allowed THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', format('%s cannot be changed; these can be: %s',
      (SELECT left(p, 64) FROM unnest(paths) p WHERE p <> ALL (allowed) LIMIT 1), array_to_string(allowed, ', ')))
    WHEN coalesce(asked, 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision that you have read')
    WHEN current IS NULL THEN radioshop.refuse('NOT_FOUND', '', 'there is no ' || what)
    WHEN asked <> current THEN radioshop.refuse('ABORTED', 'revision',
      format('%s is at revision %s now, not %s; read it again and repeat the change', what, current, asked))
  END
$$;

-- One line of text as people type it: trimmed, without control characters, and not too long. plpgsql, like all that CHECKs call:
-- the body of an SQL function would be parsed and inlined anew for each CHECK of each INSERT.
CREATE FUNCTION radioshop.is_line(value text, most int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN char_length(value) <= most AND value = btrim(value) AND value !~ '[[:cntrl:]]';
END
$$;

-- The same for text of several lines, where tabs and line ends are allowed inside.
CREATE FUNCTION radioshop.is_text(value text, most int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN char_length(value) <= most AND value = btrim(value, E' \t\r\n') AND translate(value, E'\t\r\n', '') !~ '[[:cntrl:]]';
END
$$;

-- Only names of the time zone database: AT TIME ZONE would also take POSIX rules such as FOO+3.
CREATE FUNCTION radioshop.is_time_zone(value text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names z WHERE z.name = value)
$$;

-- BEFORE UPDATE trigger of every table with a revision.
CREATE FUNCTION radioshop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.revision := OLD.revision + 1;
  NEW.updated_at := now();
  RETURN NEW;
END
$$;

-- Trigger of tables that only grow.
CREATE FUNCTION radioshop.only_append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: % is not allowed', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Agencies. Agency 0 is the shop itself: records that belong to no agency carry it, and a grant on it is one on all.

CREATE TABLE radioshop.agency (
  agency_id int GENERATED BY DEFAULT AS IDENTITY,
  code text COLLATE "C" NOT NULL,
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'America/Chicago',
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT agency_pkey PRIMARY KEY (agency_id),
  CONSTRAINT agency_code_unique UNIQUE (code),
  CONSTRAINT agency_code_form CHECK (code ~ '^[A-Z0-9]{2,8}$'),
  CONSTRAINT agency_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT agency_time_zone_known CHECK (radioshop.is_time_zone(time_zone))
);
COMMENT ON CONSTRAINT agency_code_unique ON radioshop.agency IS 'code: another agency has this code';
COMMENT ON CONSTRAINT agency_code_form ON radioshop.agency IS 'code: a code is two to eight capital letters or digits, such as IND';
COMMENT ON CONSTRAINT agency_name_form ON radioshop.agency IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT agency_time_zone_known ON radioshop.agency IS
  'time_zone: no time zone has this name; use a name of the IANA list, such as America/Chicago';
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (0, 'SHOP', 'The radio shop', 'UTC');

-- ---------------------------------------------------------------------------------------------------------------------
-- Principals, named by their certificate, and what they may do

CREATE TABLE radioshop.principal (
  principal_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  name text COLLATE "C" NOT NULL,
  display_name text NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT principal_pkey PRIMARY KEY (principal_id),
  CONSTRAINT principal_name_unique UNIQUE (name),
  CONSTRAINT principal_name_form CHECK (name ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'),
  CONSTRAINT principal_display_name_form CHECK (display_name <> '' AND radioshop.is_line(display_name, 120))
);
COMMENT ON CONSTRAINT principal_name_unique ON radioshop.principal IS 'name: another principal has this name';
COMMENT ON CONSTRAINT principal_name_form ON radioshop.principal IS
  'name: a name is 1 to 63 small letters, digits, dots, hyphens, underscores or @, and begins with a letter or digit';
COMMENT ON CONSTRAINT principal_display_name_form ON radioshop.principal IS
  'display_name: a display name is needed, one line of at most 120 characters';

CREATE TABLE radioshop.principal_grant (
  principal_id uuid NOT NULL,
  role text NOT NULL,
  agency_id int NOT NULL,
  CONSTRAINT principal_grant_pkey PRIMARY KEY (principal_id, role, agency_id),
  CONSTRAINT principal_grant_principal_known FOREIGN KEY (principal_id) REFERENCES radioshop.principal,
  CONSTRAINT principal_grant_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT principal_grant_role_known CHECK (role IN ('viewer', 'technician', 'fleet_manager', 'alerter', 'admin'))
);
COMMENT ON COLUMN radioshop.principal_grant.agency_id IS '0: every agency, and the shop itself';
COMMENT ON CONSTRAINT principal_grant_pkey ON radioshop.principal_grant IS 'role: the principal has this role there already';
COMMENT ON CONSTRAINT principal_grant_principal_known ON radioshop.principal_grant IS 'principal: no principal has this name';
COMMENT ON CONSTRAINT principal_grant_agency_known ON radioshop.principal_grant IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT principal_grant_role_known ON radioshop.principal_grant IS
  'role: a role is viewer, technician, fleet_manager, alerter or admin';

-- ---------------------------------------------------------------------------------------------------------------------
-- Requests that were answered, so that a repeat gets the first answer

CREATE TABLE radioshop.request (
  principal_id uuid NOT NULL,
  request_id uuid NOT NULL,
  method text NOT NULL,
  payload_hash bytea NOT NULL,
  reply bytea NOT NULL,
  answered_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT request_pkey PRIMARY KEY (principal_id, request_id),
  CONSTRAINT request_principal_known FOREIGN KEY (principal_id) REFERENCES radioshop.principal
);
COMMENT ON CONSTRAINT request_pkey ON radioshop.request IS 'request_id: this request_id was used before; make a new one for a new intent';
-- For whoever clears out old answers one day.
CREATE INDEX request_answered_at ON radioshop.request USING brin (answered_at);

-- ---------------------------------------------------------------------------------------------------------------------
-- Events: every change, written by the database itself in the same transaction

CREATE TABLE radioshop.event (
  agency_id int NOT NULL,
  event_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  principal text NOT NULL,
  resource text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  action text NOT NULL,
  before jsonb,
  after jsonb,
  method text NOT NULL,
  call text NOT NULL,
  request_id uuid,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT event_pkey PRIMARY KEY (agency_id, event_id),
  CONSTRAINT event_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT event_action_known CHECK (action IN ('insert', 'update', 'delete'))
);
COMMENT ON COLUMN radioshop.event.transaction IS 'for a later sealer: everything below the oldest running one is complete';
CREATE INDEX event_by_time ON radioshop.event (agency_id, at DESC, event_id DESC);
CREATE INDEX event_by_resource ON radioshop.event (agency_id, resource, at DESC, event_id DESC);
CREATE INDEX event_by_resource_id ON radioshop.event (agency_id, resource_id, at DESC, event_id DESC);
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.event
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

-- AFTER INSERT OR UPDATE OR DELETE … FOR EACH ROW of every table that a client can see.
-- Arguments: name of the resource, column that names a row of it, then columns to leave out of before and after.
-- The event belongs to the row's agency_id; rows without that column belong to the shop. No change, no event.
CREATE FUNCTION radioshop.record_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb;
  new_row jsonb;
  whole jsonb;
  id text;
  left_out text[] := coalesce((TG_ARGV)[2:], '{}') || ARRAY['updated_at'];
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_row := to_jsonb(OLD) - left_out;
    whole := to_jsonb(OLD);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_row := to_jsonb(NEW) - left_out;
    whole := to_jsonb(NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, new_row -> o.key) INTO old_row, new_row
      FROM jsonb_each(old_row) o WHERE o.value IS DISTINCT FROM new_row -> o.key;
    IF old_row IS NULL THEN
      RETURN NULL;
    END IF;
  END IF;
  IF TG_OP <> 'UPDATE' THEN -- what has no value needs no mention
    old_row := jsonb_strip_nulls(old_row);
    new_row := jsonb_strip_nulls(new_row);
  END IF;
  id := whole ->> TG_ARGV[1];
  IF TG_ARGV[1] = 'principal_id' THEN -- people know a principal by its name only
    id := coalesce((SELECT p.name FROM radioshop.principal p WHERE p.principal_id = id::uuid), id);
  END IF;
  INSERT INTO radioshop.event (agency_id, principal, resource, resource_id, action, before, after, method, call, request_id)
    VALUES (coalesce((whole ->> 'agency_id')::int, 0), radioshop.caller(), TG_ARGV[0], id, lower(TG_OP), old_row, new_row,
      coalesce(current_setting('radioshop.method', true), ''), coalesce(current_setting('radioshop.call', true), ''),
      nullif(current_setting('radioshop.request', true), '')::uuid);
  RETURN NULL;
END
$$;

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.agency FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.agency
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('agency', 'code');
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.principal FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.principal
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('principal', 'name');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.principal_grant
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('grant', 'principal_id');

-- ---------------------------------------------------------------------------------------------------------------------
-- Row level security. Sub-selects are evaluated once a statement, not once a row. Unset settings show no rows.

ALTER TABLE radioshop.agency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY agency_read ON radioshop.agency FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    OR (SELECT radioshop.is_shop()));
CREATE POLICY agency_add ON radioshop.agency FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY agency_change ON radioshop.agency FOR UPDATE USING ((SELECT radioshop.is_shop()));

-- A caller may see itself: enter() sets the name before it knows anything else.
ALTER TABLE radioshop.principal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY principal_read ON radioshop.principal FOR SELECT
  USING (name = (SELECT current_setting('radioshop.principal', true)) OR (SELECT radioshop.is_shop()));
CREATE POLICY principal_add ON radioshop.principal FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY principal_change ON radioshop.principal FOR UPDATE USING ((SELECT radioshop.is_shop()));

ALTER TABLE radioshop.principal_grant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY principal_grant_read ON radioshop.principal_grant FOR SELECT
  USING (principal_id = (SELECT nullif(current_setting('radioshop.principal_id', true), '')::uuid)
    OR (SELECT radioshop.is_shop()));
CREATE POLICY principal_grant_add ON radioshop.principal_grant FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY principal_grant_drop ON radioshop.principal_grant FOR DELETE USING ((SELECT radioshop.is_shop()));

ALTER TABLE radioshop.request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY request_own ON radioshop.request
  USING (principal_id = (SELECT nullif(current_setting('radioshop.principal_id', true), '')::uuid));

-- The shop may enter an event of an agency that it has just made and that agencies() does not list yet.
ALTER TABLE radioshop.event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY event_read ON radioshop.event FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY event_add ON radioshop.event FOR INSERT
  WITH CHECK ((agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    OR (SELECT radioshop.is_shop())) AND principal = (SELECT radioshop.caller()));

GRANT SELECT, INSERT, UPDATE (name, time_zone) ON radioshop.agency TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (display_name, disabled) ON radioshop.principal TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.principal_grant TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.request TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.event TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- The way in and the way out of a call

-- Runs before every statement, in its transaction: who calls, for which agencies, how long, and whether it was done before.
-- Raises RS401 (unknown or locked out), RS403 (no such role anywhere), RS200 (done before: read the kept reply),
-- RS409 (the request_id was used for something else). Assignments run set_config without a query each.
CREATE FUNCTION radioshop.enter(principal text, roles text[], method text, call_id text, timeout_ms int, lock_timeout_ms int,
  request_id uuid, payload_hash bytea) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  who radioshop.principal.principal_id%TYPE;
  locked_out boolean;
  scope int[];
  kept record;
  ignored text;
BEGIN
  ignored := set_config('statement_timeout', greatest(enter.timeout_ms, 1)::text, true);
  ignored := set_config('lock_timeout', greatest(enter.lock_timeout_ms, 1)::text, true);
  ignored := set_config('radioshop.agencies', '', true);
  ignored := set_config('radioshop.principal_id', '', true);
  ignored := set_config('radioshop.principal', coalesce(enter.principal, ''), true);
  ignored := set_config('radioshop.method', coalesce(enter.method, ''), true);
  ignored := set_config('radioshop.call', coalesce(enter.call_id, ''), true);
  ignored := set_config('radioshop.request', coalesce(enter.request_id::text, ''), true);
  ignored := set_config('radioshop.payload_hash', coalesce(encode(enter.payload_hash, 'hex'), ''), true);

  SELECT p.principal_id, p.disabled INTO who, locked_out FROM radioshop.principal p WHERE p.name = enter.principal;
  IF who IS NULL OR locked_out THEN
    RAISE EXCEPTION 'no such principal, or it is locked out' USING ERRCODE = 'RS401';
  END IF;
  ignored := set_config('radioshop.principal_id', who::text, true);

  SELECT array_agg(DISTINCT g.agency_id) INTO scope FROM radioshop.principal_grant g
    WHERE g.principal_id = who AND g.role = ANY (enter.roles);
  IF scope IS NULL THEN
    RAISE EXCEPTION 'the principal has none of the roles that this method needs' USING ERRCODE = 'RS403';
  END IF;
  ignored := set_config('radioshop.agencies', scope::text, true);
  IF 0 = ANY (scope) THEN -- on every agency: the setting just made lets the shop see them all
    SELECT array_agg(a.agency_id ORDER BY a.agency_id) INTO scope FROM radioshop.agency a;
    ignored := set_config('radioshop.agencies', scope::text, true);
  END IF;

  IF enter.request_id IS NOT NULL THEN
    -- A twin that is still running ends first; the SELECT after it has a snapshot of its own and sees the twin's answer.
    PERFORM pg_advisory_xact_lock(hashtextextended(who::text || enter.request_id::text, 0));
    SELECT r.method, r.payload_hash INTO kept FROM radioshop.request r
      WHERE r.principal_id = who AND r.request_id = enter.request_id;
    IF FOUND AND kept.method = enter.method AND kept.payload_hash = enter.payload_hash THEN
      RAISE EXCEPTION 'this request was answered before' USING ERRCODE = 'RS200';
    ELSIF FOUND THEN
      RAISE EXCEPTION 'this request_id was used for another request' USING ERRCODE = 'RS409';
    END IF;
  END IF;
END
$$;

-- Runs after a write that was not refused, in its transaction. Everything but the reply is known from enter().
CREATE FUNCTION radioshop.keep_reply(reply bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.request (principal_id, request_id, method, payload_hash, reply)
    VALUES (nullif(current_setting('radioshop.principal_id', true), '')::uuid,
      nullif(current_setting('radioshop.request', true), '')::uuid, current_setting('radioshop.method', true),
      decode(current_setting('radioshop.payload_hash', true), 'hex'), keep_reply.reply);
END
$$;

-- The refusal when `who` is the last administrator of the shop that is not locked out; NULL when another is left. The lock lets
-- two administrators, who would each take the other's place away, do so only one after the other.
CREATE FUNCTION radioshop.refuse_last_admin(who uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.last_admin', 0));
  IF NOT EXISTS (SELECT FROM radioshop.principal_grant g WHERE g.principal_id = who AND g.role = 'admin' AND g.agency_id = 0)
    OR EXISTS (SELECT FROM radioshop.principal_grant g JOIN radioshop.principal p ON p.principal_id = g.principal_id
      WHERE g.role = 'admin' AND g.agency_id = 0 AND g.principal_id <> who AND NOT p.disabled) THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', 'principal',
    'this is the last administrator of the shop; grant admin over every agency to somebody else first');
END
$$;

-- A principal with its grants, as the methods show it. VOLATILE, so that it sees what the calling statement has just changed.
CREATE FUNCTION radioshop.shown_principal(who uuid, OUT name text, OUT display_name text, OUT disabled boolean, OUT grants jsonb,
  OUT revision bigint, OUT created_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  SELECT p.name, p.display_name, p.disabled, p.revision, p.created_at,
      coalesce((SELECT jsonb_agg(jsonb_build_object('role', g.role, 'agency', CASE WHEN g.agency_id = 0 THEN '' ELSE a.code END)
          ORDER BY g.agency_id <> 0, a.code, g.role)
        FROM radioshop.principal_grant g JOIN radioshop.agency a ON a.agency_id = g.agency_id
        WHERE g.principal_id = p.principal_id), '[]')
    INTO shown_principal.name, shown_principal.display_name, shown_principal.disabled, shown_principal.revision,
      shown_principal.created_at, shown_principal.grants
    FROM radioshop.principal p WHERE p.principal_id = shown_principal.who;
END
$$;

-- Gives or takes a role. A role that is there already is given with no change, so that a script may say it again; one that is not
-- there cannot be taken, so that nobody believes to have taken what another grant still gives.
CREATE FUNCTION radioshop.change_grant(give boolean, principal text, role text, agency text, OUT refusal text, OUT principal_id uuid)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place int := 0;
BEGIN
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop gives and takes roles');
    RETURN;
  ELSIF change_grant.role IS NULL THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'role', 'give a role: viewer, technician, fleet_manager, alerter or admin');
    RETURN;
  END IF;
  IF btrim(change_grant.agency) <> '' THEN
    SELECT a.agency_id INTO place FROM radioshop.agency a WHERE a.code = upper(btrim(change_grant.agency)) AND a.agency_id <> 0;
    IF NOT FOUND THEN
      refusal := radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(change_grant.agency)));
      RETURN;
    END IF;
  END IF;
  SELECT p.principal_id INTO change_grant.principal_id FROM radioshop.principal p WHERE p.name = btrim(change_grant.principal);
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'principal', format('there is no principal %s', btrim(change_grant.principal)));
  ELSIF give THEN
    INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
      VALUES (change_grant.principal_id, change_grant.role, place) ON CONFLICT DO NOTHING;
  ELSE
    IF change_grant.role = 'admin' AND place = 0 THEN
      refusal := radioshop.refuse_last_admin(change_grant.principal_id);
    END IF;
    IF refusal IS NULL THEN
      DELETE FROM radioshop.principal_grant g
        WHERE g.principal_id = change_grant.principal_id AND g.role = change_grant.role AND g.agency_id = place;
      IF NOT FOUND THEN
        refusal := radioshop.refuse('NOT_FOUND', 'role', format('%s has no role %s %s', btrim(change_grant.principal), change_grant.role,
          CASE WHEN place = 0 THEN 'over every agency' ELSE 'over agency ' || upper(btrim(change_grant.agency)) END));
      END IF;
    END IF;
  END IF;
END
$$;

-- The first administrator, or the way back in after the last one was lost. For radioshop_owner by hand only.
CREATE FUNCTION radioshop.bootstrap_admin(name text, display_name text) RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  who uuid;
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  SELECT p.principal_id INTO who FROM radioshop.principal p WHERE p.name = bootstrap_admin.name;
  IF who IS NULL THEN
    INSERT INTO radioshop.principal (name, display_name)
      VALUES (bootstrap_admin.name, bootstrap_admin.display_name) RETURNING principal_id INTO who;
  ELSE
    UPDATE radioshop.principal SET disabled = false WHERE principal_id = who AND disabled;
  END IF;
  INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) VALUES (who, 'admin', 0) ON CONFLICT DO NOTHING;
  PERFORM set_config('radioshop.agencies', '', true);
  RETURN who;
END
$$;
REVOKE EXECUTE ON FUNCTION radioshop.bootstrap_admin(text, text) FROM radioshop_app;

COMMIT;
