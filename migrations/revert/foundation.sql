-- Revert radioshop:foundation from pg

BEGIN;

-- CASCADE is not said: anything that a later change has left behind stops the revert.
DROP FUNCTION radioshop.bootstrap_admin(text, text);
DROP FUNCTION radioshop.change_grant(boolean, text, text, text);
DROP FUNCTION radioshop.shown_principal(uuid);
DROP FUNCTION radioshop.refuse_last_admin(uuid);
DROP FUNCTION radioshop.keep_reply(bytea);
DROP FUNCTION radioshop.enter(text, text[], text, text, int, int, uuid, bytea);
DROP TABLE radioshop.event, radioshop.request, radioshop.principal_grant, radioshop.principal, radioshop.agency,
  radioshop.schema_version;
DROP FUNCTION radioshop.record_event();
DROP FUNCTION radioshop.only_append();
DROP FUNCTION radioshop.touch();
DROP FUNCTION radioshop.is_time_zone(text);
DROP FUNCTION radioshop.is_text(text, int);
DROP FUNCTION radioshop.is_line(text, int);
DROP FUNCTION radioshop.refuse_update(text[], text[], bigint, bigint, text);
DROP FUNCTION radioshop.refuse(text, text, text);
DROP FUNCTION radioshop.caller();
DROP FUNCTION radioshop.is_shop();
DROP FUNCTION radioshop.agencies();
DROP FUNCTION radioshop.uuid_v7();
ALTER DEFAULT PRIVILEGES IN SCHEMA radioshop REVOKE EXECUTE ON FUNCTIONS FROM radioshop_app;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DROP SCHEMA radioshop;

COMMIT;
