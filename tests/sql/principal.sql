-- Principals and grants: constraints, and the statements of PrincipalService.
\set calls `python3 tests/sql/statements.py get_caller get_principal list_principals create_principal update_principal grant_role revoke_role`
BEGIN;
SELECT plan(38);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 901 END FROM radioshop.principal p;

SELECT throws_ok(format($$INSERT INTO radioshop.principal (name, display_name) VALUES (%L, %L)$$, name, display), '23514', format('new row for relation "principal" violates check constraint "%s"', rule), why)
  FROM (VALUES ('', 'd', 'principal_name_form', 'no name'), ('Mona', 'd', 'principal_name_form', 'a capital'), ('a b', 'd', 'principal_name_form', 'a space'), ('database:x', 'd', 'principal_name_form', 'a name like that of somebody in the database'),
    (repeat('n', 64), 'd', 'principal_name_form', 'a long name'), ('n', '', 'principal_display_name_form', 'no display name')) v (name, display, rule, why);
SELECT throws_ok($$INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'king', 901 FROM radioshop.principal p$$, '23514', NULL, 'a role that there is not');

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(r ->> 'refusal', chr(31), '|') $$;
PREPARE enter (text) AS SELECT radioshop.enter($1, '{viewer,technician,fleet_manager,alerter,admin}', 'PrincipalService.CreatePrincipal', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('root');
SELECT is(r - 'created_at', '{"refusal": null, "name": "tom", "display_name": "Tom", "disabled": false, "grants": [], "revision": 1}', 'a principal is added, without grants')
  FROM pg_temp.create_principal('{"principal": {"name": "tom", "display_name": " Tom "}}') r;
SELECT is(pg_temp.said(pg_temp.create_principal('{"principal": {"name": "tom", "display_name": "T"}}')), 'ALREADY_EXISTS|name|Tom has the name tom already', 'a name is taken once');
SELECT is(pg_temp.said(pg_temp.create_principal('{}')), 'INVALID_ARGUMENT|principal|give the principal to add', 'a principal must be given');
SELECT throws_ok($$EXECUTE enter('tom')$$, 'RS403', NULL, 'without a grant it may do nothing');

-- Giving and taking
EXECUTE enter('root');
SELECT is(r -> 'grants', '[{"role": "technician", "agency": "IND"}]', 'a role over one agency is given') FROM pg_temp.grant_role('{"principal": "tom", "role": "technician", "agency": "ind"}') r;
SELECT is(r -> 'grants', '[{"role": "technician", "agency": "IND"}]', 'given again nothing changes') FROM pg_temp.grant_role('{"principal": "tom", "role": "technician", "agency": "IND"}') r;
SELECT is(r -> 'grants', '[{"role": "viewer", "agency": ""}, {"role": "technician", "agency": "IND"}]', 'a role over every agency is given') FROM pg_temp.grant_role('{"principal": "tom", "role": "viewer"}') r;
SELECT matches(pg_temp.said(pg_temp.grant_role(req::jsonb)), want, want) FROM (VALUES ('{"principal": "nobody", "role": "viewer"}', '^NOT_FOUND\|principal\|there is no principal nobody'),
  ('{"principal": "tom", "role": "viewer", "agency": "XX"}', '^NOT_FOUND\|agency\|there is no agency XX'), ('{"principal": "tom", "role": "viewer", "agency": "SHOP"}', '^NOT_FOUND\|agency'), ('{"principal": "tom"}', '^INVALID_ARGUMENT\|role')) v (req, want);
EXECUTE enter('tom');
SELECT is((SELECT r - 'created_at' FROM pg_temp.get_caller('{}') r), '{"name": "tom", "display_name": "Tom", "disabled": false, "grants": [{"role": "viewer", "agency": ""}, {"role": "technician", "agency": "IND"}], "revision": 1}', 'the caller sees itself with its grants');
EXECUTE enter('root');
SELECT is(r -> 'grants', '[{"role": "technician", "agency": "IND"}]', 'a role is taken') FROM pg_temp.revoke_role('{"principal": "tom", "role": "viewer"}') r;
SELECT is(pg_temp.said(pg_temp.revoke_role('{"principal": "tom", "role": "viewer", "agency": "LSM"}')), 'NOT_FOUND|role|tom has no role viewer over agency LSM', 'one that is not there cannot be taken');
SELECT is((SELECT array_agg(e.action || ' ' || e.agency_id || ' ' || coalesce(e.after ->> 'role', e.before ->> 'role') ORDER BY e.at) FROM radioshop.event e WHERE e.resource = 'grant' AND e.resource_id = 'tom'),
  '{insert 901 technician,insert 0 viewer,delete 0 viewer}', 'what was given and taken is in the events, under the name');
SELECT matches(pg_temp.said(pg_temp.revoke_role('{"principal": "root", "role": "admin"}')), '^FAILED_PRECONDITION\|principal\|this is the last', 'the last administrator cannot be taken away');
SELECT matches(pg_temp.said(pg_temp.update_principal('{"principal": {"name": "root", "disabled": true, "revision": 1}, "update_mask": {"paths": ["disabled"]}}')), '^FAILED_PRECONDITION\|principal\|this is the last', 'nor locked out');
SELECT is(pg_temp.said(pg_temp.grant_role('{"principal": "tom", "role": "admin"}')), NULL, 'with another one');
SELECT is(pg_temp.said(pg_temp.revoke_role('{"principal": "root", "role": "admin"}')), NULL, 'it can');

-- Changing
EXECUTE enter('tom');
SELECT is((r ->> 'display_name') || ' ' || (r ->> 'disabled') || ' ' || (r ->> 'revision') || ' ' || jsonb_array_length(r -> 'grants'), 'Mona true 2 1', 'a principal is locked out')
  FROM pg_temp.update_principal('{"principal": {"name": "mona", "display_name": "x", "disabled": true, "revision": 1}, "update_mask": {"paths": ["disabled"]}}') r;
SELECT throws_ok($$EXECUTE enter('mona')$$, 'RS401', NULL, 'at once');
EXECUTE enter('tom');
SELECT matches(pg_temp.said(pg_temp.update_principal(req::jsonb)), want, want) FROM (VALUES ('{"principal": {"name": "mona", "revision": 1}, "update_mask": {"paths": ["disabled"]}}', '^ABORTED\|revision\|principal mona is at revision 2'),
  ('{"principal": {"name": "mona", "revision": 2}, "update_mask": {"paths": ["name"]}}', '^INVALID_ARGUMENT\|update_mask\|name cannot'), ('{"principal": {"name": "nobody", "revision": 2}, "update_mask": {"paths": ["disabled"]}}', '^NOT_FOUND')) v (req, want);
SELECT is((SELECT array_agg(r ->> 'name') FROM pg_temp.list_principals('{"page_limit": 2, "page_key": ["mona"]}') r), '{root,tom}', 'a page of principals in order of name');
SELECT is(pg_temp.said(pg_temp.update_principal('{"principal": {"name": "mona", "revision": 2}, "update_mask": {"paths": ["disabled"]}}')), NULL, 'it is let in again');

-- An administrator of one agency is not one of the shop
EXECUTE enter('mona');
SELECT is((SELECT count(*) FROM pg_temp.list_principals('{}')) + (SELECT count(*) FROM pg_temp.get_principal('{"principal": "tom"}')), 0::bigint, 'it sees no principals');
SELECT matches(pg_temp.said(r), '^PERMISSION_DENIED', 'and changes none') FROM (SELECT pg_temp.create_principal('{"principal": {"name": "eve", "display_name": "Eve"}}') UNION ALL SELECT pg_temp.grant_role('{"principal": "mona", "role": "admin"}')
  UNION ALL SELECT pg_temp.update_principal('{"principal": {"name": "mona", "display_name": "M", "revision": 3}, "update_mask": {"paths": ["display_name"]}}')) v (r);
SELECT throws_ok($$INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'admin', 0 FROM radioshop.principal p$$, '42501', NULL, 'whatever statement tries');

SELECT * FROM finish();
ROLLBACK;
