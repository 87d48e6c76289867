-- Events: who, when, what before and after; only ever added; and the statement of EventService.
\set calls `python3 tests/sql/statements.py list_events`
BEGIN;
SELECT plan(27);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tech', 'Tech'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', CASE p.name WHEN 'tech' THEN 0 ELSE 902 END FROM radioshop.principal p;
SELECT is((SELECT e.principal || e.method || e.call FROM radioshop.event e WHERE e.resource_id = 'IND'), 'database:' || session_user, 'somebody in the database by hand is named as such');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.oid = ANY ('{radioshop.agency,radioshop.principal,radioshop.principal_grant,radioshop.model,radioshop.asset}'::regclass[])
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'radioshop.record_event()'::regprocedure)$$, 'every table of the register records its changes');
SELECT is_empty($$SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'revision' AND NOT a.attisdropped WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'radioshop.touch()'::regprocedure)$$, 'every revision is counted by the database');
SELECT throws_ok(s, '42501', NULL, s || ': not even for a superuser') FROM unnest(ARRAY['UPDATE radioshop.event SET principal = ''x''', 'DELETE FROM radioshop.event', 'TRUNCATE radioshop.event']) s;

SET LOCAL ROLE radioshop_app;
SELECT throws_ok(s, '42501', NULL, s || ': the daemon may not') FROM unnest(ARRAY['UPDATE radioshop.event SET principal = ''x''', 'DELETE FROM radioshop.event', 'TRUNCATE radioshop.event']) s;
PREPARE enter (text, text, uuid) AS SELECT radioshop.enter($1, '{technician}', $2, 'call-7', 60000, 5000, $3, '\xaa');
EXECUTE enter('tech', 'AssetService.CreateAsset', '00000000-0000-4000-8000-000000000001');
INSERT INTO radioshop.asset (agency_id, tag, class, serial) VALUES (901, 'X1', 'portable', 'S1'), (902, 'X1', 'pager', 'S2');
UPDATE radioshop.asset SET notes = 'n', location = 'shelf' WHERE agency_id = 901;

CREATE FUNCTION pg_temp.of(tag text) RETURNS SETOF radioshop.event LANGUAGE sql AS $$
  SELECT e.* FROM radioshop.event e JOIN radioshop.asset a ON a.agency_id = e.agency_id AND a.asset_id::text = e.resource_id WHERE a.tag = $1 AND a.agency_id = 901 AND e.resource = 'asset' ORDER BY e.at, e.event_id $$;
SELECT is((SELECT array_agg(concat_ws(' ', e.principal, e.action, e.method, e.call, e.request_id)) FROM pg_temp.of('X1') e),
  '{tech insert AssetService.CreateAsset call-7 00000000-0000-4000-8000-000000000001,tech update AssetService.CreateAsset call-7 00000000-0000-4000-8000-000000000001}', 'who, what, which method, call and request');
SELECT is((SELECT e.before FROM pg_temp.of('X1') e WHERE e.action = 'insert'), NULL, 'before an insert there was nothing');
SELECT is((SELECT e.after ->> 'serial' FROM pg_temp.of('X1') e WHERE e.action = 'insert'), 'S1', 'after it all the values');
SELECT ok(NOT (SELECT e.after ?| '{tag_key,serial_key,updated_at}' FROM pg_temp.of('X1') e WHERE e.action = 'insert'), 'but the database''s own');
SELECT is((SELECT e.before::text || e.after::text FROM pg_temp.of('X1') e WHERE e.action = 'update'), '{"notes": "", "location": "", "revision": 1}{"notes": "n", "location": "shelf", "revision": 2}', 'of an update just what changed');
SELECT ok((SELECT bool_and(e.at BETWEEN now() AND clock_timestamp()) FROM pg_temp.of('X1') e), 'when');

-- The list
CREATE FUNCTION pg_temp.list(req jsonb) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(concat_ws(' ', nullif(r ->> 'agency', ''), r ->> 'resource', r ->> 'action')) FROM pg_temp.list_events(req) r $$;
SELECT is(pg_temp.list('{"page_limit": 3}'), '{IND asset update,LSM asset insert,IND asset insert}', 'newest first, of all agencies');
SELECT is(pg_temp.list(jsonb_build_object('page_limit', 1, 'page_key', (SELECT r -> 'page_key' FROM pg_temp.list_events('{"page_limit": 1}') r))), '{LSM asset insert}', 'the page behind the first');
SELECT is(pg_temp.list('{"resource": "asset", "agency": "ind"}'), '{IND asset update,IND asset insert}', 'of one kind and agency');
SELECT is(pg_temp.list('{"resource": "asset", "resource_id": "IND:x1"}'), '{IND asset update,IND asset insert}', 'of an asset by its code');
SELECT is(pg_temp.list(jsonb_build_object('resource_id', (SELECT a.asset_id FROM radioshop.asset a WHERE a.agency_id = 902))), '{LSM asset insert}', 'by its UUID');
SELECT is(pg_temp.list('{"resource_id": "LSM", "resource": "agency"}'), '{LSM agency insert}', 'of an agency by its code');
SELECT is(pg_temp.list('{"resource": "grant", "resource_id": "mona"}'), '{LSM grant insert}', 'of the grants of a principal');
SELECT is(pg_temp.list('{"resource": "principal", "resource_id": "mona"}'), '{principal insert}', 'the shop''s own records have no agency');
SELECT is(pg_temp.list('{"resource": "nothing"}'), NULL, 'of a kind that there is not');

EXECUTE enter('mona', 'M', NULL);
SELECT is(pg_temp.list('{}'), '{LSM asset insert,LSM grant insert,LSM agency insert}', 'a caller of one agency sees that one''s events and not the shop''s');
SELECT is(pg_temp.list('{"agency": "IND"}'), NULL, 'none of another, though it asks');
SELECT is(pg_temp.list('{"resource": "asset", "resource_id": "S1"}'), NULL, 'nor by a code');

SELECT * FROM finish();
ROLLBACK;
