-- The way in and out of a call: who, for which agencies, how long, done before; and the words that every change uses.
BEGIN;
SELECT plan(62);

INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit'), (903, 'BSP', 'Blue Springs');
INSERT INTO radioshop.principal (name, display_name, disabled)
  VALUES ('tech', 'Tech', false), ('mona', 'Mona', false), ('gone', 'Gone', true), ('new', 'New', false);
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, g.role, g.agency_id FROM radioshop.principal p JOIN (VALUES ('tech', 'technician', 0), ('gone', 'admin', 0),
    ('mona', 'fleet_manager', 901), ('mona', 'viewer', 902), ('mona', 'viewer', 901)) g (name, role, agency_id) ON g.name = p.name;

-- UUIDs
SELECT matches(radioshop.uuid_v7()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'uuid_v7 has version and variant');
SELECT ok(abs(extract(epoch FROM clock_timestamp()) * 1000 - ('x' || lpad(left(replace(radioshop.uuid_v7()::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) < 2000,
  'uuid_v7 begins with the milliseconds');
SELECT is((SELECT count(DISTINCT radioshop.uuid_v7()) FROM generate_series(1, 1000)), 1000::bigint, 'uuid_v7 does not repeat');

-- Words
SELECT is(radioshop.refuse('NOT_FOUND', 'asset', 'no'), 'NOT_FOUND' || chr(31) || 'asset' || chr(31) || 'no', 'refuse puts three parts together');
SELECT isnt(radioshop.refuse('NOT_FOUND', NULL, NULL), NULL, 'a refusal is never NULL, which would mean that all is well');
SELECT ok(radioshop.is_line('Car 5', 5), 'a line');
SELECT ok(NOT radioshop.is_line(v, 5), encode(v::bytea, 'hex') || ' is no line of five characters') FROM unnest(ARRAY['Car 55', ' Car', 'Car ', E'a\tb', E'a\nb', E'a\x1b']) v;
SELECT ok(radioshop.is_text(E'a\n\tb', 9), 'a text of two lines');
SELECT ok(NOT radioshop.is_text(v, 5), encode(v::bytea, 'hex') || ' is no text of five characters') FROM unnest(ARRAY['Car 55', E'a\n', E'a\x07']) v;
SELECT ok(radioshop.is_time_zone('America/Chicago') AND NOT radioshop.is_time_zone('FOO+3') AND NOT radioshop.is_time_zone('../etc'), 'only named time zones');
SELECT is(radioshop.refuse_update('{a}', '{a,b}', 3, 3, 'asset 1'), NULL, 'an update at the revision read may go on');
SELECT matches(radioshop.refuse_update(p, '{a,b}', r, c, 'asset 1'), want, want) FROM (VALUES
  ('{}'::text[], 3, 3, '^INVALID_ARGUMENT.update_mask.name the fields'), (NULL, 3, 3, '^INVALID_ARGUMENT.update_mask.name the fields'),
  ('{a,zz}', 3, 3, '^INVALID_ARGUMENT.update_mask.zz cannot be changed'), ('{a}', 0, 3, '^INVALID_ARGUMENT.revision'),
  ('{a}', NULL, 3, '^INVALID_ARGUMENT.revision'), ('{a}', 3, NULL, '^NOT_FOUND..there is no asset 1'),
  ('{a}', 3, 4, '^ABORTED.revision.asset 1 is at revision 4 now, not 3')) v (p, r, c, want);

-- Nobody has entered
SET LOCAL ROLE radioshop_app;
SELECT is(radioshop.agencies(), NULL, 'without enter there are no agencies');
SELECT is((SELECT count(*) FROM radioshop.agency), 0::bigint, 'and no rows');
SELECT is((SELECT count(*) FROM radioshop.principal) + (SELECT count(*) FROM radioshop.principal_grant), 0::bigint, 'and no principals');
SELECT throws_ok($$SELECT radioshop.keep_reply('\x00')$$, NULL, NULL, 'no reply is kept without enter');

-- Entering
PREPARE enter (text, text[], uuid, bytea, text) AS SELECT radioshop.enter($1, $2, $5, 'c1', 60000, 5000, $3, $4);
SELECT throws_ok($$EXECUTE enter('nobody', '{viewer}', NULL, NULL, 'M')$$, 'RS401', NULL, 'an unknown principal');
SELECT throws_ok($$EXECUTE enter(NULL, '{viewer}', NULL, NULL, 'M')$$, 'RS401', NULL, 'no principal at all');
SELECT throws_ok($$EXECUTE enter('gone', '{admin}', NULL, NULL, 'M')$$, 'RS401', NULL, 'a principal that is locked out, whatever its grants');
SELECT throws_ok($$EXECUTE enter('new', '{viewer,technician,fleet_manager,alerter,admin}', NULL, NULL, 'M')$$, 'RS403', NULL, 'a principal without any grant');
SELECT throws_ok($$EXECUTE enter('mona', '{technician,admin}', NULL, NULL, 'M')$$, 'RS403', NULL, 'a principal without one of the roles');
SELECT is(nullif(current_setting('radioshop.agencies', true), ''), NULL, 'after a refusal there are still no agencies');
SELECT lives_ok($$EXECUTE enter('mona', '{viewer,fleet_manager}', NULL, NULL, 'M')$$, 'one with two of the roles enters');
SELECT is(radioshop.agencies(), '{901,902}', 'and reaches the agencies of both');
SELECT is((SELECT array_agg(a.code ORDER BY a.code) FROM radioshop.agency a), '{IND,LSM}', 'and sees just these');
SELECT is((SELECT array_agg(p.name ORDER BY p.name) FROM radioshop.principal p), '{mona}', 'and of principals just itself');
SELECT is((SELECT count(*) FROM radioshop.principal_grant), 3::bigint, 'and just its own grants');
SELECT is(current_setting('statement_timeout') || ' ' || current_setting('lock_timeout'), '1min 5s', 'the deadlines are set');
SELECT lives_ok($$EXECUTE enter('mona', '{fleet_manager}', NULL, NULL, 'M')$$, 'the same with one role');
SELECT is(radioshop.agencies(), '{901}', 'reaches only the agencies where it has that role');
SELECT lives_ok($$EXECUTE enter('tech', '{technician,admin}', NULL, NULL, 'M')$$, 'one with a grant over every agency enters');
SELECT ok(radioshop.agencies() @> '{0,901,902,903}', 'and reaches all of them and the shop');

-- Once
SELECT lives_ok($$EXECUTE enter('mona', '{fleet_manager}', '00000000-0000-4000-8000-000000000001', '\xaa', 'M')$$, 'a request is new');
SELECT lives_ok($$SELECT radioshop.keep_reply('\xbeef')$$, 'its reply is kept');
SELECT throws_ok($$EXECUTE enter('mona', '{fleet_manager}', '00000000-0000-4000-8000-000000000001', '\xaa', 'M')$$, 'RS200', NULL, 'a repeat is known');
SELECT throws_ok($$EXECUTE enter('mona', '{fleet_manager}', '00000000-0000-4000-8000-000000000001', '\xab', 'M')$$, 'RS409', NULL, 'with another payload it is refused');
SELECT throws_ok($$EXECUTE enter('mona', '{fleet_manager}', '00000000-0000-4000-8000-000000000001', '\xaa', 'N')$$, 'RS409', NULL, 'with another method too');
SELECT throws_ok($$EXECUTE enter('mona', '{technician}', '00000000-0000-4000-8000-000000000001', '\xaa', 'M')$$, 'RS403', NULL, 'a repeat by one who has lost the role tells nothing');
SELECT lives_ok($$EXECUTE enter('mona', '{viewer}', NULL, NULL, 'M')$$, 'entering to read the reply');
SELECT is((SELECT r.reply FROM radioshop.request r WHERE r.request_id = '00000000-0000-4000-8000-000000000001'), '\xbeef', 'the first answer is there');
SELECT lives_ok($$EXECUTE enter('tech', '{technician}', '00000000-0000-4000-8000-000000000001', '\xaa', 'M')$$, 'another principal may use the same request_id');
SELECT is((SELECT count(*) FROM radioshop.request), 0::bigint, 'and does not see the answer to the first');

-- The first administrator
SELECT throws_ok($$SELECT radioshop.bootstrap_admin('evil', 'Evil')$$, '42501', NULL, 'the daemon cannot make administrators');
SET LOCAL ROLE radioshop_owner;
SET LOCAL radioshop.principal = '';
SELECT lives_ok($$SELECT radioshop.bootstrap_admin('boss', 'Boss')$$, 'the owner can, row level security or not');
SELECT lives_ok($$SELECT radioshop.bootstrap_admin('gone', 'Gone')$$, 'and lets a locked administrator in again');
SELECT is(nullif(current_setting('radioshop.agencies', true), ''), NULL, 'and leaves nothing open behind it');
SET LOCAL ROLE radioshop_app;
SELECT lives_ok($$EXECUTE enter('boss', '{admin}', NULL, NULL, 'M')$$, 'the first administrator enters');
SELECT is((SELECT e.principal FROM radioshop.event e WHERE e.resource = 'principal' AND e.resource_id = 'boss'), 'database:' || session_user, 'its event names who was in the database');
SELECT lives_ok($$EXECUTE enter('gone', '{admin}', NULL, NULL, 'M')$$, 'the other one too');

SELECT * FROM finish();
ROLLBACK;
