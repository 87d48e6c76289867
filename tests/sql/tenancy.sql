-- What keeps agencies apart, read from the catalogue: a table that is added and forgets a rule fails here.
BEGIN;
SELECT plan(25);

CREATE TEMP VIEW agency_table AS
  SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
  WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind IN ('r', 'p')
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND NOT a.attisdropped);
SELECT cmp_ok((SELECT count(*) FROM agency_table), '>=', 4::bigint, 'there are tables with agency data');
SELECT is_empty($$SELECT relname FROM agency_table WHERE NOT relrowsecurity OR NOT relforcerowsecurity$$, 'row level security is forced on all of them');
SELECT is_empty($$SELECT relname FROM pg_class WHERE oid = ANY ('{radioshop.principal,radioshop.request,radioshop.model,radioshop.radio_system}'::regclass[]) AND NOT (relrowsecurity AND relforcerowsecurity)$$,
  'and on principal, request, model and system');
SELECT is_empty($$SELECT t.relname FROM agency_table t WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)$$, 'each has a policy');
SELECT is_empty($$SELECT p.polname FROM pg_policy p JOIN agency_table t ON t.oid = p.polrelid
  WHERE pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) !~ 'radioshop\.(agencies|is_shop|principal_id)|is_shop\(\)'
  AND NOT (p.polname IN ('ticket_document_search', 'asset_word_search') AND p.polroles = ARRAY['radioshop_owner'::regrole::oid]) -- for find_documents() and find_words(), see below$$, 'every policy asks for the caller''s agencies');
SELECT is_empty($$SELECT t.relname FROM agency_table t WHERE t.relname <> 'principal_grant' AND NOT EXISTS (SELECT FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = t.oid AND i.indisprimary AND a.attname = 'agency_id')$$,
  'agency_id leads every primary key');
SELECT is_empty($$SELECT c.conname FROM pg_constraint c JOIN agency_table t ON t.oid = c.conrelid WHERE c.contype = 'u' AND t.relname <> 'agency'
  AND c.conname <> 'issued_unit_id_unique' -- a unit ID is one radio's on a system of all agencies
  AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) <> 'agency_id'$$, 'and every unique key');
SELECT is_empty($$SELECT c.conname FROM pg_constraint c JOIN agency_table f ON f.oid = c.conrelid JOIN agency_table t ON t.oid = c.confrelid
  WHERE c.contype = 'f' AND c.conname <> ALL ('{loan_borrower_known,transfer_receiver_known,transfer_item_new_known,keyset_successor_known,key_load_keyset_known,key_load_loader_known}') -- the agency that borrows; a keyset of the shop, held by its CHECK; the loader
  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname = 'agency_id')$$,
  'every foreign key between agency rows carries the agency');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind IN ('v', 'm')
  AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)$$, 'no view reads as its owner');
SELECT is_empty($$SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'radioshop'::regnamespace AND p.prosecdef
  AND NOT (p.proname = 'refresh_statistics' AND p.pronargs = 0 AND p.prorettype = 'void'::regtype AND p.proconfig @> '{"search_path=pg_catalog, pg_temp"}')
  AND NOT (p.proname = 'find_documents' AND p.proargtypes::text = format('%s %s', 'tsquery'::regtype::oid, 'int'::regtype::oid) AND p.proconfig @> '{"search_path=pg_catalog, radioshop, pg_temp"}')
  AND NOT (p.proname = 'find_words' AND p.proargtypes::text = 'text[]'::regtype::oid::text AND p.proconfig @> '{"search_path=pg_catalog, radioshop, pg_temp"}')$$,
  'no function runs as its owner, but the one that ANALYZEs and says nothing, and the two that search, which tests/sql/ticket_search.sql and asset_search.sql keep within the caller''s agencies');

-- The daemon's role
SELECT is((SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = 'radioshop_app'), false, 'radioshop_app has no power of its own');
SELECT is_empty($$SELECT 1 FROM pg_auth_members m WHERE m.member = 'radioshop_app'::regrole$$, 'and is a member of no other role');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relowner = 'radioshop_app'::regrole UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'radioshop_app'::regrole$$, 'it owns nothing');
SELECT ok(NOT has_schema_privilege('radioshop_app', 'radioshop', 'CREATE') AND NOT has_schema_privilege('radioshop_app', 'public', 'CREATE')
  AND NOT has_database_privilege('radioshop_app', current_database(), 'CREATE'), 'it can create nothing');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind IN ('r', 'p')
  AND has_table_privilege('radioshop_app', c.oid, 'TRUNCATE, REFERENCES, TRIGGER')$$, 'it can truncate nothing and hang no trigger on anything');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'radioshop'::regnamespace AND has_table_privilege('radioshop_app', c.oid, 'DELETE')
  AND c.relname IN ('agency', 'principal', 'request', 'event', 'model', 'asset', 'ticket', 'service_record', 'loan', 'schema_version')$$, 'records of what was done cannot be deleted');
SELECT ok(NOT has_table_privilege('radioshop_app', 'radioshop.event', 'UPDATE') AND NOT has_any_column_privilege('radioshop_app', 'radioshop.event', 'UPDATE'), 'events cannot be changed');
SELECT is_empty($$SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'agency_id'
  WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind = 'r' AND has_column_privilege('radioshop_app', c.oid, a.attnum, 'UPDATE')$$, 'no row can be moved to another agency');
SELECT is_empty($$SELECT nspname FROM pg_namespace WHERE nspname = 'radioshop' AND has_schema_privilege('public', oid, 'USAGE')$$, 'PUBLIC cannot even look');

-- Two agencies, row by row
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'fleet_manager', 901 FROM radioshop.principal p WHERE p.name = 'mona';
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'X1', 'portable'), (902, 'X2', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(a.tag) FROM radioshop.asset a), '{X1}', 'a caller sees its agency''s assets');
SELECT throws_ok($$INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (902, 'X3', 'portable')$$, '42501', NULL, 'and cannot add one to another agency');
PREPARE changed AS UPDATE radioshop.asset SET notes = 'mine' WHERE tag = 'X2' RETURNING tag;
SELECT is_empty('changed', 'nor change one there');
SELECT throws_ok($$INSERT INTO radioshop.event (agency_id, principal, resource, resource_id, action, method, call) VALUES (902, 'mona', 'asset', 'x', 'insert', '', '')$$, '42501', NULL, 'nor write an event there');
SELECT throws_ok($$INSERT INTO radioshop.event (agency_id, principal, resource, resource_id, action, method, call) VALUES (901, 'root', 'asset', 'x', 'insert', '', '')$$, '42501', NULL, 'nor one in another''s name');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.agency_id <> 901), 0::bigint, 'nor read events of another agency or of the shop');

SELECT * FROM finish();
ROLLBACK;
